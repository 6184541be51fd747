"""Saved pages of newsmth."""

from crawler.items import Item, Post
from tests.spiders.case import Case, Facts, of


def threads(items: list[Item]) -> Facts:
    first, second, *_, last = found = of(Post, items)
    fourth = found[3]
    assert first.publisher == str(first.identifier).partition("/")[0]
    assert (last.publisher, last.author) in [("FamilyLife", "bbid"), ("PocketLife", "mozilla")]
    return {
        "rows": len({thread.identifier for thread in found}),
        "topics_total": int(first.result_count or 0),
        "first_title": first.headline,
        "first_author": first.author,
        "first_replies": int(first.comment_count or 0),
        "second_title": second.headline,
        "second_date": second.date_published,
        "fourth_title": fourth.headline,
        "fourth_replies": int(fourth.comment_count or 0),
    }


def thread(items: list[Item]) -> Facts:
    opening, *floors = of(Post, items)
    first, second = floors
    assert {floor.is_part_of for floor in floors} == {opening.identifier} == {"Test/910406"}
    assert (first.position, second.position) == ("楼主", "第1楼")
    assert (first.author_level, second.identifier) == ("楠木(12)", "Test/910406#910571")
    assert str(second.article_body).startswith("这个结果很不错啊\n--\n")
    return {
        "posts": len(floors),
        "title": opening.headline,
        "board": opening.publisher,
        "op": first.author,
        "first_date": first.date_published,
        "second_author": second.author,
        "second_date": second.date_published,
    }


def article(items: list[Item]) -> Facts:
    post, *ratings = of(Post, items)
    first = ratings[0]
    assert len({rating.identifier for rating in ratings}) == 36
    assert {rating.is_part_of for rating in ratings} == {post.identifier} == {"WorkLife/7"}
    assert (first.author, first.date_published) == ("fly891198061", "2016-03-27 15:04")
    assert str(post.article_body).startswith("你是个热血青年")
    assert "求色诱" not in str(post.article_body)
    return {
        "author": post.author,
        "board": post.publisher,
        "date": post.date_published,
        "title": post.headline,
        "rated_by": int(post.like_count or 0),
    }


NFORUM = "https://www.newsmth.net/nForum"
CASES = (
    Case(
        callback="parse_board",
        file="newsmth/listing-1.html",
        url=f"{NFORUM}/board/FamilyLife?p=2",
        facts=threads,
    ),
    Case(
        callback="parse_board",
        file="newsmth/search-1.html",
        url=f"{NFORUM}/s/article?b=PocketLife&au=mozilla",
        facts=threads,
    ),
    Case(
        callback="parse_thread",
        file="newsmth/thread-1.html",
        url=f"{NFORUM}/article/Test/910406",
        facts=thread,
    ),
    Case(
        callback="parse_article",
        file="newsmth/post-1.html",
        url=f"{NFORUM}/article/WorkLife/ajax_single/7",
        facts=article,
    ),
)
