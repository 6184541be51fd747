"""Division names as they are written: full (驻马店市), and short where that is safe (驻马店).

`anywhere`: names that mean a place wherever they stand: full names of three characters and more, short names of
provinces and cities. `listed`: words that mean a place only among other places: short names of counties and streets
(和平, 公安, 资源 are counties too), full names of two characters, zones that every city has.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from crawler.detect.places.table import TABLE

_PEOPLES = (
    "蒙古族|回族|藏族|维吾尔|苗族|彝族|壮族|布依族|朝鲜族|满族|侗族|瑶族|白族|土家族|哈尼族|哈萨克|傣族|黎族|傈僳族|佤族"
    "|畲族|高山族|拉祜族|水族|东乡族|纳西族|景颇族|柯尔克孜|土族|达斡尔族|仫佬族|羌族|布朗族|撒拉族|毛南族|仡佬族|锡伯|锡伯族"
    "|阿昌族|普米族|塔吉克|怒族|鄂温克族|德昂族|保安族|裕固族|独龙族|鄂伦春|各族"
)
_SELF_GOVERNED = re.compile(rf"(?:{_PEOPLES})*自治[区州县旗]$")
_RANK = {
    "province": re.compile(r"省$|市$|特别行政区$|壮族自治区$|回族自治区$|维吾尔自治区$|自治区$"),
    "city": re.compile(r"市$|地区$|盟$"),
    "county": re.compile(r"市$|县$|区$|旗$|林区$|特区$"),
    "street": re.compile(r"街道$|地区$|镇$|乡$|苏木$"),
}
_SHORTEST = 2  # characters of a short name: 东区 would become 东
_SHORTEST_FULL = 3  # characters of a full name that stands alone: 城区, 口镇, 苗圃 are words
# Zones without a division of their own, and full names that are words of every town.
ZONES = frozenset(
    (
        "开发区", "高新区", "经开区", "新区", "工业园区", "工业园", "工业区",
        "经济开发区", "经济技术开发区", "产业园区", "高新技术开发区", "高新技术产业开发区", "科技园", "示范区",
        "保税区", "风景区", "管委会", "中心镇", "良种场", "种畜场", "原种场",
        "园艺场", "老城区", "新城区", "主城区", "市中区", "度假区", "度假村",
        "水库区", "街道办",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Names:
    """All names, each in one of the two sets; see the module."""

    anywhere: frozenset[str]
    listed: frozenset[str]


@cache
def names() -> Names:
    """The names of `names.tsv` with their short forms."""
    anywhere: set[str] = set()
    listed: set[str] = set(ZONES)
    for level, name in rows():
        (anywhere if len(name) >= _SHORTEST_FULL and name not in ZONES else listed).add(name)
        short = short_name(level, name)
        if len(short) >= _SHORTEST and short != name:
            (anywhere if level in ("province", "city") else listed).add(short)
    return Names(frozenset(anywhere), frozenset(listed - anywhere))


def rows() -> Iterator[tuple[str, str]]:
    """Level (province, city, county, street) and full name of every division, in the table's order."""
    for line in TABLE.read_text("utf-8").splitlines():
        level, _, row = line.partition("\t")
        for name in row.split(" "):
            yield level, name


def short_name(level: str, name: str) -> str:
    """The name without its rank: 黔东南苗族侗族自治州 → 黔东南; the name itself where nothing would be left."""
    short = _SELF_GOVERNED.sub("", name)
    return (short if short != name else _RANK[level].sub("", name)) or name
