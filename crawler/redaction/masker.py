"""Takes out of texts what a grade does not show: people, contacts, credentials. A mark stands in the place of each.

What a parser named is looked for everywhere; so is what is found to be a contact. Where a text still holds such a
value when all escapes are undone, all of the text goes: when in doubt, less is shown.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

from crawler.redaction.addresses import rewritten_url
from crawler.redaction.contacts import Contact, contacts
from crawler.redaction.grade import Grade, Kind
from crawler.redaction.matching import Known, Matcher
from crawler.redaction.person import Person, is_nobody, masked_forms, values
from crawler.redaction.remaining import Remaining, remaining
from crawler.redaction.seal import MARK, Seal
from crawler.withholding.search import Span, merged

CREDENTIAL = "credential"
_LEAST = 6  # characters of a credential that is looked for; shorter ones are words
# Contacts that are long enough to be told from a number of goods wherever else they stand, escaped or in an address.
_STRONG = frozenset(("mobile", "landline", "email", "id_card", "bank_card"))
_STRONG_LENGTH = 8
_UNMISTAKABLE = frozenset(("mobile", "email", "id_card"))  # in addresses and attributes
_SPELLED = re.compile(r"[%&\\=<]|[A-Za-z0-9+/_-]{10}")  # only such a text can hold a value in an escaped form

_MARK = re.compile(MARK.pattern.encode())
# How a value is looked for: in every spelling of every content; in texts as they stand; as all of a text.
_EVERYWHERE, _WITHIN, _WHOLE = "everywhere", "within", "whole"

Json = Any


class Cut(NamedTuple):
    """Characters [start, end) of a text that go, and what stands in their place."""

    start: int
    end: int
    mark: str


class Masker:
    """The masks of one capture. It remembers whom a page shows (`note`): rewrite a page before its text layer."""

    def __init__(
        self,
        grade: Grade,
        people: Iterable[Person],
        credentials: Sequence[str],
        seal: Seal,
        *,
        kind: Kind | None = None,
    ) -> None:
        self.grade, self.seal, self.kind = grade, seal, kind
        self._kinds = grade.masked(kind)
        known = list(_known(people)) if grade.redacts else []
        secret = [Known(value, CREDENTIAL, None) for value in credentials if len(value) >= _LEAST]
        secret = secret if grade.redacts else []
        self._matcher = Matcher(
            [*secret, *(one for one, how in known if how != _WHOLE)],
            (one for one, how in known if how == _WHOLE),
        )
        self._people = remaining(tuple(sorted({one.text for one, how in known if how == _EVERYWHERE})))
        self._secrets = Remaining(sorted({one.text for one in secret}))
        self._strong: dict[str, None] = {}  # contacts that were found
        self._strong_sought = 0
        self._contacts_left = Remaining(())

    @property
    def shows_addresses(self) -> bool:
        """Whether links and addresses of pages stay."""
        return self.grade.addresses

    def note(self, name: str) -> str:
        """The mark of somebody whom the page shows and no parser named; the same text elsewhere is cut out too."""
        known = self._matcher.whole(name)
        if known is None:
            known = Known(name.strip(), "person", None)
            self._matcher.add_whole(known)
        return self._mark(known)

    def cuts(self, text: str) -> list[Cut]:
        """What goes out of a text as it stands, in order, without overlaps."""
        return self._cuts(text, self._kinds)

    def _cuts(self, text: str, kinds: frozenset[str]) -> list[Cut]:
        if not self.grade.redacts or not text or text.isspace():
            return []
        known = self._matcher.whole(text)
        if known is not None:
            inner = text.strip()
            start = text.index(inner)
            return [Cut(start, start + len(inner), self._mark(known))]
        spans = [(one.start, one.end, one.known) for one in self._matcher.places(text)]
        for contact in self._contacts(text, kinds):
            written = text[contact.start : contact.end]
            if not (contact.kind == "mention" and is_nobody(written)):
                spans.append((contact.start, contact.end, Known(written, contact.kind, None)))
        return self._joined(text, spans)

    def _contacts(self, text: str, kinds: frozenset[str]) -> list[Contact]:
        """Contacts of these kinds. Where only the unmistakable are wanted, a number has no marks in it."""
        found = contacts(text, kinds & self._kinds)
        if kinds is not _UNMISTAKABLE:
            return found
        return [one for one in found if one.kind == "email" or text[one.start : one.end].isdecimal()]

    def text(self, text: str) -> str:
        """A text without what goes; only a mark where that cannot be cut out."""
        if not self.grade.redacts:
            return text
        changed = _cut(text, self.cuts(text))
        if not _SPELLED.search(changed) or not self._named(_utf8(changed)):
            return changed
        changed = self._escaped(changed)
        return self.seal.mark(text, "text") if self._named(_utf8(changed)) else changed

    def pieces(self, pieces: Sequence[str], *, whole: bool = True) -> list[str]:
        """Texts that follow one another, masked as one: a value that begins in one and ends in another goes too.

        With `whole`, each is also looked at by itself: a name may be all of it, a number begin where another ends.
        """
        cuts = self.cuts("".join(pieces))
        if whole and len(pieces) > 1:
            starts = [0, *accumulate(map(len, pieces))]
            own = [
                Cut(cut.start + starts[place], cut.end + starts[place], cut.mark)
                for place, piece in enumerate(pieces)
                for cut in self.cuts(piece)
            ]
            cuts = _apart([*own, *cuts])
        return _spread(pieces, cuts)

    def holds(self, text: str) -> bool:
        """Whether an attribute or a path names somebody: it is left out then, and nothing is marked."""
        if not self.grade.redacts:
            return False
        return (
            self._matcher.whole(text) is not None
            or bool(self._matcher.places(text))
            or bool(self._contacts(text, _UNMISTAKABLE))
        )

    def address_text(self, text: str) -> str:
        """A part of an address without people, credentials and those contacts that nothing else looks like."""
        return _cut(text, self._cuts(text, _UNMISTAKABLE))

    def tree(self, value: Json) -> Json:
        """Every text in a JSON value, keys too, and numbers that are somebody's account.

        Raises RecursionError for a value of a thousand levels, as json.loads does.
        """
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(name): self.tree(inner) for name, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.tree(inner) for inner in value]
        if isinstance(value, int | float) and not isinstance(value, bool):
            masked = self.text(str(value))
            return value if masked == str(value) else masked
        return value

    def url(self, url: str) -> str:
        """An address without people and credentials; where the grade shows no addresses, only its host.

        What cannot be read comes back as ``urn:evidence:withheld:…``, never empty.
        """
        if not self.grade.redacts:
            return url
        return rewritten_url(url, self)

    def left(self, content: bytes) -> list[str]:
        """The values that a content still holds, with its escapes undone: nothing if it may be shown."""
        if not self.grade.redacts:
            return []
        plain = _without_marks(content)
        if len(self._strong) != self._strong_sought:
            self._strong_sought = len(self._strong)
            self._contacts_left = Remaining(sorted(self._strong))
        return sorted(self._named(plain) | self._contacts_left.left(plain))

    def withheld(self, value: str, kind: str) -> str:
        """The mark of anything else that goes, e.g. the digest of a body."""
        return self.seal.mark(value, kind)

    def _named(self, content: bytes) -> set[str]:
        """People and credentials that a content holds."""
        plain = _without_marks(content)
        return self._people.left(plain) | self._secrets.left(plain)

    def _mark(self, known: Known) -> str:
        if known.kind in _STRONG and len(known.text) >= _STRONG_LENGTH:
            self._strong[known.text] = None
        return self.seal.mark(known.text, known.kind, known.alias if self.grade.aliases else None)

    def _joined(self, text: str, spans: list[tuple[int, int, Known]]) -> list[Cut]:
        """In order; what overlaps becomes one, named by the longest."""
        marks = [place.span() for place in MARK.finditer(text)] if "[" in text else []
        ends = [last for _, last in marks]
        cuts: list[Cut] = []
        longest = 0
        for start, end, known in sorted(spans, key=lambda each: (each[0], -each[1])):
            place = bisect_right(ends, start)
            if place < len(marks) and marks[place][0] < end:
                continue  # our own marks are no names
            if cuts and start < cuts[-1].end:
                best = self._mark(known) if end - start > longest else cuts[-1].mark
                cuts[-1] = Cut(cuts[-1].start, max(end, cuts[-1].end), best)
            else:
                cuts.append(Cut(start, end, self._mark(known)))
                longest = 0
            longest = max(longest, end - start)
        return cuts

    def _escaped(self, text: str) -> str:
        """Values that are spelled in another way (percent, base64, entities …) cut out of the bytes."""
        content = _utf8(text)
        spans: list[Span] = []
        for search in (self._people.search(content), self._secrets.search(content)):
            if search is not None:
                spans += [*search.spans(content), *search.escaped(content, search.left(content))]
        pieces, at = [], 0
        for span in merged(spans):
            known = self._matcher.whole(span.value) or Known(span.value, CREDENTIAL, None)
            pieces += [content[at : span.start], self._mark(known).encode()]
            at = span.end
        return b"".join([*pieces, content[at:]]).decode("utf-8", "replace")


def _without_marks(content: bytes) -> bytes:
    return _MARK.sub(b"[]", content)


def _known(people: Iterable[Person]) -> Iterable[tuple[Known, str]]:
    for person in people:
        for each in values(person):
            yield Known(each.text, each.kind, each.alias), _EVERYWHERE if each.everywhere else _WHOLE
        for form in masked_forms(person.name or ""):
            yield Known(form, "person", None), _WITHIN


def _cut(text: str, cuts: Sequence[Cut]) -> str:
    pieces, at = [], 0
    for cut in cuts:
        pieces += [text[at : cut.start], cut.mark]
        at = cut.end
    return "".join([*pieces, text[at:]])


def _apart(cuts: Iterable[Cut]) -> list[Cut]:
    kept: list[Cut] = []
    for cut in sorted(cuts):
        if kept and cut.start < kept[-1].end:
            kept[-1] = kept[-1]._replace(end=max(cut.end, kept[-1].end))
        else:
            kept.append(cut)
    return kept


def _spread(pieces: Sequence[str], cuts: Sequence[Cut]) -> list[str]:
    """The pieces with these cuts of their joined text: a mark stands where its value began."""
    if not cuts:
        return list(pieces)
    starts = [0, *accumulate(map(len, pieces))]
    own: list[list[Cut]] = [[] for _ in pieces]
    for cut in cuts:
        place = bisect_right(starts, cut.start) - 1
        mark = cut.mark
        while place < len(pieces) and starts[place] < cut.end:
            start, end = max(cut.start, starts[place]), min(cut.end, starts[place + 1])
            if start < end:
                own[place].append(Cut(start - starts[place], end - starts[place], mark))
                mark = ""
            place += 1
    return [_cut(piece, mine) for piece, mine in zip(pieces, own, strict=True)]


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
