"""证据目录, as .docx for the lawyer to edit and file, and as .csv: what stands in its cells.

The columns are those of 证据规定 art. 19 and practice (law.md §6.1). Wording: 涉嫌, 初步证据; it is for the
court to find facts. Page numbers and signature are left to whoever prints and files it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from crawler import clock
from crawler.evidence.bundle import CATALOGUE_CSV, CATALOGUE_DOCX, SHEET_PAGE, WACZ
from crawler.evidence.manifest import Capture
from crawler.evidence.report import STATES_ZH
from crawler.export.catalogue_docx import Document, Row, write_document
from crawler.export.catalogue_layout import layout
from crawler.export.csv_text import csv_text
from crawler.export.model import Case, Exhibit, group_names, in_order
from crawler.export.selection import Selected, Selection
from crawler.export.wording import claimed_time, how_kept, lacking, made_of, obstacle

COLUMNS = (
    "序号", "证据名称", "证据来源", "证明对象/证明目的", "形成时间（北京时间 UTC+8）", "原件/载体", "页码", "备注",
)  # fmt: skip
_MOST_URLS = 8
_MOST_TIMES = 30  # of one exhibit: more fill a cell of several pages, which Word does not break
_MISSING = re.compile(r"missing: [^;]*(?:; )?")  # in a reason: names of artefacts, in English
# What stands between the times of one capture, and between captures.
IN_WORD, _IN_CSV = ("\n", "\n\n"), ("；", "\n")
NOTES = (
    "本目录由程序依据采集清单生成，所列材料为初步证据；所涉行为仅为涉嫌，是否成立由有权机关判断。",
    "“采集”为采集机器记录的时间。“不早于”“不晚于”由可信时间戳（RFC 3161）界定，不依赖采集机器的时钟："
    "采集清单写有此前一个时间戳的摘要，故该清单（即采集记录）写成于“不早于”的时间之后；"
    "载有该清单的日志在“不晚于”的时间加盖时间戳，故其此时已经存在。",
    "“日志序号”为采集清单在采集日志中的序号，从 0 起计。",
    f"电子数据原件为本证据包 {WACZ} 中逐字节保存的 WARC 记录；核验方法见 {SHEET_PAGE}。",
)


@dataclass(frozen=True, slots=True)
class _Taken:
    """A capture of an exhibit, and what the log says of it."""

    selected: Selected
    capture: Capture


def write_catalogue(
    bag: Path, case: Case, exhibits: Sequence[Exhibit], selection: Selection, collector: str
) -> None:
    """Write data/catalogue.docx and data/catalogue.csv. `collector` is who ran the capture."""
    captures = selection.captures()
    ordered, groups = in_order(exhibits), group_names()
    lines = []
    for exhibit in ordered:
        number, title, *rest = row(collector, exhibit, captures, *_IN_CSV).cells
        lines.append((number, f"【{exhibit.group} {groups[exhibit.group]}】{title}", *rest))
    (bag / CATALOGUE_CSV).write_bytes(csv_text([COLUMNS, *lines]))
    shown = layout(case.catalogue)
    rows = [row(collector, exhibit, captures, *IN_WORD) for exhibit in ordered]
    kept = [Row(one.group, shown.of(one.cells)) for one in rows]
    columns = shown.of(COLUMNS)
    document = Document(case, columns, shown.widths, kept, groups, notes(selection), selection.until)
    (bag / CATALOGUE_DOCX).write_bytes(write_document(document))


def notes(selection: Selection) -> tuple[str, ...]:
    """What stands under the table."""
    return (*NOTES, *_authorities(selection))


def _authorities(selection: Selection) -> tuple[str, ...]:
    """Who stamped, and under which policy: part of what a time bound rests on."""
    stamped = sorted({(stamp.authority, stamp.policy) for stamp in selection.stamps})
    named = "；".join(f"{authority}（策略 {policy}）" for authority, policy in stamped)
    return (f"时间戳机构：{named}。",) if named else ()


def row(collector: str, exhibit: Exhibit, by_id: Mapping[str, Selected], within: str, between: str) -> Row:
    """The cells of an exhibit, in the order of COLUMNS. What a person wrote stands before what the captures say.

    `within` stands between the times of one capture, `between` between captures.
    """
    taken = _oldest_first(by_id[capture] for capture in exhibit.captures)
    cells = (
        exhibit.number,
        exhibit.title,
        "\n".join(filter(None, [exhibit.source, _source(collector, [each.capture for each in taken])])),
        exhibit.purpose,
        _formed_each(taken, within, between),
        "；".join(filter(None, [exhibit.original, f"电子数据；原件为 {WACZ} 中的 WARC 记录"])),
        "",
        _remarks(taken),
    )
    return Row(exhibit.group, cells)


def _oldest_first(selected: Iterable[Selected]) -> list[_Taken]:
    taken = [_Taken(each, each.leaf.capture) for each in selected if each.leaf.capture is not None]
    return sorted(taken, key=lambda each: (each.capture.started, each.selected.index))


def _source(collector: str, captures: Sequence[Capture]) -> str:
    """Who, and the addresses under what is kept of each: a refusal is not called a page."""
    urls: dict[str, dict[str, None]] = {}
    for capture in captures:
        urls.setdefault(how_kept(capture), {})[capture.url] = None
    lines = [f"采集人：{collector}"]
    for how, found in urls.items():
        lines += [f"下列网址（{how}）：", *list(found)[:_MOST_URLS]]
        if len(found) > _MOST_URLS:
            lines.append(f"等共 {len(found)} 个网址，见采集清单")
    return "\n".join(lines)


def _formed_each(taken: Sequence[_Taken], within: str, between: str) -> str:
    """The times of each capture; of very many the first and the last."""
    if len(taken) <= _MOST_TIMES:
        return between.join(within.join(_formed(each)) for each in taken)
    said = f"共 {len(taken)} 次采集，最早和最晚的两次如下，各次时间见《证据与采集》表（tables.xlsx）"
    return between.join([said, *(within.join(_formed(each)) for each in (taken[0], taken[-1]))])


def _formed(taken: _Taken) -> tuple[str, ...]:
    """When it was captured, the bounds that do not rest on our clock, and where the log has it."""
    selected, capture = taken.selected, taken.capture
    after = f"不早于 {_moment(selected.not_before)}" if selected.not_before else "此前尚无时间戳，无下限"
    until = f"不晚于 {_moment(selected.not_after)}" if selected.not_after else "尚未加盖时间戳，无上限"
    claimed: tuple[str, ...] = ()
    if capture.redacted is not None:
        taken_at = _moment(clock.parse(capture.redacted.started))
        claimed = (
            f"原件固定于 {taken_at}（日志第 {capture.redacted.entry} 条）",
            "下列采集时间为脱敏副本制成的时间",
        )
    elif capture.fidelity == "imported":
        claimed = (claimed_time(capture), "下列采集时间为导入本机的时间")
    began = _moment(clock.parse(capture.started))
    return *claimed, f"采集 {began}", after, until, f"日志序号 {selected.index}"


def _moment(moment: datetime) -> str:
    """北京时间 without saying so: the column's title does."""
    return f"{moment.astimezone(clock.BEIJING):%Y-%m-%d %H:%M:%S}"


