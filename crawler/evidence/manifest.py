"""Manifests: the leaves of the log. One canonical JSON object per captured exchange or custody event.

Canonical form is RFC 8785 (JCS). A leaf is at most 65,535 bytes, the limit of a C2SP tlog-tiles entry
(https://c2sp.org/tlog-tiles), so a manifest describes a page and never holds it.

Two kinds of leaf:

``capture``  one recorded exchange: see `Capture`.
``event``    one act that matters for custody: archive-created, warc-opened, run-started, run-closed, recovered,
             host-stopped, case-created, exhibit-added, bundle-exported …: see `Event`.
"""

import json
import re
import uuid
from dataclasses import asdict, dataclass, field
from typing import Any

import rfc8785

from crawler.errors import FormatError

MAX_LEAF = 65_535  # a uint16 length
VERSION = 1
STATES = ("complete", "partial", "blocked", "failed")
FIDELITIES = ("wire-exact", "browser-decoded", "derived", "imported")
DOM = "dom"  # the artefact that parsers read

_SAFE_DIGITS = 15  # integers of so many digits are below 2**53 and written as they are (RFC 8785, 3.2.2.3)
_BEYOND_BMP = re.compile(rb"[\xf0-\xff]")  # first byte of a character above U+FFFF in UTF-8

Json = dict[str, Any]


def new_capture_id() -> str:
    """32 hex digits of random bits."""
    return uuid.uuid4().hex


def canonical(content: Json) -> bytes:
    """RFC 8785 bytes of a JSON object. Raises FormatError if it has no canonical form or is over 64 KiB."""
    try:
        encoded = rfc8785.dumps(content)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
        raise FormatError(f"no canonical JSON form: {error}") from error
    if len(encoded) > MAX_LEAF:
        raise FormatError(f"a manifest may have at most {MAX_LEAF} bytes; this one has {len(encoded)}")
    return encoded


def event_beginning(act: str) -> bytes:
    """What the leaf of an event of that act begins with: canonical JSON sorts its keys, and `act` is the first.

    So a log can be searched for events without parsing every leaf.
    """
    return f'{{"act":"{act}",'.encode()


def parse_leaf(leaf: bytes) -> Json:
    """The object in a leaf. Raises FormatError unless the bytes are exactly its canonical form."""
    try:
        content = _plainly_canonical(leaf)
        if content is None:
            content = json.loads(leaf)
            if not isinstance(content, dict) or canonical(content) != leaf:
                raise FormatError("leaf is not a canonical JSON object (RFC 8785)")
    except (ValueError, RecursionError) as error:
        raise FormatError(f"leaf is not JSON: {error}") from error
    if type(content.get("version")) is not int or content["version"] != VERSION:  # true equals 1
        raise FormatError(f"unknown leaf: version {content.get('version')!r}")
    if content.get("kind") not in ("capture", "event"):
        raise FormatError(f"unknown leaf: kind {content.get('kind')!r}")
    return content


class _UnusualNumber(Exception):
    """A number whose canonical form is not for `json` to tell."""


def _safe_integer(text: str) -> int:
    if len(text) > _SAFE_DIGITS:
        raise _UnusualNumber
    return int(text)


def _unusual(_text: str) -> None:
    raise _UnusualNumber


_READER = json.JSONDecoder(parse_int=_safe_integer, parse_float=_unusual, parse_constant=_unusual)
_WRITER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _plainly_canonical(leaf: bytes) -> Json | None:
    """The object in a leaf that is plainly in canonical form; None leaves the question to the library.

    Some ten times as fast as `rfc8785`, because all of it runs in C. The standard library writes what RFC 8785
    asks for, but for two things: numbers that are no small integer, and the order of keys with characters
    beyond U+FFFF (section 3.2.3 sorts by UTF-16 code units). Leaves with either are left to the library. Bytes
    that equal what is written again also hold no blank, no needless escape and no key twice.
    """
    if _BEYOND_BMP.search(leaf):
        return None
    try:
        text = leaf.decode("utf-8")
        content = _READER.decode(text)
        if isinstance(content, dict) and len(leaf) <= MAX_LEAF and _WRITER.encode(content) == text:
            return content
    except (_UnusualNumber, ValueError):
        return None
    return None


@dataclass(frozen=True, slots=True)
class Locator:
    """Where one stored (compressed) record lies: a file relative to the archive, and its bytes there."""

    file: str
    offset: int
    length: int

    def __str__(self) -> str:
        return f"{self.file}:{self.offset}+{self.length}"

    @property
    def end(self) -> int:
        return self.offset + self.length


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """One WARC record as stored. `sha256` and `sm3` cover the stored (compressed) bytes at `locator`."""

    type: str  # WARC-Type
    id: str  # <urn:uuid:…>
    locator: Locator
    sha256: str
    sm3: str
    block_digest: str  # sha256 of the block, as in WARC-Block-Digest
    payload_digest: str | None  # sha256 of the entity body (transfer coding removed, content coding kept)
    payload_length: int | None


