"""Saved pages of tmall: a product's page in GBK, as a browser showed it."""

from crawler.items import Item, Listing, Review
from tests.spiders.case import Case, Facts, of


def product(items: list[Item]) -> Facts:
    (found,) = of(Listing, items)
    assert (found.identifier, found.brand) == ("605258110430", "Apple/苹果")
    assert (found.sales, found.list_price) == (None, None)  # both are hidden and empty
    return {
        "title": found.name,
        "price": found.price,
        "shop": found.seller,
        "review_count": found.review_count,
        "reviews": len(of(Review, items)),
    }


CASES = (
    Case(
        callback="parse_item",
        file="tmall/listing-1.html",
        url="https://detail.tmall.com/item.htm?id=605258110430",
        facts=product,
        media_type="text/html; charset=gbk",
    ),
)
