"""What a verification found: one ordered list of checks, each passed, failed or *not checked*.

Three outcomes and never two (evidence-formats §11.9): a missing timestamp must not look like a valid one.

JSON form (`Report.to_json`), stable; a later version only adds fields. docs/verify-report.schema.json is its schema.

    {"format": "web-evidence-report/1", "kind": "archive" | "bundle" | "receipt" | "wacz", "subject": PATH,
     "at": RFC 3339 | null,
     "result": "passed" | "failed" | "not-checked", "exit_code": 0 | 1 | 3,
     "checks": [{"name": …, "status": "passed" | "failed" | "not-checked",
                 "detail": …, "problems": […], "remedy": …, "detail_zh": …, "remedy_zh": …}, …],
     "keys": [{"role": …, "name": …, "key_id": …, "fingerprint": "sha256:…", "remark": …, "remark_zh": …}, …],
     "times": [{"capture": ID, "entry": INDEX, "url": …, "state": …,
                "not_before": BOUND | null, "not_after": BOUND | null}, …]}

    BOUND = {"time": UTC, "checkpoint": SIZE,
             "tokens": [{"authority": …, "time": UTC, "policy": OID, "serial": decimal, "verified_by": […],
                         "subject": TEXT}, …]}

kind         what the subject is
at           the date at which tokens had to hold, when one was given (`--at`); null: judged now
checks       in their fixed order. `problems` names file and record of every fault, up to `MOST_NAMED` of them;
             `detail` always says how many. Detail and remedy are there in English and in Chinese; `problems` are
             for whoever repairs, in English only
keys         every public key that was used, in the order of the checks: see `KeyFacts`
times        between which trusted times each capture lies, in log order; of an archive only on demand
             (`--times`). *Not before* rests on a token that the capture names, *not after* on one over a checkpoint
             that covers it. `verified_by` tells which tools said yes to the token
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, NamedTuple

from crawler import clock
from crawler.evidence.wrapping import columns, wrapped

Status = Literal["passed", "failed", "not-checked"]
Progress = Callable[[int, int], None]  # (bytes done, bytes in all)

PASSED, FAILED, NOT_CHECKED = 0, 1, 3  # exit codes; 2 is wrong usage
STATES_ZH = {"complete": "完整", "partial": "不完整", "blocked": "被拒绝访问", "failed": "未取得"}
MOST_NAMED = 50  # faults listed per check: enough to act on, and a bound on what a hostile input can print

Lang = Literal["zh", "en", "both"]

_EXIT: dict[Status, int] = {"passed": PASSED, "failed": FAILED, "not-checked": NOT_CHECKED}
_MARK: dict[Status, str] = {"passed": "通过", "failed": "未通过", "not-checked": "未核验"}
_MARK_EN: dict[Status, str] = {"passed": "passed", "failed": "FAILED", "not-checked": "not checked"}
_TITLES = {
    "layout": "目录结构 / layout",
    "state": "状态清单 / state digests",
    "settings": "设置 / settings",
    "quarantine": "隔离区 / quarantine",
    "log": "日志 / log",
    "signature": "检查点签名 / checkpoint signatures",
    "sealed": "封存状态 / sealed",
    "manifests": "采集清单 / manifests",
    "coverage": "WARC 完整覆盖 / every WARC byte is logged",
    "records": "WARC 记录 / WARC records",
    "timestamps": "可信时间戳 / timestamp tokens",
    "bracket": "时间区间 / time bracket",
    "key": "日志密钥 / log key",
    "keys": "密钥沿革 / key history",
    "validity": "时间戳有效期 / validity of the tokens",
    "witnesses": "见证签名 / witnesses",
    "retention": "留存期限 / retention",
    "imports": "导入的文件 / imported files",
    "consistency": "检查点前后一致 / consistency of checkpoints",
    "bundle-signature": "证据包签名 / signature over the bundle",
    "organisation-signature": "机构证书签名 / signature by an organisation's certificate",
    "wacz-signature": "WACZ 签名 / WACZ signature",
    "opentimestamps": "OpenTimestamps",
    "bag": "BagIt 清单 / bag",
    "files": "文件清单 / list of files",
    "wacz": "WACZ 文件 / WACZ package",
    "index": "WACZ 索引 / WACZ index",
    "inclusion": "包含证明 / inclusion proofs",
    "supplement": "补充的证据包 / bundle that is supplemented",
    "opened": "启封的原件 / sealed originals",
    "hash-list": "哈希清单 / hash list",
    "documents": "证据目录与核验说明 / documents",
    "members": "ZIP 成员 / members of the zip file",
    "datapackage": "资源清单 / datapackage.json",
    "resources": "资源摘要 / digests of the resources",
    "binding": "清单与签名的绑定 / listing bound by its digest",
    "pages": "页面列表 / list of pages",
    "anchor": "独立信任依据 / independent anchor",
    "database": "数据库 / database",
}


class Words(NamedTuple):
    """One sentence in both languages. The Chinese may be shorter: digests and names stand in the English."""

    zh: str
    en: str

    def __str__(self) -> str:
        return f"{self.zh} / {self.en}" if self.zh and self.en else self.zh or self.en


NO_WORDS = Words("", "")

_VERDICT: dict[Status, Words] = {
    "passed": Words("全部通过", "all checks passed"),
    "failed": Words("核验未通过", "verification FAILED"),
    "not-checked": Words("未发现问题，但有项目未核验", "nothing failed, but not everything could be checked"),
}
WIDTH = 100  # columns of a line for people; a word that is longer stays whole
_INDENT = " " * 7  # of what continues a check
_HEADING = Words("核验", "verify")
_JUDGED_AT = Words("时间戳有效期按此时点判断", "tokens judged at")
_KEYS = Words("所用公钥", "public keys used")
_TIMES = Words("各次采集的可信时间区间", "trusted times of each capture")
_NOT_BEFORE = Words("不早于", "not before")
_NOT_AFTER = Words("不晚于", "not after")
_NO_BOUND = Words("无可信时间", "no trusted time")
_ROLES = {
    "log": Words("日志密钥", "log key"),
    "witness": Words("见证方密钥", "witness key"),
    "organisation": Words("机构证书", "organisation's certificate"),
    "wacz": Words("WACZ 签名密钥", "key of the WACZ signature"),
}


class KeyFacts(NamedTuple):
    """A public key that was used. `role`: log, witness, organisation or wacz."""

    role: str
    name: str
    key_id: str  # 8 hex digits of a C2SP key ID; empty where there is none
    fingerprint: str  # sha256:<hex> of the DER SubjectPublicKeyInfo; of a certificate: of its DER
    remark: str = ""  # e.g. "entries 0 to 1234", "replaces a lost key"
    remark_zh: str = ""


class TokenFacts(NamedTuple):
    """One verified timestamp token: when, by whom, under which policy (OID), and which tools said yes."""

    authority: str
    time: str  # genTime: UTC, RFC 3339
    policy: str
    serial: str  # decimal
    verified_by: tuple[str, ...]
    subject: str = ""  # of the certificate that signed: `authority` is only what the file is called


class BoundFacts(NamedTuple):
    """One side of a time bracket: the trusted time, and the tokens over that checkpoint that give it."""

    time: str
    checkpoint: int  # its size
    tokens: tuple[TokenFacts, ...]


class CaptureTime(NamedTuple):
    """Between which trusted times a capture lies; None where there is no bound."""

    capture: str
    entry: int  # index of its leaf
    url: str
    state: str
    not_before: BoundFacts | None
    not_after: BoundFacts | None


@dataclass(frozen=True, slots=True)
class Check:
    """One check. `detail` sums up in a sentence, `problems` name each fault, `remedy` says what to do."""

    name: str
    status: Status
    detail: str
    remedy: str = ""
    problems: tuple[str, ...] = ()
    detail_zh: str = ""
    remedy_zh: str = ""

    @property
    def title(self) -> str:
        """The name for people, Chinese and English."""
        return _TITLES.get(self.name, self.name)


@dataclass(slots=True)
class Faults:
    """Collects the faults of one check; remembers the first `MOST_NAMED` and counts the rest."""

    name: str
    count: int = 0
    named: list[str] = field(default_factory=list)

    def add(self, problem: str) -> None:
        """Note one fault. The text is made printable: it may hold bytes of a hostile file."""
        self.count += 1
        if len(self.named) < MOST_NAMED:
            self.named.append(_printable(problem))

    def merge(self, other: "Faults") -> None:
        """Take over the faults that another process found, behind our own."""
        self.count += other.count
        self.named += other.named[: MOST_NAMED - len(self.named)]

    def check(self, good: Words = NO_WORDS, remedy: Words = NO_WORDS) -> Check:
        """Passed with the sentence `good` when nothing was noted, else failed with the faults."""
        if not self.count:
            return _check(self.name, "passed", good)
        left = self.count - len(self.named)
        more = Words(f"（另有 {left} 处未列出）", f" ({left} more not listed)") if left else NO_WORDS
        detail = Words(f"{self.count} 处问题{more.zh}", f"{self.count} fault(s){more.en}")
        return _check(self.name, "failed", detail, remedy, tuple(self.named))


@dataclass(frozen=True, slots=True)
class Report:
    """The checks of one archive or bundle, in their fixed order."""

    subject: str
    checks: tuple[Check, ...]
    kind: str = "archive"
    keys: tuple[KeyFacts, ...] = ()
    times: tuple[CaptureTime, ...] = ()  # in log order; an archive has them only on demand
    at: str | None = None  # the date at which validity was judged, when one was given

    @property
    def status(self) -> Status:
        """``failed`` if any check failed, else ``not-checked`` if any was not made, else ``passed``."""
        statuses = {check.status for check in self.checks}
        if not self.checks or "failed" in statuses:
            return "failed"
        return "not-checked" if "not-checked" in statuses else "passed"

    @property
    def exit_code(self) -> int:
        """0 all passed, 1 something failed, 3 nothing failed but something was not checked."""
        return _EXIT[self.status]

    def check(self, name: str) -> Check:
        """The check of that name. Raises KeyError."""
        for check in self.checks:
            if check.name == name:
                return check
        raise KeyError(name)

    def to_json(self) -> str:
        """The report for machines; see the module's docstring for its form."""
        content: dict[str, Any] = {
            "format": "web-evidence-report/1",
            "kind": self.kind,
            "subject": self.subject,
            "result": self.status,
            "exit_code": self.exit_code,
            "checks": [asdict(check) for check in self.checks],
            "at": self.at,
            "keys": [key._asdict() for key in self.keys],
            "times": [_time_to_json(time) for time in self.times],
        }
        return json.dumps(content, ensure_ascii=False, indent=2)

    def to_text(self, lang: Lang = "both") -> str:
        """The report for people, in Chinese, English, or both: each check with its faults and remedy below it.

        Behind the checks stand the keys with their fingerprints and, where there are any, the captures' times;
        at the end the verdict, and which checks did not pass. Lines are broken at `WIDTH`, but not those of
        `problems`: they name files, records and digests, and are in English in each language.
        """
        lines = [f"{_say(_HEADING, lang)}: {self.subject}"]
        if self.at is not None:
            lines.append(f"{_say(_JUDGED_AT, lang)}: {_when(self.at, lang)}")
        for check in self.checks:
            lines += _check_lines(check, lang)
        if self.keys:
            lines.append(f"{_say(_KEYS, lang)}:")
            lines += [line for key in self.keys for line in _key_lines(key, lang)]
        if self.times:
            lines.append(f"{_say(_TIMES, lang)}:")
            lines += [line for time in self.times for line in _time_lines(time, lang)]
        lines.append(_say(_VERDICT[self.status], lang))
        lines += self._left(lang)
        return "\n".join(lines) + "\n"

    def _left(self, lang: Lang) -> list[str]:
        """The checks that failed and those that were not made, by name, so that nobody has to look for them."""
        lines: list[str] = []
        for status in ("failed", "not-checked"):
            named = [Words(*_title(check.name)) for check in self.checks if check.status == status]
            if named:
                mark = _say(Words(_MARK[status], _MARK_EN[status]), lang)
                titles = ("、" if lang == "zh" else ", ").join(_say(one, lang) for one in named)
                count = f"{len(named)} 项" if lang == "zh" else f"{len(named)}"
                lines += wrapped(f"    {mark} {count}: {titles}", WIDTH, _INDENT)
        return lines


