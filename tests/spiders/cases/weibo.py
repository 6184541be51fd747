"""Saved pages of weibo: weibo.cn with its XML prolog, and a page of weibo.com."""

from collections.abc import Callable
from datetime import datetime

from crawler.items import Item, Post
from tests.spiders.case import Case, Facts, of


def profile(reposts: int) -> Callable[[list[Item]], Facts]:
    def facts(items: list[Item]) -> Facts:
        posts = of(Post, items)
        own = [post for post in posts if post.author == "Dear-迪丽热巴"]
        others = [post for post in posts if post not in own]
        assert len(others) == reposts
        assert {post.is_part_of for post in own} == {None, *(post.identifier for post in others)}
        assert {post.author_identifier for post in own} == {"1669879400"}
        first, last = own[0], own[-1]
        return {
            "user": first.author,
            "posts": len(own),
            "first_id": f"M_{first.identifier}",
            "first_text": first.article_body,
            "first_date": first.date_published,
            "first_source": first.client,
            "first_likes": int(first.like_count or 0),
            "first_reposts": int(first.share_count or 0),
            "first_comments": int(first.comment_count or 0),
            "last_id": f"M_{last.identifier}",
            "last_date": last.date_published,
            "last_comments": int(last.comment_count or 0),
        }

    return facts


def latest(items: list[Item]) -> Facts:
    """The text goes on behind an emoticon, which closes the element of the text."""
    by_id = {post.identifier: post for post in of(Post, items)}
    first, repost = by_id["J74OAhxtL"], by_id["J5cVGuUNq"]
    assert first.article_body == "#一起热爱就现在#给你们康康我眼前的画面[嘻嘻] 绿洲"
    assert by_id["J6k49kbTc"].article_body == "7000[耶] 绿洲"  # not the [ of [组图共2张]
    assert str(repost.article_body).startswith("在羌塘的美好回忆")
    assert str(repost.article_body).endswith("贡献力量。[心]")
    original = by_id[str(repost.is_part_of)]
    assert (original.author, original.share_count) == ("WCS野生生物保护学会", "1000000")
    assert str(original.article_body).endswith("看完视频的你们，也...全文")
    return profile(1)(items)


def comments(items: list[Item]) -> Facts:
    weibo, original, *rows = of(Post, items)
    assert (weibo.identifier, weibo.author, weibo.is_part_of) == ("J5cVGuUNq", "Dear-迪丽热巴", "J5cRdli6m")
    assert (weibo.like_count, weibo.share_count, weibo.comment_count) == ("572950", "1000000", "1000000")
    assert weibo.date_published == "2020-06-05 11:11:05"
    assert (original.identifier, original.comment_count) == ("J5cRdli6m", "38774")
    assert {row.is_part_of for row in rows} == {weibo.identifier}
    assert [row.location for row in rows[2:5]] == [None, "河南", "安徽"]
    assert (rows[4].article_body, rows[-1].author_identifier) == ("[送花花][可怜][可怜]", "7551190607")
    first, second = rows[:2]
    return {
        "comments": len(rows),
        "first_author": first.author,
        "first_text": str(first.article_body).removesuffix("[心]"),
        "first_date": first.date_published,
        "first_likes": int(first.like_count or 0),
        "second_author": second.author,
        "second_likes": int(second.like_count or 0),
        "repost_of": original.author,
    }


def page(items: list[Item]) -> Facts:
    weibo, comment = of(Post, items)  # ten more weibos are recommended beside it
    assert (weibo.identifier, weibo.author_identifier) == ("Ja520cHZo", "1823184085")
    assert (weibo.like_count, weibo.share_count, weibo.comment_count) == ("4", "1", "2")
    assert str(weibo.article_body).endswith("121名该校学生染疫。网页链接")
    assert (comment.author, comment.article_body, comment.like_count) == ("绿茶127", "得州？", None)
    assert (comment.is_part_of, comment.date_published) == ("Ja520cHZo", "7月7日 20:27")
    date = datetime.strptime(str(weibo.date_published), "%Y-%m-%d %H:%M")  # noqa: DTZ007 - as shown
    return {
        "author": weibo.author,
        "date": f"{date.month}月{date.day}日 {date:%H:%M}",
        "source": weibo.client,
        "text_prefix": str(weibo.article_body)[:23],
    }


CASES = (
    Case(
        callback="parse_profile",
        file="weibo/post-1.html",
        url="https://weibo.cn/1669879400/profile",
        facts=latest,
    ),
    Case(
        callback="parse_profile",
        file="weibo/post-2.html",
        url="https://weibo.cn/1669879400/profile?page=2",
        facts=profile(1),
    ),
    Case(
        callback="parse_profile",
        file="weibo/post-3.html",
        url="https://weibo.cn/1669879400/profile?page=3",
        facts=profile(5),
    ),
    Case(
        callback="parse_comments",
        file="weibo/thread-1.html",
        url="https://weibo.cn/comment/J5cVGuUNq",
        facts=comments,
    ),
    Case(
        callback="parse_weibo",
        file="weibo/post-4.html",
        url="https://weibo.com/1823184085/Ja520cHZo",
        facts=page,
    ),
)
