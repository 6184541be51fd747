"""Addresses of pages without the people, accounts and credentials in them."""

import re
from functools import cache
from itertools import pairwise
from typing import Protocol
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from crawler.redaction.person import table
from crawler.redaction.seal import MARK
from crawler.withholding.rules import rules

WITHHELD = "urn:evidence:withheld:"
_WEB = ("http", "https", "ws", "wss")
_LONGEST = 8192  # characters of an address; browsers refuse longer ones
_STYLES = re.compile(r"\.css(?:[?#][\w.=&%-]{0,80})?$", re.IGNORECASE)
_NAME_LIMIT = 80


class Masking(Protocol):
    """What an address needs of a masker (crawler.redaction.masker.Masker)."""

    @property
    def shows_addresses(self) -> bool:
        """Whether links stay."""

    def address_text(self, text: str) -> str:
        """A part of an address without people and credentials."""

    def withheld(self, value: str, kind: str) -> str:
        """The mark of a value."""

    def left(self, content: bytes) -> list[str]:
        """Values that a content still holds."""


def rewritten_url(url: str, masker: Masking) -> str:
    """The address as a grade shows it; ``urn:evidence:withheld:…`` for what cannot be read or is no web address."""
    try:
        parts = urlsplit(url.strip()) if len(url) <= _LONGEST else None
        host = parts.hostname if parts is not None else None
        port = parts.port if parts is not None else None
    except ValueError:
        parts = host = port = None
    if parts is None or (parts.scheme and parts.scheme.lower() not in _WEB) or (parts.scheme and not host):
        return WITHHELD + _code(masker.withheld(url, "url"))
    place = (host or "") + (f":{port}" if port else "")
    if not masker.shows_addresses and not _STYLES.search(url):
        bare = urlunsplit((parts.scheme, place, "/withheld-" + _code(masker.withheld(url, "url")), "", ""))
        return WITHHELD + _code(masker.withheld(url, "url")) if masker.left(bare.encode()) else bare
    path = _path(parts.path, host or "", masker)
    query = _query(parts.query, masker)
    fragment = _masked(parts.fragment, masker) if masker.shows_addresses else ""
    found = urlunsplit((parts.scheme, place, path, query, fragment))
    if masker.left(found.encode("utf-8", "replace")):
        return WITHHELD + _code(masker.withheld(url, "url"))
    return found


def is_account(step: str) -> bool:
    """Whether a step of a path that stands behind /user/ is somebody's account, not a page about accounts."""
    return bool(step) and step.lower().partition(".")[0] not in _no_accounts()


def leads_to_person(href: str) -> bool:
    """Whether a link leads to somebody's page: /people/…, /user/profile/…."""
    steps = re.split(r"[/?#]", unquote(href[:_LONGEST]))
    return any(one.lower() in _steps() and is_account(then) for one, then in pairwise(steps))


def _path(path: str, host: str, masker: Masking) -> str:
    """Each step by itself; what stands behind /user/ or /people/ is somebody's account."""
    steps = path.split("/")
    person = host.split(".")[0] in _hosts()
    shown = []
    for step in steps:
        shown.append(_account(step, masker) if person and is_account(step) else _masked(step, masker))
        person = (person and not step) or unquote(step).lower() in _steps()
    return "/".join(shown)


def _query(query: str, masker: Masking) -> str:
    if not query:
        return ""
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=1000)
    except ValueError:
        return _encoded(masker.withheld(query, "url"))
    if not pairs or "=" not in query:
        return _masked(query, masker)
    changed = [(masker.address_text(name), _parameter(name, value, masker)) for name, value in pairs]
    return query if changed == pairs else urlencode(changed)


def _parameter(name: str, value: str, masker: Masking) -> str:
    if not value:
        return value
    rule = rules().parameter(name)
    if rule is not None and len(value) >= rule.least:
        return masker.withheld(value, "credential")
    if len(name) <= _NAME_LIMIT and _parameters().fullmatch(name):
        masked = masker.address_text(value)
        return masked if MARK.fullmatch(masked) else masker.withheld(value, "account")
    return masker.address_text(value)


def _account(step: str, masker: Masking) -> str:
    plain = unquote(step)
    masked = masker.address_text(plain)
    return _encoded(masked if MARK.fullmatch(masked) else masker.withheld(plain, "account"))


def _masked(text: str, masker: Masking) -> str:
    """An escaped part of an address; as it stands if nothing goes."""
    plain = unquote(text)
    masked = masker.address_text(plain)
    return text if masked == plain else _encoded(masked)


def _encoded(text: str) -> str:
    return quote(text, safe="!$&'()*+,;=:@-._~")


def _code(mark: str) -> str:
    return mark.strip("[]").rpartition(":")[2]


def _pattern(words: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{word})" for word in words), re.IGNORECASE)


@cache
def _parameters() -> re.Pattern[str]:
    return _pattern(table()["address"]["parameters"])


@cache
def _steps() -> frozenset[str]:
    return frozenset(table()["address"]["steps"])


@cache
def _no_accounts() -> frozenset[str]:
    return frozenset(table()["address"]["no_accounts"])


@cache
def _hosts() -> frozenset[str]:
    return frozenset(table()["address"]["hosts"])
