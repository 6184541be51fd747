"""People's Daily Online (人民网): articles; a long one stands on several pages, ``c1013-31153719-2.html``."""

from crawler.engine.platforms.article import Article, prose
from crawler.engine.platforms.board import number
from crawler.engine.rows import Rows
from crawler.engine.site import Page
from crawler.items import Post


class People(Article):
    """People's Daily Online: news."""

    name = "people"
    domains = ("people.com.cn",)
    pages = (Page("post", r"/c\d+-\d+(-\d+)?\.html", "parse_article"),)
    expect = {"post": (1, 10_000)}
    numbered = r"/c\d+-(\d+)(?:-(\d+))?\.html"
    further = ".zdfy a[href]"
    shown = Rows(
        Post,
        "/html",
        headline=".text_title > h1",
        article_body=prose("#rwb_zw", without=".zdfy, .edit, center"),
        author=".text_title > p.author?",
        date_published=(
            ".text_title .box01 > .fl",
            number(r"(\d{4}年\d{1,2}月\d{1,2}日(?:\d\d:\d\d)?)"),
        ),
        publisher=".text_title .box01 > .fl > a?",
    )
