"""The chain of custody: who did what and when, read from the log alone, never from the database.

For a case: its own acts, the runs and captures that its exhibits come from, the stamps over them, and the acts
that concern the whole archive (its making, keys, retention, verifications). Without a case: all acts.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, NamedTuple

from crawler import clock
from crawler.errors import EvidenceError, UsageError
from crawler.evidence.archive import Archive
from crawler.evidence.checks.stamps import Anchors, verify_stamp
from crawler.evidence.manifest import Capture, parse_leaf
from crawler.evidence.report import STATES_ZH

Json = dict[str, Any]
TEXT_LIMIT = 400  # characters of one step's text; `--json` has all of it

_EVENT = b'{"act":"'  # canonical JSON sorts its keys: every event begins so, no capture does
_CAPTURE_ID = re.compile(rb'"id":"([^"]{1,200})"')  # the first "id" in a capture's leaf is its own
_PAGE_ID = re.compile(rb'"page":"([^"]{1,200})"')  # canonical, and `"` within a text is escaped


class Act(NamedTuple):
    """An act in words, and which of its details are shown, each with its label."""

    words: str
    fields: tuple[tuple[str, str], ...] = ()


# Every act that the code can write. A test compares this table with the code.
ACTS = {
    "archive-created": Act("建立证据库", (("组织", "organisation"), ("公钥", "vkey"))),
    "warc-opened": Act("开始写入网页存档文件", (("文件", "record.locator.file"),)),
    "warc-closed": Act("网页存档文件写满", (("文件", "file"), ("字节", "length"), ("SHA-256", "sha256"))),
    "run-started": Act(
        "开始采集", (("批次", "run"), ("网站", "site"), ("软件", "software"), ("设置", "settings"))
    ),
    "assist-changed": Act("操作人更改固定方式", (("批次", "run"), ("每页自动固定", "every_page"))),
    "replay-checked": Act(
        "用记录重放网页，与采集时比对（千分比）",
        (("采集", "capture"), ("文字", "text"), ("画面", "pixels"), ("记录中没有的请求", "refused")),
    ),
    "run-resumed": Act(
        "继续采集", (("批次", "run"), ("网站", "site"), ("软件", "software"), ("设置", "settings"))
    ),
    "run-closed": Act("采集结束", (("批次", "run"), ("结果", "reason"), ("统计", "counts"))),
    "environment-checked": Act(
        "清洁性检查（采集前后本机的状态）",
        (
            ("批次", "run"),
            ("时点", "moment"),
            ("结果", "counts"),
            ("未通过", "failed"),
            ("前后变化", "changed"),
        ),
    ),
    "host-stopped": Act("网站要求停止，不再访问", (("批次", "run"), ("网站", "host"), ("原因", "reason"))),
    "recovered": Act(
        "恢复中断的写入，残片移入隔离区", (("文件", "file"), ("字节", "length"), ("存为", "kept"))
    ),
    "file-imported": Act(
        "导入他人或其他工具记录的文件",
        (
            ("原文件名", "name"),
            ("格式", "format"),
            ("字节", "bytes"),
            ("SHA-256", "sha256"),
            ("来源说明", "origin"),
            ("记录人", "by"),
            ("采集数", "pages"),
            ("未采用记录", "refused"),
        ),
    ),
    "import-refused": Act(
        "拒绝导入，文件移入隔离区",
        (("原文件名", "name"), ("SHA-256", "digest"), ("原因", "reason"), ("存为", "kept")),
    ),
    "captures-extracted": Act(
        "用现行解析程序重新读取已固定的网页",
        (
            ("网站及解析版本", "sites"),
            ("此日以后", "since"),
            ("读取网页", "read"),
            ("先前已读", "before"),
            ("读出", "items"),
            ("未能读懂", "unread"),
        ),
    ),
    "findings-detected": Act(
        "运行检测",
        (
            ("检测器", "detector"),
            ("版本", "version"),
            ("线索", "findings"),
            ("不再成立", "dropped"),
            ("读至日志条目", "read"),
        ),
    ),
    "finding-decided": Act(
        "对疑似线索作出决定",
        (
            ("线索", "finding"),
            ("决定", "verdict"),
            ("理由", "reason"),
            ("内容", "claim"),
            ("SHA-256", "digest"),
        ),
    ),
    "finding-exported": Act("导出疑似线索", (("线索", "finding"), ("形式", "form"), ("SHA-256", "sha256"))),
    "case-created": Act(
        "建立案件", (("案件", "case"), ("名称", "title"), ("案由", "cause"), ("提交人", "submitter"))
    ),
    "case-changed": Act("修改案件", (("案件", "case"), ("改为", "changes"))),
    "party-added": Act(
        "加入当事人或者相关方",
        (("编号", "party"), ("身份", "role"), ("名称", "name"), ("标识", "identifier"), ("采集", "captures")),
    ),
    "party-changed": Act("修改当事人或者相关方", (("编号", "party"), ("改为", "changes"))),
    "exhibit-added": Act(
        "加入证据",
        (
            ("编号", "number"),
            ("名称", "title"),
            ("证明目的", "purpose"),
            ("采集", "captures"),
            ("疑似线索", "findings"),
        ),
    ),
    "exhibit-changed": Act("修改证据", (("证据", "exhibit"), ("改为", "changes"))),
    "exhibit-removed": Act("移出证据", (("编号", "number"), ("证据", "exhibit"), ("理由", "reason"))),
    "exhibits-numbered": Act("重新编号", (("新编号", "numbers"),)),
    "ledger-noted": Act(
        "记入台账",
        (
            ("台账", "ledger"),
            ("编号", "line"),
            ("日期", "date"),
            ("事项", "kind"),
            ("内容", "text"),
            ("金额（元）", "amount"),
            ("工时", "hours"),
            ("采集", "captures"),
        ),
    ),
    "ledger-struck": Act("划去台账记录", (("编号", "line"), ("理由", "reason"))),
    "bundle-exported": Act(
        "导出证据包",
        (
            ("案件", "case"),
            ("版本", "grade"),
            ("标签清单 SHA-256", "tagmanifest"),
            ("SM3", "tagmanifest_sm3"),
            ("核验", "verified"),
            ("机构证书", "certificate"),
        ),
    ),
    "receipt-written": Act(
        "出具单页回执", (("采集", "capture"), ("清单 SHA-256", "sums"), ("SM3", "sums_sm3"))
    ),
    "picture-copied": Act(
        "取出截图或其他采集件",
        (
            ("采集", "capture"),
            ("件", "artefact"),
            ("形式", "form"),
            ("证据编号", "exhibit"),
            ("原件 SHA-256", "original"),
            ("SHA-256", "sha256"),
        ),
    ),
    "archive-verified": Act("核验证据库", (("结果", "result"), ("各项", "checks"), ("快速", "quick"))),
    "key-rotated": Act("更换日志密钥", (("旧公钥", "from"), ("新公钥", "to"))),
    "key-replaced": Act(
        "日志密钥遗失，启用新密钥", (("原因", "reason"), ("旧公钥", "from"), ("新公钥", "to"))
    ),
    "stamps-renewed": Act("时间戳续期", (("续期的时间戳", "tokens"),)),
    "settings-noted": Act("设置变更，记入各文件摘要", (("文件", "files"),)),
    "authority-added": Act("添加时间戳机构", (("名称", "name"), ("网址", "url"))),
    "witness-created": Act("开始为其他证据库见证", (("公钥", "vkey"),)),
    "witness-added": Act("添加见证方", (("名称", "name"), ("网址", "url"), ("公钥", "vkey"))),
    "log-trusted": Act("登记受见证的日志", (("公钥", "vkey"),)),
    "checkpoint-cosigned": Act(
        "为其他日志的检查点签名", (("日志", "origin"), ("条数", "size"), ("根", "root"))
    ),
    "fork-seen": Act("发现其他日志分叉，拒绝签名", (("日志", "origin"), ("条数", "size"), ("根", "root"))),
    "payloads-removed": Act(
        "按留存期限删除记录", (("天数", "days"), ("采集条目", "entries"), ("文件", "files"))
    ),
}


# A run in which a person browsed in their own browser says who they were there, and by what right.
ASSISTED = Act(
    "开始人工浏览采集",
    (
        ("批次", "run"),
        ("起始网址", "settings.url"),
        ("所用账户", "settings.account"),
        ("依据", "settings.authority"),
        ("每页自动固定", "settings.every_page"),
        ("浏览器", "settings.browser"),
        ("软件", "software"),
    ),
)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the chain. `entry` is the index of its leaf; None for a timestamp, which is no entry."""

    time: str  # UTC, RFC 3339
    entry: int | None
    act: str  # as in the log; "capture" and "timestamp" for what is no event
    by: str
    text: str
    details: Json = field(default_factory=dict)


