"""Hosts that asked us to stop. A refusal (401, 403, 429, a wall) ends a host for the rest of the run."""

from weakref import WeakKeyDictionary

from scrapy.exceptions import IgnoreRequest


class HostStopped(IgnoreRequest):
    """The request was not sent, because its host was stopped earlier in this run."""


_stopped: WeakKeyDictionary[object, dict[str, str]] = WeakKeyDictionary()


def stopped_hosts(crawler: object) -> dict[str, str]:
    """Host → reason, for one run. Shared by the recorder, which adds, and the handler, which refuses."""
    return _stopped.setdefault(crawler, {})
