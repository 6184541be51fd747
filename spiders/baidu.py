"""Baidu (百度): the results of a search, as Posts: a link with its headline, an abstract, who publishes it, and when.

A box of news or videos (资讯, 视频) holds results of its own. An advertisement bears the word 广告. What stands here
is what Baidu shows of a page, not what the page says. Links lead over Baidu and change with each search: as
identifiers they tell results of one page apart, and no more.
"""

from parsel import Selector
from scrapy.http import TextResponse

from crawler.engine.platforms.board import first, number
from crawler.engine.reading import Oddity, select
from crawler.engine.rows import Rows, value_of
from crawler.engine.site import Output, Page, Site
from crawler.items import Post

CARD = "//div[@id='content_left']/div"
LINK = "(.//h3//a[@href] | .//*[contains(@class, 'op-timeliness-title')]/a[@href])[1]"
NEWS = "./a[contains(@class, 'op_sp_realtime_group_title_text')]"
VIDEO = "./a[contains(@class, 'op-short-video-pc-title')]"
AGE = ".newTimeFactor_before_abs"
IN_BOX = ".//div[@class='op_sp_realtime_group_title' or contains(@class, 'op-short-video-pc-img-container')]"


def abstract(row: Selector) -> str | None:
    """The abstract, without how old the result is, which stands before it."""
    shown, age = first(".c-abstract, .op-timeliness-abs")(row), first(AGE)(row)
    return shown.removeprefix(age).lstrip() if shown and age else shown


RESULTS = Rows(
    Post,
    f"{CARD}[.//h3//a or .//*[contains(@class, 'op-timeliness-title')]][not({IN_BOX})]",
    identifier=f"{LINK}/@href",
    url=f"{LINK}/@href",
    headline=LINK,
    article_body=abstract,
    publisher=first(".c-showurl, .op-timeliness-source-title"),
    date_published=first(f"{AGE}, .op-timeliness-time", lambda shown: shown.removesuffix("-").strip()),
    promoted="./descendant::*[normalize-space() = '广告']",
)
IN_NEWS = Rows(
    Post,
    f"{CARD}//div[@class='op_sp_realtime_group_title']",
    identifier=f"{NEWS}/@href",
    url=f"{NEWS}/@href",
    headline=NEWS,
    article_body=".op_sp_realtime_subabs?",
    publisher=".op_sp_realtime_group_source > span:first-child?",
    date_published=".op_sp_realtime_group_source_time?",
)
IN_VIDEOS = Rows(
    Post,
    f"{CARD}//div[contains(@class, 'op-short-video-pc-img-container')]",
    identifier=f"{VIDEO}/@href",
    url=f"{VIDEO}/@href",
    headline=f"{VIDEO}/@title",  # whole; on screen it is cut off
    publisher=".op-short-video-pc-source?",
)


class Baidu(Site):
    """Baidu: what a search finds."""

    name = "baidu"
    domains = ("www.baidu.com",)
    pages = (Page("post", r"^/s\?(.*&)?(wd|word)=", "parse_search"),)
    expect = {"post": (1, 1000)}

    def parse_search(self, response: TextResponse) -> Output:
        """The results, those in boxes last; then the next page. If there is none, that is told."""
        given = {
            "query": value_of(response, "input#kw::attr(value)?"),
            "result_count": first(".nums .nums_text", number(r"结果(约?[\d,]+个)"))(response),
        }
        found = [row for table in (RESULTS, IN_NEWS, IN_VIDEOS) for row in table.read(response, **given)]
        if not found:
            yield Oddity(f"no result is listed on {response.url}; look at the capture")
        yield from found
        for link in select(response, "//div[@id='page']//a[contains(., '下一页')]")[:1]:
            yield self.follow(response, link, self.parse_search)
