"""Changing the log's key: rotation while both keys are at hand, replacement when the old one is lost.

The order, and what a crash means in each gap; `finish_key_change` settles it on the next start for writing:

1. the old key signs what there is (rotation only): its last checkpoint covers all entries before the change.
2. keys/log.key.new-<entries>-<key id>: the new key, durable, beside the old. Crash: nobody was told of it, it is
   removed; the old key is in force.
3. the event in the log. Commit point: from here on only the new key may sign. Crash: what follows is made up for.
4. the new vkey line in trust/log.vkey. Crash: step 5 is made up for.
5. the new key takes the place of keys/log.key, in one rename. The old private key is gone with that: it can never
   sign again. Copies of it in backups cannot do harm forwards: a checkpoint that covers the event counts only with
   the new key's signature.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from crawler.evidence.durable import durable_write, sync_folder
from crawler.evidence.key_history import (
    KEY_ACTS,
    REPLACED,
    ROTATED,
    KeyEvent,
    replacement_details,
    rotation_details,
    with_checkpoint,
)
from crawler.evidence.log import Log
from crawler.evidence.manifest import event_beginning, parse_leaf
from crawler.evidence.note import Verifier, parse_vkey, parse_vkeys, verifier_of
from crawler.evidence.signing_key import LOG_KEY, make_key, save_key

if TYPE_CHECKING:
    from crawler.evidence.archive import Archive

VKEYS = "trust/log.vkey"  # relative to the archive: one line for each key, oldest first
RecordEvent = Callable[[str, dict[str, Any]], int]  # (act, details) → leaf index, once durable

_PENDING = re.compile(r"log\.key\.new-(0|[1-9][0-9]{0,17})-([0-9a-f]{8})")
_BEGINNINGS = tuple(event_beginning(act) for act in KEY_ACTS)


def rotate_key(archive: "Archive", record: RecordEvent, passphrase: bytes | None = None) -> Verifier:
    """Make a new key, have both keys sign the change, and put the new one in force; returns its public half.

    The old private key is removed. `record` appends the event (the session's, where there is one); `passphrase`
    opens the old key and closes the new one.

    Raises ArchiveError (key missing, wrong passphrase, not the key in force; nothing was changed), DiskFull,
    RecordError.
    """
    with archive.sealing, archive.refusals():
        old = archive.signing_key(passphrase)
        archive.sign_checkpoint(passphrase)
        new = make_key()
        details = rotation_details(old, new, archive.log.verifier.name)
        return _change(archive, record, (ROTATED, details), new, passphrase)


def replace_key(
    archive: "Archive", record: RecordEvent, reason: str, passphrase: bytes | None = None
) -> Verifier:
    """Put a new key in force without the old one, which is lost; the log states the break and the reason.

    What was signed so far stays signed by the old key, and the next checkpoint covers it with the new one. But
    nothing that the old key signed vouches for the new key: who knows only the old one must be told the new one
    on another way.

    Raises UsageError for an unfit reason, DiskFull, RecordError.
    """
    with archive.sealing, archive.refusals():
        new = make_key()
        details = replacement_details(archive.log.verifier, new, reason)
        return _change(archive, record, (REPLACED, details), new, passphrase)


def finish_key_change(path: Path, log: Log) -> Verifier | None:
    """Settle a change of keys that was interrupted; returns the key that came in force, None if none did."""
    finished = None
    for pending in sorted((path / "keys").glob("log.key.new-*")):
        match = _PENDING.fullmatch(pending.name)
        if match is None:
            continue
        new = next(_announced(log, int(match[1]), match[2]), None)
        if new is None:
            pending.unlink()
            sync_folder(pending.parent)
        else:
            _put_in_force(path, log, new, pending)
            finished = new
    return finished


def key_events(log: Log, start: int = 0) -> Iterator[KeyEvent]:
    """The events about keys from entry `start` on. Reads every leaf, parses only those that can be one."""
    for index, leaf in enumerate(log.leaves(start), start):
        if leaf.startswith(_BEGINNINGS):
            content = parse_leaf(leaf)
            if content["kind"] == "event" and content["act"] in KEY_ACTS:
                yield KeyEvent(index, content["act"], content["details"], content["time"])


def _change(
    archive: "Archive",
    record: RecordEvent,
    event: tuple[str, dict[str, Any]],  # act and details; the newest checkpoint is added here
    new: Ed25519PrivateKey,
    passphrase: bytes | None,
) -> Verifier:
    verifier = verifier_of(archive.log.verifier.name, new.public_key())
    folder = archive.path / "keys"
    folder.mkdir(mode=0o700, exist_ok=True)  # with a lost key the folder may be lost too
    pending = folder / f"log.key.new-{archive.log.size}-{verifier.key_id.hex()}"
    save_key(pending, new, passphrase)
    act, details = event
    newest, note = archive.log.latest_checkpoint()
    record(act, with_checkpoint(details, newest.size, note))
    _put_in_force(archive.path, archive.log, verifier, pending)
    return verifier


def _put_in_force(path: Path, log: Log, new: Verifier, pending: Path) -> None:
    # First of all here: should a step below fail, this process must not sign with the old key any more.
    if log.verifier != new:
        log.use_key(new)
    verifiers = parse_vkeys((path / VKEYS).read_text("utf-8"))
    if verifiers[-1] != new:
        lines = [*(verifier.line for verifier in verifiers), new.line]
        durable_write(path / VKEYS, "".join(f"{line}\n" for line in lines).encode())
    pending.replace(path / LOG_KEY)
    sync_folder(pending.parent)


def _announced(log: Log, start: int, key_id: str) -> Iterator[Verifier]:
    """The key with this ID that an event from entry `start` on put in force."""
    for event in key_events(log, start):
        if event.act in (ROTATED, REPLACED):
            new = parse_vkey(event.details["to"])
            if new.key_id.hex() == key_id:
                yield new
