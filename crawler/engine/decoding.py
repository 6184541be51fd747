"""Undo the content coding of a page, strictly: a broken coding is an error, never a shorter page.

Scrapy's own middleware is lenient (it returns what it could read of a damaged gzip body as if it were the page),
so it is switched off and this stands in for it. The libraries are those that Scrapy depends on.
"""

import re
import zlib
from collections.abc import Callable

import brotli
from backports import zstd
from scrapy.http import Response, TextResponse
from scrapy.responsetypes import responsetypes
from w3lib.encoding import html_body_declared_encoding, resolve_encoding

from crawler.errors import FormatError

_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")  # byte order marks
_DECLARED = re.compile(rb"<meta[^>]{0,300}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_-]{2,40})", re.IGNORECASE)
_LOOKED_THROUGH = 1 << 20  # bytes, for a late declaration


def decoded(response: Response, limit: int) -> Response:
    """The response with its content coding undone and of the class that its content asks for.

    Raises FormatError for an unknown or broken coding, and for a body that would exceed `limit` bytes (0: none).
    """
    body = response.body
    # Answers without a body (redirects, 204, 304) may name the coding that the page would have had.
    for coding in reversed(_codings(response) if body else []):
        decode = _DECODERS.get(coding)
        if decode is None:
            raise FormatError(f"{response.url}: unknown content coding {coding!r}")
        try:
            body = decode(body, limit)
        except _TooLargeError as error:
            raise FormatError(f"{response.url}: {coding} inflates to over {limit} bytes: refused") from error
        except (zlib.error, brotli.error, zstd.ZstdError, EOFError) as error:
            raise FormatError(f"{response.url}: content coding {coding} is broken: {error}") from error
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


def _codings(response: Response) -> list[str]:
    values = b",".join(response.headers.getlist("Content-Encoding")).decode("latin-1").lower().split(",")
    return [value.strip() for value in values if value.strip() not in ("", "identity")]


class _TooLargeError(Exception):
    """The content would exceed the limit."""


def _gzip(body: bytes, limit: int) -> bytes:
    content = bytearray()
    while body:  # RFC 1952 §2.2: a gzip file may have several members
        decoder = zlib.decompressobj(31)
        content += _whole(decoder.decompress(body, limit + 1 if limit else 0), decoder.eof, limit)
        body = decoder.unused_data
        if limit and len(content) > limit:
            raise _TooLargeError
    return bytes(content)


def _deflate(body: bytes, limit: int) -> bytes:
    wanted = limit + 1 if limit else 0
    try:
        decoder = zlib.decompressobj()
        return _whole(decoder.decompress(body, wanted), decoder.eof, limit)
    except zlib.error:  # many servers mean raw deflate (RFC 9110 §8.4.1.2, note)
        decoder = zlib.decompressobj(-15)
        return _whole(decoder.decompress(body, wanted), decoder.eof, limit)


def _brotli(body: bytes, limit: int) -> bytes:
    decoder = brotli.Decompressor()
    content: bytes = decoder.process(body, output_buffer_limit=limit + 1) if limit else decoder.process(body)
    return _whole(content, decoder.is_finished(), limit)


def _zstd(body: bytes, limit: int) -> bytes:
    content = bytearray()
    while body:  # RFC 8878 §3: several frames may follow one another
        decoder = zstd.ZstdDecompressor()
        content += _whole(decoder.decompress(body, limit + 1 if limit else -1), decoder.eof, limit)
        body = decoder.unused_data
        if limit and len(content) > limit:
            raise _TooLargeError
    return bytes(content)


def _whole(content: bytes, ended: bool, limit: int) -> bytes:
    if limit and len(content) > limit:
        raise _TooLargeError
    if not ended:
        raise EOFError("the data ends too early")
    return content


_DECODERS: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
