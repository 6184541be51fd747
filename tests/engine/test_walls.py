"""Walls are known for what they are; a page that merely talks about walls is a page."""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scrapy.http import HtmlResponse, Response, TextResponse

from crawler.demo import walls as demo_walls
from crawler.engine import walls
from crawler.engine.walls import MOST_TEXT, WallRule, parsed, read_markup, rules, wall
from tests.engine.wall_pages import INNOCENT, ONLY_PLAIN_INNOCENT, RENDERED_WALLS, SHOP, WALLS

NO_PAGE = {"warc", "wacz", "tsr", "malformed", "asset"}
SHELLS = {"taobao/search-3.html"}


def answer(url: str, status: int, body: str) -> Response:
    cls = HtmlResponse if body.lstrip().startswith("<") else TextResponse
    return cls(url, status, body=body.encode(), encoding="utf-8")


def saved(pages: Path) -> Iterator[tuple[str, bool, Response]]:
    for line in (pages / "INDEX.jsonl").read_text("utf-8").splitlines():
        entry: dict[str, Any] = json.loads(line)
        if entry["kind"] in NO_PAGE:
            continue
        path = pages / entry["file"]
        cls = HtmlResponse if path.suffix in (".html", ".htm") else TextResponse
        address = entry["original_url"] or ""
        address = address if re.fullmatch(r"https?://\S+", address) else SHOP
        blocked = bool((entry.get("expected") or {}).get("is_blocked")) or entry["file"] in SHELLS
        yield entry["file"], blocked, cls(address, body=path.read_bytes())


@pytest.mark.saved_pages
@pytest.mark.parametrize("rendered", [False, True])
def test_genuine_pages(pages: Path, rendered: bool) -> None:
    """Precision and recall are 1 over the saved set, as answers and as if a browser had shown them."""
    judged = [(file, blocked, wall(page, rendered=rendered)) for file, blocked, page in saved(pages)]
    assert [entry for entry in judged if bool(entry[2]) is not entry[1]] == []
    assert sum(blocked for _, blocked, _ in judged) == 8
    assert sum(not blocked for _, blocked, _ in judged) >= 85


@pytest.mark.saved_pages
def test_genuine_walls_have_their_names(pages: Path) -> None:
    names = {file: wall(page) for file, blocked, page in saved(pages) if blocked}
    assert names["weibo/blocked-1.html"] == "wall-visitor-system"
    assert names["vocus/blocked-1.html"] == "wall-login"
    assert names["taobao/search-3.html"] == "wall-shell"
    assert names["cloudflare/blocked-7.html"] == "wall-verification"


@pytest.mark.saved_pages
def test_a_genuine_login_form_is_known_without_its_address(pages: Path) -> None:
    body = (pages / "vocus/blocked-1.html").read_bytes()
    assert wall(HtmlResponse(SHOP, body=body)) == "wall-login"


@pytest.mark.parametrize(("name", "url", "status", "body"), WALLS)
def test_walls(name: str, url: str, status: int, body: str) -> None:
    assert wall(answer(url, status, body)) == f"wall-{name}"
    assert wall(answer(url, status, body), rendered=True) == f"wall-{name}"


@pytest.mark.parametrize(("name", "url", "status", "body"), RENDERED_WALLS)
def test_walls_in_a_browser(name: str, url: str, status: int, body: str) -> None:
    """What only a rendered page can tell."""
    assert wall(answer(url, status, body)) is None
    assert wall(answer(url, status, body), rendered=True) == f"wall-{name}"


@pytest.mark.parametrize(("url", "status", "body"), INNOCENT)
def test_pages_that_are_none(url: str, status: int, body: str) -> None:
    assert wall(answer(url, status, body)) is None
    assert wall(answer(url, status, body), rendered=True) is None


@pytest.mark.parametrize(("url", "status", "body"), ONLY_PLAIN_INNOCENT)
def test_a_plain_page_without_text_is_no_shell_yet(url: str, status: int, body: str) -> None:
    assert wall(answer(url, status, body)) is None


def test_a_page_of_a_million_characters_is_no_wall() -> None:
    """Only its beginning is read, so nobody knows what it says."""
    assert wall(answer(SHOP, 200, "<title>安全验证</title>" + "<i></i>" * 140_000)) == "wall-verification"
    assert wall(answer(SHOP, 200, "<title>安全验证</title>" + "<i></i>" * 160_000)) is None


def test_what_is_no_text_is_no_wall() -> None:
    assert wall(Response(SHOP, body=b"\x89PNG\r\n_cf_chl_opt")) is None


def test_the_market_s_walls_are_known() -> None:
    body = demo_walls.verification("甲小店").encode()
    assert wall(HtmlResponse(SHOP, body=body)) == "wall-verification"
    for url in ("http://a.test/login?back=x", SHOP):
        assert wall(HtmlResponse(url, body=demo_walls.login().encode())) == "wall-login"
    for body in (demo_walls.member_list().encode(), demo_walls.limit_list().encode()):
        assert wall(HtmlResponse(SHOP, body=body), rendered=True) is None