class _Taken(NamedTuple):
    """A capture of the case, where its leaf is, and what belongs to it where it is a rendered page."""

    entry: int
    capture: Capture
    exchanges: int = 0
    originals: int = 0  # sealed ones


def custody(archive: Archive, case: str | None = None) -> list[Step]:
    """The chain, in time order. Raises UsageError for an unknown case, LogError for a changed log."""
    events = list(_events(archive))
    if case is None:
        return sorted(map(_act, events), key=_when)
    wanted = _captures_of(events, case)
    captures = _captures(archive, wanted)
    runs = {taken.capture.run for taken in captures}
    files = {record.locator.file for taken in captures for record in taken.capture.records}
    steps = [_act(event) for event in events if _concerns(event[1], case, wanted, runs, files)]
    operators = {
        content["details"].get("run"): content["by"] for _, content in events if "run" in _of(content)
    }
    steps += [_capture(taken, operators.get(taken.capture.run, "")) for taken in captures]
    steps += _timestamps(archive, captures)
    return sorted(steps, key=_when)


def _when(step: Step) -> tuple[str, int]:
    """By time, then entry. Authorities state whole seconds, so a token is as late as the end of its second."""
    if step.entry is not None:
        return step.time, step.entry
    return clock.stamp(clock.parse(step.time) + timedelta(seconds=1)) if step.time else "~", 0


