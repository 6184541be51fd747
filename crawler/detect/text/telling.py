"""A group of reviews told as a finding: claim, facts, innocent explanations, table and plot, in a lawyer's words."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from hashlib import sha256

from crawler import clock
from crawler.detect.kit.corpus import Corpus, Review
from crawler.detect.kit.detector import Detector
from crawler.detect.kit.finding import VERDICTS, Fact, Finding, Grade, Innocent, Plot, Quote, Table
from crawler.detect.kit.subject import listing_subject, post_subject
from crawler.detect.text.boilerplate import names_no_fact
from crawler.detect.text.chance import odds
from crawler.detect.text.clusters import DAYS as WINDOW
from crawler.detect.text.clusters import Cluster, Learned
from crawler.detect.text.context import Context, as_date
from crawler.detect.text.grouped import Brief, Group
from crawler.detect.text.normalise import normalised

SHOWN = 60  # reviews in the table
QUOTED = 12  # reviews that are quoted with offsets
AT_ONCE = 60  # minutes: one person's orders are reviewed in one go, a campaign's on several days
_WHY = "对应“评价”环节：互不相识的消费者短期内写出相同字句的可能性很小，"
_WITH_BRIEF = "相同字句又与已采集帖子要求的内容一致，可把“招募”和“评价”连在一起。"
_WITHOUT_BRIEF = "可能出自统一提供的文案。"


def finding_of(
    corpus: Corpus,
    detector: Detector,
    group: Group,
    grade: Grade,
    context: Context,
    learned: Sequence[Learned],
) -> Finding:
    """The finding about a group. `learned`: what was left out as common property; its number is told."""
    cluster, members = group.cluster, group.members
    bad = _is_bad(members)
    count, days = len(members), cluster.last_day - cluster.first_day + 1
    products = sorted({(review.domain, review.item_reviewed or "") for review in members})
    subjects = [corpus.shop(members[0]), *(listing_subject(*product) for product in products if product[1])]
    subjects += [post_subject(brief.post.domain, brief.post.identifier) for brief in group.briefs]
    kind, shared = "差评" if bad else "评价", _shared_words(cluster)
    return Finding(
        detector=detector.name,
        version=detector.version,
        key=_key(cluster, members, context),
        grade=grade,
        link="review",
        conduct="reverse_brushing" if bad else "fake_review",
        claim=f"疑似按同一文案写成的{kind}：{days}天内{count}条评价、{group.accounts}个账号，{shared}。",
        why=_WHY + (_WITH_BRIEF if group.briefs else _WITHOUT_BRIEF),
        quotes=(*_quotes(group), *_brief_quotes(group)),
        facts=tuple(_facts(group)),
        innocent=tuple(innocents(group)),
        limits=(
            "相同字句只说明文字有共同来源，不能说明是否付酬、是否真实购买。",
            "只比对了已采集的评价；未采集的评价中这些字句出现多少，不得而知。",
            "账号为化名，平台掩码可能使不同的人显示为同名，也可能使一人显示为多人。",
            f"另有{len(learned)}条在多个商品上通用的文案（平台默认文案、凑字数文案、流传套话）未作为线索。",
        ),
        chance=_chance(group),
        tables=(_table(group),),
        plots=(_plot(cluster, context),),
        subjects=tuple(dict.fromkeys(subjects)),
        conduct_from=min(review.published_at or review.captured_at for review in members),
        conduct_until=max(review.published_at or review.captured_at for review in members),
    )  # fmt: skip


def _is_bad(members: Sequence[Review]) -> bool:
    stars = [review.stars for review in members if review.stars is not None]
    return bool(stars) and sum(stars) <= 2 * len(stars)


def _shared_words(cluster: Cluster) -> str:
    if len(cluster.phrases) == 1:
        return f"都含有相同的{len(cluster.phrases[0])}字“{_told(cluster.phrases[0])}”"
    points = "”“".join(map(_told, cluster.phrases))
    return f"每条都含有下列{len(cluster.phrases)}个短句中的至少两个：“{points}”"


def _told(words: str) -> str:
    """Words of a page within our own sentence: the beginning, and none that would read as our judgement."""
    return "（原文见引文）" if any(verdict in words for verdict in VERDICTS) else words[:60]


def _digest(cluster: Cluster) -> str:
    return sha256("|".join(cluster.phrases).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _key(cluster: Cluster, members: Sequence[Review], context: Context) -> str:
    """Shop and run; points are of one product, and the same points may come again another time."""
    about = [context.shop_names[cluster.shop]]
    if cluster.basis == "points":
        about += [members[0].item_reviewed or "", as_date(cluster.first_day)]
    return "/".join((*about, _digest(cluster)))


def _quotes(group: Group) -> Iterator[Quote]:
    """The shared words where they stand in the first reviews."""
    for review in group.members[:QUOTED]:
        text = normalised(review.review_body or "")
        spans = [
            (place, place + len(phrase))
            for phrase in group.cluster.phrases
            if (place := text.text.find(phrase)) >= 0
        ]
        for start, end in sorted(spans):
            yield review.quote("review_body", *text.original(start, end), "相同字句")


def _brief_quotes(group: Group) -> Iterator[Quote]:
    for brief in group.briefs:
        if brief.demand is not None:
            yield brief.post.quote("article_body", brief.demand.start, brief.demand.end, "要求评价写入的内容")
            continue
        text = normalised(brief.post.article_body or "")
        place = text.text.find(brief.phrase)
        yield brief.post.quote(
            "article_body", *text.original(place, place + len(brief.phrase)), "与评价相同的字句"
        )


def _facts(group: Group) -> Iterator[Fact]:
    cluster, chance = group.cluster, group.chance
    captures = _captures(group.members)
    period = f"{as_date(cluster.first_day)}至{as_date(cluster.last_day)}"
    yield Fact(
        text=f"本{_unit(cluster)}{period}共{chance.window}条评价，其中{len(group.members)}条含有这些字句；"
        f"本{_unit(cluster)}其他时间{chance.same}条中有{chance.same_with}条，其余{chance.elsewhere}条评价中有"
        f"{chance.elsewhere_with}条。",
        captures=captures,
    )
    yield Fact(
        text=f"{group.accounts}个账号中，{group.thin}个在已采集的全部评价中只出现过这一次。",
        captures=captures,
    )
    for brief in group.briefs:
        what = "要求写入" if brief.demand is not None else "含有同样的字句"
        yield Fact(
            text=f"帖子{_named(brief)}{what}“{_told(brief.phrase)}”，"
            f"{len(group.members)}条评价中{brief.said_by}条与之相符。",
            captures=(brief.post.capture, *captures),
        )
    for picture in group.pictures[:5]:
        count = len(picture.reviews)
        yield Fact(
            text=f"{count}条评价配有同一张图片（{picture.basis}）：{_told(picture.address)}",
            captures=picture.captures,
        )


def _named(brief: Brief) -> str:
    title = f"“{_told(brief.asking.title)}”" if brief.asking.title else f"（{brief.post.url}）"
    return f"{title}{'提到该店名称，' if brief.names_shop else '未提该店名称，'}"


def _chance(group: Group) -> str:
    chance, count = group.chance, len(group.members)
    return (
        f"若这些字句只按其他评价中的比例出现，同期{chance.window}条评价中预期{chance.expected:.2g}条，实际{count}条；"
        f"偶然达到的概率{odds(chance.p)}（泊松分布，已按时间窗口数校正，前提是各评价互相独立）。"
    )


def _table(group: Group) -> Table:
    rows = tuple(
        (
            review.author_alias or "未显示",
            _shown(review.published_at),
            "未显示" if review.stars is None else f"{review.stars:g}星",
            review.item_reviewed or "未显示",
            review.review_body,
        )
        for review in group.members[:SHOWN]
    )
    more = len(group.members) - len(rows)
    title = "含有相同字句的评价（按日期）" + (f"，另有{more}条未列" if more else "")
    return Table(
        title=title, columns=("账号化名", "发布时间（北京时间）", "评分", "商品", "评价全文"), rows=rows
    )


def _plot(cluster: Cluster, context: Context) -> Plot:
    """Reviews with these words by day, two windows before and after; the line is all reviews of the shop."""
    days = range(cluster.first_day - 2 * WINDOW, cluster.last_day + 2 * WINDOW + 1)
    own = context.days[context.shops == cluster.shop]
    everything = Counter(own.tolist())
    matching = [
        number for number in {*cluster.matching, *cluster.members} if context.shops[number] == cluster.shop
    ]
    same = Counter(int(context.days[number]) for number in matching)
    return Plot(
        title="含有相同字句的评价数（按日）",
        x=tuple(as_date(day) for day in days),
        bars=tuple(float(same[day]) for day in days),
        lines={"该店全部评价": tuple(float(everything[day]) for day in days)},
        x_label="发布日期（北京时间）",
        y_label="条",
    )


def _captures(reviews: Iterable[Review]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(review.capture for review in reviews))


def innocents(group: Group) -> list[Innocent]:
    """What else could have made these reviews alike, each with what was found."""
    cluster, chance = group.cluster, group.chance
    plain_names = [normalised(name).text for name in group.names]
    in_name = [phrase for phrase in cluster.phrases if any(phrase in name for name in plain_names)]
    own_wording = bool(plain_names) and 2 * len(in_name) >= len(cluster.phrases)
    unseen = sum(review.author_alias is None for review in group.members)
    minutes = _minutes(group.members)
    at_once = minutes is not None and minutes <= AT_ONCE
    several = 10 * group.accounts < 7 * len(group.members) or bool(unseen) or at_once
    total = chance.window + chance.same
    generic = names_no_fact("".join(cluster.phrases))
    return [
        Innocent(
            explanation="平台默认文案、应用标签、网页页脚，或为积分凑字数的流传文案",
            result="已与文案表比对，相同字句不在其中；也未在多个商品上长期、分散地出现",
            remains=False,
        ),
        Innocent(
            explanation="商品名称自带的用语",
            result=f"商品名称含有其中{len(in_name)}处" if in_name else
            ("商品名称不含这些字句" if plain_names else "未采集到商品名称，不能比对"),
            remains=own_wording,
        ),
        Innocent(
            explanation="同一人的多笔订单",
            result=f"{len(group.members)}条评价出自{group.accounts}个账号"
            + (f"，其中{unseen}条未显示账号" if unseen else "")
            + (f"；全部在{minutes}分钟内发布，不能排除一人用几个账号连续评价" if at_once else ""),
            remains=several,
        ),
        Innocent(
            explanation="大促或平台催评使评价集中",
            result=f"同期该{_unit(cluster)}共有{chance.window}条评价（全部{total}条）；"
            "预期数已按同期评价总数折算，评价增多本身不会使字句相同",
            remains=False,
        ),
        Innocent(
            explanation="泛泛的称赞，任何商品都可能这样写",
            result="相同字句多为不涉及商品事实的套话" if generic else "相同字句涉及商品的具体事实",
            remains=generic,
        ),
    ]  # fmt: skip


def _minutes(members: Sequence[Review]) -> int | None:
    """Minutes from the first to the last review; None where a time is shown by the day only."""
    if any(review.published_precision not in ("second", "minute") for review in members):
        return None
    moments = [datetime.fromisoformat(review.published_at) for review in members if review.published_at]
    return int((max(moments) - min(moments)).total_seconds() / 60) if moments else None


def _unit(cluster: Cluster) -> str:
    return "店铺" if cluster.basis == "run" else "商品"


def _shown(published: str | None) -> str:
    return f"{clock.parse(published).astimezone(clock.BEIJING):%Y-%m-%d %H:%M}" if published else "未显示"
