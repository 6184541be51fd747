"""Saved pages of amazon."""

from crawler.items import Item, Listing, Review
from tests.spiders.case import Case, Facts, of


def stars(review: Review) -> int:
    return int(str(review.rating_value).partition(".")[0])


def product(items: list[Item]) -> Facts:
    (listing,), reviews = of(Listing, items), of(Review, items)
    first, second, *_ = reviews
    assert (listing.identifier, listing.price, listing.seller) == ("1937785734", "$15.98", "Amazon.com")
    assert (len(reviews), reviews[-1].author) == (8, "Gregory Lafrance")
    assert {review.item_reviewed for review in reviews} == {listing.identifier}
    assert (first.author_identifier, first.variant, first.useful_count) == (
        "A2RCN0Z0ACO4SA",
        "Kindle Edition",
        "37",
    )
    return {
        "title": listing.name,
        "rating": listing.rating_value,
        "review_count": int(str(listing.review_count).split()[0]),
        "first_reviewer": first.author,
        "first_review_title": first.headline,
        "first_stars": stars(first),
        "first_date": first.date_published,
        "second_reviewer": second.author,
        "second_stars": stars(second),
    }


def reviewed(items: list[Item]) -> Facts:
    (listing,), reviews = of(Listing, items), of(Review, items)
    listed, (positive, critical) = [r for r in reviews if not r.query], [r for r in reviews if r.query]
    assert (positive.query, critical.query) == ("Top positive review", "Top critical review")
    assert (positive.author, positive.useful_count, stars(critical)) == ("Jason Wirth", "97", 2)
    assert str(critical.review_body).startswith("I think this book is genuinely")
    assert [review.badges for review in listed].count("Verified Purchase") == 9
    assert (listed[-1].author, stars(listed[-1]), listed[-1].variant) == ("Lexa", 2, "Paperback")
    return {
        "product": listing.name.partition(":")[0],
        "rating": str(listing.rating_value).split()[0],
        "total": int(listing.review_count or 0),
        "reviews": len(listed),
        "top_positive_title": positive.headline,
        "top_critical_title": str(critical.headline).removesuffix(" reference"),  # the index's is shorter
        "first_list_reviewer": listed[0].author,
        "second_list_reviewer": listed[1].author,
    }


CASES = (
    Case(
        callback="parse_product",
        file="amazon/listing-1.html",
        url="https://www.amazon.com/Node-js-Right-Way-Server-Side-JavaScript/dp/1937785734",
        facts=product,
    ),
    Case(
        callback="parse_reviews",
        file="amazon/reviews-1.html",
        url="http://www.amazon.com/Python-Data-Analysis-Wes-McKinney/product-reviews/1449319793/",
        facts=reviewed,
    ),
)