def passed(name: str, detail: Words) -> Check:
    """A check that passed."""
    return _check(name, "passed", detail)


def not_checked(name: str, detail: Words, remedy: Words = NO_WORDS) -> Check:
    """A check that could not be made, and why."""
    return _check(name, "not-checked", detail, remedy)


def failed(name: str, problem: str, remedy: Words = NO_WORDS) -> Check:
    """A check with one fault."""
    faults = Faults(name)
    faults.add(problem)
    return faults.check(remedy=remedy)


def _check(
    name: str, status: Status, detail: Words, remedy: Words = NO_WORDS, problems: tuple[str, ...] = ()
) -> Check:
    return Check(name, status, detail.en, remedy.en, problems, detail.zh, remedy.zh)


def _printable(text: str, most: int = 500) -> str:
    return "".join(character if character.isprintable() else "�" for character in text)[:most]


def _say(words: Words, lang: Lang) -> str:
    """In one language or both; in the other where one is missing."""
    if lang == "both":
        return str(words)
    return (words.zh or words.en) if lang == "zh" else (words.en or words.zh)


def _mark(status: Status, lang: Lang) -> str:
    return _MARK_EN[status] if lang == "en" else _MARK[status]


def _title(name: str) -> tuple[str, str]:
    chinese, _, english = _TITLES.get(name, name).partition(" / ")
    return chinese, english or chinese


