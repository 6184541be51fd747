"""CSDN: the page of one article of a blog."""

from crawler.engine.platforms.article import Article, prose
from crawler.engine.platforms.board import number
from crawler.engine.rows import Rows
from crawler.engine.site import Page
from crawler.items import Post


class CSDN(Article):
    """CSDN: blogs."""

    name = "csdn"
    domains = ("blog.csdn.net",)
    pages = (Page("post", r"/article/details/\d+", "parse_article"),)
    expect = {"post": (1, 10_000)}
    numbered = r"/article/details/(\d+)"
    shown = Rows(
        Post,
        "/html",
        headline="h1.title-article",
        article_body=prose("#content_views"),
        author=".bar-content .follow-nickName?",
        author_identifier=(".bar-content .follow-nickName::attr(href)?", number(r"csdn\.net/([\w-]+)")),
        date_published=".bar-content .time?",
        view_count=".bar-content .read-count?",
    )
