"""Baidu Tieba (百度贴吧): threads of a bar, floors of a thread, comments on a floor, hits of a search."""

import re
from dataclasses import replace

from parsel import Selector
from scrapy.http import TextResponse

from crawler.engine.platforms.board import absolute, number
from crawler.engine.reading import (
    Json,
    attribute,
    commented,
    each,
    json_at,
    of_type,
    only,
    printed,
    select,
    take,
    text,
)
from crawler.engine.rows import Rows, value_of
from crawler.engine.site import Output, Page, Site
from crawler.items import Post

COMMENTS = Rows(
    Post,
    "li.lzl_single_post",
    author="./div[@class='lzl_cnt']/a",
    article_body=".lzl_content_main?",  # none for a picture alone
    date_published=".lzl_time",
    author_identifier=lambda row: printed(json_at(row, "data-field").get("portrait")),
    identifier=lambda row: printed(take(json_at(row, "data-field"), "spid", "a comment")),
)
HITS = Rows(
    Post,
    ".s_post",
    identifier=lambda row: "#".join(_hit(row)),
    is_part_of=lambda row: _hit(row)[0],
    url=".p_title a::attr(href)",
    headline=".p_title a",
    article_body=".p_content",  # cut off
    publisher=".p_forum",
    author="./a[not(@class)]",
    date_published=".p_date",
)


class Tieba(Site):
    """Baidu Tieba; thread lists sit inside HTML comments, and one block of a thread page is an advertisement."""

    name = "tieba"
    domains = ("tieba.baidu.com",)
    pages = (
        Page("post", r"^/p/comment\?", "parse_comments"),
        Page("post", r"^/p/\d+", "parse_thread"),
        Page("post", r"^/f/search/res\?", "parse_search"),
        Page("post", r"^/f\?", "parse_bar"),
    )
    expect = {"post": (1, 100_000)}
    version = 2

    def parse_bar(self, response: TextResponse) -> Output:
        """Threads of one list page, each followed; then the next page."""
        place = '//code[@id="pagelet_html_frs-list/pagelet/thread_list"]'
        threads = commented(only(response, place), response.url)
        bar = text(only(response, "title")).partition("吧-")[0]
        for row in select(threads, "li.j_thread_list"):
            yield from absolute(each([row], lambda row: _thread(row, response, bar)), response)
            for title in select(row, "a.j_th_tit[href]")[:1]:
                yield self.follow(response, title, self.parse_thread)
        for link in select(threads, "a.next.pagination-item")[:1]:
            yield self.follow(response, link, self.parse_bar)

    def parse_thread(self, response: TextResponse) -> Output:
        """The thread, and its floors on this page; then the comments on each, and the next page."""
        thread = attribute(only(response, 'link[rel="canonical"]'), "href").rpartition("/")[2]
        replies = select(response, "li.l_reply_num > span.red:first-child")  # above and below the floors
        pages = select(response, "li.l_reply_num > span.red:nth-child(2)")
        yield Post(
            identifier=thread,
            url=response.urljoin(f"/p/{thread}"),
            headline=value_of(response, ".core_title_txt::attr(title)"),
            publisher=text(only(response, "a.card_title_fname")).removesuffix("吧"),
            comment_count=text(replies[0]) if replies else None,
            page_count=text(pages[0]) if pages else None,
        )
        floors = [block for block in select(response, ".l_post") if "content" in json_at(block, "data-field")]
        yield from each(floors, lambda block: _floor(block, thread, response))
        for block in floors:  # a block without content is an advertisement: no author, no floor
            content = json_at(block, "data-field")["content"]
            number = printed(content.get("post_id")) if isinstance(content, dict) else None
            if number and printed(content.get("comment_num")) not in (None, "0"):
                yield self.follow(response, f"/p/comment?tid={thread}&pid={number}&pn=1", self.parse_comments)
        for link in select(response, '//li[contains(@class, "pb_list_pager")]/a[text()="下一页"]')[:1]:
            yield self.follow(response, link, self.parse_thread)

    def parse_comments(self, response: TextResponse) -> Output:
        """Comments on one floor (楼中楼), which the address names; then the next page."""
        thread, floor = _asked(response.url, "tid"), _asked(response.url, "pid")
        pager = json_at(only(response, "li.lzl_li_pager"), "data-field")
        for found in COMMENTS.read(response, is_part_of=f"{thread}#{floor}"):
            yield (
                replace(found, identifier=f"{thread}#{found.identifier}")
                if isinstance(found, Post)
                else found
            )
        page, last = _asked(response.url, "pn", "1"), printed(pager.get("total_page")) or "1"
        if last.isdecimal() and int(page) < int(last):
            following = f"/p/comment?tid={thread}&pid={floor}&pn={int(page) + 1}"
            yield self.follow(response, following, self.parse_comments)

    def parse_search(self, response: TextResponse) -> Output:
        """Hits of a search: floors, with the first words of each. What a hit leads to is not followed."""
        found = list(HITS.read(response))
        if not found:
            only(response, ".s_post_list, .search_noresult")  # else it is no page of hits
        yield from absolute(found, response)


def _asked(url: str, name: str, default: str | None = None) -> str:
    """A number in the address. Raises ExtractionError if it is not there."""
    found = number(rf"[?&]{name}=(\d{{1,20}})(?:&|$)")(url)
    return of_type(found or default, str, f"{name} in the address", url)


def _hit(row: Selector) -> tuple[str, str]:
    """Thread and floor that a hit leads to: ``/p/9117888152?pid=150718967291&cid=0#150718967291``."""
    link = value_of(row, ".p_title a::attr(href)") or ""
    found = of_type(re.search(r"/p/(\d+)\?.*?pid=(\d+)", link), re.Match, "the link of a hit", link)
    return found[1], found[2]


def _thread(row: Selector, response: TextResponse, bar: str) -> Post:
    field, title = json_at(row, "data-field"), only(row, "a.j_th_tit")
    return Post(
        identifier=attribute(row, "data-tid"),
        url=attribute(title, "href"),
        headline=value_of(title, "@title"),
        author=text(only(row, ".tb_icon_author .frs-author-name")),
        author_identifier=printed(take(field, "author_portrait", response.url)),
        publisher=bar,
        date_published=text(only(row, ".is_show_create_time")),
        date_last_reply=text(only(row, ".threadlist_reply_date")),
        comment_count=text(only(row, ".threadlist_rep_num")),
    )


def _floor(block: Selector, thread: str, response: TextResponse) -> Post:
    field = json_at(block, "data-field")
    content = of_type(field["content"], dict, "content", response.url)
    author: Json = of_type(take(field, "author", response.url), dict, "author", response.url)
    number = str(take(content, "post_id", response.url))
    tail = [text(part) for part in select(block, ".post-tail-wrap > span")]  # 属地, client, floor, time
    return Post(
        identifier=f"{thread}#{number}",
        url=response.urljoin(f"/p/{thread}?pid={number}#{number}"),
        article_body=text(only(block, ".d_post_content")),
        author=text(only(block, ".p_author_name")),
        author_identifier=(printed(take(author, "portrait", response.url)) or "").partition("?")[0] or None,
        author_level=value_of(block, ".d_badge_lv?"),
        date_published=tail[-1] if tail else None,
        location=next((part[5:] for part in tail if part.startswith("IP属地:")), None),
        position=printed(take(content, "post_no", response.url)),
        comment_count=printed(content.get("comment_num")),
        is_part_of=thread,
    )
