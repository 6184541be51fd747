"""Xiaohongshu (小红书): notes in the feed, in search results, on profiles and on their own page; notes and comments
in the JSON that its page (``/api/sns/web/…``) and its app (``/api/sns/v…``) load.

A page is the cards that are shown and ``window.__INITIAL_STATE__``, a JSON object but for bare ``undefined``. The
addresses of the API are signed, so nothing is asked for automatically.
"""

import re
from typing import Any

from scrapy.http import TextResponse
from w3lib.url import url_query_parameter

from crawler.engine.reading import Json, Oddity, json_of, of_type, parse_json, printed, script_with
from crawler.engine.rows import JsonRows, Rows, search
from crawler.engine.site import Output, Page, Site
from crawler.items import Post
from crawler.quoted import quoted

API = r"^/api/sns/(web/)?v\d+/"
LINK = '(.//a[starts-with(@href, "/explore/")])[1]/@href'
STRING_OR_UNDEFINED = re.compile(r'"(?:[^"\\]|\\.)*+"?|\bundefined\b', re.DOTALL)


def _address(number: str) -> str:
    return f"https://www.xiaohongshu.com/explore/{number}"


def _counted(shown: str) -> str | None:
    """A counter as shown; where nobody has pressed the button, its label 赞 stands there instead."""
    return shown if re.search(r"\d", shown) else None


CARDS = Rows(  # a card without a link to a note offers searches (大家都在搜)
    Post,
    '//section[contains(concat(" ", @class, " "), " note-item ")][.//a[starts-with(@href, "/explore/")]]',
    identifier=(LINK, lambda link: re.split("[/?#]", link)[2]),
    url=(LINK, lambda link: _address(re.split("[/?#]", link)[2])),
    headline="a.title?",
    author=".author .name",
    author_identifier=("a.author::attr(href)?", lambda link: link.partition("?")[0].rpartition("/")[2]),
    like_count=(".like-wrapper .count?", _counted),
    promoted='.//*[normalize-space(text())="广告" or normalize-space(text())="赞助"]'
    '[not(ancestor-or-self::a[contains(@class, "title") or contains(@class, "author")])]',
)
NOTES = JsonRows(  # names of the page's state, of its API, and of the app's API
    Post,
    "notes",
    identifier="noteId || note_id || id",
    url=("noteId || note_id || id", _address),
    headline="displayTitle || display_title || title?",
    article_body="desc?",
    author="user.nickname || user.nickName || user.nick_name",
    author_identifier="user.userId || user.user_id || user.userid?",
    date_published="time?",
    location="ipLocation || ip_location?",
    like_count=("interactInfo.likedCount || interact_info.liked_count || likes?", _counted),
    comment_count=("interactInfo.commentCount || interact_info.comment_count?", _counted),
    share_count=("interactInfo.shareCount || interact_info.share_count?", _counted),
    promoted="adsInfo || ads_info || modelType == 'ads' || model_type == 'ads'",
    # view_count is 0 for everybody but the author; the rest has no place in a Post
    ignore="note_id id display_title title likes modelType model_type type cover video xsecToken xsec_token "
    "imageList image_list tagList tag_list ads_info ip_location atUserList at_user_list lastUpdateTime "
    "last_update_time shareInfo share_info cornerTagInfo corner_tag_info "
    "inlikes view_count has_music is_goods_note price video_info_v2 images_list recommend sticky cursor level "
    "advanced_widgets_groups widgets_context interact_info interactInfo",
)
COMMENTS = JsonRows(
    Post,
    "comments",
    identifier="id",
    article_body="content?",  # none for a picture alone
    author="user.nickname || user_info.nickname",
    author_identifier="user.userid || user_info.user_id",
    date_published="time || create_time",
    location="ip_location?",
    like_count="like_count?",
    comment_count="sub_comment_count?",
    is_part_of="note_id?",
    ignore="user_info create_time at_users friend_liked_msg liked hidden invalid score status sub_comments show_tags "
    "track_id show_type comment_extra_info comment_type pictures target_comment sub_comment_cursor xsec_token "
    "sub_comment_has_more",
)


