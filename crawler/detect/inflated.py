"""虚标: sales, review and rating counters that jump, run backwards, or do not fit each other."""

from collections.abc import Iterable, Iterator, Sequence
from statistics import median

from crawler.detect.kit.corpus import Corpus, Listing
from crawler.detect.kit.detector import Detector
from crawler.detect.kit.finding import Finding, Grade
from crawler.detect.kit.subject import listing_subject
from crawler.detect.series.burst_shown import called
from crawler.detect.series.calendar import Calendar, calendar
from crawler.detect.series.counters import Misfit, Reading, readings
from crawler.detect.series.counters_shown import (
    LIMITS,
    Counters,
    Shown,
    fact,
    innocents,
    listed,
    plots,
    table,
    told,
)
from crawler.detect.series.printed_counts import Counted

_LIKE = 5  # listings of a site that must show nearly all their reviews before one that does not is odd
_LIKE_SHARE = 0.8  # of them
_NEARLY_ALL, _FAR_MORE = 1.6, 4.0  # times the reviews that the list shows, of others and of the odd one
_LEAST_SHOWN, _LEAST_HIDDEN = 10, 100  # reviews
_NOT_FULL = 0.9  # of the longest list of the site: a list as long as that may be cut


class Inflated(Detector):
    """Printed counters read with their bounds (series/printed_counts.py), compared between captures and with each
    other (series/counters.py), and with the number of reviews that the list shows, against the site's others."""

    name = "inflated"
    version = 1
    title = "销量、评价计数异常"
    summary = (
        "查找销量、评价、评分计数的突增、倒退和相互矛盾；“1.2万+”一类下限、四舍五入、近30天销量回落、"
        "全平台促销期同升不列为线索"
    )

    def detect(self, corpus: Corpus) -> Iterator[Finding]:
        """One finding for each product whose counters do not go together."""
        listings = list(corpus.listings())
        found = [_counters(corpus, each) for each in listings]
        odd = _far_more(corpus, listings)
        words = calendar(corpus.archive.path if corpus.archive else None)
        for each in found:
            misfits = each.misfits()
            shown = odd.get(listing_subject(each.listing.domain, each.listing.identifier))
            if misfits or shown:
                yield self._finding(corpus, each, misfits, shown, found, words)

    def _finding(
        self, corpus: Corpus, each: Counters, misfits: Sequence[Misfit], shown: Shown | None,
        everything: Sequence[Counters], words: Calendar,
    ) -> Finding:  # fmt: skip
        listing = each.listing
        subject = listing_subject(listing.domain, listing.identifier)
        name = called(listing, None, subject)
        facts = [*(fact(misfit) for misfit in misfits), *([listed(each, shown)] if shown else [])]
        times = sorted(
            {misfit.before.time for misfit in misfits} | {misfit.after.time for misfit in misfits}
        ) or [listing.captured_at]
        return Finding(
            detector=self.name, version=self.version, key=subject, grade=grade(misfits, shown), link="review",
            conduct="inflated_listing", claim=f"疑似计数异常：{name}" + "；".join(told(misfits, shown)),
            why="销量和评价数是消费者选择商品的主要依据；数字在没有相应交易的情况下变化，会使人误解商品的销售状况",
            facts=tuple(facts), innocent=innocents(each, misfits, shown, everything, words), limits=LIMITS,
            tables=(table(each),), plots=plots(each),
            subjects=tuple(sorted({subject, corpus.shop(listing)})),
            conduct_from=times[0], conduct_until=times[-1],
        )  # fmt: skip


def grade(misfits: Sequence[Misfit], shown: Shown | None) -> Grade:
    """Strong: a jump that the reviews do not follow, and another thing that does not fit. Medium: such a jump, or
    two things. Weak: one thing."""
    jump = any(misfit.kind == "jump" and misfit.alone for misfit in misfits)
    kinds = len({misfit.kind for misfit in misfits}) + (shown is not None)
    if jump and kinds > 1:
        return "strong"
    return "medium" if jump or kinds > 1 else "weak"


def _counters(corpus: Corpus, listing: Listing) -> Counters:
    sales = readings(corpus.series(listing, "sales"))
    reviews = readings(
        corpus.series(listing, "review_count"), "ever"
    )  # of all reviews, whether its words say so
    return Counters(listing, tuple(sales), tuple(reviews), tuple(_ratings(corpus, listing)))


def _ratings(corpus: Corpus, listing: Listing) -> Iterator[tuple[Reading, float]]:
    scale = float(listing.rating_scale or 0)
    if not scale:
        return
    for point in corpus.series(listing, "rating_value"):
        digits = point.printed.strip().removesuffix("分")
        if digits.replace(".", "", 1).isascii() and digits.replace(".", "", 1).isdigit():
            value = 5 * float(digits) / scale
            if value <= 5:
                yield Reading(point.time, Counted(point.printed, 0, 0, "unknown"), point.capture), value


def _far_more(corpus: Corpus, listings: Iterable[Listing]) -> dict[str, Shown]:
    """Products whose counter stands far above what their list shows, on a site where the others show nearly all."""
    counts: dict[tuple[str, str], int] = {}
    for review in corpus.reviews():
        if not review.is_part_of and review.item_reviewed:
            name = (review.domain, review.item_reviewed)
            counts[name] = counts.get(name, 0) + 1
    by_site: dict[str, list[tuple[Listing, int, Counted]]] = {}
    for listing in listings:
        count, number = counts.get((listing.domain, listing.identifier), 0), _newest(listing)
        if number is not None and count >= _LEAST_SHOWN:
            by_site.setdefault(listing.site, []).append((listing, count, number))
    found: dict[str, Shown] = {}
    for rows in by_site.values():
        found.update(_odd(rows))
    return found


def _newest(listing: Listing) -> Counted | None:
    """The newest review counter; "3800+" is at least that."""
    if listing.review_number is None:
        return None
    return Counted(str(listing.review_number), listing.review_number, listing.review_number, "ever")


def _odd(rows: Sequence[tuple[Listing, int, Counted]]) -> Iterator[tuple[str, Shown]]:
    longest = max(count for _, count, _ in rows)
    ratios = [number.low / count for _, count, number in rows]
    for place, (listing, count, number) in enumerate(rows):
        others = ratios[:place] + ratios[place + 1 :]
        alike = sum(ratio <= _NEARLY_ALL for ratio in others)
        if (
            len(others) >= _LIKE
            and alike >= _LIKE_SHARE * len(others)
            and number.low >= _FAR_MORE * count
            and number.low - count >= _LEAST_HIDDEN
            and count <= _NOT_FULL * longest
        ):
            subject = listing_subject(listing.domain, listing.identifier)
            yield subject, Shown(count, number, len(others), median(others))
