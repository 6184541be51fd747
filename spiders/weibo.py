"""Weibo (微博), in the forms that a person may have before them.

- weibo.cn, the plain pages: a profile (``div.c#M_…``) and the comments on one weibo (``div.c#C_…``)
- weibo.com, the page of one weibo as it was until 2021: ``[action-type=feed_list_item]``, comments ``.list_li``
- the JSON that m.weibo.cn and today's weibo.com load, as their users report it (there is no saved page): lists of
  weibos, ``data.cards[].mblog`` or ``data.list``, and comments, ``data.data`` or ``data``

A weibo is known by the short id of its address (J5cVGuUNq), which is its number in the digits of base 62; a repost is
part of what it reposts. The site sends strangers to its visitor system, so nothing is asked for automatically.
"""

import re
from collections.abc import Iterable, Iterator
from string import ascii_lowercase, ascii_uppercase, digits
from typing import Any

from parsel import Selector
from scrapy.http import TextResponse
from w3lib.url import url_query_parameter

from crawler.engine.reading import (
    SPACE,
    Found,
    Json,
    Oddity,
    each,
    fragment,
    json_of,
    of_type,
    only,
    printed,
    select,
    text,
)
from crawler.engine.rows import JsonRows, Rows, search, value_of
from crawler.engine.site import Output, Page, Site
from crawler.items import Item, Post
from crawler.quoted import quoted

# Text with emoticons as they are typed ([心] is a picture) and without the letters of a font of signs; and breaks.
PIECES = (
    './descendant-or-self::text()[not(ancestor::*[contains(@class, "W_ficon")])]'
    ' | ./descendant-or-self::img/@alt[starts-with(., "[")] | ./descendant-or-self::br'
)
REASON = './div/span[@class="cmt"][starts-with(., "转发理由")]'  # what follows is the repost's own text
TEXT = './div/span[@class="ctt"] | ./span[@class="ctt"]'
AFTER = (  # what follows the text within its element: counters, time, links to do something
    './self::span[@class="cmt" or @class="cc" or @class="ct"] | ./self::a[contains(@href, "/attitude/") '
    'or contains(@href, "/spam/") or contains(@href, "/mblog/picAll/")]'
)
COUNTERS = {  # between the weibo and the comments on it
    "like_count": '//body/div[not(@class)]/span/a[starts-with(@href, "/attitude/")]?',
    "share_count": '//body/div[not(@class)]/span/a[starts-with(@href, "/repost/")]?',
    "comment_count": '//body/div[not(@class)]/span[@class="pms"][contains(., "评论[")]?',
}
BASE62 = digits + ascii_lowercase + ascii_uppercase
OPTIONS = './div[@node-type="feed_list_options"]//a[@action-type="{}"]//em[last()]?'
CONTENT = './div[contains(@class, "list_con")]/div[contains(@class, "{}")]'


def _shown(nodes: Iterable[Selector]) -> str:
    """The text of nodes; see PIECES."""
    found = (piece.root for node in nodes for piece in ([node] if _is_text(node) else node.xpath(PIECES)))
    whole = "".join(piece if isinstance(piece, str) else "\0" for piece in found)
    lines = (SPACE.sub(" ", line).strip(" ") for line in whole.split("\0"))
    return "\n".join(line for line in lines if line)


def _is_text(node: Selector) -> bool:
    return isinstance(node.root, str)


def _from(start: Selector) -> Iterator[Selector]:
    for node in start.xpath("./following-sibling::node()[self::* or self::text()]"):
        if not _is_text(node) and node.xpath(AFTER):
            return
        yield node


def _text_of(row: Selector) -> str | None:
    """The text on weibo.cn. Its element ends at the first emoticon, which the site closes once too often."""
    start = next(iter(select(row, TEXT)), None)
    if start is None:
        return None
    return quoted(_shown([start, *_from(start)]).removesuffix("[").strip(), text(start)) or None


def _written(row: Selector) -> str | None:
    """The text that the author wrote: of a repost, the reason given for it."""
    reason = next(iter(select(row, REASON)), None)
    return _text_of(row) if reason is None else quoted(_shown(_from(reason)), text(reason)) or None


def _bracketed(shown: str) -> str:
    """The number in 赞[523801]; the site counts reposts and comments up to 1000000."""
    return shown.rpartition("[")[2].rstrip("] ")


def _counted(shown: str) -> str | None:
    """A counter; where nobody has pressed the button, its label stands there instead."""
    return shown if re.search(r"\d", shown) else None


