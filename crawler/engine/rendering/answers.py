"""What was recorded of a page's exchanges, to answer the page with when it is replayed: nothing else exists then.

A page asks again for what it asked for when it was captured, except that scripts put times and random numbers into
addresses. So an address is looked for as it stands, then without its query's volatile values, and what is not found
is refused and noted. The order in which one address was answered is kept: the second time gets the second answer.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from crawler.engine.rendering.page_drafts import ORIGINAL
from crawler.errors import FormatError
from crawler.evidence import http
from crawler.evidence.warc import Record

_VOLATILE = re.compile(
    r"_|t|ts|time|timestamp|r|rnd|rand|random|nonce|callback|cb|jsonp|v|_t|_r|\d+", re.IGNORECASE
)
_NOT_REPLAYED = (
    "connection",
    "keep-alive",
    "set-cookie",
    "content-length",
    "transfer-encoding",
    "content-encoding",
)


@dataclass(frozen=True, slots=True)
class Answer:
    """One recorded answer, ready to be given again."""

    status: int
    fields: tuple[tuple[str, str], ...]
    body: bytes


class Answers:
    """Recorded answers by method and address; `refused` lists what was asked for and not found."""

    def __init__(self, records: Iterable[tuple[str, Record]]) -> None:
        """`records`: method and response record of each exchange, in the order in which they began."""
        self._exact: dict[tuple[str, str], list[Answer]] = defaultdict(list)
        self._loose: dict[tuple[str, str], list[Answer]] = defaultdict(list)
        self._given: Counter[tuple[str, str]] = Counter()
        self.refused: list[str] = []
        for method, record in records:
            answer = _answer(record)
            url = record.target_uri or ""
            self._exact[method, _bare(url)].append(answer)
            self._loose[method, loose(url)].append(answer)

    def to(self, method: str, url: str) -> Answer | None:
        """The recorded answer to a request; None, and noted, where there is none."""
        for kept, key in ((self._exact, (method, _bare(url))), (self._loose, (method, loose(url)))):
            if found := kept.get(key):
                turn = min(self._given[key], len(found) - 1)
                self._given[key] += 1
                return found[turn]
        self.refused.append(url[:500])
        return None


def loose(url: str) -> str:
    """An address without the parts that scripts make anew each time: values of volatile names, long digits."""
    parts = urlsplit(url)
    kept = [
        f"{name}={re.sub('[0-9]{10,}', '', value)}"
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
        if not _VOLATILE.fullmatch(name)
    ]
    return f"{parts.scheme}://{parts.netloc}{parts.path}?{'&'.join(sorted(kept))}"


def _bare(url: str) -> str:
    return url.partition("#")[0]


def _answer(record: Record) -> Answer:
    head = http.parse_head(record.block)
    fields = tuple(
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, value in head.fields
        if name.decode("latin-1").lower() not in _NOT_REPLAYED and not name.startswith(ORIGINAL)
    )
    if not 200 <= head.status < 600:
        raise FormatError(f"{record.id}: an answer of status {head.status} cannot be given again")
    return Answer(head.status, fields, http.payload(record.block))
