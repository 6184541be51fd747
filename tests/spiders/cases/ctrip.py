"""Saved pages of ctrip."""

from crawler.items import Item, Listing, Review
from tests.spiders.case import Case, Facts, of

ADDRESS = "福州 晋安区 茶会路18号"


def hotel(items: list[Item]) -> Facts:
    (listing,), reviews = of(Listing, items), of(Review, items)
    first, second = reviews[:2]
    assert (listing.identifier, listing.review_count) == ("1782542", "1435位住客点评")
    assert (listing.price, listing.list_price, listing.rating_value) == ("¥300.16起", "¥305.76起", "4.4")
    assert {review.item_reviewed for review in reviews} == {"1782542"}
    assert (first.variant, first.purchase_date, first.image_count) == ("舒适大床房", "2018年06月入住", 9)
    assert (first.author_level, reviews[-1].author_level) == (None, "level_daren")
    assert (reviews[-1].identifier, reviews[-1].useful_count) == ("184417480", "(0)")
    return {
        "hotel": listing.name,
        "address_prefix": (listing.location or "")[: len(ADDRESS)],
        "reviews": len(reviews),
        "first_reviewer": first.author,
        "first_date": (first.date_published or "").removeprefix("发表于"),
        "first_score": first.rating_value,
        "second_reviewer": second.author,
        "second_date": (second.date_published or "").removeprefix("发表于"),
        "second_score": second.rating_value,
    }


def hotels(items: list[Item]) -> Facts:
    found = of(Listing, items)
    first, second = found[:2]
    assert (first.location, first.price) == ("北京 丰台区", "RMB398")
    assert first.url == "http://hotels.ctrip.com/hotel/19486.html"
    return {
        "hotels": len(found),
        "first_hotel": first.name,
        "first_hotel_id": int(first.identifier),
        "first_comment_amount": int(first.review_count or 0),
        "first_score": first.rating_value,
        "first_min_price": (first.price or "").removeprefix("RMB"),
        "second_hotel": second.name,
        "second_comment_amount": int(second.review_count or 0),
    }


CASES = (
    Case(
        callback="parse_hotel",
        file="ctrip/listing-2.html",
        url="http://hotels.ctrip.com/hotel/1782542.html",
        facts=hotel,
    ),
    Case(
        callback="parse_hotels",
        file="ctrip/search-2.json",
        url="http://hotels.ctrip.com/Domestic/Tool/AjaxGetHotelTabJSON.ashx?cityid=1",
        facts=hotels,
        media_type="application/json",
    ),
)
