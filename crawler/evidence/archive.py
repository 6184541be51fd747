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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

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
from crawler.evidence import checkpoint as notes
from crawler.evidence.digest import digest, digest_file
from crawler.evidence.durable import durable_write, is_unfinished, sweep, sync_folder
from crawler.evidence.log import Log, create_log
from crawler.evidence.manifest import Capture, Event, SealedTime, StoredRecord, parse_leaf
from crawler.evidence.warc import Encoded, Record, WarcWriter, encode, new_record_id

STATE_FILE = "state-sha256.txt"
LOCK_FILE = ".lock"
RESERVE = 8 << 20  # bytes kept free so that a run can still be closed, signed and indexed
FOLDERS = ("warc", "log/stamps", "trust", "keys", "quarantine")
_NOT_STATE = (STATE_FILE, LOCK_FILE, "log/entries")

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

    @classmethod
    def create(cls, path: Path, config: Config, *, passphrase: bytes | None = None) -> "Archive":
        """Make a new archive with its key and an empty, signed log; returns it open for writing.

        Raises UsageError if the folder already holds something, or for a name that no log can have.
        """
        if path.exists() and any(path.iterdir()):
            raise UsageError(f"{path} is not empty: choose a new folder for the archive")
        key = notes.make_key()
        try:
            public = notes.vkey(config.origin, key.public_key())
        except FormatError as error:
            raise UsageError(f"the log cannot be named {config.origin!r}: {error}") from error
        for name in FOLDERS:
            (path / name).mkdir(parents=True, exist_ok=True)
        (path / "keys").chmod(0o700)
        notes.save_key(path / "keys/log.key", key, passphrase)
        durable_write(path / "keys/alias.key", os.urandom(32).hex().encode() + b"\n", mode=0o600)
        durable_write(path / "trust/log.vkey", public.encode() + b"\n")
        create_log(path / "log", config.origin, key)
        # The configuration comes last: only a folder that has one is an archive (read_config).
        durable_write(path / CONFIG_FILE, config.to_toml().encode())
        archive = cls.open(path, writable=True)
        archive.record_event("archive-created", {"organisation": config.organisation, "vkey": public})
        return archive

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
            verifier = notes.parse_vkey((path / "trust/log.vkey").read_text("ascii").strip())
            folder = path / "log"
            log = Log.open(
                folder, verifier, writable=writable, quarantine=path / "quarantine", at_least=at_least
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
        event = Event(act=act, time=clock.now(), by=self.config.operator, details=details, after=self.after)
        with self._mutex, self.refusals():
            return self.log.append([event.to_leaf()]).start

    def sign_checkpoint(self, passphrase: bytes | None = None) -> bytes:
        """Sign the log as it is now (a new checkpoint, or the newest one if nothing came since)."""
        self._writable()
        key = notes.load_key(self.path / "keys/log.key", passphrase)
        with self._mutex, self.refusals():
            return self.log.sign_checkpoint(key)

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

    def write_state(self) -> None:
        """Write the digests of the files that the log does not cover (docs/decisions/0007)."""
        lines = [
            f"{digest_file(self.path / name).removeprefix('sha256:')}  {name}\n"
            for name in state_files(self.path)
        ]
        durable_write(self.path / STATE_FILE, "".join(lines).encode())

    def close(self) -> None:
        """Close the files; a writer also leaves the state digests and the lock."""
        try:
            with self.refusals():
                self._warcs.close()
                if self._lock is not None:
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
            # No leaf names these records, so they must not stay in a file whose every byte is covered.
            self._warcs.take_back(before)
            raise
        return list(zip(indices, captures, strict=True))

    def _sealed_before(self, started: str) -> SealedTime | None:
        """The newest seal that was there when a capture began: of one that came meanwhile "not before" is false."""
        return next((seal for since, seal in reversed(self._seals) if since <= started), None)

    def _begin_segment(self) -> None:
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
            self.record_event("warc-opened", {"record": _as_json(record.at(locator))})
        except BaseException:
            # No leaf names this file, so nothing may be written behind its first record.
            self._warcs.close()
            (self.path / name).unlink()
            raise

    def _recover(self) -> None:
        for folder in (self.path, *(self.path / name for name in FOLDERS)):
            sweep(folder)
        _sweep_stamps(self.path / "log/stamps")
        for tail in self.log.recovered:
            self.record_event("recovered", dict(tail))
        file, end = self._logged_end()
        for path in sorted((self.path / "warc").glob("*.warc.gz")):
            name = f"warc/{path.name}"
            if name > file:
                self._quarantine(path, 0)
            elif name == file:
                self._resume(path, end)
        if file and not (self.path / file).is_file():
            raise ArchiveError(f"{self.path / file} is missing but the log names it: restore it from a copy")

    def _resume(self, path: Path, end: int) -> None:
        size = path.stat().st_size
        if size < end:
            raise ArchiveError(
                f"{path} has {size} bytes but the log names {end}: restore the file from a copy;"
                " `evidence verify` lists what is missing"
            )
        if size > end:
            self._quarantine(path, end)
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

    def _logged_end(self) -> tuple[str, int]:
        """The last WARC file that a leaf names, and the end of the last record in it."""
        for index in reversed(range(self.log.size)):
            records = leaf_records(parse_leaf(self.log.leaf(index)))
            if records:
                last = max(records, key=lambda record: record["locator"]["offset"])["locator"]
                return last["file"], last["offset"] + last["length"]
        return "", 0

    def _writable(self) -> None:
        if self._lock is None:
            raise UsageError(f"{self.path} was opened for reading only")

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
        path.relative_to(archive).as_posix()
        for path in archive.rglob("*")
        if path.is_file() and path.parent.name != "warc" and not is_unfinished(path)
    )
    return sorted(name for name in names if name not in _NOT_STATE)


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
