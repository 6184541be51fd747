"""Hexun (和讯网): articles on money and shares, each with the newspaper it comes from."""

from crawler.engine.platforms.article import Article, prose
from crawler.engine.rows import Rows
from crawler.engine.site import Page
from crawler.items import Post


class Hexun(Article):
    """Hexun: news."""

    name = "hexun"
    domains = ("hexun.com",)
    pages = (Page("post", r"^/\d{4}-\d\d-\d\d/\d+\.html", "parse_article"),)
    expect = {"post": (1, 10_000)}
    numbered = r"/(\d+)\.html"
    shown = Rows(
        Post,
        "/html",
        headline=".articleName > h1",
        article_body=prose(".art_contextBox", without='./div[contains(@style, "text-align:right")]'),
        date_published=".articleName .tip > span?",
        publisher=".articleName .tip > a?",
    )
