"""Leaves as a verifier reads them: every field of the type it claims, every reference to a seal true."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from crawler.errors import FormatError
from crawler.evidence.digest import parse_digest
from crawler.evidence.manifest import Capture, Event, Json, Redacted, SealedTime, StoredRecord, parse_leaf

_WARC_NAME = re.compile(r"warc/[0-9]{5,9}\.warc\.gz")
_TEXT = (str,)
_OPTIONAL_TEXT = (str, type(None))
_CAPTURE_TYPES: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("id", "run", "site", "url", "method", "state", "fidelity", "started", "ended"), _TEXT),
    **dict.fromkeys(("reason", "media_type", "request_key", "follows", "page", "original"), _OPTIONAL_TEXT),
    "status": (int, type(None)),
    "network": (dict,),
    **dict.fromkeys(("read_with", "look", "imported"), (dict, type(None))),
    "records": (tuple,),
    "after": (SealedTime, type(None)),
    "redacted": (Redacted, type(None)),
}
_REDACTED_TYPES: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("grade", "case", "basis", "leaf", "started", "ended"), _TEXT),
    **dict.fromkeys(("rules", "entry"), (int,)),
}


@dataclass(slots=True)
class Seal:
    """A signed checkpoint as found: its note's digest, and the digest of each token under the TSA's name."""

    note: str
    tokens: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf that was read: exactly one of `capture` and `event`, and the records it names."""

    capture: Capture | None
    event: Event | None
    records: tuple[StoredRecord, ...]

    @property
    def after(self) -> SealedTime | None:
        """The seal that this leaf commits to."""
        if self.capture is not None:
            return self.capture.after
        return self.event.after if self.event is not None else None

    def __str__(self) -> str:
        if self.capture is not None:
            return f"capture {self.capture.id}"
        return f"event {self.event.act}" if self.event is not None else "empty leaf"


def read_leaf(leaf: bytes) -> Leaf:
    """Read a capture or an event strictly. Raises FormatError for anything that our writer would not write."""
    try:
        content = parse_leaf(leaf)
        if content["kind"] == "capture":
            capture = Capture.from_json(content)
            _require_types(capture, _CAPTURE_TYPES)
            _require_look(capture)
            if capture.withheld is not None and capture.withheld is not True:
                raise FormatError("field withheld is there and is not true")
            for record in capture.records:
                _require_record(record)
            _require_seal(capture.after)
            _require_redacted(capture)
            return Leaf(capture, None, capture.records)
        return _read_event(content)
    except RecursionError as error:
        raise FormatError("leaf is nested too deeply") from error


def check_after(leaf: Leaf, index: int, seals: Mapping[int, Seal]) -> None:
    """Check that the seal a leaf commits to exists and came before it. Raises FormatError.

    More tokens may have arrived for that checkpoint later (the retry queue), so those that the leaf names
    must be among them.
    """
    after = leaf.after
    if after is None:
        return
    seal = seals.get(after.size)
    if after.size > index:
        raise FormatError(f"commits to checkpoint {after.size}, which did not exist yet")
    if seal is None or seal.note != after.checkpoint:
        raise FormatError(f"commits to a checkpoint of size {after.size} that is not there or is another one")
    if not after.tokens or not set(after.tokens) <= set(seal.tokens.values()):
        raise FormatError(f"commits to timestamp tokens of checkpoint {after.size} that are not there")


def check_handed_over(leaf: Leaf) -> None:
    """Raise FormatError for a sealed original: it holds secrets of a person's browser, and nothing may carry it."""
    if leaf.capture is not None and leaf.capture.withheld:
        raise FormatError(
            "is a sealed original, which is never handed over: whoever exported it did so by hand"
        )


def _read_event(content: Json) -> Leaf:
    known = {"version", "kind", *(entry.name for entry in fields(Event))}
    if set(content) - known or not {"act", "time", "by"} <= set(content):
        raise FormatError(f"event has missing or unknown fields: {', '.join(sorted(content))}")
    details = content.get("details", {})
    try:
        after = content.get("after")
        seal = (
            None if after is None else SealedTime(after["size"], after["checkpoint"], tuple(after["tokens"]))
        )
        event = Event(act=content["act"], time=content["time"], by=content["by"], details=details, after=seal)
        _require_types(event, {"act": _TEXT, "time": _TEXT, "by": _TEXT, "details": (dict,)})
        _require_seal(seal)
        if event.act != "warc-opened":
            return Leaf(None, event, ())
        record = Capture.from_json(_as_capture(details["record"])).records[0]
    except (KeyError, TypeError, IndexError) as error:
        raise FormatError(f"event has missing or ill-typed fields: {error}") from error
    _require_record(record)
    return Leaf(None, event, (record,))


def _as_capture(record: Json) -> Json:
    """A capture around one record, so that one reader of stored records serves both kinds of leaf."""
    texts = dict.fromkeys(("id", "run", "site", "url", "method", "started", "ended"), "")
    return {"kind": "capture", **texts, "state": "complete", "fidelity": "derived", "records": [record]}


def _require_types(subject: object, types: Mapping[str, tuple[type, ...]]) -> None:
    for name, accepted in types.items():
        value = getattr(subject, name)
        if not isinstance(value, accepted) or isinstance(value, bool):
            raise FormatError(f"field {name} is of type {type(value).__name__}")


def _require_look(capture: Capture) -> None:
    """What was made of a page (name → id of a record of this capture), and what was not (name → reason)."""
    look = capture.look
    if look is None:
        return
    for name in ("artefacts", "missing"):
        named = look.get(name)
        if not isinstance(named, dict) or not all(isinstance(value, str) for value in named.values()):
            raise FormatError(f"field look.{name} is no object of texts")
    if not isinstance(look.get("plain"), str | None):
        raise FormatError(f"field look.plain is of type {type(look['plain']).__name__}")
    lacking = set(look["artefacts"].values()) - {record.id for record in capture.records}
    if lacking:
        raise FormatError(f"field look.artefacts names {min(lacking)}, which is no record of this capture")


def _require_redacted(capture: Capture) -> None:
    """What a redacted capture says of its original."""
    redacted = capture.redacted
    if redacted is None:
        return
    _require_types(redacted, _REDACTED_TYPES)
    _require_digest(redacted.leaf, "sha256")
    if capture.original is None or redacted.entry < 0:
        raise FormatError("field redacted is there, but names no original")


def _require_record(record: StoredRecord) -> None:
    _require_types(record, {"type": _TEXT, "id": _TEXT, "payload_length": (int, type(None))})
    locator = record.locator
    _require_types(locator, {"file": _TEXT, "offset": (int,), "length": (int,)})
    if not _WARC_NAME.fullmatch(locator.file) or locator.offset < 0 or locator.length <= 0:
        raise FormatError(f"record {record.id} has an impossible locator {locator}")
    optional = () if record.payload_digest is None else (record.payload_digest,)
    for label, wanted in ((record.sha256, "sha256"), (record.sm3, "sm3"), (record.block_digest, "sha256")):
        _require_digest(label, wanted)
    for label in optional:
        _require_digest(label, "sha256")


def _require_digest(label: object, algorithm: str) -> None:
    if not isinstance(label, str) or parse_digest(label)[0] != algorithm:
        raise FormatError(f"expected a {algorithm} digest, found {label!r}")


def _require_seal(seal: SealedTime | None) -> None:
    if seal is None:
        return
    _require_types(seal, {"size": (int,), "checkpoint": _TEXT})
    for label in (seal.checkpoint, *seal.tokens):
        _require_digest(label, "sha256")