@dataclass(frozen=True, slots=True)
class SealedTime:
    """The latest checkpoint that held timestamp tokens when this began: *not before* their genTime.

    `checkpoint` is the digest of the signed note's bytes, `tokens` those of the .tsr files.
    """

    size: int
    checkpoint: str
    tokens: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Redacted:
    """Of what capture a redacted one was made: entry and digest of its leaf, so that the log proves it unseen.

    `leaf` is the digest under which that leaf is in the Merkle tree (RFC 6962 section 2.1), ``sha256:…``.
    `started` and `ended` are those of the original. `rules` is the version of crawler.redaction that made it,
    `basis` a keyed digest of what it went by.
    """

    grade: str
    case: str
    rules: int
    basis: str
    entry: int
    leaf: str
    started: str
    ended: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """One recorded exchange, with everything that is needed to check it and to read it again.

    `state` is one of STATES; `reason` says why it is not complete. `network` holds what was observed of
    DNS, peer, proxy and TLS; what was not observed is absent from it, never invented. `read_with` names
    the spider callback and arguments that parse it (None: nothing parses it, e.g. robots.txt).

    A rendered page is one capture; every other exchange that it made is a capture of its own, which names it in
    `page`. `look` tells what was made of the page: ``artefacts`` (name → record id), ``missing`` (name → reason),
    and what was observed while it was looked at (docs/formats.md). `withheld`: an original that holds secrets of a
    person's browser; it stays in the archive. `original` names it in the capture from which they were cut out.
    `imported` says from which file a capture was taken, and what that file claims of it. `redacted`: made from
    another capture, which `original` names, for a grade of export that shows no people.
    """

    id: str
    run: str
    site: str
    url: str
    method: str
    state: str
    fidelity: str
    started: str  # UTC, RFC 3339, microseconds
    ended: str
    records: tuple[StoredRecord, ...]
    reason: str | None = None
    status: int | None = None
    media_type: str | None = None
    request_key: str | None = None  # hex fingerprint of the request in the frontier
    follows: str | None = None  # capture id of the redirect hop or attempt before this one
    network: Json = field(default_factory=dict)
    read_with: Json | None = None
    after: SealedTime | None = None
    page: str | None = None  # capture id
    look: Json | None = None
    withheld: bool | None = None
    original: str | None = None  # capture id
    imported: Json | None = None
    redacted: Redacted | None = None

    @property
    def response(self) -> StoredRecord | None:
        """The record that holds the page: response, else resource; None for a failed or refused fetch."""
        return next((record for record in self.records if record.type in ("response", "resource")), None)

    @property
    def reading(self) -> StoredRecord | None:
        """The record that parsers read: the DOM of a rendered page as it stood, else the response."""
        return self.artefact(DOM) if self.look is not None else self.response

    @property
    def readable(self) -> bool:
        """Whether parsers may read it: a complete page, or a rendered one whose DOM is there whatever else is not."""
        whole = self.state == "complete" or (self.look is not None and self.state == "partial")
        return whole and self.reading is not None

    def artefact(self, name: str) -> StoredRecord | None:
        """The record of one artefact of a rendered page; None if it was not made."""
        wanted = (self.look or {}).get("artefacts", {}).get(name)
        return next((record for record in self.records if record.id == wanted), None)

    def to_leaf(self) -> bytes:
        """Canonical bytes for the log. Fields that are None are left out."""
        return canonical({"version": VERSION, "kind": "capture", **_present(asdict(self))})

    @classmethod
    def from_leaf(cls, leaf: bytes) -> "Capture":
        """Read back a ``capture`` leaf. Raises FormatError for missing, unknown or ill-typed fields."""
        return cls.from_json(parse_leaf(leaf))

    @classmethod
    def from_json(cls, content: Json) -> "Capture":
        """As `from_leaf`, for a leaf that `parse_leaf` has read."""
        if content.get("kind") != "capture":
            raise FormatError(f"not a capture but {content.get('kind')!r}")
        fields = {name: value for name, value in content.items() if name not in ("version", "kind")}
        try:
            fields["records"] = tuple(_stored_record(record) for record in fields["records"])
            if "after" in fields:
                after = fields["after"]
                fields["after"] = SealedTime(after["size"], after["checkpoint"], tuple(after["tokens"]))
            if "redacted" in fields:
                fields["redacted"] = Redacted(**fields["redacted"])
            capture = cls(**fields)
        except (KeyError, TypeError) as error:
            raise FormatError(f"capture manifest has missing or unknown fields: {error}") from error
        if capture.state not in STATES or capture.fidelity not in FIDELITIES:
            raise FormatError(f"capture {capture.id}: state {capture.state!r}, fidelity {capture.fidelity!r}")
        return capture


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One act in the chain of custody: who (operator or "tool"), when, what, with its details."""

    act: str
    time: str  # UTC, RFC 3339, microseconds
    by: str
    details: Json = field(default_factory=dict)
    after: SealedTime | None = None

    def to_leaf(self) -> bytes:
        """Canonical bytes for the log."""
        return canonical({"version": VERSION, "kind": "event", **_present(asdict(self))})


def _present(fields: Json) -> Json:
    return {
        name: _present(value)
        if isinstance(value, dict)
        else [_present(v) if isinstance(v, dict) else v for v in value]
        if isinstance(value, list | tuple)
        else value
        for name, value in fields.items()
        if value is not None
    }


def _stored_record(fields: Json) -> StoredRecord:
    locator = Locator(**fields["locator"])
    return StoredRecord(**{"payload_digest": None, "payload_length": None, **fields, "locator": locator})
