"""Walls are known for what they are; a page that merely talks about walls is a page."""

import json
import time
from pathlib import Path

import pytest
from scrapy.http import HtmlResponse, JsonResponse, Response

from crawler.demo import walls as demo_walls
from crawler.engine.walls import rules, wall

URL = "http://shop.test/item/1.html"


def page(title: str | None, body: str = "", url: str = URL, status: int = 200) -> HtmlResponse:
    head = "" if title is None else f"<title>{title}</title>"
    return HtmlResponse(
        url, status, body=f"<html><head>{head}</head><body>{body}</body></html>".encode(), encoding="utf-8"
    )


@pytest.mark.saved_pages
def test_genuine_pages(pages: Path) -> None:
    """Every saved page: those marked as blocked are walls, all others are not."""
    entries = [json.loads(line) for line in (pages / "INDEX.jsonl").read_text("utf-8").splitlines()]
    judged = {True: 0, False: 0}
    for entry in entries:
        if not entry["file"].endswith((".html", ".htm", ".json")):
            continue
        expected = bool((entry.get("expected") or {}).get("is_blocked"))
        cls = JsonResponse if entry["file"].endswith(".json") else HtmlResponse
        address = entry["original_url"] or f"http://shop.test/{judged}"
        found = wall(cls(address, body=(pages / entry["file"]).read_bytes()))
        assert bool(found) is expected, (entry["file"], found)
        judged[expected] += 1
    assert judged[True] >= 7
    assert judged[False] >= 60


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        (page("百度安全验证"), "verification"),
        (page("安全验证"), "verification"),
        (page("\n  验证中心 \n"), "verification"),
        (page("身份核实"), "verification"),
        (page("滑动验证页面"), "verification"),
        (page("Just a moment..."), "verification"),
        (page("Just a moment...", status=503), "verification"),
        (page("Attention Required! | Cloudflare"), "verification"),
        (page("Attention Required! &#124; Cloudflare"), "verification"),
        (page(None, '<script>window._cf_chl_opt={cvId: "3"}</script>'), "verification"),
        (page("", '<iframe src="/_Incapsula_Resource?SWUDNSAI=31"></iframe>'), "verification"),
        (page(None, '<script>location="/_____tmd_____/punish?x5secdata=a"</script>'), "verification"),
        (page("验证码拦截", '<a href="//h5api.m.test/_____tmd_____/punish">'), "verification"),
        (page("Sina Visitor System"), "visitor-system"),
        (page("您的访问过于频繁，请稍后再试"), "too-frequent"),
        (page("访问频繁"), "too-frequent"),
        (page("京东-欢迎登录", url="https://passport.jd.com/new/login.aspx?ReturnUrl=x"), "login"),
        (page("淘宝登录", url="https://login.taobao.com/member/login.jhtml"), "login"),
        (page("会员登录", url="http://shop.test/login?back=%2Fvip"), "login"),
        (page("Login", url="https://app1.vocusgr.com/Login.aspx?LanguageID=1033"), "login"),
        (page("登录", url="http://shop.test/user/sign_in"), "login"),
        (page("知乎", url="https://www.zhihu.com/account/unhuman?type=unhuman"), "login"),
        (
            JsonResponse(URL, body=b'{"ret":["FAIL_SYS_USER_VALIDATE","RGV587_ERROR::SM::..."],"data":{}}'),
            "verification",
        ),
    ],
)
def test_walls(answer: Response, name: str) -> None:
    assert wall(answer) == f"wall-{name}"


@pytest.mark.parametrize(
    "answer",
    [
        page(
            "淘宝店铺总是弹出安全验证怎么办？ - 卖家论坛",
            "刚打开后台就让我做滑动验证，访问过于频繁，烦死了。",
        ),
        page(
            "安全验证的原理 - 技术博客", 'if "RGV587_ERROR" in ret and "FAIL_SYS_USER_VALIDATE" in ret: ...'
        ),
        page("评价详情", "发货前要先过验证码，Just a moment... 等了半天，不过物流快。"),
        page(
            "手工皂 - 某某旗舰店", '<script src="/cdn-cgi/challenge-platform/scripts/jsd/main.js"></script>'
        ),
        page(
            None, '<script src="/cdn-cgi/challenge-platform/h/b/scripts/jsd/main.js"></script><p>手工皂</p>'
        ),
        page("Just a moment in time – a film review", "<p>Five stars.</p>"),
        page("Access denied | a novel", "<p>Five stars.</p>"),
        page("人机验证码生成器 9.9元", "<p>包邮</p>"),
        page("登录台灯 护眼", url="http://shop.test/login-lamp/1.html"),
        page("怎么登录", url="http://help.test/docs/login/guide.html"),
        page("搜索结果", url="http://shop.test/search?q=/login"),
        page("请登录后查看更多评价", "<p>共 12 条评价</p><div class=g-recaptcha></div>"),
        page("没有这个页面", url="http://shop.test/login", status=404),
        page("安全验证", status=302),
        page(None),
        JsonResponse(URL, body='{"comments": [{"content": "付款要安全验证，有点麻烦"}]}'.encode()),
        Response(URL, body=b"\x89PNG\r\n_cf_chl_opt"),
    ],
)
def test_pages_that_are_none(answer: Response) -> None:
    assert wall(answer) is None


def test_the_market_s_walls_are_known() -> None:
    body = demo_walls.verification("甲小店").encode()
    assert wall(HtmlResponse(URL, body=body)) == "wall-verification"
    assert wall(HtmlResponse("http://a.test/login?back=x", body=demo_walls.login().encode())) == "wall-login"


def test_no_rule_rests_on_the_body_alone() -> None:
    """A review may quote anything."""
    assert rules()
    for rule in rules():
        assert rule.title or rule.url, rule.name
        assert rule.name.replace("-", "").isalpha()


def test_a_hostile_page_takes_no_time() -> None:
    began = time.monotonic()
    for body in ("<title>" * 20_000, "<title" + ">" * 60_000, "<title>" + "验证" * 500_000 + "</title>"):
        assert wall(HtmlResponse(URL, body=body.encode(), encoding="utf-8")) is None
    assert time.monotonic() - began < 1
