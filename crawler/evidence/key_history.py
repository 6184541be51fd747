"""The log's keys over the years: what an event about keys says, and which key is in force for which checkpoint.

Three events of the log speak of keys. Their statements are signed texts of one fact a line:

``archive-created``  {"vkey"}                                the first key
``key-rotated``      {"from", "to", "statement", "from_signature", "to_signature"}

                     web-evidence key rotation v1
                     <origin>
                     <vkey of the key that hands over>
                     <vkey of the key that takes over>
                     <time, UTC, RFC 3339 with microseconds>

                     signed by both keys: the old one names its heir, the new one shows that it exists
``key-replaced``     {"from", "to", "reason", "statement", "to_signature"}

                     web-evidence key replacement v1
                     <origin> … <time> as above
                     <reason>

                     signed by the new key alone: the old one is lost. A break, and stated as one

Signatures are Ed25519 over the statement's UTF-8 bytes with their last newline, base64 in the event. No statement
can be taken for a checkpoint: its first line holds spaces, which no origin of ours has.

Both changes also say which checkpoint was the newest then: "checkpoint": {"size", "sha256": digest of its note}. So
the last one that the old key signed cannot go missing unseen, stamped or not. Events of earlier versions lack it.

In force for a checkpoint of size s is the key that the last of these events with a leaf index below s set; for
the empty log it is the first key.
"""

import base64
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from crawler import clock
from crawler.errors import FormatError, UsageError
from crawler.evidence.digest import digest, parse_digest
from crawler.evidence.note import Verifier, decode_base64, parse_vkey, verifier_of
from crawler.evidence.report import KeyFacts

CREATED, ROTATED, REPLACED = "archive-created", "key-rotated", "key-replaced"
KEY_ACTS = (CREATED, ROTATED, REPLACED)
ROTATION_HEADER = "web-evidence key rotation v1"
REPLACEMENT_HEADER = "web-evidence key replacement v1"
MAX_REASON = 500  # characters

_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")
_FIELDS = {
    ROTATED: {"from", "to", "statement", "from_signature", "to_signature"},
    REPLACED: {"from", "to", "reason", "statement", "to_signature"},
}
_CHECKPOINT = "checkpoint"  # the one detail of a change that is no text; may be missing


@dataclass(frozen=True, slots=True)
class KeyEvent:
    """An event about keys as it stands in the log: leaf index, act, details, time of the event."""

    index: int
    act: str
    details: Mapping[str, Any]
    time: str


