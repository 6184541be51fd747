"""Characters that no font on this machine has are named by their numbers.

An empty box tells a reader nothing, and PDF/A forbids it (ISO 19005-3, 6.2.11.8: no reference to .notdef).
"""

from typing import Any


def missing_glyphs(document: Any) -> set[int]:
    """The numbers of characters that a document of WeasyPrint's, once painted, has found in none of its fonts."""
    return {number for font in document.fonts.values() for number in font.missing}


def named(text: str, missing: set[int]) -> str:
    """The text with these characters as 〔U+1F600〕."""
    return text.translate({number: f"〔U+{number:04X}〕" for number in missing})
