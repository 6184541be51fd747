"""The artefacts of a page: each is whole, they agree with each other, and each can fail alone."""

# ruff: noqa: E501  (pages are laid out as pages)
import hashlib
import io
import json
import shutil
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.async_api import Error

from crawler.engine.rendering import artefacts, pictures
from crawler.engine.rendering.artefacts import check_cjk_font
from crawler.engine.rendering.look import Artefact, Cdp
from crawler.engine.rendering.pictures import picture_fault, png_size
from crawler.engine.rendering.screencast import Screencast
from crawler.engine.rendering.settle import Settled
from crawler.errors import FormatError
from tests.engine.rendering.settle_pages import (
    BROKEN,
    HANGS,
    HEAD,
    LAZY,
    MOVING,
    PLAIN,
    Laboratory,
    Look,
    Site,
)
from tests.engine.rendering.test_page_text import SHADOW

pytestmark = pytest.mark.browser

ALL = {"text", "dom", "screenshot", "viewport", "accessibility", "mhtml", "pdf"}
FONTS = "/usr/share/fonts/truetype"
GREEDY = f"""{HEAD}<body><div id=list><p style="height:3000px">评论</p></div><script>
new IntersectionObserver((es) => {{ if (es.some((e) => e.isIntersecting) && list.childElementCount < 4) list.insertAdjacentHTML("beforeend", "<p>多出来</p>"); }})
  .observe(document.body.appendChild(document.createElement("hr")));
addEventListener("resize", () => {{ document.title = "resized"; list.textContent = "没有了"; }});</script>"""
FRAMES = f"""{HEAD}<body><p>外面</p><iframe src="/plain"></iframe><iframe></iframe><iframe srcdoc="<p>内联</p>"></iframe>"""
FONT_PAGE = f"""{HEAD}<style>@font-face {{ font-family: late; src: url(/slow/font) }} p {{ font-family: late }}</style>
<body><p>late</p>"""
TALL = f"""{HEAD}<body>{"".join(f'<p style="margin:0;height:1000px">第 {i} 段</p>' for i in range(12))}"""
PAGES: dict[str, str | bytes] = {
    "lazy": LAZY,
    "moving": MOVING,
    "hangs": HANGS,
    "plain": PLAIN,
    "shadow": SHADOW,
    "greedy": GREEDY,
    "frames": FRAMES,
    "font": FONT_PAGE,
    "tall": TALL,
}


@pytest.fixture(scope="module")
def laboratory(chromium: str) -> Iterator[Laboratory]:
    laboratory = Laboratory(chromium, Site(PAGES))
    yield laboratory
    laboratory.close()


