"""Reviews as the shops show them: markup A and B, and the JSON API (C)."""

import json
from datetime import date
from html import escape

from crawler.demo import clock, printed
from crawler.demo.plan import Review, World
from crawler.demo.shop_pages import page, page_count, pager
from crawler.demo.shops import Listing

PER_PAGE = 10


def reviews_page(world: World, listing: Listing, number: int, day: date) -> str | None:
    """A page of reviews in markup A or B, or None behind the last page."""
    stubs = world.visible(listing.id, day)
    pages = page_count(len(stubs), PER_PAGE)
    if not 1 <= number <= pages:
        return None
    reviews = [world.review(stub) for stub in stubs[(number - 1) * PER_PAGE : number * PER_PAGE]]
    links = pager(f"/item/{listing.id}/reviews-{{}}.html", number, pages)
    total = printed.count(world.counters(listing.id, day).reviews)
    head = (
        f'<h2><a href="/item/{listing.id}.html">{escape(listing.name)}</a></h2>'
        f'<p class="review-head">全部评价（<b>{total}</b>）</p>'
    )
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
    append = (
        f'<div class="append"><b>{review.append_days}天后追评</b><p>{escape(review.append)}</p></div>'
        if review.append
        else ""
    )
    reply = (
        f'<div class="seller-reply"><b>商家回复</b><p>{escape(review.reply)}</p></div>'
        if review.reply
        else ""
    )
    return f"""<li class="review" id="r-{stub.id}" data-uid="{review.uid}">
<div class="reviewer">\
<a class="nick" rel="nofollow" href="/user/{review.uid}">{escape(printed.masked(review.nick))}</a>{level}</div>
<div class="rating star star-{review.stars}"></div>
<p class="body">{escape(review.body)}</p>{shots}
<div class="meta"><time class="when">{clock.minute(stub.when)}</time>\
<span class="variant">已购：{escape(review.variant)}</span>\
<span class="region">{review.region}</span>\
<span class="bought">{review.bought}购买</span>{useful}</div>{append}{reply}</li>"""


def _review_b(review: Review, day: date) -> str:
    stub = review.stub
    pics = f'<ul class="pics">{_pictures(review)}</ul>' if review.pictures else ""
    follow = (
        f'<div class="follow-up"><b>{review.append_days}天后追加</b>'
        f'<span class="text2">{escape(review.append)}</span></div>'
        if review.append
        else ""
    )
    answer = f'<div class="shop-answer">{escape(review.reply)}</div>' if review.reply else ""
    likes = f'<span class="likes">赞 {review.useful}</span>' if review.useful else ""
    return f"""<article class="comment" data-comment-id="{stub.id}" data-user="{review.uid}">
<header>\
<span class="user">{escape(printed.masked(review.nick))}</span> <em class="score">{review.stars}</em>分</header>
<div class="text">{escape(review.body)}</div>{pics}
<div class="foot"><span class="time">{clock.relative(stub.when, clock.now_on(day))}</span>\
<span class="sku">{escape(review.variant)}</span>\
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
