"""The append-only log on disk.

    log/entries             per entry a uint16 (big-endian) length and the leaf: the entry bundles of
                            c2sp.org/tlog-tiles, one after the other
    log/checkpoint          the newest checkpoint we signed (c2sp.org/tlog-checkpoint)
    log/checkpoints/<size>  every checkpoint we ever signed

What a crash means, by the moment it happens:

``append``           before the fsync returns, nobody was told of the entries. Some of them may be whole on
                     disk: they are then entries like all others. The last may be torn: the next writer
                     moves the torn bytes to quarantine.
``sign_checkpoint``  before checkpoints/<size> has its name, nothing was signed. After it, the checkpoint
                     exists; if log/checkpoint still is the older one, the next writer finishes that.

`Log.open` recomputes the root at the size of every checkpoint and refuses a log that contradicts one: a
restored backup or a repaired file must not get a second history signed over it.
"""

import os
import struct
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from crawler.errors import FormatError, LogError, LogForked, LogShorter
from crawler.evidence.checkpoint import Checkpoint, Verifier, open_note, sign, vkey
from crawler.evidence.digest import digest
from crawler.evidence.durable import (
    durable_create,
    durable_write,
    is_unfinished,
    sweep,
    sync_folder,
    write_all,
)
from crawler.evidence.manifest import MAX_LEAF
from crawler.evidence.proof import EMPTY_ROOT, FullTree, leaf_digest

ENTRIES, CHECKPOINT, CHECKPOINTS = "entries", "checkpoint", "checkpoints"
_LENGTH = struct.Struct(">H")


def create_log(folder: Path, origin: str, key: Ed25519PrivateKey) -> None:
    """Make an empty log with a signed checkpoint of size 0. Only `evidence init` calls this.

    Raises LogError if there is a log already. A crash before `checkpoint` exists leaves what `Log.open`
    refuses: remove the folder and start again, nothing was recorded in it.
    """
    for name in (ENTRIES, CHECKPOINT, CHECKPOINTS):
        if (folder / name).exists():
            raise LogError(f"{folder} already holds a log ({name}); choose another folder")
    (folder / CHECKPOINTS).mkdir(parents=True)
    note = sign(Checkpoint(origin, 0, EMPTY_ROOT), origin, key)
    durable_create(folder / ENTRIES, b"")
    durable_create(folder / CHECKPOINTS / "0", note)
    durable_write(folder / CHECKPOINT, note)  # the log exists from here on
    sync_folder(folder.parent)


def encode_entry(leaf: bytes) -> bytes:
    """A leaf as it stands in `entries`. Raises FormatError unless it has 1 … 65,535 bytes."""
    if not 0 < len(leaf) <= MAX_LEAF:
        raise FormatError(f"a leaf has 1 to {MAX_LEAF} bytes; this one has {len(leaf)}")
    return _LENGTH.pack(len(leaf)) + leaf


