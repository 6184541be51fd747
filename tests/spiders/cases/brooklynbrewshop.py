"""Saved pages of brooklynbrewshop."""

from tests.spiders.case import Case
from tests.spiders.things import thing

CASES = (
    Case(
        callback="parse_thing",
        file="brooklynbrewshop/reviews-1.html",
        url="http://brooklynbrewshop.com/beer-making-kits/hard-cider-kit",
        facts=thing,
        odd=1,  # the template of a review, with "=5" stars, and without a writer, a date or a word
    ),
)