class Wrapped:
    """A session in which some methods fail."""

    def __init__(self, cdp: Cdp, failing: set[str]) -> None:
        self._cdp, self._failing = cdp, failing
        self.called: list[str] = []

    async def send(self, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        self.called.append(method)
        if method in self._failing:
            raise Error(f"{method} was refused")
        return await self._cdp.send(method, params)

    def on(self, event: str, handler: Callable[[dict[str, Any]], Any]) -> None:
        self._cdp.on(event, handler)


async def looked(laboratory: Laboratory, name: str, **viewing: Any) -> tuple[Look, Settled]:
    look = await laboratory.open(name, **viewing)
    return look, await look.settle()


def test_all_artefacts_of_a_rich_page_are_made_and_agree(laboratory: Laboratory) -> None:
    async def run() -> None:
        look, settled = await looked(laboratory, "lazy")
        made, missing = await look.make(settled)
        assert (list(made), missing) == (
            ["text", "dom", "screenshot", "viewport", "accessibility", "mhtml", "pdf"],
            {},
        )
        text = json.loads(made["text"].content)
        assert png_size(made["screenshot"].content) == (text["width"], text["height"])
        assert (text["width"], text["height"]) == (settled.width, settled.height)
        picture = Image.open(io.BytesIO(made["screenshot"].content)).convert("RGB")
        image_rows = [y for y in range(100, picture.height, 100) if picture.getpixel((100, y)) == (204, 0, 0)]
        assert len({y // 916 for y in image_rows}) == 40  # 40 of 40 pictures are in the picture
        assert png_size(made["viewport"].content) == (1366, 900)
        assert made["dom"].content.decode().count("<img") == 40
        assert json.loads(made["accessibility"].content)["frames"][0]["nodes"]
        assert made["mhtml"].content.count(b"Content-Location: ") >= 41
        assert made["pdf"].content.startswith(b"%PDF-")
        await look.page.context.close()

    laboratory.run(run())


def test_two_pictures_of_moving_things_are_equal(laboratory: Laboratory) -> None:
    async def run() -> None:
        look, settled = await looked(laboratory, "moving", wanted=frozenset({"screenshot"}))
        first, _ = await pictures_twice(look, settled)
        assert first
        await look.page.context.close()

    async def pictures_twice(look: Look, settled: Settled) -> tuple[bool, None]:
        box = {"x": 0, "y": 0, "width": 1366, "height": 300}
        one = await pictures.take_picture(look.cdp, box, 1)
        await look.page.wait_for_timeout(300)
        return one == await pictures.take_picture(look.cdp, box, 1), None

    laboratory.run(run())


def test_the_full_picture_changes_nothing_in_the_page(laboratory: Laboratory) -> None:
    async def run() -> None:
        look, settled = await looked(laboratory, "greedy")
        made, missing = await look.make(settled)
        assert missing == {}
        assert "没有了" not in json.dumps([run["text"] for run in json.loads(made["text"].content)["runs"]])
        assert "没有了" not in json.dumps(json.loads(made["accessibility"].content), ensure_ascii=False)
        assert await look.page.title() == ""
        assert await look.page.evaluate("new Promise((done) => setTimeout(() => done(5), 1))") == 5
        await look.page.context.close()

    laboratory.run(run())


def test_shadow_trees_and_frames_are_in_the_dom(laboratory: Laboratory) -> None:
    async def run() -> None:
        look, settled = await looked(laboratory, "shadow", wanted=frozenset({"dom"}))
        made, missing = await look.make(settled)
        assert (list(made), missing) == (["dom"], {})
        html = made["dom"].content.decode()
        assert html.startswith('<!DOCTYPE html>\n<html lang="zh-CN"><head>')
        assert html.endswith("</body></html>")
        assert '<template shadowrootmode="open"><p>开放影子</p>' in html
        assert '<template shadowrootmode="closed"><p>封闭影子</p>' in html
        assert made["dom"].about["closed_roots"] == 1
        await look.page.context.close()
        look, settled = await looked(laboratory, "frames", wanted=frozenset({"dom"}))
        made, missing = await look.make(settled)
        assert missing == {}
        assert "只有一段" in made["dom-frame-01"].content.decode()
        assert [made["dom-frame-01"].about["url"]] == [laboratory.site.url("plain")]
        assert "内联" in made["dom-frame-03"].content.decode()
        assert sorted(made) == ["dom", "dom-frame-01", "dom-frame-03"]  # the second is empty
        await look.page.context.close()

    laboratory.run(run())


def test_a_web_font_is_awaited(laboratory: Laboratory) -> None:
    async def run() -> None:
        font = next(Path(FONTS).rglob("*.ttf"), None)
        if font is None:
            pytest.skip(f"no TrueType font below {FONTS}")
        laboratory.site.pages["slow/font"] = font.read_bytes()
        look, settled = await looked(laboratory, "font")
        assert settled.fonts == "loaded"
        assert await look.page.evaluate("document.fonts.check('16px late')")
        await look.page.context.close()

    laboratory.run(run())


@pytest.mark.parametrize(
    ("method", "lost"),
    [
        ("DOMSnapshot.captureSnapshot", {"text"}),
        ("Page.captureScreenshot", {"screenshot", "viewport", "tile-01"}),
        ("Accessibility.getFullAXTree", {"accessibility"}),
        ("Page.captureSnapshot", {"mhtml"}),
        ("Page.printToPDF", {"pdf"}),
        ("IO.read", {"pdf"}),
        ("Page.createIsolatedWorld", {"dom"}),
    ],
)
def test_one_artefact_that_fails_leaves_the_others(
    laboratory: Laboratory, method: str, lost: set[str]
) -> None:
    async def run() -> None:
        look = await laboratory.open("plain", scroll=False)
        settled = await look.settle()
        made, missing = await look.make(settled, cdp=Wrapped(look.cdp, {method}))
        assert set(missing) == lost
        assert all(method in reason or "isolated" in reason for reason in missing.values())
        assert set(made) == ALL - lost
        await look.page.context.close()

    laboratory.run(run())


async def hanging(laboratory: Laboratory) -> tuple[Look, Settled]:
    """A page whose script begins to loop only after settling."""
    look, settled = await looked(laboratory, "plain", seconds=12.0)
    await look.page.evaluate("setTimeout(() => { for (;;) ; }, 50)")
    await look.page.wait_for_timeout(200)
    return look, settled


def test_a_script_that_hangs_is_ended_and_the_rest_is_made(
    laboratory: Laboratory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(artefacts, "SECONDS", 2.0)

    async def run() -> None:
        look, settled = await hanging(laboratory)
        made, missing = await look.make(settled)
        assert (set(made), missing) == (ALL, {})
        assert settled.notes[-1]["what"] == "page's script hung and was ended"
        await look.page.context.close()

    laboratory.run(run())


def test_a_page_that_hangs_for_good_ends_in_missing_artefacts(
    laboratory: Laboratory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(artefacts, "SECONDS", 1.0)

    async def run() -> None:
        look, settled = await hanging(laboratory)
        look.world.cdp = Wrapped(look.cdp, {"Runtime.terminateExecution"})
        began = time.monotonic()
        made, missing = await look.make(settled)
        assert time.monotonic() - began < 10
        assert (made, set(missing)) == ({}, ALL)
        assert set(missing.values()) == {"the page's script hangs and does not let go"}
        await look.page.context.close()

    laboratory.run(run())


def test_no_time_and_too_many_bytes_are_reasons(
    laboratory: Laboratory, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run() -> None:
        look, settled = await looked(laboratory, "plain")
        made, missing = await look.make(settled, deadline=time.monotonic() - 1)
        assert made == {}
        assert set(missing) >= ALL
        assert "were over" in missing["pdf"]
        monkeypatch.setattr(artefacts, "LARGEST", 3000)
        made, missing = await look.make(settled)
        assert "over the limit of 3000" in missing["screenshot"]
        assert "dom" in made
        await look.page.context.close()

    laboratory.run(run())


def test_a_tall_page_is_kept_in_tiles_too(laboratory: Laboratory, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        monkeypatch.setattr(artefacts, "TILED_ABOVE", 9000)
        look, settled = await looked(laboratory, "tall", wanted=frozenset({"screenshot"}))
        made, missing = await look.make(settled)
        assert missing == {}
        tiles = [made["tile-01"], made["tile-02"]]
        assert [tile.about["y"] for tile in tiles] == [0, 7800]
        whole = Image.open(io.BytesIO(made["screenshot"].content)).convert("RGB")
        second = Image.open(io.BytesIO(tiles[1].content)).convert("RGB")
        assert whole.crop((0, 7800, 1366, 12_000)).tobytes() == second.tobytes()
        assert "tile-03" not in made
        monkeypatch.setattr(artefacts, "MOST_PIXELS", 1000)
        made, missing = await look.make(settled)
        assert "too many for one picture" in missing["screenshot"]
        assert "tile-02" in made
        await look.page.context.close()

    laboratory.run(run())


def png(rows: list[bytes], width: int) -> bytes:
    """A PNG of RGB rows, each with its filter byte."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        crc = zlib.crc32(kind + content).to_bytes(4, "big")
        return len(content).to_bytes(4, "big") + kind + content + crc

    head = width.to_bytes(4, "big") + len(rows).to_bytes(4, "big") + bytes([8, 2, 0, 0, 0])
    packed = zlib.compress(b"".join(rows))
    halves = chunk(b"IDAT", packed[:100]) + chunk(b"IDAT", packed[100:])
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + halves + chunk(b"IEND", b"")


def run_at(y: int) -> dict[str, Any]:
    return {"text": "字", "x": 10, "y": y, "w": 20, "h": 10, "frame": 0}


@pytest.mark.parametrize("kind", [0, 1])
def test_a_picture_that_repeats_or_ends_blank_is_named(kind: int) -> None:
    """Rows with filter None (0) and Sub (1), as browsers write them."""
    white = bytes([kind]) + (b"\xff" * 150 if kind == 0 else b"\xff" * 3 + bytes(147))

    def inked(shade: int) -> bytes:
        return white[: 1 + 45] + bytes([shade, 0, 3]) + white[1 + 48 :]

    runs = [run_at(y) for y in range(100, 20_000, 500)]
    lines = {run["y"] + 5: number for number, run in enumerate(runs)}
    good = [inked(9 + lines[row]) if row in lines else white for row in range(20_100)]
    assert picture_fault(png(good, 50), runs, 1.0) is None
    blank = [row if at < 16_384 else white for at, row in enumerate(good)]
    assert "blank" in (picture_fault(png(blank, 50), runs, 1.0) or "")
    repeated = good[:16_384] + good[: 20_100 - 16_384]
    shifted = [*runs[:32], *(run_at(run["y"] + 16_384) for run in runs[:6])]
    assert "repeat" in (picture_fault(png(repeated, 50), shifted, 1.0) or "")
    with pytest.raises(FormatError, match="not a whole PNG"):
        png_size(png(good, 50)[:-5])
    broken = bytearray(png(good, 50))
    broken[60] ^= 0xFF
    with pytest.raises(FormatError, match="are damaged"):
        picture_fault(bytes(broken), runs, 1.0)


def test_a_browser_with_and_without_chinese(laboratory: Laboratory, chromium: str, tmp_path: Path) -> None:
    async def family(look_browser: Any) -> str:
        page = await look_browser.new_page()
        try:
            return await check_cjk_font(await page.context.new_cdp_session(page))
        finally:
            await page.context.close()

    async def without() -> None:
        bare = tmp_path / "fonts.conf"
        latin = next(Path(FONTS).rglob("*.ttf"), None)
        if latin is None:
            pytest.skip(f"no TrueType font below {FONTS}")
        (tmp_path / "fonts").mkdir()
        shutil.copy(latin, tmp_path / "fonts")
        bare.write_text(
            f"<fontconfig><dir>{tmp_path}/fonts</dir><cachedir>{tmp_path}/cache</cachedir></fontconfig>"
        )
        browser = await laboratory.driver.chromium.launch(
            executable_path=chromium, env={"FONTCONFIG_FILE": str(bare), "HOME": str(tmp_path)}
        )
        with pytest.raises(FormatError, match="fonts-noto-cjk"):
            await family(browser)
        await browser.close()

    assert "CJK" in laboratory.run(family(laboratory.browser))
    laboratory.run(without())


def test_a_screencast_is_a_zip_that_follows_from_its_frames(laboratory: Laboratory) -> None:
    async def run() -> Artefact:
        look = await laboratory.open("plain")
        await look.page.wait_for_load_state()
        cast = Screencast(look.cdp, broken=BROKEN)
        await cast.start()
        await look.page.goto(laboratory.site.url("tall"))
        await look.settle()
        artefact = await cast.stop()
        await look.page.context.close()
        return artefact

    artefact = laboratory.run(run())
    with zipfile.ZipFile(io.BytesIO(artefact.content)) as archive:
        index = json.loads(archive.read("frames.json"))
        assert artefact.about["frames"] == len(index["frames"]) >= 3
        for frame in index["frames"]:
            content = archive.read(frame["name"])
            assert content[:2] == b"\xff\xd8"
            assert hashlib.sha256(content).hexdigest() == frame["sha256"]
        assert archive.namelist()[0] == "frames/00001.jpg"
        assert {member.compress_type for member in archive.infolist()} == {zipfile.ZIP_STORED}
    assert index["frames"][-1]["time"] >= index["frames"][0]["time"] > "17"


def test_a_screencast_of_a_closed_page_keeps_what_came(laboratory: Laboratory) -> None:
    async def run() -> None:
        look = await laboratory.open("plain")
        await look.page.wait_for_load_state()
        cast = Screencast(look.cdp, broken=BROKEN)
        await cast.start()
        await look.page.goto(laboratory.site.url("tall"))
        await look.settle()
        await look.page.context.close()
        assert (await cast.stop()).about["frames"] >= 1
        with pytest.raises(FormatError, match="no frame"):
            await Screencast(look.cdp, broken=BROKEN).stop()

    laboratory.run(run())
