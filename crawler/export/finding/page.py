"""A finding as one page for people: what was seen, where, why it matters, what else was tested, what law may apply.

`finding_pdf` makes a PDF/A of it, `finding_html` a file that opens in any browser and prints the same on A4. Both
show the same body. Nothing is loaded from elsewhere; words of pages are escaped, cut where they are endless, and
kept apart from ours (`<bdi>`: text that runs backwards turns only itself around).
"""

import base64
import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from crawler.export.finding.crop import Crop
from crawler.export.finding.law import law_section
from crawler.export.finding.parts import (
    captured,
    chain,
    crop_html,
    decided,
    foot,
    head,
    listed,
    passage_html,
    shown_by,
    tested,
    titled,
)
from crawler.export.finding.plot import plot_svg
from crawler.export.finding.plot_words import text
from crawler.export.finding.sources import Sources
from crawler.export.finding.style import PAGE, STYLE
from crawler.export.finding.table import table_html
from crawler.export.papers.pdf import FONT, pdf
from crawler.store.findings import StoredFinding

Json = Mapping[str, Any]
_FIRST = 3  # passages on the first page
_ROWS = 3  # facts, and explanations, for each passage on a page that must hold all
_PAGE_OBJECT, _OBJECTS = re.compile(rb"/Type\s*/Page\b"), re.compile(rb"/ObjStm[^>]*>>\s*stream\r?\n")


def finding_html(finding: StoredFinding, found: Sources, *, detector: str) -> str:
    """A whole page; pictures are in it. `detector`: its Chinese title."""

    def embedded(crop: Crop, _number: int) -> str:
        return "data:image/png;base64," + base64.b64encode(crop.png).decode()

    body = _body(finding, found, detector, embedded)
    return PAGE.format(title=text(_title(finding)), font=FONT, style=STYLE, body=body)


def finding_pdf(
    finding: StoredFinding, found: Sources, *, detector: str, author: str, one_page: bool = False
) -> bytes:
    """A PDF/A-3b, with page numbers. `one_page`: without the annexes, and with as many passages and rows as one page
    holds, what is left out being counted on it; where even the least is too much, it goes on.

    Raises UsageError where a library of WeasyPrint's is missing.
    """
    pictures = {f"crop-{number}": crop.png for number, crop in found.crops.items()}
    until = max([finding.made, *(each.time for each in finding.decisions)])

    def made(brief: int | None) -> bytes:
        body = _body(finding, found, detector, lambda _crop, number: f"picture:crop-{number}", brief)
        return pdf(_title(finding), body, author=author, until=until, style=STYLE, pictures=pictures)

    if not one_page:
        return made(None)
    for brief in range(_FIRST, -1, -1):
        shorter = made(brief)
        if pages(shorter) == 1:
            break
    return shorter


def pages(made: bytes) -> int:
    """How many pages a PDF of WeasyPrint's has: their objects lie compressed in streams (ISO 32000-1, 7.5.7)."""
    streams = [zlib.decompressobj().decompress(made[each.end() :]) for each in _OBJECTS.finditer(made)]
    return sum(len(_PAGE_OBJECT.findall(stream)) for stream in streams)


def _title(finding: StoredFinding) -> str:
    return f"疑似线索 {finding.id}"


def _body(
    finding: StoredFinding,
    found: Sources,
    detector: str,
    shown: Callable[[Crop, int], str],
    brief: int | None = None,
) -> str:
    """First what tells the finding, then the rest of its material. `brief`: the first part only, with so many
    passages; 0: with one, without its picture."""
    content: Json = finding.content or {}
    passages, others = _passages(found, shown, pictured=brief != 0)
    first = _FIRST if brief is None else max(1, brief)
    rows, where = (None, "附后") if brief is None else (_ROWS * first, "见全文")
    facts = [f"<li>{text(fact['text'])}{shown_by(fact)}</li>" for fact in content.get("facts", ())]
    plots = [f"<figure>{plot_svg(plot)}</figure>" for plot in content.get("plots", ())]
    parts = [
        head(finding, content, detector),
        f"<h1>{text(content['claim'])}</h1>",
        chain(content),
        f"<p>{text(content['why'])}</p>",
        *_section("所见事实", _cut(facts, rows, f"项事实，{where}", "ul")),
        *_section("原文", _cut(passages, first, f"处原文，{where}", "div")),
        *(plots if brief is None else plots[: first - 1]),
        *_section("已检验的其他解释", [tested(content["innocent"], rows)]),
        *_section("偶然性", [f"<p>{text(content['chance'])}</p>"] if content.get("chance") else []),
        *_section("本线索不能说明的", [listed(content.get("limits", ()))] if content.get("limits") else []),
        *_section("可能涉及的条文（按行为时间）", law_section(content, gist=brief is None)),
        *_section("人工核对", decided(finding)),
    ]
    if brief is None:
        parts += [
            *_section("附：其余原文", passages[first:]),
            *_section("附：原文的截图", others),
            *_section("附：表", [table_html(table) for table in content.get("tables", ())]),
        ]
    parts += [
        *_section("所依据的采集", captured(found.captures, None if brief is None else first)),
        foot(finding),
    ]
    body = "\n".join(parts)
    return body if brief is None else f"<div class=brief>{body}</div>"


def _passages(
    found: Sources, shown: Callable[[Crop, int], str], *, pictured: bool
) -> tuple[list[str], list[str]]:
    """The passages, the first picture beside its words, and the other pictures: they would fill the first page."""
    pictures = {
        number: crop_html(crop, shown(crop, number)) for number, crop in found.crops.items() if pictured
    }
    first = min(pictures, default=None)
    passages = [
        passage_html(each, pictures[number] if number == first else "")
        for number, each in enumerate(found.passages)
    ]
    others = [titled(found.passages[number], each) for number, each in pictures.items() if number != first]
    return passages, others


def _cut(parts: Sequence[str], most: int | None, what: str, tag: str) -> list[str]:
    """The first of these, and how many are left."""
    if not parts:
        return []
    left = 0 if most is None else len(parts) - most
    more = [f"<p class=note>另有 {left} {what}。</p>"] if left > 0 else []
    return [f"<{tag}>{''.join(parts[:most])}</{tag}>", *more]


def _section(title: str, parts: Sequence[str]) -> Iterator[str]:
    if parts:
        yield f"<h2>{title}</h2>"
        yield from parts
