"""The append-only log on disk, by c2sp.org/tlog-tiles (docs/decisions/0004-log-as-tiles.md).

    log/entries             the journal: the entries that are in no full bundle (crawler.evidence.journal)
    log/tile/               full entry bundles and tiles, and partial ones for sizes that were signed
                            (crawler.evidence.tiles)
    log/checkpoint          the newest checkpoint we signed (c2sp.org/tlog-checkpoint)
    log/checkpoints/<size>  every checkpoint we ever signed

What a crash means, by the moment it happens:

``append``           the commit point is the journal's fsync. Before it returns, nobody was told of the entries.
                     Some of them may be whole on disk: they are then entries like all others. The last may be
                     torn: the next writer moves the torn bytes to quarantine.
``_settle``          once the journal has 256 entries, they become bundles and tiles:

                     1. full bundles            crash: the journal still has their entries; made again
                     2. the last level-0 tile is announced by name                    likewise
                     3. the journal is replaced by the rest
                     4. full tiles, level 0 from left to right, each after those that it completes above it
                                                crash: those that lack are made from the bundles
                     5. superfluous partial tiles go (those of a tile right after it is there)

                     The next writer goes on where it stopped, before it appends anything: that is why what lies
                     on disk has one meaning at each moment (`tiles.survey`), also for a reader beside us. A log
                     from before there were tiles is at step 1, and so becomes one with tiles.
``sign_checkpoint``  partial tiles and bundle are durable first. Before checkpoints/<size> has its name, nothing
                     was signed. After it, the checkpoint exists; if log/checkpoint still is the older one, the
                     next writer finishes that.

`Log.open` computes the root at the newest checkpoint's size and refuses a log that contradicts it: a restored backup
or a repaired file must not get a second history signed over it. Older checkpoints are compared when they are asked
for, and tiles and bundles when they are read.
"""

import contextlib
import re
import threading
import time
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from crawler.errors import FormatError, LogError, LogForked, LogShorter
from crawler.evidence import tiles
from crawler.evidence.checkpoint import Checkpoint, open_note, sign
from crawler.evidence.durable import durable_create, durable_write, is_unfinished, sweep, sync_folder
from crawler.evidence.journal import Journal
from crawler.evidence.note import Verifier, vkey
from crawler.evidence.proof import (
    DIGEST_SIZE,
    EMPTY_ROOT,
    consistency_path,
    inclusion_path,
    leaf_digest,
    tree_root,
)
from crawler.evidence.tiles import WIDTH, TileTree

ENTRIES, CHECKPOINT, CHECKPOINTS = tiles.JOURNAL, "checkpoint", "checkpoints"
_BUNDLES = "tile/entries/"
PROVEN = 65_536  # nodes of the tree that are kept while many entries are proved: 5 MB
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_ATTEMPTS, _TORN, _PAUSE = 50, 4, 0.01  # of a reader that meets a writer at work; seconds
_RESTORE = "restore it from a copy of the archive; nothing was changed"


def create_log(folder: Path, origin: str, key: Ed25519PrivateKey) -> None:
    """Make an empty log with a signed checkpoint of size 0. Only `evidence init` calls this.

    Raises LogError if there is a log already. A crash before `checkpoint` exists leaves what `Log.open`
    refuses: remove the folder and start again, nothing was recorded in it.
    """
    for name in (ENTRIES, CHECKPOINT, CHECKPOINTS, "tile"):
        if (folder / name).exists():
            raise LogError(f"{folder} already holds a log ({name}); choose another folder")
    (folder / CHECKPOINTS).mkdir(parents=True)
    note = sign(Checkpoint(origin, 0, EMPTY_ROOT), origin, key)
    durable_create(folder / ENTRIES, b"")
    durable_create(folder / CHECKPOINTS / "0", note)
    durable_write(folder / CHECKPOINT, note)  # the log exists from here on
    sync_folder(folder.parent)


