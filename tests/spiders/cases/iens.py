"""Saved pages of iens."""

from crawler.items import Item, Listing, Review
from tests.spiders.case import Case, Facts, of


def restaurant(items: list[Item]) -> Facts:
    (listing,), reviews = of(Listing, items), of(Review, items)
    first, second = reviews[:2]
    assert (listing.identifier, listing.rating_value, listing.best_rating) == ("10545", "8,4", "10")
    assert {review.item_reviewed for review in reviews} == {"10545"}
    assert (first.identifier, first.author_identifier, first.author_level) == (
        "1020467",
        "51460",
        "Meesterproever",
    )
    assert (first.rating_value, first.best_rating) == ("8", "10")
    assert first.purchase_date == "Gegeten op 8 augustus 2015"
    assert [review.rating_value for review in reviews[-3:]] == ["8", None, None]
    return {
        "restaurant": listing.name,
        "city": listing.location,
        "reviews": len(reviews),
        "first_reviewer": first.author,
        "first_date": first.date_published,
        "second_reviewer": second.author,
        "second_date": second.date_published,
    }


CASES = (
    Case(
        callback="parse_restaurant",
        file="iens/reviews-1.html",
        url="http://www.iens.nl/restaurant/10545/enschede-rhodos/recensie",
        facts=restaurant,
    ),
)
