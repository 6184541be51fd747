"""From reviews to visits: who may count as an account, which day a review has, and which places there are."""

import re
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Literal

import numpy as np

from crawler.clock import BEIJING
from crawler.detect.graph.visits import Numbers, Visits
from crawler.detect.kit.corpus import Corpus, Review
from crawler.detect.kit.subject import listing_subject

Level = Literal["listing", "shop"]
_DAYS_BEFORE = date(1970, 1, 1).toordinal()
_DATED = frozenset(("second", "minute", "hour", "day"))  # a month is no day
# pipelines/pseudonymize.py: 隐名评价人-… stands for a masked name that several people may share; never joined.
_ONE_ACCOUNT = "评价人-"
# Badges of public figures, media and the sellers' own accounts. 达人, 实名认证 and 认证购买 are worn by ordinary
# buyers and stay.
_PUBLIC = re.compile(r"官方(?:账号|号|客服|认证)|(?:机构|企业|媒体|加V)认证|明星|大V|蓝V|黄V|主播|红人")
HUB = 200  # places of one account from which it is a hub: it meets everybody, whoever these are


@dataclass(slots=True, kw_only=True)
class Gathered:
    """The visits of one site. `accounts` and `places` are in order of their numbers in `visits`."""

    site: str
    level: Level
    visits: Visits
    accounts: list[str]
    places: list[str]
    shops: list[str]  # of each place
    hubs: int  # accounts left out by rule
    public: int
    masked: int  # reviews whose masked name names nobody
    number_of: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        self.number_of = {alias: number for number, alias in enumerate(self.accounts)}


@dataclass(slots=True)
class _Site:
    """Rows of one site while they are read."""

    account: "array[int]" = field(default_factory=lambda: array("q"))
    place: "array[int]" = field(default_factory=lambda: array("q"))
    day: "array[int]" = field(default_factory=lambda: array("q"))
    accounts: dict[str, int] = field(default_factory=dict)
    places: dict[str, int] = field(default_factory=dict)
    shops: dict[str, str] = field(default_factory=dict)  # place → shop
    public: set[str] = field(default_factory=set)
    masked: int = 0


def gathered(corpus: Corpus) -> list[Gathered]:
    """The visits of every site to its products, by name. One pass over the reviews; 24 bytes a review."""
    sites: dict[str, _Site] = {}
    for review in corpus.reviews():
        site = sites.setdefault(review.site, _Site())
        alias = account_of(review)
        if alias is None:
            site.masked += review.author_alias is not None
            continue
        if _is_public(review):
            site.public.add(alias)
        day = day_of(review)
        if day is not None:
            place = place_of(corpus, review, "listing")
            site.shops.setdefault(place, corpus.shop(review))
            site.account.append(_number(site.accounts, alias))
            site.place.append(_number(site.places, place))
            site.day.append(day)
    return [_finished(name, sites[name]) for name in sorted(sites)]


def by_shop(products: Gathered) -> Gathered:
    """The same visits with the shops as places."""
    shops = sorted(set(products.shops))
    number = {shop: place for place, shop in enumerate(shops)}
    shop_of = np.array([number[shop] for shop in products.shops], dtype=np.int64)
    visits = products.visits
    merged = Visits.of(visits.account, shop_of[visits.place], visits.day) if len(visits) else visits
    return replace(products, level="shop", visits=merged, places=shops, shops=shops)


def reviews_of(corpus: Corpus, wanted: Mapping[str, set[str]]) -> dict[str, list[Review]]:
    """The dated reviews of some accounts of each site (site → aliases); no pass where nobody is wanted."""
    found: dict[str, list[Review]] = {site: [] for site in wanted}
    if any(wanted.values()):
        for review in corpus.reviews():
            if account_of(review) in wanted.get(review.site, ()) and day_of(review) is not None:
                found[review.site].append(review)
    return found


def account_of(review: Review) -> str | None:
    """The alias where it stands for one account; None for masked and nameless authors and for follow-ups."""
    alias = review.author_alias
    return alias if alias and alias.startswith(_ONE_ACCOUNT) and not review.is_part_of else None


def place_of(corpus: Corpus, review: Review, level: Level) -> str:
    """The product or the shop of a review, as a subject."""
    if level == "shop":
        return corpus.shop(review)
    return listing_subject(review.domain, review.item_reviewed or review.url)


def day_of(review: Review) -> int | None:
    """Its day in 北京时间, counted from 1970-01-01; None where no day is shown."""
    if not review.published_at or review.published_precision not in _DATED:
        return None
    local = datetime.fromisoformat(review.published_at).astimezone(BEIJING)
    return local.date().toordinal() - _DAYS_BEFORE


def date_of(day: int) -> date:
    """What `day_of` counted."""
    return date(1970, 1, 1) + timedelta(days=day)


def _finished(name: str, site: _Site) -> Gathered:
    """Numbers do not follow the order of rows but the names, and hubs and public figures are out."""
    accounts, places = sorted(site.accounts), sorted(site.places)
    new_account = _renumbered(site.accounts, accounts)
    new_place = _renumbered(site.places, places)
    visits = Visits.of(
        new_account[np.array(site.account, int)], new_place[np.array(site.place, int)], site.day
    )
    counts = np.bincount(visits.account, minlength=len(accounts))
    public = np.array([alias in site.public for alias in accounts], dtype=bool)
    hub = (counts > HUB) & ~public
    kept = visits.kept(~(hub | public)[visits.account]) if len(accounts) else visits
    return Gathered(
        site=name, level="listing", visits=kept, accounts=accounts, places=places,
        shops=[site.shops[place] for place in places],
        hubs=int(hub.sum()), public=int(public.sum()), masked=site.masked,
    )  # fmt: skip


def _renumbered(old: dict[str, int], ordered: list[str]) -> Numbers:
    """Old number → place in `ordered`."""
    new = np.zeros(len(ordered), dtype=np.int64)
    for number, name in enumerate(ordered):
        new[old[name]] = number
    return new


def _number(known: dict[str, int], name: str) -> int:
    return known.setdefault(name, len(known))


def _is_public(review: Review) -> bool:
    return bool(_PUBLIC.search(f"{review.badges or ''} {review.author_level or ''}"))
