"""Things for detectors to read, made by hand: every field has a value that means nothing."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from crawler.detect.kit.corpus import Corpus, Listing, Post, Review
from crawler.store.timeline import Change, Point

_SEEN = {
    "site": "shop",
    "domain": "shop.example",
    "url": "http://shop.example/1",
    "captured_at": "2026-11-20T02:00:00Z",
    "first_seen": "2026-11-20T02:00:00Z",
    "leaf": 1,
    "places": None,
    "promoted": False,
    "obfuscated": None,
}


def review(identifier: str = "r1", body: str = "", **fields: Any) -> Review:
    """A review; `stars=4` sets the rating, `author="a1"` the alias, `day="2026-11-20"` the time."""
    return Review(**_made(Review, identifier, {"review_body": body, **_shorthand(fields)}))


def post(identifier: str = "p1", body: str = "", **fields: Any) -> Post:
    """A post; shorthand as for `review`."""
    return Post(**_made(Post, identifier, {"article_body": body, **_shorthand(fields)}))


def listing(identifier: str = "l1", name: str = "", **fields: Any) -> Listing:
    """A listing."""
    return Listing(**_made(Listing, identifier, {"name": name, **fields}))


class CorpusOf(Corpus):
    """A corpus of what was made by hand."""

    def __init__(
        self,
        *,
        reviews: Sequence[Review] = (),
        posts: Sequence[Post] = (),
        listings: Sequence[Listing] = (),
        changes: Sequence[Change] = (),
        series: dict[tuple[str, str], list[Point]] | None = None,
        captured_until: str = "2026-11-20T02:00:00+00:00",
    ) -> None:
        self.archive = None
        self.since = 0
        self._reviews, self._posts, self._listings = list(reviews), list(posts), list(listings)
        self._changes, self._series = list(changes), series or {}
        self.captured_until = datetime.fromisoformat(captured_until)

    def reviews(self, *, new: bool = False) -> Iterator[Review]:
        return iter(self._reviews)

    def posts(self, *, new: bool = False) -> Iterator[Post]:
        return iter(self._posts)

    def listings(self, *, new: bool = False) -> Iterator[Listing]:
        return iter(self._listings)

    def changes(self) -> list[Change]:
        return self._changes

    def series(self, listing: Listing, counter: str) -> list[Point]:
        return self._series.get((listing.identifier, counter), [])

    def query(self, sql: str, values: tuple[object, ...] = ()) -> list[Any]:
        raise NotImplementedError("a corpus made by hand has no database")


def _made(kind: type, identifier: str, fields: dict[str, Any]) -> dict[str, Any]:
    names = [name for name in kind.__dataclass_fields__ if name not in ("kind", "fields")]
    capture = fields.get("capture", f"c-{identifier}")
    known = {**_SEEN, "identifier": identifier, "capture": capture, "first_capture": capture}
    return {**dict.fromkeys(names), **known, **fields}


def _shorthand(fields: dict[str, Any]) -> dict[str, Any]:
    made = dict(fields)
    if "stars" in made:
        made |= {"rating_number": str(made.pop("stars")), "rating_scale": "5"}
    if "author" in made:
        made["author_alias"] = made.pop("author")
    if "day" in made:
        made |= {"published_at": f"{made.pop('day')}T04:00:00Z", "published_precision": "day"}
    return made
