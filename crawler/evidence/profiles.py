"""Known time-stamping authorities, from authorities.toml beside this file: addresses and what is known of roots."""

import tomllib
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("authorities.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One authority. `verified`: policy and root were measured on a genuine token; see the file's head.

    Empty texts and None mean: not known. `root_sha256` is over the DER of the root certificate.
    """

    name: str
    title: str
    url: str
    domestic: bool
    paid: bool
    verified: bool
    policy: str = ""
    root_subject: str = ""
    root_sha256: str = ""
    root_not_before: datetime | None = None
    root_not_after: datetime | None = None
    remark: str = ""


@cache
def profiles() -> dict[str, Profile]:
    """All profiles by name."""
    entries = tomllib.loads(FILE.read_text("utf-8"))["authority"]
    return {entry["name"]: Profile(**entry) for entry in entries}
