"""Saved pages of people."""

from crawler.items import Item, Post
from tests.spiders.case import Case, Facts, of


def article(items: list[Item]) -> Facts:
    (post,) = of(Post, items)
    body = str(post.article_body)
    assert (post.identifier, post.publisher) == ("31153719", "人民网-文化频道")
    assert body.endswith("都是对儿子的爱。")  # neither the numbers of its pages nor the editor
    return {"title": post.headline, "date": post.date_published}


CASES = (
    Case(
        callback="parse_article",
        file="people/article-1.html",
        url="http://culture.people.com.cn/n1/2019/0615/c1013-31153719.html",
        facts=article,
    ),
)