def _check_lines(check: Check, lang: Lang) -> list[str]:
    """Mark, title and detail, then faults and remedy. Where one line is too long, each language has its own."""
    title = _say(Words(*_title(check.name)), lang)
    head = f"[{_mark(check.status, lang)}] {title}:"
    lines = _both(head, Words(check.detail_zh, check.detail), lang, _INDENT)
    lines += [f"    - {problem}" for problem in check.problems]
    if check.remedy:
        lines += _both("    →", Words(check.remedy_zh, check.remedy), lang, _INDENT)
    return lines


def _both(head: str, words: Words, lang: Lang, indent: str) -> list[str]:
    """Head and words on one line if they fit; else wrapped, in both languages the one below the other."""
    if lang != "both" or not (words.zh and words.en):
        return wrapped(f"{head} {_say(words, lang)}", WIDTH, indent)
    if columns(f"{head} {words}") <= WIDTH:
        return [f"{head} {words}"]
    return [*wrapped(f"{head} {words.zh}", WIDTH, indent), *wrapped(indent + words.en, WIDTH, indent)]


def _key_lines(key: KeyFacts, lang: Lang) -> list[str]:
    """A key: whose it is, its fingerprint, and since when or for what."""
    role = _say(_ROLES.get(key.role, Words(key.role, key.role)), lang)
    head = _printable(f"{role} {key.name} {key.key_id}".rstrip())
    remark = Words(_printable(key.remark_zh), _printable(key.remark))
    lines = [f"    {head}", f"{_INDENT}{_printable(key.fingerprint)}"]
    return lines + (_both(_INDENT[:-1], remark, lang, _INDENT) if key.remark else [])


