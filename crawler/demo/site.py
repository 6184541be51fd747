"""Which host answers what: the market's routes, and the odd answers that each host promises."""

import re
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

from crawler.demo import clock, forum_pages, news_pages, review_pages, walls
from crawler.demo.forum import BOARDS, Forum
from crawler.demo.load_pages import LoadPages
from crawler.demo.news import articles, doorways
from crawler.demo.plan import World
from crawler.demo.saved import SavedSite
from crawler.demo.sending import HTML, accepts_gzip, conditional, dressed, moved, not_found, tagged
from crawler.demo.shop_site import ShopSite
from crawler.demo.shops import API_HOST, BY_HOST
from crawler.demo.wire import Reply, Request, plain

GBK = "text/html; charset=gbk"
_THREAD = re.compile(r"/thread-(\d+)-(\d+)-1\.html")
_BOARD = re.compile(r"/forum-(\d+)-(\d+)\.html")
_NUMBER = re.compile(r"/(?P<kind>list-|page/|a/|brand-)(?P<number>\d+)\.html")
_ROBOTS = {
    "bbs.example": "Disallow: /forum.php\nDisallow: /home.php\nDisallow: /space-\n",
    "news.example": "Disallow: /admin/\n",
    "load.example": "Disallow: /private/\nDisallow: /user/\n",
}
_SHOP_ROBOTS = "Disallow: /cart/\nDisallow: /user/\nDisallow: /private/\n"


