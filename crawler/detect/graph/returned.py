"""Accounts that come back in surges, with their reviews, and what a finding says of them, in Chinese."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from crawler.detect.graph.gathered import Gathered, account_of, date_of, day_of, place_of
from crawler.detect.graph.seen import HIGH, LOW, moment_of, printed
from crawler.detect.graph.surges import SPAN, Returns
from crawler.detect.graph.wording import expected
from crawler.detect.kit.corpus import Corpus, Review
from crawler.detect.kit.finding import Fact, Innocent, Quote, Table
from crawler.detect.text.chance import odds, poisson_tail

_ROWS, _COLUMNS = 40, 12  # of the table: what fits a page
_QUOTES, _QUOTED = 8, 60
_CAPTURES = 40  # named for the facts that concern all


@dataclass(slots=True)
class Returned:
    """One family of surges. `cells`: (account, number of the surge) → its review there."""

    gathered: Gathered
    family: Returns
    cells: dict[tuple[int, int], Review] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)  # number of the surge → product as printed
    members: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        self.members = frozenset(self.family.accounts)

    @property
    def shops(self) -> list[str]:
        """The shops of the surges, each once."""
        return list(dict.fromkeys(self.gathered.shops[each.place] for each in self.family.surges))

    @property
    def reviews(self) -> list[Review]:
        """The reviews of the returning accounts in the surges, by surge and account."""
        ordered = sorted(self.cells, key=lambda cell: (cell[1], cell[0]))
        return [self.cells[cell] for cell in ordered]


def returned(
    corpus: Corpus, gathered: Gathered, families: Sequence[Returns], reviews: Iterable[Review]
) -> list[Returned]:
    """Every family with its reviews; `reviews`: the dated ones of its accounts on this site, or more."""
    found = [Returned(gathered, family) for family in families]
    at: dict[str, list[tuple[Returned, int, int]]] = {}
    for one in found:
        for number, surge in enumerate(one.family.surges):
            at.setdefault(gathered.places[surge.place], []).append((one, number, surge.start))
    for review in reviews:
        account, day = gathered.number_of.get(account_of(review) or ""), day_of(review)
        if account is None or day is None:
            continue
        for one, number, start in at.get(place_of(corpus, review, gathered.level), ()):
            if start <= day < start + SPAN and account in one.members:
                before = one.cells.get((account, number))
                if before is None or moment_of(review) < moment_of(before):
                    one.cells[account, number] = review
                one.names.setdefault(number, printed(corpus, review, shop=False))
    return found


def claim(one: Returned) -> str:
    """One plain sentence."""
    family = one.family
    return (
        f"疑似同一批账号反复参与集中评价：{len(one.shops)}家店铺的{len(family.surges)}次评价激增（各{SPAN}天）中，"
        f"有{len(family.accounts)}个账号出现在两次以上；两两相同的账号共{family.shared}人次，"
        f"随机预期{expected(family.expected)}人次"
    )


WHY = (
    "不同商品的评价激增若由各自的真实买家形成，参与的账号应当各不相同；同一批账号反复出现，"
    "提示这些激增可能由同一组织者安排，属于“评价”环节的线索。"
)


def chance(one: Returned) -> str:
    """The assumption and its result."""
    family = one.family
    return (
        f"假设每个账号的评价数不变，在本站全部{len(one.gathered.visits)}次评价中自由选择：两两相同的账号预期"
        f"{expected(family.expected)}人次，实际{family.shared}人次"
        f"（达到或超过的概率{odds(poisson_tail(family.shared, family.expected))}）。"
    )


def facts(one: Returned) -> tuple[Fact, ...]:
    """Each surge, then the stars."""
    told = []
    for number, surge in enumerate(one.family.surges):
        mine = [one.cells[cell] for cell in sorted(one.cells) if cell[1] == number]
        end = date_of(surge.start + SPAN - 1)
        told.append(
            Fact(
                text=f"“{one.names[number]}”：{date_of(surge.start)}至{end}共{len(surge.accounts)}个账号评价，"
                f"其中{len(mine)}个也出现在其他激增中",
                captures=tuple(dict.fromkeys(review.capture for review in mine)),
            )
        )
    stars = [review.stars for review in one.reviews if review.stars is not None]
    if stars:
        captures = tuple(dict.fromkeys(review.capture for review in one.reviews))[:_CAPTURES]
        high, low = sum(each >= HIGH for each in stars), sum(each <= LOW for each in stars)
        told.append(
            Fact(text=f"这些账号的{len(stars)}条评价中，5星{high}条，2星以下{low}条", captures=captures)
        )
    return tuple(told)


def innocents(one: Returned) -> tuple[Innocent, ...]:
    """The innocent readings that were tested; the last one never goes away."""
    return (
        Innocent(
            explanation="平台大促或者催评使许多人同时评价",
            result="按规则不计入：同期本站其他商品的评价达到平时2倍以上的激增已经剔除",
            remains=False,
        ),
        Innocent(
            explanation="购物和评价都很多的普通买家，偶然出现在几次激增中",
            result=f"按每个账号的评价数计算，随机预期{expected(one.family.expected)}人次，"
            f"实际{one.family.shared}人次",
            remains=False,
        ),
        Innocent(
            explanation="这些商品先后限时优惠，优惠信息群的成员看到消息后各自真实购买",
            result="仅凭网页无法排除，需要订单、物流或者聊天记录",
            remains=True,
        ),
    )


LIMITS = (
    "账号均为本档案内的化名；一人多号、多人一号，均无法从网页得知。",
    "激增是与同一商品的其他日子相比；评价列表若只显示最近若干页，较早的日子会显得偏少。",
    "并非激增期内的每条评价都有疑问；只出现一次的账号未列入。",
)


def table(one: Returned) -> Table:
    """Accounts × surges, dates in the cells."""
    surges = range(min(len(one.family.surges), _COLUMNS))
    count = {
        account: sum((account, surge) in one.cells for surge in surges) for account in one.family.accounts
    }
    accounts = sorted(count, key=lambda account: (-count[account], account))[:_ROWS]
    rows = []
    for account in accounts:
        days = [
            str(date_of(day_of(review) or 0)) if (review := one.cells.get((account, surge))) else ""
            for surge in surges
        ]
        rows.append((one.gathered.accounts[account], *days))
    total = len(one.family.accounts)
    more = f"（共{total}个账号，列出前{_ROWS}个）" if total > _ROWS else ""
    columns = ("账号（化名）", *(one.names[surge][:14] for surge in surges))
    return Table(
        title=f"反复出现的账号{more} × 评价激增（格内为评价日期）", columns=columns, rows=tuple(rows)
    )


def quotes(one: Returned) -> tuple[Quote, ...]:
    """The first review of each of the accounts that returned most often, its beginning."""
    first: dict[int, Review] = {}
    times: dict[int, int] = {}
    for account, number in sorted(one.cells, key=lambda cell: (cell[1], cell[0])):
        times[account] = times.get(account, 0) + 1
        if one.cells[account, number].review_body:
            first.setdefault(account, one.cells[account, number])
    chosen = sorted(first, key=lambda account: (-times[account], account))[:_QUOTES]
    return tuple(
        first[account].quote(
            "review_body", 0, min(len(first[account].review_body), _QUOTED), "反复参与集中评价的账号之一"
        )
        for account in chosen
    )
