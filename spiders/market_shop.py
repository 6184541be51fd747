"""The shops of the demo market: cards, product pages, reviews (two markups and a JSON API), a live replay."""

import re

from parsel import Selector
from scrapy.http import TextResponse
from w3lib.url import add_or_replace_parameter

from crawler.engine.reading import Json, json_of, leftovers, only, optional, printed, select, take, text
from crawler.engine.site import Output, Page, Site
from crawler.items import Listing, Post, Review

SHOPS = (
    "yunlan.example",
    "qiaowei.example",
    "manfu.example",
    "trial.example",
    "limit.example",
    "member.example",
)
HOMES = tuple(f"http://{shop}/" for shop in SHOPS)
REVIEWS = "ol.review-list > li.review, section.comments > article.comment"
PARTS = {  # of a review, in either markup
    "author": ".nick, .user",
    "date_published": "time.when, .time",
    "variant": ".variant, .sku",
    "purchase_date": ".bought",
    "useful_count": ".useful, .likes",
}


class MarketShop(Site):
    """Demo market: four shops, and the two hosts that answer 429 and ask for a login."""

    name = "market_shop"
    domains = SHOPS
    pages = (
        Page("listing", r"^/$", "parse_home"),
        Page("listing", r"^/list-\d+\.html$", "parse_list"),
        Page("listing", r"^/item/\d+\.html$|^/go/\d+$|^/product\.php\?|^/vip/", "parse_product"),
        Page("review", r"^/item/\d+/reviews-\d+\.html$", "parse_reviews"),
        Page("review", r"^/v2/reviews\?", "parse_answer"),
        Page("post", r"^/live/\d+\.html$", "parse_live"),
    )
    start_pages = {"listing": HOMES, "review": HOMES, "post": HOMES}
    expect = {"listing": (1, 100_000), "review": (1, 1_000_000)}

    def parse_home(self, response: TextResponse) -> Output:
        """Featured cards, and every link to a page of a known sort."""
        yield from (_card(card, response) for card in select(response, "li.goods-card"))
        yield from self.follow_known(response)
        for link in select(response, 'a[href^="/cart/"]')[
            :1
        ]:  # robots.txt forbids it: the refusal is recorded
            yield self.follow(response, link, self.parse_product)

    def parse_list(self, response: TextResponse) -> Output:
        """Cards, the products behind them, and the next page."""
        yield from (_card(card, response) for card in select(response, "ul.goods-list > li.goods-card"))
        yield from self.follow_known(response)

    def parse_product(self, response: TextResponse) -> Output:
        """The product, then its reviews: a page of their own, or an answer of the API."""
        product = only(response, "#product")
        rating = optional(product, ".rating")
        yield Listing(
            identifier=product.attrib["data-id"],
            url=response.url,
            name=text(only(product, "h1.product-title")),
            brand=text(optional(product, ".product-brand b")),
            price=text(only(product, ".product-price")),
            sales=text(optional(product, ".sales")),
            review_count=text(optional(product, ".comments b")),
            rating_value=rating.attrib.get("title") if rating else None,
            best_rating="5",
            seller=text(only(response, "a.shop-name")),
        )
        api = optional(response, "#reviews[data-api]")
        if api:
            yield self.follow(response, api.attrib["data-api"], self.parse_answer)
        elif link := optional(response, "a.all-reviews"):
            yield self.follow(response, link, self.parse_reviews)

    def parse_reviews(self, response: TextResponse) -> Output:
        """Reviews with follow-ups and the shop's replies, then the next page."""
        product = re.findall(r"/item/(\d+)/", response.url)[0]
        for row in select(response, REVIEWS):
            yield from _review(row, product)
        for link in select(response, ".pager a.next")[:1]:
            yield self.follow(response, link, self.parse_reviews)

    def parse_answer(self, response: TextResponse) -> Output:
        """Reviews in one answer of the JSON API, then the next answer."""
        answer = take(json_of(response), "data", response.url)
        for record in take(answer, "list", response.url):
            yield from _record(record, str(answer["item"]), response.url)
        if int(answer["page"]) < int(answer["pages"]):
            following = str(int(answer["page"]) + 1)
            yield self.follow(
                response, add_or_replace_parameter(response.url, "page", following), self.parse_answer
            )

    def parse_live(self, response: TextResponse) -> Output:
        """The replay of a live broadcast as a Post, each comment below it as a part of that."""
        live = re.findall(r"/live/(\d+)", response.url)[0]
        title, time = only(response, ".live-title"), only(response, ".live-time")
        yield Post(identifier=live, url=response.url, headline=text(title), date_published=text(time))
        for number, row in enumerate(select(response, "ul.barrage > li"), 1):
            yield Post(
                identifier=f"{live}#{number}",
                is_part_of=live,
                position=text(only(row, ".at")),
                author=text(only(row, ".who")),
                author_identifier=row.attrib["data-uid"],
                article_body=text(only(row, ".said")),
            )


