"""Real saved pages, answered at their original addresses.

The folder holds files without response headers, so the status (200) and `Content-Type` are ours: the charset
is the one in which the bytes decode and which the page declares, where it declares one. Bodies are verbatim.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from crawler.demo.wire import Reply, Request, plain

# Addresses that the index leaves open, and which we chose: canonical links of the pages, or their own links.
INFERRED = {
    "tieba/listing-1.html": "http://tieba.baidu.com/f?kw=%E7%9B%97%E5%A2%93%E7%AC%94%E8%AE%B0",
    "jsonld/reviews-1.html": "http://polishfoodies.com/polish-pierogi-ruskie-recipe/",
    "jsonld/reviews-3.html": "http://www.madamecuisine.de/shakshuka-schakschuka/",
    "jsonld/reviews-4.html": "http://bakewithzoha.com/molten-lava-chocolate-mug-cake/",
    "jd/reviews-1.json": "http://club.jd.com/comment/productPageComments.action?productId=0&score=0&sortType=5&page=0",
    "newsmth/listing-1.html": "http://www.newsmth.net/nForum/board/FamilyLife",
}
_KINDS = {"listing", "reviews", "search", "thread", "post", "article", "complaint", "blocked"}
_CHARSET = re.compile(rb"""charset\s*=\s*["']?([a-zA-Z0-9_-]+)""")
_SAFE = "/%:=&?~#+!$,;'@()*[]"


@dataclass(frozen=True, slots=True)
class SavedPage:
    """One saved page and where it is answered."""

    site: str
    kind: str
    url: str  # http form
    file: Path
    inferred: bool


def _address(row: dict[str, object]) -> tuple[str, bool] | None:
    """(http URL, inferred) of an index row, or None if it has no complete address."""
    chosen = INFERRED.get(str(row["file"]))
    url = chosen or row.get("original_url")
    if not isinstance(url, str) or not url.startswith(("http://", "https://")) or "…" in url or " " in url:
        return None
    parts = urlsplit(url)
    query = f"?{quote(parts.query, safe=_SAFE)}" if parts.query else ""
    path = quote(parts.path or "/", safe=_SAFE)
    return f"http://{parts.netloc}{path}{query}", bool(chosen) or bool(row.get("url_inferred"))


def saved_pages(folder: Path) -> list[SavedPage]:
    """All pages of the folder that have an address; none if there is no index."""
    index = folder / "INDEX.jsonl"
    if not index.is_file():
        return []
    pages: dict[str, SavedPage] = {}
    for line in index.read_text("utf-8").splitlines():
        row = json.loads(line)
        address = _address(row)
        if address and row["kind"] in _KINDS and address[0] not in pages:
            url, inferred = address
            pages[url] = SavedPage(row["site"], row["kind"], url, folder / row["file"], inferred)
    return list(pages.values())


def saved_urls(folder: Path) -> list[tuple[str, str, str, str]]:
    """(site, kind, url, file) of every page that is served; file is relative to the folder."""
    return [
        (page.site, page.kind, page.url, str(page.file.relative_to(folder))) for page in saved_pages(folder)
    ]


def content_type(body: bytes, name: str) -> str:
    """The media type for a file name, with the charset that fits the bytes."""
    media = {".json": "application/json", ".js": "application/javascript"}.get(Path(name).suffix, "text/html")
    return f"{media}; charset={charset_of(body)}"


def charset_of(body: bytes) -> str:
    """utf-8 if the bytes are; else utf-16 by its mark, else what the page declares, else gb18030."""
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    declared = _CHARSET.search(body[:4096])
    names = ["utf-8"] + ([declared.group(1).decode().lower()] if declared else []) + ["gb18030"]
    return next((name for name in names if _decodes(body, name)), "iso-8859-1")


def _decodes(body: bytes, name: str) -> bool:
    try:
        body.decode(name)
    except (UnicodeDecodeError, LookupError):
        return False
    return True


class SavedSite:
    """Answers for the hosts of the saved pages."""

    def __init__(self, folder: Path | None) -> None:
        self.pages = {page.url: page for page in saved_pages(folder)} if folder else {}
        self.hosts = {urlsplit(url).netloc for url in self.pages}

    def answer(self, request: Request) -> Reply:
        """The saved page at exactly this URL, or 404."""
        page = self.pages.get(request.url)
        if page is None:
            return plain(
                404, f"No page was saved at {request.url}. This answer is the demo market's, not the site's."
            )
        body = page.file.read_bytes()
        return Reply(200, (("Content-Type", content_type(body, page.file.name)),), body)
