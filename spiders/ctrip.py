"""Ctrip (携程): the page of a hotel with its first reviews, and hotels of a city from AjaxGetHotelTabJSON."""

import re

from parsel import Selector
from scrapy.http import TextResponse

from crawler.engine.reading import Json, fragment, json_of, of_type, only, printed, select, text
from crawler.engine.rows import JsonRows, Rows, value_of
from crawler.engine.site import Output, Page, Site
from crawler.items import Listing, Post, Review
from crawler.quoted import joined, quoted

REPLIED = "./ancestor::*[@data-cid][1]/@data-cid"


def _number(address: str) -> str | None:
    found = re.search(r"/hotel/(?:dianping/)?(\d+)", address)
    return quoted(found[1], address) if found else None


def _address(page: Selector) -> str | None:
    """City, district, street and what it is near, which stand in elements of their own."""
    return joined(" ", (text(part) for part in select(page, ".adress > span:not(.adress_icon)")))


def _level(row: Selector) -> str | None:
    """ "level_daren": a picture that names the rank of the writer; "level_new" is drawn for those without."""
    names = value_of(row, "./div[contains(@class, 'user_info')]/p[starts-with(@class, 'level_')]/@class?")
    return None if names == "level_new" else names


HOTEL = Rows(
    Listing,
    "/html",
    identifier=("link[rel=canonical]::attr(href)", _number),
    url="link[rel=canonical]::attr(href)",
    name="h2.cn_n",
    location=_address,
    price="#div_minprice .staring_price?",
    list_price="#div_minprice .hlist_item_price2_sec?",
    rating_value=".commnet_score .score?",
    review_count='.commnet_score [itemprop="reviewCount"]?',
)
REVIEWS = Rows(
    Review,
    ".comment_block",
    identifier="@data-cid",
    review_body=".J_commentDetail",
    author=".user_info .name",
    author_level=_level,
    date_published=".comment_bar .time",
    rating_value=".comment_title > .score > .n?",
    variant=".comment_title > .room?",
    purchase_date=".comment_title > .date?",
    useful_count=".comment_bar .useful > .n?",
    image_count=lambda row: len(select(row, ".comment_pic .pic")) or None,
)
REPLIES = Rows(  # where it stands is taken from public scrapers: nobody replied on the saved page
    Post,
    ".comment_block .htl_reply",
    identifier=lambda row: joined("#", (value_of(row, REPLIED), "reply")),
    is_part_of=REPLIED,
    article_body="p.text",
)
HOTELS = JsonRows(
    Listing,
    "hotel",
    identifier="hotelID",
    url="url?",
    name="hotelName",
    location=lambda row: joined(" ", map(_words, (row.get("cityCNName"), row.get("location")))),
    price=lambda row: joined("", map(_words, (row.get("currency"), row.get("minPrice")))),
    review_count="commentAmount?",
    rating_value="customEval?",
    ignore="bigPicUrl city cityCNName cityName cprFlag currency picUrl dpUrl hotelMedal medalCSS medalTitle "
    "diamondCSS diamondTitle hotelRating isShowStar location logUrl minPrice rating recommend rstar star starLisence "
    "zone zone2",
)


def _words(markup: object) -> str | None:
    """The text of a value that may be a link."""
    written = printed(markup)
    return text(only(fragment(written, ""), "body")) if written and "<" in written else written


class Ctrip(Site):
    """Hotels on Ctrip and their reviews."""

    name = "ctrip"
    domains = ("ctrip.com",)
    pages = (
        Page("review", r"^/hotel/(dianping/)?\d+\w*\.html", "parse_hotel"),
        Page("listing", r"/AjaxGetHotelTabJSON\.ashx($|\?)", "parse_hotels"),
    )
    expect = {"listing": (1, 100_000), "review": (1, 100_000)}
    access = "assisted"

    def parse_hotel(self, response: TextResponse) -> Output:
        """The hotel, the reviews that its page shows, and its replies."""
        hotel = HOTEL.item(response, best_rating="5")
        yield hotel
        yield from REVIEWS.read(response, item_reviewed=hotel.identifier, best_rating="5")
        yield from REPLIES.read(response)

    def parse_hotels(self, response: TextResponse) -> Output:
        """The hotels of one city that the home page shows."""
        answer: Json = of_type(json_of(response), dict, "the answer", response.url)
        yield from HOTELS.read(answer, response.url, best_rating="5")
