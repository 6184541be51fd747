"""Saved pages of reddit."""

from crawler.items import Item, Post
from tests.spiders.case import Case, Facts, of


def thread(items: list[Item]) -> Facts:
    opening, *comments = of(Post, items)
    first = comments[0]
    assert {comment.is_part_of for comment in comments} == {opening.identifier} == {"4p1enj"}
    assert (opening.like_count, opening.author_identifier, opening.article_body) == ("4910", "t2_otrnw", None)
    assert (first.identifier, first.like_count) == ("4p1enj#d4hj4vl", "1362 points")
    by_id = {comment.identifier: comment for comment in comments}
    removed, below = by_id["4p1enj#d4hjesf"], by_id["4p1enj#d4hjqq8"]
    assert (removed.author, removed.article_body, removed.author_identifier) == (
        "[deleted]",
        "[removed]",
        None,
    )
    assert (below.author, below.author_identifier) == ("brandinoooooo", "t2_m8g92")
    assert "4p1enj#d4i3rqt" not in by_id  # "load more comments"
    return {
        "title": opening.headline,
        "subreddit": opening.publisher,
        "author": opening.author,
        "date": opening.date_published,
        "comments_total": int(opening.comment_count or 0),
        "comments_on_page": len(by_id),
        "first_commenter": first.author,
        "first_comment_date": first.date_published,
    }


CASES = (
    Case(
        callback="parse_thread",
        file="reddit/thread-1.html",
        url="https://www.reddit.com/r/news/comments/4p1enj/uk_man_tried_to_kill_trump_court_papers/",
        facts=thread,
    ),
)
