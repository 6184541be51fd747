"""Saved pages of jd_reviews."""

from crawler.items import Item, Listing, Post, Review
from tests.spiders.case import Case, Facts, of


def reviews(items: list[Item]) -> Facts:
    own = [review for review in of(Review, items) if "#" not in review.identifier]
    (product,) = of(Listing, items)
    later = [review for review in of(Review, items) if review.is_part_of]
    replies = of(Post, items)
    assert (len(later), len(replies), {reply.publisher for reply in replies}) == (
        9,
        24,
        {"小熊京东自营旗舰店"},
    )
    assert (later[0].is_part_of, later[0].date_published) == ("22415629881", "2025-02-24 09:47:34")
    assert [review.author_level for review in own].count("PLUS会员") == 871
    assert sum(review.location is None for review in own) == 3
    assert (own[0].image_count, own[0].useful_count) == (2, "6")
    dates = sorted(str(review.date_published) for review in own)
    return {
        "reviews": len(own),
        "distinct_ids": len({review.identifier for review in own}),
        "first_reviewer": own[0].author,
        "first_date": own[0].date_published,
        "first_score": int(own[0].rating_value or 0),
        "first_id": int(own[0].identifier),
        "product": product.name,
        "first_location": own[0].location,
        "scores": {name: sum(review.rating_value == name for review in own) for name in "12345"},
        "oldest": dates[0],
        "newest": dates[-1],
        "last_reviewer": own[-1].author,
    }


URL = "http://club.jd.com/comment/productPageComments.action?productId=0&score=0&sortType=5&page=0"
CASES = (
    Case(
        callback="parse_reviews",
        file="jd/reviews-1.json",
        url=URL,
        facts=reviews,
        media_type="application/json",
    ),
)
