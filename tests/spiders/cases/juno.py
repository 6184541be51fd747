"""Saved pages of juno."""

from crawler.items import Item, Listing, Review
from tests.spiders.case import Case, Facts, of
from tests.spiders.things import thing


def product(items: list[Item]) -> Facts:
    (listing,), (review,) = of(Listing, items), of(Review, items)
    assert (listing.identifier, listing.brand) == ("492398-01", "UDG")
    unsigned = review.review_body and (review.author, review.date_published) == (None, None)
    return {**thing(items), "review_is": "editorial text, no author" if unsigned else "signed"}


CASES = (
    Case(
        callback="parse_thing",
        file="juno/listing-1.html",
        url="http://www.juno.co.uk/products/udg-creator-adjustable-aluminium-laptop-controller-stand/492398-01/",
        facts=product,
    ),
)
