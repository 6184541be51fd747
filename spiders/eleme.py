"""Ele.me (饿了么): shops near a place, and the reviews of one shop, from the JSON of www.ele.me/restapi.

An answer with reviews names its shop only in its address. The dishes ordered are printed as the option bought. What
somebody wrote about a single dish is a review of its own, part of the review of the order.
"""

import re
from collections.abc import Iterator
from typing import Any

from scrapy.http import TextResponse

from crawler.engine.reading import Json, Oddity, json_of, of_type
from crawler.engine.rows import JsonRows, search
from crawler.engine.site import Output, Page, Site
from crawler.items import Listing, Post, Review
from crawler.quoted import joined


def _dishes(row: Json) -> str | None:
    names = search(row, "food_ratings[].rate_name") or ()
    return joined("、", (name for name in names if isinstance(name, str)))


def _pictures(row: Json) -> int | None:
    return len(search(row, "food_ratings[?image_hash].image_hash") or ()) or None


def _of_order(own: str) -> Any:
    """A rule: the number of the order, and of what belongs to it."""

    def read(row: Json) -> str | None:
        parts = search(row, "review.order_id"), search(row, own) or own
        return joined("#", (part for part in parts if isinstance(part, str)))

    return read


SHOPS = JsonRows(
    Listing,
    "shops",
    identifier="id",
    url=("id", lambda number: f"https://www.ele.me/shop/{number}"),
    name="name",
    brand="folding_restaurant_brand?",
    location="address?",
    sales="recent_order_num?",
    review_count="rating_count?",
    rating_value="rating?",
    promoted="recommend.is_ad?",
    ignore="activities authentic_id bidding business_info delivery_mode description distance favored flavors "
    "float_delivery_fee float_minimum_order_amount folding_restaurants has_story image_path is_new is_premium "
    "is_stock_empty is_valid latitude longitude max_applied_quantity_per_order next_business_time only_use_poi "
    "opening_hours order_lead_time phone piecewise_agent_fee platform posters promotion_info recommend_reasons "
    "regular_customer_count scheme status support_tags supports theme type",
)
REVIEWS = JsonRows(
    Review,
    "reviews",
    identifier="order_id",
    review_body="rating_text?",
    author="username?",
    date_published="rated_at",
    rating_value="rating",
    variant=_dishes,
    image_count=_pictures,
    ignore="avatar food_ratings highlights_v2 is_super_vip is_taobao_vip reply tags time_spent_desc",
)
DISHES = JsonRows(
    Review,
    "parts",
    identifier=_of_order("part.food_id"),
    is_part_of="review.order_id",
    item_reviewed="part.rate_name",
    review_body="part.rating_text",
    author="review.username?",
    date_published="review.rated_at",
    rating_value="part.rating?",
)
REPLIES = JsonRows(
    Post,
    "parts",
    identifier=_of_order("reply"),
    is_part_of="review.order_id",
    article_body="part.content",
    date_published="part.created_at?",
)


class Eleme(Site):
    """Shops on Ele.me, their reviews and what they replied."""

    name = "eleme"
    domains = ("ele.me",)
    pages = (
        Page("review", r"^/restapi/ugc/v\d+/restaurants/\w+/ratings($|\?)", "parse_reviews"),
        Page("listing", r"^/restapi/shopping/v\d+/restaurants($|\?)", "parse_shops"),
    )
    expect = {"listing": (1, 10_000), "review": (1, 100_000)}
    access = "assisted"

    def parse_shops(self, response: TextResponse) -> Output:
        """The shops near a place; those that paid for their row are marked."""
        answer = of_type(json_of(response), dict, "the answer", response.url)
        cards = of_type(answer.get("items"), list, "items", response.url)
        shops = [card.get("restaurant") if isinstance(card, dict) else card for card in cards]
        yield from SHOPS.read({"shops": shops}, response.url, best_rating="5")
        if not shops:
            yield Oddity(f"no shops on {response.url}; look at the capture: was a place chosen?", lost=False)

    def parse_reviews(self, response: TextResponse) -> Output:
        """One answer with reviews, each with what is said of its dishes, and the shop's replies."""
        url = response.url
        rows = of_type(json_of(response), list, "the answer", url)
        shop = re.search(r"/restaurants/(\w+)/ratings", url)
        given = {"item_reviewed": shop[1] if shop else None, "best_rating": "5"}
        yield from REVIEWS.read({"reviews": rows}, url, **given)
        if not rows:
            yield Oddity(f"no reviews on {url}; look at the capture: has the shop none?", lost=False)
        known = [row for row in rows if isinstance(row, dict)]  # whatever else there is, the table reports
        yield from DISHES.read({"parts": list(_parts(known, "food_ratings[?rating_text]"))}, url)
        yield from REPLIES.read({"parts": list(_parts(known, "[reply][?@]"))}, url)


def _parts(reviews: list[Json], query: str) -> Iterator[Json]:
    """What belongs to each review, with it."""
    for review in reviews:
        yield from ({"review": review, "part": part} for part in search(review, query) or ())