def _card(card: Selector, response: TextResponse) -> Listing:
    return Listing(
        identifier=card.attrib["data-id"],
        url=response.urljoin(only(card, "a.goods-link").attrib["href"]),
        name=text(only(card, ".goods-title")),
        price=text(only(card, ".price")),
        sales=text(optional(card, ".sales")),
        review_count=text(optional(card, ".comments")),
        seller=text(optional(card, ".shop-name")),
        promoted=bool(select(card, "i.tag-ad")),
    )


def _review(row: Selector, product: str) -> Output:
    number = row.attrib.get("data-comment-id") or row.attrib["id"].removeprefix("r-")
    account = row.attrib.get("data-user") or row.attrib["data-uid"]
    parts = {field: text(optional(row, css)) for field, css in PARTS.items()}
    region = text(optional(row, ".region, .ip"))
    stars = re.findall(r"star-(\d)", " ".join(row.css(".rating::attr(class)").getall()))
    yield Review(
        identifier=number,
        item_reviewed=product,
        review_body=text(only(row, "p.body, .text")),
        author_identifier=account,
        rating_value=stars[0] if stars else text(only(row, ".score")),
        best_rating="5",
        location=region.rpartition("：")[2] if region else None,
        image_count=len(select(row, ".shots img, .pics img")),
        **parts,  # type: ignore[arg-type]
    )
    later, reply = (
        optional(row, ".append p, .follow-up .text2"),
        optional(row, ".seller-reply p, .shop-answer"),
    )
    yield from _added(number, product, parts["author"], account, text(later), text(reply))


def _record(record: Json, product: str, url: str) -> Output:
    number, author, account = (str(take(record, name, url)) for name in ("id", "nick", "uid"))
    yield Review(
        identifier=number,
        item_reviewed=product,
        review_body=str(take(record, "content", url)),
        author=author,
        author_identifier=account,
        date_published=printed(take(record, "ctime", url)),
        rating_value=printed(take(record, "score", url)),
        best_rating="5",
        location=printed(take(record, "ip", url)),
        variant=printed(take(record, "sku", url)),
        purchase_date=printed(take(record, "orderTime", url)),
        image_count=len(take(record, "pics", url)),
        useful_count=printed(take(record, "useful", url)),
    )
    later, reply = ((take(record, name, url) or {}).get("content") for name in ("append", "reply"))
    yield from _added(number, product, author, account, printed(later), printed(reply))
    yield from leftovers(record, url)


def _added(
    review: str, product: str, author: str | None, account: str, later: str | None, reply: str | None
) -> Output:
    """What was added to a review: the buyer's follow-up (追评) as a Review, the shop's reply as a Post."""
    if later:
        yield Review(
            identifier=f"{review}#append",
            item_reviewed=product,
            review_body=later,
            author=author,
            author_identifier=account,
        )
    if reply:
        yield Post(identifier=f"{review}#reply", is_part_of=review, article_body=reply)
