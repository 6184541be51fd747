"""Where secrets stand in a content: spans to be cut out, and whether anything is left."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from crawler.withholding.rules import LEAST
from crawler.withholding.spelling import spellings, tolerant, tolerant_base64
from crawler.withholding.views import ROUNDS, one_round, views

_ALPHABET = re.compile(rb"[A-Za-z0-9+/_-]*+={0,2}")
_BEFORE = re.compile(rb"[A-Za-z0-9+/_-]*\Z")
_RUN_BEFORE = 4096  # bytes of base64 before and behind a value that go with it
_ASCII = re.compile(rb"[\x21-\x7e]+")
_BREAKS = re.compile(rb"\s+")


@dataclass(frozen=True, slots=True)
class Secret:
    """One value. `kind` and `name`: where it was found first, e.g. ``cookie`` and ``sid``."""

    value: str
    kind: str
    name: str


class Span(NamedTuple):
    """Bytes of a content that are to be cut out."""

    start: int
    end: int
    value: str
    spelling: str


class Search:
    """Looks for a set of secrets in contents."""

    def __init__(self, secrets: Iterable[Secret]) -> None:
        self.secrets = tuple(sorted(secrets, key=lambda secret: (-len(secret.value), secret.value)))
        self._plain = [(secret, _rounds(secret.value), _cores(secret.value)) for secret in self.secrets]

    def spans(self, content: bytes) -> list[Span]:
        """Every place where a secret is spelled in one of the foreseen ways."""
        found = []
        for secret in self.secrets:
            for spelled, name in spellings(secret.value).items():
                found += [
                    _span(content, at, len(spelled), secret.value, name) for at in _all(content, spelled)
                ]
        return found

    def left(self, content: bytes) -> list[Secret]:
        """The secrets that a content still holds with its escapes undone."""
        found: dict[Secret, None] = {}
        for number, view in views(content):
            for secret, rounds, cores in self._plain:
                # In base64 only where escapes were undone: as it is, `spans` has found it.
                if secret not in found and (
                    rounds[0] in view
                    or rounds[number] in view
                    or (number and any(core in view for core in cores))
                ):
                    found[secret] = None
        return list(found)

    def escaped(self, content: bytes, secrets: Sequence[Secret]) -> list[Span]:
        """Where these secrets stand with characters that are escaped each in its own way."""
        found = []
        for secret in secrets:
            for place in tolerant(secret.value).finditer(content):
                found.append(Span(place.start(), place.end(), secret.value, "escaped"))
            for place in tolerant_base64(secret.value).finditer(content):
                found.append(
                    _span(content, place.start(), place.end() - place.start(), secret.value, "base64")
                )
        return found

    def drawn(self, text: str) -> bool:
        """Whether a visible text holds a secret, its lines broken wherever there was no room."""
        joined = _BREAKS.sub(b"", text.encode("utf-8", "surrogatepass"))
        return any(_BREAKS.sub(b"", rounds[0]) in joined for _, rounds, _ in self._plain)

    def raw(self, content: bytes) -> bool:
        """Whether a content that is no text holds a secret as it is, or in UTF-16."""
        return any(
            spelled in content
            for secret in self.secrets
            for spelled in (
                secret.value.encode("utf-8", "surrogatepass"),
                secret.value.encode("utf-16-le", "surrogatepass"),
            )
        )


def merged(spans: Iterable[Span]) -> list[Span]:
    """In order, without overlaps: what overlaps becomes one, named by the first."""
    found: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if found and span.start < found[-1].end:
            found[-1] = found[-1]._replace(end=max(found[-1].end, span.end))
        elif span.start < span.end:
            found.append(span)
    return found


def _all(content: bytes, spelled: bytes) -> Iterator[int]:
    at = content.find(spelled)
    while at >= 0:
        yield at
        at = content.find(spelled, at + len(spelled))


def _span(content: bytes, at: int, length: int, value: str, name: str) -> Span:
    """A value in base64 goes with the run around it: the characters beside it hold bits of its outer bytes."""
    end = at + length
    if name == "base64":
        before = _BEFORE.search(content, max(0, at - _RUN_BEFORE), at)
        behind = _ALPHABET.match(content, end, end + _RUN_BEFORE)
        at, end = before.start() if before else at, behind.end() if behind else end
    return Span(at, end, value, name)


def _rounds(value: str) -> list[bytes]:
    """A value as each round of undoing leaves it; as it is where too little would be left to know it by.

    Or too much: what a value in percent-encoding says may be words of the page.
    """
    found = [value.encode("utf-8", "surrogatepass")]
    for _ in range(ROUNDS):
        undone = one_round(found[-1])
        found.append(undone if len(undone) >= LEAST and _ASCII.fullmatch(undone) else found[0])
    return found


def _cores(value: str) -> list[bytes]:
    return [spelled for spelled, name in spellings(value).items() if name == "base64"]
