"""Discourse: its JSON by its public documentation, its HTML for readers without scripts, and JSON-LD of others."""

import json
from typing import Any

import pytest
from scrapy.http import HtmlResponse, Request, TextResponse

from crawler.engine.platforms.discourse import Discourse
from crawler.engine.platforms.discussion import Discussion
from crawler.engine.reading import Oddity
from crawler.engine.site import Site
from crawler.errors import ExtractionError
from crawler.items import Post
from crawler.quoted import place_of
from spiders.linuxdo import Linuxdo

HOST = "https://linux.do"
LATEST = {
    "users": [{"id": 1, "username": "jia"}],
    "topic_list": {
        "more_topics_url": "/latest?no_definitions=true&page=1",
        "topics": [
            {"id": 12, "title": "收体验官 & 好评师", "fancy_title": "x", "slug": "topic", "posts_count": 31,
             "reply_count": 20, "views": 3400, "like_count": 5, "created_at": "2026-11-01T09:00:00.000Z",
             "last_posted_at": "2026-11-02T09:00:00.000Z", "pinned": False, "category_id": 4, "posters": []}
        ],
    },
}  # fmt: skip
POST = {
    "username": "jia",
    "user_id": 7,
    "created_at": "2026-11-01T09:00:00.000Z",
    "reply_count": 2,
    "topic_id": 12,
}
TOPIC = {
    "id": 12, "title": "收体验官", "created_at": "2026-11-01T09:00:00.000Z", "reply_count": 20, "views": 3400,
    "last_posted_at": "2026-11-02T09:00:00.000Z", "like_count": 5,
    "post_stream": {
        "posts": [
            POST | {"id": 901, "post_number": 1, "cooked": "<p>五星<br>返现 &amp; 红包</p>", "user_title": "老手",
                    "actions_summary": [{"id": 3, "count": 9}, {"id": 2, "count": 4}]},
            POST | {"id": 902, "post_number": 2, "cooked": "", "user_title": None, "actions_summary": []},
            *(POST | {"id": 900 + number, "post_number": number, "cooked": "x"} for number in range(3, 21)),
        ],
        "stream": [901, 902, *range(903, 933)],
    },
}  # fmt: skip


def outputs_of(site: type[Site], path: str, content: Any) -> tuple[list[Post], list[str], list[Oddity]]:
    body = content if isinstance(content, str) else json.dumps(content)
    sort = HtmlResponse if isinstance(content, str) else TextResponse
    response = sort(HOST + path, body=body.encode(), encoding="utf-8")
    outputs = list(getattr(site(), site.reads(response.url) or "")(response))
    return (
        [output for output in outputs if isinstance(output, Post)],
        [output.url.removeprefix(HOST) for output in outputs if isinstance(output, Request)],
        [output for output in outputs if isinstance(output, Oddity)],
    )


def test_latest() -> None:
    (topic,), requests, odd = outputs_of(Linuxdo, "/latest.json", LATEST)
    assert topic == Post(
        identifier="12",
        headline="收体验官 & 好评师",
        date_published="2026-11-01T09:00:00.000Z",
        date_last_reply="2026-11-02T09:00:00.000Z",
        comment_count="20",
        like_count="5",
        view_count="3400",
    )
    assert place_of(topic.headline) == "#/topic_list/topics/0/title"
    assert requests == ["/t/12.json", "/latest.json?no_definitions=true&page=1"]
    assert odd == []


def test_topic() -> None:
    (topic, first, second, *rest), requests, _ = outputs_of(Linuxdo, "/t/12.json", TOPIC)
    assert (topic.identifier, topic.url, topic.comment_count) == ("12", f"{HOST}/t/12", "20")
    assert first == Post(
        identifier="12#901",
        url=f"{HOST}/t/12/1",
        article_body="五星\n返现 & 红包",
        author="jia",
        author_identifier="7",
        author_level="老手",
        date_published="2026-11-01T09:00:00.000Z",
        position="1",
        comment_count="2",
        like_count="4",
        is_part_of="12",
    )
    assert str(place_of(first.article_body)).startswith("#/post_stream/posts/0/cooked > /html/body")
    assert (second.article_body, second.like_count, second.position) == (None, None, "2")
    assert len(rest) == 18
    assert requests == ["/t/12.json?page=2"]


def test_the_last_page_of_a_topic_asks_for_nothing() -> None:
    whole = TOPIC | {"post_stream": TOPIC["post_stream"] | {"stream": list(range(901, 921))}}  # type: ignore[operator]
    assert outputs_of(Linuxdo, "/t/12.json?page=2", whole)[1] == []


def test_the_next_page_follows_the_last_post_sent() -> None:
    posts = [POST | {"id": number, "post_number": number, "cooked": "x"} for number in range(21, 41)]
    second = TOPIC | {"post_stream": {"posts": posts, "stream": list(range(1, 51))}}
    assert outputs_of(Linuxdo, "/t/12.json?page=2", second)[1] == ["/t/12.json?page=3"]


@pytest.mark.parametrize(
    "content", [[], {}, {"id": 1}, {"id": 12, "title": "x"}, {"topic_list": {"topics": 3}}]
)
def test_an_answer_of_another_shape_is_refused(content: Any) -> None:
    for path in ("/t/12.json", "/latest.json"):
        with pytest.raises(ExtractionError):
            outputs_of(Linuxdo, path, content)


