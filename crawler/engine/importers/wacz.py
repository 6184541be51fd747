"""WACZ files of other recorders: verified as `evidence verify` does, then their WARC files are read.

What verification found is kept with the file, the signature above all. A package whose parts contradict each other
(a digest that is wrong, a signature that does not verify) is refused; what could not be checked is said.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from crawler.engine.importers.found import Exchange, Found, Json, Step, Terms, claim, claims_of
from crawler.engine.importers.warc import WarcReading
from crawler.errors import FormatError, UsageError
from crawler.evidence.bundle import DATAPACKAGE, MANIFEST_LIMIT, PAGES
from crawler.evidence.checks.json_text import parse_object
from crawler.evidence.checks.wacz_file import verify_wacz
from crawler.evidence.checks.wacz_listing import warc_names
from crawler.evidence.checks.zip_members import Budget, Package, open_package
from crawler.evidence.report import Report

_MUST_HOLD = ("members", "datapackage", "resources", "binding", "wacz-signature")
# What a WACZ must have, but nothing here is read from; `wacz create` leaves the page list out unless it is told to.
_DISPENSABLE = {f"{PAGES} is missing", "indexes/ is missing or empty"}
_PAGES_LIMIT = 8 << 20  # bytes of a page list that are read
_MOST_PAGES = 100_000


class WaczSource:
    """A WACZ file. Raises FormatError on making it, when it does not verify; UsageError for another zip file."""

    format = "wacz"

    def __init__(self, path: Path, terms: Terms) -> None:
        self.path = path
        self._terms = terms
        self.counts: dict[str, int] = {}
        with open_package(path) as package:
            if DATAPACKAGE not in package.names() and not warc_names(package.names()):
                raise UsageError(
                    "it is a zip file but no WACZ: unpack it, and import what is in it; nothing was kept"
                )
        report = verify_wacz(path, trust=terms.trust)
        _require_sound(report)
        with open_package(path) as package:
            self.claims = {**_described(package), "signature": _signature(report)}
            self._titles = _titles(package)
        self.claims["pages"] = len(self._titles)

    def found(self, *, bodies: bool, step: Step) -> Iterator[Found]:
        """Every exchange of every WARC file in it."""
        counts: Counter[str] = Counter()
        with open_package(self.path) as package:
            budget = Budget(package.size)
            for name in warc_names(package.names()):
                reading = WarcReading(name, self._terms, bodies=bodies)
                for found in reading.exchanges(package.pieces(name, budget), budget):
                    yield self._titled(found)
                counts += reading.counts
                step(package.member(name).stored)
        self.counts = dict(sorted(counts.items()))

    def _titled(self, found: Found) -> Found:
        title = self._titles.get(found.url) if isinstance(found, Exchange) else None
        if title is None or not isinstance(found, Exchange):
            return found
        software = {"software": self.claims["software"]} if "software" in self.claims else {}
        return replace(found, claimed={**software, **found.claimed, "title": title})


def _require_sound(report: Report) -> None:
    wrong = [check for check in report.checks if check.name in _MUST_HOLD and check.status == "failed"]
    wrong = [check for check in wrong if not check.problems or set(check.problems) - _DISPENSABLE]
    if wrong:
        told = "; ".join(f"{check.name}: {'; '.join(check.problems[:3])}" for check in wrong)
        raise FormatError(f"the WACZ does not verify: {told[:800]}")


def _signature(report: Report) -> Json:
    """What the checks came to, and whose keys were used."""
    checks = {check.name: check.status for check in report.checks}
    detail = {check.name: claim(check.detail) for check in report.checks if check.name == "wacz-signature"}
    keys = [claims_of(name=key.name, fingerprint=key.fingerprint) for key in report.keys[:5]]
    return {"checks": checks, "detail": detail.get("wacz-signature"), "keys": keys}


def _described(package: Package) -> Json:
    fields = parse_object(package.read(DATAPACKAGE, MANIFEST_LIMIT), DATAPACKAGE)
    return claims_of(
        software=fields.get("software"),
        title=fields.get("title"),
        date=fields.get("created"),
        version=fields.get("wacz_version") or fields.get("profile"),
    )


def _titles(package: Package) -> dict[str, str]:
    """Title by address, as the page lists say; what cannot be read there is no title."""
    titles: dict[str, str] = {}
    for name in package.names():
        if not (name.startswith("pages/") and name.endswith(".jsonl")):
            continue
        try:
            content = package.read(name, _PAGES_LIMIT)
        except FormatError:
            continue  # the check `pages` of the verification has told of it
        for line in content.splitlines()[:_MOST_PAGES]:
            page = _page(line)
            url = page.get("url")
            if isinstance(url, str) and len(titles) < _MOST_PAGES:
                titles[url] = claim(page.get("title")) or url[:300]
    return titles


def _page(line: bytes) -> dict[str, Any]:
    try:
        page = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return page if isinstance(page, dict) else {}
