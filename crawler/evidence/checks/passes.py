"""Read all pieces of a log, on all cores, and give out the readings in order.

Worker processes are started afresh (``spawn``), so nothing of this process comes along: no lock, no open file. Few
pieces are under way at once, so memory does not grow with the archive. A worker that dies (killed by the system, out
of memory) ends the pass with `WorkerDied`; nothing hangs, and nobody is told that all was read.
"""

import itertools
import multiprocessing
import os
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.context import SpawnContext
from types import ModuleType

from crawler.errors import EvidenceError
from crawler.evidence.checks.entries import Reader, Reading, Terms
from crawler.evidence.checks.pieces import Piece

SMALL = 48 << 20  # bytes of WARC and log below which starting processes costs more than it saves
_AHEAD = 3  # pieces for each worker that may be under way or wait to be taken


class WorkerDied(EvidenceError):
    """A worker process ended before its work was done."""


def workers_for(size: int, wanted: int | None) -> int:
    """How many processes read an archive of `size` bytes when the caller does not say."""
    if wanted is not None:
        return max(1, wanted)
    return 1 if size < SMALL else os.cpu_count() or 1


def readings(terms: Terms, found: Iterable[Piece], workers: int) -> Iterator[Reading]:
    """The readings of all pieces, in their order. One worker: in this process. Raises WorkerDied."""
    if workers == 1:
        reader = Reader(terms)
        try:
            yield from map(reader.read, found)
        finally:
            reader.close()
        return
    context = multiprocessing.get_context("spawn")
    with _pool(context, terms, workers) as pool:
        try:
            yield from _in_order(pool, iter(found), workers * _AHEAD)
        except (BrokenProcessPool, MemoryError, OSError) as error:  # OSError: it broke as it started a worker
            raise WorkerDied(
                "a worker process died (killed, or out of memory): what follows was not read; verify again with"
                " more memory, or with `--workers 1`"
            ) from error


def _in_order(pool: ProcessPoolExecutor, found: Iterator[Piece], most: int) -> Iterator[Reading]:
    waiting: deque[Future[Reading]] = deque()
    try:
        with _main_left_out():
            waiting.extend(pool.submit(_read, piece) for piece in itertools.islice(found, most))
        while waiting:
            yield waiting.popleft().result()
            waiting.extend(pool.submit(_read, piece) for piece in itertools.islice(found, 1))
    finally:
        for future in waiting:
            future.cancel()


@contextmanager
def _pool(context: SpawnContext, terms: Terms, workers: int) -> Iterator[ProcessPoolExecutor]:
    before = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(workers, context, _begin, (terms,))
    try:
        yield pool
    except BaseException:
        # A worker started while another died hears of no end: shutdown would wait for it for ever.
        for child in set(multiprocessing.active_children()) - before:
            child.kill()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _main_left_out() -> Iterator[None]:
    """Workers started meanwhile do not import the program's main module.

    `spawn` would have each worker import the whole command line, which takes longer than many a verification.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


_reader: list[Reader] = []  # one in each worker process


def _begin(terms: Terms) -> None:
    _reader.append(Reader(terms))


def _read(piece: Piece) -> Reading:
    return _reader[0].read(piece)
