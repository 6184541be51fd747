"""评价模板: reviews of one shop that share the same words within days."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from crawler.detect.kit.corpus import Corpus, Review
from crawler.detect.kit.detector import Detector, Scorer
from crawler.detect.kit.finding import Finding, Grade
from crawler.detect.text.boilerplate import kind_of
from crawler.detect.text.clusters import DAYS as WINDOW
from crawler.detect.text.clusters import Cluster, Learned, distinct, odds_of, point_cluster, run_clusters
from crawler.detect.text.context import Context
from crawler.detect.text.grouped import Group, askings, group_of, share_pictures
from crawler.detect.text.normalise import normalised
from crawler.detect.text.partition import runs_within
from crawler.detect.text.points import Points, Said, said, shared_points
from crawler.detect.text.similarity import PairScorer
from crawler.detect.text.telling import finding_of, innocents

# Chance must be this small to speak of it at all, and this small where nothing else supports it.
POSSIBLE, UNSUPPORTED = 1e-2, 1e-6
_THIN = 0.01  # probability below which the share of one-review accounts is remarkable


class Templates(Detector):
    """Shared runs of 15 characters, or several clauses at once, in one shop within seven days (detection.md 6b).

    The words are counted against their rate elsewhere. What supports a cluster is context: a captured brief that asks
    for these words, the same pictures, accounts with one review. Boilerplate and culture are left out and listed.
    """

    name = "templates"
    version = 1
    title = "评价模板"
    summary = (
        "找出同一店铺短期内不同账号写出相同字句的评价，并与其他时间、其他店铺的出现率比较；"
        "平台默认文案、凑字数文案和各处通用的套话不作为线索。"
    )

    def __init__(self) -> None:
        self.learned: list[
            Learned
        ] = []  # filled by `detect`: words left out because they are common property

    def detect(self, corpus: Corpus) -> Iterator[Finding]:
        """Findings by shop, then by words."""
        context, clusters = self._by_runs(corpus)
        if not len(context):
            return
        clusters += _by_points(corpus, context)
        chosen = [cluster for cluster in distinct(clusters, context) if not _is_boilerplate(cluster)]
        reviews, counted = _collected(corpus, chosen, context)
        posts = askings(corpus, counted)
        for cluster in counted:
            chance = odds_of(cluster, context)
            if chance.p < POSSIBLE:
                members = tuple(reviews[number] for number in cluster.members)
                group = group_of(corpus, context, cluster, chance, members, posts)
                grade = _grade(group)
                if grade is not None:
                    yield finding_of(corpus, self, group, grade, context, self.learned)

    def scorer(self) -> Scorer:
        """Pairs of reviews: one text, edited, or two."""
        return PairScorer()

    def _by_runs(self, corpus: Corpus) -> tuple[Context, list[Cluster]]:
        context = Context()
        clusters: list[Cluster] = []
        learned: list[Learned] = []
        with runs_within(_texts(corpus, context)) as blocks:
            for runs in blocks:
                clusters += run_clusters(runs, context, learned)
        self.learned = _told_once(learned)
        return context, clusters


def _texts(corpus: Corpus, context: Context) -> Iterator[str]:
    for review in corpus.reviews():
        context.add(review, corpus.shop(review))
        yield review.review_body or ""


def _by_points(corpus: Corpus, context: Context) -> list[Cluster]:
    """Clusters by points, product by product: reviews come in that order."""
    found: list[Cluster] = []
    numbered = enumerate(corpus.reviews())
    for _, rows in groupby(numbered, key=lambda row: context.products[row[0]]):
        told = [_said(number, review, context) for number, review in rows]
        found += [point_cluster(points, context) for points in shared_points(told, WINDOW)]
    return found


def _said(number: int, review: Review, context: Context) -> Said:
    text = normalised(review.review_body or "")
    return said(number, int(context.accounts[number]), int(context.days[number]), text)


def _is_boilerplate(cluster: Cluster) -> bool:
    return any(kind_of(phrase) is not None for phrase in cluster.phrases)


def _collected(
    corpus: Corpus, clusters: Sequence[Cluster], context: Context
) -> tuple[dict[int, Review], list[Cluster]]:
    """The reviews of the clusters, and the clusters by points with every review of the archive that makes them."""
    wanted = {number for cluster in clusters for number in cluster.members}
    by_clause: dict[str, list[int]] = {}
    for place, cluster in enumerate(clusters):
        for phrase in cluster.phrases if cluster.basis == "points" else ():
            by_clause.setdefault(phrase, []).append(place)
    kept: dict[int, Review] = {}
    matching: list[list[int]] = [[] for _ in clusters]
    for number, review in enumerate(corpus.reviews()):
        if number in wanted:
            kept[number] = review
        if by_clause:
            told = _said(number, review, context)
            near = {place for clause in {*told.clauses, told.whole} for place in by_clause.get(clause, ())}
            for place in near:
                if Points(clusters[place].phrases, ()).made_by(told):
                    matching[place].append(number)
    counted = [
        cluster if cluster.basis == "run" else replace(cluster, matching=tuple(found))
        for cluster, found in zip(clusters, matching, strict=True)
    ]
    return kept, counted


def _grade(group: Group) -> Grade | None:
    """Strong only with a brief or the same pictures; none where chance is all there is and not small enough."""
    shown_elsewhere = bool(group.briefs) + share_pictures(group)
    left = sum(each.remains for each in innocents(group))
    if not shown_elsewhere and group.chance.p >= UNSUPPORTED:
        return None
    thin = group.thin_chance < _THIN
    weight = shown_elsewhere + thin + (group.chance.p < UNSUPPORTED) + (group.accounts >= 5) - left
    if weight >= 3 and shown_elsewhere:
        return "strong"
    return "medium" if weight >= 2 else "weak" if weight >= 1 else None


def _told_once(learned: Iterable[Learned]) -> list[Learned]:
    """The most frequent first; a run that overlaps a more frequent one says nothing new."""
    kept: dict[str, Learned] = {}
    for each in sorted(learned, key=lambda one: (-one.reviews, one.text)):
        if not any(each.text in other or other in each.text for other in kept):
            kept[each.text] = each
    return list(kept.values())