def _when(row: Selector) -> tuple[str, str, str]:
    """Time, IP 属地 and client of ``DATE&nbsp;来自来自河北``; after one 来自 stands an app or a telephone."""
    node = only(row, './/span[@class="ct"]')
    date, _, source = "".join(node.xpath(".//text()").getall()).strip().partition("\xa0")
    source = source.strip()
    place = source.removeprefix("来自来自") if "来自来自" in source else ""
    client = "" if place else source.removeprefix("来自")
    return quoted(date.strip(), text(node)), quoted(place, text(node)), quoted(client, text(node))


def _last(link: str) -> str:
    """The last part of the path of an address: an id, or the name that an account chose."""
    return link.partition("?")[0].partition("#")[0].rstrip("/").rpartition("/")[2]


def _before_last(link: str) -> str:
    """The account in /1823184085/Ja520cHZo."""
    return _last(link.partition("?")[0].rpartition("/")[0])


def _account(link: str) -> str | None:
    found = re.search(r"[?&]f?uid=(\d+)", link)
    return found[1] if found else None


def _post(number: str) -> str:
    return f"https://weibo.cn/comment/{number.removeprefix('M_')}"


def _html(source: str) -> str | None:
    return _shown([fragment(source, "")]) or None


WEIBOS = Rows(
    Post,
    'div.c[id^="M_"]',
    identifier=("@id", lambda value: value.removeprefix("M_")),
    url=("@id", _post),
    article_body=_written,
    author='./div/a[@class="nk"]?',
    author_identifier=('./div[last()]/a[contains(@href, "/repost/")]/@href?', _account),
    date_published=lambda row: _when(row)[0] or None,
    location=lambda row: _when(row)[1] or None,
    client=lambda row: _when(row)[2] or None,
    like_count=('./div[last()]/a[contains(@href, "/attitude/")]?', _bracketed),
    share_count=('./div[last()]/a[contains(@href, "/repost/")]?', _bracketed),
    comment_count=('./div[last()]/a[starts-with(., "评论[")]?', _bracketed),
    is_part_of=('./div/a[starts-with(., "原文评论[")]/@href?', _last),
    promoted='.//span[@class="kt"][contains(., "广告") or contains(., "推广")]',
)
REPOSTED = Rows(  # of a row of WEIBOS; without its counters, which a link leads to, it is gone
    Post,
    ".",
    identifier=('./div/a[starts-with(., "原文评论[")]/@href', _last),
    url=('./div/a[starts-with(., "原文评论[")]/@href', lambda link: _post(_last(link))),
    article_body=_text_of,
    author=('./div/span[@class="cmt"][contains(., "转发了")]/a', lambda name: name.removeprefix("@")),
    author_identifier=('./div/span[@class="cmt"][contains(., "转发了")]/a/@href', _last),
    like_count=('./div/span[@class="cmt"][starts-with(., "赞[")]?', _bracketed),
    share_count=('./div/span[@class="cmt"][starts-with(., "原文转发[")]?', _bracketed),
    comment_count=('./div/a[starts-with(., "原文评论[")]', _bracketed),
)
COMMENTS = Rows(
    Post,
    'div.c[id^="C_"]',
    identifier=("@id", lambda value: value.removeprefix("C_")),
    article_body=_text_of,
    author="(./a)[1]",
    author_identifier=('./a[contains(@href, "/spam/")]/@href?', _account),
    date_published=lambda row: _when(row)[0] or None,
    location=lambda row: _when(row)[1] or None,
    client=lambda row: _when(row)[2] or None,
    like_count=('./span[@class="cc"]/a[contains(@href, "/attitude/")]?', _bracketed),
)
ENTRIES = Rows(  # of weibo.com; the date in the title has its year
    Post,
    'div[action-type="feed_list_item"]',
    identifier=('.//a[@node-type="feed_list_item_date"]/@href', _last),
    url=(
        './/a[@node-type="feed_list_item_date"]/@href',
        lambda link: f"https://weibo.com{link.partition('?')[0]}",
    ),
    article_body=lambda row: _part(row, './/div[@node-type="feed_list_content"]'),
    author='(.//div[contains(@class, "WB_info")])[1]/a[1]',
    author_identifier=('.//a[@node-type="feed_list_item_date"]/@href', _before_last),
    date_published='.//a[@node-type="feed_list_item_date"]/@title',
    client='.//a[@action-type="app_source"]?',
    like_count=(OPTIONS.format("fl_like"), _counted),
    share_count=(OPTIONS.format("fl_forward"), _counted),
    comment_count=(OPTIONS.format("fl_comment"), _counted),
    promoted='./self::*[@feedtype="ad"]',
)
REPLIES = Rows(
    Post,
    "div.list_li[comment_id]",
    identifier="@comment_id",
    article_body=lambda row: (_part(row, CONTENT.format("WB_text")) or "").partition("：")[2] or None,
    author=CONTENT.format("WB_text") + "/a[1]",
    author_identifier=(CONTENT.format("WB_text") + "/a[1]/@usercard?", lambda card: card.partition("id=")[2]),
    date_published=CONTENT.format("WB_func") + '/div[contains(@class, "WB_from")]',
    like_count=(CONTENT.format("WB_func") + '//a[@action-type="fl_like"]//em[last()]?', _counted),
)


