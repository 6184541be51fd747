"""Pages as a person reads them: the visible text of captured HTML, also of pages from which no item was read.

Of a rendered page it is what its look saw on screen (artefact `text`, docs/formats.md); of another the text of its
HTML, less scripts, styles and what its own markup hides. Pages are hostile: what cannot be decoded or is too large is
left out, and lxml reads anything. Nothing is fetched, no script runs.
"""

import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import brotli
from backports import zstd
from lxml import etree  # type: ignore[import-untyped]
from w3lib.encoding import html_to_unicode

from crawler.detect.kit.finding import Quote
from crawler.errors import FormatError
from crawler.evidence import http, warc
from crawler.evidence.archive import Archive
from crawler.evidence.manifest import Capture, StoredRecord

TEXT = "text"  # the artefact with the lines that were seen
MOST_BYTES = 32 << 20  # of one page, content coding undone; what is larger is no page that people read
MOST_HTML = 16_000_000  # characters of it that are parsed
MOST_TEXT = 1_000_000  # characters of text that are kept

_UNSEEN = re.compile(
    r"script|style|noscript|template|svg|canvas|iframe|object|select|textarea|datalist|head|title"
)
_INLINE = re.compile(
    r"a|abbr|acronym|b|bdi|bdo|big|cite|code|data|del|dfn|em|font|i|ins|kbd|label|mark|q|rp|rt|ruby|s|samp|small|span"
    r"|strike|strong|sub|sup|time|tt|u|var|wbr"
)
_NOT_SHOWN = re.compile(r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)
_LONGEST_STYLE = 400  # characters of a style attribute that are looked at
_BLANKS = re.compile(r"[^\S\n\u3000]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The newest capture of one address. `text`: its visible text, one line per line of the page."""

    kind: ClassVar[str] = "page"
    fields: ClassVar[tuple[str, ...]] = ("text",)

    site: str
    domain: str
    identifier: str  # its address
    url: str
    capture: str
    captured_at: str
    leaf: int
    state: str  # complete, partial …: what is not complete may show something elsewhere
    title: str
    text: str
    whole: bool  # False: the capture is not complete, or the text was cut

    def quote(self, field: str, start: int, end: int, label: str, *, restored: str | None = None) -> Quote:
        """Words of the page. Raises ValueError where the text has no such characters."""
        if field != TEXT or not 0 <= start < end <= len(self.text):
            raise ValueError(f"page {self.url}: {field}[{start}:{end}] of {len(self.text)} characters")
        return Quote(
            capture=self.capture, kind=self.kind, site=self.site, identifier=self.identifier, field=field,
            start=start, end=end, text=self.text[start:end], label=label, restored=restored, place=None,
            captured_at=self.captured_at, url=self.url,
        )  # fmt: skip


class _Rows(Protocol):
    def query(self, sql: str, values: tuple[object, ...] = ()) -> list[Any]: ...


# Of each address the newest page that a person would open: no exchange of a rendered page, no withheld original.
_NEWEST = """
with page as (
    select id, leaf, url, row_number() over (partition by url order by started desc, leaf desc) place
    from capture
    where page is null and withheld = 0 and redacted is null and removed is null and file is not null
      and method = 'GET'
        and state in ('complete', 'partial') and (status between 200 and 299 or status is null)
        and (media_type like 'text/html%' or media_type like 'application/xhtml%' or look is not null)
)
select leaf, url from page where place = 1 and leaf >= ? order by url, leaf
"""


def newest_pages(rows: _Rows, since: int = 0) -> list[tuple[int, str]]:
    """Log index and address of the newest capture of each page, by address."""
    return [(row["leaf"], row["url"]) for row in rows.query(_NEWEST, (since,))]


def page_at(archive: Archive, leaf: int, domain: str) -> Page | None:
    """The page that a leaf of the log recorded; None where it cannot be read as a page any more."""
    capture = Capture.from_leaf(archive.log.leaf(leaf))
    read = _read(archive, capture)
    if read is None:
        return None
    title, text = read
    return Page(
        site=capture.site, domain=domain, identifier=capture.url, url=capture.url, capture=capture.id,
        captured_at=capture.started, leaf=leaf, state=capture.state, title=title, text=text[:MOST_TEXT],
        whole=capture.state == "complete" and len(text) <= MOST_TEXT,
    )  # fmt: skip


def _read(archive: Archive, capture: Capture) -> tuple[str, str] | None:
    """Title and text; None for what is damaged, removed, or no HTML."""
    seen, shown = capture.artefact(TEXT), capture.reading or capture.response
    for record, reader in ((seen, _seen), (shown, _html)):
        if (
            record is not None
            and archive.removals.removed_on(record.locator.file, record.locator.offset) is None
        ):
            try:
                return reader(archive, record, capture)
            except (FormatError, ValueError, KeyError, TypeError):
                continue  # the next record of the same page; an archive's damage is for `evidence verify` to tell
    return None


def _seen(archive: Archive, record: StoredRecord, capture: Capture) -> tuple[str, str]:
    """From the lines that the browser laid out: runs on one height are one line."""
    content = json.loads(warc.decode(archive.stored(record.locator)).block)
    lines: list[list[str]] = []
    height: object = None
    for run in content["runs"]:
        if run["y"] != height or not lines:
            lines.append([])
            height = run["y"]
        lines[-1].append(run["text"])
    title = (capture.look or {}).get("title")
    return title if isinstance(title, str) else "", _tidy("\n".join(map("".join, lines)))


def _html(archive: Archive, record: StoredRecord, capture: Capture) -> tuple[str, str]:
    del capture
    block = warc.decode(archive.stored(record.locator))
    if block.type == "response":
        head = http.parse_head(block.block)
        declared = (head.values(b"content-type") or [b""])[-1].decode("latin-1")
        body = _without_coding(http.payload(block.block), head)
    else:
        declared, body = block.content_type or "", block.block
    if "html" not in declared.lower():
        raise FormatError(f"{declared!r} is no HTML")
    return visible_text(
        html_to_unicode(declared, body, default_encoding="gb18030", auto_detect_fun=_guess)[1]
    )


def visible_text(html: str) -> tuple[str, str]:
    """Title and visible text of HTML: a line for each line that a browser would begin. Any text can be read."""
    html = html[:MOST_HTML].replace("\0", "").encode("utf-8", "replace").decode("utf-8")
    parser = etree.HTMLParser(huge_tree=True, remove_comments=True, remove_pis=True, encoding="utf-8")
    root = etree.fromstring(html.encode(), parser) if html.strip() else None
    if root is None:
        return "", ""
    return _tidy(root.findtext(".//title") or ""), _tidy("".join(_pieces(root)))


def _pieces(root: Any) -> Iterator[str]:
    walk = etree.iterwalk(root, events=("start", "end"))
    left = 2 * MOST_TEXT
    for event, element in walk:
        unseen = _is_unseen(element)
        if not _INLINE.fullmatch(element.tag):
            yield "\n"
        if event == "start" and unseen:
            walk.skip_subtree()
        piece = (None if unseen else element.text) if event == "start" else element.tail
        if piece:
            yield piece.replace("\n", " ")
            left -= len(piece)
        if left < 0:
            return


def _is_unseen(element: Any) -> bool:
    hidden = element.get("hidden") is not None or _NOT_SHOWN.search(
        (element.get("style") or "")[:_LONGEST_STYLE]
    )
    return bool(_UNSEEN.fullmatch(element.tag) or hidden)


def _tidy(text: str) -> str:
    lines = (_BLANKS.sub(" ", line).strip(" \u3000") for line in text.split("\n"))
    return "\n".join(line for line in lines if line)


def _without_coding(body: bytes, head: http.Head) -> bytes:
    """The content; raises FormatError for an unknown or broken coding, and for more than MOST_BYTES."""
    values = b",".join(head.values(b"content-encoding")).decode("latin-1").lower().split(",")
    for coding in reversed([value.strip() for value in values if value.strip() not in ("", "identity")]):
        try:
            body = _decoded(coding, body)
        except (zlib.error, brotli.error, zstd.ZstdError, EOFError) as error:
            raise FormatError(f"content coding {coding} is broken: {error}") from error
    if len(body) > MOST_BYTES:
        raise FormatError(f"the page is larger than {MOST_BYTES} bytes")
    return body


def _decoded(coding: str, body: bytes) -> bytes:
    if coding in ("gzip", "x-gzip"):
        return _inflated(body, 31)
    if coding == "deflate":
        return _inflated(body, 15 if body[:1] == b"\x78" else -15)  # many servers mean raw deflate
    if coding == "br":
        decoder = brotli.Decompressor()
        content = bytes(decoder.process(body, output_buffer_limit=MOST_BYTES + 1))
        if not decoder.is_finished():
            raise EOFError(f"it ends too early, or inflates to more than {MOST_BYTES} bytes")
        return content
    if coding == "zstd":
        reader = zstd.ZstdDecompressor()
        content = bytes(reader.decompress(body, MOST_BYTES + 1))
        if not reader.eof:
            raise EOFError(f"it ends too early, or inflates to more than {MOST_BYTES} bytes")
        return content
    raise FormatError(f"unknown content coding {coding!r}")


def _inflated(body: bytes, window: int) -> bytes:
    """Raises EOFError for what ends too early or would be too large; a gzip body may have several members."""
    content = b""
    while body:
        decoder = zlib.decompressobj(window)
        content += decoder.decompress(body, MOST_BYTES + 1 - len(content))
        if not decoder.eof:
            raise EOFError(f"it ends too early, or inflates to more than {MOST_BYTES} bytes")
        body = decoder.unused_data
    return content


def _guess(body: bytes) -> str | None:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return "utf-8"
