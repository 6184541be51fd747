"""The words of an answer that no browser opened: for a print of a page of which there is no picture."""

import re

from lxml import etree  # type: ignore[import-untyped]
from parsel import Selector
from w3lib.encoding import html_to_unicode

from crawler.errors import FormatError
from crawler.evidence import http
from crawler.evidence.coding import undone
from crawler.evidence.warc import Record

LIMIT = 16 << 20  # bytes of a body that is read
_BLANK_LINES = re.compile(r"\s*\n\s*")
_WORDS = (
    "//body//text()[not(ancestor::script or ancestor::style or ancestor::noscript or ancestor::template)]"
)


def page_words(record: Record) -> str:
    """The visible text of an HTML answer, a line for each piece; another text as it is; "" for what is none."""
    try:
        start = http.split_interim(record.block)
        head = http.parse_head(record.block[start:])
        body = undone(http.payload(record.block[start:]), head.values(b"content-encoding"), LIMIT)
    except FormatError:
        return ""
    declared = b"".join(head.values(b"content-type")[-1:]).decode("latin-1")
    kind = declared.split(";")[0].strip().lower()
    if kind and not (kind.startswith("text/") or kind.endswith(("json", "xml", "javascript"))):
        return ""
    _, text = html_to_unicode(
        declared or None, body[:LIMIT], auto_detect_fun=_detect, default_encoding="gb18030"
    )
    return _lines(text) if kind in ("text/html", "application/xhtml+xml", "") else text.strip()


def _lines(markup: str) -> str:
    try:
        found = Selector(text=markup.replace("\0", ""), type="html").xpath(_WORDS).getall()
    except (ValueError, etree.Error):
        return ""
    return "\n".join(line for line in (_BLANK_LINES.sub(" ", piece).strip() for piece in found) if line)


def _detect(body: bytes) -> str | None:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return "utf-8"
