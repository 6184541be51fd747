"""The ground truth: what was planted and what only looks like it. For tests and benchmarks; never served."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crawler.demo.clock import second
from crawler.demo.forum import Forum, Thread
from crawler.demo.news import articles, doorways
from crawler.demo.plan import Review, World
from crawler.demo.review_pages import PER_PAGE
from crawler.demo.scheme import Group
from crawler.demo.shops import API_HOST

Row = dict[str, Any]
_THREAD_SCHEME = {
    "recruit-kettle": "S01", "rebate-card": "S02", "tolerance": "S02", "reverse-recruit": "S04",
    "recruit-snack": "S05",
    "undisclosed-note": "S06", "paid-endorsement": "S07", "recruit-gone": "S06", "barrage-recruit": "S08",
    "recruit-visit": "S09", "agency-prices": "S10", "task-scam": "S11",
}  # fmt: skip
LIVE_SCHEME, JUMP_SCHEME, DOORWAY_SCHEME = "S08", "S12", "S13"


def truth(world: World) -> list[Row]:
    """One row per planted or look-alike listing, review and post; fields in docs/demo-market.md."""
    return [*_reviews(world), *_listings(world), *_threads(world), *_live(), *_news(world)]


def write_truth(world: World, path: Path) -> int:
    """Write the rows as JSON lines; returns their number."""
    rows = truth(world)
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    return len(rows)


def _row(**fields: Any) -> Row:
    empty = dict.fromkeys(
        ("scheme", "conduct", "lookalike", "text", "author", "url", "from_day", "until_day")
    )
    return {**empty, **fields}


def review_page(world: World, listing_id: int, place: int) -> str:
    """URL of the review page (or API answer) that shows the place-th newest review."""
    page, shop = place // PER_PAGE + 1, world.listings[listing_id].shop
    if shop.markup == "C":
        return f"http://{API_HOST}/v2/reviews?item={listing_id}&page={page}"
    return f"http://{shop.host}/item/{listing_id}/reviews-{page}.html"


def _reviews(world: World) -> Iterator[Row]:
    for listing_id in sorted({group.listing for group in world.groups}):
        for place, stub in enumerate(world.visible(listing_id, world.today)):
            if stub.group:
                yield _review_row(
                    world, stub.group, world.review(stub), review_page(world, listing_id, place)
                )


def _review_row(world: World, group: Group, review: Review, url: str) -> Row:
    gone = group.gone_from
    named = {"conduct": group.conduct} if group.scheme else {"lookalike": group.conduct}
    if group.role in ("told", "card", "hidden"):
        named["lookalike"] = "buyer_complaint"
    if group.role == "paid":
        named["conduct"] = "fake_review"
    return _row(
        scheme=group.scheme or None, **named, suspicious=group.suspicious, role=group.role, kind="review",
        host=world.listings[group.listing].shop.host, url=url, item=str(review.stub.id), listing=str(group.listing),
        text=review.body, author=review.uid,
        moment=second(review.stub.when), from_day=review.stub.when.date().isoformat(),
        until_day=gone.isoformat() if gone else None,
    )  # fmt: skip


def _listings(world: World) -> Iterator[Row]:
    for group in world.groups:
        if group.role in ("paid", "card", "hidden", "attack"):
            yield _listing_row(world, group.listing, group.scheme, group.conduct, group.role != "attack")
    yield _listing_row(
        world, world.odd.jump, JUMP_SCHEME, "inflated_listing", True, world.odd.jump_from.isoformat()
    )
    crowd = world.listings[610_002]
    yield _row(
        lookalike="festival_burst", suspicious=False, role="burst", kind="listing", host=crowd.shop.host,
        url=crowd.url, item=str(crowd.id), text=crowd.name,
    )  # fmt: skip


def _listing_row(
    world: World, listing_id: int, scheme: str, conduct: str, suspicious: bool, from_day: str | None = None
) -> Row:
    listing = world.listings[listing_id]
    return _row(
        scheme=scheme, conduct=conduct, suspicious=suspicious, role="target", kind="listing", host=listing.shop.host,
        url=listing.url, item=str(listing.id), text=listing.name, from_day=from_day,
    )  # fmt: skip


def _threads(world: World) -> Iterator[Row]:
    forum = Forum(world)
    for thread in forum.threads.values():
        if thread.key:
            yield _thread_row(forum, world, thread)


def _thread_row(forum: Forum, world: World, thread: Thread) -> Row:
    first = forum.floors(thread, world.today)[0]
    name = thread.key.partition("#")[0]
    # The card was typed off, and the complaint written, by buyers: the thread tells of a scheme, it is none.
    witness = name in ("rebate-card", "tolerance")
    return _row(
        scheme=_THREAD_SCHEME.get(name), conduct=thread.conduct,
        lookalike="buyer_complaint" if witness else thread.lookalike,
        suspicious=thread.conduct is not None and not witness, role="witness" if witness else "post", kind="post",
        host="bbs.example", url=thread.url, item=str(first.pid), thread=str(thread.tid), title=thread.title,
        text=first.body, author=str(thread.uid), from_day=thread.moment.date().isoformat(),
        until_day=thread.gone_from.isoformat() if thread.gone_from else None,
    )  # fmt: skip


def _live() -> Iterator[Row]:
    yield _row(
        scheme=LIVE_SCHEME, conduct="live_barrage", suspicious=True, role="replay", kind="post",
        host="manfu.example",
        url="http://manfu.example/live/930001.html", item="930001",
    )  # fmt: skip


def _news(world: World) -> Iterator[Row]:
    for article in articles(world.today):
        if article.lookalike:
            yield _row(
                lookalike=article.lookalike, suspicious=False, role="article", kind="post", host="news.example",
                url=article.url, item=str(article.id), title=article.title, text="\n".join(article.body),
            )  # fmt: skip
    for doorway in doorways(world.seed):
        yield _row(
            scheme=DOORWAY_SCHEME, conduct="doorway_hotline", suspicious=True, role="doorway", kind="post",
            host="weixiu.example", url=doorway.url, item=str(doorway.page), title=doorway.title,
            text="\n".join(doorway.body),
        )  # fmt: skip
