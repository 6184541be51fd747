"""Saved pages of ebay."""

from crawler.items import Item, Listing
from tests.spiders.case import Case, Facts, of


def article(items: list[Item]) -> Facts:
    (listing,) = of(Listing, items)
    assert (listing.identifier, listing.brand, listing.sales) == (
        "381228738769",
        "Best Choice Products",
        "294 sold",
    )
    assert (listing.list_price, listing.rating_value, listing.review_count) == ("$899.99", "4.5", "8")
    assert listing.location == "Rancho Cucamonga, California, United States"
    return {
        "title_prefix": listing.name[
            : len("Outdoor Wicker Patio Furniture Sofa 3 Seater Luxury Comfort Brown Wick")
        ],
        "price": listing.price,
        "seller": listing.seller,
    }


CASES = (
    Case(
        callback="parse_article",
        file="ebay/listing-1.html",
        url="http://www.ebay.com/itm/381228738769",
        facts=article,
        left={"condition": "new or used: no field of an item"},
    ),
)
