"""Pages of the shops: home, lists, products, licence, the live replay. Reviews are in `review_pages`."""

import json
from collections.abc import Sequence
from datetime import date, timedelta
from html import escape

from crawler.demo import clock, printed, text
from crawler.demo.dice import Dice
from crawler.demo.plan import Counters, Review, World
from crawler.demo.scheme import lines
from crawler.demo.shops import API_HOST, Listing, Shop
from crawler.demo.style import style

PER_LIST = 20  # cards
_HUES = {"yunlan.example": 205, "qiaowei.example": 18, "manfu.example": 330, "trial.example": 260}
_STYLE = style("shop")


def page(shop: Shop, title: str, body: str, day: date, head: str = "") -> str:
    """A whole page of a shop."""
    hue = _HUES[shop.host]
    return f"""<!DOCTYPE html>
<html lang="zh-CN"><head><meta charset="utf-8"><title>{escape(title)}</title>
<style>:root{{--c:hsl({hue} 55% 45%);--t:hsl({hue} 60% 86%)}}{_STYLE}</style>{head}</head>
<body><header class="top"><div class="wrap"><b>{shop.name}</b><nav><a href="/">首页</a>\
<a href="/list-1.html">全部宝贝</a>\
<a href="/user/home">我的</a><a href="/cart/show">购物车</a></nav></div></header>
<main class="wrap">
{body}
</main>
<footer>{shop.company} · <a href="/license.html">营业执照信息</a> · \
页面生成于 {clock.minute(clock.now_on(day))} 北京时间</footer>
</body></html>
"""


def pager(pattern: str, current: int, pages: int) -> str:
    """Links to the neighbouring pages; `a.next` is absent on the last."""
    shown = [number for number in range(current - 2, current + 3) if 1 <= number <= pages]
    links = "".join(
        f'<span class="current">{number}</span>'
        if number == current
        else f'<a href="{pattern.format(number)}">{number}</a>'
        for number in shown
    )
    before = f'<a class="prev" href="{pattern.format(current - 1)}">上一页</a>' if current > 1 else ""
    after = f'<a class="next" href="{pattern.format(current + 1)}">下一页</a>' if current < pages else ""
    return f'<div class="pager">{before}{links}{after}<em class="pages">共{pages}页</em></div>'


