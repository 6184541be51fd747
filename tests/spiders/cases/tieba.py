"""Saved pages of tieba."""

from crawler.items import Item, Post
from tests.spiders.case import Case, Facts, of


def thread(items: list[Item]) -> Facts:
    first, *floors = of(Post, items)
    assert {floor.is_part_of for floor in floors} == {first.identifier}
    return {
        "title": first.headline,
        "bar": first.publisher,
        "replies": int(first.comment_count or 0),
        "posts": len({floor.identifier for floor in floors}),
        "op": floors[0].author,
        "first_text": floors[0].article_body,
        "first_date": floors[0].date_published,
        "first_post_id": int(floors[0].identifier.rpartition("#")[2]),
        "op_ip": floors[0].location,
    }


def bar(items: list[Item]) -> Facts:
    threads = of(Post, items)
    return {
        "bar": threads[0].publisher,
        "threads": len({thread.identifier for thread in threads}),
        "first_title": threads[0].headline,
        "first_replies": int(threads[0].comment_count or 0),
        "first_tid": threads[0].identifier,
    }


BAR = "http://tieba.baidu.com/f?kw=%E7%9B%97%E5%A2%93%E7%AC%94%E8%AE%B0"
CASES = (
    Case(
        callback="parse_thread",
        file="tieba/thread-2.html",
        url="http://tieba.baidu.com/p/9119688421",
        facts=thread,
    ),
    Case(callback="parse_bar", file="tieba/listing-1.html", url=BAR, facts=bar),
)
