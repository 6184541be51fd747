"""The archive folder, and the one way into it: WARC durable → leaf durable → known.

Commit order, and what a crash means in each gap (`Archive.commit`):

1. WARC append, fsync. Crash before 2: records that no leaf names. Nothing downstream saw them; on the next
   start `_recover` copies them to quarantine/, logs that, and cuts the file back to its logged end.
2. Log append, fsync (crawler.evidence.log). From here the capture exists. Crash before the database row:
   the store replays the leaves it lacks when it opens. Crash before the spider saw the page: the frontier
   still holds the request, finds the capture and reads it from the archive instead of fetching again.

The same code runs on start and on commit; there is no repair tool.
"""

import contextlib
import errno
import fcntl
import os
import shutil
import threading
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from crawler import __version__, clock
from crawler.config import FILE as CONFIG_FILE
from crawler.config import Config, read_config
from crawler.errors import (
    ArchiveError,
    ArchiveLocked,
    DiskFull,
    FormatError,
    RecordError,
    UsageError,
)
from crawler.evidence import wacz_auth
from crawler.evidence.checks.reading import walk
from crawler.evidence.digest import digest, digest_file
from crawler.evidence.durable import durable_write, is_unfinished, sweep, sync_folder
from crawler.evidence.imported import FOLDER as IMPORTS
from crawler.evidence.imported import finish_imports
from crawler.evidence.key_change import VKEYS, finish_key_change
from crawler.evidence.log import Log, create_log
from crawler.evidence.manifest import Capture, Event, Locator, SealedTime, StoredRecord, parse_leaf
from crawler.evidence.note import parse_vkeys, vkey
from crawler.evidence.noted_settings import NOTED, newest_noted, settings_files
from crawler.evidence.removal import carry_out, is_announced
from crawler.evidence.retention import RemovalEvent, Removals, StoredRecords, logged_removals
from crawler.evidence.signing_key import LOG_KEY, load_key, make_key, require_key, save_key
from crawler.evidence.tiles import WIDTH
from crawler.evidence.warc import Encoded, Record, WarcWriter, encode, new_record_id

STATE_FILE = "state-sha256.txt"
LOCK_FILE = ".lock"
RESERVE = 8 << 20  # bytes kept free so that a run can still be closed, signed and indexed
FOLDERS = ("warc", "log/stamps", "trust", "keys", "quarantine")
_SWEPT = ("log/cosignatures/*", "log/ots/*", "witness", "witness/*", "witness/*/fork")  # where they exist
_NOT_STATE = (STATE_FILE, LOCK_FILE, "log/entries")
_COVERED = (
    "log/tile/",
    f"{IMPORTS}/",
)  # by the checkpoints' roots, and by the events that tell of imported files

_WARCINFO = (
    "software: web-evidence/{version}\r\n"
    "format: WARC File Format 1.1\r\n"
    "conformsTo: https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/\r\n"
    "isPartOf: {origin}\r\n"
    "digests: sha256, lower-case hex. Chunked responses are stored with their framing and carry the block"
    " digest only; the payload digest is in the log\r\n"
    "failures: a fetch without an answer is a metadata record with the fields outcome and reason\r\n"
)