def _short(number: str) -> str:
    """The id in addresses for a number: seven decimal digits from the right make four digits of base 62."""
    if not re.fullmatch(r"[0-9]{8,20}", number):
        return number
    parts = [number[max(0, end - 7) : end] for end in range(len(number), 0, -7)][::-1]
    return quoted(
        "".join(_base62(int(part)).rjust(4 if at else 1, "0") for at, part in enumerate(parts)), number
    )


def _base62(value: int) -> str:
    written = ""
    while value:
        value, digit = divmod(value, 62)
        written = BASE62[digit] + written
    return written


def _mblog_id(row: Json) -> str:
    return _short(of_type(search(row, "bid || mblogid || mid || idstr || id"), str, "id", "a weibo in JSON"))


def _reposted_id(row: Json) -> str | None:
    original = row.get("retweeted_status")
    return _mblog_id(original) if isinstance(original, dict) else None


MBLOGS = JsonRows(
    Post,
    "weibos",
    identifier=_mblog_id,
    url=lambda row: f"https://m.weibo.cn/status/{_mblog_id(row)}",
    article_body=("longText.longTextContent || longText.content || text?", _html),
    author="user.screen_name",
    author_identifier="user.id?",
    date_published="created_at",
    location=("region_name?", lambda shown: shown.removeprefix("发布于").strip()),
    like_count="attitudes_count?",
    share_count="reposts_count?",
    comment_count="comments_count?",
    is_part_of=_reposted_id,
    promoted="promotion || mblogtypename == '广告'",
    ignore="ok bid mblogid id idstr mid text text_raw source retweeted_status "
    "visible can_edit edit_config edit_count edit_at version mblogtype "
    "mblogtypename show_additional_indication pic_ids pics pic_num pic_types thumbnail_pic bmiddle_pic original_pic "
    "pic_focus_point pic_rectangle_object pic_flag is_paid mblog_vip_type picStatus favorited raw_text reads_count "
    "isLongText textLength page_info title darwin_tags hot_page reward_exhibition_type hide_flag rid content_auth "
    "mlevel more_info_type extern_safe number_display_strategy pending_approval_count analysis_extra cardid "
    "reward_scheme can_remark ad_state repost_type continue_tag fid topic_id sync_mblog is_imported_topic "
    "status_city status_province status_country mark safe_tags customIcons new_comment_style ab_switcher jump_type "
    "region_opt mblog_menu_new_style enable_comment_guide buttons alchemy_params falls_pic_focus_point stickerID",
)


JSON_COMMENTS = JsonRows(
    Post,
    "comments",
    identifier="idstr || id",
    article_body=("text?", _html),
    author="user.screen_name",
    author_identifier="user.idstr || user.id?",
    date_published="created_at",
    location=(
        "source?",
        lambda shown: shown.removeprefix("来自") if shown.startswith("来自") else None,
    ),  # or an app
    like_count="like_counts || like_count?",
    comment_count="total_number?",
    ignore="id mid rootid rootidstr floor_number text_raw like_count max_id comments more_info reply_comment "
    "reply_original_text disable_reply restrictOperate source_allowclick source_type allow_follow item_category "
    "degrade_type report_scheme match_ai_play_picture url_struct url_objects pic pic_infos liked "
    "isLikedByMblogAuthor is_mblog_author comment_badge readtimetype rich_text vip_button "
    "followers_count gid feature_type cut_tail safetags bid",
)


