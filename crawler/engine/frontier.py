"""The frontier: which pages are still to be fetched. A lease/acknowledge queue over SQLite.

A request is stored before Scrapy hears of it, leased when it is handed out, and acknowledged (`done`, or
`failed` with its reason) only when everything its page yielded is stored. A crash therefore loses nothing: what
was leased is handed out again. Where the page had been recorded by then, it is read from the archive and not
fetched a second time (crawler.engine.replay).

frontier.db is not evidence and not rebuildable; losing it loses only the plan of unfinished runs. It is synced
lazily (`synchronous=NORMAL`): after a power cut some acknowledgements may be missing, and those pages are read
again from the archive. It can never be ahead of evidence.db, which is synced before each acknowledgement.
"""

import base64
import contextlib
import functools
import hashlib
import json
import sqlite3
import time
from collections import Counter, deque
from pathlib import Path
from typing import Any, Self

from scrapy import Request, Spider
from scrapy.core.scheduler import BaseScheduler
from scrapy.crawler import Crawler
from scrapy.utils.httpobj import urlparse_cached

from crawler.errors import ArchiveError, UsageError
from crawler.store.index import clear_errors

FILE = "frontier.db"
LEASE_SECONDS = 1800.0
KEY, STORED = "request_key", "stored"  # request.meta keys
_META_KEPT = ("depth", "retry_times")  # without the latter get_retry_request would never give up
Values = tuple[Any, ...] | dict[str, Any]

_SCHEMA = """
create table if not exists request (
    id integer primary key, run text, key text, host text, state text, priority int, lease_until real,
    attempts int default 0, reason text, request text, unique (run, key)
);
create index if not exists request_next on request (run, state, priority, id);
"""
# The index gives rows in the order wanted, so a claim costs the same with ten waiting requests as with a million.
_CLAIM = """
update request set state = 'leased', lease_until = :until, attempts = attempts + 1
where id = (
    select id from request
    where run = :run and state = 'new' and host not in (select value from json_each(:busy))
    order by priority, id limit 1)
returning key, host, request, attempts
"""
_EXPIRE = "update request set state = 'new' where run = :run and state = 'leased' and lease_until < :now"


class FrontierQueue:
    """The table behind the frontier, for one run. States: new, leased, done, failed, skipped."""

    def __init__(self, path: Path, run: str) -> None:
        self.run = run
        self._path = path
        with clear_errors(path):
            self._db = sqlite3.connect(path, isolation_level=None)
            self._db.execute("pragma journal_mode = wal")
            self._db.execute("pragma synchronous = normal")
            self._db.executescript(_SCHEMA)

    def add(self, key: str, host: str, priority: int, request: str) -> bool:
        """Store a request; False if this run has it already."""
        row = (self.run, key, host, priority, request)
        return (
            self._change(
                "insert or ignore into request (run, key, host, state, priority, request)"
                " values (?, ?, ?, 'new', ?, ?)",
                row,
            )
            == 1
        )

    def claim(self, busy: list[str]) -> tuple[str, str, str, int] | None:
        """Lease the next request whose host is not busy: (key, host, request, attempts)."""
        values = {"run": self.run, "until": time.time() + LEASE_SECONDS, "busy": json.dumps(busy)}
        claimed = self._rows(_CLAIM, values)
        return claimed[0] if claimed else None

    def expire(self) -> int:
        """Make new again what was leased and never came back; returns how many."""
        return self._change(_EXPIRE, {"run": self.run, "now": time.time()})

    def finish(self, key: str, state: str, reason: str | None = None) -> None:
        """Acknowledge a request: done, failed or skipped."""
        self._change(
            "update request set state = ?, reason = ?, lease_until = null where run = ? and key = ?",
            (state, reason, self.run, key),
        )

    def release_all(self) -> int:
        """Give back every lease (the archive's lock says that nobody else holds one); returns how many."""
        return self._change(
            "update request set state = 'new', lease_until = null where run = ? and state = 'leased'",
            (self.run,),
        )

    def waiting(self) -> bool:
        """Whether any request is left to hand out."""
        return bool(self._rows("select 1 from request where run = ? and state = 'new' limit 1", (self.run,)))

    def counts(self) -> dict[str, int]:
        """State → number of requests."""
        return dict(
            self._rows("select state, count(*) from request where run = ? group by state", (self.run,))
        )

    def reasons(self) -> dict[str, int]:
        """Why requests failed or were skipped → how many."""
        return dict(
            self._rows(
                "select reason, count(*) from request where run = ? and reason is not null group by reason",
                (self.run,),
            )
        )

    def close(self) -> None:
        """Fold the WAL and close."""
        with clear_errors(self._path), contextlib.closing(self._db):
            self._db.execute("pragma wal_checkpoint(truncate)")

    def _change(self, sql: str, values: Values) -> int:
        with clear_errors(self._path):
            return self._db.execute(sql, values).rowcount

    def _rows(self, sql: str, values: Values) -> list[Any]:
        # All of them: SQLite commits an `update … returning` only when its last row was fetched.
        with clear_errors(self._path):
            return self._db.execute(sql, values).fetchall()


