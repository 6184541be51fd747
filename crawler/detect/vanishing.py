"""差评消失: negative reviews that are gone from one capture to the next while the others stay."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from crawler.detect.kit.corpus import Corpus, Review
from crawler.detect.kit.detector import Detector
from crawler.detect.kit.finding import Fact, Finding, Grade, Innocent, Quote, Table
from crawler.detect.kit.subject import listing_subject
from crawler.detect.series.burst_shown import called, chance
from crawler.detect.series.vanished import Look, Run, is_negative, looks
from crawler.store.timeline import Change

_LEAST = 3  # negative reviews: one or two are authors who thought better of it
_CHANCE = 0.01  # at or below which that they are negative is no accident
_STRONG, _STRONG_LEAST = 1e-4, 4  # chance and number
_QUOTED, _QUOTES = 80, 8  # characters of a review; reviews
_MOST_CAPTURES = 40  # pages named for what stayed
_LIMITS = (
    "页面不再显示不等于被删除；由谁处理、以何理由处理，须向平台调取处理记录",
    "电子商务法第三十九条、第八十一条只约束平台经营者；商家自行申诉、诱导买家删改的，适用其他规定",
    "只比较两次抓取都完整翻到的列表；未抓取期间的变化不可知",
    "有评分的评价才参与比较；评分在两星及以下的计为差评",
)


class Vanishing(Detector):
    """What vanished between captures (store/timeline.py decides what may count as vanished), its share of negative
    ratings against what stayed: Fisher's exact test."""

    name = "vanishing"
    version = 1
    title = "差评消失"
    summary = (
        "查找两次抓取之间差评成批不再显示、而其他评价仍在的商品；个别买家自行删除、列表重排、翻页变化、"
        "整个列表撤下不列为线索"
    )

    def detect(self, corpus: Corpus) -> Iterator[Finding]:
        """One finding for each product and pair of looks."""
        changes = [change for change in corpus.changes() if change.kind in ("review", "page")]
        found = _looks(corpus, changes)
        several = Counter(look.product for look in found if _counts(look))
        for look in found:
            if _counts(look):
                yield self._finding(corpus, look, changes, several[look.product])

    def _finding(self, corpus: Corpus, look: Look, changes: Sequence[Change], times: int) -> Finding:
        first = look.gone[0][0]
        listing = corpus.listing_of.get((first.domain, first.item_reviewed or ""))
        name = called(listing, None, look.product)
        negative = [(review, change) for review, change in look.gone if is_negative(review)]
        before = max(change.time_before for _, change in look.gone)
        after = max(change.time_after for _, change in look.gone)
        return Finding(
            detector=self.name, version=self.version, key=f"{look.product}/{after}", grade=grade(look),
            link="review", conduct="review_hiding",
            claim=f"疑似差评被隐去：{name}的评价列表在两次抓取之间少了{len(negative)}条差评，"
            f"原有{look.negative_gone + look.negative_stayed}条差评，好评少了{look.positive_gone}条",
            why="差评被删除、折叠或者置后，会使消费者看不到负面评价，评价结果不再反映真实的购买体验",
            quotes=tuple(_quote(review) for review, _ in negative if _field(review))[:_QUOTES],
            facts=_facts(look, negative), innocent=_innocents(look, changes, times), limits=_LIMITS,
            chance=f"假设评价的消失与评分无关，消失的{len(look.gone)}条中不少于{len(negative)}条为差评的概率"
            f"p={chance(look.p)}（Fisher精确检验）",
            tables=_tables(look, negative),
            subjects=tuple(sorted({look.product, corpus.shop(first)})),
            conduct_from=before, conduct_until=after,
        )  # fmt: skip


def grade(look: Look) -> Grade:
    """Strong: at least four, far beyond chance. Medium: beyond chance."""
    return "strong" if look.negative_gone >= _STRONG_LEAST and look.p <= _STRONG else "medium"


def _counts(look: Look) -> bool:
    return look.negative_gone >= _LEAST and look.p <= _CHANCE and not look.oldest_only


def _looks(corpus: Corpus, changes: Sequence[Change]) -> list[Look]:
    wanted = {(change.site, change.identifier) for change in changes if change.kind == "review"}
    if not wanted:
        return []
    products = {_product(review) for review in corpus.reviews() if (review.site, review.identifier) in wanted}
    reviews: dict[str, list[Review]] = defaultdict(list)
    for review in corpus.reviews():
        if _product(review) in products:
            reviews[_product(review)].append(review)
    runs = corpus.query(
        "select run, min(leaf) first, max(leaf) last, max(started) ended from capture"
        " where redacted is null group by run"
    )
    spans = {row["run"]: Run(row["first"], row["last"], row["ended"]) for row in runs}
    captures = {change.capture_before for change in changes} | {change.capture_after for change in changes}
    rows = (
        corpus.query("select id, run from capture where id = ?", (capture,)) for capture in sorted(captures)
    )
    return looks(changes, reviews, {row["id"]: row["run"] for found in rows for row in found}, spans)


