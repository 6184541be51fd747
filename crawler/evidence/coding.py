"""Content codings of HTTP (RFC 9110 §8.4.1), undone strictly: a broken one is an error, never a shorter content.

The libraries are those that Scrapy depends on.
"""

import zlib
from collections.abc import Callable, Sequence

import brotli
from backports import zstd

from crawler.errors import FormatError


def undone(body: bytes, fields: Sequence[bytes], limit: int) -> bytes:
    """The content of a body; `fields` are the values of its Content-Encoding fields, in order.

    Raises FormatError for an unknown or broken coding, and for a content that would exceed `limit` bytes (0: none).
    """
    # Answers without a body (redirects, 204, 304) may name the coding that the page would have had.
    for coding in reversed(_named(fields) if body else []):
        decode = _DECODERS.get(coding)
        if decode is None:
            raise FormatError(f"unknown content coding {coding!r}")
        try:
            body = decode(body, limit)
        except _TooLargeError as error:
            raise FormatError(f"{coding} inflates to over {limit} bytes: refused") from error
        except (zlib.error, brotli.error, zstd.ZstdError, EOFError) as error:
            raise FormatError(f"content coding {coding} is broken: {error}") from error
    return body


def _named(fields: Sequence[bytes]) -> list[str]:
    values = b",".join(fields).decode("latin-1").lower().split(",")
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
