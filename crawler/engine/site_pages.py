"""Saved pages of the spiders, and what was read off them when somebody last looked: `evidence site test`.

    tests/spiders/pages/SITE/PAGE/
      page.html      the bytes as the site sent them (any suffix)
      meta.json      url, media_type, captured_at; callback and arguments where the address does not say them
      items.json     what is read off the page; written where it is missing, then reviewed by a person

A page's reading is the items as the spider gives them, printed values only, and what it did not understand.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from scrapy.http import Response
from scrapy.responsetypes import responsetypes
from scrapy.settings import Settings
from scrapy.spiderloader import SpiderLoader

from crawler.engine.reading import Oddity
from crawler.engine.site import Site
from crawler.errors import ExtractionError, FormatError, UsageError
from crawler.items import Item

FOLDER = Path(__file__).parents[2] / "tests/spiders/pages"
EXPECTED, META = "items.json", "meta.json"
REVIEW = "review and re-run"
RAISE_VERSION = "the reading has changed and `version` has not: raise `version` in the spider"
_LONGEST = 200  # characters of a value in a diff
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class PageCheck:
    """What became of one saved page. `status`: passed, new (an expectation was written) or changed."""

    site: str
    page: str
    status: str
    lines: list[str] = field(default_factory=list)  # what to read: differences, and what to do

    @property
    def passed(self) -> bool:
        """Whether the page is read as it was when somebody last looked."""
        return self.status == "passed"


def saved_pages(folder: Path = FOLDER, sites: Sequence[str] = ()) -> list[Path]:
    """Folders of saved pages, of these sites or of all. Raises UsageError for a site that has none."""
    found = sorted(path.parent for path in folder.glob(f"*/*/{META}"))
    lacking = sorted(set(sites) - {path.parent.name for path in found})
    if lacking:
        raise UsageError(f"no saved page of {', '.join(lacking)} under {folder}: expected SITE/PAGE/{META}")
    return [path for path in found if not sites or path.parent.name in sites]


def check_page(folder: Path, settings: Settings) -> PageCheck:
    """Read one saved page and compare; a missing expectation is written, and the check does not pass then.

    Raises FormatError for a page without its files, UsageError for an unknown site.
    """
    site, page = _site(settings, folder.parent.name), folder.name
    now, path = read_saved(folder, site), folder / EXPECTED
    if not path.exists():
        path.write_text(json.dumps(now, ensure_ascii=False, indent=1) + "\n", "utf-8")
        what = f"{len(now['items'])} items, {len(now['unread'])} not understood"
        return PageCheck(
            site.name, page, "new", [f"{path.name} was missing and is written ({what}): {REVIEW}"]
        )
    expected = _json(path)
    lines = list(differences(expected, now))
    if lines and expected.get("version") == now["version"]:
        lines.append(RAISE_VERSION)
    if lines:
        lines.append(f"if the new reading is right, delete {path.name} of this page, then {REVIEW}")
    return PageCheck(site.name, page, "changed" if lines else "passed", lines)


def read_saved(folder: Path, site: type[Site]) -> Json:
    """The reading of a saved page as plain JSON: version, items, unread."""
    meta, bodies = _json(folder / META), sorted(folder.glob("page.*"))
    url = str(meta.get("url"))
    callback = meta.get("callback") or site.reads(url)
    if len(bodies) != 1 or callback is None:
        wrong = (
            f"{len(bodies)} files page.*"
            if len(bodies) != 1
            else f"an address that no page of it fits: {url}"
        )
        raise FormatError(f"{folder} should hold one page of {site.name}, but has {wrong}")
    items: list[Json] = []
    unread: list[Json] = []
    response = response_at(url, str(meta.get("media_type", "text/html")), bodies[0].read_bytes())
    try:
        for output in getattr(site(), callback)(response, **meta.get("arguments", {})):
            if isinstance(output, Item):
                items.append(_item(output))
            elif isinstance(output, Oddity):
                unread.append({"reason": output.reason, "lost": output.lost, "place": output.place})
    except ExtractionError as error:  # as on a crawl: what came before it is kept
        unread.append({"reason": f"ExtractionError: {error}", "lost": True, "place": None})
    return {"version": site.version, "items": items, "unread": unread}


def differences(expected: Json, now: Json) -> Iterator[str]:
    """One line for each item that came or went, each field that changed, and each change in what is unread."""
    before, after = _named(expected["items"]), _named(now["items"])
    for name, item in before.items():
        if name not in after:
            yield f"- {_title(name)} {_shown(item)}"
    for name, item in after.items():
        if name not in before:
            yield f"+ {_title(name)} {_shown(item)}"
            continue
        for key in sorted({*item, *before[name]}):
            old, new = before[name].get(key), item.get(key)
            if old != new:
                yield f"~ {_title(name)} {key}: {_shown(old)} → {_shown(new)}"
    if list(before) != list(after) and set(before) == set(after):
        yield "~ the items stand in another order"
    yield from (f"- not understood {_shown(one)}" for one in expected["unread"] if one not in now["unread"])
    yield from (f"+ not understood {_shown(one)}" for one in now["unread"] if one not in expected["unread"])
    if expected.get("version") != now["version"]:
        yield f"~ version: {expected.get('version')} → {now['version']}"


def _site(settings: Settings, name: str) -> type[Site]:
    loader = SpiderLoader.from_settings(settings)
    found = loader.load(name) if name in loader.list() else None
    if found is None or not issubclass(found, Site):
        raise UsageError(f"there are saved pages of {name!r}, but no spider of that name in spiders/")
    return found


def response_at(url: str, media_type: str, body: bytes) -> Response:
    """A page as it came from an address."""
    headers = {"Content-Type": media_type}
    cls = responsetypes.from_args(headers={b"Content-Type": media_type.encode()}, url=url, body=body)
    return cls(url, headers=headers, body=body)


def _item(item: Item) -> Json:
    """Kind and printed values; None is left out, and `promoted` where it is false."""
    values = {
        one.name: getattr(item, one.name) for one in fields(item) if one.name not in ("site", "provenance")
    }
    kept = {
        name: str(value) if isinstance(value, str) else value
        for name, value in values.items()
        if value is not None
    }
    return {"kind": item.kind, **{name: value for name, value in kept.items() if value is not False}}


def _named(items: Sequence[Json]) -> dict[tuple[str, str, int], Json]:
    """Items by kind, identifier, and a number among those with the same identifier."""
    seen: Counter[tuple[str, str]] = Counter()
    found = {}
    for item in items:
        name = (str(item["kind"]), str(item["identifier"]))
        found[(*name, seen[name])] = item
        seen[name] += 1
    return found


def _title(name: tuple[str, str, int]) -> str:
    kind, identifier, number = name
    return f"{kind} {identifier}" + (f" ({number + 1})" if number else "")


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _json(path: Path) -> Json:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise FormatError(f"{path} is no readable JSON ({error}): correct it, or delete it") from error
    if not isinstance(found, dict):
        raise FormatError(f"{path} should hold a JSON object; correct it, or delete it")
    return found