def _events(archive: Archive) -> Iterator[tuple[int, Json]]:
    for index, leaf in enumerate(archive.log.leaves()):
        if leaf.startswith(_EVENT):
            yield index, parse_leaf(leaf)


def _of(content: Json) -> Json:
    details = content.get("details")
    return details if isinstance(details, dict) else {}


def _captures_of(events: Iterable[tuple[int, Json]], case: str) -> set[str]:
    known: set[str] = set()
    wanted: set[str] = set()
    for _, content in events:
        details = _of(content)
        if content["act"] == "case-created":
            known.add(str(details.get("case")))
        elif details.get("case") == case:
            for named in (details, details.get("changes", {})):
                wanted.update(named.get("captures", ()))
    if case not in known:
        raise UsageError(f"no case {case!r} in the log; known: {', '.join(sorted(known)) or 'none yet'}")
    return wanted


def _captures(archive: Archive, wanted: set[str]) -> list[_Taken]:
    """The captures of a case; of each rendered page the number of its exchanges, and its sealed originals."""
    found: dict[str, _Taken] = {}
    sealed: list[_Taken] = []
    exchanges, originals = Counter[str](), Counter[str]()
    for index, leaf in enumerate(archive.log.leaves()):
        if leaf.startswith(_EVENT) or not _named(leaf) & wanted:
            continue
        taken = _Taken(index, Capture.from_leaf(leaf))
        page = taken.capture.page or ""
        if taken.capture.id in wanted:
            found[taken.capture.id] = taken
        elif page in wanted and taken.capture.withheld:
            originals[page] += 1
            sealed.append(taken)
        elif page in wanted:
            exchanges[page] += 1
    named = {taken.capture.original for taken in found.values()}
    return [
        *(one._replace(exchanges=exchanges[name], originals=originals[name]) for name, one in found.items()),
        *(one for one in sealed if one.capture.id in named),
    ]


def _named(leaf: bytes) -> set[str]:
    """The capture's own id, and that of the page it belongs to, without parsing the leaf."""
    own = _CAPTURE_ID.search(leaf)
    found = [*_PAGE_ID.findall(leaf), *((own[1],) if own is not None else ())]
    return {name.decode("utf-8", "replace") for name in found}


def _concerns(content: Json, case: str, captures: set[str], runs: set[str], files: set[str]) -> bool:
    """Whether an act belongs to the chain of a case: what names another case, run, capture or file does not."""
    details = _of(content)
    file = details.get("file") or _value(details, "record.locator.file")
    named = ((details.get("case"), {case}), (details.get("run"), runs), (details.get("capture"), captures))
    about_a_file = content["act"] in ("warc-opened", "warc-closed")
    return all(value is None or value in allowed for value, allowed in named) and (
        not about_a_file or file in files
    )


def _act(event: tuple[int, Json]) -> Step:
    index, content = event
    details, act = _of(content), str(content["act"])
    known = ASSISTED if _is_assisted(act, details) else ACTS.get(act)
    if known is None:  # of a newer version: shown as it is
        text = f"{act}  {_shown(details)}"
    else:
        shown = [(label, _value(details, name)) for label, name in known.fields]
        text = known.words + "".join(
            f"  {label} {_shown(value)}" for label, value in shown if value is not None
        )
    return Step(str(content["time"]), index, act, str(content["by"]), _printable(text), details)


