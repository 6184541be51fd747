"""The secrets of a page: collected from everything that was recorded of it."""

import base64
import binascii
import html
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import unquote, urlsplit

from crawler.evidence.archive import Draft
from crawler.evidence.warc import Record
from crawler.withholding import named
from crawler.withholding.named import Named
from crawler.withholding.parts import Part, open_record
from crawler.withholding.rules import LEAST, rules
from crawler.withholding.search import Secret

MOST = 400  # secrets of one page; a page that has more is hostile, and those it names first are looked for
VALUE_LIMIT = 8192  # bytes of a value that is looked for elsewhere
_PIECE = 16  # characters of a piece of a value that is a token by itself

_PIECES = re.compile(rf"[A-Za-z0-9+/=-]{{{_PIECE},}}")
_MIXED = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z])", re.DOTALL)
_ASCII = re.compile(r"[\x21-\x7e]+")


def find_secrets(drafts: Sequence[Draft], known: Iterable[tuple[str, str]] = ()) -> tuple[Secret, ...]:
    """The values that are to be looked for everywhere in these drafts of one page.

    `known`: names and values that the browser told of by other ways, e.g. all its cookies, or what was found on the
    pages before. Values that are too short or too common to be looked for are cut out where they are named, by
    `withhold` itself.
    """
    shown = _shown(drafts)
    found: dict[str, Secret] = {}
    for name, value in known:
        _add(found, "known", name, value, shown)
    for draft in drafts:
        for encoded in draft.records:
            for kind, name, value in _of_record(encoded.record):
                _add(found, kind, name, value, shown)
    return tuple(list(found.values())[:MOST])


def named_in(part: Part, *, typed: bool) -> Iterator[Named]:
    """The values with secret names in one part of a record. `typed`: the browser sent it."""
    if part.kind == "head":
        yield from named.in_head(part.content)
        yield from named.in_pairs(part.content, typed=True)
    elif part.kind in ("form", "multipart", "text"):
        if part.kind == "form":
            yield from named.in_form(part.content)
        if part.kind == "multipart":
            yield from named.in_multipart(part.content)
        yield from named.in_text(part.content, typed=typed)


def _of_record(record: Record) -> Iterator[tuple[str, str, str]]:
    parts = open_record(record).parts
    address = Part("uri", "text", (record.target_uri or "").encode("utf-8", "surrogatepass"))
    for part, typed in ((address, True), *((part, record.type == "request") for part in parts)):
        for place in named_in(part, typed=typed):
            raw = part.content[place.start : place.end]
            if len(raw) <= VALUE_LIMIT:
                yield place.kind, place.name, raw.decode("utf-8", "replace")


def _add(found: dict[str, Secret], kind: str, name: str, value: str, shown: set[str]) -> None:
    spoken = name if kind in ("cookie", "known") else ""
    for text in _meant(value, kind):
        if len(text) < LEAST or text in shown or rules().is_common(text, spoken):
            continue
        found.setdefault(text, Secret(text, kind, name))


def _meant(value: str, kind: str) -> Iterator[str]:
    """A value as it stands, without its escapes, and the tokens within it."""
    yield value.strip('"') if kind == "cookie" else value
    plain = {unquote(value), unquote(value.replace("+", " ")), html.unescape(value), _unescaped(value)} - {
        value
    }
    # What a cookie holds besides tokens, such as words that were searched for, is no secret: it may be on the page.
    # But what is named as a password is one in any alphabet.
    yield from (text for text in sorted(plain) if kind in ("parameter", "key") or _ASCII.fullmatch(text))
    for text in sorted({value, *plain}):
        yield from (piece for piece in _PIECES.findall(text) if piece != text and _MIXED.match(piece))
    if kind == "header":
        yield from _basic(value)


def _unescaped(value: str) -> str:
    try:
        return str(json.loads(f'"{value}"'))
    except ValueError:
        return value


def _basic(value: str) -> Iterator[str]:
    """The password of HTTP's basic authentication (RFC 7617), which is only coded."""
    try:
        account, colon, password = base64.b64decode(value, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, ValueError):
        return
    if colon and account:
        yield password


def _shown(drafts: Sequence[Draft]) -> set[str]:
    """Hosts and addresses of the page itself: a cookie may well hold them."""
    shown: set[str] = set()
    for draft in drafts:
        try:
            parts = urlsplit(draft.capture.url)
        except ValueError:
            continue
        origin = f"{parts.scheme}://{parts.netloc}"
        shown |= {parts.netloc, parts.hostname or "", origin, origin + "/", origin + parts.path, parts.path}
    return shown
