"""What a file is: told by its first bytes, never by its name."""

import re
import zlib
from pathlib import Path

from crawler.errors import UsageError
from crawler.evidence.checks.reading import open_regular

LOOKED_AT = 64 << 10

# Magic numbers of pictures, sound, film and documents that a person may have recorded: offset, bytes, media type.
_MEDIA = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"BM", "image/bmp"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"\xff\xf3", "audio/mpeg"),
    (0, b"\xff\xf1", "audio/aac"),
    (0, b"\xff\xf9", "audio/aac"),
    (0, b"OggS", "audio/ogg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"#!AMR", "audio/amr"),
    (8, b"WEBP", "image/webp"),
    (8, b"WAVE", "audio/wav"),
    (8, b"AVI ", "video/x-msvideo"),
)
# ISO base media files (ISO/IEC 14496-12): the brand after `ftyp`.
_BRANDS = {
    b"heic": "image/heic", b"heix": "image/heic", b"mif1": "image/heif", b"avif": "image/avif",
    b"M4A ": "audio/mp4", b"qt  ": "video/quicktime", b"3gp4": "video/3gpp", b"3gp5": "video/3gpp",
}  # fmt: skip
_MIME_HEAD = re.compile(rb"\s*[A-Za-z][A-Za-z-]*:[ \t]?[^\r\n]*\r?\n")
_MULTIPART = re.compile(rb"(?im)^content-type:[ \t]*multipart/related")
_HTML = re.compile(rb"(?is)\s*(?:<!--.*?-->\s*|<\?xml.*?\?>\s*)*<(?:!doctype\s+html|html|head|body)\b")
_FRAGMENT = re.compile(rb"\s*<(?!\?xml)[a-zA-Z][a-zA-Z0-9]*[\s>]")
_JSON = re.compile(rb"\s*[\[{]")
_HAR = re.compile(rb'\s*\{\s*"log"\s*:')  # HAR 1.2: an object with the one member `log`
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


def recognise(path: Path) -> str:
    """``warc``, ``wacz``, ``har``, ``mhtml``, ``html``, ``json``, or the media type of what a person recorded.

    Raises UsageError for anything else, with what to do about it: nothing of that is kept.
    """
    with open_regular(path) as stream:
        begins = stream.read(LOOKED_AT)
    if begins[:2] == b"\x1f\x8b":
        return _warc(_inflated(begins), "a gzip file")
    if begins[:4] == b"PK\x03\x04":
        return "wacz"  # what else is in a zip file is told by what is not in it
    if begins.startswith((b"WARC/", b"filedesc://")):
        return _warc(begins, "")
    media = media_type(begins)
    if media is not None:
        return media
    text = _as_utf8(begins)
    if _JSON.match(text):
        return "har" if _HAR.match(text) else "json"
    if _HTML.match(text):
        return "html"
    if _MIME_HEAD.match(text) and _MULTIPART.search(text):
        return "mhtml"
    if _FRAGMENT.match(text):
        return "html"  # a part of a page, as scripts fetch it
    raise UsageError(
        f"what it is cannot be told: it begins with {begins[:16]!r}. WARC, WACZ, HAR, MHTML, a page saved as one HTML"
        " file, an answer in JSON, pictures, recordings and PDF can be imported; nothing was kept"
    )


def media_type(begins: bytes) -> str | None:
    """The media type that the first bytes of a picture, recording or PDF tell; None if they tell none."""
    if begins[4:8] == b"ftyp":
        return _BRANDS.get(begins[8:12], "video/mp4")
    for offset, magic, kind in _MEDIA:
        if begins[offset : offset + len(magic)] == magic and (offset == 0 or begins[:4] == b"RIFF"):
            return kind
    return None


def _warc(begins: bytes, container: str) -> str:
    if begins.startswith(b"WARC/"):
        return "warc"
    if begins.startswith(b"filedesc://"):
        raise UsageError(
            "it is an ARC file, the format before WARC: convert it (`warcio recompress FILE.arc.gz FILE.warc.gz`),"
            " import the WARC, and keep the ARC beside the archive; nothing was kept"
        )
    raise UsageError(f"it is {container} but no WARC: it holds {begins[:16]!r}; unpack it; nothing was kept")


def _inflated(begins: bytes) -> bytes:
    try:
        return zlib.decompressobj(31).decompress(begins, LOOKED_AT)
    except zlib.error as error:
        raise UsageError(f"it begins as a gzip file, but is none: {error}; nothing was kept") from error


def _as_utf8(begins: bytes) -> bytes:
    if begins.startswith(_BOMS[1:]):
        return begins[: len(begins) // 2 * 2].decode("utf-16", "replace").encode()
    return begins.removeprefix(_BOMS[0])
