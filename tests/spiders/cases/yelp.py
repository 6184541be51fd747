"""Saved pages of yelp."""

from crawler.items import Item, Listing, Review
from tests.spiders.case import Case, Facts, of
from tests.spiders.things import thing

OWNER = "Boba G."  # below two photographs, and in a box of the owner's


def business(items: list[Item]) -> Facts:
    (listing,), reviews = of(Listing, items), of(Review, items)
    facts = thing(items)
    assert OWNER not in {review.author for review in reviews}
    replaced = [review for review in reviews if review.is_part_of]
    assert [review.date_published for review in replaced] == ["4/16/2014", "1/22/2014"]
    assert len({review.author_identifier for review in reviews}) == 20
    return {
        **facts,
        "business": listing.name,
        "total": facts["review_count"],
        "first_stars": facts["first_rating"],
        "note_owner_name_in_list": OWNER,
    }


CASES = (
    Case(
        callback="parse_business",
        file="yelp/reviews-1.html",
        url="https://www.yelp.com/biz/boba-guys-san-francisco-4",
        facts=business,
    ),
)
