"""What the index shows about change: items that contain a text, counters that moved, reviews that vanished."""

import sqlite3
from dataclasses import dataclass

from crawler.store.index import Index

_TEXT = {
    "listing": "name",
    "review": "review_body",
    "post": "coalesce(headline, '') || ' ' || coalesce(article_body, '')",
}
_COUNTERS = {  # as understood → as printed on the page
    "price_amount": "price",
    "sales_number": "sales",
    "review_number": "review_count",
    "rating_number": "rating_value",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A listing's counter in two captures that follow each other.

    `before` and `after` are the numbers as understood; the printed ones are what the page says ("月销1000+" is at
    least 1000, not 1000) and what may be quoted.
    """

    site: str
    identifier: str
    name: str
    page_url: str
    counter: str
    before: object
    after: object
    printed_before: str
    printed_after: str
    capture_before: str
    capture_after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Vanished:
    """A review that a later capture of the same page address no longer shows."""

    site: str
    identifier: str
    text: str
    page_url: str
    last_seen: str  # UTC
    capture_with: str
    capture_without: str


def items(index: Index, kind: str, text: str, limit: int) -> list[sqlite3.Row]:
    """Items of a kind whose text contains `text`: capture, identifier, page_url, captured_at, text; newest first."""
    sql = (
        f"select capture, site, identifier, page_url, captured_at, {_TEXT[kind]} text from {kind}"  # noqa: S608
        f" where instr({_TEXT[kind]}, ?) order by captured_at desc, ordinal limit ?"
    )
    return index.query(sql, (text, limit))


def moves(index: Index) -> list[Move]:
    """Counters that changed from one capture of a page to the next capture of the same page."""
    found = []
    for counter, printed in _COUNTERS.items():
        rows = index.query(
            "select site, identifier, name, page_url, before, after, printed_before, printed_after,"  # noqa: S608
            " capture_before, capture_after from ("
            f" select site, identifier, name, page_url, {counter} after, {printed} printed_after,"
            f" capture capture_after, lag({counter}) over w before, lag({printed}) over w printed_before,"
            " lag(capture) over w capture_before from listing"
            f" where {counter} is not null"
            " window w as (partition by site, identifier, page_url order by captured_at)"
            ") where before is not null and before != after and capture_before != capture_after"
            " order by site, identifier, capture_after"
        )
        found += [Move(counter=counter, **dict(row)) for row in rows]
    return found


def vanished(index: Index) -> list[Vanished]:
    """Reviews that stood on a page and are gone from its next complete capture, though that still shows reviews.

    A review that only moved to another page of the same run is not counted. Nor is any when that run did not
    understand all that it saw, or did not see all that there was (a page cap, an interruption, a host that
    stopped it): the review may be in the part that is missing.
    """
    rows = index.query(
        """
        with page as (
            select c.id, c.url, c.run, c.site, c.started,
                   lead(c.id) over (partition by c.site, c.url order by c.leaf) later,
                   lead(c.run) over (partition by c.site, c.url order by c.leaf) later_run
            from capture c where c.state = 'complete' and c.status = 200
        )
        select r.site, r.identifier, r.review_body text, p.url page_url, p.started last_seen,
               p.id capture_with, p.later capture_without
        from page p join review r on r.capture = p.id
        where p.later_run is not null and p.later_run != p.run
          and exists (select 1 from review o where o.capture = p.later)
          and not exists (select 1 from run where id = p.later_run and coalesce(reason, '') != 'finished')
          and not exists (
              select 1 from event e where e.act = 'host-stopped'
              and json_extract(e.details, '$.run') = p.later_run
              and instr(p.url, '//' || json_extract(e.details, '$.host')))
          and not exists (
              select 1 from unread u join capture k on k.id = u.capture where u.lost and k.run = p.later_run)
          and not exists (
              select 1 from review o join capture k on k.id = o.capture
              where o.site = r.site and o.identifier = r.identifier and k.run = p.later_run)
        order by r.site, r.identifier
        """
    )
    return [Vanished(**dict(row)) for row in rows]
