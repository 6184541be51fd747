"""What a lockstep finding says, in Chinese."""

from crawler.detect.graph.crews import CROWD, LEAST_PLACES, WINDOW
from crawler.detect.graph.gathered import HUB, Level, date_of, day_of
from crawler.detect.graph.seen import HIGH, LOW, Seen, at_occasion, crowded
from crawler.detect.kit.corpus import Review
from crawler.detect.kit.finding import Fact, Innocent, Quote, Table
from crawler.detect.text.chance import odds

_WHAT: dict[Level, str] = {"listing": "件商品", "shop": "家店铺"}
_QUOTES = 8  # one of each account; the rest stands in the table
_QUOTED = 60  # characters
_ROWS, _COLUMNS = 40, 12  # of the wider table: what fits a page
_SHORT = 14  # characters of a product's name in a table
_TOLD_SHARE = 0.5  # share of an account's reviews made together above which buying a lot does not explain it
_TRIAL = ("试用", "体验装", "申领", "内测", "公测")
_FEW_REGIONS = 0.7  # share of one region from which neighbours, colleagues or a family remain possible


def claim(one: Seen) -> str:
    """One plain sentence."""
    group, level = one.crew.group, one.gathered.level
    across = f"（分属{len(one.group_shops)}家店铺）" if level == "listing" else ""
    return (
        f"疑似同步评价：{len(group.accounts)}个账号在{len(group.occasions)}{_WHAT[level]}{across}下，"
        f"每次都在{WINDOW}天之内先后发表评价；随机预期{expected(one.crew.by_choice)}组"
    )


def why(one: Seen) -> str:
    """The link in the chain."""
    if len(one.group_shops) == 1:
        return "同一批账号在同一店铺的多件商品下结伴出现，可能是该店铺组织的评价，属于“评价”环节的线索。"
    return (
        "刷单任务通常要求同一账号不在同一商品下重复评价，因此同一组织者手中的账号会在多家店铺、多件商品之间"
        "结伴出现；这是“评价”环节的线索，并提示这些店铺可能使用同一组织者。"
    )


def expected(number: float) -> str:
    """An expected number for people: never more digits than mean something."""
    if number >= 1:
        return f"{number:.1f}"
    return f"{number:.3f}".rstrip("0").rstrip(".") if number >= 0.001 else "不足0.001"


def chance(one: Seen) -> str:
    """Both assumptions with their results."""
    crew = one.crew
    return (
        f"假设一（自由选择）：每个账号的评价数不变，在本站全部{len(one.gathered.visits)}次评价中随机挑选，"
        f"同样规模的组预期{expected(crew.by_choice)}个（概率{odds(min(crew.by_choice, 1.0))}）。"
        f"假设二（自由择日）：每个账号评价过的{_WHAT[one.gathered.level][1:]}不变，只把日期在各自内部随机打乱，"
        f"预期{expected(crew.by_days)}个。"
    )


def facts(one: Seen) -> tuple[Fact, ...]:
    """Each occasion, the stars, the wider circle."""
    told = [_occasion(one, number) for number in range(len(one.crew.group.occasions))]
    stars, captures = one.stars, _captures(one.joint)
    if stars:
        high, low = sum(each >= HIGH for each in stars), sum(each <= LOW for each in stars)
        told.append(Fact(text=f"这{len(one.joint)}条评价中，5星{high}条，2星以下{low}条", captures=captures))
    together = len(one.joint)
    told.append(
        Fact(
            text=f"这些账号在本站共有{one.reviews}条注明日期的评价，其中{together}条"
            f"（{_percent(together, one.reviews)}）是结伴发表的",
            captures=captures,
        )
    )
    if len(one.crew.accounts) > len(one.crew.group.accounts):
        told.append(
            Fact(
                text=f"更大范围：共{len(one.crew.accounts)}个账号，其中每个都与至少3个同伴在至少{LEAST_PLACES}"
                f"{_WHAT[one.gathered.level]}下{WINDOW}天之内相遇",
                captures=captures,
            )
        )
    return tuple(told)


def _occasion(one: Seen, number: int) -> Fact:
    group = one.crew.group
    each = group.occasions[number]
    reviews = [one.cells[account, each.place] for account in group.accounts]
    days = sorted(_day(review) for review in reviews)
    everybody = at_occasion(one, each.place, each.start)
    return Fact(
        text=f"“{one.names[each.place]}”：{len(reviews)}个账号于{date_of(days[0])}至{date_of(days[-1])}评价；"
        f"这{WINDOW}天内该处共有{everybody}个账号评价",
        captures=_captures(reviews),
    )


def innocents(one: Seen) -> tuple[Innocent, ...]:
    """The innocent readings that were tested; the last one never goes away."""
    return (_promotion(one), _busy(one), _neighbours(one), _trial(one), _hubs(one), _friends())


def _promotion(one: Seen) -> Innocent:
    full = crowded(one)
    feast = [_is_feast(each.start) for each in one.crew.group.occasions]
    # Where the site's own volume is known it decides; the calendar only where it is not.
    possible = [b if a is None else a for a, b in zip(full, feast, strict=True)]
    return Innocent(
        explanation="平台大促或者催评使许多人同时评价",
        result=f"{len(full)}次中，同期本站其他商品的评价也达到平时2倍以上的有{full.count(True)}次"
        f"（{full.count(None)}次评价太少，无法比较）；临近618、双11、双12的有{sum(feast)}次",
        remains=2 * sum(possible) >= len(full),
    )


