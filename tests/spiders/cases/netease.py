"""Saved pages of netease."""

from crawler.items import Item, Post
from tests.spiders.case import Case, Facts, of


def article(items: list[Item]) -> Facts:
    (post,) = of(Post, items)
    body = str(post.article_body)
    assert (post.identifier, post.publisher, post.author) == ("EOFOC8MJ00258105", "证券市场红周刊", None)
    assert body.startswith("2019年，龙湖集团")
    assert body.endswith("作一个交代。")
    return {"title": post.headline, "date": post.date_published}


def rolling(items: list[Item]) -> Facts:
    first, *_, last = posts = of(Post, items)
    assert (len(posts), last.identifier) == (40, "FK616GNC0519EO06")
    assert (first.date_published, first.url) == (
        "2020-08-16 22:26:38",
        "https://news.163.com/20/0816/22/FK6F0U6D0001899O.html",
    )
    wanted = "“大胃王”吃播江湖：假吃、催吐吸粉，带货探店年入百万"
    return {
        "title": first.query,
        "first_headline": first.headline,
        "contains_headline": next((post.headline for post in posts if post.headline == wanted), None),
    }


CASES = (
    Case(
        callback="parse_article",
        file="163/article-1.html",
        url="https://money.163.com/19/0907/13/EOFOC8MJ00258105.html",
        facts=article,
    ),
    Case(
        callback="parse_list",
        file="netease/listing-2.html",
        url="http://news.163.com/special/0001220O/lastest.html",
        facts=rolling,
    ),
)
