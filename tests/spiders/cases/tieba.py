"""Saved pages of tieba."""

from crawler.items import Item, Post
from tests.spiders.case import Case, Facts, of


def thread(items: list[Item]) -> Facts:
    first, *floors = of(Post, items)
    assert {floor.is_part_of for floor in floors} == {first.identifier}
    return {
        "title": first.headline,
        "bar": first.publisher,
        "pages": int(first.page_count or 0),
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


def comments(items: list[Item]) -> Facts:
    first, second, *_, last = found = of(Post, items)
    assert {comment.is_part_of for comment in found} == {"9119688421#150726496253"}
    assert (first.identifier, first.article_body) == (
        "9119688421#150726504693",
        None,
    )  # two pictures, no text
    assert first.author_identifier == "tb.1.b08d8f12.IR-tbLlZ2GkD6ARA-mfGOA"
    assert str(last.article_body).startswith("回复 美味蟹黄堡")
    return {
        "comments": len({comment.identifier for comment in found}),
        "first_author": first.author,
        "first_date": first.date_published,
        "second_author": second.author,
        "second_text": second.article_body,
        "last_date": last.date_published,
    }


def search(items: list[Item]) -> Facts:
    first, second, *_, last = hits = of(Post, items)
    assert (first.identifier, first.is_part_of) == ("9117888152#150718967291", "9117888152")
    assert str(first.url).endswith("/p/9117888152?pid=150718967291&cid=0#150718967291")
    return {
        "posts": len({hit.identifier for hit in hits}),
        "first_title": first.headline,
        "first_bar": first.publisher,
        "first_author": first.author,
        "first_date": first.date_published,
        "second_title": second.headline,
        "second_bar": second.publisher,
        "last_title": last.headline,
        "last_bar": last.publisher,
        "last_author": last.author,
        "last_date": last.date_published,
        "suspicious_posts": [hit.headline for hit in hits if "工 价" in str(hit.headline)],
    }


COMMENTS = "https://tieba.baidu.com/p/comment?tid=9119688421&pid=150726496253&pn=1"
BAR = "http://tieba.baidu.com/f?kw=%E7%9B%97%E5%A2%93%E7%AC%94%E8%AE%B0"
CASES = (
    Case(
        callback="parse_thread",
        file="tieba/thread-2.html",
        url="http://tieba.baidu.com/p/9119688421",
        facts=thread,
    ),
    Case(callback="parse_comments", file="tieba/thread-3.html", url=COMMENTS, facts=comments),
    Case(
        callback="parse_search",
        file="tieba/search-1.html",
        url="https://tieba.baidu.com/f/search/res?qw=%B6%AB%C4%CF%D1%C7",
        facts=search,
    ),
    Case(callback="parse_bar", file="tieba/listing-1.html", url=BAR, facts=bar),
)
