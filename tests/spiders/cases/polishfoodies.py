"""Saved pages of polishfoodies."""

from tests.spiders.case import Case
from tests.spiders.things import thing

CASES = (
    Case(
        callback="parse_thing",
        file="jsonld/reviews-1.html",
        url="http://polishfoodies.com/polish-pierogi-ruskie-recipe/",
        facts=thing,
    ),
)
