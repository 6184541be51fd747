"""招募: posts that recruit for paid praise, fake orders, ordered bad reviews or live comments."""

from collections.abc import Iterator, Sequence

from crawler.detect.kit.corpus import Corpus
from crawler.detect.kit.detector import Detector, Scorer
from crawler.detect.kit.finding import Finding, Grade
from crawler.detect.kit.names import Named
from crawler.detect.kit.subject import account_subject, contact_subject, post_subject
from crawler.detect.recruiting.gathered import Text, texts
from crawler.detect.recruiting.wording import LIMITS, claim, facts, innocents, quotes, table, why
from crawler.detect.text.contact import Contact, contacts
from crawler.detect.text.folding import fold
from crawler.detect.text.ranking import RankScorer
from crawler.detect.text.slots import Reading, readings

_FULL = 5  # criteria that leave little of the scheme unsaid
_MOST = 4


class Recruitment(Detector):
    """Criteria of law/lexicon.toml over folded text, block by block; each block's speaker is judged first.

    Method: reference `detection.md` §6a; the rule (three of R T V M P X, one author, one block) is the lexicon's.
    Praise tied to money without recruiting is left to `rebate`.
    """

    name = "recruitment"
    version = 1
    title = "招募"
    summary = (
        "查找招募刷单、有偿好评、指定弹幕、有偿差评的帖文，还原变形用词；"
        "新闻、警示、投诉、禁止性规定、众测、机关招募和一般招聘不列为线索"
    )

    def detect(self, corpus: Corpus) -> Iterator[Finding]:
        """One finding per text: its block that says most."""
        names = Named(corpus)
        for text in texts(corpus):
            found = [reading for reading in readings(text.whole) if self._counts(text, reading)]
            if found:
                yield self._finding(text, max(found, key=lambda reading: reading.score), names)

    def scorer(self) -> Scorer:
        """The model that ranks, trained on the other folds; the rules alone are shown beside it."""
        return RankScorer()

    @staticmethod
    def _counts(text: Text, reading: Reading) -> bool:
        injected = not text.press or "X" in reading.criteria
        return reading.found and injected and reading.kind != "rebate_card"

    def _finding(self, text: Text, reading: Reading, names: Named) -> Finding:
        own = [
            each
            for each in contacts(fold(text.whole))
            if reading.block.start <= each.start < reading.block.end
        ]
        when = text.post.published_at or text.post.first_seen
        return Finding(
            detector=self.name, version=self.version, key=f"{text.post.domain}/{text.post.identifier}",
            grade=grade(reading), link="recruit", conduct=reading.kind, claim=claim(reading), why=why(reading),
            quotes=quotes(text, reading, own), facts=facts(text, reading, own), innocent=innocents(text, reading),
            limits=LIMITS, tables=(table(text, reading),), subjects=_subjects(text, own, names),
            conduct_from=when, conduct_until=when,
        )  # fmt: skip


def grade(reading: Reading) -> Grade:
    """Strong: five criteria with a contact and nothing left of another reading. Weak: three criteria only."""
    if len(reading.criteria) >= _FULL and "X" in reading.criteria and not reading.tested:
        return "strong"
    return "medium" if len(reading.criteria) >= _MOST else "weak"


def _subjects(text: Text, found: Sequence[Contact], names: Named) -> tuple[str, ...]:
    subjects = set(names.subjects(text.whole)) | {post_subject(text.post.domain, text.thread)}
    subjects |= {contact_subject(each.kind, each.value) for each in found if _names_someone(each)}
    if text.post.author_alias:
        subjects.add(account_subject(text.post.site, text.post.author_alias))
    return tuple(sorted(subjects))


def _names_someone(contact: Contact) -> bool:
    """An account of no said kind must look like one: 加iphone is a gift."""
    return contact.kind != "account" or any(character.isdigit() for character in contact.value)
