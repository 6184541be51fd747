"""A part of a recorded body: media elements ask for byte ranges (RFC 9110, section 14), not always the same ones."""

import re
from typing import NamedTuple

_ASKED = re.compile(r"bytes=(\d{1,18})-(\d{0,18})")
_GIVEN = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)")


class Part(NamedTuple):
    """Bytes of a whole, and the value of Content-Range that says which."""

    content: bytes
    content_range: str


def cut_out(body: bytes, content_range: str | None, wanted: str) -> Part | None:
    """The part that a Range field asks for, from a body whose own place `content_range` tells (None: the whole).

    None where the body does not hold the first of these bytes, or the field asks for something else.
    """
    asked, given = _ASKED.fullmatch(wanted), _GIVEN.fullmatch(content_range or "")
    if asked is None or (content_range is not None and given is None):
        return None
    begins = int(given[1]) if given is not None else 0
    total = given[3] if given is not None else str(len(body))
    first = int(asked[1])
    if not begins <= first < begins + len(body):
        return None
    last = min(int(asked[2] or begins + len(body) - 1), begins + len(body) - 1)
    content = body[first - begins : last - begins + 1]
    return Part(content, f"bytes {first}-{last}/{total}") if content else None
