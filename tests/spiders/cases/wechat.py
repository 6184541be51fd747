"""Saved pages of wechat."""

from crawler.items import Item, Post
from tests.spiders.case import Case, Facts, of


def article(items: list[Item]) -> Facts:
    (post,) = of(Post, items)
    body = str(post.article_body)
    assert (post.identifier, post.publisher) == ("MjM5NzE1NTMyNg==/2650934104/1", "爱否科技")
    assert body.startswith("今天凌晨")
    assert body.endswith("经过文刃重新编排")
    return {"title": post.headline, "date_as_shown": post.date_published, "author": post.author}


CASES = (
    Case(
        callback="parse_article",
        file="wechat/article-1.html",
        url="https://mp.weixin.qq.com/s?__biz=MjM5NzE1NTMyNg==&mid=2650934104&idx=1&sn=0",
        facts=article,
    ),
)
