"""Which elements and attributes a redacted page keeps: those that are known to be harmless."""

import re

# Elements that go with all that is in them.
GONE = frozenset(
    (
        "script", "noscript", "template", "meta", "base", "noframes", "frameset", "frame", "param", "source", "track",
        "map", "area", "datalist", "bgsound", "noembed", "xml", "portal", "fencedframe", "math",
    )
)  # fmt: skip
# Pictures and what else is drawn: an empty box of the same place and size stays, so that the page looks like itself.
BOXES = frozenset(("iframe", "object", "embed", "applet", "video", "audio", "canvas", "svg"))
VOID = frozenset(("br", "hr", "img", "input", "wbr", "col", "link", "keygen", "basefont"))
# Elements that part no line of text: a name may begin within one and end behind it.
INLINE = frozenset(
    (
        "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "del", "dfn", "em", "font", "i", "ins",
        "kbd", "label", "mark", "nobr", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "time",
        "tt",
        "u", "var", "wbr", "img",
    )
)  # fmt: skip
NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")
_TOKENS = ("class", "id")
_WORDS = {
    "dir", "lang", "align", "valign", "bgcolor", "color", "face", "type", "scope", "hidden", "open", "nowrap",
    "clear", "datetime", "reversed", "disabled", "multiple", "wrap", "rules", "frame", "noshade",
}  # fmt: skip
_NUMBERS = {
    "colspan", "rowspan", "span", "width", "height", "border", "cellpadding", "cellspacing", "size", "start", "cols",
    "rows", "hspace", "vspace",
}  # fmt: skip
_WORD = re.compile(r"[A-Za-z0-9 #:.,+_-]{0,60}")
_NUMBER = re.compile(r"[+-]?[0-9]{1,5}(?:\.[0-9]{1,4})?(?:%|px|em|\*)?")
_TOKEN_LIST = re.compile(r"[\w\s:/.\[\]()%#!,@&*+-]{1,600}")
# Account numbers and keys that pages put into names of classes: nobody knows whose they are.
_NUMBERED = re.compile(r"[0-9]{5}|(?=[A-Za-z]*[0-9])(?=[0-9]*[A-Za-z])[A-Za-z0-9]{16}|[0-9a-f]{12}")


def plain_attribute(name: str, value: str) -> bool:
    """Whether an attribute is kept as it is, if no value that goes is in it. Not: style, href, title."""
    if name in _NUMBERS:
        return _NUMBER.fullmatch(value.strip()) is not None
    if name in _WORDS:
        return _WORD.fullmatch(value) is not None and _NUMBERED.search(value) is None
    if name in _TOKENS:
        return _TOKEN_LIST.fullmatch(value) is not None and _NUMBERED.search(value) is None
    return False