def _remarks(taken: Sequence[_Taken]) -> str:
    captures = [each.capture for each in taken]
    indices = "、".join(str(each.selected.index) for each in taken[:_MOST_URLS])
    more = f" 等 {len(taken)} 条" if len(taken) > _MOST_URLS else ""
    counts = {state: sum(capture.state == state for capture in captures) for state in STATES_ZH}
    states = "，".join(f"{STATES_ZH[state]} {count} 次" for state, count in counts.items() if count)
    reasons = "；".join(dict.fromkeys(filter(None, map(_obstacle, captures))))[:200]
    why = f"（{reasons}）" if reasons else ""
    lines = [f"采集结果：{states}{why}；日志序号 {indices}{more}（从 0 起）", *_rendered(captures)]
    return "\n".join(lines)


def _obstacle(capture: Capture) -> str:
    """Why it is not whole; what is missing of a rendered page is said in Chinese behind it."""
    if (capture.look or {}).get("missing"):
        return obstacle(_MISSING.sub("", capture.reason or ""))
    return obstacle(capture.reason)


def _rendered(captures: Sequence[Capture]) -> Iterator[str]:
    """What was made of each rendered page, and what is missing of it."""
    pages = [capture for capture in captures if capture.look is not None]
    for capture in pages[:_MOST_URLS]:
        of = "网页" if len(pages) == 1 else f"采集 {capture.id[:8]}… "
        if made := made_of(capture):
            yield f"{of}附件：{made}，各件摘要见核验说明"
        if missing := lacking(capture):
            yield f"{of}缺少：{missing}"
