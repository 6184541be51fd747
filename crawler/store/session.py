"""An archive opened for writing, with its index: what every command that changes something works through.

One writer thread makes captures durable and indexes them (group commit: whatever has queued up while the
last batch was being synced goes into the next one, and each caller waits for its own batch). Order inside a
batch: WARC and log (crawler.evidence.archive), then one SQLite transaction, then the callers hear of it.

If the thread fails, every waiting and every later call raises: a dead writer must stop the crawl, not hang it.
One case is milder: when there is no room for another page, only captures are refused from then on, and what had
been recorded is still read, stored and closed in the reserve that `Archive.commit` keeps free.
"""

import queue
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Self
from weakref import WeakKeyDictionary

from crawler.errors import ArchiveMissing, DiskFull, EvidenceError, RecordError
from crawler.evidence.archive import Archive, Draft
from crawler.evidence.manifest import Capture, parse_leaf
from crawler.evidence.timestamp import Send
from crawler.items import Item
from crawler.store.index import FILE, Index, fold_leftovers

BATCH = 64


@dataclass(frozen=True, slots=True)
class Unread:
    """A page, or a part of it, that its spider did not understand."""

    capture: str
    extractor: str
    version: int
    ordinal: int
    reason: str
    lost: bool = True  # it may have been an item; else only a detail of one
    place: str | None = None  # where on the page, as in `crawler.quoted`


@dataclass(slots=True)
class Reading:
    """All that was read off one capture: stored in one transaction."""

    items: list[Item] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    read_by: tuple[str, int] | None = None  # extractor and its version; None: nobody read the page


@dataclass(slots=True)
class _Job:
    made: Future[Any]
    draft: Callable[[], Draft] | None = None
    drafts: Callable[[], Sequence[Draft]] | None = None
    reading: tuple[str, Reading] | None = None
    event: tuple[str, dict[str, Any]] | None = None
    count: int = 0  # of the drafts that were made

    @property
    def captures(self) -> bool:
        """Whether this is for captures, which need room."""
        return self.draft is not None or self.drafts is not None

    def make(self) -> Sequence[Draft]:
        """The drafts, if this is for captures."""
        made = [self.draft()] if self.draft else self.drafts() if self.drafts else ()
        self.count = len(made)
        return made


