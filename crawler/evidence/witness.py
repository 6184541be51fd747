"""A witness: cosigns the checkpoints of logs that it trusts, and never two that contradict each other.

The rules are those of c2sp.org/tlog-witness, "add-checkpoint"; `Witness.answer` gives the protocol's own status
and body, whether the request came over HTTP or on a memory stick. What it remembers, per log:

    witness/witness.vkey                   the witness's own public key
    witness/<sha256 of the origin>/log.vkey    the keys trusted for that log, one vkey line each
                                  /cosigned    the newest checkpoint it cosigned: the note, our line added
                                  /recorded    "<digest of our line> <index of the leaf in our log that tells of it>"
                                  /fork/<size> a checkpoint that the log signed, with another root than the one
                                               we had cosigned: proof that it shows two histories

What a crash means: before ``cosigned`` has its new content nothing was promised. After it, the checkpoint is the
newest one for ever, though perhaps no leaf tells of it and nobody got the line: who asks again gets the same
line, after the leaf that was missing.
"""

import fcntl
import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from crawler.errors import FormatError, LogError, UsageError
from crawler.evidence.add_checkpoint import AddCheckpoint, parse_add_checkpoint
from crawler.evidence.checkpoint import Checkpoint, open_note
from crawler.evidence.cosignature import (
    Cosignature,
    WitnessKey,
    cosign,
    note_text,
    parse_lines,
    parse_witness_vkey,
    rfc3339,
    verify_line,
    witness_vkey,
)
from crawler.evidence.digest import digest
from crawler.evidence.durable import durable_write, sweep, sync_folder
from crawler.evidence.note import Verifier, parse_vkey, parse_vkeys, read_note
from crawler.evidence.proof import verify_consistency
from crawler.evidence.signing_key import load_key, make_key, save_key

FOLDER = "witness"  # in the archive
KEY = "keys/witness.key"
MEDIA_SIZE = "text/x.tlog.size"
MEDIA_TEXT = "text/plain; charset=utf-8"
TWO_HISTORIES = "shows two histories"  # the reason of a refusal that no honest log meets
OK, BAD, FORBIDDEN, UNKNOWN, CONFLICT, INCONSISTENT = 200, 400, 403, 404, 409, 422

Record = Callable[[str, dict[str, Any]], int]  # writes one custody event; gives its leaf index
Opened = Callable[[], AbstractContextManager[Record]]  # opens the witness's own archive for writing


@dataclass(frozen=True, slots=True)
class Answer:
    """What the protocol answers: HTTP status, body and its media type; `reason` is for people."""

    status: int
    body: bytes
    media_type: str
    reason: str


@dataclass(frozen=True, slots=True)
class Watched:
    """A log that this witness watches: its keys, the newest checkpoint it cosigned, and when."""

    origin: str
    keys: tuple[Verifier, ...]
    newest: Checkpoint | None
    time: int | None  # seconds since 1970
    forks: tuple[int, ...]  # sizes at which the log was caught showing two histories


@dataclass(frozen=True, slots=True)
class _Cosigned:
    text: str  # what the log signed, extension lines and all
    checkpoint: Checkpoint
    cosignature: Cosignature
    line: bytes


def make_witness(archive: Path, name: str, passphrase: bytes | None = None) -> str:
    """Give an archive a witness key of its own; returns the public vkey line. Raises UsageError if it has one."""
    folder = archive / FOLDER
    if (folder / "witness.vkey").is_file():
        raise UsageError(f"{archive} is a witness already: its key is in {folder / 'witness.vkey'}")
    folder.mkdir(exist_ok=True)
    sync_folder(archive)
    if not (archive / KEY).exists():
        save_key(archive / KEY, make_key(), passphrase)
    try:
        # Also after a crash between the two files: nobody saw the key yet, so it is as good as a new one.
        line = witness_vkey(name, load_key(archive / KEY, passphrase).public_key())
    except FormatError as error:
        raise UsageError(f"the witness cannot be named {name!r}: {error}") from error
    durable_write(folder / "witness.vkey", line.encode() + b"\n")
    return line


def own_key(archive: Path) -> WitnessKey:
    """The public key of this archive as a witness. Raises UsageError if it is none, LogError if it is damaged."""
    path = archive / FOLDER / "witness.vkey"
    if not path.is_file():
        raise UsageError(f"{archive} is no witness yet: make its key with `evidence witness init`")
    try:
        return parse_witness_vkey(path.read_text("utf-8"))
    except (FormatError, UnicodeDecodeError) as error:
        raise LogError(f"{path}: {error}; restore it from a copy of the archive") from error


