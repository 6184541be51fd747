"""Papers as files that a site takes: a PDF that is too large is divided between pages."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pikepdf

from crawler.errors import FormatError

# Bookmarks, links and marks lead to pages of other pieces; a signature stands for bytes that are no longer these.
_OF_THE_WHOLE = (
    "/AcroForm",
    "/Outlines",
    "/Names",
    "/AF",
    "/Dests",
    "/StructTreeRoot",
    "/Annots",
    "/StructParents",
)
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
        with pikepdf.open(io.BytesIO(content)) as read:
            title, count = str(read.docinfo.get("/Title", paper)), len(read.pages)
    except pikepdf.PdfError as error:
        raise FormatError(f"{paper} cannot be read: {error}") from error
    if len(content) <= most:
        yield Piece(paper, title, content, pages=(1, count))
        return
    wanted = max(2, int(len(content) * _HEADROOM) // most)
    while wanted <= count:
        cut = _divided(content, count, wanted)
        if max(len(part) for _, part in cut) <= most:
            for number, (pages, part) in enumerate(cut, 1):
                yield Piece(paper, title, part, number, len(cut), pages)
            return
        wanted += max(1, wanted // 8)
    yield LeftOut(paper, title, len(content), f"按页拆分后仍有超过上限 {most} 字节的一页，见证据介质")


def _divided(content: bytes, count: int, wanted: int) -> list[tuple[tuple[int, int], bytes]]:
    """So many pieces of nearly as many pages each, with the pages of each."""
    bounds = [count * number // wanted for number in range(wanted + 1)]
    return [((first + 1, last), _pages(content, first, last)) for first, last in pairwise(bounds)]


def _pages(content: bytes, first: int, last: int) -> bytes:
    """The PDF with these pages alone, what only others use left out; the same pages give the same bytes.

    It keeps what says that it is PDF/A and how its colours look (ISO 19005-3, 6.6.2 and 6.2.3).
    """
    with pikepdf.open(io.BytesIO(content)) as whole:
        del whole.pages[last:]
        del whole.pages[:first]
        for holder in (whole.Root, *(page.obj for page in whole.pages)):
            for key in _OF_THE_WHOLE:
                if key in holder:
                    del holder[key]
        whole.remove_unreferenced_resources()  # pages share one list of all pictures
        kept = io.BytesIO()
        whole.save(kept, deterministic_id=True)
        return kept.getvalue()
