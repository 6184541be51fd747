"""Undo the content coding of a page, strictly: a broken coding is an error, never a shorter page.

Scrapy's own middleware is lenient (it returns what it could read of a damaged gzip body as if it were the page),
so it is switched off and this stands in for it.
"""

import re

from scrapy.http import Response, TextResponse
from scrapy.responsetypes import responsetypes
from w3lib.encoding import html_body_declared_encoding, resolve_encoding

from crawler.errors import FormatError
from crawler.evidence.coding import undone

_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")  # byte order marks
_DECLARED = re.compile(rb"<meta[^>]{0,300}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_-]{2,40})", re.IGNORECASE)
_LOOKED_THROUGH = 1 << 20  # bytes, for a late declaration


def decoded(response: Response, limit: int) -> Response:
    """The response with its content coding undone and of the class that its content asks for.

    Raises FormatError for an unknown or broken coding, and for a body that would exceed `limit` bytes (0: none).
    """
    try:
        body = undone(response.body, response.headers.getlist("Content-Encoding"), limit)
    except FormatError as error:
        raise FormatError(f"{response.url}: {error}") from error
    headers = response.headers.copy()
    headers.pop("Content-Encoding", None)
    cls = responsetypes.from_args(headers=headers, url=response.url, body=body)
    kept = {name: getattr(response, name) for name in Response.attributes}
    return _as_browsers_read(cls(**{**kept, "body": body, "headers": headers}))


def _as_browsers_read(page: Response) -> Response:
    """The page with its charset as browsers find it, where Scrapy does not (WHATWG HTML §13.2.3).

    Scrapy looks at the first 4 KiB for a declaration, obeys one of UTF-16 that could not be read if it were true,
    and guesses some ISO 8859 for the rest; Chinese pages declare late, or nothing.
    """
    if not isinstance(page, TextResponse) or page.body.startswith(_MARKS):
        return page
    if b"charset" in (page.headers.get("Content-Type") or b"").lower():
        return page
    declared = html_body_declared_encoding(page.body)
    if declared is not None and not declared.startswith("utf-16"):
        return page
    late = _DECLARED.search(page.body, 0, _LOOKED_THROUGH)
    names = ("utf-8", resolve_encoding(late[1].decode("ascii")) if late else None, "gb18030")
    found = next(
        (name for name in names if name and not name.startswith("utf-16") and _reads(page.body, name)), None
    )
    return page.replace(encoding=found) if found else page


def _reads(body: bytes, charset: str) -> bool:
    try:
        body.decode(charset)
    except (UnicodeDecodeError, LookupError):
        return False
    return True
