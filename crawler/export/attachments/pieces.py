"""Papers as files that a site takes: a PDF that is too large is divided between pages."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pikepdf

from crawler.errors import FormatError

_HEADROOM = 1.1  # each piece has the fonts again


@dataclass(frozen=True, slots=True)
class Piece:
    """One file to upload: a whole paper, or some of its pages."""

    paper: str  # file name of the paper in the bundle
    title: str
    content: bytes
    number: int = 1
    of: int = 1
    pages: tuple[int, int] | None = None  # first and last, from 1; None for what has no pages

    @property
    def name(self) -> str:
        """exhibit-1-2.pdf, or exhibit-1-2.2of5.pdf."""
        path = Path(self.paper)
        return self.paper if self.of == 1 else f"{path.stem}.{self.number}of{self.of}{path.suffix}"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A paper, or a page of one, that cannot be uploaded, and why."""

    paper: str
    title: str
    size: int  # bytes
    why: str


def pieces(paper: str, content: bytes, most: int) -> Iterator[Piece | LeftOut]:
    """The paper as it is where it fits into `most` bytes; otherwise in the fewest equal pieces of whole pages.

    Raises FormatError for a PDF that cannot be read.
    """
    if not paper.endswith(".pdf"):
        if len(content) > most:
            yield LeftOut(paper, paper, len(content), f"超过单个文件的上限 {most} 字节，见证据介质")
        else:
            yield Piece(paper, paper, content)
        return
    try:
        read = pikepdf.open(io.BytesIO(content))
    except pikepdf.PdfError as error:
        raise FormatError(f"{paper} cannot be read: {error}") from error
    title, count = str(read.docinfo.get("/Title", paper)), len(read.pages)
    if len(content) <= most:
        yield Piece(paper, title, content, pages=(1, count))
        return
    wanted = max(2, int(len(content) * _HEADROOM) // most)
    while wanted <= count:
        cut = _divided(read, count, wanted)
        if max(len(part) for _, part in cut) <= most:
            for number, (pages, part) in enumerate(cut, 1):
                yield Piece(paper, title, part, number, len(cut), pages)
            return
        wanted += max(1, wanted // 8)
    yield LeftOut(paper, title, len(content), f"按页拆分后仍有超过上限 {most} 字节的一页，见证据介质")


def _divided(read: pikepdf.Pdf, count: int, wanted: int) -> list[tuple[tuple[int, int], bytes]]:
    """So many pieces of nearly as many pages each, with the pages of each."""
    bounds = [count * number // wanted for number in range(wanted + 1)]
    return [((first + 1, last), _pages(read, first, last)) for first, last in pairwise(bounds)]


def _pages(read: pikepdf.Pdf, first: int, last: int) -> bytes:
    """A PDF of these pages, with the pictures and fonts that they use; the same pages give the same bytes."""
    written, kept = pikepdf.new(), io.BytesIO()
    written.pages.extend(read.pages[first:last])
    written.remove_unreferenced_resources()  # pages share one list of all pictures
    written.docinfo["/Title"] = read.docinfo.get("/Title", "")
    written.save(kept, deterministic_id=True)
    return kept.getvalue()
