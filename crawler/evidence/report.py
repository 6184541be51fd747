"""What a verification found: one ordered list of checks, each passed, failed or *not checked*.

Three outcomes and never two (evidence-formats §11.9): a missing timestamp must not look like a valid one.

JSON form (`Report.to_json`), stable; a later version only adds fields:

    {"format": "web-evidence-report/1", "kind": "archive" | "bundle", "subject": PATH,
     "result": "passed" | "failed" | "not-checked", "exit_code": 0 | 1 | 3,
     "checks": [{"name": …, "status": "passed" | "failed" | "not-checked",
                 "detail": …, "problems": […], "remedy": …, "detail_zh": …, "remedy_zh": …}, …]}

`problems` names file and record of every fault, up to `MOST_NAMED` of them; `detail` always says how many.
Detail and remedy are there in English and in Chinese; `problems` are for whoever repairs, in English only.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, NamedTuple

Status = Literal["passed", "failed", "not-checked"]
Progress = Callable[[int, int], None]  # (bytes done, bytes in all)

PASSED, FAILED, NOT_CHECKED = 0, 1, 3  # exit codes; 2 is wrong usage
STATES_ZH = {"complete": "完整", "partial": "不完整", "blocked": "被拒绝访问", "failed": "未取得"}
MOST_NAMED = 50  # faults listed per check: enough to act on, and a bound on what a hostile input can print

_EXIT: dict[Status, int] = {"passed": PASSED, "failed": FAILED, "not-checked": NOT_CHECKED}
_MARK: dict[Status, str] = {"passed": "通过", "failed": "未通过", "not-checked": "未核验"}
_VERDICT: dict[Status, str] = {
    "passed": "全部通过 / all checks passed",
    "failed": "核验未通过 / verification FAILED",
    "not-checked": "未全部核验 / nothing failed, but not everything could be checked",
}
_TITLES = {
    "layout": "目录结构 / layout",
    "state": "状态清单 / state digests",
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
    "consistency": "检查点前后一致 / consistency of checkpoints",
    "bundle-signature": "证据包签名 / signature over the bundle",
    "organisation-signature": "机构证书签名 / signature by an organisation's certificate",
    "wacz-signature": "WACZ 签名 / WACZ signature",
    "opentimestamps": "OpenTimestamps",
    "bag": "BagIt 清单 / bag",
    "wacz": "WACZ 文件 / WACZ package",
    "index": "WACZ 索引 / WACZ index",
    "inclusion": "包含证明 / inclusion proofs",
    "hash-list": "哈希清单 / hash list",
    "documents": "证据目录与核验说明 / documents",
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


class KeyFacts(NamedTuple):
    """A public key that was used. `role`: log, witness, organisation or wacz; `fingerprint` is SHA-256 of its SPKI."""

    role: str
    name: str
    key_id: str  # 8 hex digits of a C2SP key ID; empty where there is none
    fingerprint: str  # sha256:<hex> of the DER SubjectPublicKeyInfo; of a certificate: of its DER
    remark: str = ""  # e.g. "entries 0 to 1234", "replaces a lost key"


class TokenFacts(NamedTuple):
    """One verified timestamp token: when, by whom, under which policy (OID), and which tools said yes."""

    authority: str
    time: str  # genTime: UTC, RFC 3339
    policy: str
    serial: str  # decimal
    verified_by: tuple[str, ...]


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
        }
        return json.dumps(content, ensure_ascii=False, indent=2)

    def to_text(self) -> str:
        """The report for people: one line per check, its faults and remedy indented below it."""
        lines = [f"核验 / verify: {self.subject}"]
        for check in self.checks:
            lines.append(f"[{_MARK[check.status]}] {check.title}: {Words(check.detail_zh, check.detail)}")
            lines += [f"    - {problem}" for problem in check.problems]
            if check.remedy:
                lines.append(f"    → {Words(check.remedy_zh, check.remedy)}")
        lines.append(_VERDICT[self.status])
        return "\n".join(lines) + "\n"


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


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else "�" for character in text)[:500]
