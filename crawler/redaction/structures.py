"""Answers of interfaces (JSON): people out of them by the names of their keys, and by what is known of people."""

import json
import re
from functools import cache
from typing import Any

from crawler.redaction.masker import Masker
from crawler.redaction.naming import may_be_name
from crawler.redaction.person import table

LONGEST = 32_000_000  # characters of an answer; the largest of the saved ones has 2.3 million
_WRAPPED = re.compile(r"\s*[\w.$]{0,80}\s*\(\s*(?=[{\[])")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NAME_LIMIT = 80

Json = Any


def rewritten_json(text: str, masker: Masker) -> bytes | None:
    """The answer as the grade shows it, as JSON in UTF-8; None if it goes as a whole.

    Where no addresses are shown, nobody can say of an interface's answer that it shows no people: it goes. So does
    one that is no JSON (a JSONP call around it is undone), or in which a value is left.
    """
    if not masker.shows_addresses or len(text) > LONGEST:
        return None
    try:
        value = _rewritten(json.loads(_bare(text)), masker, person=False)
        content = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
    except (ValueError, RecursionError):
        return None
    return None if masker.left(content) else content


def _bare(text: str) -> str:
    """Without byte order mark and without the call of JSONP around it."""
    plain = text.lstrip("\ufeff")
    wrapped = _WRAPPED.match(plain)
    if wrapped is None:
        return plain
    return plain[wrapped.end() :].rstrip().rstrip(";").rstrip().removesuffix(")")


def _rewritten(value: Json, masker: Masker, *, person: bool) -> Json:
    """`person`: within an object that is about somebody."""
    if isinstance(value, dict):
        return {masker.text(key): _entry(key, inner, masker, person=person) for key, inner in value.items()}
    if isinstance(value, list):
        return [_rewritten(inner, masker, person=person) for inner in value]
    return masker.tree(value)


def _entry(key: str, value: Json, masker: Masker, *, person: bool) -> Json:
    name = _CAMEL.sub("_", key).lower() if len(key) <= _NAME_LIMIT else ""
    if _matches("dropped", name):
        return _gone(value)
    if isinstance(value, dict | list):
        return _rewritten(value, masker, person=person or _matches("persons", name))
    if _matches("names", name) or (person and _matches("own", name)) or _matches("persons", name):
        return _named(value, masker)
    return masker.tree(value)


def _named(value: Json, masker: Masker) -> Json:
    """A name or account: its mark, with the alias if the person is known."""
    if value is None or isinstance(value, bool):
        return value
    text = str(value)
    masked = masker.text(text)
    if masked != text:
        return masked
    if text.isdecimal() and int(text) == 0:
        return value
    return masker.note(text) if may_be_name(text) or text.isdecimal() else value


def _gone(value: Json) -> Json:
    """What is left of a value that goes: its kind, so that readers of the answer still find their way."""
    if isinstance(value, dict):
        return {}
    if isinstance(value, list):
        return []
    return "" if isinstance(value, str) else None


def _matches(section: str, name: str) -> bool:
    return bool(name) and _pattern(section).fullmatch(name) is not None


@cache
def _pattern(section: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{name})" for name in table()["key"][section]))