def page_count(total: int, size: int) -> int:
    """How many pages hold `total` things; one at least."""
    return max(1, -(-total // size))


def _card(world: World, listing: Listing, day: date) -> str:
    counters = world.counters(listing.id, day)
    price = printed.price(listing.cents, Dice(world.seed, "price", listing.id))
    mark = '<i class="tag-ad">广告</i>' if listing.promoted else ""
    return (
        f'<li class="goods-card" data-id="{listing.id}"><a class="goods-link" href="/item/{listing.id}.html">'
        f'<span class="pic" data-name="{_noun(listing)}"></span>'
        f'<span class="goods-title">{escape(listing.name)}</span></a>'
        f'<span class="price">{price}</span><br><span class="sales">月销{printed.count(counters.sales)}</span>'
        f'<span class="comments">{printed.count(counters.reviews)}条评价</span>'
        f'<span class="shop-name">{listing.shop.name}</span>{mark}</li>'
    )


def _noun(listing: Listing) -> str:
    """The product's kind, written on its placeholder picture by the style sheet."""
    return escape(listing.name.split(" ")[1])


def cards(world: World, listings: Sequence[Listing], day: date) -> str:
    """A list of product cards."""
    return (
        '<ul class="goods-list">\n'
        + "\n".join(_card(world, listing, day) for listing in listings)
        + "\n</ul>"
    )


def home(world: World, shop: Shop, day: date) -> str:
    """The first page of a shop, with links into the forbidden areas and to redirects."""
    featured = world.listings_of(shop.host)[:4]
    hot = " · ".join(
        f'<a class="go" href="/go/{listing.id}">爆款直达 {listing.id}</a>' for listing in featured[:3]
    )
    live = (
        '<p><a class="live" href="/live/930001.html">直播回放：秋冬修护专场</a></p>'
        if shop.markup == "C"
        else ""
    )
    return page(
        shop,
        f"{shop.name} - 首页",
        f'<h2>掌柜推荐</h2>\n{cards(world, featured, day)}\n<p class="hot">{hot}</p>{live}'
        '<p><a href="/list-1.html">查看全部宝贝</a> <a href="/private/report.html">商家后台</a></p>',
        day,
    )


def listing_page(world: World, shop: Shop, number: int, day: date) -> str | None:
    """A list page, or None behind the last."""
    listings = world.listings_of(shop.host)
    pages = page_count(len(listings), PER_LIST)
    if not 1 <= number <= pages:
        return None
    shown = listings[(number - 1) * PER_LIST : number * PER_LIST]
    body = f"<h2>全部宝贝</h2>\n{cards(world, shown, day)}\n{pager('/list-{}.html', number, pages)}"
    return page(shop, f"全部宝贝 第{number}页 - {shop.name}", body, day)


def product(world: World, listing: Listing, day: date) -> str:
    """A product page."""
    counters, shop = world.counters(listing.id, day), listing.shop
    price = printed.price(listing.cents, Dice(world.seed, "price", listing.id))
    variants = " ".join(f'<span class="option">{escape(variant)}</span>' for variant in listing.variants)
    body = f"""<div class="product" id="product" data-id="{listing.id}">\
<div class="pic" data-name="{_noun(listing)}"></div><div>
<h1 class="product-title">{escape(listing.name)}</h1>
<div class="product-brand">品牌：<b>{shop.brand}</b></div>
<div class="product-price">{price}</div>
<div class="product-counts"><span class="sales">月销{printed.count(counters.sales)}</span>\
<span class="comments">累计评价 <b>{printed.count(counters.reviews)}</b></span>\
<span class="good-rate">好评率 {counters.good_share}%</span></div>
<div>商品评分 <span class="rating star star-{round(counters.rating * 10)}" title="{counters.rating}分"></span> \
{counters.rating}分</div>
<div class="options">{variants}</div><div>卖家：<a class="shop-name" href="/license.html">{shop.name}</a></div>
<a class="buy" rel="nofollow" href="/cart/add?id={listing.id}">加入购物车</a></div></div>
{_review_entry(listing)}{_excerpt(world, listing, day)}"""
    head = json_ld(world, listing, counters, day) if shop.markup == "B" else ""
    return page(shop, f"{listing.name} - {shop.name}", body, day, head)


def _review_entry(listing: Listing) -> str:
    if listing.shop.markup == "C":
        api = f"http://{API_HOST}/v2/reviews?item={listing.id}&amp;page=1"
        return f'<section id="reviews" data-api="{api}"><h3>商品评价</h3><p>评价加载中…</p></section>'
    return (
        f'<h3>商品评价 <a class="all-reviews" href="/item/{listing.id}/reviews-1.html">全部评价 &gt;</a></h3>'
    )


def _excerpt(world: World, listing: Listing, day: date) -> str:
    """The two newest reviews, cut off, as product pages show them; marked so that nobody takes them for reviews."""
    if listing.shop.markup == "C":
        return ""
    newest = [world.review(stub) for stub in world.visible(listing.id, day)[:2]]
    return "".join(
        f'<blockquote class="excerpt">{escape(review.body[:30])}…</blockquote>' for review in newest
    )


def json_ld(world: World, listing: Listing, counters: Counters, day: date) -> str:
    """schema.org Product with its five newest reviews."""
    newest = [world.review(stub) for stub in world.visible(listing.id, day)[:5]]
    product_ld = {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": listing.name,
        "sku": str(listing.id),
        "brand": {"@type": "Brand", "name": listing.shop.brand},
        "offers": {"@type": "Offer", "price": printed.yuan(listing.cents), "priceCurrency": "CNY"},
        "aggregateRating": {
            "@type": "AggregateRating",
            "ratingValue": str(counters.rating),
            "reviewCount": counters.reviews,
        },
        "review": [_review_ld(review) for review in newest],
    }
    body = json.dumps(product_ld, ensure_ascii=False).replace("</", "<\\/")
    return f'\n<script type="application/ld+json">{body}</script>'


def _review_ld(review: Review) -> dict[str, object]:
    return {
        "@type": "Review",
        "author": {"@type": "Person", "name": printed.masked(review.nick)},
        "datePublished": review.stub.when.isoformat(timespec="seconds"),
        "reviewRating": {"@type": "Rating", "ratingValue": str(review.stars), "bestRating": "5"},
        "reviewBody": review.body,
    }


def license_page(shop: Shop, day: date) -> str:
    """Who the seller is (电子商务法 art. 15). The company and its number are invented."""
    rows = (
        ("企业名称", shop.company),
        ("统一社会信用代码", "9100000000000DEMO0"),
        ("住所", "临江市（虚构）滨河路1号"),
    )
    cells = "".join(f"<tr><td>{name}</td><td>{value}</td></tr>" for name, value in rows)
    return page(
        shop,
        f"营业执照信息 - {shop.name}",
        f'<h2>营业执照信息</h2><table class="license">{cells}</table>',
        day,
    )


def gone(shop: Shop, day: date) -> str:
    """What the shop shows for a product that it no longer sells."""
    return page(
        shop, f"宝贝不存在 - {shop.name}", "<h2>很抱歉，您查看的宝贝不存在，可能已下架或被转移</h2>", day
    )


def live_page(world: World, shop: Shop, day: date) -> str:
    """The replay of a live broadcast: a third of its comments are ordered ones."""
    dice, live = Dice(world.seed, "live"), lines()["live"]
    paid = dice.sample(range(world.buyers), 8)
    rows, at = [], 20
    for _ in range(160):
        at += dice.between(3, 40)
        ordered = dice.chance(0.35)
        buyer = dice.pick(paid) if ordered else dice.below(world.buyers)
        said = text.one_of(live["paid" if ordered else "said"], dice)
        who = printed.masked(text.nickname(Dice(world.seed, "nick", buyer)))
        stamp = f"{at // 3600:02d}:{at % 3600 // 60:02d}:{at % 60:02d}"
        rows.append(
            f'<li data-uid="u{100_000 + buyer}"><span class="at">{stamp}</span><span class="who">{escape(who)}</span>'
            f'<span class="said">{escape(said)}</span></li>'
        )
    body = (
        '<h2 class="live-title">直播回放：曼芙秋冬修护专场</h2><p>开播时间 <time class="live-time">'
        f"{world.today - timedelta(days=1)} 20:00</time> · 讲解商品 "
        f'<a href="/item/{shop.base + 2}.html">{shop.base + 2}</a></p>'
        '<ul class="barrage">\n' + "\n".join(rows) + "\n</ul>"
    )
    return page(shop, f"直播回放 - {shop.name}", body, day)


def shot(number: int) -> str:
    """A picture of a review: a few coloured shapes that depend only on its number."""
    dice = Dice("shot", number)
    shapes = "".join(
        f'<circle cx="{dice.below(144)}" cy="{dice.below(144)}" r="{dice.between(12, 50)}" '
        f'fill="hsl({dice.below(360)} 50% 60%)"/>'
        for _ in range(5)
    )
    ground = '<rect width="144" height="144" fill="#ddd"/>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 144 144">{ground}{shapes}</svg>'
