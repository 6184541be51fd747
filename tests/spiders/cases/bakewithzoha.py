"""Saved pages of bakewithzoha."""

from tests.spiders.case import Case
from tests.spiders.things import thing

CASES = (
    Case(
        callback="parse_thing",
        file="jsonld/reviews-4.html",
        url="http://bakewithzoha.com/molten-lava-chocolate-mug-cake/",
        facts=thing,
    ),
)