class Weibo(Site):
    """Weibos and the comments on them as Posts; counters are as shown, and capped by the site."""

    name = "weibo"
    domains = ("weibo.cn", "weibo.com")
    pages = (
        Page("post", r"^/api/container/getIndex($|\?)", "parse_cards"),
        Page("post", r"^/(ajax/)?statuses/(show|mymblog)($|\?)", "parse_list"),
        Page(
            "post", r"^/comments/hot[fF]low(Child)?\?|^/ajax/statuses/buildComments\?", "parse_json_comments"
        ),
        Page("post", r"^/comment/\w+($|\?)", "parse_comments"),
        Page("post", r"^/(u/)?\d+(/profile)?/?($|\?)|^/search/mblog($|/|\?)", "parse_profile"),
        Page("post", r"^/\d+/[0-9A-Za-z]{9}($|\?)", "parse_weibo"),
    )
    expect = {"post": (1, 1_000_000)}
    access = "assisted"

    def parse_profile(self, response: TextResponse) -> Output:
        """Weibos of one list on weibo.cn, and what they repost."""
        name = text(only(response, "title"))
        given = {"author": name.removesuffix("的微博")} if name.endswith("的微博") else {}
        rows = select(response, 'div.c[id^="M_"]')
        yield from each(rows, lambda row: WEIBOS.item(row, **given))
        yield from each(rows, _reposted)
        yield from _nothing(rows, response)

    def parse_comments(self, response: TextResponse) -> Output:
        """One weibo on weibo.cn, what it reposts, and the comments on it."""
        row = only(response, "div.c#M_")
        number = _last(value_of(response, '(//a[starts-with(@href, "/comment/")])[1]/@href') or "")
        account = value_of(row, './/a[contains(@href, "/spam/")]/@href?')
        given = {
            "author": value_of(row, "(./div[1]/a)[1]"),
            "author_identifier": _account(account) if account else None,
        }
        for name, query in COUNTERS.items():
            shown = value_of(response, query)
            given[name] = _bracketed(shown) if shown else None
        yield WEIBOS.item(row, identifier=number, url=_post(number), **given)
        yield from each([row], _reposted)
        yield from COMMENTS.read(response, is_part_of=number)

    def parse_weibo(self, response: TextResponse) -> Output:
        """One weibo on weibo.com and the comments shown; what the site recommends beside them is left out."""
        rows = select(response, 'div[action-type="feed_list_item"]')
        yield from each(rows, _entry)
        yield from _nothing(rows, response)

    def parse_cards(self, response: TextResponse) -> Output:
        """Weibos of a list of m.weibo.cn, and what they repost."""
        cards = search(json_of(response), "data.cards[*].[mblog, card_group[*].mblog]")
        yield from _mblogs(search(cards, "[][] | [?@]"), response.url)

    def parse_list(self, response: TextResponse) -> Output:
        """Weibos of an account, or one weibo, as today's weibo.com loads them, and what they repost."""
        answer = of_type(json_of(response), dict, "the answer", response.url)
        weibos = search(answer, "data.list")
        if weibos is None:  # m.weibo.cn puts the one weibo in `data`
            single = answer if "mblogid" in answer else answer.get("data")
            weibos = [of_type(single, dict, "data", response.url)]
        yield from _mblogs(weibos, response.url)

    def parse_json_comments(self, response: TextResponse) -> Output:
        """Comments on a weibo or floors under a comment, with the floors shown under each."""
        rows = search(json_of(response), "[data.data, data][?@ != `null`] | [0]")
        above = url_query_parameter(response.url, "cid") or url_query_parameter(response.url, "id")
        floors = url_query_parameter(response.url, "fetch_level") == "1" or "hotFlowChild" in response.url
        part_of = above if floors or not above else _short(above)
        yield from JSON_COMMENTS.read({"comments": rows}, response.url, is_part_of=part_of)
        for row in rows:
            shown = {"comments": search(row, "comments[]") or []}
            number = printed(search(row, "idstr || id"))
            yield from JSON_COMMENTS.read(shown, response.url, is_part_of=number)


def _mblogs(weibos: Any, url: str) -> Output:
    yield from MBLOGS.read({"weibos": weibos}, url)
    yield from MBLOGS.read({"weibos": search(weibos, "[].retweeted_status") or []}, url)


def _entry(row: Selector) -> Iterator[Found]:
    entry = ENTRIES.item(row)
    yield entry
    yield from each(select(row, "div.list_li[comment_id]"), lambda reply: _reply(reply, entry.identifier))


def _reply(reply: Selector, weibo: str) -> Item:
    above = next(iter(select(reply, "./ancestor::div[@comment_id][1]/@comment_id")), None)
    return REPLIES.item(reply, is_part_of=weibo if above is None else above.get())


def _reposted(row: Selector) -> list[Found]:
    gone = not select(row, './div/a[starts-with(., "原文评论[")]')
    return [] if gone else [REPOSTED.item(row)]


def _part(row: Selector, query: str) -> str | None:
    node = only(row, query)
    return quoted(_shown([node]), text(node)) or None


def _nothing(rows: list[Selector], response: TextResponse) -> Output:
    if not rows:
        yield Oddity(
            f"no weibo on {response.url}; look at the capture: is it the visitor system, or a page of scripts?"
        )
