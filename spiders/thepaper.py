"""The Paper (澎湃新闻): articles of its own, and of offices and media that write there (澎湃号)."""

from crawler.engine.platforms.article import Article, prose
from crawler.engine.platforms.board import number
from crawler.engine.rows import Rows
from crawler.engine.site import Page
from crawler.items import Post


class ThePaper(Article):
    """The Paper: news."""

    name = "thepaper"
    domains = ("thepaper.cn",)
    pages = (Page("post", r"^/newsDetail_forward_\d+", "parse_article"),)
    expect = {"post": (1, 10_000)}
    numbered = r"newsDetail_forward_(\d+)"
    shown = Rows(
        Post,
        "/html",
        headline="h1.news_title",
        article_body=prose(".news_txt"),
        author=".news_paike_author .name?",
        date_published=(".news_about", number(r"(\d{4}-\d\d-\d\d \d\d:\d\d)")),
        publisher=(".news_about > p > span?", lambda shown: shown.removeprefix("来源：")),
    )
