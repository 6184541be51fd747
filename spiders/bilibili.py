"""Bilibili (哔哩哔哩): comments under a video and the floors of one comment, from the JSON of its reply API.

Source: github.com/SocialSisterYi/bilibili-API-collect, docs/comment.
"""

import re
from typing import Any

from scrapy.http import TextResponse
from w3lib.url import add_or_replace_parameters

from crawler.engine.reading import Json, json_of, of_type, printed, take
from crawler.engine.rows import JsonRows, search
from crawler.engine.site import Output, Page, Site
from crawler.items import Post
from crawler.quoted import quoted

FLOORS = "https://api.bilibili.com/x/v2/reply/reply?ps=20"
LISTS = (
    "[upper.top, top.upper, top.admin][]",
    "top_replies[]",
    "hots[]",
    "replies[]",
)  # the first two: pinned


def _subject(row: Json) -> str:
    """What is commented on: a video by its av number, anything else as TYPE/NUMBER (oid is unique per type)."""
    sort, number = printed(row.get("type")) or "1", printed(row.get("oid")) or ""
    return quoted(f"av{number}" if sort == "1" else f"{sort}/{number}", row.get("oid"))


def _part_of(row: Json) -> str:
    root = printed(row.get("root"))
    return root if root and root != "0" else _subject(row)


COMMENTS = JsonRows(
    Post,
    "comments",
    identifier="rpid",
    article_body="content.message?",  # none for a picture alone
    author="member.uname",
    author_identifier="member.mid",
    author_level="member.level_info.current_level?",
    date_published="ctime",
    like_count="like?",
    comment_count="rcount?",
    location=("reply_control.location?", lambda shown: shown.removeprefix("IP属地").lstrip("：:")),
    is_part_of=_part_of,
    ignore="oid oid_str type mid mid_str root parent dialog count state fansgrade attr rpid_str root_str parent_str "
    "dialog_str action replies assist folder up_action show_follow invisible card_label track_id cursor "
    "note_cvid_str",
)


class Bilibili(Site):
    """Comments on Bilibili as Posts; a floor is part of its comment, a comment of its video."""

    name = "bilibili"
    domains = ("api.bilibili.com",)
    pages = (
        Page("post", r"^/x/v2/reply/reply($|\?)", "parse_floors"),
        Page("post", r"^/x/v2/reply(/main|/wbi/main)?($|\?)", "parse_comments"),
    )
    expect = {"post": (1, 1_000_000)}

    def parse_comments(self, response: TextResponse) -> Output:
        """The counter of the video, its comments with the floors shown, the rest of them, the next page."""
        answer = _answer(response)
        rows = _rows(answer)
        known = [row for row in rows if isinstance(row, dict)]  # whatever else there is, the table reports
        if known:
            total = search(answer, "page.acount || cursor.all_count || page.count")
            yield Post(identifier=_subject(known[0]), comment_count=printed(total))
        yield from _comments(rows, response.url)
        for row in known:
            if _number(row.get("rcount")) > len(search(row, "replies[]") or ()):
                asked = {name: printed(row.get(name)) or "" for name in ("oid", "type")}
                asked |= {"root": printed(row.get("rpid")) or "", "pn": "1"}
                yield self.follow(response, add_or_replace_parameters(FLOORS, asked), self.parse_floors)
        yield from self._next(answer, response)

    def parse_floors(self, response: TextResponse) -> Output:
        """One comment and the floors under it, then the next page of them."""
        answer = _answer(response)
        yield from COMMENTS.read({"comments": [take(answer, "root", response.url)]}, response.url)
        yield from _comments(_rows(answer), response.url)
        yield from self._next(answer, response)

    def _next(self, answer: Json, response: TextResponse) -> Output:
        """Numbered pages only: an address with a signature (w_rid) is not made up."""
        number, size, count = (_number(search(answer, f"page.{name}")) for name in ("num", "size", "count"))
        if 0 < number * size < count and answer.get("replies"):
            url = add_or_replace_parameters(response.url, {"pn": str(number + 1)})
            yield self.follow(response, url, self.parse_floors if answer.get("root") else self.parse_comments)


def _answer(response: TextResponse) -> Json:
    """The object in `data`. Raises ExtractionError for a refusal, which carries a code and a message instead."""
    answer = of_type(json_of(response), dict, "the answer", response.url)
    return of_type(answer.get("data"), dict, f"data (code {answer.get('code')})", response.url)


def _rows(answer: Json) -> list[Any]:
    """The comments of all lists of an answer, each once: a pinned or hot one stands in two."""
    rows = [row for query in LISTS for row in search(answer, query) or () if row]
    return list({_key(row): row for row in rows}.values())


def _key(row: Any) -> str:
    """What tells a comment from the others; one without a number is like no other."""
    number = printed(row.get("rpid")) if isinstance(row, dict) else None
    return number or f"row {id(row)}"


def _comments(rows: list[Any], url: str) -> Output:
    yield from COMMENTS.read({"comments": rows}, url)
    yield from COMMENTS.read({"comments": search(rows, "[].replies[]") or []}, url)


def _number(value: Any) -> int:
    """A counter of the API; 0 for what is none."""
    digits = printed(value) or ""
    return int(digits) if re.fullmatch(r"[0-9]{1,12}", digits) else 0