def trust_log(archive: Path, vkey: str) -> Verifier:
    """Watch a log: its checkpoints may be cosigned from now on. A second key for one origin is added to the first.

    Raises UsageError for what is not a log's vkey line, or if this archive is no witness.
    """
    try:
        verifier = parse_vkey(vkey.strip())
    except FormatError as error:
        raise UsageError(f"{error}; give the whole line of the other archive's trust/log.vkey") from error
    own_key(archive)
    folder = log_folder(archive / FOLDER, verifier.name)
    folder.mkdir(parents=True, exist_ok=True)
    sync_folder(folder.parent)
    with _locked(archive / FOLDER):
        sweep(folder)
        keys = _keys(folder) if (folder / "log.vkey").is_file() else ()
        if verifier not in keys:
            lines = "".join(f"{key.line}\n" for key in (*keys, verifier))
            durable_write(folder / "log.vkey", lines.encode())
    return verifier


def log_folder(folder: Path, origin: str) -> Path:
    """Where the state of one log lies: an origin may hold any character, a digest none that hurts."""
    return folder / hashlib.sha256(origin.encode()).hexdigest()


def watched(archive: Path) -> list[Watched]:
    """Every log that this archive watches, by origin. Raises LogError for damaged state."""
    folder, own = archive / FOLDER, own_key(archive)
    found = []
    for path in folder.glob("*/log.vkey"):
        keys = _keys(path.parent)
        kept = _newest(path.parent, keys, own)
        forks = sorted(int(fork.name) for fork in (path.parent / "fork").glob("*") if fork.name.isdecimal())
        newest, moment = (kept.checkpoint, kept.cosignature.time) if kept else (None, None)
        found.append(Watched(keys[0].name, keys, newest, moment, tuple(forks)))
    return sorted(found, key=lambda log: log.origin)


class Witness:
    """Answers requests. `opened` opens the archive for writing, and only where there is something to write."""

    def __init__(self, archive: Path, key: Ed25519PrivateKey, opened: Opened) -> None:
        self.folder = archive / FOLDER
        self.own = own_key(archive)
        self._key = key
        self._opened = opened
        self._mutex = threading.Lock()
        if key.public_key() != self.own.public_key:
            raise LogError(f"{archive / KEY} does not belong to {self.folder / 'witness.vkey'}: restore both")

    def answer(self, body: bytes) -> Answer:
        """Judge one add-checkpoint body and, if all is well, cosign.

        Raises LogError (our own state is damaged), ArchiveLocked and whatever else writing to the archive
        raises; nothing was promised then.
        """
        try:
            request = parse_add_checkpoint(body)
            note_text(request.note)
            folder = log_folder(self.folder, request.origin)
        except FormatError as error:
            return _refused(BAD, str(error))
        if not (folder / "log.vkey").is_file():
            return _refused(
                UNKNOWN, f"the log {request.origin!r} is not watched here; `evidence witness trust`"
            )
        keys = _keys(folder)
        checkpoint = _signed_checkpoint(request, keys)
        if isinstance(checkpoint, Answer):
            return checkpoint
        # Judged before anything is opened or locked, so that only who has something new costs us anything ...
        kept = _newest(folder, keys, self.own)
        refused = _judge(request, checkpoint, kept)
        if _is_fork(checkpoint, kept):
            self._keep_fork(folder, checkpoint, request.note)
        if refused is not None:
            return refused
        if kept is not None and kept.text == note_text(request.note) and _is_recorded(folder, kept):
            return Answer(OK, kept.line, MEDIA_TEXT, "cosigned before")
        return self._cosign(folder, keys, request, checkpoint)

    def _cosign(
        self, folder: Path, keys: tuple[Verifier, ...], request: AddCheckpoint, checkpoint: Checkpoint
    ) -> Answer:
        with self._mutex, self._opened() as record, _locked(self.folder):
            # ... and again under the lock: of two requests that both fitted, only one still does.
            kept = _newest(folder, keys, self.own)
            refused = _judge(request, checkpoint, kept)
            if refused is not None:
                return refused
            if kept is None or kept.text != note_text(request.note):
                kept = self._promise(folder, keys, request.note)
            if not _is_recorded(folder, kept):
                _record(folder, record, kept)
            return Answer(OK, kept.line, MEDIA_TEXT, "cosigned")

    def _promise(self, folder: Path, keys: tuple[Verifier, ...], note: bytes) -> _Cosigned:
        text = note_text(note)
        sweep(folder)
        line = cosign(text, self.own.name, self._key, int(time.time())).text().encode()
        # Commit point: this checkpoint is the newest from here on, whether or not anybody hears of it.
        durable_write(folder / "cosigned", _log_part(note, keys) + line)
        kept = _newest(folder, keys, self.own)
        if kept is None:
            raise LogError(
                f"{folder / 'cosigned'} vanished while it was written: is another program at work there?"
            )
        return kept

    def _keep_fork(self, folder: Path, checkpoint: Checkpoint, note: bytes) -> None:
        """Keep the proof that a log shows two histories, once for each size."""
        path = folder / "fork" / str(checkpoint.size)
        if path.is_file():
            return
        with self._mutex, self._opened() as record, _locked(self.folder):
            path.parent.mkdir(exist_ok=True)
            sync_folder(folder)
            durable_write(path, note)
            record(
                "fork-seen",
                {"origin": checkpoint.origin, "size": checkpoint.size, "root": checkpoint.root.hex()},
            )


