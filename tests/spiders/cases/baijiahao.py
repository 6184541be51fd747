"""Saved pages of baijiahao."""

from crawler.items import Item, Post
from tests.spiders.case import Case, Facts, of


def article(items: list[Item]) -> Facts:
    (post,) = of(Post, items)
    body = str(post.article_body)
    assert post.identifier == "1646777777777777777"
    assert body.startswith("英国汉普郡")
    assert body.endswith("国际决赛。")
    return {"title": post.headline, "date": post.date_published, "author": post.author}


CASES = (
    Case(
        callback="parse_article",
        file="baijiahao/article-1.html",
        url="https://baijiahao.baidu.com/s?id=1646777777777777777&wfr=spider&for=pc",
        facts=article,
    ),
)
