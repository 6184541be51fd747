"""Saved pages of baidu: a box about the event, nine results, a box of three news and one of four videos."""

from crawler.items import Item, Post
from tests.spiders.case import Case, Facts, of


def results(items: list[Item]) -> Facts:
    posts = of(Post, items)
    assert (len(posts), posts[0].result_count) == (17, "约220,000个")
    assert (posts[0].publisher, posts[0].date_published) == ("新京报", "11小时前")
    assert (posts[3].publisher, posts[3].date_published) == ("新浪网", None)
    assert (posts[1].date_published, str(posts[1].article_body)[:4]) == ("19分钟前", "原标题:")
    assert [post.publisher for post in posts[10:13]] == ["北晚新视觉网", "凤凰网", "中华网"]
    assert (posts[13].publisher, posts[13].url) == (
        "腾讯视频",
        "https://m.v.qq.com/x/page/h/z/c/h07050kh5zc.html",
    )
    assert not any(post.promoted for post in posts)
    return {"query": posts[0].query}


CASES = (
    Case(
        callback="parse_search",
        file="baidu/search-1.html",
        url="https://www.baidu.com/s?tn=baidutop10&wd=%E5%93%88%E4%BD%9B",
        facts=results,
    ),
)
