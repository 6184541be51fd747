"""Forums that run Discourse: the JSON of its public API, and the HTML that it serves to whoever runs no scripts.

Sources: https://docs.discourse.org (``/latest.json``, ``/t/{id}.json``) and the public template
``topics/show.html.erb``, which carries microdata (`discussion`).
"""

from scrapy.http import TextResponse

from crawler.engine.platforms.discussion import Discussion
from crawler.engine.reading import Json, fragment, json_of, of_type, printed, select, take, text
from crawler.engine.rows import JsonRows, search
from crawler.engine.site import Output, Page
from crawler.items import Post
from crawler.quoted import quoted

TOPICS = JsonRows(
    Post,
    "topic_list.topics",
    identifier="id",
    headline="title",
    date_published="created_at",
    date_last_reply="last_posted_at?",
    comment_count="reply_count?",
    like_count="like_count?",
    view_count="views?",
    ignore="fancy_title slug posts_count highest_post_number image_url bumped bumped_at archetype unseen last_read "
    "unread new_posts unread_posts pinned unpinned visible closed archived notification_level bookmarked liked tags "
    "tags_descriptions thumbnails last_poster_username category_id op_like_count pinned_globally featured_link "
    "has_summary posters excerpt has_accepted_answer can_have_answer can_vote has_deleted participant_groups",
)


SENT = 20  # posts on a page of a topic's JSON


class Discourse(Discussion):
    """A Discourse forum; the crawl asks for the JSON, captures of a browser may hold the HTML."""

    pages = (
        Page("post", r"^/(latest|new|top|c/.+)\.json", "parse_latest"),
        Page("post", r"^/t/([^/]+/)?\d+(/\d+)?\.json", "parse_topic"),
        Page("post", r"^/t/([^/]+/)?\d+", "parse_thread"),
    )
    numbered = r"/t/(?:[^/]+/)?(\d+)"

    def parse_latest(self, response: TextResponse) -> Output:
        """Yield each topic of a list as a Post without text and follow it; then the next page of the list."""
        answer = of_type(json_of(response), dict, "the answer", response.url)
        for found in TOPICS.read(answer, response.url):
            yield found
            if isinstance(found, Post):
                yield self.follow(response, f"/t/{found.identifier}.json", self.parse_topic)
        following = printed(search(answer, "topic_list.more_topics_url"))
        if following:  # "/latest?page=1", the page for people
            path, _, asked = following.partition("?")
            yield self.follow(response, f"{path.removesuffix('.json')}.json?{asked}", self.parse_latest)

    def parse_topic(self, response: TextResponse) -> Output:
        """Yield the topic as a Post, each post as a Post that is part of it; then the posts not sent yet."""
        topic = of_type(json_of(response), dict, "the topic", response.url)
        thread = of_type(printed(take(topic, "id", response.url)), str, "id", response.url)
        yield Post(
            identifier=thread,
            url=response.urljoin(f"/t/{thread}"),
            headline=printed(take(topic, "title", response.url)),
            date_published=printed(topic.get("created_at")),
            date_last_reply=printed(topic.get("last_posted_at")),
            comment_count=printed(topic.get("reply_count")),
            like_count=printed(topic.get("like_count")),
            view_count=printed(topic.get("views")),
        )
        posts = _posts(thread, response.url)
        found = [*posts.read(topic, response.url, is_part_of=thread)]
        yield from found
        yield from self._rest(response, topic, thread)

    def _rest(self, response: TextResponse, topic: Json, thread: str) -> Output:
        """A page of the JSON has 20 posts; ``stream`` names all."""
        stream = _texts(topic, "post_stream.stream")
        sent = set(_texts(topic, "post_stream.posts[].id"))
        last = max((place for place, number in enumerate(stream, 1) if number in sent), default=0)
        if last and last < len(stream):
            yield self.follow(response, f"/t/{thread}.json?page={last // SENT + 1}", self.parse_topic)


def _texts(topic: Json, query: str) -> list[str]:
    found = search(topic, query)
    return [number for value in found if (number := printed(value))] if isinstance(found, list) else []


def _likes(row: Json) -> str | None:
    """Action 2 is "like"."""
    return printed(search(row, "actions_summary[?id=='2'].count | [0]"))


def _posts(thread: str, url: str) -> JsonRows:
    """The table of the posts of a topic; posts of the system about the topic ("closed") are posts too."""

    def body(cooked: str) -> str | None:
        found = select(fragment(cooked, url), "body") if cooked.strip() else []
        return text(found[0]) or None if found else None

    return JsonRows(
        Post,
        "post_stream.posts",
        identifier=("id", lambda number: quoted(f"{thread}#{number}", number)),
        url=("post_number", lambda number: f"{url.partition('/t/')[0]}/t/{thread}/{number}"),
        article_body=("cooked?", body),
        author="username",
        author_identifier="user_id?",
        author_level="user_title?",
        date_published="created_at",
        position="post_number",
        comment_count="reply_count?",
        like_count=_likes,
    )
