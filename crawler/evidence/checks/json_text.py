"""JSON of a stranger: one text has one meaning, and no nesting or number brings the reader down."""

import json
from typing import Any

from crawler.errors import FormatError

MOST_VALUES = 2_000_000  # in one text: parsed, each takes far more memory than its bytes


def parse_object(content: bytes, name: str) -> dict[str, Any]:
    """A JSON object in UTF-8. Raises FormatError naming `name`.

    A key that stands twice is refused: two readers would take two different values for it (RFC 8259 §4).
    So are NaN and Infinity, which are not JSON.
    """
    if sum(content.count(sign) for sign in (b",", b"{", b"[")) > MOST_VALUES:
        raise FormatError(f"{name} has more than {MOST_VALUES} values: refused")
    try:
        parsed = json.loads(content.decode("utf-8"), object_pairs_hook=_once, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{name} is not JSON: {str(error)[:200]}") from error
    if not isinstance(parsed, dict):
        raise FormatError(f"{name} is not a JSON object")
    return parsed


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"the key {name[:60]!r} occurs more than once")
        found[name] = value
    return found


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is not a JSON value")
