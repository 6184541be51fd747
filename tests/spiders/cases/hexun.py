"""Saved pages of hexun."""

from crawler.items import Item, Post
from tests.spiders.case import Case, Facts, of


def article(items: list[Item]) -> Facts:
    (post,) = of(Post, items)
    body = str(post.article_body)
    assert (post.identifier, post.publisher) == ("198678130", "证券时报网")
    assert body.startswith("据财联社")
    assert "责任编辑" not in body
    return {"title": post.headline, "date": post.date_published}


CASES = (
    Case(
        callback="parse_article",
        file="hexun/article-1.html",
        url="https://stock.hexun.com/2019-09-26/198678130.html",
        facts=article,
    ),
)
