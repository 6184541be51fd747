"""Saved pages of madamecuisine."""

from tests.spiders.case import Case
from tests.spiders.things import thing

CASES = (
    Case(
        callback="parse_thing",
        file="jsonld/reviews-3.html",
        url="http://www.madamecuisine.de/shakshuka-schakschuka/",
        facts=thing,
        left={
            "rating_count": "a Listing has one count, that of reviews (13); most who gave stars wrote nothing"
        },
    ),
)
