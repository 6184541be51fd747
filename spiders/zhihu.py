"""Zhihu (知乎): the results of a search, from the page as a browser shows it to somebody logged in."""

from parsel import Selector
from scrapy.http import TextResponse

from crawler.engine.reading import Oddity, address, json_at, of_type
from crawler.engine.rows import Rows, search, value_of
from crawler.engine.site import Output, Page, Site
from crawler.items import Post
from crawler.quoted import quoted

MODULE = "data-za-extra-module"  # JSON; the card of related searches (相关搜索) has none
LINK = ".ContentItem-title a::attr(href)"
PATHS = {"Question": "question", "Answer": "answer", "Post": "p"}  # numbers are unique within one of them
ADVERTISEMENT = (
    './/*[normalize-space(text())="广告"]'
    '[not(ancestor-or-self::*[contains(@class, "ContentItem-title") or contains(@class, "RichText")])]'
)


def _identifier(row: Selector) -> str:
    card = search(json_at(row, MODULE), "card.content")
    sort, number = (
        of_type(search(card, name), str, f"card.content.{name}", address(row)) for name in ("type", "token")
    )
    return quoted(f"{PATHS.get(sort, sort.lower())}/{number}", number)


def _question(row: Selector) -> str | None:
    """The question that an answer answers, from the answer's address."""
    link = value_of(row, LINK) or ""
    path, answer, _ = link.partition("/answer/")
    return quoted("question/" + path.rpartition("/")[2], link) if answer else None


def _author(row: Selector) -> str | None:
    """Before an excerpt stands who wrote it, in bold; an unfolded text has a line for that."""
    line = value_of(row, ".AuthorInfo-head .UserLink-link?")
    return line or value_of(row, ".is-collapsed .RichText > b:first-child?")


def _date(row: Selector) -> str | None:
    """The day beside an excerpt; with an unfolded text, the time that shows when one points at the day."""
    tip = ".ContentItem-time [data-tooltip]::attr(data-tooltip)?"
    return value_of(row, ".SearchItem-time?") or value_of(row, tip)


def _body(row: Selector) -> str | None:
    """The excerpt without what stands before it, or the whole text where it is unfolded."""
    name = "问题描述" if value_of(row, ".QuestionItem-title?") else _author(row)
    return (value_of(row, ".RichText?") or "").removeprefix(f"{name}：") or None


RESULTS = Rows(
    Post,
    f".SearchResult-Card[{MODULE}]",
    identifier=_identifier,
    url=(LINK, lambda link: f"https://www.zhihu.com{link}" if link[:2] != "//" else f"https:{link}"),
    headline=".ContentItem-title",
    article_body=_body,
    author=_author,
    author_identifier=(
        '.AuthorInfo > meta[itemprop="url"]::attr(content)?',
        lambda link: link.rpartition("/")[2],
    ),
    date_published=_date,
    like_count=(".VoteButton--up::attr(aria-label)?", lambda label: label.removeprefix("赞同").strip()),
    comment_count=(
        './/button[contains(., "条评论")]?',
        lambda shown: shown.partition("条评论")[0].strip("\u200b "),
    ),
    view_count=(
        './/*[contains(@class, "Search-questionNavTitle")][contains(., "浏览")]?',
        lambda shown: shown.partition("浏览")[0].strip(),
    ),
    is_part_of=_question,
    promoted=ADVERTISEMENT,
)


class Zhihu(Site):
    """Questions, answers and articles that a search on Zhihu finds, as Posts; texts are mostly excerpts."""

    name = "zhihu"
    domains = ("zhihu.com",)
    pages = (Page("post", r"^/search($|\?)", "parse_search"),)
    expect = {"post": (1, 100_000)}
    access = "assisted"

    def parse_search(self, response: TextResponse) -> Output:
        """The results shown; an answer is part of its question."""
        asked = value_of(response, "(//input[@value])[1]/@value?")
        found = list(RESULTS.read(response, query=asked))
        yield from found
        if not found:
            yield Oddity(f"no results on {response.url}; look at the capture: is it a page to log in?")
