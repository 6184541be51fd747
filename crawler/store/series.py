"""What was read off pages, for people to look through."""

import sqlite3

from crawler.store.index import Index

_TEXT = {
    "listing": "name",
    "review": "review_body",
    "post": "coalesce(headline, '') || ' ' || coalesce(article_body, '')",
}


def items(index: Index, kind: str, text: str, limit: int) -> list[sqlite3.Row]:
    """Items of a kind whose text contains `text`: capture, identifier, page_url, captured_at, text; newest first."""
    sql = (
        f"select capture, site, identifier, page_url, captured_at, {_TEXT[kind]} text from {kind}_newest"  # noqa: S608
        f" where instr({_TEXT[kind]}, ?) order by captured_at desc, ordinal limit ?"
    )
    return index.query(sql, (text, limit))
