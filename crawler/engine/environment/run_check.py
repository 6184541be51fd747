"""The environment check of one run: once before its first request, once after its last, each as a log entry."""

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Literal
from urllib.parse import urlsplit

from crawler import clock
from crawler.engine.environment.asking import stated_time
from crawler.engine.environment.check import check_environment
from crawler.engine.environment.differences import differences
from crawler.engine.environment.event import ACT, details
from crawler.engine.environment.result import Result
from crawler.engine.environment.setting import Setting, StatedTime, setting_of
from crawler.errors import EvidenceError
from crawler.evidence import http, warc
from crawler.evidence.manifest import Locator
from crawler.store.session import Session

_MOST_HOSTS = 8
_LARGEST = 1 << 20  # stored bytes of a record that is opened for its Date header
_LOOKED_AT = 500  # captures


class RunEnvironment:
    """Before and after one run; keeps what was found before until it is compared."""

    def __init__(self, session: Session, run: str, setting: Setting) -> None:
        self._session = session
        self._run = run
        self._setting = setting
        self._found: list[Result] = []

    @classmethod
    def of_run(
        cls,
        session: Session,
        run: str,
        urls: Iterable[str],
        *,
        rendering: bool = False,
        flags: Sequence[str] | None = None,
        profile: Literal["fresh", "persistent"] = "fresh",
    ) -> "RunEnvironment":
        """For the run of that name, which begins at these addresses.

        `rendering`: it shows pages in a browser, started with `flags` and a fresh or the operator's own profile.
        """
        hosts = tuple(dict.fromkeys(host for url in urls if (host := urlsplit(url).hostname)))[:_MOST_HOSTS]
        archive = session.archive
        setting = setting_of(archive.config, archive.path, hosts=hosts, rendering=rendering)
        told = tuple(flags) if flags is not None else None
        return cls(session, run, dataclasses.replace(setting, flags=told, profile=profile))

    def before(self) -> list[Result]:
        """Check and log. Raises what `Session.record_event` raises."""
        self._found = check_environment(self._setting)
        self._session.record_event(ACT, details(self._run, "before", self._found, []))
        return self._found

    def after(self) -> list[Result]:
        """Check and log again, with what has changed and with the Date headers of the pages of this run."""
        dates = tuple(recorded_dates(self._session, self._run))
        found = check_environment(dataclasses.replace(self._setting, dates=dates))
        self._session.record_event(ACT, details(self._run, "after", found, differences(self._found, found)))
        return found


def recorded_dates(session: Session, run: str) -> Iterator[StatedTime]:
    """What the answers of a run said about the time: the newest plain one of each host, of some hosts."""
    rows = session.index.query(
        "select url, started, ended, file, offset, length from capture where run = ? and state = 'complete'"
        " and fidelity = 'wire-exact' and removed is null and length < ? order by leaf desc limit ?",
        (run, _LARGEST, _LOOKED_AT),
    )
    seen: set[str] = set()
    for row in rows:
        host = urlsplit(row["url"]).hostname or ""
        if host in seen or len(seen) >= _MOST_HOSTS:
            continue
        seen.add(host)
        locator = Locator(row["file"], row["offset"], row["length"])
        stated = _stated(session, locator, host, _milliseconds(row["started"]), _milliseconds(row["ended"]))
        if stated is not None:
            yield stated


def _stated(session: Session, locator: Locator, host: str, began: int, ended: int) -> StatedTime | None:
    try:
        record = warc.decode(session.archive.stored(locator))
        head = http.parse_head(record.block[http.split_interim(record.block) :])
    except (EvidenceError, OSError):  # a damaged record is for `evidence verify` to name
        return None
    date, age = ((head.values(name) or [b""])[0].decode("latin-1") for name in (b"date", b"age"))
    return stated_time(host, date, age, began, ended)


def _milliseconds(text: str) -> int:
    moment: datetime = clock.parse(text)
    return int(moment.timestamp() * 1000)
