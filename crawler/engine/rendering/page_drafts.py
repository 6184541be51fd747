"""From one look at a page to drafts: the page capture, and one capture for every other exchange that it made.

The page capture holds the page's own document (response, request), then the artefacts as ``resource`` records that
name it in ``WARC-Concurrent-To`` (WARC 1.1 §5.8), then one ``metadata`` record with everything that has no place
elsewhere. A browser gives bodies with their codings undone, so header fields that no longer fit the stored body are
renamed ``X-Archive-Orig-…`` and Content-Length is what is stored (evidence-formats.md §4, way (a)); every record that
was changed so says it in its metadata record. Such captures are `browser-decoded`, never `wire-exact`.
"""

import base64
from dataclasses import dataclass, replace
from typing import Any

from crawler.engine.rendering.date_judgement import FITS
from crawler.engine.rendering.leaf_limits import (
    MOST_ARTEFACTS,
    MOST_MISSING,
    address,
    fitted,
    names,
    one_line,
    plain,
)
from crawler.engine.rendering.look import Artefact, Look, Seen
from crawler.engine.rendering.look_records import (
    METHOD_LIMIT,
    artefact_record,
    artefact_uri,
    facts_of,
    media_type_of,
    messages,
    metadata,
    odd_head,
)
from crawler.engine.rendering.stored_head import ORIGINAL
from crawler.evidence.archive import Draft
from crawler.evidence.digest import digest
from crawler.evidence.manifest import Capture, new_capture_id
from crawler.evidence.warc import Encoded

Json = dict[str, Any]

