"""Storylines: findings that concern the same shop or organiser, ordered along 招募—消费—评价—返款, gaps named.

Which findings stand together is decided in kit/joining.py; there is also the rule against chains of chance. Here they
are put in order, graded and worded. An account alone joins weakly: such a storyline is graded weak and says so.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from crawler.detect.kit.finding import LINKS, Finding, Grade, Link
from crawler.detect.kit.joining import Centre, Homes, Kind, Side, groups, homes_of, kind_of, newest

_SEVERAL = 2  # links from which a storyline is more than weak
# Links with more than weak material from which a storyline is strong: most of the four that the 成都 judgment named.
_SPREAD = 3
_LABELS: dict[Kind, str] = {
    "shop": "同一店铺",
    "contact": "同一联系方式",
    "hotline": "同一热线号码",
    "brand": "同一品牌",
    "listing": "同一商品",
    "post": "同一帖子",
    "account": "同一账号",
    "other": "同一对象",
}
ADVICE: dict[Link, str] = {
    "recruit": (
        "建议固定招募帖全文和整页截图（发布时间、城市、原始网址）、发布者主页、联系方式、目标店铺和对星级、字数、图片的要求；"
        "可用店铺名、品牌名加“体验官”“试吃员”“免单”在论坛、兼职和同城版块检索"
    ),
    "consume": (
        "建议固定任务流程（搜索关键词、浏览时长、收藏加购、垫付金额）、下单页面、订单和物流记录，并间隔数日重复抓取销量计数"
    ),
    "review": (
        "建议固定目标商品的全部评价页（含追评、图片、发布时间、商家回复），间隔数日重复抓取，以便比对文字、图片和数量"
    ),
    "rebate": "建议固定返现卡片正反面照片、商家回复、客服聊天记录、红包或者转账的到账记录以及付款主体",
}
# Labels of a recruiting post's quotes that describe buying.
_PATH_WORDS = ("任务", "流程", "垫付", "下单", "路径")


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A finding in a storyline, and why: 同一店铺 …"""

    finding: str  # id
    detector: str
    claim: str
    grade: Grade
    because: str
    conduct_from: str | None
    conduct_until: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One of the four links: its findings by time, or the gap (Chinese, with advice what to capture)."""

    link: Link
    members: tuple[Member, ...]
    gap: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Storyline:
    """Findings with one centre. `id` comes from the centre alone: it stays while the storyline grows."""

    id: str
    centre: str  # a subject (kit/subject.py)
    side: Side
    title: str
    grade: Grade
    stages: tuple[Stage, ...]  # always four, in order
    conducts: tuple[str, ...]  # ids of law.toml
    subjects: tuple[str, ...]
    remarks: tuple[str, ...]  # what a reader must know, Chinese
    conduct_from: str | None
    conduct_until: str | None

    @property
    def findings(self) -> tuple[str, ...]:
        """Ids of its findings, along the links and by time."""
        return tuple(member.finding for stage in self.stages for member in stage.members)

    @property
    def gaps(self) -> tuple[str, ...]:
        """Links without material, in words."""
        return tuple(stage.gap for stage in self.stages if stage.gap)

    @property
    def links(self) -> tuple[Link, ...]:
        """Links with material."""
        return tuple(stage.link for stage in self.stages if stage.members)


def storylines(findings: Sequence[Finding]) -> list[Storyline]:
    """The storylines of these findings (rejected ones left out by the caller), strongest first.

    Of findings with one detector and key the highest version counts, then the later one. The order of the rest does
    not matter. Linear in findings × subjects.
    """
    together = newest(findings)
    homes = homes_of(together)
    stories = [_storyline(centre, found, homes) for centre, found in groups(together, homes).items()]
    return sorted(stories, key=_rank)


def _storyline(centre: Centre, found: list[Finding], homes: Homes) -> Storyline:
    subject, side = centre
    stages = tuple(_stage(link, found, subject, homes) for link in LINKS)
    starts = [finding.conduct_from for finding in found if finding.conduct_from]
    ends = [end for finding in found if (end := finding.conduct_until or finding.conduct_from)]
    return Storyline(
        id="S" + hashlib.sha256(f"{side} {subject}".encode()).hexdigest()[:12],
        centre=subject, side=side, title=_title(subject, side, stages), grade=_grade(kind_of(subject), found),
        stages=stages, conducts=tuple(sorted({finding.conduct for finding in found})),
        subjects=tuple(sorted({each for finding in found for each in finding.subjects})),
        remarks=tuple(_remarks(kind_of(subject), side, stages)),
        conduct_from=min(starts, default=None), conduct_until=max(ends, default=None),
    )  # fmt: skip


def _stage(link: Link, found: list[Finding], centre: str, homes: Homes) -> Stage:
    members = tuple(_member(finding, centre, homes) for finding in found if finding.link == link)
    return Stage(link=link, members=members, gap=None if members else _gap(link, found))


def _member(finding: Finding, centre: str, homes: Homes) -> Member:
    because = _LABELS[kind_of(centre)]
    if centre not in finding.subjects:
        by = next(each for each in finding.subjects if homes.get(each) == centre)
        because = f"{_LABELS[kind_of(by)]}（属于该店铺）"
    return Member(
        finding=finding.id, detector=finding.detector, claim=finding.claim, grade=finding.grade, because=because,
        conduct_from=finding.conduct_from, conduct_until=finding.conduct_until,
    )  # fmt: skip


def _gap(link: Link, found: list[Finding]) -> str:
    told = ""
    if link == "consume" and any(_describes_path(finding) for finding in found):
        told = "招募材料已写明下单流程，但没有订单材料；"
    return f"{LINKS[link]}环节尚无材料：{told}{ADVICE[link]}"


def _describes_path(finding: Finding) -> bool:
    return finding.link == "recruit" and any(
        word in quote.label for quote in finding.quotes for word in _PATH_WORDS
    )


def _grade(kind: Kind, found: list[Finding]) -> Grade:
    """Strong: three links with more than weak material, one of it strong. Medium: two such links, or one strong."""
    firm = {finding.link for finding in found if finding.grade != "weak"}
    strong = any(finding.grade == "strong" for finding in found)
    if kind == "account":
        return "weak"
    if len(firm) >= _SPREAD and strong:
        return "strong"
    return "medium" if len(firm) >= _SEVERAL or strong else "weak"


def _remarks(kind: Kind, side: Side, stages: tuple[Stage, ...]) -> list[str]:
    remarks = []
    if kind == "account":
        remarks.append("仅有共同账号，没有共同的店铺、商品或者联系方式，只作查找方向，不宜单独引用")
    if side == "harmed" and kind in ("shop", "brand", "listing"):
        remarks.append("所涉店铺、品牌在这些线索中是受影响的一方，不是行为人")
    recruit, review = stages[0].members, stages[2].members
    first_post = min((each.conduct_from for each in recruit if each.conduct_from), default=None)
    last_review = max(
        (end for each in review if (end := each.conduct_until or each.conduct_from)), default=None
    )
    if first_post and last_review and first_post[:10] > last_review[:10]:
        remarks.append("招募材料的时间晚于全部评价材料，先后关系存疑，须查找更早的招募材料")
    return remarks


def _title(subject: str, side: Side, stages: tuple[Stage, ...]) -> str:
    have = "、".join(LINKS[stage.link] for stage in stages if stage.members)
    about = (
        f"针对{shown(subject)}的"
        if side == "harmed" and kind_of(subject) == "shop"
        else f"围绕{shown(subject)}的"
    )
    return f"{about}疑似线索：{have}"


def shown(subject: str) -> str:
    """A subject in words: 店铺云岚家居旗舰店（yunlan.example）."""
    kind = kind_of(subject)
    place, _, name = subject.partition(":")[2].partition("/")
    if kind == "shop":
        return f"店铺{name}（{place}）"
    if kind == "listing":
        return f"商品{name}（{place}）"
    if kind == "post":
        return f"帖子{name}（{place}）"
    if kind == "account":
        return f"账号{name}（化名）"
    if kind == "contact":
        return f"联系方式{name}"
    return f"热线{place}" if kind == "hotline" else f"品牌{place}"


def _rank(story: Storyline) -> tuple[int, int, int, str]:
    grades: tuple[Grade, ...] = ("strong", "medium", "weak")
    return grades.index(story.grade), -len(story.links), -len(story.findings), story.centre
