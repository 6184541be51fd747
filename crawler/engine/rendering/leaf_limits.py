"""What a page says of itself, made fit for a leaf: 64 KiB of canonical JSON without floats or broken characters.

A page chooses its title, its addresses, the methods of its requests; none of it may make a leaf that cannot be
written, for then the page would be lost and the crawl with it. What is cut here stands whole in the metadata record.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Any

from crawler.evidence.manifest import MAX_LEAF, Capture
from crawler.evidence.warc import Encoded

Json = dict[str, Any]

ADDRESS_LIMIT = 16_000  # bytes of an address in a manifest
SHORT_ADDRESS = 2_000  # where room is short
NAME_LIMIT = 64  # bytes of an artefact's name
MOST_ARTEFACTS = 75  # records of artefacts that a leaf has room for
MOST_MISSING = 40

_RECORD = 560  # bytes of one record's description, at most
_AFTER = 4_096  # kept free for the seal before it (SealedTime)
_MOST_INTEGER = (1 << 53) - 1  # RFC 8785 §3.2.2.3
_UNPRINTED = re.compile(r"[\x00-\x20\x7f-\x9f]")


def one_line(text: str, limit: int) -> str:
    """On one line, without halves of surrogate pairs, of at most so many bytes of UTF-8."""
    return _cut(" ".join(_UNPRINTED.sub(" ", text).split()), limit)


def address(url: str, limit: int = ADDRESS_LIMIT) -> str:
    """An address for a manifest and a WARC field: controls and blanks as ``%0A``, cut at so many bytes."""
    return _cut(_UNPRINTED.sub(lambda found: f"%{ord(found[0]):02X}", url[: 4 * ADDRESS_LIMIT]), limit)


def plain(value: Any) -> Any:
    """A JSON value as leaves may hold it: no floats, no huge integers (both as text), no broken characters."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) <= _MOST_INTEGER:
        return value
    if isinstance(value, str):
        return _whole(value)
    if isinstance(value, dict):
        return {_whole(str(name)): plain(inner) for name, inner in value.items() if inner is not None}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return str(value)


def names(given: Iterable[str]) -> list[str]:
    """Names of artefacts, each on one line, short, and unlike all before it."""
    made: dict[str, None] = {}
    for number, name in enumerate(given, 1):
        short = one_line(name, NAME_LIMIT)
        made[short if short not in made else f"{one_line(name, NAME_LIMIT - 6)}~{number}"] = None
    return list(made)


def fitted(capture: Capture, records: Iterable[Encoded]) -> Capture:
    """A page capture whose leaf is not too large, whatever it takes; see `_SHORTER` for what goes first."""
    room = MAX_LEAF - _AFTER - _RECORD * sum(1 for _ in records)
    for shorten in _SHORTER:
        if _size(capture) <= room:
            break
        capture = shorten(capture)
    return capture


def _size(capture: Capture) -> int:
    present = {name: value for name, value in asdict(capture).items() if value is not None}
    return len(json.dumps(present, ensure_ascii=False, separators=(",", ":")).encode())


def _without_dates(capture: Capture) -> Capture:
    return _look(capture, dates=None)


def _without_quotes(capture: Capture) -> Capture:
    beside = (capture.look or {}).get("beside") or {}
    return _look(capture, beside={n: v for n, v in beside.items() if not isinstance(v, list)} or None)


def _with_short_addresses(capture: Capture) -> Capture:
    look = capture.look or {}
    return _look(capture, **{name: _cut(look[name], SHORT_ADDRESS) for name in ("asked", "final_url")})


def _without_reasons(capture: Capture) -> Capture:
    missing = (capture.look or {}).get("missing", {})
    return _look(capture, missing={name: _cut(reason, 40) for name, reason in missing.items()})


def _with_short_address(capture: Capture) -> Capture:
    return replace(capture, url=_cut(capture.url, SHORT_ADDRESS))


_SHORTER = (_without_dates, _without_quotes, _with_short_addresses, _without_reasons, _with_short_address)


def _look(capture: Capture, **changed: Any) -> Capture:
    look = {**(capture.look or {}), **changed}
    return replace(capture, look={name: value for name, value in look.items() if value is not None})


def _whole(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def _cut(text: str, limit: int) -> str:
    return text[:limit].encode("utf-8", "backslashreplace")[:limit].decode("utf-8", "ignore")