class Site:
    """All virtual hosts. `day` may be set at any time and counts from the next request on."""

    def __init__(
        self, world: World, day: date, *, robots_delay: float | None, pages: Path | None, load_pages: int
    ) -> None:
        self.world = world
        self.day = day
        self._delay = robots_delay
        self._forum = Forum(world)
        self._shops = ShopSite(world)
        self._load = LoadPages(world.seed, load_pages)
        self._saved = SavedSite(pages)
        self._hosts: dict[str, Callable[[Request, date], Reply]] = {
            **dict.fromkeys(BY_HOST, self._shops.answer),
            API_HOST: self._api,
            "www.yunlan.example": self._www,
            "bbs.example": self._bbs,
            "news.example": self._news,
            "weixiu.example": self._weixiu,
            "limit.example": self._limit,
            "member.example": self._member,
        }
        if load_pages:
            self._hosts["load.example"] = self._load_area
        self._made = lru_cache(maxsize=1024)(self._make)

    @property
    def hosts(self) -> list[str]:
        """Every host that is answered."""
        return sorted(self._hosts) + sorted(self._saved.hosts)

    def answer(self, request: Request) -> Reply:
        """The answer to a request."""
        if request.host in self._saved.hosts:
            return self._saved.answer(request)
        if request.host == "load.example" and request.host in self._hosts:
            return self._load_area(request, self.day)
        gzip = accepts_gzip(request)
        return conditional(request, self._made(request.host, request.target, self.day, gzip))

    def _make(self, host: str, target: str, day: date, gzip: bool) -> Reply:
        handler = self._hosts.get(host)
        if handler is None:
            return plain(502, f"The demo market knows no host {host!r}; docs/demo-market.md lists the hosts.")
        request = Request("GET", host, target, {"accept-encoding": "gzip"} if gzip else {})
        if target == "/robots.txt":
            return self._robots(host)
        return handler(request, day)

    def _robots(self, host: str) -> Reply:
        rules = _ROBOTS.get(host, _SHOP_ROBOTS)
        delay = "" if self._delay is None or host == "load.example" else f"Crawl-delay: {self._delay:g}\n"
        return plain(200, f"User-agent: *\n{rules}{delay}".rstrip("\n"))

    def _www(self, request: Request, day: date) -> Reply:  # noqa: ARG002
        return moved(301, f"http://yunlan.example{request.target}")

    def _api(self, request: Request, day: date) -> Reply:
        url = urlsplit(request.target)
        query = parse_qs(url.query)
        number, page = query.get("item", [""])[0], query.get("page", ["1"])[0]
        shop = BY_HOST["manfu.example"]
        listing = self._shops.listing(shop, number)
        if url.path != "/v2/reviews" or listing is None or not page.isdecimal() or int(page) < 1:
            body = b'{"code":404,"msg":"no such item","data":null}'
            return Reply(404, (("Content-Type", "application/json; charset=utf-8"),), body)
        body = review_pages.reviews_json(self.world, listing, int(page), day).encode()
        return dressed(request, body, "application/json; charset=utf-8", day)

    # forum, newspaper, doorway

    def _bbs(self, request: Request, day: date) -> Reply:
        text, status = self._bbs_text(request.target, day)
        if text is None:
            text, status = forum_pages.gone_page(day), 404
        # Discuz! on GBK stores what GBK lacks as character references.
        body = text.encode("gbk", "xmlcharrefreplace")
        return dressed(request, body, GBK, day, status=status)

    def _bbs_text(self, target: str, day: date) -> tuple[str | None, int]:
        if target == "/":
            return forum_pages.index(self._forum, day), 200
        if (board := _BOARD.fullmatch(target)) and int(board[1]) in BOARDS:
            return forum_pages.board(self._forum, self.world, int(board[1]), int(board[2]), day), 200
        if target.startswith(("/forum.php", "/home.php", "/space-")):
            return "<html><body>robots.txt forbids this page</body></html>", 200
        thread = self._forum.threads.get(int(found[1])) if (found := _THREAD.fullmatch(target)) else None
        if found is None or thread is None or self._forum.gone(thread, day):
            return None, 404
        return forum_pages.thread_page(self._forum, self.world, thread, int(found[2]), day), 200

    def _news(self, request: Request, day: date) -> Reply:
        stories = articles(self.world.today)
        if request.target == "/":
            return dressed(request, news_pages.news_index(stories).encode(), HTML, day)
        number = _number(request.target, "a/")
        story = next((story for story in stories if story.id == number), None)
        if request.target == "/admin/":
            return plain(200, "robots.txt forbids this page.")
        if story is None:
            return not_found(request)
        body = news_pages.article_page(story).encode()
        return tagged(Reply(200, (("Content-Type", HTML),), body), clock.http_date(story.moment))

    def _weixiu(self, request: Request, day: date) -> Reply:
        pages = doorways(self.world.seed)
        if request.target == "/":
            return dressed(request, news_pages.doorway_index(pages).encode(), HTML, day)
        number = _number(request.target, "brand-")
        doorway = next((page for page in pages if page.page == number), None)
        if doorway is None:
            return not_found(request)
        filler = articles(self.world.today)[0]
        return dressed(request, news_pages.doorway_page(doorway, filler).encode(), HTML, day)

    # limits

    def _limit(self, request: Request, day: date) -> Reply:
        if request.target in ("/", "/list-1.html"):
            return dressed(request, walls.limit_list().encode(), HTML, day)
        return plain(429, "请求过于频繁，请稍后再试", ("Retry-After", "120"))

    def _member(self, request: Request, day: date) -> Reply:
        path = urlsplit(request.target).path
        if path in ("/", "/list-1.html"):
            return dressed(request, walls.member_list().encode(), HTML, day)
        if path == "/login":
            return dressed(request, walls.login().encode(), HTML, day)
        if path.startswith("/vip/"):
            return plain(403, "仅限会员访问")
        return moved(302, f"/login?back={quote(request.target, safe='')}")

    def _load_area(self, request: Request, day: date) -> Reply:  # noqa: ARG002
        if request.target == "/robots.txt":
            return self._robots("load.example")
        target = "/list-0.html" if request.target == "/" else request.target
        if (number := _number(target, "page/")) is not None:
            gzip = accepts_gzip(request)
            body = self._load.page(number, gzip)
        else:
            gzip, number = False, _number(target, "list-")
            body = self._load.list_page(number) if number is not None else None
        if body is None:
            return not_found(request)
        coding = (("Content-Encoding", "gzip"),) if gzip else ()
        return Reply(200, (("Content-Type", HTML), *coding), body)


def _number(target: str, kind: str) -> int | None:
    found = _NUMBER.fullmatch(target)
    return int(found["number"]) if found and found["kind"] == kind else None
