"""Dianping (大众点评): the page of a shop and the list of all its reviews.

Dianping hides single characters: elements that are empty and get a picture (``<svgmtsi class="…">`` with CSS and SVG,
2021) or that hold a code point of the page's own font (``<d class="num">``, 2019). They are never decoded. Each such
character is printed as U+25A1 (□), `obfuscated` names the fields in which one stands, and the picture of the page
shows what was there. Stars are printed as their class ("sml-str30": 3 of 5), which some reviews do not have.
"""

import re
from collections.abc import Callable

from parsel import Selector
from scrapy.http import TextResponse

from crawler.engine.reading import Oddity, fragment, of_type, only, own_text, select
from crawler.engine.rows import Rows, value_of
from crawler.engine.site import Output, Page, Site
from crawler.items import Listing, Post, Review
from crawler.quoted import joined, quoted

MARK = "□"
GLYPHS = ("d", "e", "bb", "cc", "svgmtsi")
LAST_PAGE = '(//*[@class="reviews-pages"]/*[@class="PageLink" or @class="PageSel"])[last()]?'
FOLDS = ".less-words, .more-words"  # "收起评价"
BODY = ".J-info-all > .desc, .content > .desc"  # long ones stand there twice, shortened and in full


def shown(response: TextResponse) -> Selector:
    """The page, with a mark for every hidden character and without the buttons within reviews."""
    page = fragment(response.text, response.url)
    for glyph in select(page, " | ".join(f"//{name}[@class]" for name in GLYPHS)):
        glyph.root.text = MARK * len((glyph.root.text or "").strip()) or MARK
    for fold in select(page, FOLDS):
        fold.root.clear(keep_tail=True)
    return page


def hidden(**queries: str) -> Callable[[Selector], str | None]:
    """What names the fields of a row in whose element a character is hidden."""
    glyphs = {
        name: ", ".join(f"{part} {glyph}" for part in query.split(", ") for glyph in GLYPHS)
        for name, query in queries.items()
    }
    return lambda row: ", ".join(name for name, query in glyphs.items() if select(row, query)) or None


def stars(names: str) -> str | None:
    """ "sml-str30" of all class names of an element."""
    return next((name for name in names.split() if re.fullmatch(r"(sml|mid)-str\d+", name)), None)


def numbered(address: str) -> str | None:
    """The name of a shop, of a member or of a picture in an address."""
    found = re.search(r"/(?:shop|member)/(\w+)|(lv\d+)\.png", address)
    return quoted(found[1] or found[2], address) if found else None


def published(times: str) -> str:
    """When a review was written, without when it was changed."""
    return times.partition("更新于")[0].strip()


def likes(praise: str) -> str | None:
    """ "(1)" of "赞 (1)"."""
    return praise.removeprefix("赞").strip() or None


def place(page: Selector) -> str | None:
    """City and address."""
    return joined(" ", (value_of(page, ".J-city > span:not([class])?"), value_of(page, "#address?")))


SHOP = Rows(
    Listing,
    "/html",
    identifier=("link[rel=canonical]::attr(href)", numbered),
    url="link[rel=canonical]::attr(href)",
    name=lambda page: own_text(only(page, "h1.shop-name")),
    location=place,
    price="#avgPriceTitle?",
    rating_value=(".brief-info .mid-rank-stars::attr(class)?", stars),
    review_count="#defaultcomment-wrapper .sub-title?",
    obfuscated=hidden(location="#address", price="#avgPriceTitle"),
)
SHOWN = Rows(
    Review,
    "#reviewlist-wrapper > li.comment-item",
    identifier="@data-id",
    review_body=BODY,
    author=".user-info .name",
    author_identifier="a.avatar::attr(data-user-id)?",
    author_level=("img.user-rank-rst::attr(src)?", numbered),
    date_published=(".misc-info .time", published),
    rating_value=(".sml-rank-stars::attr(class)?", stars),
    useful_count=(".J-praise?", likes),
    image_count=lambda row: len(select(row, ".photos a.item")) or None,
    obfuscated=hidden(review_body=BODY),
)
REPLY = Rows(
    Post,
    ".comment-follows",
    identifier=lambda row: joined("#", (value_of(row, "./ancestor::li[1]/@data-id"), "reply")),
    is_part_of="./ancestor::li[1]/@data-id",
    article_body=".desc",
    date_published=".date?",
    obfuscated=hidden(article_body=".desc"),
)
REVIEWED = Rows(
    Listing,
    "/html",
    identifier=(".review-list-header a::attr(href)", numbered),
    name=".review-list-header a",
    location=(".address-info?", lambda line: line.removeprefix("地址:").strip()),
    price=".rank-info .price?",
    review_count=".rank-info .reviews?",
    obfuscated=hidden(location=".address-info", price=".rank-info .price"),
)
REVIEWS = Rows(
    Review,
    ".main-review",
    identifier=".actions a.report::attr(data-id)",
    review_body=".review-words",
    author=".dper-info .name",
    author_identifier=(".dper-info a.name::attr(href)?", numbered),
    date_published=(".misc-info .time", published),
    rating_value=(".review-rank .sml-rank-stars::attr(class)?", stars),
    useful_count=".actions a.praise + em?",
    image_count=lambda row: len(select(row, ".review-pictures .item")) or None,
    obfuscated=hidden(review_body=".review-words"),
)


class Dianping(Site):
    """Shops on Dianping and their reviews; what the site hides is marked, not decoded."""

    name = "dianping"
    domains = ("dianping.com",)
    pages = (
        Page("review", r"^/shop/\w+/review_all(/p\d+)?/?($|\?)", "parse_reviews"),
        Page("listing", r"^/shop/\w+/?($|\?)", "parse_shop"),
    )
    expect = {"listing": (1, 100_000), "review": (1, 1_000_000)}
    access = "assisted"

    def parse_shop(self, response: TextResponse) -> Output:
        """The shop, the reviews that its page shows, and what it replied to them."""
        page = shown(response)
        shop = of_type(SHOP.item(page), Listing, "the shop", response.url)
        yield shop
        yield from SHOWN.read(page, item_reviewed=shop.identifier)
        yield from REPLY.read(page, publisher=shop.name)

    def parse_reviews(self, response: TextResponse) -> Output:
        """The shop and one page of its reviews."""
        page = shown(response)
        shop = REVIEWED.item(page)
        yield shop
        title = (value_of(page, "/html/head/title?") or "").partition(" - ")[0]
        if not select(page, ".main-review"):
            yield Oddity(f"no reviews on {response.url}; look at the capture: has the shop none?", lost=False)
        yield from REVIEWS.read(
            page, item_reviewed=shop.identifier, query=title or None, page_count=value_of(page, LAST_PAGE)
        )
