"""Values that stand behind the name of a secret: in heads, addresses, forms, JSON, scripts and HTML.

Each finder goes through the bytes once (no expression here can go back and forth over a hostile page).
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from crawler.withholding.rules import Rule, rules

_LINE = re.compile(rb"([^\r\n]*)(\r?\n|\Z)")
_COOKIE = re.compile(rb"[ \t]*([^=;]*)=[ \t]*([^;]*)")
_PAIR = re.compile(rb"(?:[?&#]|&amp;)([\w.\-\[\]%$]{1,80})=([^&;#\s\"'<>\\]+)")
_FORM = re.compile(rb"(?:^|&)([\w.\-\[\]%$]{1,80})=([^&]+)")
_CODED_PAIR = re.compile(
    rb"(?:%3[Ff]|%26|%23)([\w.\-]{1,80})%3[Dd]((?:[\w.\-~+*!()]|%(?!26|23|22|27|3[Bb])[0-9A-Fa-f]{2})+)"
)
_TOKEN = re.compile(rb"(?=[^0-9]*[0-9])[\w\-.~%+/=*!|:]{8,8192}|[\w\-]{20,8192}", re.ASCII)
_KEY = re.compile(
    rb"""(?:(\\?)["']([\w.\-]{1,80})\1["']|(?<![\w.\-])([\w\-]{1,80}))\s{0,8}[:=]\s{0,8}"""
    rb"""(?:\\?"((?:[^"\\\r\n]|\\[^"\r\n])*+)\\?"|\\?'((?:[^'\\\r\n]|\\[^'\r\n])*+)\\?'|(-?[0-9][0-9.eE+]*)(?=\s*[,}\]]))"""
)
_TAG = re.compile(rb"<(?:input|meta)\b([^<>]{0,20000})", re.IGNORECASE)
_ATTRIBUTE = re.compile(rb"""([\w\-:]{1,40})\s{0,8}=\s{0,8}(?:"([^"]*)"|'([^']*)'|([^\s"'<>]+))""")
_FIELD = re.compile(
    rb"""(?:[^\r\n]{0,2000}\r\n){0,8}?[^\r\n]{0,300}\bname="([^"\r\n]{1,80})"[^\r\n]{0,2000}\r\n"""
)
_DELIMITER = b"\r\n--"
_CREDENTIALS = re.compile(rb"://[^/@\s:\"'<>]{0,200}:([^/@\s\"'<>]{1,200})@")


class Named(NamedTuple):
    """A value in some bytes: where it stands, the name it has there, and how it may be spelled."""

    start: int
    end: int
    name: str
    kind: str  # cookie, header, parameter, key


def in_head(head: bytes) -> Iterator[Named]:
    """The secret parts of the fields of a message head, and of the address in its first line."""
    at = 0
    while at < len(head) and (line := _LINE.match(head, at)) is not None:
        name, colon, value = line[1].partition(b":")
        rule = rules().header(name.decode("latin-1").strip()) if colon and at else None
        if rule is not None:
            begin = at + len(name) + 1 + len(value) - len(value.lstrip())
            yield from _of_field(head, begin, begin + len(value.strip()), name.decode("latin-1"), rule)
        at = line.end()


def in_text(content: bytes, *, typed: bool = False) -> Iterator[Named]:
    """Values with secret names in addresses, objects and tags, wherever in a text.

    `typed`: the browser sent it, so whatever has such a name is a value. In what a site sends such names stand in
    code and in labels as well ("password": "请输入密码"): there the value must look like a token.
    """
    yield from in_pairs(content, typed=typed)
    for found in _KEY.finditer(content):
        rule, group = (
            _key(found[2] or found[3]),
            found.lastindex or 0,
        )  # the value: what stands behind is no group
        if rule is not None and _is_value(found[group], rule, typed=typed):
            yield Named(found.start(group), found.end(group), _text(found[2] or found[3]), "key")
    for tag in _TAG.finditer(content):
        yield from _of_tag(tag)


def in_pairs(content: bytes, *, typed: bool) -> Iterator[Named]:
    """What is secret in addresses: values of ``?name=value&name=value``, and the password before a host."""
    for pattern in (_PAIR, _CODED_PAIR):
        yield from _pairs(pattern, content, typed=typed)
    for found in _CREDENTIALS.finditer(content):
        yield Named(found.start(1), found.end(1), "password in an address", "parameter")


def in_form(content: bytes) -> Iterator[Named]:
    """The same in an urlencoded body."""
    yield from _pairs(_FORM, content, typed=True)


def _pairs(pattern: re.Pattern[bytes], content: bytes, *, typed: bool) -> Iterator[Named]:
    for found in pattern.finditer(content):
        rule = _parameter(found[1])
        if rule is not None and _is_value(found[2], rule, typed=typed):
            yield Named(found.start(2), found.end(2), _text(found[1]), "parameter")


def _is_value(value: bytes, rule: Rule, *, typed: bool) -> bool:
    if len(value) < max(1, rule.least):
        return False
    return typed or (_TOKEN.fullmatch(value) is not None and not rules().is_common(_text(value)))


def in_multipart(content: bytes) -> Iterator[Named]:
    """Values of the fields of a multipart/form-data body (RFC 7578) with a secret name."""
    at = 0
    # Not by one expression: that would look for each end again and again.
    for piece in content.split(_DELIMITER):
        found, blank = _FIELD.match(piece), piece.find(b"\r\n\r\n")
        if found is not None and blank >= 0 and found.start(1) < blank:
            rule = _parameter(found[1])
            if rule is not None and len(piece) - blank - 4 >= max(1, rule.least):
                yield Named(at + blank + 4, at + len(piece), _text(found[1]), "parameter")
        at += len(piece) + len(_DELIMITER)


def _of_field(head: bytes, begin: int, end: int, name: str, rule: Rule) -> Iterator[Named]:
    if rule.part in ("cookies", "cookie"):
        for cookie in _COOKIE.finditer(head, begin, end):
            value = cookie[2].rstrip()
            if value:
                yield Named(cookie.start(2), cookie.start(2) + len(value), _text(cookie[1].strip()), "cookie")
            if rule.part == "cookie":
                return
        return
    if rule.part == "scheme":
        first, blank, _ = head[begin:end].partition(b" ")
        begin += len(first) + 1 if blank else 0
    if begin < end:
        yield Named(begin, end, name, "header")


def _of_tag(tag: re.Match[bytes]) -> Iterator[Named]:
    """The value of an <input> or <meta> whose name, or whose type, is that of a secret."""
    about: dict[str, tuple[int, int]] = {}
    for found in _ATTRIBUTE.finditer(tag[1]):
        group = next(number for number in (2, 3, 4) if found[number] is not None)
        about.setdefault(_text(found[1]).lower(), found.span(group))
    texts = {name: tag[1][begin:end] for name, (begin, end) in about.items()}
    name = _text(texts.get("name") or texts.get("id") or texts.get("property") or b"")
    rule = _key(name.encode()) or _parameter(name.encode())
    where = about.get("value") or about.get("content")
    if where is None or where[0] == where[1]:
        return
    hidden = texts.get("type", b"").lower() == b"password"
    if hidden or (rule is not None and _is_value(tag[1][slice(*where)], rule, typed=False)):
        yield Named(tag.start(1) + where[0], tag.start(1) + where[1], name, "key")


def _text(name: bytes) -> str:
    return name.decode("utf-8", "replace")


@lru_cache(maxsize=8192)
def _key(name: bytes) -> Rule | None:
    return rules().key(_text(name))


@lru_cache(maxsize=8192)
def _parameter(name: bytes) -> Rule | None:
    return rules().parameter(_text(name))
