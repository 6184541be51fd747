"""Our Markdown as HTML: same words, nothing that a title could smuggle in."""

import html
import re

from crawler.export.html_page import html_page

TEXT = """\
# 核验 <说明>

一行
接着的一行 and
then `a < b` 以及**要点 `c`**。

1. 甲，
   续
2. 乙

- 丙

```sh
test "$(x < y)" = 'z' &&

printf 'OK\\n'
```
末行
"""


def body(markdown: str) -> str:
    return html_page(markdown).partition("<body>\n")[2].partition("\n</body>")[0]


def test_every_kind_of_block_is_rendered() -> None:
    assert body(TEXT).split("\n") == [
        "<h1>核验 &lt;说明&gt;</h1>",
        "<p>一行接着的一行 and then <code>a &lt; b</code> 以及<strong>要点 <code>c</code></strong>。</p>",
        "<ol><li>甲，续</li>",
        "<li>乙</li></ol>",
        "<ul><li>丙</li></ul>",
        "<pre>test \"$(x &lt; y)\" = 'z' &amp;&amp;",
        "",
        "printf 'OK\\n'</pre>",
        "<p>末行</p>",
    ]


def test_it_stands_alone_and_runs_nothing() -> None:
    page = html_page("# x\n\n<script>alert(1)</script> <img src=http://a.example/>\n")
    assert "<script" not in page
    assert "<img" not in page
    assert "default-src 'none'" in page
    assert not re.search(r"\b(src|href)=", html.unescape(page).replace("src=http://a.example/", ""))
    assert "<title>x</title>" in page
