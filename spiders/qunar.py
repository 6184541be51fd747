"""Qunar (去哪儿): hotels that a search finds, and the reviews of one, from the JSON of touch.qunar.com.

An answer with reviews names its hotel in words only; its number stands in the address, as ``seq``. A score of 0.0
stands where nobody has rated.
"""

from scrapy.http import TextResponse
from w3lib.url import url_query_parameter

from crawler.engine.reading import Json, Oddity, json_of, of_type, printed
from crawler.engine.rows import JsonRows, search
from crawler.engine.site import Output, Page, Site
from crawler.items import Listing, Review


def _rated(score: str) -> str | None:
    return score if score.strip("0.") else None


def _count(row: Json) -> int | None:
    pictures = row.get("imgs")
    return len(pictures) if isinstance(pictures, list) and pictures else None


HOTELS = JsonRows(
    Listing,
    "hotels",
    identifier="id",
    name="attrs.hotelName",
    location="attrs.hotelAddress || cityName?",
    price="price?",
    list_price="lmOldPrice?",
    review_count="attrs.CommentCount?",
    rating_value=("attrs.CommentScore?", _rated),
    ignore="cityName services isLM mobilePrice showAddr lmEcPrice distance hour mobileRoomStatus tagList",
)
HOTEL = JsonRows(
    Listing,
    "[@]",
    identifier="hotelName",
    name="hotelName",
    review_count="allTotal?",
    rating_value=("score?", _rated),
    ignore="tagList total goodTotal mediumTotal badTotal comments",
)
REVIEWS = JsonRows(
    Review,
    "comments",
    identifier="commentId",
    headline="title?",
    review_body="content",
    author="author?",
    date_published="date?",
    rating_value="score?",
    useful_count="numOfUseful?",
    image_count=_count,
    ignore="imgs replyNum clickUsefulStatus",
)


class Qunar(Site):
    """Hotels on Qunar and their reviews."""

    name = "qunar"
    domains = ("qunar.com",)
    pages = (
        Page("review", r"^/(\w+/)*hotel/(hotel)?(detail/)?comment(list)?($|[/?])", "parse_reviews"),
        Page("listing", r"^/(\w+/)*hotel/hotellist($|[/?])", "parse_hotels"),
    )
    expect = {"listing": (1, 100_000), "review": (1, 100_000)}
    access = "assisted"

    def parse_hotels(self, response: TextResponse) -> Output:
        """The hotels that a search finds."""
        answer = of_type(json_of(response), dict, "the answer", response.url)
        found = of_type(answer.get("data"), dict, _named("data", answer), response.url)
        yield from HOTELS.read(
            found,
            response.url,
            best_rating="5",
            query=printed(search(answer, "req.city")),
            page_count=printed(found.get("totalPage")),
        )
        if not found.get("hotels"):
            yield Oddity(f"no hotels on {response.url}; look at the capture: was nothing found?", lost=False)

    def parse_reviews(self, response: TextResponse) -> Output:
        """The hotel and one answer with its reviews."""
        url, answer = response.url, of_type(json_of(response), dict, "the answer", response.url)
        found = of_type(search(answer, "data.commentData"), dict, _named("data.commentData", answer), url)
        given = url_query_parameter(url, "seq")
        number = given or printed(found.get("hotelName"))
        yield from HOTEL.read(found, url, best_rating="5", **({"identifier": given} if given else {}))
        yield from REVIEWS.read(found, url, best_rating="5", item_reviewed=number)


def _named(member: str, answer: Json) -> str:
    """A member, with what the answer says in its place."""
    return f"{member} (errcode {str(answer.get('errcode'))[:20]}, {str(answer.get('msg'))[:100]})"
