"""How one value may be spelled: what it is searched for as, and what finds it with each character escaped alone."""

import base64
import html
import json
import quopri
import re
from collections.abc import Iterator
from functools import lru_cache
from html.entities import html5
from urllib.parse import quote, quote_plus

SEARCHED_IN_BASE64 = 8  # bytes: of a shorter value base64 shows too few characters that are its own

_ENTITIES: dict[str, list[str]] = {}
for _name, _meaning in html5.items():
    _ENTITIES.setdefault(_meaning, []).append(_name)
_URLSAFE = bytes.maketrans(b"+/", b"-_")
_BROKEN = rb"(?:\\{1,2}[rn]|\s|%0[AaDd]){0,8}"  # what may stand between two characters of base64
# What may stand between two characters of a value without parting them: a soft line break, tags.
_BETWEEN = rb"(?:=[ \t]{0,8}\r?\n|<[^<>]{0,400}>){0,8}"


@lru_cache(maxsize=4096)
def spellings(value: str) -> dict[bytes, str]:
    """Whole spellings of a value, each with its name; the longest first."""
    raw = _utf8(value)
    found: dict[bytes, str] = {}
    for name, written in _written(value):
        found.setdefault(_utf8(written), name)
    for coding in ("utf-16-le", "utf-16-be"):
        found.setdefault(value.encode(coding, "surrogatepass"), coding)
    if not value.isascii():
        found.setdefault(value.encode("gb18030", "replace"), "gb18030")
        for octets in (
            "".join(f"\\x{octet:02x}" for octet in raw),
            "".join(f"\\x{octet:02X}" for octet in raw),
        ):
            found.setdefault(octets.encode(), "octets")  # as Python and C print bytes
    if len(raw) >= SEARCHED_IN_BASE64:
        for text in cores(raw):
            found.setdefault(text, "base64")
            found.setdefault(text.translate(_URLSAFE), "base64")
        found.setdefault(raw.hex().encode(), "hexadecimal")
        found.setdefault(raw.hex().upper().encode(), "hexadecimal")
    found.setdefault(quopri.encodestring(raw).replace(b"=\n", b""), "quoted-printable")
    return dict(sorted(found.items(), key=lambda item: -len(item[0])))


def cores(raw: bytes) -> Iterator[bytes]:
    """What base64 (RFC 4648 §4) makes of these bytes within others, at each alignment: the characters they decide."""
    for before in range(3):
        coded = base64.b64encode(bytes(before) + raw + b"\0\0")
        yield coded[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6]


def _written(value: str) -> Iterator[tuple[str, str]]:
    raw = _utf8(value)
    yield "as it is", value
    percent = quote(raw, safe="")
    for safe in ("", "/", "!'()*~", ";,/?:@&=+$!*'()#"):
        text = quote(raw, safe=safe)
        yield "percent", text
        yield "percent", re.sub("%[0-9A-F]{2}", lambda match: match[0].lower(), text)
    yield "percent", quote_plus(raw)
    yield "percent twice", percent.replace("%", "%25")
    for text in (json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]):
        yield "json", text
        yield "json", text.replace("/", "\\/")
    yield "html", html.escape(value)
    yield "html", html.escape(value, quote=False)


@lru_cache(maxsize=512)
def tolerant(value: str) -> re.Pattern[bytes]:
    """Finds a value each of whose characters may be escaped in its own way. Slow: for contents known to hold it."""
    return re.compile(_BETWEEN.join(_character(character) for character in value))


@lru_cache(maxsize=512)
def tolerant_base64(value: str) -> re.Pattern[bytes]:
    """The same for a value in base64, whose lines may be broken."""
    coded = [spelled.decode() for spelled, name in spellings(value).items() if name == "base64"]
    choices = [_BROKEN.join(_character(character) for character in text) for text in coded]
    return re.compile(b"|".join(choices) if choices else rb"(?!)")


def _character(character: str) -> bytes:
    """Alternatives for one character: as it is, percent, HTML, JavaScript, CSS and quoted-printable escapes."""
    raw, point = _utf8(character), ord(character)
    units = character.encode("utf-16-be", "surrogatepass")
    choices = [
        *(re.escape(name) for name in sorted({raw, character.encode("gb18030", "replace")})),
        b"".join(rb"%%(?:25){0,3}(?i:%02x)" % byte for byte in raw),
        b"".join(rb"=(?i:%02x)" % byte for byte in raw),
        b"".join(rb"\\{1,2}u(?i:%s)" % units[at : at + 2].hex().encode() for at in range(0, len(units), 2)),
        rb"\\u\{0{0,4}(?i:%x)\}" % point,
        rb"&(?:amp;)?#0{0,6}%d;?" % point,
        rb"&(?:amp;)?#[xX]0{0,6}(?i:%x);?" % point,
        *(rb"&(?:amp;)?%s" % re.escape(name.encode()) for name in _ENTITIES.get(character, ())),
    ]
    if point < 256:
        choices += [rb"\\{1,2}x(?i:%02x)" % point, rb"\\0{0,4}(?i:%x) ?" % point]
    if not character.isalnum():
        choices.append(rb"\\{1,3}" + re.escape(raw))
    if character == " ":
        choices.append(rb"\+")
    return b"(?:" + b"|".join(choices) + b")"


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
