"""Real pages: nobody whom a spider reads on them is left, and what they are about stays (platform)."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from scrapy.http import TextResponse

from crawler.items import Listing, Post, Review
from crawler.redaction.grade import GRADES
from crawler.redaction.http import RedactedResponse, redacted_response
from crawler.redaction.masker import Masker
from crawler.redaction.person import Person, is_telling
from crawler.redaction.seal import MARK, Seal
from tests.export.hunt import hunt_bytes
from tests.redaction.masks import KEY
from tests.spiders.case import all_cases, read_all

HUNTED = 20_000  # bytes: larger answers are searched as they stand, without escapes of escapes


class Saved(NamedTuple):
    """A saved page on which somebody wrote something."""

    file: str
    response: TextResponse
    people: list[Person]
    names: list[str]  # of what it is about


@pytest.fixture(scope="module")
def saved(pages: Path) -> list[Saved]:
    found = []
    for name, case in all_cases():
        response = case.response(pages)
        items = read_all(name, case.callback, response)[0]
        who = {(item.author, item.author_identifier) for item in items if isinstance(item, Review | Post)}
        people = [
            Person(author, account, None) for author, account in sorted(who, key=str) if author or account
        ]
        names = [str(item.name) for item in items if isinstance(item, Listing) and item.name]
        if people:
            found.append(Saved(case.file, response, people, names))
    return found


@pytest.fixture(scope="module")
def redacted(saved: list[Saved]) -> Callable[[Saved, str], RedactedResponse]:
    """Each page once in each grade."""
    made: dict[tuple[str, str], RedactedResponse] = {}

    def found(page: Saved, grade: str) -> RedactedResponse:
        if (page.file, grade) not in made:
            made[page.file, grade] = _redacted(page, grade)
        return made[page.file, grade]

    return found


def _redacted(page: Saved, grade: str) -> RedactedResponse:
    masker = Masker(GRADES[grade], page.people, [], Seal(KEY, "c", grade), kind="review")
    kind = page.response.headers["Content-Type"].decode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(page.response.body)}\r\n\r\n"
    return redacted_response(head.encode() + page.response.body, masker)


def _stands(value: str, text: str) -> bool:
    """Whether a name stands there and is no part of a longer word, as Lexa in alexa.com."""
    return (
        re.search(rf"(?<![a-z]){re.escape(value)}(?![a-z])" if value.isascii() else re.escape(value), text)
        is not None
    )


@pytest.mark.parametrize("grade", ["platform", "public"])
def test_nobody_is_left(
    grade: str, saved: list[Saved], redacted: Callable[[Saved, str], RedactedResponse]
) -> None:
    left = {}
    for page in saved:
        made = redacted(page, grade)
        values = {one for who in page.people for one in (who.name, who.identifier) if one and is_telling(one)}
        shown = MARK.sub("[]", made.payload.decode().casefold())
        found = [value for value in sorted(values) if _stands(value.strip().casefold(), shown)]
        if len(made.block) < HUNTED:
            found += [
                value for _, value in hunt_bytes(made.block, [one for one in values if len(one.encode()) > 6])
            ]
        if found:
            left[page.file] = found
    assert left == {}
    assert len(saved) > 50


def test_what_a_page_is_about_stays(
    saved: list[Saved], redacted: Callable[[Saved, str], RedactedResponse]
) -> None:
    lost, whole = {}, 0
    for page in saved:
        text = "".join(redacted(page, "platform").payload.decode().split())
        if "整体不予展示" in text:
            whole += 1
            continue
        names = ["".join(name.split())[:6] for name in page.names]
        if any(name not in text for name in names):
            lost[page.file] = names
    assert lost == {}
    assert whole <= 2, "one page has a name in a form that cannot be cut out: when in doubt, less is shown"