def test_no_rule_rests_on_the_body_alone() -> None:
    """A review may quote anything: what a page says counts only beside a title, a form or scripts, and alone."""
    assert rules()
    for rule in rules():
        assert rule.name.replace("-", "").isalpha()
        assert rule.source
        assert rule.text is None or 0 < rule.text <= MOST_TEXT
        assert not rule.words or rule.title or rule.bare, rule
        if rule.title or rule.markup or rule.password:
            assert rule.text is not None or rule.words or rule.status, rule
        assert rule.title or rule.url or rule.json or rule.status or rule.markup or rule.password or rule.bare


def lesser() -> Iterator[tuple[str, tuple[WallRule, ...]]]:
    """The rules without one of them, and without one alternative of one of them."""
    every = rules()
    for number, rule in enumerate(every):
        before, after = every[:number], every[number + 1 :]
        yield f"{rule.name}: {rule.source}", (*before, *after)
        for field in ("title", "words", "url", "markup", "status", "json"):
            values = getattr(rule, field)
            for place in range(len(values) if len(values) > 1 else 0):
                kept = replace(rule, **{field: values[:place] + values[place + 1 :]})
                yield f"{rule.name}: {field}: {values[place]}", (*before, kept, *after)


def test_every_rule_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any one rule, or any one of its alternatives, some page of this test is judged otherwise."""
    cases = [(f"wall-{name}", answer(url, status, body), False) for name, url, status, body in WALLS]
    for name, url, status, body in RENDERED_WALLS:
        cases.append((f"wall-{name}", answer(url, status, body), True))
    idle = []
    for gone, rest in list(lesser()):
        monkeypatch.setattr(walls, "rules", lambda rest=rest: rest)
        if all(wall(page, rendered=rendered) == name for name, page, rendered in cases):
            idle.append(gone)
    assert idle == []


def test_a_condition_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(TypeError, match="titel"):
        WallRule(name="x", source="y", titel=())  # type: ignore[call-arg]


def test_what_is_read_of_a_page() -> None:
    page = read_markup(
        "<!-- <title>no</title> --><svg><title>no</title></svg><TITLE>\n a &amp;  b</TITLE >"
        "<p title=\"a > b\">甲&nbsp;乙<script>if (a<b) '<p>no'</script ><style>no</style><noscript>no</noscript>"
        '<script type=\'application/ld+json\'>{"no": "quoted"}</script><input value="x" TYPE = "Password">'
        "<meta name=description content=no><textarea>no</textarea> 丙 < 丁"
    )
    assert (page.title, page.text, page.words) == ("a & b", 5, "甲 乙 丙 < 丁")
    assert (page.password, page.script, page.shown) == (True, True, True)
    assert "if (a<b)" in page.code
    assert "quoted" not in page.code
    assert "description" not in page.code


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (' {"a": 1}\n', {"a": 1}),
        ('\ufeffcb_1.x({"a": 1}) ; ', {"a": 1}),
        ("/**/cb([1])", [1]),
        ("cb(1", None),
        ("f(){}", None),
        ("<p>1</p>", None),
        ("[" * 60_000, None),
        ("9" * 5000, None),
        (json.dumps(["x" * (70 << 10)]), None),
    ],
)
def test_json_and_jsonp(text: str, value: object) -> None:
    assert parsed(text) == value


PIECES = [
    "<",
    ">",
    "<title",
    "</title>",
    "<script",
    "</script",
    "<!--",
    "-->",
    "=",
    '"',
    "'",
    "<svg>",
    "&#",
    " ",
]


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=40).map("".join), st.booleans())
@example("<title>" * 3, True)
def test_any_page_can_be_judged(body: str, rendered: bool) -> None:
    for status in (200, 404):
        found = wall(HtmlResponse(SHOP, status, body=body.encode("utf-8", "replace")), rendered=rendered)
        assert found is None or found.startswith("wall-")


@given(st.binary(max_size=200))
def test_any_bytes_can_be_judged(body: bytes) -> None:
    for cls in (Response, TextResponse, HtmlResponse):
        wall(cls(SHOP, body=body), rendered=True)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda values: (
            st.lists(values, max_size=4)
            | st.dictionaries(
                st.sampled_from(["ret", "data", "url", "code", "error", "msg"]), values, max_size=4
            )
        ),
    )
)
def test_any_json_can_be_judged(value: object) -> None:
    wall(TextResponse(SHOP, body=json.dumps(value).encode(), encoding="utf-8"))


HOSTILE = {
    "titles": "<title",
    "whole titles": "<title>",
    "closed titles": "<title>x</title>",
    "long title": "<title>" + "验证" * 500,
    "open tags": "<a ",
    "quotes": "<a x=\"'",
    "equals": "<a =",
    "comments": "<!--",
    "dashes": "<!-- -",
    "scripts": "<script>",
    "script ends": "<script></script",
    "blanks": " \n",
    "entities": "&#x41",
    "angles": "<",
    "svg": "<svg><title>a</title></svg>",
    "objects": '{"a":',
    "calls": "cb(",
    "closes": "a) ",
}


@pytest.mark.parametrize("piece", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_page_takes_no_time(piece: str) -> None:
    """Twice the page, at most about twice the time: 5 MB in well under the seconds that a quadratic reader takes."""
    body = ("<p>" + piece * (5_000_000 // len(piece.encode()))).encode()
    began = time.process_time()
    wall(HtmlResponse(SHOP, body=body, encoding="utf-8"), rendered=True)
    assert time.process_time() - began < 5
    wall(HtmlResponse(SHOP, body=body[3:], encoding="utf-8"), rendered=True)
    assert time.process_time() - began < 10
