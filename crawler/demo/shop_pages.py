"""Pages of the shops: lists, products, reviews (markup A and B), the JSON API (C), the live replay."""

import json
from collections.abc import Sequence
from datetime import date
from html import escape

from crawler.demo import clock, printed, text
from crawler.demo.dice import Dice
from crawler.demo.plan import Counters, Review, World
from crawler.demo.scheme import lines
from crawler.demo.shops import API_HOST, Listing, Shop

PER_PAGE = 10  # reviews
PER_LIST = 20  # cards
_HUES = {"yunlan.example": 205, "qiaowei.example": 18, "manfu.example": 330, "trial.example": 260}
_STYLE = """body{margin:0;background:#f5f5f6;color:#333;font:14px/1.7 "Noto Sans CJK SC","PingFang SC","Microsoft YaHei",sans-serif}
a{color:inherit;text-decoration:none}header.top{background:var(--c);color:#fff;padding:14px 0}.wrap{width:1080px;margin:0 auto}
header.top b{font-size:22px;letter-spacing:2px}header.top nav{float:right;padding-top:6px}header.top nav a{margin-left:22px}
main.wrap{background:#fff;padding:22px 26px;margin:18px auto;border-radius:8px;box-sizing:border-box}
.goods-list{list-style:none;padding:0;margin:0;display:grid;grid-template-columns:repeat(4,1fr);gap:18px}
.goods-card{border:1px solid #eee;border-radius:8px;padding:12px;position:relative}.goods-card:hover{border-color:var(--c)}
.pic{display:block;height:150px;border-radius:6px;background:linear-gradient(135deg,var(--t),#fff)}.goods-title{display:block;height:48px;overflow:hidden;margin-top:8px}
.price,.product-price{color:#e4393c;font-weight:700;font-size:18px}.sales,.comments,.shop-name{color:#888;font-size:12px;margin-right:8px}
.tag-ad{position:absolute;right:8px;top:8px;font-style:normal;font-size:11px;color:#999;border:1px solid #ccc;background:#fff;padding:0 4px;border-radius:3px}
.pager{margin:22px 0 6px;text-align:center}.pager a,.pager span{display:inline-block;padding:2px 11px;border:1px solid #ddd;border-radius:4px;margin:0 3px}.pager .current{background:var(--c);color:#fff}
.product{display:grid;grid-template-columns:360px 1fr;gap:28px}.product .pic{height:340px}.product h1{font-size:20px;margin:0 0 10px}.product-price{font-size:26px;background:#fdf3f3;padding:10px 14px;border-radius:6px;margin:10px 0}
.star::before{content:"★★★★★";color:#f5a623;letter-spacing:2px}.star-4::before{content:"★★★★☆"}.star-3::before{content:"★★★☆☆"}.star-2::before{content:"★★☆☆☆"}.star-1::before{content:"★☆☆☆☆"}
.buy{display:inline-block;background:var(--c);color:#fff;padding:8px 34px;border-radius:20px;margin:14px 10px 0 0}
.review-list{list-style:none;padding:0}.review,.comment{border-top:1px solid #eee;padding:14px 0 12px}.reviewer{float:left;width:130px;color:#666}.review>.rating,.review>.body,.review>.shots,.review>.meta,.review>.append,.review>.seller-reply{margin:2px 0 4px 150px}
.body,.text{white-space:pre-wrap}.meta,.foot{color:#999;font-size:12px}.meta>*,.foot>*{margin-right:16px}.shots,.pics{list-style:none;padding:0;display:flex;gap:6px}.shots img,.pics img{width:72px;height:72px;border-radius:4px}
.append p,.text2{display:inline}.append b,.follow-up b{color:var(--c);margin-right:8px}.seller-reply,.shop-answer{background:#f7f7f7;padding:6px 12px;border-radius:4px;color:#777}.seller-reply p{display:inline;margin-left:8px}
.level{color:#c7963c;font-size:12px;margin-left:4px}.comment .score{color:#e4393c;font-style:normal;font-weight:700}footer{color:#aaa;font-size:12px;text-align:center;padding:8px 0 26px}footer a{margin:0 8px}
.barrage{list-style:none;padding:12px 18px;background:#222;color:#eee;border-radius:8px}.barrage .at{color:#888;margin-right:12px}.barrage .who{color:#7ec8ff;margin-right:6px}table.license td{padding:4px 18px;border:1px solid #eee}"""


def page(shop: Shop, title: str, body: str, day: date, head: str = "") -> str:
    """A whole page of a shop."""
    hue = _HUES[shop.host]
    return f"""<!DOCTYPE html>
<html lang="zh-CN"><head><meta charset="utf-8"><title>{escape(title)}</title>
<style>:root{{--c:hsl({hue} 55% 45%);--t:hsl({hue} 60% 86%)}}{_STYLE}</style>{head}</head>
<body><header class="top"><div class="wrap"><b>{shop.name}</b><nav><a href="/">首页</a><a href="/list-1.html">全部宝贝</a>\
<a href="/user/home">我的</a><a href="/cart/show">购物车</a></nav></div></header>
<main class="wrap">
{body}
</main>
<footer>{shop.company} · <a href="/license.html">营业执照信息</a> · 页面生成于 {clock.minute(clock.now_on(day))} 北京时间</footer>
</body></html>
"""


