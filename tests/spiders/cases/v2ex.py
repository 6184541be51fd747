"""Saved pages of v2ex."""

from crawler.items import Item, Post
from tests.spiders.case import Case, Facts, of


def topics(items: list[Item]) -> Facts:
    first, second, *_, last = found = of(Post, items)
    silent = [topic for topic in found if topic.comment_count is None]
    assert silent
    assert {topic.date_last_reply for topic in silent} == {None}
    assert (first.date_last_reply, last.date_last_reply) == ("1 分钟前", "7 小时 20 分钟前")
    assert (first.identifier, first.url, first.author_identifier) == (
        "540159",
        "https://www.v2ex.com/t/540159",
        "jdhao",
    )
    return {
        "topics": len({topic.identifier for topic in found}),
        "first_title": first.headline,
        "first_author": first.author,
        "first_node": first.publisher,
        "first_replies": int(first.comment_count or 0),
        "second_title": second.headline,
        "second_author": second.author,
        "second_replies": int(second.comment_count or 0),
    }


CASES = (Case(callback="parse_forum", file="v2ex/listing-1.html", url="https://www.v2ex.com/", facts=topics),)
