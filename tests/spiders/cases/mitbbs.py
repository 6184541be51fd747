"""Saved pages of mitbbs."""

from crawler.items import Item, Post
from tests.spiders.case import Case, Facts, of


def board(items: list[Item]) -> Facts:
    first, second, *_, last = threads = of(Post, items)
    assert {thread.publisher for thread in threads} == {"哈尔滨工业大学(HIT)"}
    assert len({thread.identifier for thread in threads}) == 97
    assert len(threads) == 100  # those put on top stand in their place in time again
    answered = threads[3]
    assert (answered.identifier, answered.comment_count, answered.view_count) == ("HIT/31116001", "1", "973")
    assert (answered.date_published, answered.date_last_reply) == ("2015-07-22", "07-22 16:44")
    assert (first.comment_count, first.view_count, first.date_last_reply) == (None, None, None)  # "--"
    assert (last.headline, last.comment_count) == ("zz母校九十华诞感怀", "0")
    return {
        "first_title": first.headline,
        "first_author": first.author,
        "first_date": first.date_published,
        "second_author": second.author,
    }


CASES = (
    Case(
        callback="parse_board",
        file="mitbbs/listing-1.html",
        url="http://www.mitbbssg.com/bbsdoc/HIT.html",
        facts=board,
        same=True,
    ),
)
