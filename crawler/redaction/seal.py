"""Commitments to what was taken out: nobody can guess a value from its mark, and a judge can be shown that it was so.

    salt       = first 16 bytes of HMAC-SHA256(key, "evidence redaction v1" NUL capture NUL grade NUL value)
    commitment = SHA-256(salt ‖ value)             all texts as UTF-8; no name of a capture or grade holds a NUL

The same value has the same mark within one redacted capture, and an unrelated one in the next.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass, field

_LABEL = b"evidence redaction v1"
_SALT = 16  # bytes: nobody tries 2^128 salts
_SHOWN = 8  # hexadecimal digits of a commitment in its mark
_ALIAS = re.compile(r"(隐名)?[^-\x00-\x1f]{1,20}-([0-9a-f]{8,64})")  # pipelines/pseudonymize.py
MARK = re.compile(r"\[(?:withheld|person|person-masked):[0-9a-f]{8,64}\]")


@dataclass(slots=True)
class Seal:
    """The marks of one redacted capture. `key`: 32 secret bytes of the archive; `capture`: the original's name."""

    key: bytes
    capture: str
    grade: str
    _marked: dict[tuple[str, str], str] = field(default_factory=dict)  # value, kind → mark

    def salt(self, value: str) -> bytes:
        """16 bytes that nobody can make without the key."""
        message = b"\0".join((_LABEL, self.capture.encode(), self.grade.encode(), _utf8(value)))
        return hmac.digest(self.key, message, "sha256")[:_SALT]

    def commitment(self, value: str) -> str:
        """64 hexadecimal digits; see the module."""
        return hashlib.sha256(self.salt(value) + _utf8(value)).hexdigest()

    def mark(self, value: str, kind: str, alias: str | None = None) -> str:
        """What stands in the place of a value: ``[withheld:1a2b3c4d]``, or ``[person:…]`` with an alias's code.

        `kind` is what it was (person, mobile, …). A name that the site itself had masked is ``[person-masked:…]``:
        several people may share it.
        """
        known = self._marked.get((value, kind))
        if known is not None:
            return known
        coded = _ALIAS.fullmatch(alias) if alias else None
        if coded is not None:
            mark = f"[person{'-masked' if coded[1] else ''}:{coded[2]}]"
        else:
            mark = f"[withheld:{self.commitment(value)[:_SHOWN]}]"
        self._marked[value, kind] = mark
        return mark

    @property
    def values(self) -> frozenset[tuple[str, str]]:
        """Every value that was marked, with its kind."""
        return frozenset(self._marked)

    def statement(self) -> list[dict[str, str]]:
        """What anybody may see: mark, kind and commitment of each value, in the order of these."""
        return [{"mark": row["mark"], "kind": row["kind"], "sha256": row["sha256"]} for row in self.opening()]

    def opening(self) -> list[dict[str, str]]:
        """The same with salt and value: for the judge alone."""
        rows = [
            {
                "mark": mark,
                "kind": kind,
                "sha256": self.commitment(value),
                "salt": self.salt(value).hex(),
                "value": _utf8(value).decode("utf-8", "replace"),
            }
            for (value, kind), mark in self._marked.items()
        ]
        return sorted(rows, key=lambda row: (row["mark"], row["kind"], row["sha256"]))


def _utf8(value: str) -> bytes:
    return value.encode("utf-8", "replace")
