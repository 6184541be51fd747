"""标注件: passages that findings quote, framed in the picture of their page; the prints themselves stay clean."""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from html import escape
from typing import Any

from crawler.errors import UsageError
from crawler.evidence.digest import parse_digest
from crawler.export.artefact import take_artefact
from crawler.export.finding.crop import boxes_of, crop
from crawler.export.papers.exhibit_print import STYLE, Printed, cover, sheet_head
from crawler.export.papers.facts import EVERY_GRADE, CaseFacts, capture_of
from crawler.export.papers.html import table
from crawler.export.papers.paper import Make, Paper
from crawler.export.papers.pdf import pdf
from crawler.export.selection import Selected
from crawler.store.casefile import CaseExhibit

Json = Mapping[str, Any]
Quoted = dict[str, dict[tuple[str, str], list[Json]]]
TOLD = (
    "本件为标注件，不是原件：在网页截图的局部以红框标出疑似线索所引的文字，供阅读时对照。"
    "未作标注的全图见同一编号的证据打印件，原件为网页存档中的 WARC 记录。"
)
_SPACED = ".crop { break-inside: avoid; margin: 4mm 0 6mm; } .crop img { max-width: 100%; border: .4pt solid #777; }"


class MarkedPrints(Paper):
    """标注件: one PDF for each filed exhibit whose findings quote its pages."""

    name = "marked"
    title = "标注件"
    order = 21
    grades = EVERY_GRADE

    def titled(self, name: str) -> str:
        """With the exhibit's number."""
        return f"{self.title} {name.removeprefix('exhibit-').removesuffix('-marked.pdf')}"

    def files(self, facts: CaseFacts) -> Iterator[tuple[str, Make]]:
        """exhibit-1-2-marked.pdf …"""
        for exhibit in facts.filed():
            quoted = _quoted(facts, exhibit)
            if not quoted:
                continue
            yield f"exhibit-{exhibit.number}-marked.pdf", partial(_marked, facts, exhibit, quoted)


def _marked(facts: CaseFacts, exhibit: CaseExhibit, quoted: Quoted) -> bytes:
    of = [
        (item, one, quoted[capture_of(one).id])
        for item, one in enumerate(facts.of(exhibit), 1)
        if capture_of(one).id in quoted
    ]
    heading = f"标注件　证据 {exhibit.number}"
    printed = Printed([cover(facts, exhibit, [one for _, one, _ in of], heading=heading, told=TOLD)])
    passages = ((item, one, quotes) for item, one, found in of for quotes in found.values())
    for number, (item, one, quotes) in enumerate(passages, 1):
        printed.body.append(_passage(facts, one, f"{exhibit.number}-{item}", number, quotes, printed))
    return pdf(
        f"标注件 {exhibit.number}",
        "".join(printed.body),
        author=facts.case.submitter,
        until=facts.until,
        style=STYLE + _SPACED,
        pictures=printed.pictures,
    )


def _quoted(facts: CaseFacts, exhibit: CaseExhibit) -> Quoted:
    """By capture, the quotes of each field of each thing, in the order of the findings."""
    found: Quoted = {}
    for name in exhibit.findings:
        for quote in (facts.findings.get(name) or {}).get("quotes", ()):
            if quote["capture"] in exhibit.captures:
                of_page = found.setdefault(quote["capture"], {})
                of_page.setdefault((quote["identifier"], quote["field"]), []).append(quote)
    return found


def _passage(
    facts: CaseFacts, one: Selected, item: str, number: int, quotes: Sequence[Json], printed: Printed
) -> str:
    """The framed part of the picture with its quotes; the quotes alone where there is no picture."""
    rows = list(
        dict.fromkeys((quote["label"], quote["text"], quote.get("restored") or "") for quote in quotes)
    )
    listed = table(("所示", "原文", "还原"), rows, (22, 58, 20))
    shown, digest = _framed(facts, one, quotes, printed)
    head = sheet_head(
        one, item, digest, f"标注 {number}" + ("" if shown else "；该网页没有截图，仅列所引文字")
    )
    return f"<div class=crop><h3>标注 {escape(str(number))}</h3>{head}{shown}{listed}</div>"


def _framed(facts: CaseFacts, one: Selected, quotes: Sequence[Json], printed: Printed) -> tuple[str, str]:
    """The element of the picture, and the digest of the picture that it is a part of."""
    try:
        layer = json.loads(take_artefact(facts.archive, one.index, "text").content)
        taken = take_artefact(facts.archive, one.index, "screenshot")
    except UsageError:  # nobody opened it in a browser, or a redacted one shows no picture
        capture = one.leaf.capture
        read = (capture.reading or capture.response) if capture is not None else None
        return "", parse_digest(read.payload_digest or read.block_digest)[
            1
        ].hex() if read is not None else "无"
    placed = [quote for quote in quotes if quote.get("place")]
    boxes = [box for quote in placed for box in boxes_of(quote, layer["runs"])]
    part = crop(taken.content, boxes, layer["width"]) if boxes else None
    digest = parse_digest(taken.record.block_digest)[1].hex()
    return ("", digest) if part is None else (printed.picture(part.png), digest)
