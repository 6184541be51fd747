"""Hosts that asked us to stop. A refusal (401, 403, 429, a wall) ends a host for the rest of the run."""

import logging
from collections.abc import Iterable
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from scrapy import Request
from scrapy.exceptions import IgnoreRequest
from scrapy.utils.httpobj import urlparse_cached

from crawler.evidence.manifest import Capture
from crawler.store.session import Session

HOST_STOPPED = "host-stopped"  # act of the custody event
logger = logging.getLogger(__name__)


class HostStopped(IgnoreRequest):
    """The request was not sent, because its host was stopped earlier in this run."""


ENDS_HOST = {401: "http-401", 403: "http-403", 429: "http-429"}

_stopped: WeakKeyDictionary[object, dict[str, str]] = WeakKeyDictionary()


def stopped_hosts(crawler: object) -> dict[str, str]:
    """Host → reason, for one run. Shared by the recorder and the handler, which add and refuse."""
    return _stopped.setdefault(crawler, {})


def require_open(crawler: object, request: Request) -> None:
    """Raise HostStopped if the request's host was stopped earlier in this run."""
    host = urlparse_cached(request).hostname or ""
    if host in (stopped := stopped_hosts(crawler)):
        raise HostStopped(f"{host} was stopped in this run: {stopped[host]}")


def stop_hosts(crawler: object, session: Session, urls: Iterable[str], reason: str, capture: Capture) -> None:
    """Leave the hosts of these addresses alone for the rest of the run; each is an entry in the log."""
    for host in dict.fromkeys(urlsplit(url).hostname or "" for url in urls):
        stopped_hosts(crawler)[host] = reason
        details = {"run": capture.run, "host": host, "reason": reason, "capture": capture.id}
        session.record_event(HOST_STOPPED, details)
        logger.warning("%s asked us to stop (%s): no more requests to it in this run", host, reason)
