"""Saved pages of csdn."""

from crawler.items import Item, Post
from tests.spiders.case import Case, Facts, of


def article(items: list[Item]) -> Facts:
    (post,) = of(Post, items)
    body = str(post.article_body)
    assert (post.identifier, post.author_identifier, post.view_count) == ("107096460", "qq449245884", "495")
    assert body.startswith("众所周知")
    assert "版权声明" not in body
    return {"title": post.headline, "date": post.date_published, "author": post.author}


CASES = (
    Case(
        callback="parse_article",
        file="csdn/article-1.html",
        url="https://blog.csdn.net/qq449245884/article/details/107096460",
        facts=article,
    ),
)
