"""Prints of exhibits: each capture's picture in page-sized tiles, with what identifies it on every page.

The picture is not cropped, marked or scaled down but to the page's width; what is marked is a paper of its own
(exhibit_marked.py). Where no browser opened the page, the words of its answer are printed.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from html import escape

from crawler.errors import FormatError, UsageError
from crawler.evidence.digest import parse_digest
from crawler.evidence.report import STATES_ZH
from crawler.export.artefact import take_artefact, take_response
from crawler.export.page_words import page_words
from crawler.export.papers.facts import EVERY_GRADE, CaseFacts, capture_of
from crawler.export.papers.html import moment, paragraph, table
from crawler.export.papers.paper import Make, Paper
from crawler.export.papers.pdf import pdf
from crawler.export.papers.tiles import OVERLAP, tiles
from crawler.export.selection import Selected
from crawler.export.wording import how_kept, lacking
from crawler.store.casefile import CaseExhibit

MOST_TILES = 40  # of one picture: some 60,000 rows; what is left out is said, and lies in the WACZ
MOST_CHARACTERS = 12_000  # of an answer's words
MOST_CAPTURES = 20  # in one volume: what is laid out at once, as a rule some 100 sheets and 200 MB
STYLE = """\
@page { margin: 12mm 14mm 16mm; }
.sheet { break-before: page; }
.head { font-size: 8pt; line-height: 1.35; margin: 0 0 2mm; table-layout: fixed; }
.head td:first-child { width: 22mm; background: #f4f4f4; white-space: nowrap; }
.sheet img { display: block; border: .4pt solid #777; width: 100%; }
.words { font-size: 9pt; line-height: 1.5; white-space: pre-wrap; overflow-wrap: anywhere; }
"""
_VOLUME = "-volume-"
_PICTURES = ("screenshot", "tile-")  # what is printed of a rendered page, in this order


@dataclass(slots=True)
class Printed:
    """HTML and the pictures in it."""

    body: list[str] = field(default_factory=list)
    pictures: dict[str, bytes] = field(default_factory=dict)

    def sheet(self, content: str) -> None:
        """Add what begins on a page of its own."""
        self.body.append(f"<div class=sheet>{content}</div>")

    def picture(self, png: bytes) -> str:
        """Keep a picture; returns its element."""
        name = f"p{len(self.pictures)}"
        self.pictures[name] = png
        return f"<img src='picture:{name}'>"


class ExhibitPrints(Paper):
    """证据打印件: a PDF for each exhibit that is filed; a large one in volumes, so that none is ever held whole."""

    name = "exhibit"
    title = "证据打印件"
    order = 20
    grades = EVERY_GRADE

    def titled(self, name: str) -> str:
        """With the exhibit's number."""
        number, _, volume = name.removeprefix("exhibit-").removesuffix(".pdf").partition(_VOLUME)
        return f"{self.title} {number}{f' {_ordinal(volume)}' if volume else ''}"

    def files(self, facts: CaseFacts) -> Iterator[tuple[str, Make]]:
        """exhibit-1-2.pdf, exhibit-1-2-volume-2.pdf …"""
        for exhibit in facts.filed():
            items = list(enumerate(facts.of(exhibit), 1))
            for volume, first in enumerate(range(0, len(items), MOST_CAPTURES), 1):
                name = f"exhibit-{exhibit.number}{f'{_VOLUME}{volume}' if volume > 1 else ''}.pdf"
                yield name, partial(_volume, facts, exhibit, volume, items[first : first + MOST_CAPTURES])


def _ordinal(volume: int | str) -> str:
    return f"第 {volume} 册"


def volumes_of(number: str, names: Iterable[str]) -> list[str]:
    """Which of these files are prints of the exhibit with that number, in order."""
    first = f"exhibit-{number}.pdf"
    further = [name for name in names if name.startswith(f"exhibit-{number}{_VOLUME}")]
    return [first, *sorted(further, key=lambda name: (len(name), name))]


def _volume(
    facts: CaseFacts, exhibit: CaseExhibit, volume: int, items: Sequence[tuple[int, Selected]]
) -> bytes:
    said = f"证据 {exhibit.number}" + (f" {_ordinal(volume)}" if volume > 1 else "")
    printed = Printed([cover(facts, exhibit, [one for _, one in items], heading=f"{said}　{exhibit.title}")])
    for number, one in items:
        _print(facts, one, f"{exhibit.number}-{number}", printed)
    return pdf(
        said,
        "".join(printed.body),
        author=facts.case.submitter,
        until=facts.until,
        style=STYLE,
        pictures=printed.pictures,
    )


def cover(
    facts: CaseFacts, exhibit: CaseExhibit, of: Sequence[Selected], *, heading: str, told: str = ""
) -> str:
    """The first page: what the exhibit is, and what this print is (`told`; a clean print where it is left out).

    `of` are those of its captures that are in this print.
    """
    captures = [capture_of(one) for one in of]
    redacted = any(capture.redacted is not None for capture in captures)
    rows = [
        ("案件", f"{facts.case.title}（编号 {facts.case.id}）"),
        ("证据编号", exhibit.number),
        ("证据名称", exhibit.title),
        ("证明目的", exhibit.purpose),
        (
            "来源",
            exhibit.source
            or f"采集人：{facts.collector}；" + "；".join(dict.fromkeys(map(how_kept, captures))),
        ),
        ("形成时间", "\n".join(formed(one) for one in of)),
        ("原件/载体", exhibit.original or "电子数据；原件为证据包网页存档（captures.wacz）中的 WARC 记录"),
    ]
    told = told or (
        "本件由程序依据脱敏副本生成，不是原件；画面经模糊处理，隐去的内容写作 [withheld:…] 或者 [person:…]。"
        if redacted
        else "本件由程序直接依据上述原件生成，画面未作裁剪、涂改或者标注；过长的画面分幅打印，"
        f"相邻两幅重叠 {OVERLAP} 行像素（《关于民事诉讼证据的若干规定》第十五条第二款）。"
    )
    return f"<h1>{escape(heading)}</h1>{table(('项目', '内容'), rows, (16, 84))}{paragraph(told, 'note')}"


def formed(one: Selected) -> str:
    """When a capture was made, and the bounds that do not rest on our clock."""
    capture = capture_of(one)
    lower = (
        f"不早于 {moment(one.not_before)}"
        if one.not_before
        else "下限见原件"
        if capture.redacted
        else "无下限"
    )
    upper = f"不晚于 {moment(one.not_after)}" if one.not_after else "尚无时间戳"
    return f"{moment(capture.started)}（{lower}，{upper}；北京时间）"


def _print(facts: CaseFacts, one: Selected, item: str, printed: Printed) -> None:
    capture = capture_of(one)
    names = [
        name
        for prefix in _PICTURES
        for name in sorted((capture.look or {}).get("artefacts", {}))
        if name.startswith(prefix)
    ]
    made = [_tiled(facts, one, item, name, printed) for name in names]
    if not any(made):
        _worded(facts, one, item, printed)


def _tiled(facts: CaseFacts, one: Selected, item: str, name: str, printed: Printed) -> bool:
    """The tiles of one picture, a page each; whether there were any."""
    taken = take_artefact(facts.archive, one.index, name)
    digest = parse_digest(taken.record.block_digest)[1].hex()
    try:
        count, cut = tiles(taken.content, MOST_TILES)
        for number, tile in enumerate(cut, 1):
            shown = f"第 {number} 幅，共 {count} 幅；第 {tile.first}–{tile.last} 行像素"
            if number > 1:
                shown += f"，前 {OVERLAP} 行与上一幅重叠"
            head = sheet_head(one, item, digest, shown)
            printed.sheet(f"{head}{printed.picture(tile.png)}")
    except FormatError as error:
        printed.body.append(paragraph(f"画面 {name} 未能打印（{error}），见网页存档。", "note"))
        return False
    if count > MOST_TILES:
        printed.body.append(
            paragraph(f"画面共 {count} 幅，本件打印前 {MOST_TILES} 幅，其余见网页存档中的 {name}。", "note")
        )
    return True


def _worded(facts: CaseFacts, one: Selected, item: str, printed: Printed) -> None:
    """The words of an answer of which there is no picture."""
    capture = capture_of(one)
    try:
        record = take_response(facts.archive, one.index)
    except UsageError:
        record = None
    words = page_words(record) if record is not None else ""
    read = capture.reading or capture.response
    digest = parse_digest(read.payload_digest or read.block_digest)[1].hex() if read is not None else "无"
    missing = lacking(capture)
    why = f"该网页没有截图（{missing}）" if missing else "该网页未用浏览器打开，没有截图"
    head = sheet_head(one, item, digest, f"{why}；以下为应答内容中的文字")
    left = len(words) - MOST_CHARACTERS
    rest = f"以上为前 {MOST_CHARACTERS} 字，其余 {left} 字见网页存档。" if left > 0 else ""
    shown = escape(words[:MOST_CHARACTERS]) or "（应答中没有可以打印的文字，见网页存档）"
    under = paragraph(rest, "note") if rest else ""
    printed.sheet(f"{head}<div class=words>{shown}</div>{under}")


def sheet_head(one: Selected, item: str, digest: str, shown: str) -> str:
    """What stands above each printed picture: `shown` says what of it this page has."""
    capture = capture_of(one)
    title = str((capture.look or {}).get("title") or "")
    rows = [
        ("证据编号", f"{item}　{title}" if title else item),
        ("网址", capture.url),
        ("采集时间", f"{formed(one)}；{STATES_ZH[capture.state]}；日志序号 {one.index}"),
        ("SHA-256", digest),
        ("本页", shown),
    ]
    cells = "".join(f"<tr><td>{escape(name)}</td><td>{escape(value)}</td></tr>" for name, value in rows)
    return f"<table class=head>{cells}</table>"
