"""Saved pages of douyin: an answer quoted in a README, the floors of one comment."""

from crawler.items import Item, Post
from tests.spiders.case import Case, Facts, of


def floors(items: list[Item]) -> Facts:
    above, *rows = of(Post, items)
    assert {row.is_part_of for row in rows} == {above.identifier} == {"7231428904149467941"}
    assert (above.comment_count, above.is_part_of) == ("586", "7231266605701926148")
    assert [row.location for row in rows] == ["上海", "辽宁", "安徽", "广东", "云南"]
    assert (rows[0].like_count, rows[-1].author) == ("3349", "肆也")
    return {
        "comments": len(rows),
        "first_text": rows[0].article_body,
        "first_time": int(rows[0].date_published or 0),
        "second_author": rows[1].author,
    }


CASES = (
    Case(
        callback="parse_comments",
        file="douyin/reviews-2.json",
        url="https://aweme.snssdk.com/aweme/v1/comment/list/reply/?comment_id=7231428904149467941&cursor=0",
        facts=floors,
        media_type="application/json",
    ),
)
