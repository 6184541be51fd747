"""Lists of digests as `sha256sum` writes and reads them: 64 hex digits, two spaces, a name."""

import io
import re
from pathlib import Path

from crawler.evidence.checks.reading import read_small
from crawler.evidence.report import MOST_NAMED, Faults

_LINE = re.compile(r"([0-9a-f]{64})  (.+)")


def read_sums(path: Path, name: re.Pattern[str], limit: int, faults: Faults) -> dict[str, str]:
    """The digests (hex) by name, in the order of the list. A name has the form `name` and stands once.

    What is wrong with a line is a fault; after `MOST_NAMED` of those the rest is not read. Raises FormatError for a
    list that cannot be read or has more than `limit` bytes.
    """
    content = read_small(path, limit)
    listed: dict[str, str] = {}
    if not content.endswith(b"\n"):
        faults.add(f"{path.name} does not end with a whole line")
    malformed = 0
    for number, stored in enumerate(io.BytesIO(content), 1):
        line = stored.removesuffix(b"\n").decode("utf-8", "surrogateescape")
        match = _LINE.fullmatch(line)
        if match is None or not name.fullmatch(match[2]) or match[2] in listed:
            faults.add(f"{path.name} line {number} is malformed or names a file twice: {line[:120]!r}")
            malformed += 1
            if malformed == MOST_NAMED:
                faults.add(f"{path.name}: the lines after line {number} are not read")
                break
        else:
            listed[match[2]] = match[1]
    return listed