def pager(pattern: str, current: int, pages: int) -> str:
    """Links to the neighbouring pages; `a.next` is absent on the last."""
    shown = [number for number in range(current - 2, current + 3) if 1 <= number <= pages]
    links = "".join(
        f'<span class="current">{number}</span>' if number == current else f'<a href="{pattern.format(number)}">{number}</a>'
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
        f'<span class="pic"></span><span class="goods-title">{escape(listing.name)}</span></a>'
        f'<span class="price">{price}</span><br><span class="sales">月销{printed.count(counters.sales)}</span>'
        f'<span class="comments">{printed.count(counters.reviews)}条评价</span>'
        f'<span class="shop-name">{listing.shop.name}</span>{mark}</li>'
    )


def cards(world: World, listings: Sequence[Listing], day: date) -> str:
    """A list of product cards."""
    return '<ul class="goods-list">\n' + "\n".join(_card(world, listing, day) for listing in listings) + "\n</ul>"


def home(world: World, shop: Shop, day: date) -> str:
    """The first page of a shop, with links into the forbidden areas and to redirects."""
    featured = world.listings_of(shop.host)[:4]
    hot = " · ".join(f'<a class="go" href="/go/{listing.id}">爆款直达 {listing.id}</a>' for listing in featured[:3])
    live = '<p><a class="live" href="/live/930001.html">直播回放：秋冬修护专场</a></p>' if shop.markup == "C" else ""
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
    body = f"""<div class="product" id="product" data-id="{listing.id}"><div class="pic"></div><div>
<h1 class="product-title">{escape(listing.name)}</h1>
<div class="product-brand">品牌：<b>{shop.brand}</b></div>
<div class="product-price">{price}</div>
<div class="product-counts"><span class="sales">月销{printed.count(counters.sales)}</span>\
<span class="comments">累计评价 <b>{printed.count(counters.reviews)}</b></span><span class="good-rate">好评率 {counters.good_share}%</span></div>
<div>商品评分 <span class="rating star star-{round(counters.rating * 10)}" title="{counters.rating}分"></span></div>
<div class="options">{variants}</div><div>卖家：<a class="shop-name" href="/license.html">{shop.name}</a></div>
<a class="buy" rel="nofollow" href="/cart/add?id={listing.id}">加入购物车</a></div></div>
{_review_entry(listing)}{_excerpt(world, listing, day)}"""
    head = json_ld(world, listing, counters, day) if shop.markup == "B" else ""
    return page(shop, f"{listing.name} - {shop.name}", body, day, head)


def _review_entry(listing: Listing) -> str:
    if listing.shop.markup == "C":
        api = f"http://{API_HOST}/v2/reviews?item={listing.id}&amp;page=1"
        return f'<section id="reviews" data-api="{api}"><h3>商品评价</h3><p>评价加载中…</p></section>'
    return f'<h3>商品评价 <a class="all-reviews" href="/item/{listing.id}/reviews-1.html">全部评价 &gt;</a></h3>'


def _excerpt(world: World, listing: Listing, day: date) -> str:
    """The two newest reviews, cut off, as product pages show them; marked so that nobody takes them for reviews."""
    if listing.shop.markup == "C":
        return ""
    newest = [world.review(stub) for stub in world.visible(listing.id, day)[:2]]
    return "".join(f'<blockquote class="excerpt">{escape(review.body[:30])}…</blockquote>' for review in newest)


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
        "aggregateRating": {"@type": "AggregateRating", "ratingValue": str(counters.rating), "reviewCount": counters.reviews},
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


def reviews_page(world: World, listing: Listing, number: int, day: date) -> str | None:
    """A page of reviews in markup A or B, or None behind the last page."""
    stubs = world.visible(listing.id, day)
    pages = page_count(len(stubs), PER_PAGE)
    if not 1 <= number <= pages:
        return None
    reviews = [world.review(stub) for stub in stubs[(number - 1) * PER_PAGE : number * PER_PAGE]]
    links = pager(f"/item/{listing.id}/reviews-{{}}.html", number, pages)
    total = printed.count(world.counters(listing.id, day).reviews)
    head = f'<h2 class="review-head"><a href="/item/{listing.id}.html">{escape(listing.name)}</a></h2><p class="review-head">全部评价（<b>{total}</b>）</p>'
    if listing.shop.markup == "B":
        rows = "\n".join(_review_b(review, day) for review in reviews)
        body = f'{head}\n<section class="comments">\n{rows}\n</section>\n{links}'
    else:
        rows = "\n".join(_review_a(review) for review in reviews)
        body = f'{head}\n<ol class="review-list">\n{rows}\n</ol>\n{links}'
    return page(listing.shop, f"评价 第{number}页 - {listing.name}", body, day)


