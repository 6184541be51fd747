"""The routes of the shops' hosts."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from urllib.parse import parse_qs, quote, urlsplit

from crawler.demo import review_pages, shop_pages, walls
from crawler.demo.plan import World
from crawler.demo.sending import HTML, dressed, moved, not_found
from crawler.demo.shops import BY_HOST, Listing, Shop
from crawler.demo.wire import Reply, Request, plain

# The last group that matched names the route.
_PATHS = re.compile(
    r"/(?:(?P<home>)|list-(?P<list>\d+)\.html|item/(?P<item>\d+)\.html"
    r"|item/(?P<reviewed>\d+)/reviews-(?P<reviews>\d+)\.html|go/(?P<go>\d+)|shot/(?P<shot>\d+)\.svg"
    r"|(?P<license>license\.html)|(?P<live>live/930001\.html)|(?P<verify>verify)|(?P<old>product\.php)"
    r"|(?P<forbidden>(?:cart|user|private)/.*))"
)
Page = Reply | str | None  # a whole reply, the text of a page, or None for 404


@dataclass(frozen=True, slots=True)
class Visit:
    """A request to a shop with the parts of its path."""

    shop: Shop
    request: Request
    day: date
    part: dict[str, str | None]
    query: str

    def number(self, name: str) -> int:
        """A number in the path; 0 where it is absent."""
        return int(self.part[name] or 0)


class ShopSite:
    """Answers for the four shops."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._routes: dict[str, Callable[[Visit], Page]] = {
            "home": lambda visit: shop_pages.home(world, visit.shop, visit.day),
            "list": lambda visit: shop_pages.listing_page(world, visit.shop, visit.number("list"), visit.day),
            "item": self._product,
            "reviews": self._product,
            "go": lambda visit: moved(301, f"http://{visit.shop.host}/product.php?id={visit.number('go')}"),
            "old": self._old,
            "shot": lambda visit: _picture(visit.number("shot")),
            "license": lambda visit: shop_pages.license_page(visit.shop, visit.day),
            "live": lambda visit: (
                shop_pages.live_page(world, visit.shop, visit.day) if visit.shop.markup == "C" else None
            ),
            "verify": lambda visit: _wall(visit.shop),
            "forbidden": _forbidden,
        }

    def answer(self, request: Request, day: date) -> Reply:
        """The answer of a shop on a day."""
        url = urlsplit(request.target)
        match = _PATHS.fullmatch(url.path)
        if match is None or match.lastgroup is None:
            return not_found(request)
        visit = Visit(BY_HOST[request.host], request, day, match.groupdict(), url.query)
        page = self._routes[match.lastgroup](visit)
        if page is None:
            return not_found(request)
        return (
            page
            if isinstance(page, Reply)
            else dressed(request, page.encode(), HTML, day, cookies=url.path == "/")
        )

    def listing(self, shop: Shop, number: str) -> Listing | None:
        """A listing of this shop by its printed id."""
        listing = self._world.listings.get(int(number)) if number.isdecimal() else None
        return listing if listing is not None and listing.shop is shop else None

    def _product(self, visit: Visit) -> Page:
        """A product or review page, or what stands in its place on this day."""
        listing = self.listing(visit.shop, visit.part["item"] or visit.part["reviewed"] or "")
        if listing is None:
            return None
        status = self._world.status(listing.id, visit.day)
        if status != "page":
            return _odd(status, visit, listing)
        if visit.part["item"]:
            return shop_pages.product(self._world, listing, visit.day)
        if visit.shop.markup == "C":
            return None
        return review_pages.reviews_page(self._world, listing, visit.number("reviews"), visit.day)

    def _live(self, visit: Visit) -> Page:
        return shop_pages.live_page(self._world, visit.shop, visit.day) if visit.shop.markup == "C" else None

    def _old(self, visit: Visit) -> Page:
        """The address of an earlier shop system."""
        number = parse_qs(visit.query).get("id", [""])[0]
        return moved(302, f"/item/{number}.html") if self.listing(visit.shop, number) else None


def _odd(status: str, visit: Visit, listing: Listing) -> Reply:
    if status == "wall_page":
        return _wall(visit.shop)
    if status == "wall_redirect":
        back = quote(f"/item/{listing.id}.html", safe="")
        return moved(302, f"http://{visit.shop.host}/verify?back={back}")
    body = shop_pages.gone(visit.shop, visit.day).encode()
    return Reply(404 if status == "gone_404" else 410, (("Content-Type", HTML),), body)


def _wall(shop: Shop) -> Reply:
    """The verification wall: status 200, and nothing of what was asked for."""
    headers = (("Content-Type", HTML), ("Cache-Control", "no-store"))
    return Reply(200, headers, walls.verification(shop.name).encode())


def _picture(number: int) -> Reply:
    return Reply(200, (("Content-Type", "image/svg+xml"),), shop_pages.shot(number).encode())


def _forbidden(visit: Visit) -> Reply:
    return plain(
        200, f"robots.txt forbids {visit.request.target}: a crawler that reads this did not obey it."
    )
