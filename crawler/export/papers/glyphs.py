"""Characters that no font on this machine has: found by WeasyPrint while it draws, then named by their numbers.

An empty box tells a reader nothing, and PDF/A forbids it (ISO 19005-3, 6.2.11.8: no reference to .notdef).
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

_SAYS = ".notdef glyph"  # how WeasyPrint's warning begins; its arguments are the character and its number


@contextmanager
def missing_glyphs() -> Iterator[set[int]]:
    """Fills the set with the numbers of characters that could not be drawn within; they are not warned of."""
    found: set[int] = set()

    def collect(record: logging.LogRecord) -> bool:
        if not str(record.msg).startswith(_SAYS) or not isinstance(record.args, tuple):
            return True
        found.update(number for number in record.args if isinstance(number, int))
        return False

    logger = logging.getLogger("weasyprint")
    logger.addFilter(collect)
    try:
        yield found
    finally:
        logger.removeFilter(collect)


def named(text: str, missing: set[int]) -> str:
    """The text with these characters as 〔U+1F600〕."""
    return text.translate({number: f"〔U+{number:04X}〕" for number in missing})
