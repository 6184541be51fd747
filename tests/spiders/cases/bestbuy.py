"""Saved pages of bestbuy."""

from crawler.items import Item, Listing, Review
from tests.spiders.case import Case, Facts, of
from tests.spiders.things import amount, thing


def product(items: list[Item]) -> Facts:
    (listing,), reviews = of(Listing, items), of(Review, items)
    assert (listing.identifier, listing.brand, listing.seller) == ("4447801", "Apple", "BestBuy")
    assert (listing.review_count, listing.best_rating) == ("3267", "5")
    assert len(reviews) == 10
    assert (reviews[3].author, reviews[3].rating_value, reviews[3].date_published) == (
        "EricK",
        "1",
        "09/23/2016",
    )
    authors = [review.author for review in reviews[:3]]
    return {**thing(items), "price": amount(listing.price), "review_authors_first": authors}


CASES = (
    Case(
        callback="parse_thing",
        file="bestbuy/listing-1.html",
        url="http://www.bestbuy.com/site/apple-iphone-6s-64gb-space-gray-verizon/4447801.p?skuId=4447801",
        facts=product,
    ),
)
