"""Xinhua (新华网): articles."""

from crawler.engine.platforms.article import Article, prose
from crawler.engine.platforms.board import number
from crawler.engine.rows import Rows
from crawler.engine.site import Page
from crawler.items import Post


class Xinhuanet(Article):
    """Xinhua: news."""

    name = "xinhuanet"
    domains = ("xinhuanet.com",)
    pages = (Page("post", r"/c_\d+\.htm", "parse_article"),)
    expect = {"post": (1, 10_000)}
    numbered = r"/c_(\d+)\.htm"
    shown = Rows(
        Post,
        "/html",
        headline=".h-news > .h-title",
        # Below the paragraphs: related pictures, a heart to press, key words, the editor.
        article_body=prose("#p-detail", without="./*[not(self::p)]"),
        date_published=".h-info > .h-time?",
        publisher=(".h-info?", number(r"来源：\s*(\S+)")),
    )
