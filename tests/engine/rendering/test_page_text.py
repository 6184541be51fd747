"""Text with places: what a person could read, where it is in the picture, and nothing that was hidden."""

# ruff: noqa: E501  (pages are laid out as pages)
import asyncio
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
import rfc8785
from PIL import Image

from crawler.engine.rendering.layout import utf16_slice
from crawler.engine.rendering.page_text import PageText, canonical_bytes, read_text
from crawler.engine.rendering.pictures import take_picture
from tests.engine.rendering.settle_pages import HEAD, Laboratory, Site

pytestmark = pytest.mark.browser

WORDS = f"""{HEAD}<body><style>span {{ position:absolute; font: bold 40px sans-serif }}</style>
<span style="left:30px;top:50px;color:#f00;-webkit-text-stroke:4px #f00">红色文字</span>
<span style="left:400px;top:1500px;color:#00f;-webkit-text-stroke:4px #00f">蓝色文字</span>
<span style="left:700px;top:2500px;color:#0a0;transform:translate(50px,60px);-webkit-text-stroke:4px #0a0">绿色文字</span>
<div style="height:3000px"></div>"""
FRAMED = f"""{HEAD}<body><p>外面</p><div style="height:300px"></div>
<iframe src="/inner" style="display:block;margin-left:100px;border:10px solid;padding:20px;width:400px;height:200px"></iframe>
<iframe src="OTHER" style="width:300px;height:100px"></iframe>
<iframe src="/unseen" style="visibility:hidden"></iframe><iframe src="/unseen" style="width:0;height:0;border:0"></iframe>"""
INNER = f"""{HEAD}<body><p style="margin:0;position:absolute;left:7px;top:9px">框里</p>
<p style="position:absolute;top:5000px">框里下面</p><iframe style="position:absolute;left:50px;top:60px" src="/deep"></iframe>"""
HIDDEN = f"""{HEAD}<body><p>看得见</p><p style="display:none">无显示</p><p style="visibility:hidden">不可见
<b style="visibility:visible">又可见</b></p><div style="opacity:0"><p>全透明</p></div><p style="font-size:0">零号字</p>
<p style="text-indent:-9999px">移走了</p><div style="width:0;height:0;overflow:hidden;white-space:nowrap">零大小</div>
<div style="position:absolute;width:1px;height:1px;overflow:hidden;white-space:nowrap;clip:rect(0 0 0 0)">只给读屏</div>
<div style="height:20px;overflow:hidden;line-height:20px">第一行<br>折叠行</div><p hidden>也隐藏</p>
<details><summary>摘要</summary>细节</details><noscript>无脚本</noscript><script>"脚本文字"</script>
<div style="height:30px;overflow:hidden;position:static"><p style="position:absolute;top:800px">逃出框</p></div>
<p style="opacity:.5">半透明</p><p>𠮷野家😀好评</p><input value="输入的字"><p class=x></p><style>.x::before{{content:"伪元素"}}</style>
<div style="position:fixed;bottom:0">固定栏</div>"""
SHADOW = f"""{HEAD}<body><div id=open></div><div id=closed></div><script>
open_ = document.getElementById("open").attachShadow({{mode: "open"}}); open_.innerHTML = "<p>开放影子</p><b><slot></slot></b>";
document.getElementById("open").append("插槽文字");
c = document.getElementById("closed").attachShadow({{mode: "closed"}}); c.innerHTML = "<p>封闭影子</p>";</script>"""
PAGES: dict[str, str | bytes] = {
    "words": WORDS,
    "framed": FRAMED,
    "inner": INNER,
    "deep": f"{HEAD}<body>更深",
    "other": f"{HEAD}<body>别的网站",
    "unseen": f"{HEAD}<body>看不见的框",
    "hidden": HIDDEN,
    "shadow": SHADOW,
}


@pytest.fixture(scope="module")
def laboratory(chromium: str) -> Iterator[Laboratory]:
    site = Site(PAGES)
    other = f"http://localhost:{site.server.server_port}/other"
    site.pages["framed"] = FRAMED.replace("OTHER", other)
    laboratory = Laboratory(chromium, site)
    yield laboratory
    laboratory.close()


def by_text(text: PageText) -> dict[str, dict[str, Any]]:
    return {run["text"]: run for run in text.runs}


@pytest.mark.parametrize("scale", [1, 2])
def test_rectangles_are_where_the_picture_has_the_word(laboratory: Laboratory, scale: int) -> None:
    async def run() -> None:
        look = await laboratory.open("words", device_scale=scale)
        await look.page.wait_for_load_state()
        text = await read_text(look.cdp)
        box = {"x": 0, "y": 0, "width": text.layout.width, "height": text.layout.height}
        picture = Image.open(io.BytesIO(await take_picture(look.cdp, box, scale))).convert("RGB")
        assert picture.size == (text.layout.width * scale, text.layout.height * scale)
        whole = picture.getcolors(1 << 24)
        assert whole is not None
        for word, colour in (("红色文字", (255, 0, 0)), ("蓝色文字", (0, 0, 255)), ("绿色文字", (0, 170, 0))):
            found = by_text(text)[word]
            x, y, w, h = (found[side] * scale for side in "xywh")
            inside = picture.crop((x, y, x + w, y + h)).getcolors(1 << 24)
            assert inside is not None
            share = sum(count for count, pixel in inside if pixel == colour) / (w * h)
            assert share > 0.2, (word, share)
            everywhere = sum(count for count, pixel in whole if pixel == colour)
            assert share * w * h > 0.97 * everywhere, word
        await look.page.context.close()

    laboratory.run(run())


