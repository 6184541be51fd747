"""What one page shows: places, a hotline again and again, a brand's service offered, an article pasted on."""

import re
from collections import Counter
from dataclasses import dataclass

from crawler.detect.places.coverage import Place, places
from crawler.detect.text.blocks import Block, blocks
from crawler.detect.text.numbers import Kind, Number, numbers

COVERAGE = (
    0.15  # detection.md §4.7: 99 of 100 news titles, reviews and job adverts lie below .18, articles at .02
)
DISTINCT = 30  # names; the most in one of 868 job adverts: 10
TIMES = 3  # one number on one page
_LOOKED_AT: frozenset[Kind] = frozenset(("service", "short", "landline"))  # a mobile is somebody's own
_CLAIMS = 2  # lines that offer a brand's service
_SHORTEST_BRAND = 2  # characters
_NAME_LINES = 3  # lines that begin with the same name

# A name, then what it is said to be the hotline of. The name begins where a line, a sentence or a place ends.
_OFFER = re.compile(
    r"(?<![\w])(?P<name>[\u3400-\u9fffA-Za-z]{2,14}?)(?:的|官方|厂家|品牌|全国|各地|统一|总部|指定|人工|24小时|二十四小时|400|上门)*"
    r"(?P<offer>(?:售后|维修|客服|报修|故障|客户服务|安装|服务|人工)(?:客服|服务|维修|报修|安装|故障)*"
    r"(?:电话|热线|中心|号码|专线|网点|网站|附近))"
)
_THING = re.compile(
    r"(?:(?:家用|全自动|电子|智能|指纹|密码|防盗|燃气|太阳能|空气能|即热式|电热|中央|电|变频)*"
    r"(?:锁|热水器|热水壶|水壶|空调|冰箱|冰柜|洗衣机|烘干机|燃气灶|集成灶|灶具|壁挂炉|锅炉|采暖炉|地暖|油烟机|烟机|消毒柜|洗碗机|净水器|净水机"
    r"|饮水机|电视机?|投影仪|马桶盖?|浴霸|晾衣架|保险[柜箱]|按摩椅|跑步机|打印机|复印机|微波炉|电饭[煲锅]|电磁炉|豆浆机|破壁机|扫地机(?:器人)?"
    r"|吸尘器|除湿机|新风|门窗|卷帘门|电动车|手机|电脑|笔记本|手表|相机|家电|电器))$"
)
_PRETENDED = re.compile(
    r"(?<![非无不])(?:官方|厂家|总部|唯一|指定)(?=.{0,8}?(?:售后|客服|维修|服务|电话|热线|号码))|全国(?:统一|人工|联保|24小时|客服|售后)"
    r"|人工客服中心|400(?:售后|客服|服务|人工)|统一(?:客服|报修|服务|售后)"
)
_DISCLAIMED = re.compile(
    r"非(?:厂家|品牌|原厂)?官方|非(?:厂家|原厂)(?:授权|指定|售后)?|第三方维修|个体维修|社会维修|与(?:品牌|厂家|官方)无关"
)
_ADDRESS = re.compile(r"[路街道巷弄村]\s?[0-9０-９甲乙丙丁一二三四五六七八九十百]{1,6}\s?[号弄幢栋]")
_SIGNED = re.compile(r"(?:版权所有|©|\(C\)|Copyright|主办单位|备案主体)[^\n]{0,60}", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """Of one page. Offsets count characters of the page's text."""

    number: str  # digits of the hotline that the page repeats most
    shown: str  # as the page prints it most
    mentions: tuple[Number, ...]
    others: int  # further different numbers
    brand: str  # as printed, without the thing: 奥灯
    name: str  # 奥灯指纹锁
    claims: tuple[tuple[int, int], ...]  # where the brand's service is offered
    pretended: tuple[tuple[int, int], ...]  # where it is said to be the official one
    disclaimed: tuple[int, int] | None  # where it says not to be
    coverage: float
    distinct: int
    list_at: tuple[int, int] | None  # the longest list of places
    listed: int  # names in it
    addresses: int  # streets with house numbers: what a real list of service points has
    signed: bool  # the brand's name in the line of copyright
    pasted: tuple[Block, ...]
    characters: int  # of the page's own lines

    @property
    def stuffed(self) -> bool:
        """Enough names of places."""
        return self.coverage >= COVERAGE and self.distinct >= DISTINCT

    @property
    def is_directory(self) -> bool:
        """A list of real service points: addresses or numbers of their own for many of the places."""
        own = max(self.addresses, self.others)
        return own * _POINTS >= self.distinct and own >= _FEWEST_POINTS


_POINTS = 5  # places for one address or number: cities and their districts are both named
_FEWEST_POINTS = 5


def signs(title: str, text: str) -> Signs | None:
    """What the page shows; None where it repeats no hotline or offers no brand's service."""
    if not any(number.kind in _LOOKED_AT for number in numbers(text)):
        return None
    parts = blocks(text)
    own = "\n".join(text[block.start : block.end] for block in parts.own)
    mentioned = [each for each in _own_numbers(text, parts.own) if each.kind in _LOOKED_AT]
    counted = Counter(each.digits for each in mentioned)
    if not counted:
        return None
    number, times = min(counted.items(), key=lambda row: (-row[1], row[0]))
    if times < TIMES:
        return None
    found = places(own)
    names = _Names.of(title, text, parts.own)
    if names is None:
        return None
    mentions = tuple(each for each in mentioned if each.digits == number)
    disclaimed = _DISCLAIMED.search(text)
    return Signs(
        number=number, shown=_printed(text, mentions), mentions=mentions, others=len(counted) - 1, brand=names.brand,
        name=names.name, claims=names.claims,
        pretended=tuple(match.span() for match in _PRETENDED.finditer(text) if _within(match.start(), parts.own)),
        disclaimed=disclaimed.span() if disclaimed else None, coverage=found.coverage, distinct=len(found.distinct),
        list_at=_list_at(text, own, found.longest), listed=len(found.longest), addresses=len(_ADDRESS.findall(own)),
        signed=any(names.brand in match[0] for match in _SIGNED.finditer(text)), pasted=parts.pasted,
        characters=found.length,
    )  # fmt: skip


def _printed(text: str, mentions: tuple[Number, ...]) -> str:
    counted = Counter(" ".join(text[each.start : each.end].split()) for each in mentions)
    return min(counted, key=lambda written: (-counted[written], written))


def _own_numbers(text: str, own: tuple[Block, ...]) -> list[Number]:
    return [number for number in numbers(text) if _within(number.start, own)]


def _within(place: int, own: tuple[Block, ...]) -> bool:
    return any(block.start <= place < block.end for block in own)


def _list_at(text: str, own: str, longest: tuple[Place, ...]) -> tuple[int, int] | None:
    """Where the longest list stands in the text: its own lines were joined, so its words are looked for."""
    if not longest:
        return None
    words = own[longest[0].start : longest[-1].end]
    start = text.find(words)
    return (start, start + len(words)) if start >= 0 else None


@dataclass(frozen=True, slots=True)
class _Names:
    """Whose service is offered: the name that most lines begin with; ties go to the longer one."""

    name: str
    brand: str
    claims: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, title: str, text: str, own: tuple[Block, ...]) -> "_Names | None":
        bare = _masked(text)
        offers = [match for match in _OFFER.finditer(bare) if _within(match.start(), own)]
        counted = Counter(match["name"] for match in offers if not _PRETENDED.fullmatch(match["name"]))
        counted.update(name for name in counted.copy() if name in title)  # once more for the page's own title
        if not counted:
            return None
        name, times = min(counted.items(), key=lambda row: (-row[1], -len(row[0]), row[0]))
        brand = _THING.sub("", name)
        brand = brand if len(brand) >= _SHORTEST_BRAND else name
        if times < _CLAIMS or len(_lines_with(brand, text)) < _NAME_LINES or _THING.fullmatch(name):
            return None
        claims = tuple(match.span() for match in offers if match["name"].startswith(brand))
        return cls(name, brand, claims)


def _lines_with(name: str, text: str) -> list[int]:
    return [at for at, line in enumerate(text.split("\n")) if name in line]


def _masked(text: str) -> str:
    """The text with its places as marks of equal length, so that offsets stay."""
    pieces: list[str] = []
    end = 0
    for place in places(text).found:
        pieces += [text[end : place.start], "\uffff" * (place.end - place.start)]
        end = place.end
    return "".join([*pieces, text[end:]])
