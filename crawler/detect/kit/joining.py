"""Which findings stand together: around a shop, an organiser's contact or number, a brand, a product, a thread.

The rule against chains of chance: every finding that stands around a centre names that centre itself. Nothing is
joined through a third finding. Two findings that each share something with a third, but nothing with each other,
stand around two centres, and the third around both. One step is allowed: a product or a brand belongs to the shop
that every finding of one shop names it with.

What never joins: a platform's own name (everybody's); a shop or brand that a finding shows as *harmed* (a rival's
ordered bad reviews, a false hotline under a brand's name) with findings in which it acts. Findings that share
nothing but an account are grouped last, and only those that stand around nothing else.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Literal

from crawler.detect.kit.finding import Finding
from crawler.detect.kit.names import PLATFORMS

Kind = Literal["shop", "contact", "hotline", "brand", "listing", "post", "account", "other"]
Side = Literal["acts", "harmed"]
Centre = tuple[str, Side]
Homes = dict[str, str]  # product or brand → its shop

# Conducts whose target did nothing. In the first the shop is attacked; in the others a name is abused or absent.
_ATTACKS = frozenset({"reverse_brushing"})
_NO_SHOP_ACTS = frozenset({"doorway_hotline", "task_scam"})
_FEWEST = 2  # findings: one alone is no story
_CROWD = 20  # findings with one account beyond which it is a hub (a house account, a mask), not a link
_ORDER: tuple[Kind, ...] = ("shop", "contact", "hotline", "brand", "listing", "post", "account")


def groups(findings: Iterable[Finding], homes: Homes) -> dict[Centre, list[Finding]]:
    """Centre → its findings, at least two. `findings` as `newest` gives them; linear in findings × subjects.

    A centre is left out where one of a stronger kind (shop, then contact …) has all its findings.
    """
    members: dict[Centre, list[Finding]] = defaultdict(list)
    together = list(findings)
    for finding in together:
        for centre in _centres(finding, homes):
            members[centre].append(finding)
    joined = {centre: found for centre, found in members.items() if len(found) >= _FEWEST}
    kept = {each: found for each, found in joined.items() if not _within_stronger(each, found, joined, homes)}
    return kept | _by_account(together, kept)


def kind_of(subject: str) -> Kind:
    """shop, contact …; "other", which joins nothing, for a kind that is not known here."""
    kind = subject.partition(":")[0]
    return next((known for known in _ORDER if kind == known), "other")


def newest(findings: Iterable[Finding]) -> list[Finding]:
    """One finding for each detector and key: of the highest version, the later one; by time."""
    kept: dict[tuple[str, str], Finding] = {}
    for finding in findings:
        known = kept.get((finding.detector, finding.key))
        if known is None or finding.version >= known.version:
            kept[finding.detector, finding.key] = finding
    return sorted(
        kept.values(), key=lambda finding: (finding.conduct_from or "", finding.detector, finding.key)
    )


def homes_of(findings: Iterable[Finding]) -> Homes:
    """Product or brand → the shop that every finding of one shop names it with; without one where they differ."""
    seen: dict[str, set[str]] = defaultdict(set)
    for finding in findings:
        shops = [subject for subject in finding.subjects if kind_of(subject) == "shop"]
        if len(shops) == 1 and side_of(finding) == "acts":
            for subject in finding.subjects:
                if kind_of(subject) in ("listing", "brand"):
                    seen[subject].add(shops[0])
    return {subject: next(iter(shops)) for subject, shops in seen.items() if len(shops) == 1}


def _centres(finding: Finding, homes: Homes) -> list[Centre]:
    """What a finding may stand around. A product counts by its shop; a thread only where nothing else is named."""
    named: dict[Kind, list[str]] = defaultdict(list)
    for subject in finding.subjects:
        if not _is_hub(subject):
            named[kind_of(subject)].append(subject)
    side = side_of(finding)
    if finding.conduct in _NO_SHOP_ACTS:
        return [(subject, side) for kind in ("contact", "hotline") for subject in named[kind]]
    shops = set(named["shop"]) | {homes[each] for each in named["listing"] if each in homes}
    if not shops:
        shops = {homes[each] for each in named["brand"] if each in homes}
    chosen = sorted(shops) + named["contact"] + named["hotline"]
    if not shops:
        chosen += named["brand"] + named["listing"]
    return [(subject, side) for subject in dict.fromkeys(chosen or named["post"])]


def side_of(finding: Finding) -> Side:
    """Whether what a finding names acts in it or is harmed by it."""
    return "harmed" if finding.conduct in _ATTACKS | _NO_SHOP_ACTS else "acts"


def _is_hub(subject: str) -> bool:
    """A platform's own name as shop or brand: 京东自营, 淘宝."""
    kind = kind_of(subject)
    if kind not in ("shop", "brand"):
        return False
    name = subject.partition(":")[2]
    name = name.partition("/")[2] if kind == "shop" else name
    return name in PLATFORMS


def _within_stronger(
    centre: Centre, found: list[Finding], joined: dict[Centre, list[Finding]], homes: Homes
) -> bool:
    """Whether a centre of a stronger kind has all its findings, or one of its own kind has just the same."""
    own, kind = _names(found), kind_of(centre[0])
    for other in _centres(found[0], homes):  # whatever has all of them has the first
        if other not in joined or _strength(other) >= _strength(centre):
            continue
        theirs = _names(joined[other])
        if own == theirs or (own < theirs and kind_of(other[0]) != kind):
            return True
    return False


def _strength(centre: Centre) -> tuple[int, str]:
    return _ORDER.index(kind_of(centre[0])), centre[0]


def _names(findings: Iterable[Finding]) -> set[tuple[str, str]]:
    """What tells findings apart here; their ids would digest each of them anew."""
    return {(finding.detector, finding.key) for finding in findings}


def _by_account(findings: list[Finding], kept: dict[Centre, list[Finding]]) -> dict[Centre, list[Finding]]:
    """Findings that stand in no storyline and share an account with one another."""
    placed = {name for found in kept.values() for name in _names(found)}
    sharing: dict[Centre, list[Finding]] = defaultdict(list)
    for finding in findings:
        if (finding.detector, finding.key) not in placed:
            for subject in finding.subjects:
                if kind_of(subject) == "account":
                    sharing[subject, side_of(finding)].append(finding)
    found: dict[Centre, list[Finding]] = {}
    told: set[tuple[tuple[str, str], ...]] = set()
    for centre, group in sorted(sharing.items()):
        names = tuple(sorted(_names(group)))
        if _FEWEST <= len(group) <= _CROWD and names not in told:
            told.add(names)
            found[centre] = group
    return found
