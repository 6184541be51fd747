"""Which shops, brands and products of the corpus a text names.

A recruiting post says 云岚家居找体验官; the archive knows the shop 云岚家居旗舰店. This joins the two. It reads
names that the archive itself shows (sellers, brands, product names, addresses of listings), nothing from outside.

What does *not* count as naming: the platform's own name (it is everybody's); a name of two characters without support
beside it (美的 stands in 完美的); a name that many shops bear (then only the brand is named, no shop).
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

import ahocorasick

from crawler.detect.kit.corpus import Corpus, Listing
from crawler.detect.kit.subject import brand_subject, listing_subject, plain

How = Literal["address", "seller", "brand", "product"]

# What a seller's printed name says of its kind, not of itself: 云岚家居|旗舰店. Longest first.
_KINDS = (
    "官方旗舰店", "海外旗舰店", "品牌旗舰店", "官方企业店", "旗舰店", "专营店", "专卖店", "官方店", "企业店",
    "自营店", "连锁店", "小店", "商城", "店铺", "总店", "分店", "官方", "自营", "店",
)  # fmt: skip
# Platforms and payment: named in passing by every second post, so they join nothing.
PLATFORMS = frozenset(map(plain, (
    "淘宝", "天猫", "淘宝天猫", "京东", "京东自营", "拼多多", "抖音", "抖音商城", "快手", "小红书", "美团", "点评",
    "大众点评", "饿了么", "闲鱼", "唯品会", "苏宁", "苏宁易购", "当当", "亚马逊", "1688", "阿里巴巴", "得物", "携程",
    "去哪儿", "飞猪", "百度", "微博", "微信", "支付宝", "豆瓣", "知乎", "贴吧", "58同城", "赶集", "taobao", "tmall",
    "jd", "pdd", "amazon",
)))  # fmt: skip
_SHORTEST = 3  # characters from which a name needs no support; two-character brands do
_SHORTEST_WORD = 2  # characters of a product's word: 面霜, 白色
_GOODS_WORDS = 2  # words of one product that name it
_GOODS_SHARED = 50  # products of a shop that may share a word; 包邮 stands in all and costs time
_GOODS_TEXT = 5_000  # characters in which words of goods are sought
_SHARED = 3  # shops with one and the same name up to which each of them is named
_SUPPORT_NEAR = 6  # characters after a short name within which a word of its goods stands
_LONGEST_TEXT = 100_000  # characters read; a name that matters stands earlier
_SUPPORT = re.compile(r"(?:家的|家居|牌|官方|旗舰|专营|专卖|店|品牌|公司|客服)")
_PARTICLES = "的了是"  # a short name that ends so is also the end of common words: 完美的家居
_ADDRESS = re.compile(r"https?://[^\s\"'<>（）()，。；、]{4,300}")
_QUOTES = frozenset("“”「」『』【】《》\"'〈〉")


@dataclass(frozen=True, slots=True, order=True)
class Mention:
    """Characters [start:end] of the text name `subject` (kit/subject.py); `how`: by what kind of name."""

    start: int
    end: int
    subject: str
    how: How


@dataclass(frozen=True, slots=True)
class _Name:
    subjects: tuple[str, ...]
    how: How
    length: int
    goods: frozenset[str]  # words of the goods that go by it, for the support of a short name


class Named:
    """The names of one corpus. Building is linear in its listings, reading linear in the text."""

    def __init__(self, corpus: Corpus) -> None:
        self._by_address: dict[str, tuple[str, ...]] = {}
        self._goods: dict[str, dict[str, set[str]]] = defaultdict(
            lambda: defaultdict(set)
        )  # shop → word → listings
        self._goods_found: dict[str, ahocorasick.Automaton | None] = {}
        known = _Known()
        for listing in corpus.listings():
            shop = corpus.shop(listing)
            known.add(listing, shop)
            self._by_address[_address(listing.url)] = (
                listing_subject(listing.domain, listing.identifier),
                shop,
            )
            for word in _words(listing):
                self._goods[shop][word].add(listing.identifier)
        self._automaton = _automaton(known.names())

    def subjects(self, text: str) -> tuple[str, ...]:
        """Every subject that the text names, each once, sorted."""
        return tuple(sorted({mention.subject for mention in self.mentions(text)}))

    def mentions(self, text: str) -> list[Mention]:
        """Where the text names what, in order of place. Of names that overlap the longest counts."""
        text = text[:_LONGEST_TEXT]
        found = [*self._addresses(text), *self._spelled(text)]
        return sorted({*found, *self._products(text, found)})

    def _addresses(self, text: str) -> Iterator[Mention]:
        for match in _ADDRESS.finditer(text):
            for subject in self._by_address.get(_address(match[0]), ()):
                yield Mention(match.start(), match.end(), subject, "address")

    def _spelled(self, text: str) -> Iterator[Mention]:
        if not self._automaton:
            return
        flat, places = flattened(text)
        for start, end, name in _longest(self._automaton.iter(flat)):
            begins, ends = places[start], places[end - 1] + 1
            if name.length < _SHORTEST and not _supported(name, flat, end, text, begins, ends):
                continue
            for subject in name.subjects:
                yield Mention(begins, ends, subject, name.how)

    def _products(self, text: str, found: Iterable[Mention]) -> Iterator[Mention]:
        """The product of a named shop of which the text has two words, more than of any other: 烧水壶, 白色.

        One word is not enough: a shop has more than one kettle.
        """
        for shop in sorted({each.subject for each in found if each.subject in self._goods}):
            words: dict[str, dict[str, int]] = defaultdict(dict)  # listing → word → where it stands first
            goods = self._goods_of(shop)
            for end, (word, listings) in goods.iter(text[:_GOODS_TEXT]) if goods else ():
                for listing in listings:
                    words[listing].setdefault(word, end + 1 - len(word))
            told = sorted((len(each), listing) for listing, each in words.items())
            if told and told[-1][0] >= _GOODS_WORDS and (len(told) == 1 or told[-2][0] < told[-1][0]):
                domain = shop.partition(":")[2].partition("/")[0]
                for word, place in words[told[-1][1]].items():
                    subject = listing_subject(domain, told[-1][1])
                    yield Mention(place, place + len(word), subject, "product")

    def _goods_of(self, shop: str) -> "ahocorasick.Automaton | None":
        """The words of a shop's goods; one that many of them share tells none of them."""
        if shop not in self._goods_found:
            telling = {word: each for word, each in self._goods[shop].items() if len(each) <= _GOODS_SHARED}
            self._goods_found[shop] = _automaton(
                {word: (word, sorted(each)) for word, each in telling.items()}
            )
        return self._goods_found[shop]


