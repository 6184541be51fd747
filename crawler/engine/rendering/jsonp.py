"""JSONP: an answer that is a script, which calls a function by the name that the request gave it.

Libraries make the name up anew for each request (``jQuery3610…_1763…``), so a recorded answer calls a function that
the replayed page does not have. The recorded name is replaced by the one that is asked for: nothing else changes.
"""

from urllib.parse import parse_qsl, urlsplit

_LEAST = 4  # characters; shorter names are found everywhere
_BEGINNING = 600  # bytes in which the name stands: a comment, a test whether it is a function, and the call


def renamed(body: bytes, recorded: str, asked: str) -> bytes:
    """The body of the answer to `recorded`, calling the function that `asked` names in the same parameter."""
    old, new = _parameters(recorded), _parameters(asked)
    for name, value in old.items():
        wanted = new.get(name, value)
        if wanted == value or len(value) < _LEAST or not _is_name(value) or not _is_name(wanted):
            continue
        beginning, rest = body[:_BEGINNING], body[_BEGINNING:]
        if f"{value}(".encode() in beginning:
            return beginning.replace(value.encode(), wanted.encode()) + rest
    return body


def _parameters(url: str) -> dict[str, str]:
    try:
        return dict(parse_qsl(urlsplit(url).query))
    except ValueError:
        return {}


def _is_name(text: str) -> bool:
    """An identifier of JavaScript in ASCII, or several with dots between."""
    return text.isascii() and all(part.replace("$", "_").isidentifier() for part in text.split("."))
