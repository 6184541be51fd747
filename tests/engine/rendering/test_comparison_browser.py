"""Two looks at one page with a real browser: what scripts do innocently, and what they swap."""

import pytest

from crawler.engine.rendering.comparison import Comparison, compare

pytestmark = pytest.mark.browser

POST = "本店开业十年，所有评价都来自真实的顾客，欢迎各位到店品尝，一切以实物为准，谢绝还价与代购。"
RECRUIT = "招募体验官：到店用餐后写五星好评并附三张图片，截图发给客服即可全额返现，名额有限，先到先得。"
INNOCENT = f"""<title>某店</title><nav><a>首页</a></nav><p id=t>加载中…</p><p>{POST}</p><p>阅读 <i id=n>1000</i></p>
<div class="ad" id=a>双十一狂欢节全场五折，满三百减五十，前一百名还可以获得精美礼品一份</div><script>
t.textContent = "3分钟前"; n.textContent = 1000 + Math.floor(Math.random() * 9000);
a.textContent = "冬季新品上市，羽绒服三折起，会员再减一百元，限时三天，错过再等一年";
document.title = "(3) 某店"; document.body.dataset.token = Math.random();</script>"""
SHELL = f'<title>某店</title><div id=app></div><script>app.innerHTML = "<h1>某店</h1><p>{POST}</p>"</script>'
MORE = f'<p>{POST}</p><script>document.body.append("{RECRUIT}")</script>'
SWAPPED = f'<p id=p>{POST}</p><script>p.textContent = "{RECRUIT}"</script>'
HIDDEN = f"""<style>.off {{ display: none }}</style><p id=p>{POST}</p><p id=q class=off></p><script>
p.className = "off"; q.textContent = "{RECRUIT}"; q.className = ""</script>"""
TABS = f"""<style>.off {{ display: none }}</style><h1>某店</h1><p>{POST}</p><p id=q>{RECRUIT}</p>
<script>q.className = "off"</script>"""


@pytest.fixture(scope="module")
def looks(chromium: str) -> dict[str, tuple[str, list[str]]]:
    """DOM and visible lines of each page."""
    playwright = pytest.importorskip("playwright.sync_api")
    pages = {
        "innocent": INNOCENT,
        "shell": SHELL,
        "more": MORE,
        "swapped": SWAPPED,
        "hidden": HIDDEN,
        "tabs": TABS,
    }
    seen = {}
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        for name, html in pages.items():
            page.set_content(html)
            seen[name] = (page.content(), page.evaluate("document.body.innerText").split("\n"))
        browser.close()
    return seen


@pytest.mark.parametrize(
    ("name", "html", "verdict"),
    [
        ("innocent", INNOCENT, "alike"),
        ("shell", SHELL, "empty-plain"),
        ("more", MORE, "grown"),
        ("swapped", SWAPPED, "differs"),
        ("hidden", HIDDEN, "differs"),
        ("tabs", TABS, "alike"),
    ],
)
def test_verdicts(looks: dict[str, tuple[str, list[str]]], name: str, html: str, verdict: str) -> None:
    dom, visible = looks[name]
    found: Comparison = compare(html, dom, visible)
    assert found.verdict == verdict, found
