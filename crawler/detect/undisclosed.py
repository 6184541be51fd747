"""未标明广告: posts that tell of use and sell, and whose whole page bears no label of advertising."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from crawler.detect.kit.corpus import Corpus, Listing, Post, domain_of
from crawler.detect.kit.detector import Detector
from crawler.detect.kit.finding import Fact, Finding, Grade, Innocent, Quote
from crawler.detect.kit.pages import Page
from crawler.detect.kit.subject import account_subject, listing_subject, post_subject
from crawler.detect.text.disclosure import SHOP_DOMAINS, TITLES, Found, Sign, against, found, label, own_voice

_SHORTEST = 40  # characters of a post that tells an experience
_EACH = 2  # quotes of each sign
_REPLIES = 3  # replies that are quoted
_QUOTED = 120  # characters of a reply
_OFFICIAL = ("官方", "商家", "品牌", "店主", "认证机构")

Signs = list[tuple[str, Found]]  # field and place


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One post that sells. `head`: the thread that it opens, where that is another item."""

    post: Post
    head: Post | None
    signs: Signs  # of the post itself
    head_signs: Signs
    replies: Sequence[tuple[Post, Found]]
    page: Page
    listing: Listing | None

    @property
    def kinds(self) -> set[Sign]:
        return {each.sign for _, each in (*self.signs, *self.head_signs)}


class Undisclosed(Detector):
    """Use told and praised, with a way to buy or a sign of payment (text/disclosure.py); then the whole page is read.

    Source: 互联网广告管理办法 9 ¶3; 互联网广告可识别性执法指南 item 3: a missing label alone makes no advertisement.
    A capture that is not complete is not judged: the label could stand where it ends.
    """

    name = "undisclosed"
    version = 1
    title = "未标明广告"
    summary = (
        "查找以亲身体验口吻推荐、附购买方式或付费迹象，而整页未见“广告”标识的帖文；"
        "已标识的合作、没有购买方式的普通分享、商家自己发布的内容不列为线索"
    )

    def detect(self, corpus: Corpus) -> Iterator[Finding]:
        """One finding per post."""
        for case in _cases(corpus):
            yield self._finding(case)

    def _finding(self, case: _Case) -> Finding:
        post, kinds = case.post, case.kinds
        unused = "unused" in kinds and "paid" in kinds
        since = post.published_at or post.first_seen
        return Finding(
            detector=self.name, version=self.version, key=f"{post.domain}/{post.identifier}", grade=grade(kinds),
            link="review", conduct="paid_endorsement" if unused else "undisclosed_ad", claim=_claim(kinds),
            why=(
                "以体验分享形式推销商品并附购买方式的，应当显著标明“广告”（《互联网广告管理办法》第九条第三款）；"
                "读者据此区分个人感受与商业推广，属于“评价”环节的线索。"
            ),
            quotes=tuple(_quotes(case)), facts=tuple(_facts(case)), innocent=tuple(_innocents(case)),
            limits=(
                "是否标明“广告”不决定内容是不是商业广告，须另行证明发布者与商家之间的商业关系。",
                "只检查了这一次固定的整页文字；图片、视频中的标识和平台在应用内加注的标识须人工查看。",
            ),
            subjects=tuple(sorted(_subjects(case))), conduct_from=since, conduct_until=since,
        )  # fmt: skip


def grade(kinds: set[Sign]) -> Grade:
    """Strong: a sign of payment and a way to buy; medium: a sign of payment or a code of its own; weak: a link."""
    if "paid" in kinds and kinds & {"buy", "code"}:
        return "strong"
    return "medium" if kinds & {"paid", "code"} else "weak"


@dataclass(frozen=True, slots=True)
class _Known:
    """What a post is read beside: its thread's first item, the thread's floors, listings by address, who sells."""

    heads: dict[tuple[str, str], Post]
    floors: dict[tuple[str, str], list[Post]]
    listings: dict[str, Listing]
    sold: frozenset[str]

    @classmethod
    def of(cls, corpus: Corpus) -> "_Known":
        heads: dict[tuple[str, str], Post] = {}
        floors: dict[tuple[str, str], list[Post]] = defaultdict(list)
        for post in corpus.posts():
            if post.is_part_of:
                floors[post.domain, post.is_part_of].append(post)
            if post.headline:
                heads.setdefault((post.domain, post.identifier), post)
        listings = {_address(listing.url): listing for listing in corpus.listings()}
        return cls(heads, floors, listings, SHOP_DOMAINS | {each.domain for each in listings.values()})


def _cases(corpus: Corpus) -> Iterator[_Case]:
    known = _Known.of(corpus)
    for post in corpus.posts():
        case = _case(corpus, post, known)
        if case is not None:
            yield case


def _case(corpus: Corpus, post: Post, known: _Known) -> _Case | None:
    body = post.article_body or ""
    if len(body) < _SHORTEST:
        return None
    thread = (post.domain, post.is_part_of or post.identifier)
    opens = known.floors[thread][:1] == [post] if post.is_part_of else True
    head = known.heads.get(thread) if post.is_part_of and opens else None
    signs = _signs(post, known.sold)
    head_signs = _signs(head, known.sold) if head is not None else []
    case_kinds = {each.sign for _, each in (*signs, *head_signs)}
    if not {"used", "praise"} <= case_kinds or not case_kinds & {"buy", "code", "paid"}:
        return None
    words = f"{(head or post).headline or ''}\n{body}"
    listing = _linked(post, signs, known.listings)
    if against(words) or label(words) or _is_official(post, words, listing):
        return None
    page = corpus.page(post.capture)
    if page is None or not page.whole or label(page.text):
        return None
    replies = [
        (reply, each) for reply in known.floors.get(thread, ()) if reply != post for each in _told(reply)
    ]
    return _Case(
        post=post, head=head, signs=signs, head_signs=head_signs, replies=replies[:_REPLIES], page=page,
        listing=listing,
    )  # fmt: skip


