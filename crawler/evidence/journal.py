"""log/entries: the journal, where an entry becomes durable before anybody is told of it.

It holds the entries that are in no full bundle yet, in the form of a bundle. It only ever grows, until
`crawler.evidence.log` has made bundles of its first entries and puts the rest in its place at once.

An append that raises leaves the file as it was, and says so by `in_doubt` being false. Only when the disk neither
confirmed the write nor its undoing is `in_doubt` true: the entries may be on the disk or not, and whoever reads the
file next finds out. Nothing that those entries name may be taken back meanwhile.
"""

import os
import weakref
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path

from crawler.errors import LogError
from crawler.evidence.digest import digest
from crawler.evidence.durable import durable_write, write_all
from crawler.evidence.proof import leaf_digest
from crawler.evidence.tiles import read_entries

_HEAD = 2  # bytes of an entry's length


class Journal:
    """The journal as it was read, and as it is written by this process since.

    Offsets are bytes in this file; `before` is how many bytes all earlier entries have in their bundles, so that a
    place in the log keeps its number.
    """

    def __init__(self, path: Path) -> None:
        """Read the file. Raises LogError if it is missing. Memory: 40 bytes for each entry."""
        self.path = path
        self.first = 0  # index of its first entry
        self.before = 0
        self.in_doubt = False
        self._refusal = ""  # why nothing more may be written here
        self._digests = bytearray()
        self._offsets = array("Q", [0])  # where each entry begins, and where the last one ends
        self._closing: weakref.finalize[[int], Journal] | None = None
        self._open()
        self._read()

    @property
    def count(self) -> int:
        """How many whole entries there are."""
        return len(self._offsets) - 1

    @property
    def end(self) -> int:
        """Where the last whole entry ends, in bytes of this file."""
        return self._offsets[-1]

    @property
    def torn(self) -> int:
        """How many bytes follow the last whole entry."""
        return self._size - self.end

    def replaced(self) -> bool:
        """Whether another file has this name by now (while ours is open, none gets its inode)."""
        return self.path.stat().st_ino != os.fstat(self._file).st_ino

    def refusal(self) -> str:
        """Why nothing may be written any more; empty when it may."""
        if not self._refusal and self.in_doubt:
            self._refusal = "an append was interrupted; close and reopen it"
        if not self._refusal and (self.path.stat().st_size != self.end or self.replaced()):
            self._refusal = "another process wrote to it meanwhile; close and reopen it"
        return self._refusal

    def take_digests(self) -> bytes:
        """The leaf digests of the entries that were read, 32 bytes each; the journal forgets them."""
        digests, self._digests = bytes(self._digests), bytearray()
        return digests

    def content(self, start: int, stop: int) -> bytes:
        """The bytes of entries start … stop-1 (indices in the log), from the file that was opened.

        A reader beside a writer goes on reading that file after it was replaced.
        """
        begin, end = self._offsets[start - self.first], self._offsets[stop - self.first]
        return b"".join(_pieces(self._file, begin, end))

    def append(self, entries: Sequence[bytes]) -> None:
        """Write encoded entries at the end, durable on return. `in_doubt` stays true until `settled`.

        Raises OSError and whatever else interrupts it. Ask `refusal` first.
        """
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND)
        try:
            self.in_doubt = True
            try:
                write_all(descriptor, b"".join(entries))
            except BaseException:
                self._take_back(descriptor)
                raise
            self._sync(descriptor)
        finally:
            os.close(descriptor)
        for entry in entries:
            self._offsets.append(self.end + len(entry))
        self._size = self.end

    def settled(self) -> None:
        """The caller knows of the last append, too."""
        self.in_doubt = False

    def drop(self, count: int) -> None:
        """Replace the file by its entries from the `count`-th on, at once and durable. Raises OSError."""
        rest = self.content(self.first + count, self.first + self.count)
        # Commit point of making bundles. A crash before: the next writer does it again.
        durable_write(self.path, rest)
        cut = self._offsets[count]
        self._offsets = array("Q", [offset - cut for offset in self._offsets[count:]])
        self.first, self.before = self.first + count, self.before + cut
        self._size = self.end
        self._open()

    def set_aside(self, quarantine: Path | None) -> None:
        """Move a torn last entry to quarantine: copy, then cut. Repeating it after a crash is harmless.

        Raises LogError when what follows is no torn entry, or without a `quarantine`.
        """
        with self.path.open("rb") as stream:
            stream.seek(self.end)
            tail = stream.read()
        if tail.startswith(b"\x00\x00") and tail.strip(b"\x00"):
            raise LogError(
                f"{self.path} is damaged at offset {self.end} (an entry without length, more after it): restore "
                f"it from a copy; nothing was changed"
            )
        if quarantine is None:
            raise LogError(
                f"{self.path} ends in a torn entry at offset {self.end} ({len(tail)} bytes): if no other command "
                f"is writing now, a run was interrupted; run `evidence seal` to recover, then try again"
            )
        durable_write(_free_name(quarantine, self.before + self.end, tail), tail)
        # Until the cut both copies exist; a crash here does it again, under the same name.
        with self.path.open("r+b") as stream:
            stream.truncate(self.end)
            os.fsync(stream.fileno())
        self._size = self.end

    def unreported(self, quarantine: Path) -> list[dict[str, str | int]]:
        """The tails that lie exactly at the end of the log, as details of ``recovered`` events.

        Nothing was appended since they were set aside, so no event tells of them yet (also when we crashed
        between the cut and that event). `offset` counts the bytes of all entries of the log.
        """
        found: list[dict[str, str | int]] = []
        end = self.before + self.end
        for kept in sorted(quarantine.glob(f"log-entries.{end}.*tail")):
            tail = kept.read_bytes()
            name = f"{self.path.parent.name}/{self.path.name}"
            where: dict[str, str | int] = {"file": name, "offset": end, "length": len(tail)}
            found.append({**where, "digest": digest(tail), "kept": kept.name})
        return found

    def _open(self) -> None:
        try:
            self._file = os.open(self.path, os.O_RDONLY)
        except FileNotFoundError as error:
            raise LogError(f"{self.path} is missing: restore it from a copy of the archive") from error
        if self._closing is not None:
            self._closing()
        self._closing = weakref.finalize(self, os.close, self._file)

    def _read(self) -> None:
        with os.fdopen(os.dup(self._file), "rb") as stream:
            for offset, leaf in read_entries(stream):
                self._digests += leaf_digest(leaf)
                self._offsets.append(offset + _HEAD + len(leaf))
            self._size = stream.seek(0, os.SEEK_END)

    def _sync(self, descriptor: int) -> None:
        try:
            # Commit point. A crash before it returns: nobody was told of these entries.
            os.fsync(descriptor)
        except BaseException as error:
            # After a failed fsync the kernel may hold pages that never reach the disk: do not go on here.
            self._refusal = f"the disk did not confirm a write ({error}); close and reopen it"
            self._take_back(descriptor)
            raise

    def _take_back(self, descriptor: int) -> None:
        """Cut a failed append off, so that the file is again what we know of it."""
        try:
            os.ftruncate(descriptor, self.end)
            os.fsync(descriptor)
        except OSError as error:
            # Neither the write nor the cut is sure, so `in_doubt` stays; the caller raises the first error.
            self._refusal = f"a failed append could not be undone ({error}); close and reopen it"
        else:
            self.in_doubt = False


def _pieces(file: int, begin: int, end: int) -> Iterator[bytes]:
    """The bytes from `begin` to `end`, or to where the file ends."""
    while begin < end and (piece := os.pread(file, end - begin, begin)):
        yield piece
        begin += len(piece)


def _free_name(quarantine: Path, offset: int, tail: bytes) -> Path:
    """A name for a tail that neither exists nor holds other bytes (a log can be torn twice at one place)."""
    number = 1
    while True:
        middle = "" if number == 1 else f"{number}."
        path = quarantine / f"log-entries.{offset}.{middle}tail"
        if not path.exists() or path.read_bytes() == tail:
            return path
        number += 1
