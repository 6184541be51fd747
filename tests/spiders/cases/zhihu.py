"""Saved pages of zhihu."""

from collections import Counter

from crawler.items import Item, Post
from tests.spiders.case import Case, Facts, of


def results(items: list[Item]) -> Facts:
    first, *_, last = posts = of(Post, items)
    sorts = Counter(post.identifier.partition("/")[0] for post in posts)
    assert sorts == {"p": 56, "answer": 32, "question": 12}
    by_id = {post.identifier: post for post in posts}
    unfolded, famous, question = by_id["p/33015950"], by_id["answer/735906913"], by_id["question/36727838"]
    assert (unfolded.author, unfolded.author_identifier) == ("向上的蜗牛", "codemind")
    assert (unfolded.date_published, famous.date_published) == (
        "发布于 2018-01-17 10:33",
        "2019-07-04",
    )
    assert (famous.like_count, famous.comment_count, first.like_count) == ("1.4 万", "1,005", "6")
    assert (question.author, question.view_count, question.is_part_of) == (None, "73", None)
    assert str(question.article_body).startswith("但节点的位置不一样")
    assert str(first.article_body).startswith("也提供一下我们ResumeSDK的思路")
    assert (last.headline, last.url) == ("所依智能养老-亮点解析", "https://zhuanlan.zhihu.com/p/37957289")
    return {
        "query": first.query,
        "first_title": first.headline,
        "first_url": f"https://www.zhihu.com/{first.is_part_of}",
        "first_answer_author": first.author,
    }


CASES = (
    Case(
        callback="parse_search",
        file="zhihu/search-1.html",
        url="https://www.zhihu.com/search?q=%E6%99%BA%E8%83%BD%E8%A7%A3%E6%9E%90",
        facts=results,
        left={
            "cards": "one of the 101 is 相关搜索, searches that the site suggests; the other 100 are checked above",
        },
    ),
)