CRAWLER = """<html><body><div itemscope itemtype='http://schema.org/DiscussionForumPosting'>
<meta itemprop='headline' content='收体验官'><link itemprop='url' href='https://linux.do/t/topic/12'>
<meta itemprop='datePublished' content='2026-11-01T09:00:00Z'><meta itemprop='articleSection' content='福利'>
<div itemprop='publisher' itemscope itemtype="http://schema.org/Organization"><meta itemprop='name' content='L'></div>
<div id='post_1' class='topic-body crawler-post'><div class='crawler-post-meta'>
<span class="creator" itemprop="author" itemscope itemtype="http://schema.org/Person">
<a itemprop="url" href='https://linux.do/u/jia'><span itemprop='name'>jia</span></a></span>
<time datetime='2026-11-01T09:00:00Z' class='post-time'>x</time><span itemprop='position'>1</span></div>
<div class='post' itemprop='text'><p>五星<br>返现</p></div>
<div itemprop="interactionStatistic" itemscope itemtype="http://schema.org/InteractionCounter">
<meta itemprop="interactionType" content="http://schema.org/LikeAction"/>
<meta itemprop="userInteractionCount" content="3" /></div></div>
<div id='post_2' itemprop='comment' itemscope itemtype='http://schema.org/Comment'>
<span itemprop="author" itemscope itemtype="http://schema.org/Person"><a itemprop="url" href='https://linux.do/u/yi'>
<span itemprop='name'>yi</span></a></span><link itemprop="url" href="https://linux.do/t/topic/12/2">
<time itemprop='datePublished' datetime='2026-11-02T09:00:00Z'>x</time><span itemprop='position'>2</span>
<div class='post' itemprop='text'><p>已加</p></div></div></div>
<a rel="next" itemprop="url" href="/t/topic/12?page=2">next</a></body></html>"""


def test_the_page_for_readers_without_scripts() -> None:
    (topic, answer), requests, odd = outputs_of(Linuxdo, "/t/topic/12", CRAWLER)
    assert topic == Post(
        identifier="12",
        url="https://linux.do/t/topic/12",
        headline="收体验官",
        article_body="五星\n返现",
        author="jia",
        author_identifier="https://linux.do/u/jia",
        publisher="福利",
        date_published="2026-11-01T09:00:00Z",
        like_count="3",
    )
    assert (answer.identifier, answer.position, answer.is_part_of) == ("12#2", "2", "12")
    assert (answer.author, answer.article_body) == ("yi", "已加")
    assert requests == ["/t/topic/12?page=2"]
    assert odd == []


class Elsewhere(Discussion):
    """A forum with JSON-LD."""

    name, domains = "elsewhere", ("linux.do",)


def ld(content: Any) -> str:
    return f'<html><head><script type="application/ld+json">{json.dumps(content)}</script></head></html>'


QUESTION = {
    "@type": "QAPage",
    "mainEntity": {
        "@type": "Question", "@id": "https://linux.do/q/5", "name": "怎么返现", "text": "<p>A &amp; B</p>",
        "answerCount": 2, "author": {"@type": "Person", "name": "甲"},
        "acceptedAnswer": {"@type": "Answer", "@id": "https://linux.do/q/5#a9", "text": "加群", "upvoteCount": 4,
                           "comment": [{"@type": "Comment", "text": "骗子", "author": "丙"}]},
        "suggestedAnswer": ["x"],
    },
}  # fmt: skip


def test_a_question_in_json_ld_and_the_answers_below_it() -> None:
    (question, answer, comment), _, odd = outputs_of(Elsewhere, "/q/5", ld(QUESTION))
    assert (question.identifier, question.headline) == ("https://linux.do/q/5", "怎么返现")
    assert (question.article_body, question.comment_count) == ("A & B", "2")
    assert (answer.identifier, answer.article_body, answer.like_count) == (
        "https://linux.do/q/5#a9",
        "加群",
        "4",
    )
    assert (comment.identifier, comment.author) == ("https://linux.do/q/5#answer-2", "丙")
    assert place_of(comment.article_body) is not None
    assert len(odd) == 1  # "x" is no answer


def test_a_page_of_no_thread_or_of_two_is_refused() -> None:
    thread = {"@type": "DiscussionForumPosting", "headline": "x"}
    for content, number in ((ld({"@type": "WebSite"}), 0), (ld([thread, thread]), 2), ("", 0)):
        with pytest.raises(ExtractionError, match=f"{number} schema.org threads"):
            outputs_of(Elsewhere, "/q/5", content)


def test_answers_that_hold_one_another_are_read_once() -> None:
    ring = [
        {"@type": "DiscussionForumPosting", "@id": "#t", "headline": "x", "comment": {"@id": "#c"}},
        {"@type": "Comment", "@id": "#c", "text": "y", "comment": [{"@id": "#c"}, {"@id": "#t"}]},
    ]
    posts, _, _ = outputs_of(Elsewhere, "/q/5", ld({"@graph": ring}))
    assert [post.article_body for post in posts][:2] == [None, "y"]
    assert len(posts) <= 3


def test_discourse_addresses() -> None:
    for path, callback in (
        ("/latest.json", "parse_latest"),
        ("/c/deals/4/l/latest.json?page=1", "parse_latest"),
        ("/t/12.json?page=2", "parse_topic"),
        ("/t/topic/12/5", "parse_thread"),
        ("/u/jia", None),
    ):
        assert Linuxdo.reads(HOST + path) == callback
    assert issubclass(Linuxdo, Discourse)
