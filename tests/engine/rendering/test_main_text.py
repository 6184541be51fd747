"""Lines of a page: what is main text, what is menu, what is not shown."""

import pytest

from crawler.engine.rendering.main_text import LONGEST_LINE, MOST_TEXT, lines, parsed


def read(html: str) -> list[tuple[str, str]]:
    return [
        ("hidden" if line.hidden else "main" if line.main else "aside", line.text)
        for line in lines(parsed(html))
    ]


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ("<p>一<b>二</b>三<br>四</p>", [("main", "一二三"), ("main", "四")]),
        (
            "<nav>菜单</nav><p>正文</p><footer>页脚</footer>",
            [("aside", "菜单"), ("main", "正文"), ("aside", "页脚")],
        ),
        ('<div class="top-nav x"><p>菜单</p></div><p>正文', [("aside", "菜单"), ("main", "正文")]),
        ('<div class="canvas heading"><p>正文</p></div>', [("main", "正文")]),
        ('<body class="has-sidebar login"><p>正文', [("main", "正文")]),
        (
            '<p><a href="/">链接一</a> <a>链接二</a></p><p>见<a>此</a>处</p>',
            [("aside", "链接一 链接二"), ("main", "见此处")],
        ),
        (
            '<p hidden>一</p><p style="color:red; DISPLAY : none">二</p>三',
            [("hidden", "一"), ("hidden", "二"), ("main", "三")],
        ),
        (
            "<script>x</script><noscript>y</noscript><style>z</style><title>t</title><!-- c -->好",
            [("main", "好")],
        ),
        ("<table><tr><td>甲</td><td>乙</td></tr></table>", [("main", "甲 乙")]),
        ("<html><body>一</body></html><html><body>二</body></html>", [("main", "一"), ("main", "二")]),
        ("", []),
    ],
)
def test_lines(html: str, found: list[tuple[str, str]]) -> None:
    assert read(html) == found


def test_what_is_long_is_cut_and_divided() -> None:
    made = lines(parsed("<p>" + "字" * (3 * MOST_TEXT)))
    assert sum(len(line.text) for line in made) == MOST_TEXT
    assert max(len(line.text) for line in made) == LONGEST_LINE


def test_deep_nesting_is_read() -> None:
    assert len(read("<div>字" * 5000)) >= 1