def _busy(one: Seen) -> Innocent:
    share = len(one.joint) / one.reviews if one.reviews else 0.0
    remains = share < _TOLD_SHARE and one.crew.by_days > _UNLIKELY
    return Innocent(
        explanation="购物和评价都很多的普通买家，偶然同时评价",
        result=f"按每个账号的评价数计算随机预期为{expected(one.crew.by_choice)}组；结伴发表的评价占这些账号全部评价的"
        f"{_percent(len(one.joint), one.reviews)}",
        remains=remains,
    )


_UNLIKELY = 0.01  # expected groups from which "by chance" is a reading


def _neighbours(one: Seen) -> Innocent:
    regions = one.regions
    if not regions:
        return Innocent(
            explanation="同一家庭、单位或者小区的人一起购买", result="页面未显示地区，无从检验", remains=True
        )
    most = max(regions.values())
    remains = most / sum(regions.values()) >= _FEW_REGIONS
    return Innocent(
        explanation="同一家庭、单位或者小区的人一起购买",
        result=f"显示地区的{sum(regions.values())}个账号分布在{len(regions)}个地区，最多的一个地区{most}个",
        remains=remains,
    )


def _trial(one: Seen) -> Innocent:
    told = sum(any(word in review.review_body for word in _TRIAL) for review in one.joint)
    return Innocent(
        explanation="平台公开的试用活动，参加者须写评价",
        result=f"{len(one.joint)}条评价中提到试用、体验装、申领等的有{told}条",
        remains=2 * told >= len(one.joint),
    )


def _hubs(one: Seen) -> Innocent:
    gathered = one.gathered
    return Innocent(
        explanation="公众人物、媒体、商家自己的账号，或者什么都评价的账号",
        result=f"按规则不计入：带公众人物或者机构标识的{gathered.public}个，评价超过{HUB}处的{gathered.hubs}个；"
        f"{WINDOW}天内超过{CROWD}个账号评价同一处的，不作为相遇计算",
        remains=False,
    )


def _friends() -> Innocent:
    return Innocent(
        explanation="该商品限时优惠，优惠信息群、拼团群的成员看到同一条消息后各自真实购买",
        result="仅凭网页无法排除，需要订单、物流或者聊天记录",
        remains=True,
    )


def limits(one: Seen) -> tuple[str, ...]:
    """What it cannot say."""
    told = [
        "账号均为本档案内的化名；一人多号、多人一号，均无法从网页得知。",
        "只能看到已采集的评价；未采集的店铺和被删除的评价不在计算之内。",
        "随机预期以账号各自独立为假设，只说明“偶然”不能解释，不说明是谁组织、是否付费。",
    ]
    if one.gathered.masked:
        told.append(
            f"另有{one.gathered.masked}条评价只显示隐名（如“a***b”），可能多人重名，未作为同一账号相连。"
        )
    return tuple(told)


def tables(one: Seen) -> tuple[Table, ...]:
    """The complete group: accounts × places, dates in the cells; then the wider circle."""
    group, level = one.crew.group, one.gathered.level
    places = [each.place for each in group.occasions]
    title = f"{len(group.accounts)}个账号 × {len(places)}{_WHAT[level]}（格内为评价日期）"
    first = _table(one, title, list(group.accounts), places)
    wider = _most_met(one)
    if len(one.crew.accounts) == len(group.accounts):
        return (first,)
    people = sorted(
        one.crew.accounts,
        key=lambda account: (-sum((account, place) in one.cells for place in wider), account),
    )
    more = f"（共{len(people)}个账号，列出前{_ROWS}个）" if len(people) > _ROWS else ""
    return first, _table(
        one, f"更大范围的账号{more}与其共同出现最多的{_WHAT[level][1:]}", people[:_ROWS], wider
    )


def _table(one: Seen, title: str, accounts: list[int], places: list[int]) -> Table:
    rows = []
    for account in accounts:
        days = [
            str(date_of(_day(review))) if (review := one.cells.get((account, place))) else ""
            for place in places
        ]
        rows.append((one.gathered.accounts[account], *days))
    columns = ("账号（化名）", *(_short(one.names[place]) for place in places))
    return Table(title=title, columns=columns, rows=tuple(rows))


def _most_met(one: Seen) -> list[int]:
    """The places with most accounts of the crew."""
    count: dict[int, int] = {}
    for _, place in one.cells:
        count[place] = count.get(place, 0) + 1
    return sorted(count, key=lambda place: (-count[place], place))[:_COLUMNS]


def quotes(one: Seen) -> tuple[Quote, ...]:
    """The first review of each account of the group, its beginning."""
    group, told = one.crew.group, []
    for account in group.accounts:
        for each in group.occasions:
            review = one.cells[account, each.place]
            if review.review_body:
                end = min(len(review.review_body), _QUOTED)
                told.append(review.quote("review_body", 0, end, "同步评价之一"))
                break
    return tuple(told[:_QUOTES])


def _captures(reviews: list[Review]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(review.capture for review in reviews))


def _day(review: Review) -> int:
    day = day_of(review)
    if day is None:
        raise ValueError(f"review {review.identifier} has no day")
    return day


def _is_feast(start: int) -> bool:
    """Whether a window touches the days after 618, 双11 or 双12: reviews come days after the purchases."""
    days = [date_of(start + step) for step in range(WINDOW)]
    return any(
        (day.month == 6 and 16 <= day.day <= 25)
        or (day.month == 11 and 9 <= day.day <= 20)
        or (day.month == 12 and 11 <= day.day <= 18)
        for day in days
    )


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f}%" if whole else "0%"


def _short(name: str) -> str:
    return name if len(name) <= _SHORT else name[:_SHORT] + "…"
