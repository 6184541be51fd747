"""V2EX: topics of the front page, of a node or of a tab, and one topic with its replies."""

from parsel import Selector

from crawler.engine.platforms.board import Board, board_pages, first, linked, moment
from crawler.engine.reading import optional, own_text
from crawler.engine.rows import Rows
from crawler.items import Post

TOPIC = r"/t/(\d+)"


def _last_reply(row: Selector) -> str | None:
    """ "1 分钟前" between the bullets; newer pages put it in a span. A topic without a reply has none."""
    line = optional(row, ".topic_info")
    if line is None:
        return None
    spanned = moment("span[title]")(line)
    pieces = (piece.strip("\xa0 ") for piece in own_text(line).split("•"))
    return spanned or next((piece for piece in pieces if piece and not piece.startswith("最后回复")), None)


class V2ex(Board):
    """V2EX (创意工作者社区): an advertisement is no ``.cell.item`` and no reply, so none is an item."""

    name = "v2ex"
    domains = ("v2ex.com",)
    pages = board_pages(forum=r"^/($|\?|recent|go/|changes)", thread=rf"^{TOPIC}")
    start_pages = {"post": ("https://www.v2ex.com/recent",)}
    expect = {"post": (1, 1_000_000)}
    numbered = TOPIC
    threads = Rows(
        Post,
        ".cell.item, #TopicsNode .cell[class*=t_]",
        **linked(".item_title a", TOPIC),
        author=first(".topic_info strong a"),
        author_identifier=first(".topic_info strong a"),  # the name is the account
        publisher="a.node?",
        comment_count="a[class^=count_]?",
        date_last_reply=_last_reply,
    )
    thread = Rows(
        Post,
        "/html",
        headline="h1",
        article_body=first(".cell > .topic_content"),  # not that of a supplement (附言)
        author=first(".header small a[href^='/member/']"),
        date_published=moment(".header small span[title]"),
        comment_count=(
            '(//span[@class="gray"][contains(., "条回复")])[1]?',
            lambda count: count.partition("条回复")[0].strip(),
        ),
    )
    floors = Rows(
        Post,
        'div.cell[id^="r_"]',
        identifier=("@id", lambda name: name.removeprefix("r_")),
        article_body=".reply_content",
        author=first("strong > a"),
        author_identifier=first("strong > a"),
        date_published=moment(".ago"),
        position=".no?",
        like_count=first(".small.fade:has(img)"),
    )
    publisher = '.header a[href^="/go/"]'
    further = '.page_current + .page_normal, a[rel~="next"]'