class _Known:
    """Names gathered from listings: which shops bear each seller's name, which shops sell each brand."""

    def __init__(self) -> None:
        self._sellers: dict[str, set[str]] = defaultdict(set)
        self._brands: dict[str, set[str]] = defaultdict(set)
        self._goods: dict[str, set[str]] = defaultdict(set)

    def add(self, listing: Listing, shop: str) -> None:
        words = set(_words(listing))
        for name in _spellings(listing.seller):
            self._sellers[name].add(shop)
            self._goods[name] |= words
        brand = plain(listing.brand or "")
        if len(brand) > 1 and brand not in PLATFORMS:
            self._goods[brand] |= words
            self._brands[brand].add(shop)

    def names(self) -> dict[str, _Name]:
        """Brands first: a seller's name that is spelled like a brand names the seller too."""
        known = {name: self._brand(name, shops) for name, shops in self._brands.items()}
        for name, shops in self._sellers.items():
            named = tuple(sorted(shops)) if len(shops) <= _SHARED else ()
            subjects = (*named, brand_subject(name))
            known[name] = _Name(subjects, "seller", len(name), frozenset(self._goods[name]))
        return known

    def _brand(self, name: str, shops: set[str]) -> _Name:
        """A brand names its shop where one shop alone sells it and bears it in its name."""
        own = [shop for shop in shops if len(shops) == 1 and self._bears(shop, name)]
        return _Name((*own, brand_subject(name)), "brand", len(name), frozenset(self._goods[name]))

    def _bears(self, shop: str, brand: str) -> bool:
        return any(brand in seller and shop in shops for seller, shops in self._sellers.items())


