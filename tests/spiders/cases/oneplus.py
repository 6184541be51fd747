"""Saved pages of oneplus."""

from crawler.items import Item, Post
from tests.spiders.case import Case, Facts, of


def thread(items: list[Item]) -> Facts:
    opening, *floors = of(Post, items)
    first, second, *_, last = floors
    assert {floor.is_part_of for floor in floors} == {opening.identifier} == {"405700"}
    assert (opening.publisher, opening.date_published) == ("Custom OPO Software", "Nov 14, 2015 at 4:23 AM")
    assert (first.identifier, first.position, last.position) == ("405700#14016085", "#81", "#100")
    assert (first.author_identifier, first.author_level) == ("111746", "Level: Lollipop")
    assert str(first.article_body).endswith("But it means no play store and stuff")
    assert {floor.like_count for floor in floors} == {
        None
    }  # names of who liked it are printed, and no number
    return {
        "title": f"ROM - {opening.headline} | Page 5 - OnePlus Forums",
        "pages": int(opening.page_count or 0),
        "posts": len({floor.identifier for floor in floors}),
        "first_author": first.author,
        "first_date": first.date_published,
        "second_author": second.author,
    }


CASES = (
    Case(
        callback="parse_thread",
        file="forum-xenforo/thread-1.html",
        url="https://forums.oneplus.net/threads/marsh-cm13.405700/page-5",
        facts=thread,
    ),
)