class Xiaohongshu(Site):
    """Notes and comments on Xiaohongshu as Posts; a floor is part of its comment, a comment of its note."""

    name = "xiaohongshu"
    domains = ("xiaohongshu.com",)
    pages = (
        Page("post", rf"{API}(note/)?comment/(page|list|sub/page|sub_comments?)($|\?)", "parse_comments"),
        Page(
            "post",
            rf"{API}(homefeed|feed|search/notes|user_posted|note/(feed|user/posted|(collect|like)/page))($|\?)",
            "parse_notes",
        ),
        Page("post", r"^/(explore|discovery/item|search_result)/[0-9a-f]{24}($|[/?])", "parse_note"),
        Page("post", r"^/($|\?|(explore|search_result)/?($|\?)|user/profile/)", "parse_feed"),
    )
    expect = {"post": (1, 1_000_000)}
    access = "assisted"

    def parse_feed(self, response: TextResponse) -> Output:
        """The cards shown, then the notes that only the state names."""
        cards = list(CARDS.read(response))
        yield from cards
        if not cards or "__INITIAL_STATE__" in response.text:  # a page saved as MHTML has no scripts
            shown = {card.identifier for card in cards if isinstance(card, Post)}
            lists = search(_state(response), "[feed.feeds, search.feeds, user.notes[]][?@]") or []
            notes = [note for row in search(lists, "[]") for note in _whole(row)]
            for found in NOTES.read({"notes": notes}, response.url):
                if not isinstance(found, Post) or found.identifier not in shown:
                    yield found
            if not cards and not notes:
                yield Oddity(f"no notes on {response.url}; look at the capture: is it a page to log in?")

    def parse_note(self, response: TextResponse) -> Output:
        """The note itself; its comments come in answers of their own."""
        state = _state(response)
        notes = search(state, "note.noteDetailMap.*.note | [?@]")
        yield from NOTES.read({"notes": notes}, response.url)
        if not notes:
            yield Oddity(f"the state of {response.url} holds no note; look at the capture: is it gone?")
        if search(state, "note.noteDetailMap.*.comments.list[]"):
            yield Oddity(f"the state of {response.url} holds comments, which are not read from there")

    def parse_notes(self, response: TextResponse) -> Output:
        """Notes of a feed, a search, a profile, a collection, or one note."""
        content = _content(response)
        rows = of_type(content.get("notes", content.get("items")), list, "data.notes", response.url)
        yield from NOTES.read({"notes": [note for row in rows for note in _whole(row)]}, response.url)

    def parse_comments(self, response: TextResponse) -> Output:
        """The counter of the note, its comments, and the floors shown under each."""
        content = _content(response)
        rows = of_type(content.get("comments"), list, "data.comments", response.url)
        above = url_query_parameter(response.url, "root_comment_id")  # of an answer with floors
        note, total = search(rows, "[0].note_id"), printed(content.get("comment_count"))
        if note and total and not above:
            yield Post(identifier=str(note), url=_address(note), comment_count=total)
        yield from COMMENTS.read({"comments": rows}, response.url, **({"is_part_of": above} if above else {}))
        for row in rows:
            floors = {"comments": search(row, "sub_comments[]") or []}
            yield from COMMENTS.read(floors, response.url, is_part_of=printed(search(row, "id")))


def _state(response: TextResponse) -> Any:
    """The state of a page. Raises ExtractionError if there is none."""
    source = script_with(response, r"__INITIAL_STATE__\s*=\s*(\{.*\})")
    plain = STRING_OR_UNDEFINED.sub(lambda found: "null" if found[0] == "undefined" else found[0], source)
    return parse_json(quoted(plain, source), response.url)


def _whole(row: Any) -> list[Any]:
    """A note with what the feed says of it; nothing for an entry that offers searches."""
    card = search(row, "noteCard || note_card")
    if isinstance(card, dict):
        return [{"id": row.get("id"), "model_type": row.get("model_type", row.get("modelType")), **card}]
    return [row] if search(row, "modelType || model_type") in (None, "note") else []


def _content(response: TextResponse) -> Json:
    """The object in `data`. Raises ExtractionError for a refusal, which carries a code and a message instead."""
    answer = of_type(json_of(response), dict, "the answer", response.url)
    return of_type(answer.get("data"), dict, f"data (code {answer.get('code')})", response.url)