class Log:
    """An open log. One writer at a time (the archive's lock sees to it); readers need no lock.

    Threads may share it. `recovered` tells what `open` moved to quarantine and no event names yet: dicts of file,
    offset, length, digest and kept (the name in quarantine), for the caller to log as ``recovered`` events.
    """

    def __init__(self, folder: Path, verifiers: Sequence[Verifier], journal: Journal, tree: TileTree) -> None:
        self.folder = folder
        self.recovered: list[dict[str, str | int]] = []
        self._verifiers = tuple(verifiers)
        self._sizes: list[int] = []  # at which we signed, rising; never empty once open
        self._journal = journal
        self._tree = tree
        self._mutex = threading.RLock()
        self._last: tuple[int, list[bytes]] = (-1, [])  # the bundle that was read last
        self._refusal = "open for reading only; open it for writing"  # why not to write; "" = may write

    @classmethod
    def open(
        cls,
        folder: Path,
        verifiers: Sequence[Verifier],
        *,
        writable: bool,
        quarantine: Path | None = None,
        at_least: int = 0,
    ) -> "Log":
        """Open a log whose keys are `verifiers`, oldest first; the last one signs. Reads no full bundle.

        A writer moves a torn last entry to `quarantine` and finishes what a crash interrupted. `at_least` is how
        many entries the caller knows of from elsewhere (the database, a bundle).

        Raises LogShorter (entries are gone), LogForked (entries contradict the newest checkpoint), LogError (a
        file is missing or damaged, the newest checkpoint's signature is wrong, a reader meets a torn entry).
        """
        if writable and quarantine is None:
            raise LogError(f"{folder}: a writer needs a quarantine folder for torn entries")
        if not verifiers:
            raise LogError(
                f"{folder}: no key to verify the checkpoints with; restore trust/log.vkey from a copy"
            )
        # Notes before entries: beside a writer, a reader then sees at least the entries its notes cover.
        sizes = _read_sizes(folder, verifiers)
        log = cls(folder, verifiers, *_read_entries(folder))
        log._sizes = sizes
        log._check(at_least)
        if log._journal.torn:
            log._journal.set_aside(quarantine if writable else None)
        if writable and quarantine is not None:
            log._begin_writing(quarantine)
        return log

    @property
    def verifier(self) -> Verifier:
        """The current key."""
        return self._verifiers[-1]

    @property
    def verifiers(self) -> tuple[Verifier, ...]:
        """Every key of the log, oldest first."""
        return self._verifiers

    def use_key(self, verifier: Verifier) -> None:
        """Sign with this key from now on (the caller has logged the rotation). Raises LogError for another log's."""
        if verifier.name != self.verifier.name:
            raise LogError(f"the key of {verifier.name} cannot sign the log {self.verifier.name}")
        self._verifiers = (*(known for known in self._verifiers if known != verifier), verifier)

    @property
    def size(self) -> int:
        """How many entries the log has."""
        return self._tree.size

    @property
    def in_doubt(self) -> bool:
        """Whether an append failed in such a way that its entries may be in the log: take nothing back then."""
        return self._journal.in_doubt

    @property
    def checkpoint_sizes(self) -> list[int]:
        """The sizes at which checkpoints were signed, rising."""
        return list(self._sizes)

    def root(self, size: int | None = None) -> bytes:
        """The root over the first `size` entries (all when not given); 32 bytes."""
        with self._mutex:
            return tree_root(self._tree.node, self._require_size(size))

    def leaf_digest(self, index: int) -> bytes:
        """The Merkle leaf digest of one entry; 32 bytes. Raises FormatError when there is none."""
        with self._mutex:
            self._require_leaf(index)
            return self._tree.digest(0, index)

    def leaf(self, index: int) -> bytes:
        """One entry. Raises FormatError when there is none, LogError if it has changed."""
        with self._mutex:
            self._require_leaf(index)
            return self._read_leaves(index, index + 1)[0]

    def leaves(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Entries start … stop-1 in order, read as they are asked for. Raises LogError if one has changed."""
        stop = self.size if stop is None else min(stop, self.size)
        while 0 <= start < stop:
            end = min(stop, (start // WIDTH + 1) * WIDTH)
            with self._mutex:
                found = self._read_leaves(start, end)
            yield from found
            start = end

    def prove(self, index: int, size: int | None = None) -> list[bytes]:
        """The inclusion path of entry `index` in the tree of the first `size` entries. Raises FormatError."""
        with self._mutex:
            return inclusion_path(self._tree.node, index, self._require_size(size))

    def prove_many(self, wanted: Iterable[tuple[int, int]]) -> Iterator[list[bytes]]:
        """The inclusion path of each (index, size): as `prove`, with what the paths have in common read once."""
        node = lru_cache(maxsize=PROVEN)(self._tree.node)
        for index, size in wanted:
            with self._mutex:
                path = inclusion_path(node, index, self._require_size(size))
            yield path

    def consistency(self, old: int, new: int | None = None) -> list[bytes]:
        """The consistency path from `old` to `new` entries. Raises FormatError."""
        with self._mutex:
            return consistency_path(self._tree.node, old, self._require_size(new))

    def latest_checkpoint(self) -> tuple[Checkpoint, bytes]:
        """The newest checkpoint and its signed note."""
        return self.checkpoint_at(self._sizes[-1])

    def checkpoint_at(self, size: int) -> tuple[Checkpoint, bytes]:
        """The checkpoint signed at `size`, and its note, compared with the entries.

        Raises FormatError if none was signed, LogError if it is damaged, LogForked if the entries contradict it.
        """
        with self._mutex:
            place = bisect_left(self._sizes, size)
            if self._sizes[place : place + 1] != [size]:
                raise FormatError(f"no checkpoint of size {size}; there are {_shown(self._sizes)}")
            path = self.folder / CHECKPOINTS / str(size)
            checkpoint, note = _read_note(path, self._verifiers)
            if checkpoint.size != size:
                raise LogError(
                    f"{path} holds the checkpoint of size {checkpoint.size}: restore it from a copy"
                )
            self._require_root(checkpoint)
            return checkpoint, note

    def append(self, leaves: Sequence[bytes]) -> range:
        """Append entries, all or none, in one write; returns their indices once they are durable.

        Raises FormatError (a leaf too long or empty), OSError (disk full …: the entries are as they were before,
        unless `in_doubt`), LogError (not open for writing, or an earlier failure could not be undone).
        """
        with self._mutex:
            self._require_writable()
            first = self.size
            entries = [tiles.encode_entry(leaf) for leaf in leaves]
            if entries:
                self._settle()  # what could not be done before must be done before anything follows
                self._append(leaves, entries)
            return range(first, self.size)

    def sign_checkpoint(self, key: Ed25519PrivateKey) -> bytes:
        """Sign the log as it is; returns the note (the existing one if nothing was appended since).

        Raises LogError (not the current key, not writable), LogShorter or LogForked (the log contradicts what was
        signed before), OSError.
        """
        with self._mutex:
            self._require_writable()
            name = self.verifier.name
            if vkey(name, key.public_key()) != vkey(name, self.verifier.public_key):
                raise LogError(f"this key does not belong to the log {name} today; use the log's current key")
            latest, note = self.latest_checkpoint()
            if self.size > latest.size:
                self._settle()
                self._write_partials(self.size)
                note = sign(Checkpoint(name, self.size, self.root()), name, key)
                # Commit point: from its name in checkpoints/ on, this history is the one we stand by.
                durable_write(self.folder / CHECKPOINTS / str(self.size), note)
                self._sizes.append(self.size)
            if (self.folder / CHECKPOINT).read_bytes() != note:
                durable_write(self.folder / CHECKPOINT, note)
            return note

    def _append(self, leaves: Sequence[bytes], entries: Sequence[bytes]) -> None:
        self._journal.append(entries)
        # Durable. What goes wrong from here on (an interrupt, say) leaves `in_doubt` true: they are entries.
        self._tree.append(tiles.leaf_digests(leaves))
        self._settle_or_leave()
        self._journal.settled()

    def _settle(self) -> None:
        """Make full bundles and tiles of what the journal has; see above for a crash at each step."""
        journal, tree = self._journal, self._tree
        first, count = journal.first // WIDTH, journal.count // WIDTH
        for n in range(first, first + count):
            tiles.write_bundle(self.folder, n, journal.content(n * WIDTH, (n + 1) * WIDTH))
            tiles.remove_partials(self.folder, tiles.bundle_path(n))
        if count:
            tiles.announce_tile(self.folder, first + count - 1)
            journal.drop(count * WIDTH)
        if tree.tiles * WIDTH < journal.first:
            for level, n, digests in tree.fold():
                tiles.write_tile(self.folder, level, n, digests)
                tiles.remove_partials(self.folder, tiles.tile_path(level, n))
            tiles.withdraw_tile(self.folder, tree.tiles - 1)

    def _settle_or_leave(self) -> None:
        """`_settle`, but a full disk does not take back entries that are durable.

        It is not forgotten: the next append or checkpoint does it first, and raises then.
        """
        with contextlib.suppress(OSError):
            self._settle()

    def _write_partials(self, size: int, *, again: bool = True) -> None:
        """Partial tiles and bundle for a size that was or will be signed, where no full one is or will be."""
        for level, n, width in tiles.partials(size):
            if n < self.size >> (tiles.BITS * (level + 1)):
                continue
            if not again and (self.folder / tiles.tile_path(level, n, width)).exists():
                continue
            start = n * WIDTH
            if level == 0:
                tiles.write_bundle(self.folder, n, self._journal.content(start, start + width), width)
            row = (self._tree.node(tiles.BITS * level, start + place) for place in range(width))
            tiles.write_tile(self.folder, level, n, b"".join(row), width)

    def _begin_writing(self, quarantine: Path) -> None:
        self.recovered = self._journal.unreported(quarantine)
        sweep(self.folder)
        sweep(self.folder / CHECKPOINTS)
        newest = self.latest_checkpoint()[1]
        if (self.folder / CHECKPOINT).read_bytes() != newest:
            durable_write(self.folder / CHECKPOINT, newest)
        self._refusal = ""
        with contextlib.suppress(
            OSError
        ):  # as in `_settle_or_leave`: a log on a full disk can still be opened
            if not self._tree.tiles:
                # A log from before there were tiles: what its checkpoints need comes first.
                for size in self._sizes:
                    self._write_partials(size, again=False)
            if self._tree.tiles:  # we may have been killed right after this tile was there
                tiles.remove_partials(self.folder, tiles.tile_path(0, self._tree.tiles - 1))
            self._settle()
            self._sweep_tiles()

    def _sweep_tiles(self) -> None:
        """Remove what interrupted writes left; it lies at the right edge. Not before all tiles are there."""
        for path in tiles.right_edge(self.size):
            sweep((self.folder / path).parent)

    def _check(self, at_least: int) -> None:
        signed = self._sizes[-1]
        if self.size < max(signed, at_least):
            known = f"the checkpoint of size {signed}" if signed >= at_least else f"{at_least} known entries"
            raise LogShorter(
                f"{self.folder} has {self.size} whole entries, fewer than {known}: restore it from "
                f"a newer copy; nothing was changed"
            )
        self.latest_checkpoint()
        if not self._tree.tiles:
            return  # until the first full tile, a writer makes the partial ones that older versions did not have
        for path in tiles.partials_of(signed):
            if not (self.folder / path).exists() and not (self.folder / path.partition(".p/")[0]).exists():
                raise LogError(f"{self.folder / path} is missing: {_RESTORE}")

    def _read_leaves(self, start: int, stop: int) -> list[bytes]:
        """Entries of one bundle or of the journal. Raises LogError unless they have the digests we know."""
        if start >= self._journal.first:
            leaves = self._from_journal(start, stop)
        else:
            n, place = divmod(start, WIDTH)
            leaves = self._bundle(n)[place : place + stop - start]
        for index, leaf in enumerate(leaves, start):
            if leaf_digest(leaf) != self._tree.digest(0, index):
                raise LogError(f"{self.folder}: entry {index} changed; stop writing, compare with a copy")
        return leaves

    def _from_journal(self, start: int, stop: int) -> list[bytes]:
        try:
            leaves = tiles.split_entries(self._journal.content(start, stop))
        except FormatError:
            leaves = []
        if len(leaves) != stop - start:
            raise LogError(f"{self._journal.path}: entry {start} changed; stop writing, compare with a copy")
        return leaves

    def _bundle(self, n: int) -> list[bytes]:
        """The leaves of a full bundle; the last one read is kept."""
        if self._last[0] != n:
            self._last = n, tiles.split_entries(tiles.read_bundle(self.folder, n))
        return self._last[1]

    def _require_root(self, checkpoint: Checkpoint) -> None:
        if checkpoint.size > self.size:
            raise LogShorter(f"{self.folder}: {self.size} entries, but {checkpoint.size} were signed before")
        root = self.root(checkpoint.size)
        if root != checkpoint.root:
            raise LogForked(
                f"{self.folder}: the first {checkpoint.size} entries have root {root.hex()}, "
                f"the signed checkpoint says {checkpoint.root.hex()}: entries were changed; {_RESTORE}"
            )

    def _require_writable(self) -> None:
        refusal = self._refusal or self._journal.refusal()
        if refusal:
            raise LogError(f"{self.folder} must not be written: {refusal}")

    def _require_size(self, size: int | None) -> int:
        size = self.size if size is None else size
        if not 0 <= size <= self.size:
            raise FormatError(f"the log has {self.size} leaves, not {size}")
        return size

    def _require_leaf(self, index: int) -> None:
        if not 0 <= index < self.size:
            raise FormatError(f"no leaf {index} in a log of {self.size}")


def _read_sizes(folder: Path, verifiers: Sequence[Verifier]) -> list[int]:
    """The sizes that were signed, rising; the newest in checkpoints/ may be one ahead of `checkpoint`."""
    if not (folder / CHECKPOINT).is_file():
        raise LogError(f"{folder / CHECKPOINT} is missing: {_RESTORE}")
    current, note = _read_note(folder / CHECKPOINT, verifiers)
    paths = (folder / CHECKPOINTS).iterdir() if (folder / CHECKPOINTS).is_dir() else iter(())
    names = [path.name for path in paths if not is_unfinished(path)]
    for name in names:
        if not _SIZE.fullmatch(name):
            raise LogError(f"{folder / CHECKPOINTS / name} is no checkpoint: move it out of the archive")
    sizes = sorted(map(int, names))
    for size in (0, current.size):
        if size not in sizes:
            raise LogError(f"{folder / CHECKPOINTS / str(size)} is missing: {_RESTORE}")
    _read_note(folder / CHECKPOINTS / str(sizes[-1]), verifiers)
    if (folder / CHECKPOINTS / str(current.size)).read_bytes() != note:
        raise LogError(
            f"{folder / CHECKPOINT} and {folder / CHECKPOINTS / str(current.size)} differ: {_RESTORE}"
        )
    return sizes


def _read_note(path: Path, verifiers: Sequence[Verifier]) -> tuple[Checkpoint, bytes]:
    try:
        note = path.read_bytes()
        return open_note(note, verifiers), note
    except (FileNotFoundError, FormatError) as error:
        raise LogError(f"{path}: {error}; restore it from a copy of the archive") from error


def _read_entries(folder: Path) -> tuple[Journal, TileTree]:
    """Journal and tree as they were at one moment, also beside a writer. Raises LogError."""
    for attempt in range(_ATTEMPTS):
        journal = Journal(folder / ENTRIES)
        stored = tiles.survey(folder)
        # The survey tells of this very journal if none was put in its place until now. An entry that seems torn
        # may be one that is being written.
        if not journal.replaced() and (not journal.torn or attempt >= _TORN):
            break
        time.sleep(_PAUSE)
    else:
        raise LogError(f"{folder} kept changing while it was read: try again when less is being written")
    journal.first = stored.journal * WIDTH
    journal.before = _require_files(folder, stored)
    tree = TileTree(folder, stored.tiles)
    for n in range(stored.tiles, stored.journal):  # a writer was interrupted before it made their tiles
        tree.append(tiles.leaf_digests(tiles.split_entries(tiles.read_bundle(folder, n))))
    tree.append(journal.take_digests())
    return journal, tree


def _require_files(folder: Path, stored: tiles.Stored) -> int:
    """See that no bundle and no tile is missing; returns the bytes of the bundles before the journal."""
    sizes = [_size_of(folder / tiles.bundle_path(n)) for n in range(stored.bundles)]
    for path in tiles.full_of(stored.tiles * WIDTH):
        if not path.startswith(_BUNDLES) and _size_of(folder / path) != WIDTH * DIGEST_SIZE:
            raise LogError(f"{folder / path} does not have {WIDTH * DIGEST_SIZE} bytes: {_RESTORE}")
    return sum(sizes[: stored.journal])


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError as error:
        raise LogError(f"{path} is missing: {_RESTORE}") from error


def _shown(sizes: Sequence[int]) -> str:
    return str(sizes) if len(sizes) <= 20 else f"{len(sizes)}, the newest of size {sizes[-1]}"