def flattened(text: str) -> tuple[str, list[int]]:
    """The text as `kit.subject.plain` would write it, and the place of each of its characters in the original."""
    flat: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        for each in _flat(character):
            flat.append(each)
            places.append(place)
    return "".join(flat), places


def _flat(character: str) -> str:
    if "一" <= character <= "鿿":  # most of a Chinese text: spared the slow way
        return character
    return plain(character)


def _spellings(seller: str | None) -> list[str]:
    """A seller's name, whole and without its kind: 云岚家居旗舰店 and 云岚家居."""
    whole = plain(seller or "")
    core = whole
    for kind in _KINDS:
        if core.endswith(kind):
            core = core.removesuffix(kind)
            break
    return [name for name in dict.fromkeys((whole, core)) if len(name) > 1 and name not in PLATFORMS]


def _words(listing: Listing) -> Iterator[str]:
    """Words of a product's name, as printed between blanks and marks, without its brand."""
    for word in re.split(r"[\s/，,、|【】\[\]（）()*+·-]+", listing.name or ""):
        if len(word) >= _SHORTEST_WORD and word != listing.brand and not word.isascii():
            yield word


def _address(url: str) -> str:
    """An address without scheme, www, query and fragment: enough to know a product page again."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:  # brackets in the host: no address of a listing
        return ""
    return f"{host.removeprefix('www.')}{parts.path.rstrip('/')}"


def _automaton(words: Mapping[str, object]) -> "ahocorasick.Automaton | None":
    """Finds the words and gives what they map to; None without words."""
    if not words:
        return None
    automaton = ahocorasick.Automaton()
    for word, meaning in words.items():
        automaton.add_word(word, meaning)
    automaton.make_automaton()
    return automaton


def _longest(hits: Iterable[tuple[int, _Name]]) -> list[tuple[int, int, _Name]]:
    """Hits as (start, end, name) by place; of two at one start, and of one within another, the longer first."""
    spans = sorted(
        ((end - name.length + 1, end + 1, name) for end, name in hits), key=lambda s: (s[0], -s[1])
    )
    kept: list[tuple[int, int, _Name]] = []
    for span in spans:
        while kept and kept[-1][1] > span[0] and span[1] - span[0] > kept[-1][1] - kept[-1][0]:
            kept.pop()
        if not kept or kept[-1][1] <= span[0]:
            kept.append(span)
    return kept


def _supported(name: _Name, flat: str, end: int, text: str, begins: int, ends: int) -> bool:
    """A name of two characters counts where it is written in one piece, and quoted, or followed by 家, 店 … or
    by a word of its goods."""
    if ends - begins != name.length:
        return False
    around = (text[begins - 1 : begins], text[ends : ends + 1])
    if around[0] in _QUOTES and around[1] in _QUOTES and all(around):
        return True
    if flat[end - 1] in _PARTICLES and around[0].isalpha():
        return False
    after = flat[end : end + _SUPPORT_NEAR]
    return bool(_SUPPORT.match(after)) or any(_tail_in(word, after) for word in name.goods)


def _tail_in(word: str, text: str) -> bool:
    """Whether the text has the word or its last two characters: 面霜 of 保湿面霜."""
    return word in text or unicodedata.normalize("NFKC", word)[-2:] in text
