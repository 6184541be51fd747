"""A content with its escapes undone, so that a value which is spelled in an unforeseen way is still seen in it.

Each kind of escape is undone alone, and then all of them together, round by round, as a page does that holds HTML in
a script in an attribute. What is searched for goes through the same rounds.
"""

import html
import re
from collections.abc import Callable, Iterator
from urllib.parse import unquote_to_bytes

ROUNDS = 3

_ENTITY = re.compile(rb"&(?:#[0-9]{1,8}|#[xX][0-9a-fA-F]{1,7}|[A-Za-z][A-Za-z0-9]{1,31});?")
_ESCAPE = re.compile(
    rb"\\+(?:u([dD][89abAB][0-9A-Fa-f]{2})\\+u([dD][c-fC-F][0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|u\{0*([0-9A-Fa-f]{1,6})\}"
    rb"|x([0-9A-Fa-f]{2})|([^A-Za-z0-9\s]))"
)
_SOFT = re.compile(rb"=[ \t]{0,8}\r?\n")
_QUOTED = re.compile(rb"=([0-9A-Fa-f]{2})")
_MARKUP = re.compile(rb"<[^<>]{0,4000}>")
_WRAPPED = re.compile(
    rb"(?<=[A-Za-z0-9+/_-]{16})[ \t]{0,8}(?:\r\n|\n|\\r\\n|\\n)[ \t]{0,8}(?=[A-Za-z0-9+/_=-])"
)


def views(content: bytes) -> Iterator[tuple[int, bytes]]:
    """The content and what it is with escapes undone; each with the rounds it went through (0: none)."""
    yield 0, content
    for undo in UNDOINGS:
        undone = undo(content)
        if undone is not content:
            yield 0, undone
    for number in range(1, ROUNDS + 1):
        undone = one_round(content)
        if undone == content:
            return
        content = undone
        yield number, content


def one_round(content: bytes) -> bytes:
    """All escapes undone once."""
    for undo in UNDOINGS:
        content = undo(content)
    return content


def _percent(content: bytes) -> bytes:
    return unquote_to_bytes(content) if b"%" in content else content


def _entities(content: bytes) -> bytes:
    return _ENTITY.sub(_entity, content) if b"&" in content else content


def _entity(found: re.Match[bytes]) -> bytes:
    return html.unescape(found[0].decode("ascii")).encode("utf-8", "surrogatepass")


def _escapes(content: bytes) -> bytes:
    return _ESCAPE.sub(_escape, content) if b"\\" in content else content


def _escape(found: re.Match[bytes]) -> bytes:
    high, low, unit, point, octet, plain = found.groups()
    if high is not None:
        return bytes.fromhex((high + low).decode()).decode("utf-16-be", "replace").encode()
    code = unit or point or octet
    if code is None:
        return bytes(plain)
    return chr(min(int(code, 16), 0x10FFFF)).encode("utf-8", "surrogatepass")


def _quoted_printable(content: bytes) -> bytes:
    if b"=" not in content:
        return content
    return _QUOTED.sub(lambda found: bytes.fromhex(found[1].decode()), _SOFT.sub(b"", content))


def _untagged(content: bytes) -> bytes:
    return _MARKUP.sub(b"", content) if b"<" in content else content


def _unwrapped(content: bytes) -> bytes:
    return _WRAPPED.sub(b"", content)


UNDOINGS: tuple[Callable[[bytes], bytes], ...] = (
    _untagged,
    _entities,
    _escapes,
    _percent,
    _quoted_printable,
    _unwrapped,
)
