"""Saved pages of mindfactory."""

from crawler.items import Item, Post
from tests.spiders.case import Case, Facts, of


def forum(items: list[Item]) -> Facts:
    threads = of(Post, items)
    return {
        "title": threads[0].publisher,
        "threads": len({thread.identifier for thread in threads}),
        "first_title": threads[0].headline,
        "first_author": threads[0].author,
    }


CASES = (
    Case(
        callback="parse_forum",
        file="forum-vbulletin/listing-1.html",
        url="http://forum.mindfactory.de/f42-bestellungen",
        facts=forum,
        media_type="text/html; charset=ISO-8859-15",
    ),
)
