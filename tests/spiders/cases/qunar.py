"""Saved pages of qunar."""

from crawler.items import Item, Listing, Review
from tests.spiders.case import Case, Facts, literal, of

HOTEL = "beijing_city_4711"


def hotels(items: list[Item]) -> Facts:
    found = of(Listing, items)
    first = found[0]
    assert (first.identifier, first.location) == ("beijing_city_24992", "北京市海淀区小南庄400号")
    assert (first.query, first.page_count) == ("北京", "67")
    assert [hotel.rating_value for hotel in found].count(None) == 2  # "0.0": nobody has rated
    assert (found[-1].identifier, found[-1].price) == ("beijing_city_34618", "169")
    return {
        "hotels": len(found),
        "first_hotel": first.name,
        "first_price": int(first.price or 0),
        "first_score": first.rating_value,
        "first_comment_count": first.review_count,
    }


def reviews(items: list[Item]) -> Facts:
    (hotel,), found = of(Listing, items), of(Review, items)
    first, second = found[:2]
    assert hotel.identifier == HOTEL
    assert {review.item_reviewed for review in found} == {HOTEL}
    assert (first.image_count, first.useful_count, first.headline) == (15, "24", "最满意的一家7天了，全五分")
    assert (found[-1].identifier, found[-1].date_published) == ("92353321", "2015-11-20")
    assert (found[3].rating_value, found[10].image_count) == ("3", None)
    return {
        "hotel": hotel.name,
        "total": int(hotel.review_count or 0),
        "score": hotel.rating_value,
        "reviews": len(found),
        "first_reviewer": first.author,
        "first_date": first.date_published,
        "second_reviewer": second.author,
        "second_date": second.date_published,
    }


CASES = (
    Case(
        callback="parse_reviews",
        file="qunar/reviews-1.js",
        url=f"https://touch.qunar.com/api/hotel/hoteldetail/comment?seq={HOTEL}&page=1",
        facts=reviews,
        media_type="application/json",
        content=literal,
    ),
    Case(
        callback="parse_hotels",
        file="qunar/search-1.js",
        url="https://touch.qunar.com/api/hotel/hotellist?city=%E5%8C%97%E4%BA%AC&page=1",
        facts=hotels,
        media_type="application/json",
        content=literal,
    ),
)
