"""A finding (疑似线索): what was seen, where, why it matters, which innocent explanations were tested, how strong.

A finding never accuses: it says 疑似 and 线索, and a person decides (`evidence findings confirm|reject`). Its id is
derived from its whole content, so that the same archive gives the same findings with the same ids. A finding that
grows with new captures is another finding with the same `key`; the older one stays beside it.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

import rfc8785

from crawler.errors import EvidenceError

Json = dict[str, Any]
Grade = Literal["strong", "medium", "weak"]
Link = Literal["recruit", "consume", "review", "rebate"]  # law.toml meta.links: 招募—消费—评价—返款
GRADES: dict[Grade, str] = {"strong": "强线索", "medium": "中线索", "weak": "弱线索"}
LINKS: dict[Link, str] = {"recruit": "招募", "consume": "消费", "review": "评价", "rebate": "返款"}
# Words that would pass judgement (law.md §7): a finding with one of them outside its quotes is a fault of ours.
VERDICTS = (
    "认定",
    "属于虚假",
    "系虚假",
    "就是刷单",
    "违法分子",
    "犯罪分子",
    "骗子",
    "必然",
    "确系",
    "证实其",
)


class FindingError(EvidenceError):
    """A detector made a finding that may not be shown; a fault in the detector, never in the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """Words of one capture, exactly as they stand in a field of an item.

    `text` is `field_text[start:end]`: offsets count characters of the field as stored. `place` is the field's place
    on the page (crawler/quoted.py), from which `evidence where` finds the rectangle in the picture.
    """

    capture: str
    kind: str  # listing, review, post
    site: str
    identifier: str
    field: str  # review_body, article_body, name …
    start: int
    end: int
    text: str
    label: str  # what the words show, Chinese: "返还条件"
    restored: str | None = None  # plain form of an evasive spelling: "薇信→微信（形近或同音）"
    place: str | None = None
    captured_at: str  # UTC
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One counted or read fact in Chinese, with the captures that show it."""

    text: str  # "7日内23条评价含相同的28字"
    captures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Innocent:
    """One innocent explanation that was tested: what it would be, and what was found. Chinese."""

    explanation: str  # "大促期间集中评价"
    result: str  # "窗口不含平台大促日；同平台其他商品当日未增加"
    remains: bool  # True: it could not be ruled out


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of the explanation. All rows have as many cells as `columns`."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """What a plot shows; `crawler.export` draws it (SVG). `x` are dates (ISO) or numbers as text, in order.

    `bars`: observed values; `band`: expected (low, high) for each x; `marks`: x → short Chinese label;
    `lines`: further named series, None = no value there.
    """

    title: str
    x: tuple[str, ...]
    bars: tuple[float, ...] = ()
    band: tuple[tuple[float, float], ...] = ()
    lines: Mapping[str, tuple[float | None, ...]] = field(default_factory=dict)
    marks: Mapping[str, str] = field(default_factory=dict)
    x_label: str = ""
    y_label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One 疑似线索. Everything that people read is Chinese; times are UTC, RFC 3339; ids are stable.

    `key` names what it is about, the same from run to run ("qiaowei.example/620001/<digest of the run of text>").
    `subjects` (see `crawler.detect.kit.subject`) join findings into storylines. `conduct` is an id of law.toml's
    `[[conduct]]`. Raises FindingError where it has neither a quote nor a fact with captures, or passes judgement.
    """

    detector: str
    version: int
    key: str
    grade: Grade
    link: Link
    conduct: str
    claim: str  # one plain sentence: 疑似…
    why: str  # why it matters: the link in the chain, in words
    quotes: tuple[Quote, ...] = ()
    facts: tuple[Fact, ...] = ()
    innocent: tuple[Innocent, ...] = ()
    limits: tuple[str, ...] = ()  # what this finding cannot say
    chance: str | None = None  # expected count or p under a stated assumption
    tables: tuple[Table, ...] = ()
    plots: tuple[Plot, ...] = ()
    subjects: tuple[str, ...] = ()
    conduct_from: str | None = None  # UTC: first act that it is about; chooses the law's version
    conduct_until: str | None = None

    def __post_init__(self) -> None:
        if not self.captures:
            raise FindingError(f"{self.detector}: {self.key!r} names no capture; a finding must show where")
        if not self.innocent:
            raise FindingError(f"{self.detector}: {self.key!r} tested no innocent explanation")
        judged = [word for text in self._own_words() for word in VERDICTS if word in text]
        if judged:
            raise FindingError(f"{self.detector}: {self.key!r} passes judgement: {', '.join(judged)}")

    @property
    def captures(self) -> tuple[str, ...]:
        """Every capture it rests on, each once, in order of mention."""
        named = [quote.capture for quote in self.quotes]
        named += [capture for fact in self.facts for capture in fact.captures]
        return tuple(dict.fromkeys(named))

    def _own_words(self) -> list[str]:
        told = [f"{each.explanation}{each.result}" for each in self.innocent]
        return [self.claim, self.why, *(fact.text for fact in self.facts), *told, *self.limits]

    def to_json(self) -> Json:
        """As JSON; `from_json` gives it back."""
        return asdict(self)

    @property
    def content(self) -> bytes:
        """Canonical JSON (RFC 8785) of the whole finding."""
        return rfc8785.dumps(_plain(self.to_json()))

    @property
    def digest(self) -> str:
        """SHA-256 of `content`, hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def id(self) -> str:
        """`F` and twelve hexadecimal digits of the digest."""
        return "F" + self.digest[:12]

    @classmethod
    def from_json(cls, content: Json) -> "Finding":
        """The finding that `to_json` or `content` describes."""
        parts = {"quotes": Quote, "facts": Fact, "innocent": Innocent, "tables": Table, "plots": Plot}
        values = {name: _tuples(value) for name, value in content.items()}
        for name, part in parts.items():
            values[name] = tuple(_part(part, each) for each in content[name])
        return cls(**values)


def _part(part: type[Any], content: Json) -> Any:
    known = {each.name for each in fields(part)}
    return part(**{name: _tuples(value) for name, value in content.items() if name in known})


def _tuples(value: Any) -> Any:
    """Lists of JSON as the tuples of the dataclasses."""
    if isinstance(value, list):
        return tuple(_tuples(each) for each in value)
    if isinstance(value, dict):
        return {name: _tuples(each) for name, each in value.items()}
    return value


def _plain(value: Any) -> Any:
    """`asdict` keeps tuples; canonical JSON knows lists only."""
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(each) for each in value]
    return str(value) if isinstance(value, str) else value
