"""HTML made anew: nobody is left in any place or coding of a page; what is quoted stays where it stood."""

import html
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from crawler.redaction.pages import rewritten_css, rewritten_html
from crawler.redaction.structures import rewritten_json
from tests.export.hunt import hunt_bytes
from tests.redaction.masks import ACCOUNT, NAME, OTHER, TOKEN, masker

GONE = [NAME, OTHER, ACCOUNT, TOKEN]
PAGE = f"""<!DOCTYPE html><html><head><title>{NAME}的评价</title><meta name="author" content="{NAME}">
<script>var user = {json.dumps({"nick": NAME})}; var t = "{TOKEN}"</script>
<style>.a {{ background: url(/u/{ACCOUNT}.png) }} .b {{ color: red }}</style><!-- {OTHER} --></head>
<body data-user="{quote(NAME)}"><div class="user-name">{html.escape(NAME)}</div>
<a href="/user/{ACCOUNT}?token={TOKEN}" title="{OTHER}">主页</a><img src="/avatar/{ACCOUNT}.jpg" alt="{NAME}">
<input type="hidden" value="{TOKEN}"><input value="{NAME}"><textarea>{NAME}</textarea>
<p>体验官<b>好评</b>返现，{NAME[:2]}<i>{NAME[2:]}</i>说&#x597D;</p><p>{OTHER.upper()} 买过</p>
<iframe srcdoc="{NAME}"></iframe><noscript>{NAME}</noscript><object data="/u/{ACCOUNT}"></object></body></html>"""


@pytest.mark.parametrize("grade", ["platform", "public"])
def test_nobody_is_left_and_the_quote_stays_in_its_place(grade: str) -> None:
    made = rewritten_html(PAGE, masker(grade))
    assert hunt_bytes(made, GONE) == []
    root = etree.HTML(made.decode())
    assert root.xpath("/html/body/p[1]/b/text()") == ["好评"]
    assert "脱敏副本" in made.decode()
    assert b"<script" not in made
    assert (b"[person:0123456789abcdef]" in made) is (grade == "platform")


@pytest.mark.parametrize(
    "broken", ["<", "<p", "<p><b></p></b>", "<a href='", "\0", "<!--", "", "&#", "<svg><p></svg>"]
)
def test_what_is_broken_is_shown_or_withheld_and_never_fails(broken: str) -> None:
    assert hunt_bytes(rewritten_html(f"{broken}{NAME}{broken}", masker()), GONE) == []


_WORDS = [NAME, NAME[:3], NAME[3:], OTHER, ACCOUNT, quote(NAME), "好评", " ", "&lt;"]
_TAGS = [
    "<p>",
    "</p>",
    "<b>",
    "</b>",
    "<td class='user'>",
    "<a href='/u/",
    "'>",
    "<!--",
    "-->",
    "<script>",
    "</script>",
]
MARKUP = st.lists(st.sampled_from([*_WORDS, *_TAGS, "<title>", "<xmp>", "<plaintext>"]), max_size=14)


@given(MARKUP)
def test_no_name_is_left_in_whatever_reads_as_a_page(pieces: list[str]) -> None:
    done = masker()
    made = rewritten_html("".join(pieces), done)
    assert done.left(made) == []
    for value in (NAME, OTHER, ACCOUNT):
        assert value.encode() not in made


def test_a_style_keeps_its_looks_and_loses_its_addresses() -> None:
    made = rewritten_css(
        f".b{{color:red;width:10px}} .u{{background:url(/u/{ACCOUNT}.png)}} .x:after{{content:'{NAME}'}}",
        masker(),
    )
    assert "color" in made
    assert hunt_bytes(made.encode(), GONE) == []


def test_an_answer_of_an_interface_keeps_what_is_said_and_not_who_said_it() -> None:
    answer = {
        "comments": [
            {
                "nickname": "张小丽",
                "uid": 99887766,
                "content": f"很好，{NAME}推荐",
                "score": 5,
                "token": "abcdef123456",
            }
        ]
    }
    made = rewritten_json(f"callback({json.dumps(answer)});", masker("platform"))
    assert made is not None
    (comment,) = json.loads(made)["comments"]
    assert (comment["score"], comment["content"][:3]) == (5, "很好，")
    assert hunt_bytes(made, ["张小丽", "99887766", NAME, "abcdef123456"]) == []
    assert rewritten_json(json.dumps(answer), masker("public")) is None, (
        "nobody can say that it shows no people"
    )
    assert rewritten_json("{no json", masker("platform")) is None
