"""The clock: how far it is from what time servers (SNTP) and other people's web servers (HTTP Date) say.

Each source has its own result; the last one says what they say together. No request is sent to a target host for
this: after a run the Date headers of its recorded pages are read.
"""

import secrets
import socket
import statistics
import struct
import time
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from crawler.engine.environment.addresses import split_address
from crawler.engine.environment.asking import ask, stated_time
from crawler.engine.environment.bounded import Ended, plain, run_each
from crawler.engine.environment.result import Json, Judged, failed, passed, skipped
from crawler.engine.environment.rules import Rule
from crawler.engine.environment.setting import Setting, StatedTime

_CLIENT = 0x23  # no warning, version 4, mode 3
_SERVER_MODE, _UNSYNCHRONISED = 4, 3
_TO_UNIX = 2_208_988_800  # seconds from 1900 to 1970
_ERA = 1 << 32  # seconds
_SILENCE = 2.0
_TOGETHER = 2.6  # seconds for one source
_DATE_RESOLUTION = 1000  # ms: a Date header has whole seconds

Offset = tuple[int, int]  # ms that the source is ahead of us, and the ms that the answer took


def clock(setting: Setting, rule: Rule) -> Sequence[Judged]:
    """All sources at once."""
    questions: dict[tuple[str, str], Callable[[], Offset]] = {}
    for server in setting.ntp:
        questions["ntp", server] = lambda server=server: ask_ntp(server)  # type: ignore[misc]
    for url in setting.date_urls:
        questions["http", _place(url)] = lambda url=url: ask_date(url, setting)  # type: ignore[misc]
    ended = run_each(questions, lambda _key: _TOGETHER)
    judged = [_judged(kind, source, end, rule) for (kind, source), end in ended.items()]
    for stated in setting.dates:
        judged.append(_within("page", stated.source, (difference(stated), stated.ended - stated.began), rule))
    return [*judged, _together(judged, rule)]


def _place(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2]


def ask_ntp(server: str) -> Offset:
    """One SNTP question (RFC 4330 section 5, RFC 5905). Raises OSError for no usable answer.

    The transmit timestamp is random (it tells the server nothing, and an answer that does not echo it is not ours).
    """
    host, port = split_address(server, 123)
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    nonce = secrets.token_bytes(8)
    with socket.socket(family, kind, protocol) as wire:
        wire.settimeout(_SILENCE)
        wire.connect(address)
        sent, started = time.time(), time.monotonic()
        wire.send(struct.pack("!B39x8s", _CLIENT, nonce))
        reply = wire.recv(1024)
        took = time.monotonic() - started
    if len(reply) < 48 or reply[24:32] != nonce or reply[0] & 7 != _SERVER_MODE:
        raise OSError("the answer is none of SNTP to our question")
    if reply[0] >> 6 == _UNSYNCHRONISED or not 1 <= reply[1] <= 15:
        raise OSError(f"the server has no time to give (stratum {reply[1]})")
    received, transmitted = (_unix(reply[at : at + 8], sent) for at in (32, 40))
    offset = ((received - sent) + (transmitted - sent - took)) / 2
    return round(offset * 1000), round(took * 1000)


def _unix(stamp: bytes, near: float) -> float:
    """An NTP timestamp as seconds since 1970, in the era that is nearest to our own time (RFC 5905 section 6)."""
    seconds, fraction = struct.unpack("!II", stamp)
    if not seconds:
        raise OSError("the server states no time")
    unix = seconds - _TO_UNIX + fraction / _ERA
    return float(unix + round((near - unix) / _ERA) * _ERA)


def ask_date(url: str, setting: Setting) -> Offset:
    """What a web server's Date header says. Raises OSError if there is none."""
    answer = ask(url, setting)
    stated = stated_time(
        _place(url), answer.headers["Date"], answer.headers["Age"], answer.began, answer.ended
    )
    if stated is None:
        raise OSError(f"the answer ({answer.status}) has no Date that can be read")
    return difference(stated), answer.ended - answer.began


def difference(stated: StatedTime) -> int:
    """The least number of ms that explains a Date header; 0 if it fits our clock."""
    least = stated.stated - stated.ended
    most = stated.stated + _DATE_RESOLUTION - stated.began
    return least if least > 0 else min(most, 0)


def _judged(kind: str, source: str, ended: Ended[Offset], rule: Rule) -> Judged:
    if ended.value is not None:
        return _within(kind, source, ended.value, rule)
    problem = plain(ended.error, 120) if ended.error is not None else f"{ended.seconds:g} s"
    return skipped("no-answer", {"kind": kind}, f"{kind}:{source}", source=source, problem=problem)


def _within(kind: str, source: str, offset: Offset, rule: Rule) -> Judged:
    value: Json = {"kind": kind, "offset_ms": offset[0], "took_ms": offset[1]}
    most = int(rule.limits[f"{kind}_ms"])
    subject = f"{kind}:{source}"
    if abs(offset[0]) > most:
        return failed(value, "off", subject, source=source, offset=offset[0] / 1000, most=most / 1000)
    return passed(value, None, subject)


def _together(judged: Sequence[Judged], rule: Rule) -> Judged:
    """The median of all sources: one wrong server decides nothing."""
    offsets = [entry.value["offset_ms"] for entry in judged if "offset_ms" in entry.value]
    value: Json = {"sources": len(offsets), "asked": len(judged)}
    if len(offsets) < int(rule.limits["sources"]):
        return skipped("too-few", value, answered=len(offsets), asked=len(judged))
    value["median_ms"] = round(statistics.median(offsets))
    most = int(rule.limits["median_ms"])
    if abs(value["median_ms"]) > most:
        return failed(value, "wrong", offset=value["median_ms"] / 1000, most=most / 1000)
    return passed(value)
