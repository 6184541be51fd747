"""What stands in the place of a secret: a commitment to it, that only who knows it can open."""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from crawler.withholding.search import Span, merged

CUTS_LISTED = 2000  # of one part of a record; a page that repeats a secret more often is counted
_WIDE = ("utf-16-le", "utf-16-be")

Json = dict[str, Any]


@dataclass(slots=True)
class Mask:
    """The marks of one page: equal secrets have equal marks in it, and other ones in the next page."""

    salt: bytes = field(default_factory=lambda: secrets.token_bytes(16))

    def commitment(self, value: str) -> str:
        """SHA-256 of the salt and the value's UTF-8 bytes, 64 hexadecimal digits."""
        return hashlib.sha256(self.salt + value.encode("utf-8", "surrogatepass")).hexdigest()

    def mark(self, value: str) -> str:
        """``[withheld:1a2b3c4d]``: the beginning of the commitment."""
        return f"[withheld:{self.commitment(value)[:8]}]"

    def cut(self, content: bytes, spans: Iterable[Span]) -> tuple[bytes, list[Json]]:
        """The content with marks in the place of these spans, and the list of cuts: offsets are in `content`."""
        pieces: list[bytes] = []
        cuts: list[Json] = []
        at = 0
        places = merged(spans)
        for span in places:
            mark = self.mark(span.value)
            pieces += [
                content[at : span.start],
                mark.encode(span.spelling if span.spelling in _WIDE else "ascii"),
            ]
            at = span.end
            if len(cuts) < CUTS_LISTED:
                cuts.append(
                    {
                        "offset": span.start,
                        "length": span.end - span.start,
                        "mark": mark,
                        "spelling": span.spelling,
                    }
                )
        if len(places) > CUTS_LISTED:
            cuts.append({"more": len(places) - CUTS_LISTED})
        return b"".join((*pieces, content[at:])), cuts
