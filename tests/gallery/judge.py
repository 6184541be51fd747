"""Hold a look at a page of the gallery against what is expected of it; every fault in a sentence of its own."""

import json
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from parsel import Selector

from crawler.engine.rendering.look import Look, Seen
from tests.gallery.expected import WIDTH, Exchange, Expected
from tests.gallery.pixels import Pixels
from tests.gallery.site import GallerySite

_OWN_TEXT = {"p", "li", "h1", "h2", "td", "a", "b", "span"}  # generated content may stand in others
_MARK = re.compile(r"\d+\.|[•◦▪]")  # of a list
# What a capture of any page holds; screencast and tiles only where they are asked for or needed.
ALWAYS = ("screenshot", "viewport", "dom", "text", "accessibility", "mhtml", "pdf")


def faults(look: Look, expected: Expected, site: GallerySite) -> list[str]:
    """Everything that is wrong with a look; empty when it is right."""
    return [*_state(look, expected), *_texts(look, expected), *_places(look), *_picture(look, expected),
            *_pdf(look, expected), *_exchanges(look, expected, site)]  # fmt: skip


def artefact(look: Look, name: str) -> bytes:
    """The content of an artefact; empty when there is none, which is a fault of its own."""
    return next((made.content for made in look.artefacts if made.name == name), b"")


def _state(look: Look, expected: Expected) -> Iterator[str]:
    if look.state not in expected.states:
        yield f"state {look.state} ({look.reason}), expected {' or '.join(expected.states)}"
    if look.state != "complete" and not look.reason:
        yield f"state {look.state} without a reason"
    for name in ALWAYS:
        if not artefact(look, name):
            yield f"no {name}: {look.missing.get(name, 'and no word why')}"
    noted = {note["what"] for note in look.notes}
    yield from (
        f"no note of a {what}, only of {sorted(noted)}" for what in expected.notes if what not in noted
    )


def _texts(look: Look, expected: Expected) -> Iterator[str]:
    raw = artefact(look, "text")
    text = json.dumps(json.loads(raw), ensure_ascii=False) if raw else ""
    dom = artefact(look, "dom").decode()
    in_dom = expected.texts if expected.in_dom is None else expected.in_dom
    yield from (f"not in the text: {each}" for each in expected.texts if each not in text)
    yield from (f"not in the DOM: {each}" for each in in_dom if each not in dom)
    yield from (f"wrongly in the text: {each}" for each in expected.absent if each in text)
    sockets = artefact(look, "websocket").decode()
    messages = "\n".join(str(json.loads(line)) for line in sockets.splitlines())
    yield from (f"not in the websocket artefact: {each}" for each in expected.pushed if each not in messages)


def _places(look: Look) -> Iterator[str]:
    """Each run's path leads to the element of the stored DOM that has its text."""
    raw, dom = artefact(look, "text"), artefact(look, "dom")
    runs = [run for run in (json.loads(raw)["runs"] if raw and dom else []) if run["frame"] == 0]
    tree = Selector(dom.decode()).root.getroottree() if runs else None
    for run in (run for run in runs if "path" in run and not _MARK.fullmatch(run["text"])):
        found = tree.xpath(run["path"])
        if len(found) != 1:
            yield f"{run['path']} of {run['text'][:20]!r} is {len(found)} elements of the DOM"
            continue
        (element,) = found
        shown = re.sub(r"\s+", "", "".join(element.itertext()) + "".join(map(str, element.attrib.values())))
        if element.tag in _OWN_TEXT and re.sub(r"\s+", "", run["text"])[:20] not in shown:
            yield f"{run['path']} has {shown[:30]!r} in the DOM, not {run['text'][:30]!r}"
    if runs and not any("path" in run for run in runs):
        yield "no run has a path"


def _picture(look: Look, expected: Expected) -> Iterator[str]:
    png = artefact(look, "screenshot")
    if not png:
        return
    pixels = Pixels(png)
    width, height = pixels.size
    if width != WIDTH:
        yield f"the picture is {width} wide"
    if expected.height and not expected.height[0] <= height <= expected.height[1]:
        yield f"the picture is {height} tall, expected {expected.height}"
    everywhere = [pixels, *_tiles(look)] if expected.in_tiles else []
    for patch, places in [(p, [pixels]) for p in expected.patches] + [
        (p, everywhere) for p in expected.in_tiles
    ]:
        count = max(place.count(patch.colour, patch.near) for place in places)
        if count < patch.least or (patch.most is not None and count > patch.most):
            yield f"{count} pixels of {patch.colour}, expected {patch.least} to {patch.most}"
    for spot in expected.spots:
        if not pixels.at(spot.x, spot.y, spot.colour):
            yield f"at {spot.x}, {spot.y} is not {spot.colour}"


def _tiles(look: Look) -> list[Pixels]:
    return [Pixels(made.content) for made in look.artefacts if made.name.startswith("tile-")]


def _pdf(look: Look, expected: Expected) -> Iterator[str]:
    pdf = artefact(look, "pdf")
    for wanted, sizes in ((True, expected.in_pdf), (False, expected.not_in_pdf)):
        for width, height in sizes:
            # The dictionary of a picture in a PDF stands there in clear (ISO 32000-1 section 8.9.5).
            if (b"/Width %d" % width in pdf) != wanted:
                yield f"picture {width} × {height} {'not' if wanted else 'wrongly'} in the PDF"


def _exchanges(look: Look, expected: Expected, site: GallerySite) -> Iterator[str]:
    mains = [seen for seen in look.exchanges if seen.main]
    if not mains:
        yield "no exchange is marked as the page's own"
    for exchange in expected.exchanges:
        seen = [each for each in look.exchanges if each.url == site.url(exchange.path)]
        if not seen:
            yield f"no exchange with {exchange.path}"
        elif not any(_fits(each, exchange) for each in seen):
            yield f"{exchange.path}: {'; '.join(map(_described, seen))}; expected {exchange}"
    asked = {(a.host, a.path) for a in site.asked(expected.path) if a.path != "/favicon.ico"}
    recorded = {
        (urlsplit(seen.url).hostname, seen.url.partition(f":{site.port}")[2]) for seen in look.exchanges
    }
    yield from (
        f"the server was asked for {host}{path}, unrecorded" for host, path in sorted(asked - recorded)
    )


def _fits(seen: Seen, exchange: Exchange) -> bool:
    if exchange.cut:
        return bool(seen.truncated or seen.failed)
    if exchange.blocked:
        return seen.blocked and bool(seen.failed)
    whole = seen.status == exchange.status and seen.worker == exchange.worker and not seen.failed
    # A media element may end its request for a range at any time.
    return whole and (bool(seen.body) or exchange.status == 206)


def _described(seen: Seen) -> str:
    facts = {
        "status": seen.status,
        "body": None if seen.body is None else len(seen.body),
        "failed": seen.failed,
    }
    facts |= {
        "truncated": seen.truncated,
        "blocked": seen.blocked,
        "worker": seen.worker,
        "cache": seen.cache,
    }
    return ", ".join(f"{name} {value}" for name, value in facts.items() if value not in (None, False))
