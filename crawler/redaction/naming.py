"""Whom a page shows where no parser says so: by the words of an element, of a link, of a key."""

import re
from collections.abc import Iterable
from functools import cache
from itertools import islice

from crawler.redaction.addresses import leads_to_person
from crawler.redaction.folding import fold
from crawler.redaction.person import is_nobody, table

LONGEST = 40  # characters of a text that is a name with what stands beside it
_NODES = 60  # texts of one element that are looked at
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_LABEL = 300  # characters of a class list that are read
_NO_NAME = re.compile(  # marks and numbers; levels; dates; counts; what the page calls the reader's own
    r"[\W\d_]*|(?:lv|vip|no)\.?\s?\d+|[\d\s:./年月日时分秒前天小钟刚昨今-]+|[\d.,]+\s?[万千kw+]*|[\u4e00-\u9fff]{1,4}[\s:：(（]+[\d.,万]+[)）]?|我的.{1,6}",
    re.IGNORECASE,
)


def shows_person(labels: Iterable[str | None], href: str | None) -> bool:
    """Whether an element with these values of class, id, itemprop and rel, and this link, says who somebody is."""
    if href and leads_to_person(href):
        return True
    for label in labels:
        for part in (label or "")[:_LABEL].split():
            words = {word.lower() for word in _WORD.findall(part)}
            if words & _element_words() and not words & _element_others():
                return True
    return False


def short_texts(texts: Iterable[str]) -> bool:
    """Whether all the texts of an element are no longer than a name with what stands beside it."""
    length = 0
    for number, text in enumerate(islice(texts, _NODES + 1)):
        length += len(text.strip())
        if length > LONGEST or number == _NODES:
            return False
    return True


def may_be_name(text: str) -> bool:
    """Whether a text of such an element is a name: not a number, a date, or a word that all pages use."""
    plain = text.strip()
    return (
        bool(plain)
        and len(plain) <= LONGEST
        and not _NO_NAME.fullmatch(plain)
        and not is_nobody(plain)
        and fold(plain, blanks=False).text not in _common()
    )


@cache
def _element_words() -> frozenset[str]:
    return frozenset(table()["element"]["words"])


@cache
def _element_others() -> frozenset[str]:
    return frozenset(table()["element"]["others"])


@cache
def _common() -> frozenset[str]:
    return frozenset(fold(name, blanks=False).text for entry in table()["common"] for name in entry["names"])
