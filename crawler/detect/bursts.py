"""评价激增: more reviews in a few days than were to be expected, and made up otherwise than the rest."""

from collections import defaultdict
from collections.abc import Container, Iterator
from pathlib import Path

from crawler.detect.kit.corpus import Corpus
from crawler.detect.kit.detector import Detector
from crawler.detect.kit.finding import Finding, Grade
from crawler.detect.series import burst_shown as shown
from crawler.detect.series.calendar import Calendar, calendar
from crawler.detect.series.counts import printed
from crawler.detect.series.histories import Histories, histories, product
from crawler.detect.series.judging import (
    BY_VOLUME,
    Judged,
    decided,
    judged,
    not_of_one_product,
    volume_threshold,
)
from crawler.detect.series.people import Told, told
from crawler.detect.series.scan import Scan, Window, candidates, scanned, touch

_STRONG = 1e-4  # joint chance, all windows accounted for, from which a clear share of common words is strong


class Bursts(Detector):
    """Counts a day against a robust level, the days of all and negative binomial spread (series/); windows of 1, 3, 7
    and 14 days; Benjamini–Hochberg; then the joint test of Xie et al. (KDD 2012). A rise that a sale, a reminder, one
    buyer, default texts or a launch explains is no finding unless its reviews are made up otherwise by far."""

    name = "bursts"
    version = 1
    title = "评价激增"
    summary = (
        "查找短期内评价数明显高于平时、且账号、评分或者用语同时变化的时段；"
        "大促、催评、同一买家多单、系统默认评价、列表截断所致的增多不列为线索"
    )

    def detect(self, corpus: Corpus) -> Iterator[Finding]:
        """One finding for each rise of a product, and for those of a shop that no single product makes up."""
        words, known = calendar(_folder(corpus)), histories(corpus)
        scan = scanned(list(known.products.values()), known.platform, list(known.shops.values()))
        found = _judged(corpus, known, scan, words)
        for each in found:
            if each.called:
                yield self._finding(each, corpus, known, scan, words)

    def _finding(
        self, each: Judged, corpus: Corpus, known: Histories, scan: Scan, words: Calendar
    ) -> Finding:
        key = each.window.key
        own = known.products.get(key) or known.shops[key]
        about = shown.Subject(_called(corpus, key, each), own, scan, words)
        attack = shown.is_attack(each)
        return Finding(
            detector=self.name, version=self.version, key=f"{key}/{printed(each.window.first)}",
            grade=grade(each), link="review", conduct=conduct(each),
            claim=shown.claim(each, about), why=shown.why(each), quotes=shown.quotes(each), facts=shown.facts(each),
            innocent=shown.innocents(each), limits=shown.LIMITS, chance=shown.told_chance(each, scan),
            tables=shown.tables(each), plots=(shown.plot(each, about),),
            # A shop that was attacked is not the one who acted: it is not joined to its own storyline.
            subjects=(key,) if attack else tuple(sorted({key, own.shop})),
            conduct_from=printed(each.window.first), conduct_until=printed(each.window.last),
        )  # fmt: skip


def grade(each: Judged) -> Grade:
    """Strong: together with words in common, far beyond chance, and nothing explains the volume. Medium: volume and
    composition. Weak: volume alone."""
    if not each.otherwise:
        return "weak"
    alike = shown.in_words(each) and each.q_joint <= _STRONG
    return "strong" if alike and not each.explained else "medium"


def conduct(each: Judged) -> str:
    """Which conduct of law.toml it is about."""
    if shown.is_attack(each):
        return "reverse_brushing"
    return "fake_review" if shown.in_words(each) else "inflated_listing"


def _judged(corpus: Corpus, known: Histories, scan: Scan, words: Calendar) -> list[Judged]:
    """Products first, then shops: a rise that one of its products shows already is not told again."""
    windows = candidates(scan)
    products = list(_of_products(corpus, known, scan, windows, words))
    own = decided(products, scan.tests)
    told_before = {(known.products[each.window.key].shop, each.window) for each in own if each.called}
    of_shops = {
        key: [window for window in windows.get(key, ()) if window.q <= BY_VOLUME]
        for key in known.shops
    }  # fmt: skip
    shops = decided(_of_shops(corpus, known, scan, of_shops, words), scan.tests)
    fresh = [
        each for each in shops
        if not any(shop == each.window.key and touch(window, each.window) for shop, window in told_before)
    ]  # fmt: skip
    return [*own, *fresh]


def _of_products(
    corpus: Corpus, known: Histories, scan: Scan, windows: dict[str, list[Window]], words: Calendar
) -> Iterator[Judged]:
    limit = volume_threshold(scan)
    for key, rows in _grouped(corpus, known, words, known.products):
        yield from judged(windows.get(key, []), rows, words, limit)


def _of_shops(
    corpus: Corpus, known: Histories, scan: Scan, windows: dict[str, list[Window]], words: Calendar
) -> list[Judged]:
    wanted = {key for key, found in windows.items() if found}
    parts = {key: own for key, own in known.products.items() if own.shop in wanted}
    rows: dict[str, list[Told]] = defaultdict(list)
    product_of: dict[str, str] = {}
    for key, own in _grouped(corpus, known, words, parts) if parts else ():
        rows[parts[key].shop] += own
        product_of |= {row.review.identifier: key for row in own}
    found = [
        each
        for key in sorted(rows)
        for each in judged(windows[key], rows[key], words, volume_threshold(scan))
    ]
    return not_of_one_product(found, product_of)


def _grouped(
    corpus: Corpus, known: Histories, words: Calendar, wanted: Container[str]
) -> Iterator[tuple[str, list[Told]]]:
    """The reviews of each product, let go of when all of them are there."""
    rows: dict[str, list[Told]] = defaultdict(list)
    for review in corpus.reviews():
        key = product(review)
        row = told(review, known.written, words) if key in wanted else None
        if row is not None:
            rows[key].append(row)
            if len(rows[key]) == known.expected[key]:
                yield key, rows.pop(key)


def _called(corpus: Corpus, key: str, each: Judged) -> str:
    review = each.rows[0].review
    listing = corpus.listing_of.get((review.domain, review.item_reviewed or ""))
    seller = listing.seller if listing and key.startswith("shop:") else None
    return shown.called(listing, seller, key)


def _folder(corpus: Corpus) -> Path | None:
    return corpus.archive.path if corpus.archive else None
