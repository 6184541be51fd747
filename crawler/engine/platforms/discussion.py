"""Discussion: any forum that describes its threads in schema.org, as microdata or JSON-LD.

https://schema.org/DiscussionForumPosting and /Comment, /Question and /Answer, as Google's documentation of discussion
forums and of Q&A pages asks for them: Discourse, NodeBB, Flarum, Invision, Vanilla and XenForo 2.2 write them.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from scrapy.http import TextResponse

from crawler.engine.platforms import jsonld, microdata
from crawler.engine.platforms.board import FLOORS, number
from crawler.engine.platforms.jsonld import several
from crawler.engine.platforms.schema_items import address_of, text_of, types
from crawler.engine.reading import Found, Json, Oddity, each, fragment, of_type, select, text
from crawler.engine.site import Output, Page, Site
from crawler.errors import ExtractionError
from crawler.items import Post
from crawler.quoted import quoted

THREADS = frozenset(("DiscussionForumPosting", "SocialMediaPosting", "Question"))
ANSWERS = ("acceptedAnswer", "suggestedAnswer", "comment")
COUNTERS = {  # the action of an InteractionCounter → field
    "LikeAction": "like_count",
    "CommentAction": "comment_count",
    "ReplyAction": "comment_count",
    "WriteAction": "comment_count",
    "ViewAction": "view_count",
    "WatchAction": "view_count",
    "ShareAction": "share_count",
}
MOST = 100_000  # answers read on one page; only a ring of references comes to so many


class Discussion(Site):
    """A page per thread; every link to another one is followed. The subclass may narrow ``pages``.

    ``numbered``  pattern for the address of a thread; group 1 is its identifier, else the address is
    """

    expect: ClassVar[Mapping[str, tuple[int, int]]] = {"post": FLOORS}
    pages: ClassVar[tuple[Page, ...]] = (Page("post", "", "parse_thread"),)
    numbered: ClassVar[str | None] = None

    def parse_thread(self, response: TextResponse) -> Output:
        """Yield the thread as a Post, each answer as a Post that is part of it; then the next page.

        Raises ExtractionError if the page describes no thread, or more than one.
        """
        yield from read_thread(response, self.numbered)
        for link in select(response, 'a[rel~="next"], link[rel="next"]')[:1]:
            yield self.follow(response, link, self.parse_thread)


def read_thread(response: TextResponse, numbered: str | None) -> Iterator[Found]:
    """The thread that a page describes, and its answers. Raises ExtractionError unless there is one thread."""
    forms = list(_forms(response))
    yield from (form for form in forms if isinstance(form, Oddity))
    told = [
        [part for part in form if THREADS.intersection(types(part))]
        for form in forms
        if isinstance(form, list)
    ]
    found = next(
        (threads for threads in told if threads), []
    )  # the same again in another form is passed over
    if len(found) != 1:
        raise ExtractionError(f"{len(found)} schema.org threads on {response.url}, expected 1")
    (thread,) = found
    url = (
        address_of(thread.get("url"), response.url)
        or address_of(thread.get("@id"), response.url)
        or response.url
    )
    identifier = (number(numbered)(url) or number(numbered)(response.url) if numbered else None) or url
    yield _post(
        thread,
        response.url,
        identifier=identifier,
        url=url,
        headline=_headline(thread),
        publisher=_board(thread),
    )
    yield from each(_answers(thread), lambda answer: _answer(answer, identifier, response.url))


def _forms(response: TextResponse) -> Iterator[list[Json] | Oddity]:
    for block in jsonld.blocks(response):
        yield (
            block
            if isinstance(block, Oddity)
            else [*block, *(entity for part in block for entity in _main(part))]
        )
    items, loose = microdata.items(response)
    yield [*items, *(entity for part in items for entity in _main(part)), *loose]


def _main(part: Json) -> list[Json]:
    """What a QAPage or a WebPage is about."""
    return [entity for entity in several(part.get("mainEntity")) if isinstance(entity, dict)]


def _answers(thread: Json) -> Iterator[tuple[int, Any]]:
    """Answers and the answers to them, in order, each once, numbered from 1."""
    waiting = [answer for name in ANSWERS for answer in several(thread.get(name))][::-1]
    seen: set[int] = set()
    while waiting and len(seen) < MOST:
        answer = waiting.pop()
        if id(answer) in seen:
            continue
        seen.add(id(answer))
        yield len(seen), answer
        if isinstance(answer, dict):
            waiting += [inner for name in ANSWERS for inner in several(answer.get(name))][::-1]


def _answer(numbered: tuple[int, Any], thread: str, url: str) -> Post:
    place, value = numbered
    answer = of_type(value, dict, "an answer", url)
    own = (
        address_of(answer.get("@id"), url)
        or address_of(answer.get("url"), url)
        or text_of(answer.get("identifier"))
    )
    name = re.search(r"[^/#?&=]+/?$", own)[0].rstrip("/") if own else f"answer-{place}"  # type: ignore[index]
    return _post(
        answer,
        url,
        identifier=f"{thread}#{name}",
        url=address_of(answer.get("url"), url),
        position=text_of(answer.get("position")),
        is_part_of=thread,
    )


def _post(found: Json, page: str, **given: Any) -> Post:
    author = next(iter(several(found.get("author"))), None)
    account = address_of(author.get("url", author.get("@id")), page) if isinstance(author, dict) else None
    counters: dict[str, Any] = dict(_counters(found))
    if "comment_count" not in counters and (
        total := text_of(found.get("commentCount", found.get("answerCount")))
    ):
        counters["comment_count"] = total
    if "like_count" not in counters and (liked := text_of(found.get("upvoteCount"))):
        counters["like_count"] = liked
    return Post(
        article_body=_body(found, page),
        author=text_of(found.get("author")),
        author_identifier=account,
        date_published=text_of(found.get("datePublished", found.get("dateCreated"))),
        **counters,
        **given,
    )


def _counters(found: Json) -> Iterator[tuple[str, str]]:
    for counter in several(found.get("interactionStatistic")):
        if not isinstance(counter, dict):
            continue
        action = next(iter(several(counter.get("interactionType"))), None)
        named = text_of(action) or (text_of(action.get("@type")) if isinstance(action, dict) else None) or ""
        field, count = (
            COUNTERS.get(re.split(r"[/:]", named)[-1]),
            text_of(counter.get("userInteractionCount")),
        )
        if field and count:
            yield field, count


def _headline(thread: Json) -> str | None:
    return text_of(thread.get("headline")) or text_of(thread.get("name"))


def _board(thread: Json) -> str | None:
    """The section of the forum; else what the thread is part of, or its publisher."""
    return next(
        (name for key in ("articleSection", "isPartOf", "publisher") if (name := text_of(thread.get(key)))),
        None,
    )


def _body(found: Json, page: str) -> str | None:
    """The text; where JSON-LD carries HTML in it, what a person would read."""
    written = text_of(found.get("text")) or text_of(found.get("articleBody"))
    if written is None or not re.search(r"</?[a-zA-Z][^<>]*>|&\w+;", written):
        return written
    body = next(iter(select(fragment(written, page), "body")), None)
    return quoted(text(body), written) if body else written
