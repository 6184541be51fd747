"""Saved pages of tripadvisor."""

from crawler.items import Item, Listing, Review
from tests.spiders.case import Case, Facts, of


def place(items: list[Item]) -> Facts:
    (listing,), reviews = of(Listing, items), of(Review, items)
    first, _, third, last = reviews
    assert (listing.identifier, listing.rating_value, listing.best_rating) == ("d1531839", "4.5", "5")
    assert {review.item_reviewed for review in reviews} == {"d1531839"}
    assert (first.author_identifier, first.useful_count) == ("686D3331C671D65DC578CD147CF323DA", "3")
    assert str(first.url).startswith(("https://www.tripadvisor.ru/Show", "http://www.tripadvisor.ru/Show"))
    assert (last.author, last.rating_value, last.location) == ("Наталья Ж", "3", "Санкт-Петербург, Россия")
    return {
        "restaurant": listing.name,
        "total": int(str(listing.review_count).split()[0]),
        "reviews_with_text": sum(bool(review.review_body) for review in reviews),
        "first_reviewer": first.author,
        "first_title": first.headline,
        "first_date": first.date_published,
        "first_stars": int(first.rating_value or 0),
        "third_reviewer": third.author,
        "third_stars": int(third.rating_value or 0),
    }


def sights(items: list[Item]) -> Facts:
    first, second, third, *_, last = listings = of(Listing, items)
    kinds = [sight for sight in listings if sight.rating_value is None]
    assert [kind.name for kind in kinds][:2] == ["Walking Tours (28)", "Sightseeing Tours (48)"]
    assert (len(kinds), kinds[0].identifier) == (5, "c42-t183")
    assert (first.identifier, first.rating_value, last.name) == ("d5031404", "4.5", "Aga Khan Museum")
    return {
        "title": first.query,
        "named_items": len(listings),
        "first": first.name,
        "first_reviews": first.review_count,
        "second": second.name,
        "third": third.name,
    }


CASES = (
    Case(
        callback="parse_place",
        file="tripadvisor/reviews-1.html",
        url="https://www.tripadvisor.ru/Restaurant_Review-g188590-d1531839-Reviews-Le_Restaurant-Amsterdam_"
        "North_Holland_Province.html",
        facts=place,
        odd=1,  # six reviews in other languages, of which the page has the number alone
    ),
    Case(
        callback="parse_sights",
        file="tripadvisor/search-1.html",
        url="https://www.tripadvisor.com/Attractions-g155019-Activities-Toronto_Ontario.html",
        facts=sights,
    ),
)
