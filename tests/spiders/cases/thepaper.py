"""Saved pages of thepaper."""

from crawler.items import Item, Post
from tests.spiders.case import Case, Facts, of


def article(items: list[Item]) -> Facts:
    (post,) = of(Post, items)
    body = str(post.article_body)
    assert (post.identifier, post.author) == ("4150096", "中国广州发布")
    assert body.startswith("本文原标题")
    assert "我要跟帖" not in body
    return {"title": post.headline, "date": post.date_published, "source": post.publisher}


CASES = (
    Case(
        callback="parse_article",
        file="thepaper/article-1.html",
        url="https://www.thepaper.cn/newsDetail_forward_4150096",
        facts=article,
    ),
)
