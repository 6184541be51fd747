"""Saved pages of bitterkittens."""

from crawler.items import Item, Post
from tests.spiders.case import Case, Facts, of


def discussion(items: list[Item]) -> Facts:
    opening, *comments = of(Post, items)
    first, *_, last = comments
    assert {comment.is_part_of for comment in comments} == {opening.identifier} == {"868"}
    assert (opening.publisher, opening.author_identifier) == ("The T LOunge", "373")
    assert str(opening.article_body).startswith("Let's drink somewhere exotic")
    assert (first.author, first.author_identifier, first.position) == ("GeoDiva", "18", "1")
    assert (last.author, last.position, last.date_published) == ("Sarah", "30", "2015-05-16T03:54:34+00:00")
    return {
        "title": opening.headline,
        "comments": len({comment.identifier for comment in comments}),
        "op": opening.author,
        "first_date": opening.date_published,
    }


CASES = (
    Case(
        callback="parse_thread",
        file="forum-vanilla/thread-1.html",
        url="http://bitterkittens.com/discussion/868/",
        facts=discussion,
    ),
)
