"""What an importer finds in a file: exchanges that become captures, and records that are refused with a reason.

An importer reads its file as often as it is asked: once without bodies, to see whether the file is whole and what
is in it, and once more to land it. Both times it finds the same things under the same keys.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from crawler.errors import FormatError

Json = dict[str, Any]
Step = Callable[[int], None]  # told how many bytes of the file were read

URL_LIMIT = 16_000  # bytes of UTF-8: a leaf of 64 KiB holds it
TEXT_LIMIT = 300  # characters of one text that a file claims, in a manifest or an event

_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Terms:
    """What is wanted of an import: how many bytes of a body are taken, and what the operator stated."""

    body_limit: int  # bytes of a page's body; the rest of a larger one is left in the file
    url: str | None = None  # of a saved page that does not say where it comes from
    trust: Path | None = None  # the verifier's folder, for signatures of WACZ files


@dataclass(frozen=True, slots=True)
class Revisit:
    """Whose payload a revisit record stands for: a record's id, or an address and a date, or a payload digest."""

    record: str | None
    uri: str | None
    date: str | None
    payload: str | None  # its digest, as labelled


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One exchange, or one part of a page, as the file holds it. Bodies are None where they were not asked for.

    `key` names it within its file. `claimed` is what the file says of it (date, record, software, ip …), bounded
    texts; `facts` is what else goes into the metadata record. `reason` says why it is not whole; `page` is the key
    of the page that it belongs to.
    """

    key: str
    url: str
    method: str = "GET"
    request: bytes | None = None
    response: bytes | None = None
    resource: bytes | None = None
    media_type: str = "application/octet-stream"  # of `resource`
    truncated: bool = False
    answered: bool = True  # False: nothing but a request, or a statement that it failed
    reason: str | None = None
    page: str | None = None
    revisit: Revisit | None = None
    payload: str | None = None  # digest of the payload as the file declares it, if it is true
    claimed: Json = field(default_factory=dict)
    facts: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refused:
    """A record that is not taken: what names it in the file, and why."""

    record: str
    reason: str


Found = Exchange | Refused


class Source(Protocol):
    """A file of one format."""

    format: str
    path: Path  # where its bytes are; a file that waits in the archive is moved once the log tells of it
    claims: Json  # what the whole file says of itself, and what verifying it found
    counts: dict[str, int]  # of what the last reading met, by the file's own kinds

    def found(self, *, bodies: bool, step: Step) -> Iterator[Found]:
        """Everything in it. Raises FormatError where the file itself is broken."""
        ...


def require_url(url: str) -> str:
    """An address that a record and a leaf can hold. Raises FormatError."""
    if not url or _CONTROL.search(url):
        raise FormatError(f"its address is empty or holds control characters: {url[:80]!r}")
    if len(url.encode()) > URL_LIMIT:
        raise FormatError(f"its address has {len(url.encode())} bytes, more than {URL_LIMIT}: {url[:60]}…")
    try:
        parts = urlsplit(url)
        if not parts.scheme or (parts.scheme in ("http", "https") and not parts.hostname) or parts.port == 0:
            raise FormatError(f"its address is none: {url[:80]!r}")
    except ValueError as error:
        raise FormatError(f"its address is none: {url[:80]!r} ({error})") from error
    return url


def claim(value: object, limit: int = TEXT_LIMIT) -> str | None:
    """A text that a file claims, made harmless: one line, bounded; None for what is no text or empty."""
    if not isinstance(value, str):
        return None
    text = _CONTROL.sub(" ", value).strip()
    return text[:limit] or None


def claims_of(**values: object) -> Json:
    """The claims that are there."""
    return {name: text for name, value in values.items() if (text := claim(value)) is not None}
