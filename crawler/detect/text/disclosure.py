"""Experience-style posts that sell: how use is told, how one buys, what shows payment, and the label that discloses.

Source: 互联网广告管理办法 9 ¶3 (体验分享 with a way to buy must be marked 广告); lexicon group shop_visit_trade.
All runs are bounded: linear in the text.
"""

import re
from dataclasses import dataclass
from typing import Literal

Sign = Literal["used", "praise", "buy", "code", "paid", "unused"]
LONGEST = 20_000  # characters of one post that are read; a longer one is an article
TITLES: dict[Sign, str] = {
    "used": "以亲身使用口吻",
    "praise": "推荐用语",
    "buy": "购买方式",
    "code": "专属口令或优惠码",
    "paid": "付费、寄送或供稿的迹象",
    "unused": "发布时尚未收到或使用",
}
_QUOTED = "[“”\"'「」‘’]?"
_PATTERNS: dict[Sign, re.Pattern[str]] = {
    "used": re.compile(
        r"亲测|实测|自用|用了\s?[0-9一二三四五六七八九十两半]{1,3}\s?(?:天|周|个?月|瓶|盒|罐|支|年)|坚持\s?[0-9一二三四五六七八九十]{1,3}\s?天"
        r"|[0-9]{1,3}天打卡|打卡\s?[0-9]{1,3}天|第[0-9一二三四五六七八九十]{1,2}(?:天|周|晚)|使用(?:报告|感受|体验|心得)|厚涂|上脸|上妆"
        r"|(?:我|本人|自己)[^。！？\n]{0,12}(?:用过|用着|一直用|试了|吃了|穿了|去了|回购)|回购了|空瓶|真心分享|(?:我|脸|皮肤)又活过来"
    ),
    "praise": re.compile(
        r"惊到|绝了|爱了|救了|真的愣住|太好用|超好用|巨好用|好用到|好吃到|必入|必买|闭眼入|无限回购|值得|强烈推荐|安利|真香|神仙"
        r"|yyds|忍不住|宝藏|有救了|淡了|浅一个度|干纹淡|不闷|不搓泥|推荐给|种草|冲就完了|赶紧冲|姐妹们"
    ),
    "buy": re.compile(
        r"(?:购买|下单|同款|商品|团购|店铺|淘宝|京东|拼多多|抖音)链接|链接(?:放|在|贴|戳|见)(?:这|下面|下方|评论区?|主页|简介|置顶)?(?:了|里|儿)?|戳(?:我|这里|链接)|橱窗|小黄车|购物车见"
        r"|(?:评论区|主页|简介)[^。！？\n]{0,6}(?:链接|同款|自取|下单)|左下角|https?://[^\s，。！？、（）()]{4,200}"
    ),
    "code": re.compile(
        rf"(?:优惠码|折扣码|券码|暗号|口令)[:：为是]?\s?{_QUOTED}[\w\u3400-\u9fff]{{2,12}}{_QUOTED}"
        rf"|报(?:我)?(?:名字|{_QUOTED}[\w\u3400-\u9fff]{{1,8}}{_QUOTED})[^。！？\n]{{0,8}}(?:减|优惠|折|送|便宜)[0-9一二三四五六七八九十]{{0,4}}"
        r"|[￥¥€(（][A-Za-z0-9]{8,14}[￥¥€)）]|复制(?:这段|本条|此)[^。！？\n]{0,12}打开|粉丝专属价|专属(?:优惠|折扣|福利价)"
    ),
    "paid": re.compile(
        r"体验官\s?[0-9]{1,5}\s?号|作为(?:品牌)?(?:体验官|合作达人|推荐官|种草官)|(?:品牌|商家|店家|厂家)(?:方)?(?:说|让|要求)[^。！？\n]{0,12}(?:稿|样品|文案|发)"
        r"|(?:品牌|商家|店家|厂家)(?:方)?(?:寄|送|赠送|免费提供|给)(?:了|来|的)?[^。！？\n]{0,10}(?:样品|正装|产品|试用|文案|套餐)"
        r"|文案(?:是|由)?(?:品牌|商家|店家)|(?:先把|交|过)稿|稿费|推广费|寄拍|送拍|(?:无费|产品)置换|非报备|恰(?:个|口)?饭(?!店)|接了?(?:个)?(?:推广|商单)"
    ),
    "unused": re.compile(
        r"样品[^。！？\n]{0,8}(?:下周|明天|过几天|还没|未|没)[^。！？\n]{0,4}(?:寄|到|收)|还没(?:收到货|到货|用过?)|到货(?:再)?补图|没用过(?:就|先)(?:写|发)"
    ),
}
# The label itself: in brackets or as a tag, alone on its line, or in a sentence that says so.
_LABEL = re.compile(
    r"[【\[［(（#《「｜|]\s?(?:广告|推广|赞助|商业推广|付费合作|品牌合作|合作推广|合作|商单|AD)\s?[】\]］)）#》」｜|]"
    r"|(?m:^\s?(?:广告|推广|赞助|赞助内容|品牌合作|付费合作|合作推广|商业推广|Ad|AD|Sponsored)\s?$)"
    r"|(?:品牌|付费|商业|有偿|恰饭|合作)(?:付费)?(?:合作|推广)(?:笔记|内容|帖|视频|文章|，|。|\s?$)"
    r"|(?:本|此)(?:文|帖|贴|笔记|篇|视频|内容)(?:为|系|是|含|包含|由)[^。！？\n]{0,12}(?:广告|推广|赞助|合作)|已标[注明识](?:为)?“?广告|含(?:有)?(?:广告|推广)(?:内容)?"
    r"|(?:感谢|由)[^。！？\n]{0,12}(?:赞助|友情提供)|利益相关[:：]|产品由(?:厂商|品牌|商家)提供|注明“?(?:产品由|广告)"
)
_DENIED = re.compile(r"(?:不|非|没|未|无|并非)(?:是|有|属|含|标)?[^。！？，,\n]{0,2}$")
# Where goods are sold: addresses elsewhere are no purchase links, unless the archive holds a listing of their domain.
SHOP_DOMAINS = frozenset(
    (
        "taobao.com", "tmall.com", "tb.cn", "jd.com", "3.cn", "pinduoduo.com", "yangkeduo.com", "douyin.com",
        "weidian.com", "youzan.com", "1688.com", "vip.com", "suning.com", "kaola.com", "dewu.com",
        "meituan.com", "dianping.com",
    )
)  # fmt: skip
_OWN_VOICE = re.compile(
    r"本店|我们(?:家)?(?:店|品牌|公司|工厂)|我司|本品牌|官方(?:账号|旗舰店)(?:为您|提醒|公告|活动)|欢迎(?:选购|光临)|亲[,，~～]"
)
_AGAINST = re.compile(
    r"避雷|踩雷|别买|不推荐|拔草|后悔|失望|投诉|退货|退款|差评|骗|举报|求推荐|有没有(?:人|姐妹)?用过|怎么样[?？]|招募|名额|报名|岗位|任职"
)


@dataclass(frozen=True, slots=True)
class Found:
    """A sign at [start, end) of the text."""

    sign: Sign
    start: int
    end: int


def found(text: str) -> list[Found]:
    """Every sign of a post, by place."""
    text = text[:LONGEST]
    every = [
        Found(sign, *match.span()) for sign, pattern in _PATTERNS.items() for match in pattern.finditer(text)
    ]
    return sorted(every, key=lambda each: (each.start, each.end, each.sign))


def label(text: str) -> tuple[int, int] | None:
    """Where a text is marked as advertising; words that deny or ask for the mark are none."""
    for match in _LABEL.finditer(text):
        if not _DENIED.search(text[max(0, match.start() - 6) : match.start()]):
            return match.span()
    return None


def against(text: str) -> bool:
    """Whether it warns, complains, asks, or recruits: no experience that sells."""
    return _AGAINST.search(text[:LONGEST]) is not None


def own_voice(text: str) -> bool:
    """Whether a shop or a brand speaks for itself, and says so."""
    return _OWN_VOICE.search(text[:LONGEST]) is not None
