"""Saved pages of heimao."""

from crawler.items import Item, Post
from tests.spiders.case import Case, Facts, of


def labelled(post: Post, label: str) -> str | None:
    lines = (post.article_body or "").splitlines()
    return next((line.removeprefix(label) for line in lines if line.startswith(label)), None)


def complaints(items: list[Item]) -> Facts:
    posts = of(Post, items)
    first, second, third = posts
    assert {post.headline for post in posts} == {"信*飞"}
    assert {post.publisher for post in posts} == {"黑猫投诉平台"}  # not the company that it is about
    assert {post.query for post in posts} == {"信*飞"}
    assert (first.article_body or "").startswith("本人在2024年12月25日")
    assert len((first.article_body or "").splitlines()) == 3
    assert labelled(third, "[投诉要求]") == "停止骚扰,调整利率,道歉赔偿/解释,处罚,销账,撤销征信问题"
    return {
        "complaints": len(posts),
        "first_date": first.date_published,
        "first_target": labelled(first, "[投诉对象]"),
        "first_demand": labelled(first, "[投诉要求]"),
        "first_sn": first.identifier,
        "second_date": second.date_published,
        "third_date": third.date_published,
    }


CASES = (
    Case(
        callback="parse_cards",
        file="heimao/complaint-1.json",
        url="https://tousu.sina.com.cn/index/search/?keywords=%E4%BF%A1*%E9%A3%9E&t=1",
        facts=complaints,
        media_type="application/json",
    ),
)
