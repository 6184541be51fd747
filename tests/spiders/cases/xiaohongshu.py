"""Saved pages of xiaohongshu."""

from crawler.items import Item, Post
from tests.spiders.case import Case, Facts, literal, of


def feed(items: list[Item]) -> Facts:
    first, *_, last = notes = of(Post, items)
    likes = [note.like_count for note in notes]
    assert likes.count(None) == 1  # a button with its label 赞: nobody has pressed it
    assert (first.author_identifier, first.promoted) == ("6213229f000000001000b017", False)
    return {
        "notes": len(notes),
        "first_id": first.identifier,
        "first_title": first.headline,
        "first_author": first.author,
        "first_likes": first.like_count,
        "last_title": last.headline,
        "last_author": last.author,
        "last_likes": last.like_count,
    }


def collection(items: list[Item]) -> Facts:
    first, second, *_, last = notes = of(Post, items)
    assert (last.author, first.url) == (
        "菜博士教种菜",
        "https://www.xiaohongshu.com/explore/6624e7e100000000010332f2",
    )
    return {
        "notes": len(notes),
        "first_id": first.identifier,
        "first_title_prefix": str(first.headline)[:13],
        "first_author": first.author,
        "first_likes": first.like_count,
        "second_likes": second.like_count,
    }


def profile(items: list[Item]) -> Facts:
    first, second, *_ = notes = of(Post, items)
    assert str(first.article_body).startswith("田曦薇这次的妆容")
    assert {note.view_count for note in notes} == {None}  # 0 to strangers
    return {
        "notes": len(notes),
        "first_id": first.identifier,
        "first_title": first.headline,
        "first_likes": int(first.like_count or 0),
        "second_likes": int(second.like_count or 0),
    }


def comments(items: list[Item]) -> Facts:
    note, *rows = of(Post, items)
    own = [row for row in rows if row.is_part_of == note.identifier]
    floors = [row for row in rows if row.is_part_of != note.identifier]
    assert (len(floors), floors[0].is_part_of, floors[0].author) == (15, own[0].identifier, "小甜菜.")
    assert [row.location for row in own[:3]] == ["湖北", "山东", "广东"]
    return {
        "comments": len(own),
        "comment_count": int(note.comment_count or 0),
        "first_author": own[0].author,
        "first_text": own[0].article_body,
        "first_time": int(own[0].date_published or 0),
        "first_likes": int(own[0].like_count or 0),
        "second_author": own[1].author,
        "second_likes": int(own[1].like_count or 0),
    }


def mended(quotation: bytes) -> bytes:
    """What the site sent: the quotation in a README lost the first brace, the spider refuses it as it is.

    `test_social.py` shows the refusal.
    """
    return b"{" + quotation


API = "https://edith.xiaohongshu.com/api/sns"
CASES = (
    Case(
        callback="parse_feed",
        file="xiaohongshu/search-2.html",
        url="https://www.xiaohongshu.com/explore",
        facts=feed,
    ),
    Case(
        callback="parse_notes",
        file="xiaohongshu/search-3.js",
        url=f"{API}/web/v2/note/collect/page?num=30&cursor=&user_id=5a177936e8ac2b535e9441b3",
        facts=collection,
        media_type="application/json",
        content=literal,
    ),
    Case(
        callback="parse_notes",
        file="xiaohongshu/post-1.json",
        url=f"{API}/v4/note/user/posted?user_id=60503d3a0000000001008385",
        facts=profile,
        media_type="application/json",
    ),
    Case(
        callback="parse_comments",
        file="xiaohongshu/reviews-1.json",
        url=f"{API}/v5/note/comment/list?note_id=6447b072000000002700297d",
        facts=comments,
        media_type="application/json",
        content=mended,
    ),
)
