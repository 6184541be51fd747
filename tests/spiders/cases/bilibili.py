"""Saved pages of bilibili: answers quoted in API documentation, five rows each of a longer list."""

from crawler.items import Item, Post
from tests.spiders.case import Case, Facts, of


def comments(items: list[Item]) -> Facts:
    video, *rows = of(Post, items)
    assert {row.is_part_of for row in rows} == {video.identifier} == {"av2"}
    assert (rows[-1].author, rows[-1].article_body, rows[0].author_level) == ("夜声已尽", "考古", "4")
    first, second = rows[:2]
    return {
        "comments": len(rows),
        "total_all": int(video.comment_count or 0),
        "first_author": first.author,
        "first_time": int(first.date_published or 0),
        "first_text_prefix": str(first.article_body)[:18],
        "second_author": second.author,
    }


def floors(items: list[Item]) -> Facts:
    root, *rows = of(Post, items)
    assert {row.is_part_of for row in rows} == {root.identifier} == {"3030790837"}
    assert (root.is_part_of, root.like_count, rows[2].like_count) == ("av201022189", "8018", "588")
    return {
        "replies": len(rows),
        "total": int(root.comment_count or 0),
        "root_text": root.article_body,
        "first_author": rows[0].author,
        "first_text": rows[0].article_body,
        "first_time": int(rows[0].date_published or 0),
        "first_likes": int(rows[0].like_count or 0),
    }


CASES = (
    Case(
        callback="parse_comments",
        file="bilibili/reviews-1.json",
        url="https://api.bilibili.com/x/v2/reply?type=1&oid=2&pn=1&ps=5&sort=0",
        facts=comments,
        media_type="application/json",
        left={"total_roots": "comments without their floors; the Post of the video counts both (total_all)"},
    ),
    Case(
        callback="parse_floors",
        file="bilibili/thread-1.json",
        url="https://api.bilibili.com/x/v2/reply/reply?type=1&oid=201022189&root=3030790837&pn=1&ps=5",
        facts=floors,
        media_type="application/json",
    ),
)
