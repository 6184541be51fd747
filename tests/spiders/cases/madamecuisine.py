"""Saved pages of madamecuisine."""

from tests.spiders.case import Case
from tests.spiders.things import thing

CASES = (
    Case(
        callback="parse_thing",
        file="jsonld/reviews-3.html",
        url="http://www.madamecuisine.de/shakshuka-schakschuka/",
        facts=thing,
    ),
)
