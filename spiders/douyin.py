"""Douyin (抖音): comments on a video and the floors of one comment, from the JSON that its app and its page load.

The addresses are signed, so nothing is asked for automatically: a person browses, or brings a recording.
"""

from scrapy.http import TextResponse

from crawler.engine.reading import Json, json_of, of_type, printed, take
from crawler.engine.rows import JsonRows, search
from crawler.engine.site import Output, Page, Site
from crawler.items import Post


def _part_of(row: Json) -> str | None:
    """The comment above a floor, else the video."""
    above = printed(row.get("reply_id"))
    return above if above and above != "0" else printed(row.get("aweme_id"))


def _location(row: Json) -> str | None:
    """IP 属地: a field of its own, or in older answers a label "IP:上海", which may also say 作者 or 热评."""
    label = printed(row.get("label_text")) or ""
    return printed(row.get("ip_label")) or (label.removeprefix("IP:") if label.startswith("IP:") else None)


COMMENTS = JsonRows(
    Post,
    "comments",
    identifier="cid",
    article_body="text?",  # none for a picture alone
    author="user.nickname",
    author_identifier="user.sec_uid || user.uid",
    date_published="create_time",
    like_count="digg_count?",
    comment_count="reply_comment_total?",
    location=_location,
    is_part_of=_part_of,
    ignore="aweme_id reply_id reply_to_reply_id label_text label_type label_list status text_extra reply_comment "
    "reply_to_user_sec_id reply_to_userid reply_to_username is_author_digged user_digged user_buried stick_position "
    "image_list ip_label is_hot is_note_comment can_share item_comment_total level sort_tags sort_extra_score "
    "content_type is_folded enter_from is_user_tend_to_reply comment_reply_total alias_aweme",
)


class Douyin(Site):
    """Comments on Douyin as Posts; a floor is part of its comment, a comment of its video."""

    name = "douyin"
    domains = ("douyin.com", "iesdouyin.com", "amemv.com", "snssdk.com")
    pages = (Page("post", r"^/aweme/v\d+/(web/)?comment/list/(reply/)?($|\?)", "parse_comments"),)
    expect = {"post": (1, 1_000_000)}
    access = "assisted"

    def parse_comments(self, response: TextResponse) -> Output:
        """The counter of the video or comment that is answered, and the comments with the floors shown."""
        answer = of_type(json_of(response), dict, "the answer", response.url)
        rows = take(answer, "comments", response.url) or []  # null where there are none
        first = search(rows, "[0]")
        if isinstance(first, dict) and (above := _part_of(first)):
            video = printed(first.get("aweme_id"))
            total = printed(answer.get("total"))
            yield Post(identifier=above, comment_count=total, is_part_of=video if video != above else None)
        yield from COMMENTS.read({"comments": rows}, response.url)
        floors = search(rows, "[].reply_comment[]") or []
        yield from COMMENTS.read({"comments": floors}, response.url)