class Session:
    """An archive open for writing, its index, and the writer thread. Close it to leave the archive clean.

    `on_closing` callbacks run before the session closes; their errors are not caught: what they cannot keep must
    be seen. `sender` posts timestamp queries, `passphrase` opens the log's key, where it has one, and `after_seal`
    asks whoever else is to see a checkpoint and returns what went wrong there; who opens the session provides them.
    """

    def __init__(self, archive: Archive, index: Index) -> None:
        self.archive = archive
        self.index = index
        self.on_closing: list[Callable[[], Awaitable[None]]] = []
        self.sender: Send = _no_sender
        self.passphrase: bytes | None = None
        self.after_seal: Callable[[Archive], list[str]] = _nobody_else
        self.captures = 0
        self._readings: dict[str, Reading] = {}
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._failure: EvidenceError | None = None
        self._broken = False  # the writer thread failed: what it left is for the next start to settle
        self._no_room: DiskFull | None = None
        self._thread = threading.Thread(target=self._write_until_closed, name="evidence-writer", daemon=True)
        self._thread.start()

    @classmethod
    def open(cls, path: Path) -> Self:
        """Lock and recover the archive, bring the index up to the log.

        Raises whatever `Archive.open` and `Index.catch_up` raise, and ArchiveMissing if the index is gone.
        """
        known = 0
        if (path / FILE).is_file():
            with Index(path / FILE, writable=False) as index:
                known = index.leaves
        return cls.take(Archive.open(path, writable=True, at_least=known))

    @classmethod
    def take(cls, archive: Archive) -> Self:
        """As `open`, for an archive that is already open for writing."""
        try:
            fold_leftovers(archive.path)
            _require_index(archive)
            index = Index(archive.path / FILE, writable=True)
            try:
                index.catch_up(archive.log.size, archive.log.leaves(index.leaves), to_read=True)
            except BaseException:
                index.close()
                raise
        except BaseException:
            archive.close()
            raise
        return cls(archive, index)

    def record(self, draft: Callable[[], Draft]) -> Future[Capture]:
        """Make a capture durable. `draft` is called on the writer thread (it compresses and digests there)."""
        return self._submit(_Job(Future(), draft=draft))

    def record_all(self, drafts: Callable[[], Sequence[Draft]]) -> Future[list[Capture]]:
        """Make captures that belong together durable, all or none; see `record`."""
        return self._submit(_Job(Future(), drafts=drafts))

    def reading(self, capture: str) -> Reading:
        """What has been read off a capture so far; not stored yet."""
        return self._readings.setdefault(capture, Reading())

    def store(self, capture: str) -> Future[None]:
        """Store what was read off a capture, in one transaction."""
        return self._submit(_Job(Future(), reading=(capture, self._readings.pop(capture, Reading()))))

    def record_event(self, act: str, details: dict[str, Any]) -> int:
        """Append a custody event and index it; returns its leaf index when both are durable."""
        leaf: int = self._submit(_Job(Future(), event=(act, details))).result()
        return leaf

    async def closing(self) -> None:
        """Run the `on_closing` callbacks."""
        for callback in self.on_closing:
            await callback()

    def stop_writing(self) -> None:
        """Finish what is queued and end the writer thread."""
        self._jobs.put(None)
        self._thread.join()
        # Who comes later, or came just now, must not wait for an answer that nobody gives.
        self._failure = self._failure or RecordError(f"{self.archive.path} has been closed for writing")
        while not self._jobs.empty():
            late = self._jobs.get()
            _refuse([late] if late is not None else [], self._failure)

    def close(self) -> None:
        """End the writer thread, fold the WAL, write the state digests, give up the lock."""
        self.stop_writing()
        try:
            try:
                if not self._broken:
                    self._note_settings()
            finally:
                self.index.close()
        finally:
            self.archive.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _note_settings(self) -> None:
        """Let log and index have what nobody recorded through us: events about the settings."""
        self.archive.note_settings()
        with self.index.transaction():
            self._index_leaves([])

    def _submit(self, job: _Job) -> Future[Any]:
        if self._failure is not None:
            raise type(self._failure)(*self._failure.args) from self._failure
        # From here on it cannot be cancelled: a result for a cancelled caller would end the writer thread.
        job.made.set_running_or_notify_cancel()
        self._jobs.put(job)
        return job.made

    def _write_until_closed(self) -> None:
        while (job := self._jobs.get()) is not None:
            batch = [job]
            while len(batch) < BATCH and not self._jobs.empty():
                following = self._jobs.get()
                if following is None:
                    self._jobs.put(None)
                    break
                batch.append(following)
            self._write(batch)

    def _write(self, batch: list[_Job]) -> None:
        if self._failure is not None:
            _refuse(batch, self._failure)
            return
        try:
            committed = self._commit(batch)
            if self._no_room is not None:
                _refuse([job for job in batch if job.captures], self._no_room)
                batch = [job for job in batch if not job.captures]
            results = self._write_batch(batch, committed)
        except BaseException as error:  # noqa: BLE001 - handed to every caller; the session refuses from here on
            self._failure = _as_ours(error)
            self._broken = True
            _refuse(batch, self._failure)
        else:
            for job, result in zip(batch, results, strict=True):
                job.made.set_result(result)

    def _commit(self, batch: list[_Job]) -> list[tuple[int, Capture]]:
        drafts = [draft for job in batch for draft in job.make()]
        if not drafts or self._no_room is not None:
            return []
        try:
            return self.archive.commit(drafts)
        except DiskFull as error:
            # Nothing of the batch was kept. There may still be room for the small things.
            self._no_room = error
            return []

    def _write_batch(self, batch: list[_Job], committed: list[tuple[int, Capture]]) -> list[object]:
        events = [self.archive.record_event(*job.event) for job in batch if job.event is not None]
        # A crash here: the leaves are durable, the rows are not. `catch_up` adds them on the next start.
        with self.index.transaction():
            self._index_leaves(committed)
            for job in batch:
                if job.reading is not None:
                    self._store(*job.reading)
        self.captures += len(committed)
        captures, leaves = iter(capture for _, capture in committed), iter(events)
        return [_result(job, captures, leaves) for job in batch]

    def _index_leaves(self, committed: list[tuple[int, Capture]]) -> None:
        """Index new captures from memory where they follow directly, everything else from the log."""
        for leaf, capture in committed:
            if leaf == self.index.leaves:
                self.index.add_capture(leaf, capture)
        start = self.index.leaves
        for number, leaf_bytes in enumerate(self.archive.log.leaves(start), start):
            self.index.apply(number, parse_leaf(leaf_bytes))

    def _store(self, capture: str, reading: Reading) -> None:
        self.index.mark_read(capture)
        if reading.read_by is not None:
            self.index.add_reading(capture, *reading.read_by)
        self.index.add_items(reading.items)
        for part in reading.unread:
            self.index.add_unread(
                part.capture, part.extractor, part.version, part.ordinal, part.reason, part.lost, part.place
            )


def _result(job: _Job, captures: Iterator[Capture], leaves: Iterator[int]) -> object:
    made = list(islice(captures, job.count))
    return next(leaves) if job.event else made[0] if job.draft else made if job.drafts else None


def _require_index(archive: Archive) -> None:
    """An index made anew from the leaves would lack, without a word, what had been read off the pages."""
    path = archive.path / FILE
    if not path.is_file() and any(parse_leaf(leaf)["kind"] == "capture" for leaf in archive.log.leaves()):
        raise ArchiveMissing(f"{path} is missing: make it again with `evidence rebuild`")


def _nobody_else(_archive: Archive) -> list[str]:
    return []


def _no_sender(url: str, _query: bytes) -> bytes:
    raise OSError(f"no way to reach {url}: this session was opened without a sender")


def _refuse(batch: list[_Job], error: EvidenceError) -> None:
    for job in batch:
        if not job.made.done():
            job.made.set_exception(error)


def _as_ours(error: BaseException) -> EvidenceError:
    """Callers tell a page that could not be kept from one that could not be fetched by the error's type."""
    if isinstance(error, EvidenceError):
        return error
    return RecordError(f"the writer stopped: {type(error).__name__}: {error}")


_sessions: WeakKeyDictionary[object, Session] = WeakKeyDictionary()


def session_of(owner: object, path: Path | str) -> Session:
    """The session of one crawl (its Crawler object is the owner), opened at the first call."""
    if owner not in _sessions:
        _sessions[owner] = Session.open(Path(path))
    return _sessions[owner]


def adopt_session(owner: object, session: Session) -> None:
    """Let an owner work in a session that somebody else opened and will close."""
    _sessions[owner] = session


def end_session(owner: object) -> None:
    """Close the session of one crawl, if it has one."""
    session = _sessions.pop(owner, None)
    if session is not None:
        session.close()