class NotedCheckpoint(NamedTuple):
    """The newest checkpoint when the key changed: its size, and the digest (``sha256:…``) of its note."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class KeyTerm:
    """One key, and from which leaf on it is in force: the leaf that set it. `act` says how it came."""

    verifier: Verifier
    index: int
    act: str
    time: str
    reason: str = ""  # of a replacement


def rotation_statement(old: Verifier, new: Verifier, time: str) -> str:
    """The text that both keys sign. Raises FormatError for keys of different names, or the same key twice."""
    return _statement(ROTATION_HEADER, old, new, time)


def replacement_statement(old: Verifier, new: Verifier, time: str, reason: str) -> str:
    """The text that the new key signs. Raises FormatError as `rotation_statement`, or for an unfit reason."""
    if not reason.strip() or len(reason) > MAX_REASON or not reason.isprintable():
        raise FormatError(
            f"not a reason: {reason[:80]!r}; it is one line of 1 to {MAX_REASON} printable characters"
        )
    return _statement(REPLACEMENT_HEADER, old, new, time) + f"{reason}\n"


def rotation_details(old: Ed25519PrivateKey, new: Ed25519PrivateKey, origin: str) -> dict[str, Any]:
    """The details of a ``key-rotated`` event, signed by both keys."""
    before, after = verifier_of(origin, old.public_key()), verifier_of(origin, new.public_key())
    statement = rotation_statement(before, after, clock.now())
    return {
        "from": before.line,
        "to": after.line,
        "statement": statement,
        "from_signature": _sign(statement, old),
        "to_signature": _sign(statement, new),
    }


def replacement_details(old: Verifier, new: Ed25519PrivateKey, reason: str) -> dict[str, Any]:
    """The details of a ``key-replaced`` event, signed by the new key. Raises UsageError for an unfit reason."""
    after = verifier_of(old.name, new.public_key())
    try:
        statement = replacement_statement(old, after, clock.now(), reason)
    except FormatError as error:
        raise UsageError(f"--reason: {error}") from error
    return {
        "from": old.line,
        "to": after.line,
        "reason": reason,
        "statement": statement,
        "to_signature": _sign(statement, new),
    }


def with_checkpoint(details: dict[str, Any], size: int, note: bytes) -> dict[str, Any]:
    """The details of a change of keys, with the newest checkpoint before it."""
    return {**details, _CHECKPOINT: {"size": size, "sha256": digest(note)}}


def noted_checkpoint(event: KeyEvent) -> NotedCheckpoint | None:
    """The checkpoint that a change of keys names; None where it names none. Raises FormatError."""
    found = event.details.get(_CHECKPOINT)
    if found is None or event.act == CREATED:
        return None
    if not isinstance(found, dict) or set(found) != {"size", "sha256"}:
        raise FormatError("its checkpoint should have a size and a sha256")
    size, label = found["size"], found["sha256"]
    if type(size) is not int or not isinstance(label, str) or parse_digest(label)[0] != "sha256":
        raise FormatError("its checkpoint should have a number as size and a sha256 digest")
    if not 0 <= size <= event.index:
        raise FormatError(f"its checkpoint has size {size}, which was not signed before entry {event.index}")
    return NotedCheckpoint(size, label)


def first_term(event: KeyEvent) -> KeyTerm:
    """The key that ``archive-created`` names. Raises FormatError if it names none, or is not the log's first leaf."""
    if event.act != CREATED or event.index != 0:
        raise FormatError(f"the log does not begin with {CREATED} but entry {event.index}, {event.act}")
    line = event.details.get("vkey")
    if not isinstance(line, str):
        raise FormatError(f"{CREATED} names no vkey")
    return KeyTerm(_key(line), event.index, event.act, event.time)


def next_term(event: KeyEvent, terms: Sequence[KeyTerm]) -> KeyTerm:
    """The key that a rotation or replacement puts in force after `terms`. Raises FormatError, saying what is wrong.

    Checked are: the fields, the key that hands over is the one in force, the key that takes over was never one of
    this log's, the statement says exactly this, every signature over it, and the form of the checkpoint if it names
    one (whether that one is there, only a verification of the archive can tell).
    """
    wanted = _FIELDS.get(event.act)
    if wanted is None:
        raise FormatError(f"{event.act} comes a second time: a log begins once")
    texts = {name: value for name, value in event.details.items() if name != _CHECKPOINT}
    if set(texts) != wanted or not all(isinstance(value, str) for value in texts.values()):
        raise FormatError(f"expected the texts {', '.join(sorted(wanted))} in its details")
    old, new = _key(event.details["from"]), _key(event.details["to"])
    if old != terms[-1].verifier:
        raise FormatError(
            f"hands over from key {old.key_id.hex()}, but in force is {terms[-1].verifier.key_id.hex()}"
        )
    if any(new.public_key == term.verifier.public_key for term in terms):
        raise FormatError(
            f"key {new.key_id.hex()} was a key of this log before: a retired key never comes back"
        )
    _check_statement(event, old, new)
    noted_checkpoint(event)
    return KeyTerm(new, event.index, event.act, event.time, event.details.get("reason", ""))


def in_force(terms: Sequence[KeyTerm], size: int) -> KeyTerm:
    """The term that a checkpoint of this size belongs to. `terms` rise and are not empty."""
    return next((term for term in reversed(terms) if term.index < size), terms[0])


