"""Baijiahao (百家号): articles of Baidu's own authors. The date is printed without its year."""

from typing import Any

from crawler.engine.platforms.article import Article, prose
from crawler.engine.rows import Rows, value_of
from crawler.engine.site import Page
from crawler.items import Post
from crawler.quoted import joined

SOURCE = "//div[contains(@class, 'article-source')]/span"


def date(page: Any) -> str | None:
    """The day and the time, which stand in two elements."""
    day = value_of(page, f"{SOURCE}[@class='date']?")
    return joined(" ", (day and day.removeprefix("发布时间："), value_of(page, f"{SOURCE}[@class='time']?")))


class Baijiahao(Article):
    """Baijiahao: articles."""

    name = "baijiahao"
    domains = ("baijiahao.baidu.com",)
    pages = (Page("post", r"^/s\?(.*&)?id=\d+", "parse_article"),)
    expect = {"post": (1, 10_000)}
    numbered = r"[?&]id=(\d+)"
    shown = Rows(
        Post,
        "/html",
        headline=".article-title > h2",
        article_body=prose("#article .article-content"),
        author=".author-name?",
        date_published=date,
    )
