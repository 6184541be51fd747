"""Saved pages of xinhuanet."""

from crawler.items import Item, Post
from tests.spiders.case import Case, Facts, of


def article(items: list[Item]) -> Facts:
    (post,) = of(Post, items)
    body = str(post.article_body)
    assert (post.identifier, post.publisher) == ("1126212966", "新华网")
    assert body.startswith("新华社北京7月8日电")
    assert body.endswith("磅礴力量。")
    return {"title": post.headline, "date": post.date_published}


CASES = (
    Case(
        callback="parse_article",
        file="xinhuanet/article-1.html",
        url="http://www.xinhuanet.com/politics/leaders/2020-07/08/c_1126212966.htm",
        facts=article,
    ),
)