def _signed_checkpoint(request: AddCheckpoint, keys: tuple[Verifier, ...]) -> Checkpoint | Answer:
    """The checkpoint, signed by a key that is trusted for its origin; or why not."""
    try:
        read_note(request.note, keys)
    except FormatError as error:
        return _refused(FORBIDDEN, f"not signed by a key trusted for {request.origin!r}: {error}")
    try:
        checkpoint = open_note(request.note, keys)
    except FormatError as error:
        return _refused(BAD, str(error))
    if request.old > checkpoint.size:
        return _refused(BAD, f"old size {request.old} is larger than the checkpoint's {checkpoint.size}")
    return checkpoint


def _judge(request: AddCheckpoint, checkpoint: Checkpoint, kept: _Cosigned | None) -> Answer | None:
    """Why a checkpoint that the log did sign is not cosigned; None if it may be."""
    newest = kept.checkpoint if kept else None
    size = newest.size if newest else 0
    if newest is not None and _is_fork(checkpoint, kept):
        reason = (
            f"{checkpoint.origin} {TWO_HISTORIES}: at size {size} this witness cosigned the root"
            f" {newest.root.hex()}, the request has {checkpoint.root.hex()}. Not cosigned; both are kept"
        )
        return Answer(CONFLICT, b"%d\n" % size, MEDIA_SIZE, reason)
    if request.old != size:
        reason = f"the newest checkpoint cosigned here has size {size}, the request starts from {request.old}"
        return Answer(CONFLICT, b"%d\n" % size, MEDIA_SIZE, reason)
    try:
        if newest is not None:
            verify_consistency(size, newest.root, checkpoint.size, checkpoint.root, request.path)
        elif request.path:
            raise FormatError(f"a proof from size 0 is empty, this one has {len(request.path)} digests")
    except FormatError as error:
        return _refused(INCONSISTENT, f"{checkpoint.origin} at {checkpoint.size}: {error}. Not cosigned")
    return None


def _is_fork(checkpoint: Checkpoint, kept: _Cosigned | None) -> bool:
    """Two signed roots for one size: no honest log has them."""
    return kept is not None and checkpoint.size == kept.checkpoint.size and checkpoint != kept.checkpoint


def _record(folder: Path, record: Record, kept: _Cosigned) -> None:
    checkpoint = kept.checkpoint
    leaf = record(
        "checkpoint-cosigned",
        {
            "origin": checkpoint.origin,
            "size": checkpoint.size,
            "root": checkpoint.root.hex(),
            "time": rfc3339(kept.cosignature.time),
        },
    )
    # A crash before this line: asked again, a second leaf tells of the same cosignature. Harmless.
    durable_write(folder / "recorded", f"{digest(kept.line)} {leaf}\n".encode())


def _is_recorded(folder: Path, kept: _Cosigned) -> bool:
    path = folder / "recorded"
    return path.is_file() and path.read_text("ascii").startswith(f"{digest(kept.line)} ")


def _log_part(note: bytes, keys: tuple[Verifier, ...]) -> bytes:
    """The note with the log's own signatures only: what strangers added to it is no business of ours."""
    head, _, lines = note.rpartition(b"\n\n")
    known = {(key.name, key.key_id) for key in keys}
    own = [line for line in parse_lines(lines) if (line.name, line.key_id) in known]
    return head + b"\n\n" + "".join(line.text() for line in own).encode()


def _newest(folder: Path, keys: tuple[Verifier, ...], own: WitnessKey) -> _Cosigned | None:
    """The newest checkpoint cosigned for a log; None before the first. Raises LogError for damaged state."""
    path = folder / "cosigned"
    try:
        note = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        checkpoint = open_note(note, keys)
        last = parse_lines(note.rpartition(b"\n\n")[2])[-1]
        cosignature = verify_line(last, note_text(note), [own])
        if cosignature is None:
            raise FormatError("it does not bear this witness's own cosignature")
    except FormatError as error:
        raise LogError(
            f"{path}: {error}; restore the folder {FOLDER}/ from a copy: nothing was cosigned"
        ) from error
    return _Cosigned(note_text(note), checkpoint, cosignature, last.text().encode())


def _keys(folder: Path) -> tuple[Verifier, ...]:
    try:
        return parse_vkeys((folder / "log.vkey").read_text("utf-8"))
    except (FormatError, UnicodeDecodeError) as error:
        raise LogError(f"{folder / 'log.vkey'}: {error}; restore it from a copy of the archive") from error


def _refused(status: int, reason: str) -> Answer:
    return Answer(status, f"{reason}\n".encode(), MEDIA_TEXT, reason)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One at a time, in this process and in others: a lock on the folder itself, gone with whoever holds it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