@dataclass(frozen=True, slots=True)
class Draft:
    """A capture about to be committed: its manifest without records, and its encoded records."""

    capture: Capture
    records: tuple[Encoded, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One leaf of the log with its index."""

    index: int
    leaf: bytes


class Archive:
    """An open archive. `writable` holds the lock; anything else may only read."""

    def __init__(self, path: Path, config: Config, log: Log, lock: IO[bytes] | None) -> None:
        self.path = path
        self.config = config
        self.log = log
        self._seals: list[tuple[str, SealedTime | None]] = [("", latest_seal(path))]  # known since, rising
        self._lock = lock
        self.sealing = threading.Lock()  # one seal at a time: two would ask and keep the same stamps
        self._mutex = threading.RLock()
        self._warcs = WarcWriter(path / "warc")
        self._removal_events: list[RemovalEvent] = []
        self._removals = Removals()
        self._scanned = 0  # leaves that were looked through for removals
        self._noted: dict[str, str] | None = (
            None  # the settings as the log notes them; None: not looked for yet
        )

    @classmethod
    def create(cls, path: Path, config: Config, *, passphrase: bytes | None = None) -> "Archive":
        """Make a new archive with its key and an empty, signed log; returns it open for writing.

        Raises UsageError if the folder already holds something, or for a name that no log can have.
        """
        if path.exists() and any(path.iterdir()):
            raise UsageError(f"{path} is not empty: choose a new folder for the archive")
        key = make_key()
        try:
            public = vkey(config.origin, key.public_key())
        except FormatError as error:
            raise UsageError(f"the log cannot be named {config.origin!r}: {error}") from error
        for name in FOLDERS:
            (path / name).mkdir(parents=True, exist_ok=True)
        (path / "keys").chmod(0o700)
        save_key(path / LOG_KEY, key, passphrase)
        wacz_auth.save_key(path / wacz_auth.KEY_FILE, wacz_auth.make_key(), passphrase)
        durable_write(path / "keys/alias.key", os.urandom(32).hex().encode() + b"\n", mode=0o600)
        durable_write(path / VKEYS, public.encode() + b"\n")
        create_log(path / "log", config.origin, key)
        # The configuration comes last: only a folder that has one is an archive (read_config).
        durable_write(path / CONFIG_FILE, config.to_toml().encode())
        return cls.open(path, writable=True)

    @classmethod
    def open(cls, path: Path, *, writable: bool = False, at_least: int = 0) -> "Archive":
        """Open an archive; with `writable` also lock it and recover from a crash.

        `at_least` is the number of leaves that the index knows: a log with fewer is refused before anything is
        touched.

        Raises ArchiveMissing, ConfigError, ArchiveLocked, LogError and its children, ArchiveError.
        """
        config = read_config(path)
        lock = _take_lock(path) if writable else None
        try:
            verifiers = parse_vkeys((path / VKEYS).read_text("utf-8"))
            folder = path / "log"
            log = Log.open(
                folder, verifiers, writable=writable, quarantine=path / "quarantine", at_least=at_least
            )
            archive = cls(path, config, log, lock)
            if writable:
                with archive.refusals():
                    archive._recover()
        except BaseException:
            if lock is not None:
                lock.close()
            raise
        return archive

    def commit(self, drafts: Sequence[Draft]) -> list[tuple[int, Capture]]:
        """Make captures durable, all or none; returns each one's leaf index and completed manifest.

        Raises DiskFull or RecordError; the archive is then as it was before the call.
        """
        self._writable()
        with self._mutex:
            self._require_room(sum(len(r.stored) for draft in drafts for r in draft.records))
            with self.refusals():
                if self._warcs.needs_segment():
                    self._begin_segment()
                return self._commit(drafts)

    def record_event(self, act: str, details: dict[str, Any]) -> int:
        """Append one custody event; returns its leaf index. Raises DiskFull or RecordError."""
        self._writable()
        leaf = self._event(act, details)
        with self._mutex, self.refusals():
            return self.log.append([leaf]).start

    def _event(self, act: str, details: dict[str, Any]) -> bytes:
        event = Event(act=act, time=clock.now(), by=self.config.operator, details=details, after=self.after)
        return event.to_leaf()

    def sign_checkpoint(self, passphrase: bytes | None = None, *, sealing: bool = False) -> bytes:
        """Sign the log as it is now (a new checkpoint, or the newest one if nothing came since).

        Changed settings are noted before; when `sealing`, also those of an archive that never noted any.
        """
        self._writable()
        key = self.signing_key(passphrase)
        with self._mutex, self.refusals():
            self.note_settings(first=sealing)
            return self.log.sign_checkpoint(key)

    def note_settings(self, *, first: bool = False) -> int | None:
        """Log the digests of the settings and of trust/ if they changed; returns the leaf index of the event.

        None when the newest event says the same, or when there is none: the first one comes with the first seal
        (`first`), when the roots of the authorities are in their place. Whether a change was meant is not judged
        here: the event makes it seen. Raises UsageError for files that cannot be noted, DiskFull, RecordError.
        """
        self._writable()
        with self._mutex, self.refusals():
            try:
                files = settings_files(self.path)
                if self._noted is None:
                    self._noted = self._last_noted()
            except FormatError as error:
                raise UsageError(f"{self.path}: {error}") from error
            if files == self._noted or not (self._noted or first):
                return None
            index = self.record_event(NOTED, {"files": files})
            self._noted = files
            return index

    def _last_noted(self) -> dict[str, str]:
        size = self.log.size
        noted = newest_noted(zip(range(size - 1, -1, -1), self._newest_first(size), strict=False))
        return {} if noted is None else dict(noted.files)

    def signing_key(self, passphrase: bytes | None = None) -> Ed25519PrivateKey:
        """The log's private key. Raises ArchiveError: missing, wrong passphrase, or not the key in force."""
        key = load_key(self.path / LOG_KEY, passphrase)
        require_key(key, self.log.verifier, self.log.verifiers[:-1])
        return key

    def refresh_seal(self) -> None:
        """Let manifests of what begins from now on commit to the newest stamped checkpoint."""
        seal = latest_seal(self.path)
        if seal != self.after:
            self._seals.append((clock.now(), seal))

    @property
    def after(self) -> SealedTime | None:
        """The newest stamped checkpoint, or None."""
        return self._seals[-1][1]

    def entries(self, start: int = 0) -> Iterator[Entry]:
        """Leaves with their indices, from `start` on."""
        for index, leaf in enumerate(self.log.leaves(start), start):
            yield Entry(index, leaf)

    @property
    def removals(self) -> Removals:
        """What was removed when its retention period ended, as the log says now."""
        with self._mutex:
            if self._scanned < self.log.size:
                size = self.log.size
                found = [event for event in logged_removals(self.log, self._scanned) if event.entry < size]
                if found:
                    self._removal_events += found
                    self._removals = Removals(self._removal_events)
                self._scanned = size
            return self._removals

    def stored(self, locator: Locator) -> bytes:
        """The stored bytes of a record, by its locator in the log; see `StoredRecords.read` for the errors."""
        return self.records().read(locator)

    def records(self) -> StoredRecords:
        """Reads many records: ``with archive.records() as records``."""
        return StoredRecords(self.path, self.removals)

    def finish_files(self, files: Collection[str]) -> None:
        """See to it that nothing more is written to these files: begin a new one if one of them is the last."""
        self._writable()
        with self._mutex, self.refusals():
            if self.logged_end()[0] in files:
                self._begin_segment()

    def logged_end(self, before: int | None = None) -> tuple[str, int]:
        """The last WARC file that a leaf (of the first `before`) names, and the end of the last record in it."""
        for leaf in self._newest_first(self.log.size if before is None else before):
            records = leaf_records(parse_leaf(leaf)) if b'"locator"' in leaf else []
            if records:
                last = max(records, key=lambda record: record["locator"]["offset"])["locator"]
                return last["file"], last["offset"] + last["length"]
        return "", 0

    def write_state(self) -> None:
        """Write the digests of the files that the log does not cover (docs/decisions/0007)."""
        lines = [
            f"{digest_file(self.path / name).removeprefix('sha256:')}  {name}\n"
            for name in state_files(self.path)
        ]
        durable_write(self.path / STATE_FILE, "".join(lines).encode())

    def close(self) -> None:
        """Close the files; a writer also notes changed settings, leaves the state digests and the lock."""
        try:
            with self.refusals():
                self._warcs.close()
                if self._lock is not None:
                    if not self.log.in_doubt:
                        self.note_settings()
                    self.write_state()
        finally:
            if self._lock is not None:
                self._lock.close()
                self._lock = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _commit(self, drafts: Sequence[Draft]) -> list[tuple[int, Capture]]:
        before = self._warcs.size
        locators = iter(self._warcs.append([r for draft in drafts for r in draft.records]))
        try:
            self._warcs.sync()
            captures = [
                replace(
                    draft.capture,
                    records=tuple(record.at(next(locators)) for record in draft.records),
                    after=self._sealed_before(draft.capture.started),
                )
                for draft in drafts
            ]
            indices = self.log.append([capture.to_leaf() for capture in captures])
        except BaseException:
            # No leaf names these records, so they must not stay in a file whose every byte is covered. Unless the
            # log itself cannot tell whether a leaf does: then they stay, and `_recover` of the next start decides.
            if not self.log.in_doubt:
                self._warcs.take_back(before)
            raise
        return list(zip(indices, captures, strict=True))

    def _sealed_before(self, started: str) -> SealedTime | None:
        """The newest seal that was there when a capture began: of one that came meanwhile "not before" is false."""
        return next((seal for since, seal in reversed(self._seals) if since <= started), None)

    def _begin_segment(self) -> None:
        closed = self._closing()
        name = self._warcs.begin_segment()
        block = _WARCINFO.format(version=__version__, origin=self.config.origin).encode()
        filename = ("WARC-Filename", Path(name).name)
        record = encode(
            Record(
                type="warcinfo",
                id=new_record_id(),
                date=clock.now(),
                content_type="application/warc-fields",
                block=block,
                fields=(filename,),
            )
        )
        try:
            (locator,) = self._warcs.append([record])
            self._warcs.sync()
            opened = self._event("warc-opened", {"record": _as_json(record.at(locator))})
            # Both in one append. A crash may leave only the first: then `_recover` does not go on in that file.
            self.log.append([*closed, opened])
        except BaseException:
            # No leaf names this file (or nobody knows, see `_commit`), so nothing may be written behind its
            # first record.
            self._warcs.close()
            if not self.log.in_doubt:
                (self.path / name).unlink()
            raise

    def _closing(self) -> list[bytes]:
        """The ``warc-closed`` event for the file written so far; none if there is no file, or it is closed."""
        file, end = self.logged_end()
        if not file or self._is_closed(file):
            return []
        size = (self.path / file).stat().st_size
        if size != end:
            raise ArchiveError(f"{self.path / file} has {size} bytes but the log names {end}: stop writing")
        return [
            self._event("warc-closed", {"file": file, "length": end, "sha256": digest_file(self.path / file)})
        ]

    def _is_closed(self, file: str) -> bool:
        """Whether the log says that this file, the last that a leaf names, is written no more."""
        for leaf in self._newest_first(self.log.size):
            if b'"locator"' in leaf and leaf_records(parse_leaf(leaf)):
                return False
            if b'"warc-closed"' in leaf:
                content = parse_leaf(leaf)
                if content.get("act") == "warc-closed" and content["details"].get("file") == file:
                    return True
        return False

    def _newest_first(self, stop: int) -> Iterator[bytes]:
        """The first `stop` leaves from the newest back, a bundle at a time: what is looked for is near the end."""
        while stop:
            start = (stop - 1) // WIDTH * WIDTH
            yield from reversed(list(self.log.leaves(start, stop)))
            stop = start

    def _recover(self) -> None:
        for folder in (self.path, *(self.path / name for name in FOLDERS)):
            sweep(folder)
        for folder in (found for pattern in _SWEPT for found in self.path.glob(pattern) if found.is_dir()):
            sweep(folder)
        _sweep_stamps(self.path / "log/stamps")
        if not self.log.size:  # new, or `create` was interrupted right after the configuration
            first = {"organisation": self.config.organisation, "vkey": self.log.verifier.line}
            self.record_event("archive-created", first)
        finish_key_change(self.path, self.log)
        for tail in self.log.recovered:
            self.record_event("recovered", dict(tail))
        if is_announced(self.path):  # an `evidence expire` was interrupted; never the file still written to
            carry_out(self.path, self.removals)
        finish_imports(self.path, self.log.leaves())
        file, end = self.logged_end()
        for path in sorted((self.path / "warc").glob("*.warc.gz")):
            name = f"warc/{path.name}"
            if name > file:
                self._quarantine(path, 0)
            elif name == file:
                self._resume(path, end)
        if file and not (self.path / file).is_file():
            raise ArchiveError(f"{self.path / file} is missing but the log names it: restore it from a copy")
        self.note_settings()

    def _resume(self, path: Path, end: int) -> None:
        size = path.stat().st_size
        if size < end:
            raise ArchiveError(
                f"{path} has {size} bytes but the log names {end}: restore the file from a copy;"
                " `evidence verify` lists what is missing"
            )
        if size > end:
            self._quarantine(path, end)
        if not self._is_closed(f"warc/{path.name}"):
            self._warcs.resume(path)

    def _quarantine(self, path: Path, offset: int) -> None:
        """Move what no leaf names out of the way: copy, log, then cut. Repeating it after a crash is harmless."""
        with path.open("rb") as stream:
            stream.seek(offset)
            tail = stream.read()
        if tail:
            kept = _free_name(self.path / "quarantine", f"{path.name}.{offset}", tail)
            durable_write(kept, tail)
            details = {"file": f"warc/{path.name}", "offset": offset, "length": len(tail)}
            self.record_event("recovered", {**details, "digest": digest(tail), "kept": kept.name})
        if offset:
            os.truncate(path, offset)
        else:
            path.unlink()
        sync_folder(path.parent)

    def _writable(self) -> None:
        if self._lock is None:
            raise UsageError(f"{self.path} was opened for reading only")
        if self.log.in_doubt:
            raise RecordError(
                f"{self.path}: the disk neither confirmed nor undid the last log entries; check the disk, then start"
                " again: the next start finds out whether they are there"
            )

    def _require_room(self, wanted: int) -> None:
        free = shutil.disk_usage(self.path).free
        if free < RESERVE + 2 * wanted:
            raise DiskFull(
                f"{self.path}: {free >> 20} MiB free, {(RESERVE + 2 * wanted) >> 20} MiB needed to go on;"
                " make room, then continue with `evidence crawl --resume RUN`"
            )

    @contextlib.contextmanager
    def refusals(self) -> Iterator[None]:
        """The system's errors while writing as ours: DiskFull or RecordError."""
        try:
            yield
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise DiskFull(f"{self.path}: the disk is full; make room, then continue") from error
            raise RecordError(f"{self.path}: writing failed: {error}") from error


def leaf_records(content: dict[str, Any]) -> list[dict[str, Any]]:
    """The stored records that a parsed leaf names (captures: several; ``warc-opened``: one)."""
    if content["kind"] == "capture":
        return list(content["records"])
    if content["act"] == "warc-opened":
        return [content["details"]["record"]]
    return []


def state_files(archive: Path) -> list[str]:
    """Names (relative, sorted) of the files that state-sha256.txt must list."""
    names = (
        name
        for name, regular in walk(archive)
        if regular and Path(name).parent.name != "warc" and not is_unfinished(Path(name))
    )
    return sorted(name for name in names if name not in _NOT_STATE and not name.startswith(_COVERED))


def latest_seal(archive: Path) -> SealedTime | None:
    """The newest checkpoint with at least one timestamp token, or None."""
    stamps = archive / "log/stamps"
    sizes = sorted((int(path.name) for path in stamps.iterdir() if path.name.isdigit()), reverse=True)
    for size in sizes:
        tokens = sorted((stamps / str(size)).glob("*.tsr"))
        if tokens:
            note = (archive / "log/checkpoints" / str(size)).read_bytes()
            return SealedTime(size, digest(note), tuple(digest_file(token) for token in tokens))
    return None


def _free_name(quarantine: Path, stem: str, tail: bytes) -> Path:
    """A name for a tail that neither exists nor holds other bytes: a file can be torn twice at one place."""
    number = 1
    while True:
        path = quarantine / (f"{stem}.tail" if number == 1 else f"{stem}.{number}.tail")
        if not path.exists() or path.read_bytes() == tail:
            return path
        number += 1


def _sweep_stamps(stamps: Path) -> None:
    """Remove what an interrupted `keep` (crawler.evidence.seal) left: a stamp without its .tsr is none.

    Only the newest checkpoint is ever stamped, so what is missing elsewhere was lost, and stays to be seen.
    """
    newest = max((int(path.name) for path in stamps.iterdir() if path.name.isdigit()), default=None)
    if newest is None:
        return
    folder = stamps / str(newest)
    sweep(folder)
    whole = {path.name.removesuffix(".tsr") for path in folder.glob("*.tsr")}
    for path in folder.iterdir():
        if path.name.partition(".")[0] not in whole:
            path.unlink()


def _take_lock(path: Path) -> IO[bytes]:
    lock = (path / LOCK_FILE).open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise ArchiveLocked(
            f"{path} is being written by another evidence command: wait for it to end, or stop it first"
        ) from error
    return lock


def _as_json(record: StoredRecord) -> dict[str, Any]:
    locator = {"file": record.locator.file, "offset": record.locator.offset, "length": record.locator.length}
    fields = {name: getattr(record, name) for name in StoredRecord.__slots__ if name != "locator"}
    return {**{k: v for k, v in fields.items() if v is not None}, "locator": locator}
