"""From a capture and its records to the draft of a redacted one: what may be seen, and commitments to what is gone.

A redacted capture has at most these records: the response and the DOM rewritten, the text layer and the screenshot
without people, and one record that says what was done (`urn:evidence:redaction:<capture id>`). What else the original
holds (requests, pictures, scripts, MHTML, PDF …) is not carried at all. Its manifest names the original's leaf, so
that the log proves that leaf to whoever is shown it later.
"""

import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from crawler.errors import FormatError
from crawler.evidence.archive import Draft
from crawler.evidence.manifest import DOM, Capture, Redacted, canonical, new_capture_id
from crawler.evidence.proof import leaf_digest
from crawler.evidence.warc import DEFLATED, STORED, Encoded, Record, concurrent_to, encode, new_record_id
from crawler.redaction.grade import Grade, Kind
from crawler.redaction.http import redacted_response
from crawler.redaction.layer import rewritten_layer
from crawler.redaction.masker import Masker
from crawler.redaction.pages import rewritten_html
from crawler.redaction.person import Person
from crawler.redaction.pictures import obscured
from crawler.redaction.seal import Seal
from crawler.withholding import find_secrets

RULES = 1  # version of what this room does: another one makes other captures
REDACTED = "redacted"  # why an artefact is missing
TEXT, PICTURE = "text", "screenshot"
_STYLES = "text/css"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A capture with its records as they lie in the archive; `kind`: what stands on its page, None: unknown."""

    entry: int
    leaf: bytes
    capture: Capture
    records: tuple[Encoded, ...]
    kind: Kind | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """For what captures are redacted. `key`: 32 bytes, see crawler.evidence.alias_key."""

    case: str
    grade: Grade
    people: tuple[Person, ...]
    key: bytes

    @property
    def run(self) -> str:
        """Redacted captures are a run of their own."""
        return f"redaction-{self.case}-{self.grade.name}"

    def basis(self, source: Source) -> str:
        """What tells whether a redacted capture made before would be made alike today: 32 hexadecimal digits.

        It is keyed: nobody can find out from it who stands on the page.
        """
        people = sorted(f"{one.name}\0{one.identifier}\0{one.alias}" for one in self.people)
        content = canonical(
            {"people": people, "kind": source.kind or "", "leaf": leaf_digest(source.leaf).hex()}
        )
        return hmac.digest(self.key, content, "sha256").hex()[:32]


@dataclass(slots=True)
class Made:
    """A redacted capture about to be committed, and what opens it to a judge: marks, salts and values."""

    draft: Draft
    opening: list[Json]
    whole: list[str] = field(default_factory=list)  # what was withheld as a whole


def redacted(source: Source, order: Order, *, now: str, page: str | None = None) -> Made:
    """Make the redacted capture of `source`. `now`: UTC; `page`: of a style sheet, the new id of its page."""
    return _Making(source, order, now, page).made()


def is_carried(capture: Capture) -> bool:
    """Whether an exchange that a rendered page made comes along: style sheets do, so that it looks like itself."""
    return capture.state == "complete" and (capture.media_type or "").split(";")[0].strip().lower() == _STYLES


class _Making:
    """One capture on its way."""

    def __init__(self, source: Source, order: Order, now: str, page: str | None) -> None:
        self.source, self.order, self.now, self.page = source, order, now, page
        self.id = new_capture_id()
        capture = source.capture
        self.seal = Seal(order.key, capture.id, order.grade.name)
        secrets = find_secrets([Draft(capture, source.records)])
        self.masker = Masker(
            order.grade, order.people, [one.value for one in secrets], self.seal, kind=source.kind
        )
        self.first: str | None = None
        self.whole: list[str] = []
        # A page that no parser of ours knows shows people whom nobody can name.
        self.known = source.kind is not None or not order.grade.needs_reader or page is not None

    def made(self) -> Made:
        capture = self.source.capture
        url = self.masker.url(capture.url)
        artefacts: dict[str, str] = {}
        records = list(self._records(url, artefacts))
        look = None if capture.look is None else self._look(artefacts)
        records.append(self._statement())
        draft = Draft(
            Capture(
                id=self.id,
                run=self.order.run,
                site=capture.site,
                url=url,
                method="GET",
                state=capture.state,
                reason=None if capture.reason is None else self.masker.text(capture.reason),
                fidelity="derived",
                started=self.now,
                ended=self.now,
                records=(),
                media_type=capture.media_type,
                page=self.page,
                look=look,
                original=capture.id,
                redacted=Redacted(
                    grade=self.order.grade.name,
                    case=self.order.case,
                    rules=RULES,
                    basis=self.order.basis(self.source),
                    entry=self.source.entry,
                    leaf=f"sha256:{leaf_digest(self.source.leaf).hex()}",
                    started=capture.started,
                    ended=capture.ended,
                ),
            ),
            tuple(records),
        )
        return Made(draft, self.seal.opening(), self.whole)

    def _records(self, url: str, artefacts: dict[str, str]) -> Iterator[Encoded]:
        """In the order of the file. The DOM is rewritten first: whom it shows, the masker then knows everywhere."""
        by_id = {encoded.record.id: encoded.record for encoded in self.source.records}
        capture = self.source.capture
        response = capture.response
        named = (capture.look or {}).get("artefacts", {}) if self.known else {}
        dom = self._dom(by_id[named[DOM]]) if DOM in named else None
        if response is not None and response.id not in (capture.look or {}).get("artefacts", {}).values():
            yield self._response(by_id[response.id], url)
        if dom is not None:
            yield self._artefact(DOM, dom, "text/html; charset=utf-8", artefacts)
        if TEXT in named:
            yield from self._pictured(by_id, named, artefacts)

    def _response(self, record: Record, url: str) -> Encoded:
        found = redacted_response(record.block, self.masker, known=self.known)
        self.whole += ["response"] if found.whole else []
        return self._encoded(
            Record(
                type="response",
                id=new_record_id(),
                date=self.now,
                content_type="application/http; msgtype=response",
                block=found.block,
                target_uri=url,
                payload=found.payload,
            )
        )

    def _dom(self, record: Record) -> bytes | None:
        content = rewritten_html(record.block.decode("utf-8", "replace"), self.masker)
        return content if self._clean(DOM, content) else None

    def _pictured(
        self, by_id: Mapping[str, Record], named: Mapping[str, str], artefacts: dict[str, str]
    ) -> Iterator[Encoded]:
        """The text layer, and the screenshot of which only that text stays readable."""
        try:
            layer = rewritten_layer(by_id[named[TEXT]].block, self.masker)
        except FormatError:  # no layer of ours: an archive of an older version, or another tool's
            self.whole.append(TEXT)
            return
        if not self._clean(TEXT, layer.content):
            return
        yield self._artefact(TEXT, layer.content, "application/json", artefacts)
        if PICTURE not in named:
            return
        try:
            picture = obscured(by_id[named[PICTURE]].block, layer.clear, layer.width, masked=layer.masked)
        except FormatError:  # too large to be drawn anew, or damaged: the original has it
            self.whole.append(PICTURE)
            return
        yield self._artefact(PICTURE, picture, "image/png", artefacts)

    def _clean(self, name: str, content: bytes) -> bool:
        """Fail closed: what still holds a value that was to go is withheld as a whole."""
        if self.masker.left(content):
            self.whole.append(name)
            return False
        return True

    def _artefact(self, name: str, content: bytes, kind: str, artefacts: dict[str, str]) -> Encoded:
        record = Record(
            type="resource",
            id=new_record_id(),
            date=self.now,
            content_type=kind,
            block=content,
            target_uri=f"urn:evidence:look:{self.id}:{name}",
            payload=content,
        )
        artefacts[name] = record.id
        return self._encoded(record, STORED if kind == "image/png" else DEFLATED)

    def _encoded(self, record: Record, level: int = DEFLATED) -> Encoded:
        encoded = encode(replace(record, fields=concurrent_to(self.first)), level)
        self.first = self.first or record.id
        return encoded

    def _look(self, artefacts: Mapping[str, str]) -> Json:
        look = self.source.capture.look or {}
        names = [*look.get("artefacts", {}), *look.get("missing", {})]
        kept = {"title": self.masker.text(str(look.get("title") or ""))}
        if isinstance(look.get("viewport"), str):
            kept["viewport"] = look["viewport"]
        missing = {name: REDACTED for name in names if name not in artefacts}
        return {**kept, "artefacts": dict(artefacts), "missing": missing}

    def _statement(self) -> Encoded:
        """What was done, and the commitments to every value that was taken out."""
        content = json.dumps(
            {
                "original": self.source.capture.id,
                "grade": self.order.grade.name,
                "rules": RULES,
                "mark": "[withheld:FIRST EIGHT DIGITS OF SHA-256(SALT, VALUE AS UTF-8)]",
                "withheld": self.seal.statement(),
                "whole": sorted(self.whole),
            },
            ensure_ascii=False,
            indent=1,
        ).encode()
        return self._encoded(
            Record(
                type="resource",
                id=new_record_id(),
                date=self.now,
                content_type="application/json",
                block=content,
                target_uri=f"urn:evidence:redaction:{self.id}",
                payload=content,
            )
        )


def people_of(found: Sequence[Person]) -> tuple[Person, ...]:
    """Everybody once, in an order that does not depend on who was read first."""
    return tuple(sorted(set(found), key=lambda one: (one.alias or "", one.name or "", one.identifier or "")))
