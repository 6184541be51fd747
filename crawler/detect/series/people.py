"""Reviews as the tests read them, and what of a window stays when innocent reviews are left out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from crawler.detect.kit.corpus import Review
from crawler.detect.series.calendar import Calendar
from crawler.detect.series.counts import beijing_day, dated
from crawler.detect.text.boilerplate import stretches
from crawler.detect.text.normalise import normalised

_MOSTLY = 0.6  # share of a text that platform phrases cover from which it is the platform's own text
_LONGEST_READ = 2000  # characters of a text that are read for words; what matters stands earlier
BEST, WORST = 4.5, 2.0  # stars of five: at least, at most


@dataclass(frozen=True, slots=True)
class Told:
    """One review, as far as it is counted. `bought`: day of the purchase, where it is shown."""

    review: Review
    day: int
    account: str | None
    once: bool | None  # the account has no other review in the archive; None: not known
    stars: float | None
    default: bool  # the platform's own text
    promotion: bool  # names a sale
    earlier: bool  # says that the purchase lies back
    bought: int | None

    @property
    def best(self) -> bool | None:
        return None if self.stars is None else self.stars >= BEST

    @property
    def worst(self) -> bool | None:
        return None if self.stars is None else self.stars <= WORST


def told(review: Review, written: Mapping[str, int], words: Calendar) -> Told | None:
    """A review as it is counted; None for a follow-up and for one without a day. `written`: reviews by account."""
    day = None if review.is_part_of else dated(review.published_at, review.published_precision)
    if day is None:
        return None
    body = review.review_body[:_LONGEST_READ]
    account = review.author_alias
    once = written[account] == 1 if account and account in written else None
    return Told(
        review=review, day=day, account=account, once=once,
        stars=review.stars, default=_is_default(body),
        promotion=words.names_promotion(body), earlier=words.names_earlier(body, date.fromordinal(day)),
        bought=beijing_day(review.purchased_at) if review.purchased_at else None,
    )  # fmt: skip


def _is_default(body: str) -> bool:
    text = normalised(body).text
    covered = sum(part.end - part.start for part in stretches(text) if part.kind == "default")
    return not text or covered >= _MOSTLY * len(text)


def people(rows: Iterable[Told]) -> list[Told]:
    """Each account's first review; accounts that are not shown count each for itself."""
    seen: set[str] = set()
    found = []
    for row in rows:
        if row.account is None or row.account not in seen:
            found.append(row)
        if row.account is not None:
            seen.add(row.account)
    return found


def most_by_one(rows: Sequence[Told]) -> int:
    """How many of them the busiest account wrote."""
    counts: dict[str, int] = {}
    for row in rows:
        if row.account is not None:
            counts[row.account] = counts.get(row.account, 0) + 1
    return max(counts.values(), default=0)


def inside(rows: Iterable[Told], first: int, last: int) -> list[Told]:
    """Those of the days [first, last]."""
    return [row for row in rows if first <= row.day <= last]


def apart(rows: Iterable[Told], first: int, last: int, gap: int) -> list[Told]:
    """Those at least `gap` days away from [first, last]."""
    return [row for row in rows if row.day < first - gap or row.day > last + gap]


def delays(rows: Iterable[Told]) -> list[int]:
    """Days from purchase to review, sorted, where both are shown."""
    return sorted(row.day - row.bought for row in rows if row.bought is not None and row.bought <= row.day)