class Frontier(BaseScheduler):
    """Scrapy's scheduler interface over a `FrontierQueue`.

    No host gets more requests at once than its download slot can use, so a slow host does not starve others
    and a host that is stopped has few requests under way.
    """

    def __init__(self, crawler: Crawler, queue: FrontierQueue, *, resumed: bool) -> None:
        self._crawler = crawler
        self._spider: Spider | None = None
        self._retries: deque[Request] = deque()
        self._active: Counter[str] = Counter()
        self._cap = crawler.settings.getint("EVIDENCE_PAGES")  # 0: as many as there are
        self._handed_out = 0
        self._per_host = 2 * crawler.settings.getint("CONCURRENT_REQUESTS_PER_DOMAIN")
        self.queue = queue
        self.resumed = resumed

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Made by the engine for each crawl; the run and its archive stand in the settings."""
        settings = crawler.settings
        run = settings["EVIDENCE_RUN"]
        queue = FrontierQueue(Path(settings["EVIDENCE_ARCHIVE"]) / FILE, run)
        return cls(crawler, queue, resumed=settings.getbool("EVIDENCE_RESUME"))

    def open(self, spider: Spider) -> None:
        """Begin or resume: whatever an earlier process had leased is new again."""
        self._spider = spider
        self.queue.release_all()

    def close(self, reason: str) -> None:
        """Nothing to save: every change is in the table already. The closing step closes the queue."""

    def has_pending_requests(self) -> bool:
        """Whether the run has anything left to do."""
        return bool(self._retries) or (not self._capped and self.queue.waiting())

    @property
    def cut_short(self) -> bool:
        """Whether the run ends at its page cap with requests left; `--resume` goes on from there."""
        return self._capped and self.queue.waiting()

    def enqueue_request(self, request: Request) -> bool:
        """Take a request from the engine; False if this run has it already."""
        if request.meta.pop(STORED, False):
            return True
        if KEY in request.meta:  # a redirect or retry of a leased request keeps its lease
            self._retries.append(request)
            return True
        try:
            return self.store(request)
        except ArchiveError as error:
            self._stop(error)
            return False

    def next_request(self) -> Request | None:
        """The next request to fetch, or None for now."""
        if self._retries:
            return self._retries.popleft()
        if self._capped:
            return None
        busy = [host for host, active in self._active.items() if active >= self._per_host]
        try:
            claimed = self.queue.claim(busy)
            if claimed is None and not self._active:  # what only waits long for its turn keeps its lease
                self.queue.expire()
        except ArchiveError as error:
            self._stop(error)
            return None
        if claimed is None:
            return None
        key, host, encoded, _ = claimed
        self._active[host] += 1
        self._handed_out += 1
        request = decode_request(encoded, self._required_spider())
        request.meta[KEY] = key
        request.meta["frontier_host"] = host
        return request

    def store(self, request: Request, parent: str = "", ordinal: int = 0) -> bool:
        """Put a request into the table; False if this run has it already.

        A request marked ``dont_filter`` is its own one for each page (`parent`) and place in it that asks.
        """
        fingerprinter = self._crawler.request_fingerprinter
        if fingerprinter is None:
            raise UsageError("the frontier was used before the crawl started")
        key = fingerprinter.fingerprint(request).hex()
        if request.dont_filter and parent:
            key = hashlib.sha256(f"{key} {parent} {ordinal}".encode()).hexdigest()[:40]
        host = urlparse_cached(request).hostname or ""
        return self.queue.add(key, host, -request.priority, encode_request(request, self._required_spider()))

    def finish(self, request: Request, state: str, reason: str | None = None) -> None:
        """Acknowledge a handed-out request, once; later calls for it do nothing."""
        key = request.meta.pop(KEY, None)
        if key is None:
            return
        host = request.meta.pop("frontier_host", "")
        self._active[host] -= 1
        if self._active[host] <= 0:
            del self._active[host]
        try:
            self.queue.finish(key, state, reason)
        except ArchiveError as error:
            self._stop(error)  # it keeps its lease: on resume it is read again from the archive

    def _stop(self, error: ArchiveError) -> None:
        from crawler.engine.record import stop_crawl  # here: the recorder imports the frontier

        stop_crawl(self._crawler, error)

    @property
    def _capped(self) -> bool:
        return bool(self._cap) and self._handed_out >= self._cap

    def _required_spider(self) -> Spider:
        if self._spider is None:
            raise UsageError("the frontier was used before the spider was opened")
        return self._spider


def frontier_of(crawler: Crawler) -> Frontier | None:
    """The frontier of a running crawl; None before it has started, or where another scheduler was configured."""
    scheduler = crawler.engine.scheduler if crawler.engine is not None else None
    return scheduler if isinstance(scheduler, Frontier) else None


_JSON = json.JSONEncoder(ensure_ascii=False)


def encode_request(request: Request, spider: Spider) -> str:
    """A request as JSON (never pickle: reading a pickle from a foreign file runs code).

    Raises UsageError when the callback is not a method of the spider or an argument is not plain JSON.
    """
    kept = {
        "url": request.url,
        "method": request.method,
        "headers": [
            [k.decode("latin-1"), v.decode("latin-1")] for k, vs in request.headers.items() for v in vs
        ],
        "body": base64.b64encode(request.body).decode() if request.body else "",
        "callback": _method_name(spider, request.callback),
        "errback": _method_name(spider, request.errback),
        "priority": request.priority,
        "dont_filter": request.dont_filter,
        "cb_kwargs": request.cb_kwargs,
        "meta": {name: request.meta[name] for name in _META_KEPT if name in request.meta},
    }
    try:
        return _JSON.encode(kept)
    except TypeError as error:
        raise UsageError(f"{request.url}: arguments for the callback must be plain JSON: {error}") from error


def decode_request(text: str, spider: Spider) -> Request:
    """The request that `encode_request` wrote."""
    fields: dict[str, Any] = json.loads(text)
    return Request(
        fields["url"],
        method=fields["method"],
        headers=[(k.encode("latin-1"), v.encode("latin-1")) for k, v in fields["headers"]],
        body=base64.b64decode(fields["body"]),
        callback=_method(spider, fields["callback"]),
        errback=_method(spider, fields["errback"]),
        priority=fields["priority"],
        dont_filter=fields["dont_filter"],
        cb_kwargs=fields["cb_kwargs"],
        meta=fields["meta"],
    )


def _method_name(spider: Spider, method: Any) -> str | None:
    if method is None:
        return None
    name: str = getattr(method, "__name__", "")
    if getattr(spider, name, None) != method:
        raise UsageError(
            f"{method!r} cannot be stored: callbacks must be methods of the spider {spider.name}"
        )
    return name


@functools.cache
def _method(spider: Spider, name: str | None) -> Any:
    # The same bound method each time: Scrapy inspects the source of every callback object that it has not seen.
    return getattr(spider, name) if name else None
