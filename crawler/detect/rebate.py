"""好评返现: a reward on condition of a good review, in cards, sellers' replies, listings and buyers' accounts."""

from collections.abc import Iterator
from typing import ClassVar

from crawler.detect.kit.corpus import Corpus
from crawler.detect.kit.detector import Detector
from crawler.detect.kit.finding import Finding, Grade
from crawler.detect.rebates.gathered import Form, Told, gathered
from crawler.detect.rebates.wording import (
    OWN,
    WITNESSED,
    claim,
    facts,
    innocents,
    limits,
    quotes,
    shown_name,
    table,
    why,
    witnesses,
)

Forms = dict[Form, list[Told]]
_FORMS: tuple[Form, ...] = ("card", "told", "task", "reply", "listing", "payment")
_SEVERAL = 2  # independent buyers from which one's error no longer explains it
_MANY = 3  # thanks for five stars with a reward: from so many on a habit, not a slip


class Rebate(Detector):
    """A grammar of condition and reward on folded text (text/reward.py), grouped by shop and by who says it.

    Source of the wordings: cards of reported cases in law/lexicon.toml. A buyer who tells it is a witness. A shop's
    `any` rows (a reward for any review) make no finding; they are shown as an innocent reading where both occur.
    """

    name = "rebate"
    version = 1
    title = "好评返现"
    summary = (
        "查找以返现、红包等换取指定好评的卡片、商家回复、商品名称和买家陈述；"
        "不限好评的晒单有礼、售后补偿、新闻和禁止性规定不列为线索"
    )
    conducts: ClassVar[dict[Form, str]] = {"task": "recruitment", "payment": "recruitment"}

    def detect(self, corpus: Corpus) -> Iterator[Finding]:
        """One finding per shop and form."""
        names = {corpus.shop(listing): listing.seller for listing in corpus.listings()}
        for shop, forms in gathered(corpus).items():
            name = shown_name(names.get(shop))
            for form in _FORMS:
                if form in forms:
                    yield self._finding(shop, name, form, forms)

    def _finding(self, shop: str, name: str, form: Form, forms: Forms) -> Finding:
        rows = forms[form]
        return Finding(
            detector=self.name, version=self.version, key=f"{shop}/{form}", grade=grade(form, forms), link="rebate",
            conduct=self.conducts.get(form, "rebate_card"), claim=claim(form, rows, name), why=why(form),
            quotes=quotes(rows), facts=facts(form, rows), innocent=innocents(form, rows, forms),
            limits=limits(form), tables=(table(rows),),
            subjects=tuple(sorted({subject for told in rows for subject in told.subjects})),
            conduct_from=min(told.since for told in rows), conduct_until=max(told.until for told in rows),
        )  # fmt: skip


def grade(form: Form, forms: Forms) -> Grade:
    """Strong: the seller's own words and buyers say the same, or the seller says it twice; or three buyers do.
    Weak: one buyer alone, or only thanks for stars that were there already."""
    rows = forms[form]
    own = _explicit(forms)
    people = witnesses([told for each in WITNESSED for told in forms.get(each, [])])
    if form in WITNESSED:
        if witnesses(rows) >= _MANY or (own and witnesses(rows) >= _SEVERAL):
            return "strong"
        return "medium" if own or people >= _SEVERAL else "weak"
    if form in ("reply", "listing") and _told_outright(rows):
        return "strong" if own >= _SEVERAL or people else "medium"
    return "medium" if len(rows) >= _MANY or people else "weak"


def _explicit(forms: Forms) -> int:
    """Own words that set the condition; thanks for stars and payments do not."""
    return sum(_told_outright(forms.get(form, [])) for form in OWN if form != "payment")


def _told_outright(rows: list[Told]) -> int:
    return sum(not told.offer.thanks for told in rows)
