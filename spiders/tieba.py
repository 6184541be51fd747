"""Baidu Tieba (百度贴吧): threads of a bar and floors of a thread."""

from parsel import Selector
from scrapy.http import TextResponse

from crawler.engine.reading import Json, commented, json_at, only, printed, select, take, text
from crawler.engine.site import Output, Page, Site
from crawler.items import Post


class Tieba(Site):
    """Baidu Tieba; thread lists sit inside HTML comments, and one block of a thread page is an advertisement."""

    name = "tieba"
    domains = ("tieba.baidu.com",)
    pages = (
        Page("post", r"^/p/\d+", "parse_thread"),
        Page("post", r"^/f\?", "parse_bar"),
    )
    expect = {"post": (1, 100_000)}

    def parse_bar(self, response: TextResponse) -> Output:
        """Threads of one list page, each followed; then the next page."""
        place = '//code[@id="pagelet_html_frs-list/pagelet/thread_list"]'
        threads = commented(only(response, place), response.url)
        bar = text(only(response, "title")).partition("吧-")[0]
        for row in select(threads, "li.j_thread_list"):
            title = only(row, "a.j_th_tit")
            yield _thread(row, title, response.urljoin(title.attrib["href"]), bar)
            yield self.follow(response, title, self.parse_thread)
        for link in select(threads, "a.next.pagination-item")[:1]:
            yield self.follow(response, link, self.parse_bar)

    def parse_thread(self, response: TextResponse) -> Output:
        """The thread, and its floors on this page; then the next page."""
        thread = only(response, 'link[rel="canonical"]').attrib["href"].rpartition("/")[2]
        replies = select(response, "li.l_reply_num > span.red:first-child")  # above and below the floors
        yield Post(
            identifier=thread,
            url=response.urljoin(f"/p/{thread}"),
            headline=only(response, ".core_title_txt").attrib["title"],
            publisher=text(only(response, "a.card_title_fname")).removesuffix("吧"),
            comment_count=text(replies[0]) if replies else None,
        )
        for block in select(response, ".l_post"):
            field = json_at(block, "data-field")
            if "content" in field:  # without content it is an advertisement: no author, no floor
                yield _floor(block, field, thread, response)
        for link in select(response, '//li[contains(@class, "pb_list_pager")]/a[text()="下一页"]')[:1]:
            yield self.follow(response, link, self.parse_thread)


def _thread(row: Selector, title: Selector, url: str, bar: str) -> Post:
    field = json_at(row, "data-field")
    return Post(
        identifier=row.attrib["data-tid"],
        url=url,
        headline=title.attrib["title"],
        author=text(only(row, ".tb_icon_author .frs-author-name")),
        author_identifier=printed(take(field, "author_portrait", url)),
        publisher=bar,
        date_published=text(only(row, ".is_show_create_time")),
        date_last_reply=text(only(row, ".threadlist_reply_date")),
        comment_count=text(only(row, ".threadlist_rep_num")),
    )


def _floor(block: Selector, field: Json, thread: str, response: TextResponse) -> Post:
    content, author = field["content"], field["author"]
    number = str(take(content, "post_id", response.url))
    tail = [text(part) for part in select(block, ".post-tail-wrap > span")]  # 属地, client, floor, time
    return Post(
        identifier=f"{thread}#{number}",
        url=response.urljoin(f"/p/{thread}?pid={number}#{number}"),
        article_body=text(only(block, ".d_post_content")),
        author=text(only(block, ".p_author_name")),
        author_identifier=str(take(author, "portrait", response.url)).partition("?")[0],
        date_published=tail[-1],
        location=next((part[5:] for part in tail if part.startswith("IP属地:")), None),
        position=str(take(content, "post_no", response.url)),
        is_part_of=thread,
    )