__all__ = ["ORIGINAL", "Place", "artefact_uri", "page_drafts"]
_PARTS = ("tile-", "dom-")
_MOST_DATES = 20  # in a manifest
_WORDS = 900  # bytes of a title or of one reason in a manifest; the records have all of it
_CHAIN = 10  # certificates in a manifest; no browser takes longer chains


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a look belongs: its run and site, the request that asked for it, and who reads it."""

    run: str
    site: str
    request_key: str | None = None
    follows: str | None = None
    plain: str | None = None  # capture id of the plain HTTP look at the same address
    read_with: Json | None = None
    beside: Json | None = None  # how the two looks compare: goes into the manifest
    dates: list[Json] | None = (
        None  # what the page says of its own dates: those that do not fit go into the manifest
    )
    network: Json | None = None  # proxy: what is the same for every exchange of the run


def page_drafts(look: Look, place: Place, page: str) -> list[Draft]:
    """The drafts of one look, the page capture (its id is `page`) first."""
    main = next((seen for seen in reversed(look.exchanges) if seen.main and seen.redirected_to is None), None)
    others = [seen for seen in look.exchanges if seen is not main]
    return [_page(look, main, place, page), *(_exchange(seen, look, place, page) for seen in others)]


def _page(look: Look, main: Seen | None, place: Place, page: str) -> Draft:
    records = messages(main, look.started) if main is not None else []
    first = records[0].record.id if records else None
    kept, missing = _kept(look)
    made = [artefact_record(artefact, page, look.started, first) for artefact in kept]
    url = address(main.url if main is not None else look.url)
    state, reason = _page_state(look, main, len(look.artefacts) - len(kept))
    facts = {
        "outcome": state,
        "reason": reason,
        **_look_facts(look, place),
        **(facts_of(main) if main else {}),
    }
    records += [*made, metadata(facts, url, look.started, first)]
    capture = Capture(
        id=page,
        run=place.run,
        site=place.site,
        url=url,
        method="GET",
        state=state,
        reason=_short(reason),
        fidelity="browser-decoded",
        started=look.started,
        ended=look.ended,
        records=(),
        status=main.status if main is not None else None,
        media_type=media_type_of(main) if main is not None else None,
        request_key=place.request_key,
        follows=place.follows,
        network=_network(main, look, place) if main is not None else {},
        read_with=place.read_with,
        look=_manifest_look(look, place, kept, made, missing),
    )
    return Draft(fitted(capture, records), tuple(records))


def _page_state(look: Look, main: Seen | None, left: int) -> tuple[str, str | None]:
    """State and reason of the look, with what only shows when it is written down."""
    odd = odd_head(main) if main is not None else None
    if odd is None and left:
        odd = f"missing: {left} artefact(s) of {len(look.artefacts)}"
    return ("partial", odd) if odd is not None and look.state == "complete" else (look.state, look.reason)


def _kept(look: Look) -> tuple[list[Artefact], dict[str, str]]:
    """The artefacts that a leaf has room for, tiles and frames last, and what is missing with the rest."""
    order = sorted(look.artefacts, key=lambda artefact: artefact.name.startswith(_PARTS))
    kept, left = order[:MOST_ARTEFACTS], order[MOST_ARTEFACTS:]
    named = zip(names(artefact.name for artefact in kept), kept, strict=True)
    unnamed = {artefact.name: f"one page has {MOST_ARTEFACTS} artefacts at most" for artefact in left}
    return [replace(artefact, name=name) for name, artefact in named], {**look.missing, **unnamed}


def _look_facts(look: Look, place: Place) -> Json:
    """What the metadata record says of the look."""
    return {
        "asked": look.url,
        "final_url": look.final_url,
        "title": look.title,
        "notes": look.notes,
        "settled": look.settled,
        "missing": _kept(look)[1],
        "dates": place.dates,
        "beside": place.beside,
        "artefacts": {artefact.name: artefact.about for artefact in look.artefacts if artefact.about},
        "certificates": {
            origin: [base64.b64encode(der).decode() for der in chain]
            for origin, chain in look.certificates.items()
        },
    }


def _manifest_look(
    look: Look, place: Place, kept: list[Artefact], made: list[Encoded], missing: dict[str, str]
) -> Json:
    """What the leaf says of the look; the metadata record says more."""
    viewing, clicked = look.viewing, look.settled.get("clicked", 0)
    reasons = list(missing.values())[:MOST_MISSING]
    about: Json = {
        "artefacts": {a.name: e.record.id for a, e in zip(kept, made, strict=True)},
        "missing": {
            name: _short(reason)
            for name, reason in zip(names([*missing][:MOST_MISSING]), reasons, strict=True)
        },
        "title": one_line(look.title, _WORDS),
        "asked": address(look.url),
        "final_url": address(look.final_url),
        "browser": one_line(look.browser, _WORDS),
        "viewport": f"{viewing.width}x{viewing.height}@{viewing.device_scale}",
        "more": {"press": one_line(viewing.more, _WORDS), "times": clicked}
        if viewing.more and clicked
        else None,
        "exchanges": len(look.exchanges),
        "failed": sum(seen.failed is not None for seen in look.exchanges),
        "plain": place.plain,
        "beside": place.beside,
        "dates": [date for date in place.dates or [] if date["judgement"] != FITS][:_MOST_DATES] or None,
    }
    fit: Json = plain(about)
    return fit


def _exchange(seen: Seen, look: Look, place: Place, page: str) -> Draft:
    records = messages(seen, seen.started)
    first = records[0].record.id if records else None
    state, reason = _state(seen)
    facts = {"outcome": state, "reason": reason, **facts_of(seen)}
    records.append(metadata(facts, address(seen.url), seen.started, first))
    capture = Capture(
        id=new_capture_id(),
        run=place.run,
        site=place.site,
        url=address(seen.url),
        method=one_line(seen.method, METHOD_LIMIT),
        state=state,
        reason=_short(reason),
        fidelity="browser-decoded" if seen.head is not None else "derived",
        started=seen.started,
        ended=seen.ended or look.ended,
        records=(),
        status=seen.status,
        media_type=media_type_of(seen),
        network=_network(seen, look, place),
        page=page,
    )
    return Draft(capture, tuple(records))


def _state(seen: Seen) -> tuple[str, str | None]:
    """State and reason of one exchange, from what the browser said."""
    if seen.blocked:
        return "blocked", seen.failed or "blocked by the browser"
    if seen.failed is not None:
        return ("partial" if seen.head is not None else "failed"), seen.failed
    if seen.truncated is not None:
        return "partial", f"cut: {seen.truncated}"
    if seen.head is None:
        return "failed", "from the browser's cache, nothing was fetched" if seen.cache else "no answer"
    if (odd := odd_head(seen)) is not None:
        return "partial", odd
    if seen.body is None:
        return "partial", "the browser did not give the body"
    return "complete", None


def _network(seen: Seen, look: Look, place: Place) -> Json:
    observed: Json = {"peer": seen.peer, "protocol": seen.protocol, **(place.network or {})}
    if seen.tls is not None:
        chain = [digest(der) for der in look.certificates.get(seen.origin or "", [])[:_CHAIN]]
        observed["tls"] = {
            "version": _short(seen.tls.get("protocol")),
            "cipher": _short(seen.tls.get("cipher")),
            "chain": chain,
        }
    fit: Json = plain(observed)
    return fit


def _short(text: str | None) -> str | None:
    return None if text is None else one_line(str(text), _WORDS)