def read_entries(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Offset and leaf of each whole entry from the stream's position on; stops before what is not one.

    An entry of length 0 is not one: we never write it, but a power cut can leave a file ending in zeros.
    The caller compares the end of the last entry with the end of the file.
    """
    offset = stream.tell()
    while len(head := stream.read(_LENGTH.size)) == _LENGTH.size:
        (length,) = _LENGTH.unpack(head)
        leaf = stream.read(length)
        if not length or len(leaf) < length:
            return
        yield offset, leaf
        offset += _LENGTH.size + length


class Log:
    """An open log. One writer at a time (the archive's lock sees to it); readers need no lock.

    `recovered` tells what `open` moved to quarantine and no event names yet: dicts of file, offset, length,
    digest and kept (the name in quarantine), for the caller to log as ``recovered`` events.
    """

    def __init__(self, folder: Path, verifier: Verifier, notes: dict[int, bytes]) -> None:
        self.folder = folder
        self.verifier = verifier
        self.recovered: list[dict[str, str | int]] = []
        self._notes = notes  # size → signed note; never empty
        self._tree = FullTree()
        self._offsets = array("Q")  # where each entry starts in `entries`
        self._end = 0  # where the next one will
        self._refusal = "open for reading only; open it for writing"  # why not to write; "" = may write

    @classmethod
    def open(
        cls,
        folder: Path,
        verifier: Verifier,
        *,
        writable: bool,
        quarantine: Path | None = None,
        at_least: int = 0,
    ) -> "Log":
        """Read and check the whole log. A writer moves a torn last entry to `quarantine`.

        `at_least` is how many entries the caller knows of from elsewhere (the database, a bundle).

        Raises LogShorter (entries are gone), LogForked (entries contradict a checkpoint), LogError (a file
        is missing or damaged, a checkpoint's signature is wrong, a reader meets a torn entry).
        """
        if writable and quarantine is None:
            raise LogError(f"{folder}: a writer needs a quarantine folder for torn entries")
        # Notes before entries: beside a writer, a reader then sees at least the entries its notes cover.
        log = cls(folder, verifier, _read_notes(folder, verifier))
        size = log._read_entries()
        log._check(at_least)
        if size > log._end:
            log._set_aside(size - log._end, quarantine if writable else None)
        if writable and quarantine is not None:
            log._begin_writing(quarantine)
        return log

    @property
    def size(self) -> int:
        """How many entries the log has."""
        return self._tree.size

    @property
    def checkpoint_sizes(self) -> list[int]:
        """The sizes at which checkpoints were signed, rising."""
        return sorted(self._notes)

    def root(self, size: int | None = None) -> bytes:
        """The root over the first `size` entries (all when not given); 32 bytes."""
        return self._tree.root(size)

    def leaf_digest(self, index: int) -> bytes:
        """The Merkle leaf digest of one entry; 32 bytes."""
        return self._tree.leaf(index)

    def leaf(self, index: int) -> bytes:
        """One entry. Raises FormatError when there is none."""
        if not 0 <= index < self.size:
            raise FormatError(f"no leaf {index} in a log of {self.size}")
        return next(self.leaves(index, index + 1))

    def leaves(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Entries start … stop-1 in order, read as they are asked for. Raises LogError if one has changed."""
        stop = self.size if stop is None else min(stop, self.size)
        if not 0 <= start < stop:
            return
        with (self.folder / ENTRIES).open("rb") as stream:
            stream.seek(self._offsets[start])
            entries = read_entries(stream)
            for index in range(start, stop):
                _, leaf = next(entries, (0, b""))
                if leaf_digest(leaf) != self._tree.leaf(index):
                    raise LogError(
                        f"{stream.name}: entry {index} changed while the log was open; stop writing"
                    )
                yield leaf

    def prove(self, index: int, size: int | None = None) -> list[bytes]:
        """The inclusion path of entry `index` in the tree of the first `size` entries."""
        return self._tree.inclusion_path(index, size)

    def consistency(self, old: int, new: int | None = None) -> list[bytes]:
        """The consistency path from `old` to `new` entries."""
        return self._tree.consistency_path(old, new)

    def latest_checkpoint(self) -> tuple[Checkpoint, bytes]:
        """The newest checkpoint and its signed note."""
        return self.checkpoint_at(max(self._notes))

    def checkpoint_at(self, size: int) -> tuple[Checkpoint, bytes]:
        """The checkpoint signed at `size`, and its note. Raises FormatError if none was."""
        note = self._notes.get(size)
        if note is None:
            raise FormatError(f"no checkpoint of size {size}; there are {self.checkpoint_sizes}")
        return open_note(note, [self.verifier]), note

    def append(self, leaves: Sequence[bytes]) -> range:
        """Append entries, all or none, in one write; returns their indices once they are durable.

        Raises FormatError (a leaf too long or empty), OSError (disk full …: the file is as it was before),
        LogError (not open for writing, or an earlier failure could not be undone).
        """
        self._require_writable()
        first = self.size
        entries = [encode_entry(leaf) for leaf in leaves]
        if entries:
            self._write_durably(b"".join(entries))
        for leaf, entry in zip(leaves, entries, strict=True):
            self._remember(self._end, leaf)
            self._end += len(entry)
        return range(first, self.size)

    def sign_checkpoint(self, key: Ed25519PrivateKey) -> bytes:
        """Sign the log as it is; returns the note (the existing one if nothing was appended since).

        Raises LogError (wrong key, not writable), LogShorter or LogForked (the log contradicts what was
        signed before), OSError.
        """
        self._require_writable()
        if vkey(self.verifier.name, key.public_key()) != vkey(self.verifier.name, self.verifier.public_key):
            raise LogError(f"this key does not belong to the log {self.verifier.name}; use the log's own key")
        latest, note = self.latest_checkpoint()
        if self.size < latest.size:
            raise LogShorter(f"{self.folder}: {self.size} entries, but {latest.size} were signed before")
        if self.root(latest.size) != latest.root:
            raise LogForked(f"{self.folder}: entries contradict the checkpoint of size {latest.size}")
        if self.size > latest.size:
            name = self.verifier.name
            note = sign(Checkpoint(name, self.size, self.root()), name, key)
            # Commit point: from its name in checkpoints/ on, this history is the one we stand by.
            durable_write(self.folder / CHECKPOINTS / str(self.size), note)
            self._notes[self.size] = note
        if (self.folder / CHECKPOINT).read_bytes() != note:
            durable_write(self.folder / CHECKPOINT, note)
        return note

    def _read_entries(self) -> int:
        """Fill tree and offsets from the file; returns the file's size."""
        path = self.folder / ENTRIES
        try:
            with path.open("rb") as stream:
                for offset, leaf in read_entries(stream):
                    self._remember(offset, leaf)
                    self._end = offset + _LENGTH.size + len(leaf)
                return stream.seek(0, os.SEEK_END)
        except FileNotFoundError as error:
            raise LogError(f"{path} is missing: restore it from a copy of the archive") from error

    def _remember(self, offset: int, leaf: bytes) -> None:
        self._tree.append(leaf_digest(leaf))
        self._offsets.append(offset)

    def _check(self, at_least: int) -> None:
        signed = max(self._notes)
        if self.size < max(signed, at_least):
            known = f"the checkpoint of size {signed}" if signed >= at_least else f"{at_least} known entries"
            raise LogShorter(
                f"{self.folder / ENTRIES} has {self.size} whole entries, fewer than {known}: restore it from "
                f"a newer copy; nothing was changed"
            )
        for size in self.checkpoint_sizes:
            signed_root = self.checkpoint_at(size)[0].root
            if self.root(size) != signed_root:
                raise LogForked(
                    f"{self.folder / ENTRIES}: the first {size} entries have root {self.root(size).hex()}, "
                    f"the signed checkpoint says {signed_root.hex()}: entries were changed; restore "
                    f"the folder from a copy, nothing was changed"
                )

    def _set_aside(self, length: int, quarantine: Path | None) -> None:
        """Move the torn last entry to quarantine: copy, then cut. Repeating it after a crash is harmless."""
        path = self.folder / ENTRIES
        with path.open("rb") as stream:
            stream.seek(self._end)
            tail = stream.read(length)
        if tail.startswith(b"\x00\x00") and tail.strip(b"\x00"):
            raise LogError(
                f"{path} is damaged at offset {self._end} (an entry without length, more after it): restore "
                f"it from a copy; nothing was changed"
            )
        if quarantine is None:
            raise LogError(
                f"{path} ends in a torn entry at offset {self._end} ({length} bytes): if no other command is "
                f"writing now, a run was interrupted; run `evidence seal` to recover, then try again"
            )
        durable_write(_free_name(quarantine, self._end, tail), tail)
        # Until the cut both copies exist; a crash here does it again, under the same name.
        with path.open("r+b") as stream:
            stream.truncate(self._end)
            os.fsync(stream.fileno())

    def _begin_writing(self, quarantine: Path) -> None:
        # A tail that lies exactly at the end of the log: nothing was appended since it was set aside, so no
        # event tells of it yet (also when we crashed between the cut and that event).
        for kept in sorted(quarantine.glob(f"log-entries.{self._end}.*tail")):
            tail = kept.read_bytes()
            self.recovered.append(
                {
                    "file": f"{self.folder.name}/{ENTRIES}",
                    "offset": self._end,
                    "length": len(tail),
                    "digest": digest(tail),
                    "kept": kept.name,
                }
            )
        sweep(self.folder)
        sweep(self.folder / CHECKPOINTS)
        newest = self._notes[max(self._notes)]
        if (self.folder / CHECKPOINT).read_bytes() != newest:
            durable_write(self.folder / CHECKPOINT, newest)
        self._refusal = ""

    def _require_writable(self) -> None:
        if self._refusal:
            raise LogError(f"{self.folder} must not be written: {self._refusal}")

    def _write_durably(self, content: bytes) -> None:
        descriptor = os.open(self.folder / ENTRIES, os.O_WRONLY | os.O_APPEND)
        try:
            if os.fstat(descriptor).st_size != self._end:
                self._refusal = "another process wrote to it meanwhile; close and reopen it"
                self._require_writable()
            try:
                write_all(descriptor, content)
            except OSError:
                self._take_back(descriptor)
                raise
            self._sync(descriptor)
        finally:
            os.close(descriptor)

    def _sync(self, descriptor: int) -> None:
        try:
            # Commit point. A crash before it returns: nobody was told of these entries.
            os.fsync(descriptor)
        except OSError as error:
            # After a failed fsync the kernel may hold pages that never reach the disk: do not go on here.
            self._refusal = f"the disk did not confirm a write ({error}); close and reopen it"
            self._take_back(descriptor)
            raise

    def _take_back(self, descriptor: int) -> None:
        """Cut a failed append off, so that the file again is what the tree says."""
        try:
            os.ftruncate(descriptor, self._end)
            os.fsync(descriptor)
        except OSError as error:
            self._refusal = f"a failed append could not be undone ({error}); close and reopen it"


def _read_notes(folder: Path, verifier: Verifier) -> dict[int, bytes]:
    """All signed notes by size, each checked; the newest in checkpoints/ may be one ahead of `checkpoint`."""
    if not (folder / CHECKPOINT).is_file():
        raise LogError(f"{folder / CHECKPOINT} is missing: restore it from a copy of the archive")
    notes: dict[int, bytes] = {}
    paths = (folder / CHECKPOINTS).iterdir() if (folder / CHECKPOINTS).is_dir() else iter(())
    for path in paths:
        if is_unfinished(path):
            continue
        checkpoint, note = _read_note(path, verifier)
        if path.name != str(checkpoint.size):
            raise LogError(f"{path} holds the checkpoint of size {checkpoint.size}: restore it from a copy")
        notes[checkpoint.size] = note
    current, note = _read_note(folder / CHECKPOINT, verifier)
    for size in (0, current.size):
        if size not in notes:
            raise LogError(f"{folder / CHECKPOINTS / str(size)} is missing: restore it from a copy")
    if notes[current.size] != note:
        raise LogError(
            f"{folder / CHECKPOINT} and {folder / CHECKPOINTS / str(current.size)} differ: "
            f"restore one from a copy"
        )
    return notes


def _read_note(path: Path, verifier: Verifier) -> tuple[Checkpoint, bytes]:
    note = path.read_bytes()
    try:
        return open_note(note, [verifier]), note
    except FormatError as error:
        raise LogError(f"{path}: {error}; restore it from a copy of the archive") from error


def _free_name(quarantine: Path, offset: int, tail: bytes) -> Path:
    """A name for a tail that neither exists nor holds other bytes (a log can be torn twice at one place)."""
    number = 1
    while True:
        middle = "" if number == 1 else f"{number}."
        path = quarantine / f"log-entries.{offset}.{middle}tail"
        if not path.exists() or path.read_bytes() == tail:
            return path
        number += 1