def test_text_of_frames_is_at_its_place_of_the_page(laboratory: Laboratory) -> None:
    async def run() -> None:
        look = await laboratory.open("framed")
        await look.page.wait_for_load_state()
        place = await look.page.evaluate(
            "(() => { const b = document.querySelector('iframe').getBoundingClientRect(); return [b.x, b.y] })()"
        )
        text = await read_text(look.cdp)
        runs = by_text(text)
        inner = runs["框里"]
        assert (inner["x"], inner["y"]) == (round(place[0]) + 37, pytest.approx(place[1] + 39, abs=3))
        deep = runs["更深"]
        assert deep["x"] == pytest.approx(place[0] + 30 + 50 + 2, abs=1)
        assert len({runs[word]["frame"] for word in ("外面", "框里", "更深", "别的网站")}) == 4
        assert text.layout.frames[runs["别的网站"]["frame"]]["url"].startswith("http://localhost")
        assert runs["框里下面"]["clipped"] is True
        assert "看不见的框" not in runs
        # A frame that is scrolled shows other text; the places move with it.
        down = await look.page.frames[1].evaluate("scrollTo(0, 4900), scrollY")
        await look.page.wait_for_timeout(100)
        runs = by_text(await read_text(look.cdp))
        assert "clipped" not in runs["框里下面"]
        assert runs["框里下面"]["y"] == pytest.approx(place[1] + 30 + 5016 - down, abs=3)
        assert runs["框里"]["clipped"] is True
        await look.page.context.close()

    laboratory.run(run())


def test_what_cannot_be_seen_is_left_out_or_marked(laboratory: Laboratory) -> None:
    async def run() -> None:
        look = await laboratory.open("hidden")
        await look.page.wait_for_load_state()
        text = await read_text(look.cdp)
        clipped = {run["text"] for run in text.runs if "clipped" in run}
        plain = {run["text"] for run in text.runs if "clipped" not in run}
        assert {
            "看得见",
            "又可见",
            "第一行",
            "摘要",
            "逃出框",
            "半透明",
            "𠮷野家😀好评",
            "固定栏",
            "伪元素",
        } <= plain
        assert "输入的字" in plain
        assert {"折叠行", "只给读屏", "零大小"} <= clipped
        left_out = {
            "无显示",
            "不可见",
            "全透明",
            "零号字",
            "移走了",
            "也隐藏",
            "细节",
            "无脚本",
            "看不见的框",
        }
        assert not left_out & (plain | clipped)
        assert not any("脚本" in word for word in plain | clipped)
        await look.page.context.close()

    laboratory.run(run())


def test_shadow_trees_are_read_and_closed_ones_named(laboratory: Laboratory) -> None:
    async def run() -> None:
        look = await laboratory.open("shadow")
        await look.page.wait_for_load_state()
        text = await read_text(look.cdp)
        assert {"开放影子", "插槽文字", "封闭影子"} <= set(by_text(text))
        assert [len(nodes) for nodes in text.layout.closed.values()] == [2]
        await look.page.context.close()

    laboratory.run(run())


def test_twenty_thousand_nodes_are_read_in_time(laboratory: Laboratory) -> None:
    async def run() -> None:
        look = await laboratory.open("other")
        await look.page.evaluate("document.body.innerHTML = '<p>好评<b>返现</b></p>'.repeat(5000)")
        async with asyncio.timeout(10):
            text = await read_text(look.cdp)
        assert len(text.runs) == 10_000
        assert len(text.content()) > 500_000
        await look.page.context.close()

    laboratory.run(run())


def test_the_artefact_is_canonical_json(laboratory: Laboratory) -> None:
    async def run() -> None:
        look = await laboratory.open("other")
        await look.page.wait_for_load_state()
        content = json.loads((await read_text(look.cdp)).content())
        assert sorted(content) == ["frames", "height", "runs", "scroll", "version", "width"]
        run = content["runs"][0]
        assert run["text"] == "别的网站"
        assert sorted(run) == ["frame", "h", "path", "text", "w", "x", "y"]
        assert run["path"].startswith("/html/body")
        await look.page.context.close()

    laboratory.run(run())


def test_half_a_surrogate_is_replaced() -> None:
    content = {"text": '\ud83d 好\x07\u2028é"\\\n\x7f', "b": [1, -2, True, None], "a": {"z": 1, "c": ""}}
    told = canonical_bytes(content)
    assert told == rfc8785.dumps(content | {"text": '\ufffd 好\x07\u2028é"\\\n\x7f'})


def test_places_in_strings_are_counted_in_utf16() -> None:
    assert utf16_slice("𠮷野家😀好评", 2, 2) == "野家"
    assert utf16_slice("𠮷野家😀好评", 6, 2) == "好评"
    assert utf16_slice("野家", 1, 1) == "家"
