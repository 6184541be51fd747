"""Hosts that asked us to stop. A refusal (401, 403, 429, a wall) ends a host for the rest of the run."""

from weakref import WeakKeyDictionary

from scrapy import Request
from scrapy.exceptions import IgnoreRequest
from scrapy.utils.httpobj import urlparse_cached


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
