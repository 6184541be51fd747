"""From the drafts of a page to those that may be shown, and the originals that stay in the archive."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from crawler.evidence.archive import Draft
from crawler.evidence.manifest import MAX_LEAF, Capture, new_capture_id
from crawler.evidence.warc import DEFLATED, STORED, Encoded, Record, encode, new_record_id
from crawler.withholding.mask import Mask
from crawler.withholding.records import Redacted, Redactor, in_pdf, shown_texts
from crawler.withholding.search import Search, Secret

MISSING = "withheld"
DRAWN = ("screenshot", "viewport", "pdf", "screencast", "tile-")  # artefacts that are pictures of the page
READ = ("text", "accessibility")  # what says which texts the page shows
_RECORD_SIZE, _LEAF_SIZE = 640, 6000  # bytes in a leaf: of one record, and of all else but the addresses

Json = dict[str, Any]


@dataclass(slots=True)
class _Change:
    """What becomes of one draft."""

    draft: Draft
    done: list[Redacted] = field(default_factory=list)
    out: dict[str, str] = field(default_factory=dict)  # artefacts withheld as a whole: record id → name

    @property
    def altered(self) -> list[tuple[Encoded, Redacted | None]]:
        """The records out of which something was cut, each with what is left of it."""
        pairs = zip(self.draft.records, self.done, strict=True)
        return [
            (e, None if e.record.id in self.out else d) for e, d in pairs if d.cuts or e.record.id in self.out
        ]


def withhold(drafts: Sequence[Draft], secrets: Sequence[Secret]) -> list[Draft]:
    """The drafts of one page without its secrets, and behind them the originals of what was altered.

    `secrets` are those of `find_secrets`. A draft without any comes back as it is. Of another one the altered records
    are replaced, its capture is `derived` and names in `original` the withheld capture that holds the untouched ones,
    with a record of what was cut out where. All of them belong into one batch (`Session.record_all`).
    """
    mask, search = Mask(), Search(secrets)
    redactor = Redactor(search, mask)
    changes = [_change(draft, redactor) for draft in drafts]
    cleaned = [_cleaned(change.draft.capture, redactor) for change in changes]
    renamed = {e.record.id: new_record_id() for change in changes for e, _ in change.altered}
    shown, sealed = [], []
    for change, capture in zip(changes, cleaned, strict=True):
        if not change.altered and capture == change.draft.capture:
            shown.append(change.draft)
            continue
        originals = list(_sealed(change, capture, renamed, mask, search))
        shown.append(_shown(change, capture, renamed, originals[0].capture.id))
        sealed += originals
    return [*shown, *sealed]


def _change(draft: Draft, redactor: Redactor) -> _Change:
    change = _Change(draft, [redactor.record(encoded.record) for encoded in draft.records])
    names = {record: name for name, record in _artefacts(draft.capture).items()}
    pictures = {record: name for record, name in names.items() if name.startswith(DRAWN)}
    drawn = (
        bool(pictures) and bool(redactor.search.secrets) and _is_drawn(draft, names, change, redactor.search)
    )
    for encoded, done in zip(draft.records, change.done, strict=True):
        name = names.get(encoded.record.id)
        if name is None:
            continue
        linked = name == "pdf" and any(redactor.search.left(text) for text in in_pdf(encoded.record.block))
        broken = name in READ and redactor.search.drawn("".join(shown_texts(done.record.block)))
        if done.whole or linked or broken or (drawn and name in pictures.values()):
            change.out[encoded.record.id] = name
    return change


def _is_drawn(draft: Draft, names: Mapping[str, str], change: _Change, search: Search) -> bool:
    """Whether a secret may be seen in the pictures: as its texts tell; where they are missing, as its source."""
    by_name = {names.get(encoded.record.id): encoded.record.block for encoded in draft.records}
    texts = [
        "".join(shown_texts(by_name[name], addresses=name == "text")) for name in READ if name in by_name
    ]
    if any(search.drawn(text) for text in texts):
        return True
    return len(texts) < len(READ) and any(done.cuts for done in change.done)


def _artefacts(capture: Capture) -> dict[str, str]:
    return dict((capture.look or {}).get("artefacts", {}))


def _cleaned(capture: Capture, redactor: Redactor) -> Capture:
    """The manifest without secrets: addresses, titles, reasons."""
    return replace(
        capture,
        url=redactor.text(capture.url),
        reason=None if capture.reason is None else redactor.text(capture.reason),
        media_type=None if capture.media_type is None else redactor.text(capture.media_type),
        read_with=redactor.tree(capture.read_with),
        look=redactor.tree(capture.look),
    )


def _shown(change: _Change, capture: Capture, renamed: Mapping[str, str], original: str) -> Draft:
    """The draft that exports carry."""
    records = []
    for encoded, done in zip(change.draft.records, change.done, strict=True):
        if encoded.record.id not in change.out:
            records.append(_renamed(encoded, done.record, renamed))
    if change.out:
        names = ", ".join(sorted(change.out.values()))
        state = "partial" if capture.state == "complete" else capture.state
        capture = replace(capture, state=state, reason=capture.reason or f"withheld: {names}")
    look = capture.look and _look(capture.look, change.out, renamed)
    return Draft(replace(capture, fidelity="derived", original=original, look=look), tuple(records))


def _look(look: Json, out: Mapping[str, str], renamed: Mapping[str, str]) -> Json:
    kept = {
        name: renamed.get(record, record) for name, record in look["artefacts"].items() if record not in out
    }
    missing = {**look.get("missing", {}), **dict.fromkeys(out.values(), MISSING)}
    return {**look, "artefacts": kept, "missing": missing}


def _renamed(encoded: Encoded, record: Record, renamed: Mapping[str, str]) -> Encoded:
    """The record under its new name, if it has one, and naming others by theirs."""
    fields = tuple((name, renamed.get(value, value)) for name, value in record.fields)
    identifier = renamed.get(record.id, record.id)
    if record is encoded.record and (fields, identifier) == (record.fields, record.id):
        return encoded
    level = STORED if len(encoded.stored) > len(encoded.record.block) else DEFLATED
    return encode(replace(record, id=identifier, fields=fields), level)


def _sealed(
    change: _Change, capture: Capture, renamed: Mapping[str, str], mask: Mask, search: Search
) -> Iterator[Draft]:
    """The withheld captures of one draft: the untouched records, and in the first one what was cut out of them."""
    portions = list(_portions([encoded for encoded, _ in change.altered], change.draft.capture))
    ids = [new_capture_id() for _ in portions]
    whole = change.draft.capture
    for number, (identifier, portion) in enumerate(zip(ids, portions, strict=True)):
        listed = [_list(change, capture, renamed, mask, search, ids[1:])] if number == 0 else []
        yield Draft(
            replace(
                whole,
                id=identifier,
                page=whole.page or whole.id,
                withheld=True,
                read_with=None,
                request_key=None,
                follows=None,
                look=None,
            ),
            (*portion, *listed),
        )


def _portions(records: Sequence[Encoded], capture: Capture) -> Iterator[list[Encoded]]:
    """Records, as many as a leaf has room for; one empty portion if there are none."""
    taken = _LEAF_SIZE + 2 * len(capture.url.encode("utf-8", "replace")) + len(json.dumps(capture.network))
    most = max(1, (MAX_LEAF - taken) // _RECORD_SIZE)
    for at in range(0, max(1, len(records)), most):
        yield list(records[at : at + most])


def _list(
    change: _Change,
    capture: Capture,
    renamed: Mapping[str, str],
    mask: Mask,
    search: Search,
    more: Sequence[str],
) -> Encoded:
    """The record that lets a court compare the two: the salt, what the marks commit to, and every cut."""
    whole = change.draft.capture
    content = {
        "capture": whole.id,
        "salt": mask.salt.hex(),
        "mark": "[withheld:FIRST EIGHT DIGITS OF SHA-256(SALT, VALUE AS UTF-8)]",
        "secrets": [
            {"kind": secret.kind, "name": secret.name, "sha256": mask.commitment(secret.value)}
            for secret in search.secrets
        ],
        "manifest": [
            name for name in ("url", "reason", "media_type", "read_with", "look")
            if getattr(whole, name) != getattr(capture, name)
        ],
        "records": [
            {
                "original": encoded.record.id,
                "derived": renamed[encoded.record.id] if done is not None else None,
                "artefact": change.out.get(encoded.record.id),
                "cuts": done.cuts if done is not None else [],
            }
            for encoded, done in change.altered
        ],
        "more": list(more),
    }  # fmt: skip
    block = json.dumps(content, ensure_ascii=False, indent=1).encode("utf-8", "backslashreplace")
    return encode(
        Record(
            type="resource",
            id=new_record_id(),
            date=whole.started,
            content_type="application/json",
            block=block,
            target_uri=f"urn:evidence:withheld:{whole.id}",
            payload=block,
        )
    )
