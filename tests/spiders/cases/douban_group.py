"""Saved pages of douban_group."""

from crawler.items import Item, Post
from tests.spiders.case import Case, Facts, of


def group(items: list[Item]) -> Facts:
    first, second, *_ = topics = of(Post, items)
    assert not any(str(topic.headline).endswith("...") for topic in topics)  # whole, not as cut off on screen
    return {
        "group": first.publisher,
        "topics": len({topic.identifier for topic in topics}),
        "first_title": first.headline,
        "first_author": first.author,
        "first_replies": int(first.comment_count or 0),
        "first_last_reply": first.date_last_reply,
        "first_url": first.url,
        "second_author": second.author,
        "second_replies": int(second.comment_count or 0),
    }


CASES = (
    Case(
        callback="parse_forum",
        file="douban/listing-1.html",
        url="http://www.douban.com/group/shanghaizufang/",
        facts=group,
    ),
)