def facts(terms: Sequence[KeyTerm], entries: int) -> tuple[KeyFacts, ...]:
    """Every key for a report: id, fingerprint, and from which entry to which it was in force."""
    ends = [term.index for term in terms[1:]] + [entries]
    return tuple(
        key_facts(term.verifier, "log", *_remark(term, end, term is terms[-1]))
        for term, end in zip(terms, ends, strict=True)
    )


def key_facts(verifier: Verifier, role: str, remark: str = "", remark_zh: str = "") -> KeyFacts:
    """A key for a report: name, key ID and the SHA-256 of its SubjectPublicKeyInfo."""
    name = "".join(character if character.isprintable() else "�" for character in verifier.name)
    return KeyFacts(role, name, verifier.key_id.hex(), verifier.fingerprint, remark, remark_zh)


def read_terms(events: Iterable[KeyEvent]) -> list[KeyTerm]:
    """All terms of a log, from its events about keys in order. Raises FormatError with the entry's index."""
    terms: list[KeyTerm] = []
    for event in events:
        try:
            terms.append(next_term(event, terms) if terms else first_term(event))
        except FormatError as error:
            raise FormatError(f"entry {event.index}, {event.act}: {error}") from error
    return terms


def _key(line: str) -> Verifier:
    """A vkey line in its one spelling, without a newline."""
    verifier = parse_vkey(line)
    if verifier.line != line:
        raise FormatError(f"not a vkey as this log writes it: {line!r}")
    return verifier


def _statement(header: str, old: Verifier, new: Verifier, time: str) -> str:
    if old.name != new.name or old.public_key == new.public_key:
        raise FormatError(f"not a change of keys of one log: from {old} to {new}")
    if not _TIME.fullmatch(time):
        raise FormatError(f"not a time: {time[:40]!r}; expected UTC as 2026-11-22T08:16:41.123456Z")
    return f"{header}\n{old.name}\n{old.line}\n{new.line}\n{time}\n"


def _check_statement(event: KeyEvent, old: Verifier, new: Verifier) -> None:
    statement = event.details["statement"]
    lines = statement.split("\n")
    time = lines[4] if len(lines) > 4 else ""
    if event.act == ROTATED:
        expected = rotation_statement(old, new, time)
    else:
        expected = replacement_statement(old, new, time, event.details["reason"])
    if statement != expected:
        raise FormatError("its statement does not say what the event says, line for line")
    if event.act == ROTATED:
        _verify(old, statement, event.details["from_signature"], "the key that hands over")
    _verify(new, statement, event.details["to_signature"], "the key that takes over")


def _verify(verifier: Verifier, statement: str, signature: str, who: str) -> None:
    try:
        verifier.public_key.verify(decode_base64(signature, f"signature of {who}"), statement.encode())
    except InvalidSignature as error:
        raise FormatError(f"the signature of {who}, {verifier.key_id.hex()}, is wrong") from error


def _sign(statement: str, key: Ed25519PrivateKey) -> str:
    return base64.b64encode(key.sign(statement.encode())).decode()


def _remark(term: KeyTerm, end: int, newest: bool) -> tuple[str, str]:
    """For which entries a key signs, and how it came: English, Chinese."""
    # Of the event itself, the first entry that the new key signs for: the old one never saw it.
    last = max(end - 1, term.index)
    span = f"from entry {term.index} on" if newest else f"entries {term.index} to {last}"
    span_zh = f"日志序号 {term.index} 起至今" if newest else f"日志序号 {term.index} 至 {last}"
    how = {CREATED: "first key", ROTATED: "rotated", REPLACED: "replaces a lost key"}[term.act]
    how_zh = {CREATED: "首个密钥", ROTATED: "由前一密钥轮换", REPLACED: "代替遗失的密钥"}[term.act]
    why, why_zh = (f": {term.reason}", f"：{term.reason}") if term.reason else ("", "")
    return f"{span}; {how}{why}", f"{span_zh}；{how_zh}{why_zh}"
