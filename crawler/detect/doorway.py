"""虚假售后热线: pages stuffed with names of places that give one number as a brand's own service."""

from collections.abc import Iterator, Sequence

from crawler.detect.doorways.gathered import Gathered, Shown, gathered
from crawler.detect.doorways.official import Official, official
from crawler.detect.doorways.wording import (
    LIMITS,
    WHY,
    brands,
    claim,
    facts,
    hosts,
    innocents,
    pages_table,
    quotes,
)
from crawler.detect.kit.corpus import Corpus, Post
from crawler.detect.kit.detector import Detector
from crawler.detect.kit.finding import Finding, Grade
from crawler.detect.kit.subject import brand_subject, hotline_subject, post_subject


class Doorway(Detector):
    """Names of places (places/coverage.py), repeated hotline, brand and service, pasted article; grouped by number.

    Source: detection.md §4.7 and §6(f). The same number under several brands or on several hosts is what a genuine
    list of service points does not have; a page alone is a weak lead, unless an article is pasted on.
    """

    name = "doorway"
    version = 1
    title = "疑似冒充售后热线"
    summary = (
        "查找堆砌地名、反复给出同一热线并自称品牌官方售后的页面，按号码跨站点归并；"
        "品牌自己的网点名录、附地址的真实网点、新闻和招聘不列为线索"
    )

    def detect(self, corpus: Corpus) -> Iterator[Finding]:
        """One finding per hotline."""
        known = gathered(corpus)
        table = official(corpus.archive.path if corpus.archive is not None else None)
        for number in sorted(known.by_number):
            pages = [shown for shown in known.by_number[number] if not _is_own(shown, known, table)]
            pages.sort(key=lambda shown: (shown.page.url, shown.page.identifier))
            if any(_is_doorway(shown) for shown in pages) and _mismatch(pages):
                yield self._finding(pages, known, table)

    def _finding(self, pages: Sequence[Shown], known: Gathered, table: Official) -> Finding:
        seen = pages[0].signs
        return Finding(
            detector=self.name, version=self.version, key=f"hotline:{seen.number}", grade=grade(pages, table),
            link="consume",  # it waits for those who have bought, and stands outside the four links
            conduct="doorway_hotline", claim=claim(pages), why=WHY, quotes=tuple(quotes(pages)),
            facts=tuple(facts(pages, known, table)), innocent=tuple(innocents(pages, known, table)), limits=LIMITS,
            tables=(pages_table(pages),), subjects=subjects(pages),
            conduct_from=min(_time(shown) for shown in pages), conduct_until=max(_time(shown) for shown in pages),
        )  # fmt: skip


def grade(pages: Sequence[Shown], table: Official) -> Grade:
    """Strong: one number for several brands or on several hosts, each page stuffed, or another number is the official
    one; medium: an article pasted on; weak: one brand on one host, or a page that says it is not the brand's."""
    stuffed = [shown for shown in pages if _is_doorway(shown)]
    contradicted = any(table.known(shown.signs.brand) for shown in pages)
    if any(shown.signs.disclaimed for shown in pages):
        return "weak"
    if contradicted or (len(stuffed) > 1 and (len(brands(stuffed)) > 1 or len(hosts(stuffed)) > 1)):
        return "strong"
    return "medium" if any(shown.signs.pasted for shown in stuffed) else "weak"


def subjects(pages: Sequence[Shown]) -> tuple[str, ...]:
    """The number, the brands whose names are used, the pages that were read as posts."""
    posts = [shown.page for shown in pages if isinstance(shown.page, Post)]
    posts += [post for shown in pages for post in shown.posts]
    named = {brand_subject(name) for name in brands(pages)}
    named |= {post_subject(post.domain, post.identifier) for post in posts}
    return (hotline_subject(pages[0].signs.number), *sorted(named))


def _is_own(shown: Shown, known: Gathered, table: Official) -> bool:
    """The brand speaks for itself: its number, its site, or a number that its site gives too."""
    seen = shown.signs
    if seen.signed or table.is_official(seen.number, seen.brand):
        return True
    return bool(known.owned(seen.brand) & known.domains[seen.number])


def _is_doorway(shown: Shown) -> bool:
    return shown.signs.stuffed and not shown.signs.is_directory and bool(shown.signs.pretended)


def _mismatch(pages: Sequence[Shown]) -> bool:
    """Something that a genuine list of service points has not: other brands, other hosts; or a page that is nobody's:
    it gives itself out as the brand's (`_is_doorway`), is not (`_is_own`), and does not say whose it is."""
    if len(brands(pages)) > 1 or len(hosts(pages)) > 1:
        return True
    return not any(shown.signs.disclaimed for shown in pages)


def _time(shown: Shown) -> str:
    page = shown.page
    published = next((post.published_at for post in shown.posts if post.published_at), None)
    if isinstance(page, Post):
        return published or page.published_at or page.first_seen
    return published or min([post.first_seen for post in shown.posts], default=page.captured_at)
