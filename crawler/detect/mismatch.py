"""评分与文本: stars and words that disagree, praise without a fact, another product's review, impossible dates."""

from collections.abc import Iterator

from crawler.detect.kit.corpus import Corpus
from crawler.detect.kit.detector import Detector
from crawler.detect.kit.finding import Fact, Finding, Grade, Innocent, Quote, Table
from crawler.detect.kit.subject import listing_subject
from crawler.detect.text.misfit import Kind
from crawler.detect.text.misfits import Case, Shop, Unusual, shops, unusual

NAMES: dict[Kind, str] = {
    "stars": "星级与文字相反",
    "factless": "五星好评不提任何商品事实",
    "other": "文字描述的像是另一件商品",
    "early": "评价早于商品上架",
    "order": "评价早于所显示的购买日期",
}
_READINGS: dict[Kind, tuple[str, str]] = {
    "stars": (
        "反语、点错星级，或者好评之后改了文字",
        "逐条阅读引文可以判断反语；点错星级在各店铺应当同样常见",
    ),
    "factless": (
        "买家图省事，写几句套话（如为积分凑字数）",
        "凑字数在各店铺应当同样常见，本店比例明显高于其他店铺",
    ),
    "other": (
        "买家评错商品，或者店铺把不同商品的评价合并展示",
        "合并展示通常可从规格一栏看出；应核对引文旁的规格",
    ),
    "early": ("商品重新上架、沿用旧链接或者合并旧评价", "网页只显示一个上架日期，无法区分"),
    "order": ("页面显示的是另一次购买，或者日期按不同时区显示", "日期已统一为北京时间，且相差整日才计入"),
}
_QUOTES = 3  # of each kind
_QUOTED = 80  # characters
_CONCUR = 2  # kinds in one shop from which the finding is more than weak


class Mismatch(Detector):
    """Counts per shop what does not fit within a review, and compares with the other shops of the archive (Poisson).

    It only supports: one kind alone is weak, several kinds in one shop are medium, never more (detection.md §6 e:
    never "style says fake"). Words are judged by text/sentiment.tsv, whose weights are printed."""

    name = "mismatch"
    version = 1
    title = "评分与文本"
    summary = (
        "按店铺统计星级与文字相反、好评不提商品事实、描述另一件商品、日期先后不合的评价，"
        "明显多于其他店铺才提示；只作辅助线索"
    )

    def detect(self, corpus: Corpus) -> Iterator[Finding]:
        """At most one finding per shop."""
        counted = shops(corpus)
        for subject in sorted(counted):
            kinds = unusual(subject, counted)
            if kinds:
                yield self._finding(subject, counted[subject], kinds)

    def _finding(self, subject: str, shop: Shop, kinds: list[Unusual]) -> Finding:
        cases = [case for each in kinds for case in shop.cases[each.kind]]
        moments = [case.review.published_at for case in cases if case.review.published_at]
        products = {
            listing_subject(case.review.domain, case.review.item_reviewed)
            for case in cases
            if case.review.item_reviewed
        }
        return Finding(
            detector=self.name, version=self.version, key=subject, grade=grade(kinds), link="review",
            conduct="fake_review", claim=_claim(shop, kinds),
            why="真实购买者的评价通常星级与文字一致、提到商品本身、写在购买之后；不合之处集中于一家店铺，"
            "可以辅助说明“评价”环节有人代写或者按要求写，须与其他线索一并判断。",
            quotes=tuple(quote for each in kinds for quote in _quotes(each.kind, shop)),
            facts=tuple(_fact(each, shop) for each in kinds),
            innocent=tuple(_innocent(each) for each in kinds),
            limits=(
                "只作辅助：单凭文字风格不能说明评价不真实。",
                "文字的褒贬由公开的词表（带权重）判断，读不出反语和行话。",
                "比较对象是本档案内的其他店铺；经营的商品不同，习惯也可能不同。",
            ),
            chance="；".join(_chance(each) for each in kinds), tables=(_table(kinds),),
            subjects=tuple(sorted({subject, *products})),
            conduct_from=min(moments, default=None), conduct_until=max(moments, default=None),
        )  # fmt: skip


def grade(kinds: list[Unusual]) -> Grade:
    """Weak; medium where several kinds concur in one shop."""
    return "medium" if len(kinds) >= _CONCUR else "weak"


def _claim(shop: Shop, kinds: list[Unusual]) -> str:
    told = "、".join(f"{NAMES[each.kind]}{each.count}条" for each in kinds)
    return f"疑似评价内容不合常理：“{shop.name}”的评价中，{told}，明显多于本档案其他店铺"


def _fact(each: Unusual, shop: Shop) -> Fact:
    captures = tuple(dict.fromkeys(case.review.capture for case in shop.cases[each.kind]))
    return Fact(
        text=f"{NAMES[each.kind]}：可比较的{each.among}条评价中有{each.count}条；按其他店铺的比例应约{each.expected:.1f}条",
        captures=captures,
    )


def _innocent(each: Unusual) -> Innocent:
    explanation, result = _READINGS[each.kind]
    return Innocent(explanation=explanation, result=result, remains=True)


def _chance(each: Unusual) -> str:
    return f"{NAMES[each.kind]}：若与其他店铺同样常见，出现{each.count}条或更多的概率{each.odds}"


def _table(kinds: list[Unusual]) -> Table:
    return Table(
        title="与其他店铺比较",
        columns=("不合之处", "本店", "可比较的评价", "按其他店铺比例应有"),
        rows=tuple(
            (NAMES[each.kind], str(each.count), str(each.among), f"{each.expected:.1f}") for each in kinds
        ),
    )


def _quotes(kind: Kind, shop: Shop) -> Iterator[Quote]:
    for case in shop.cases[kind][:_QUOTES]:
        if case.review.review_body:
            yield case.review.quote(
                "review_body", 0, min(len(case.review.review_body), _QUOTED), _label(kind, case)
            )


def _label(kind: Kind, case: Case) -> str:
    stars = case.review.stars
    return (
        f"{NAMES[kind]}（{stars:g}星）" if kind == "stars" and stars is not None else NAMES[kind] + case.note
    )