def _pictures(review: Review) -> str:
    return "".join(f'<li><img src="/shot/{number}.svg" alt="晒图"></li>' for number in review.pictures)


def _review_a(review: Review) -> str:
    stub = review.stub
    level = '<span class="level">PLUS会员</span>' if stub.id % 5 == 0 else ""
    shots = f'<ul class="shots">{_pictures(review)}</ul>' if review.pictures else ""
    useful = f'<span class="useful">有用({review.useful})</span>' if review.useful else ""
    append = f'<div class="append"><b>{review.append_days}天后追评</b><p>{escape(review.append)}</p></div>' if review.append else ""
    reply = f'<div class="seller-reply"><b>商家回复</b><p>{escape(review.reply)}</p></div>' if review.reply else ""
    return f"""<li class="review" id="r-{stub.id}" data-uid="{review.uid}">
<div class="reviewer"><a class="nick" rel="nofollow" href="/user/{review.uid}">{escape(printed.masked(review.nick))}</a>{level}</div>
<div class="rating star star-{review.stars}"></div>
<p class="body">{escape(review.body)}</p>{shots}
<div class="meta"><time class="when">{clock.minute(stub.when)}</time><span class="variant">已购：{escape(review.variant)}</span>\
<span class="region">{review.region}</span><span class="bought">{review.bought}购买</span>{useful}</div>{append}{reply}</li>"""


def _review_b(review: Review, day: date) -> str:
    stub = review.stub
    pics = f'<ul class="pics">{_pictures(review)}</ul>' if review.pictures else ""
    follow = f'<div class="follow-up"><b>{review.append_days}天后追加</b><span class="text2">{escape(review.append)}</span></div>' if review.append else ""
    answer = f'<div class="shop-answer">{escape(review.reply)}</div>' if review.reply else ""
    likes = f'<span class="likes">赞 {review.useful}</span>' if review.useful else ""
    return f"""<article class="comment" data-comment-id="{stub.id}" data-user="{review.uid}">
<header><span class="user">{escape(printed.masked(review.nick))}</span> <em class="score">{review.stars}</em>分</header>
<div class="text">{escape(review.body)}</div>{pics}
<div class="foot"><span class="time">{clock.relative(stub.when, clock.now_on(day))}</span><span class="sku">{escape(review.variant)}</span>\
<span class="ip">IP属地：{review.region}</span>{likes}</div>{follow}{answer}</article>"""


def reviews_json(world: World, listing: Listing, number: int, day: date) -> str:
    """One answer of the JSON API; `list` is empty behind the last page."""
    stubs = world.visible(listing.id, day)
    shown = stubs[(number - 1) * PER_PAGE : number * PER_PAGE]
    counters = world.counters(listing.id, day)
    answer = {
        "item": listing.id,
        "total": counters.reviews,
        "page": number,
        "pages": page_count(len(stubs), PER_PAGE),
        "goodRate": f"{counters.good_share}%",
        "list": [_review_row(world.review(stub)) for stub in shown],
    }
    return json.dumps({"code": 0, "msg": "ok", "data": answer}, ensure_ascii=False, separators=(",", ":"))


def _review_row(review: Review) -> dict[str, object]:
    stub = review.stub
    return {
        "id": stub.id,
        "uid": review.uid,
        "nick": printed.masked(review.nick),
        "score": review.stars,
        "content": review.body,
        "ctime": clock.second(stub.when),
        "orderTime": review.bought.isoformat(),
        "sku": review.variant,
        "ip": review.region,
        "pics": [f"/shot/{number}.svg" for number in review.pictures],
        "useful": review.useful,
        "append": {"days": review.append_days, "content": review.append} if review.append else None,
        "reply": {"content": review.reply} if review.reply else None,
    }


def license_page(shop: Shop, day: date) -> str:
    """Who the seller is (电子商务法 art. 15). The company and its number are invented."""
    rows = (("企业名称", shop.company), ("统一社会信用代码", "9100000000000DEMO0"), ("住所", "临江市（虚构）滨河路1号"))
    cells = "".join(f"<tr><td>{name}</td><td>{value}</td></tr>" for name, value in rows)
    return page(shop, f"营业执照信息 - {shop.name}", f'<h2>营业执照信息</h2><table class="license">{cells}</table>', day)


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
        f'{clock.minute(clock.now_on(world.today))[:10]} 前一日 20:00</time> · 讲解商品 <a href="/item/{shop.base + 3}.html">{shop.base + 3}</a></p>'
        '<ul class="barrage">\n' + "\n".join(rows) + "\n</ul>"
    )
    return page(shop, f"直播回放 - {shop.name}", body, day)


def shot(number: int) -> str:
    """A picture of a review: a few coloured shapes that depend only on its number."""
    dice = Dice("shot", number)
    shapes = "".join(
        f'<circle cx="{dice.below(144)}" cy="{dice.below(144)}" r="{dice.between(12, 50)}" fill="hsl({dice.below(360)} 50% 60%)"/>'
        for _ in range(5)
    )
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 144 144"><rect width="144" height="144" fill="#ddd"/>{shapes}</svg>'
