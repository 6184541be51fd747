"""Small facts of a page that two looks at it must agree on: title, canonical address, price, rating, counts."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from urllib.parse import urlsplit

from parsel import Selector

from crawler.engine.rendering.structured import Json, metas, objects

Facts = dict[str, frozenset[str]]

MOST_VALUES = 200  # of one fact; a list of more things than that is no statement of one thing
LONGEST = 300

_NAMES = {
    "price": "price",
    "lowPrice": "price",
    "ratingValue": "rating",
    "reviewCount": "reviews",
    "ratingCount": "reviews",
}
_META = {"product:price:amount": "price", "og:price:amount": "price"}
_PRINTED = (
    ("price", re.compile(r"(?:[¥￥]|(?:价格?|售价|券后)\D{0,6})\s*(\d[\d,]*(?:\.\d+)?)")),
    ("rating", re.compile(r"(?:评分|好评[率度]|得分)\D{0,4}(\d+(?:\.\d+)?)")),
    ("reviews", re.compile(r"(?:评价|评论|点评)\D{0,4}(\d[\d,]*)|(\d[\d,]*)\s*[条个]?(?:评价|评论|点评)")),
)
_DIGITS = re.compile(r"\d[\d.,]*")


def facts(page: Selector, lines: Sequence[str]) -> Facts:
    """All values that a page gives for each fact; a fact that it does not give is absent."""
    found: dict[str, set[str]] = {}
    for name, value in (*_head(page), *_stated(page), *_printed(lines)):
        values = found.setdefault(name, set())
        if value and len(values) < MOST_VALUES:
            values.add(value)
    return {name: frozenset(values) for name, values in found.items() if values}


def contradictions(one: Facts, other: Facts) -> list[Json]:
    """Facts that both give and for which no value is the same: ``{"what", "plain", "rendered"}``."""
    return [
        {"what": name.partition(" ")[0], "plain": sorted(one[name])[:5], "rendered": sorted(other[name])[:5]}
        for name in sorted(one.keys() & other.keys())
        if not _agree(name.partition(" ")[0], one[name], other[name])
    ]


def _agree(name: str, one: frozenset[str], other: frozenset[str]) -> bool:
    if name == "title":
        return any(_alike(a, b) for a in one for b in other)
    if name == "reviews":  # a review may come in between the two looks
        return any(_close(Decimal(a), Decimal(b)) for a in one for b in other)
    return bool(one & other)


def _close(one: Decimal, other: Decimal) -> bool:
    return abs(one - other) <= max(Decimal(5), max(one, other) / 50)


def _alike(one: str, other: str) -> bool:
    """Titles of one page: equal, one within the other ("文章 - 某网"), or half of their letter pairs shared."""
    if not one or not other or one in other or other in one:
        return True
    pairs, others = ({text[at : at + 2] for at in range(len(text) - 1)} for text in (one, other))
    return 4 * len(pairs & others) >= len(pairs) + len(others)


def _head(page: Selector) -> Iterator[tuple[str, str]]:
    title = page.xpath("string((//title)[1])").get(default="")[:LONGEST]
    yield "title", re.sub(r"[\W\d_]+", "", unicodedata.normalize("NFKC", title).lower())  # "(3) 某页"
    address = page.xpath('string((//link[@rel="canonical"]/@href)[1])').get(default="")[:2000]
    yield "canonical", _address(address)
    for name, content, _ in metas(page):
        if name in _META:
            yield _META[name], _number(content)


def _address(url: str) -> str:
    try:
        parts = urlsplit(url.strip())
    except ValueError:  # "http://[": no address, so nothing to compare
        return ""
    return f"{parts.netloc.lower().removeprefix('www.')}{parts.path.rstrip('/')}" if parts.netloc else ""


def _stated(page: Selector) -> Iterator[tuple[str, str]]:
    for _, found in objects(page):
        if "reviewBody" not in found and "itemReviewed" not in found:
            for name, fact in _NAMES.items():
                if isinstance(found.get(name), str):
                    yield fact, _number(found[name])
    for name, fact in _NAMES.items():
        for element in page.xpath(f'//*[@itemprop="{name}"]')[:MOST_VALUES]:
            text = element.attrib.get("content") or element.xpath("string()").get(default="")
            yield fact, _number(text[:LONGEST])


def _printed(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Numbers in lines whose words occur once on the page ("售价 ¥59.9"), under the fact and these words.

    So the prices of a list, where each look may show other goods, are not held against each other.
    """
    found: dict[str, list[str]] = {}
    for line in (line for line in lines if len(line) <= 60):
        plain = unicodedata.normalize("NFKC", line)
        for fact, pattern in _PRINTED:
            match = pattern.search(plain)
            if match is not None:
                shape = f"{fact} {_DIGITS.sub('0', plain)}"
                found.setdefault(shape, []).append(next(group for group in match.groups() if group))
    for shape, values in found.items():
        if len(values) == 1:
            yield shape, _number(values[0])


def _number(text: str) -> str:
    """The one number of a text in its shortest form; "" if there is none or more than one."""
    numbers = _DIGITS.findall(unicodedata.normalize("NFKC", text))
    try:
        amount = Decimal(numbers[0].replace(",", "").rstrip(".")[:20]) if len(numbers) == 1 else None
    except InvalidOperation:  # "1.2.3"
        return ""
    return "" if amount is None else f"{amount.normalize():f}"
