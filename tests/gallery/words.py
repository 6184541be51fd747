"""What reviewers of the demo market write; made up for the gallery, and the same on every run."""

_OPENINGS = (
    "烧水挺快",
    "包装很严实",
    "物流两天就到",
    "客服回复很快",
    "颜色跟图片一样",
    "用了一周",
    "第二次来买",
)
_CLOSINGS = ("推荐购买", "五星好评已晒图", "返现三元已收到", "声音有点大", "下次还来", "壶身不烫手")


def review(number: int) -> str:
    """The text of the review with this number, which no other has."""
    opening, closing = _OPENINGS[number % len(_OPENINGS)], _CLOSINGS[number % len(_CLOSINGS)]
    return f"第{number}条评价：{opening}，{closing}"