def _is_assisted(act: str, details: Json) -> bool:
    return act == "run-started" and details.get("site") == "assist"


def _capture(taken: _Taken, by: str) -> Step:
    """One capture; the other exchanges of a rendered page are summed up in it."""
    entry, capture, exchanges, originals = taken
    leaf = capture.response
    details: Json = {
        "capture": capture.id,
        "run": capture.run,
        "url": capture.url,
        "state": capture.state,
        "reason": capture.reason,
        "records": [{"locator": str(r.locator), "sha256": r.sha256, "sm3": r.sm3} for r in capture.records],
        "payload_digest": leaf.payload_digest if leaf is not None else None,
    }
    if capture.look is not None:
        details |= {"exchanges": exchanges, "originals": originals}
    if capture.withheld:
        details["withheld"] = True
    if capture.original is not None:
        details["original"] = capture.original
    first = capture.records[0].sha256 if capture.records else ""
    text = (
        f"{_kind(capture)}  {capture.url}  {STATES_ZH[capture.state]}{_within(taken)}  采集号 {capture.id}"
        f"  记录 SHA-256 {first}"
    )
    return Step(capture.started, entry, "capture", by, _printable(text), details)


def _kind(capture: Capture) -> str:
    if capture.withheld:
        return "封存原件（不随证据交出）"
    if capture.fidelity == "imported":
        return "导入记录"
    return "采集网页（浏览器打开）" if capture.look is not None else "采集网页"


def _within(taken: _Taken) -> str:
    """Why it is not whole, what a rendered page made, and which sealed original it has: in brackets."""
    capture = taken.capture
    parts = [capture.reason] if capture.reason else []
    if capture.look is not None and not capture.withheld:
        parts.append(f"含 {taken.exchanges} 项请求")
    if taken.originals:
        parts.append(f"另有封存原件 {taken.originals} 项")
    if capture.original is not None:
        parts.append(f"本页原件封存为采集号 {capture.original}")
    return f"（{'；'.join(parts)}）" if parts else ""


def _timestamps(archive: Archive, captures: Iterable[_Taken]) -> Iterator[Step]:
    """The tokens over the first stamped checkpoint that covers each capture, and over the one it commits to."""
    folder = archive.path / "log/stamps"
    stamped = {size: sorted(folder.glob(f"{size}/*.tsr")) for size in archive.log.checkpoint_sizes}
    sizes = sorted(size for size, tokens in stamped.items() if tokens)
    wanted = set()
    for entry, capture, *_ in captures:
        wanted |= {next((size for size in sizes if size > entry), 0)}
        wanted |= {capture.after.size} if capture.after is not None else set()
    anchors = Anchors(archive.path / "trust")
    for size in sorted(wanted & set(sizes)):
        for token in stamped[size]:
            yield _timestamp(archive, anchors, size, token.name.removesuffix(".tsr"))


def _timestamp(archive: Archive, anchors: Anchors, size: int, authority: str) -> Step:
    checkpoint, note = archive.log.checkpoint_at(size)
    what = f"时间戳  机构 {authority}  覆盖日志前 {size} 条"
    details: Json = {"checkpoint": size, "root": checkpoint.root.hex(), "authority": authority}
    try:
        stamp = verify_stamp(archive.path / "log/stamps", size, authority, note, anchors)
    except (EvidenceError, OSError) as error:
        text = _printable(f"{what}  未能核验：{error}")
        return Step("", None, "timestamp", authority, text, {**details, "problem": str(error)})
    return Step(clock.stamp(stamp.gen_time), None, "timestamp", authority, what, details)


def _value(details: Json, name: str) -> Any:
    """A detail by its name; dots lead into nested objects."""
    found: Any = details
    for part in name.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _shown(value: Any) -> str:
    """A detail for people: names and values in a row, inner ones in brackets, without empty ones."""
    if isinstance(value, dict):
        named = ((name, _shown(inner)) for name, inner in value.items())
        return "、".join(
            f"{name}={inner if '、' not in inner else f'（{inner}）'}" for name, inner in named if inner
        )
    if isinstance(value, list):
        return "；".join(filter(None, map(_shown, value)))
    if value is None or isinstance(value, bool):
        return "" if value is None else "是" if value else "否"
    return str(value)


def _printable(text: str) -> str:
    whole = "".join(character if character.isprintable() else "\ufffd" for character in text)
    return whole if len(whole) <= TEXT_LIMIT else f"{whole[:TEXT_LIMIT]}……"
