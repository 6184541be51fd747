"""Style sheets without what loads anything, and without names in their texts (``content: "张三"``)."""

import re
from typing import Protocol

LONGEST = 4_000_000  # characters; the largest of the saved pages has 134,000

# Every alternative begins with a character of its own and is linear; what is in none of them stays as it is.
_TOKEN = re.compile(
    r"""(?P<comment>/\*(?:[^*]|\*(?!/))*(?:\*/)?)"""
    r"""|(?P<string>"(?:[^"\\\n]|\\[\s\S])*"?|'(?:[^'\\\n]|\\[\s\S])*'?)"""
    r"""|(?P<url>\b(?:url|src|image)\(\s*(?:"(?:[^"\\\n]|\\[\s\S])*"?|'(?:[^'\\\n]|\\[\s\S])*'?|[^)"'\\]*)[^)]{0,2000}\)?)"""
    r"""|(?P<sheet>@(?:import|charset|namespace)\b[^;{}]{0,4000};?)"""
    r"""|(?P<escape>\\[0-9a-zA-Z][0-9a-fA-F]{0,5}[ ]?)"""
    r"""|(?P<loader>\b(?:expression|behavior|-moz-binding|image-set|-webkit-image-set)\b)"""
    r"""|(?P<tag><)""",
    re.IGNORECASE,
)
_ESCAPED = re.compile(r"\\(?:([0-9a-fA-F]{1,6})[ \n]?|\n|([\s\S]))")
_PLAIN = re.compile(r"[\x20-\x7e\u00a0-\u024f\u2000-\u2bff\ue000-\uf8ff]*")  # letters of Europe, marks, icons
_ADDRESS = re.compile(r"//|:|/|\.(?:png|jpe?g|gif|svg|webp|css|woff)", re.IGNORECASE)
_WIDEST = 0x10FFFF


class Texts(Protocol):
    """What a style sheet needs of a masker."""

    def text(self, text: str) -> str:
        """A text without what goes."""


def rewritten_css(text: str, masker: Texts) -> str:
    """The sheet, or the declarations of a ``style`` attribute, that loads nothing and names nobody."""
    if len(text) > LONGEST:
        return ""
    return _TOKEN.sub(lambda found: _written(found, masker), text.replace("\0", ""))


def _written(found: re.Match[str], masker: Texts) -> str:
    kind = found.lastgroup
    if kind == "string":
        return _string(found[0], masker)
    if kind == "url":
        return "none"
    if kind in ("escape", "loader"):
        return "_"  # an escaped letter may spell url( or a name
    return ""


def _string(written: str, masker: Texts) -> str:
    inner = written[1:-1] if len(written) > 1 and written[-1] == written[0] else written[1:]
    plain = _ESCAPED.sub(_character, inner)
    masked = masker.text(plain)
    if _ADDRESS.search(plain) and len(plain) > 1:
        return '""'
    if masked == plain and (inner == plain or _PLAIN.fullmatch(plain)):
        return written if written[-1] == written[0] and len(written) > 1 else written + written[0]
    safe = "".join(each if each.isalnum() or each in " [](),.:-_，。：" else " " for each in masked)
    return f'"{safe}"'


def _character(found: re.Match[str]) -> str:
    if found[1] is None:
        return found[2] or ""
    code = int(found[1], 16)
    return chr(code) if code <= _WIDEST and not 0xD800 <= code <= 0xDFFF else "\ufffd"