def _signs(post: Post, sold: frozenset[str]) -> Signs:
    """What the post shows; an address counts where goods are sold."""
    shown = [(name, each) for name in post.fields for each in found(getattr(post, name) or "")]
    return [
        (name, each)
        for name, each in shown
        if each.sign != "buy" or _sells((getattr(post, name) or "")[each.start : each.end], sold)
    ]


def _sells(words: str, sold: frozenset[str]) -> bool:
    if not words.startswith("http"):
        return True
    try:
        return domain_of(words) in sold
    except ValueError:  # "http://[" is in a text, not an address
        return False


def _told(reply: Post) -> Iterable[Found]:
    return [each for each in found(reply.article_body or "") if each.sign in ("paid", "unused")][:1]


def _linked(post: Post, signs: Signs, listings: dict[str, Listing]) -> Listing | None:
    for name, each in signs:
        words = (getattr(post, name) or "")[each.start : each.end]
        if each.sign == "buy" and words.startswith("http") and _address(words) in listings:
            return listings[_address(words)]
    return None


def _address(url: str) -> str:
    """Host and path: a link in a post may name another scheme, or whence one comes."""
    try:
        parts = urlsplit(url)
    except ValueError:  # "http://[" is in a text, not an address
        return url
    return f"{parts.netloc.lower()}{parts.path}?{parts.query}" if _is_by_query(parts.query) else (
        f"{parts.netloc.lower()}{parts.path}"
    )  # fmt: skip


def _is_by_query(query: str) -> bool:
    """Whether the query names the thing (item.htm?id=1), not only the way to it (utm_source)."""
    return "id=" in query.lower()


def _is_official(post: Post, words: str, listing: Listing | None) -> bool:
    level = post.author_level or ""
    own_site = listing is not None and listing.domain == post.domain and not post.is_part_of
    return any(word in level for word in _OFFICIAL) or own_voice(words) or own_site


def _claim(kinds: set[Sign]) -> str:
    ways = [
        title
        for sign, title in (("buy", "购买方式"), ("code", "专属口令或优惠码"), ("paid", "付费或供稿迹象"))
        if sign in kinds
    ]
    claim = (
        f"疑似未标明“广告”的体验式推荐：帖文以亲身使用口吻推荐商品，带有{'、'.join(ways)}，"
        "整页未见广告或者合作标识"
    )
    return claim + "，且自述发布时尚未收到样品" if {"unused", "paid"} <= kinds else claim


def _quotes(case: _Case) -> Iterator[Quote]:
    for source, signs in ((case.head, case.head_signs), (case.post, case.signs)):
        for sign, title in TITLES.items():
            for name, each in [row for row in signs if row[1].sign == sign][:_EACH]:
                if source is not None:
                    yield source.quote(name, each.start, each.end, title)
    for reply, _ in case.replies:
        body = reply.article_body or ""
        yield reply.quote("article_body", 0, min(len(body), _QUOTED), "跟帖所述（发言人须核实）")


def _facts(case: _Case) -> Iterator[Fact]:
    here = (case.page.capture,)
    yield Fact(
        text=f"整页文字{len(case.page.text)}字（完整固定）中未见“广告”“推广”“合作”“赞助”一类标识",
        captures=here,
    )
    if case.listing is not None:
        yield Fact(text=f"链接指向已固定的商品“{case.listing.name}”", captures=(case.listing.capture,))
    if case.replies:
        yield Fact(
            text=f"{len(case.replies)}条跟帖谈到供稿、样品或者收费（发言人须核实）",
            captures=tuple(dict.fromkeys(reply.capture for reply, _ in case.replies)),
        )


def _innocents(case: _Case) -> Iterator[Innocent]:
    yield Innocent(
        explanation="广告标识在页面其他位置", result="已检查同一次固定的整页文字，未见", remains=False
    )
    paid = "paid" in case.kinds
    yield Innocent(
        explanation="普通消费者自发分享，顺带给出购买链接",
        result=(
            "帖文自己提到体验官身份、样品、供稿等安排" if paid
            else "帖文给出专属口令或者优惠，普通买家通常没有" if "code" in case.kinds
            else "只有购买方式，没有付费迹象，不能排除"
        ),
        remains=not paid and "code" not in case.kinds,
    )  # fmt: skip
    yield Innocent(
        explanation="品牌或者商家账号以自己名义发布",
        result="账号等级和正文均未表明商家身份；账号实际使用人须向平台查询",
        remains=True,
    )


def _subjects(case: _Case) -> Iterator[str]:
    post = case.post
    yield post_subject(post.domain, post.identifier)
    if case.head is not None:
        yield post_subject(post.domain, case.head.identifier)
    if post.author_alias:
        yield account_subject(post.site, post.author_alias)
    if case.listing is not None:
        yield listing_subject(case.listing.domain, case.listing.identifier)
