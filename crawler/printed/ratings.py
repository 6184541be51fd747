"""Ratings of all scales: "4.8分", "4.5 out of 5 stars", "★★★★☆", "98%", and stars that are a class name."""

import re
from decimal import Decimal

from crawler.printed.numbers import numeral
from crawler.printed.plain import plain

LABEL = r"(?:综合|客户点评|用户评分|评分|得分|总分|rating\b|:|\s)*"
SCALES = frozenset(
    map(Decimal, (3, 4, 5, 6, 7, 10, 20, 100))
)  # 1 of 117 is a page, 2 of 66 a share of people
VALUE = r"(?P<value>\d+(?:[.,]\d+)?)"
STARS = r"(?:分|颗?星|stars?(?: rating)?|sterne?|sterren|звезд[аы]?|bubbles?)"
SCALED = re.compile(
    LABEL + VALUE + r"分?\s*(?:/|out of|of|von|van|из|,?\s*\(?(?:满分|总分))\s*(?P<best>\d+)\D*"
    r"(?:from [\d,]{1,12} (?:reviews?|ratings?))?",
    re.IGNORECASE,
)
PERCENT = re.compile(r"(?P<value>\d+(?:\.\d+)?)%")
PLAIN = re.compile(LABEL + rf"(?:{VALUE}|(?P<numeral>[一二三四五]))\s*{STARS}?", re.IGNORECASE)
# Pictures of stars are chosen by a class: sml-str45, star_50, allstar45, a-star-4-5, stars_3_half, bubble_45.
CLASS = re.compile(
    r"(?:[a-z]+[-_])*(?:allstar|stars?|str|rating|bubble)[-_]?"
    r"(?P<whole>[0-5])(?:[-_]?(?P<tenth>[05])|_(?P<half>half))?"
)
FILLED = re.compile(r"(?:no|rr|ss?)(?P<whole>[0-5])(?P<tenth>[05])(?P<half>)")  # beside "rating_…_fill"


def rating(text: str | None, best: str | None = None) -> tuple[str, str | None] | None:
    """A rating and its best possible value, both decimal: ("4.8分", "5") → ("4.8", "5").

    The scale printed in the text ("4/5", "98%", "★★★★☆", a class of stars) goes before `best`; None where neither
    says. None as a whole for text that is no rating, for a value beyond its scale, and for a class of no stars,
    which is how sites show that nobody has rated.
    """
    line = plain(text)
    if re.fullmatch(r"[★☆]+", line):
        return _rated(Decimal(line.count("★")), str(len(line)))
    if found := SCALED.fullmatch(line):
        return _rated(_decimal(found["value"]), found["best"]) if Decimal(found["best"]) in SCALES else None
    if found := PERCENT.fullmatch(line):
        return _rated(_decimal(found["value"]), "100")
    if found := PLAIN.fullmatch(line):
        amount = numeral(found["numeral"]) if found["numeral"] else _decimal(found["value"])
        return _rated(amount, plain(best).rstrip("分星"))
    return _rated(_of_class(line), "5")


def _of_class(line: str) -> Decimal | None:
    """The stars that the names of a class attribute stand for, if there are any and all say the same."""
    if not re.fullmatch(r"[\w -]+", line, re.ASCII):
        return None
    shape = FILLED if "_fill" in line else CLASS
    found = [match for match in map(shape.fullmatch, line.split()) if match]
    values = {
        Decimal(f"{match['whole']}.{'5' if match['half'] else match['tenth'] or '0'}") for match in found
    }
    return values.pop() or None if len(values) == 1 else None


def _decimal(value: str) -> Decimal:
    return Decimal(value.replace(",", "."))


def _rated(amount: Decimal | None, scale: str) -> tuple[str, str | None] | None:
    limit = Decimal(scale) if re.fullmatch(r"\d{1,4}(?:\.\d+)?", scale) else None
    if amount is None or (limit is not None and amount > limit):
        return None
    return _shortest(amount), None if limit is None else _shortest(limit)


def _shortest(amount: Decimal) -> str:
    return f"{amount.normalize():f}"
