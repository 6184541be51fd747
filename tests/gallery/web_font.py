"""A web font of our own: one letter, a full square, at a code point that no installed font has."""

from functools import cache
from io import BytesIO

from fontTools.fontBuilder import FontBuilder  # type: ignore[import-untyped]
from fontTools.pens.ttGlyphPen import TTGlyphPen  # type: ignore[import-untyped]

SQUARE = "\ue001"  # private use: without the font it is nothing, or a thin box
_EM = 1000


@cache
def square_font() -> bytes:
    """A TrueType font."""
    builder = FontBuilder(_EM, isTTF=True)
    builder.setupGlyphOrder([".notdef", "square"])
    builder.setupCharacterMap({ord(SQUARE): "square"})
    builder.setupGlyf({".notdef": TTGlyphPen(None).glyph(), "square": _square()})
    builder.setupHorizontalMetrics({".notdef": (_EM, 0), "square": (_EM, 0)})
    builder.setupHorizontalHeader(ascent=_EM, descent=0)
    builder.setupNameTable({"familyName": "Gallery Squares", "styleName": "Regular"})
    builder.setupOS2(sTypoAscender=_EM, sTypoDescender=0, usWinAscent=_EM, usWinDescent=0)
    builder.setupPost()
    file = BytesIO()
    builder.save(file)
    return file.getvalue()


def _square() -> object:
    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    for corner in ((0, _EM), (_EM, _EM), (_EM, 0)):
        pen.lineTo(corner)
    pen.closePath()
    return pen.glyph()