def _product(review: Review) -> str:
    return listing_subject(review.domain, review.item_reviewed or review.url)


def _field(review: Review) -> str | None:
    return next((name for name in ("review_body", "headline") if getattr(review, name)), None)


def _quote(review: Review) -> Quote:
    field = _field(review) or "review_body"
    end = min(_QUOTED, len(getattr(review, field)))
    return review.quote(field, 0, end, f"{review.stars:.0f}星，后一次抓取未再显示")


def _facts(look: Look, negative: Sequence[tuple[Review, Change]]) -> tuple[Fact, ...]:
    facts = [
        Fact(
            text=f"{told_time(change.time_before)}的抓取显示评价{review.identifier}（{review.stars:.0f}星），"
            f"{told_time(change.time_after)}的抓取{_how(change)}",
            captures=(change.capture_before, change.capture_after),
        )
        for review, change in negative
    ]
    captures = tuple(dict.fromkeys(review.capture for review in look.stayed))
    gone, stayed = len(look.gone), len(look.stayed)
    facts.append(
        Fact(
            text=f"差评：消失的{gone}条中{look.negative_gone}条，仍在的{stayed}条中{look.negative_stayed}条；"
            f"好评：消失{look.positive_gone}条，仍在{look.positive_stayed}条",
            captures=captures[:_MOST_CAPTURES],
        )
    )
    return tuple(facts)


def _how(change: Change) -> str:
    return "该处文字变为已隐藏或者已删除的提示" if change.what == "text" else "不再显示"


def told_time(moment: str) -> str:
    """A stored time as told: "2026-11-20 02:00 UTC"."""
    return f"{moment[:10]} {moment[11:16]} UTC"


def _innocents(look: Look, changes: Sequence[Change], times: int) -> tuple[Innocent, ...]:
    negative = [review for review, _ in look.gone if is_negative(review)]
    authors = {review.author_alias for review in negative if review.author_alias}
    off = [
        change.identifier
        for change in changes
        if change.what == "gone" and change.page_url == negative[0].url
    ]
    before, all_before = look.negative_gone, look.negative_gone + look.negative_stayed
    rest = len(look.stayed) - look.negative_stayed
    return (
        Innocent(
            explanation="评价人自行删除或者修改",
            result=f"{before}条出自{len(authors) or '不明数目的'}个账号，在相邻两次抓取之间一并消失；"
            f"同期其他评价{rest}条仍在，消失{len(look.gone) - before}条；个别人自行删除不能排除",
            remains=True,
        ),
        Innocent(
            explanation="平台依规则处理违规评价（广告、辱骂、与商品无关）",
            result="页面未说明处理理由，须核对原文并向平台核实",
            remains=True,
        ),
        Innocent(
            explanation="列表重新排序、翻页上限、新评价顶出",
            result=f"仍在的{len(look.stayed)}条在后一次抓取中均已见到；消失的并非都是列表最末（最早）的评价；"
            f"只采用完整翻到底、或者其后仍有评价可见的列表，此后的抓取也未再见到",
            remains=False,
        ),
        Innocent(
            explanation="商品重新上架、评价清零",
            result=f"原有差评{all_before}条中消失{before}条，其他评价仍在" + ("；商品页曾返回不存在" if off else ""),
            remains=bool(off),
        ),
        *([_once(times)] if times > 1 else []),
    )  # fmt: skip


def _once(times: int) -> Innocent:
    return Innocent(explanation="偶然一次", result=f"同一商品有{times}次此类变化", remains=False)


def _tables(look: Look, negative: Sequence[tuple[Review, Change]]) -> tuple[Table, ...]:
    counts = Table(
        title="消失与仍在的评价", columns=("", "消失", "仍在"),
        rows=(
            ("差评（2星及以下）", str(look.negative_gone), str(look.negative_stayed)),
            ("好评（4.5星及以上）", str(look.positive_gone), str(look.positive_stayed)),
            ("合计", str(len(look.gone)), str(len(look.stayed))),
        ),
    )  # fmt: skip
    rows = tuple(
        (review.identifier, review.author_alias or "未显示", f"{review.stars:.0f}", (review.published_at or "")[:10],
         change.capture_before, change.capture_after)
        for review, change in negative
    )  # fmt: skip
    columns = ("评价", "账号（化名）", "评分", "日期", "最后显示的抓取", "首次不显示的抓取")
    return counts, Table(title="不再显示的差评", columns=columns, rows=rows)
