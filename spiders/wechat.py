"""WeChat (微信公众号): an article of a public account.

The account is the author, unless the article names a person; it is the publisher in any case. A date is printed as
"昨天" for a day. An address is long (``__biz``, ``mid``, ``idx``) or short (``/s/KEY``), and the identifier like it.
"""

from crawler.engine.platforms.article import Article, prose
from crawler.engine.platforms.board import first
from crawler.engine.rows import Rows
from crawler.engine.site import Page
from crawler.items import Post


class WeChat(Article):
    """WeChat: articles of public accounts."""

    name = "wechat"
    domains = ("mp.weixin.qq.com",)
    pages = (Page("post", r"^/s(/[\w-]{10,}|\?(.*&)?__biz=[^&]+&mid=\d+&idx=\d+)", "parse_article"),)
    expect = {"post": (1, 10_000)}
    numbered = r"__biz=([^&]+)&mid=(\d+)&idx=(\d+)|/s/([\w-]{10,})"
    shown = Rows(
        Post,
        "/html",
        headline="#activity-name",
        article_body=prose("#js_content"),
        author=first("#js_author_name, #js_name"),
        publisher="#js_name?",
        date_published="#publish_time?",
    )
