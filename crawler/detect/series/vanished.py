"""Which reviews of a product were there in one look and not in the next, and which stayed. Pure functions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from crawler.detect.kit.corpus import Review
from crawler.detect.series.chances import fisher_greater
from crawler.detect.series.people import BEST, WORST
from crawler.store.timeline import Change

# Words by which a platform says, in the place of a text, that it is no longer shown.
NOTICES = (
    "已被隐藏",
    "已隐藏",
    "已删除",
    "已被删除",
    "已折叠",
    "已被折叠",
    "暂不展示",
    "不予展示",
    "已屏蔽",
    "已被屏蔽",
)
_LONGEST_NOTICE = 40  # characters; a review that speaks of deletion is longer


@dataclass(frozen=True, slots=True)
class Run:
    """One crawl: log indices of its first and last capture, and when the last began (UTC)."""

    first: int
    last: int
    ended: str


@dataclass(frozen=True, slots=True)
class Look:
    """Two looks at one product's reviews. `gone`: (review, change) of what the later one does not show, `stayed` what
    both show. All have a rating."""

    product: str
    gone: tuple[tuple[Review, Change], ...]
    stayed: tuple[Review, ...]

    @property
    def negative_gone(self) -> int:
        return sum(is_negative(review) for review, _ in self.gone)

    @property
    def negative_stayed(self) -> int:
        return sum(is_negative(review) for review in self.stayed)

    @property
    def positive_gone(self) -> int:
        return sum(is_positive(review) for review, _ in self.gone)

    @property
    def positive_stayed(self) -> int:
        return sum(is_positive(review) for review in self.stayed)

    @property
    def p(self) -> float:
        """The chance that so many of the gone are negative, were they gone without regard to their rating."""
        return fisher_greater(self.negative_gone, len(self.gone), self.negative_stayed, len(self.stayed))

    @property
    def oldest_only(self) -> bool:
        """Whether all that is gone is older than all that stayed: then the list may have been cut at its end."""
        gone = [review.published_at for review, _ in self.gone]
        stayed = [review.published_at for review in self.stayed if review.published_at]
        known = [moment for moment in gone if moment]
        return len(known) == len(gone) > 0 and bool(stayed) and max(known) < min(stayed)


def is_negative(review: Review) -> bool:
    """At most two of five stars."""
    return review.stars is not None and review.stars <= WORST


def is_positive(review: Review) -> bool:
    """At least four and a half of five stars."""
    return review.stars is not None and review.stars >= BEST


def hidden(change: Change) -> bool:
    """Whether a change took a review from sight: it vanished, or a notice took the place of its text."""
    if change.kind != "review":
        return False
    if change.what == "vanished":
        return True
    after = change.after or ""
    return (
        change.what == "text"
        and change.field == "review_body"
        and len(after) <= _LONGEST_NOTICE
        and any(word in after for word in NOTICES)
        and not any(word in (change.before or "") for word in NOTICES)
    )


def looks(
    changes: Iterable[Change],
    reviews: Mapping[str, Sequence[Review]],
    runs: Mapping[str, str],
    spans: Mapping[str, Run],
) -> list[Look]:
    """The looks that hide something, by product and run. `reviews`: product → its reviews; `runs`: capture → run;
    `spans`: the runs.

    What came back in a still later look is left out: it was paged or sorted away.
    """
    by_name = {
        (review.site, review.identifier): (product, review)
        for product, rows in reviews.items()
        for review in rows
    }
    found: dict[tuple[str, str, str], dict[str, tuple[Review, Change]]] = {}
    for change in changes:
        known = by_name.get((change.site, change.identifier)) if hidden(change) else None
        if known is None or known[1].stars is None or known[1].is_part_of:
            continue
        product, review = known
        before, after = runs[change.capture_before], runs[change.capture_after]
        if change.what == "text" or review.leaf <= spans[before].last:
            found.setdefault((product, before, after), {})[review.identifier] = (review, change)
    return [
        Look(
            product,
            tuple(gone[name] for name in sorted(gone)),
            _stayed(reviews[product], gone, spans[before], spans[after]),
        )
        for (product, before, after), gone in sorted(found.items())
    ]


def _stayed(
    rows: Sequence[Review], gone: Mapping[str, object], before: Run, after: Run
) -> tuple[Review, ...]:
    """Reviews that were there before, and in the later look or after it."""
    return tuple(
        review
        for review in rows
        if review.identifier not in gone
        and review.stars is not None
        and not review.is_part_of
        and review.leaf >= after.first
        and review.first_seen <= before.ended
    )