def _time_lines(time: CaptureTime, lang: Lang) -> list[str]:
    """One capture: not before a time by these tokens, not after another by those, each with its policy."""
    state = STATES_ZH.get(time.state, time.state) if lang == "zh" else time.state
    entry = _say(Words("序号", "entry"), lang)
    return [
        _printable(f"    {entry} {time.entry}  {time.capture}  [{state}]  {time.url[:200]}"),
        *_bound_lines(_NOT_BEFORE, time.not_before, lang),
        *_bound_lines(_NOT_AFTER, time.not_after, lang),
    ]


def _bound_lines(side: Words, bound: BoundFacts | None, lang: Lang) -> list[str]:
    if bound is None:
        return [f"{_INDENT}{_say(side, lang)} {_say(_NO_BOUND, lang)}"]
    comma, policy = ("，", "策略") if lang == "zh" else ("; ", "policy")
    tokens = comma.join(f"{token.authority} {policy} {token.policy}" for token in bound.tokens[:8])
    point = _say(Words(f"检查点 {bound.checkpoint}", f"checkpoint {bound.checkpoint}"), lang)
    by = f"（{point}：{tokens}）" if lang == "zh" else f" ({point}: {tokens})"
    line = _printable(f"{_INDENT}{_say(side, lang)} {_when(bound.time, lang)}{by}", 2000)
    return wrapped(line, WIDTH, _INDENT + "  ")


def _when(time: str, lang: Lang) -> str:
    """A time for people: UTC in English, else 北京时间."""
    return clock.stamp(clock.parse(time)) if lang == "en" else clock.beijing(time)


def _time_to_json(time: CaptureTime) -> dict[str, Any]:
    return {
        **time._asdict(),
        "not_before": _bound_to_json(time.not_before),
        "not_after": _bound_to_json(time.not_after),
    }


def _bound_to_json(bound: BoundFacts | None) -> dict[str, Any] | None:
    if bound is None:
        return None
    return {**bound._asdict(), "tokens": [token._asdict() for token in bound.tokens]}
