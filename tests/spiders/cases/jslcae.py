"""Saved pages of jslcae."""

from crawler.items import Item, Post
from tests.spiders.case import Case, Facts, of


def articles(items: list[Item]) -> Facts:
    first, *_, last = found = of(Post, items)
    assert len({article.identifier for article in found}) == 20
    assert str(first.article_body).startswith("上月，文化交易所的")
    assert (last.identifier, last.headline) == ("youbizixun/2016/0304/14", "名家珍藏邮票获藏家热烈竞投")
    return {"title": first.publisher, "first_item": first.headline}


CASES = (
    Case(
        callback="parse_list",
        file="jslcae/listing-1.html",
        url="http://jslcae.com/xingyexinwen/list_48_2.html",
        facts=articles,
    ),
)
