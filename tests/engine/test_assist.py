"""Assisted capture under a screen that nobody sees: a scripted operator browses, real Chromium, a loopback site."""

import asyncio
import gzip
import os
import shutil
import signal
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler.demo.clock import FIRST_DAY
from crawler.demo.forum import FIRST_TID
from crawler.demo.market import Market
from crawler.demo.plan import World
from crawler.engine.assist import make_profile, require_screen
from crawler.engine.browser import BrowserMissing
from crawler.engine.tab_storage import secrets_of
from crawler.errors import UsageError
from crawler.evidence import warc
from crawler.evidence.archive import Archive
from crawler.export.bundle import export_bundle
from crawler.export.model import Exhibit
from tests.archives import make, nothing_failed
from tests.engine.assist_site import PASSWORD, SECRETS, Site
from tests.engine.importers.imported import captures, events
from tests.engine.operator import browsers, operator, xdotool
from tests.export.hunt import hunt_bytes
from tests.export.sample import CASE

browser = pytest.mark.usefixtures("display", "chromium")
ARTEFACTS = {"screenshot", "viewport", "dom", "text", "accessibility", "mhtml", "pdf"}


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.close()


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return make(tmp_path / "archive")


@browser
def test_the_button_captures_the_page_and_the_page_notices_nothing(
    archive: Path, site: Site, tmp_path: Path
) -> None:
    async def browse() -> None:
        async with operator(archive, site.url("/watch"), tmp_path / "profile") as person:
            await person.page.evaluate("scrollTo(0, 300)")
            await asyncio.sleep(0.5)
            inside = "[document.documentElement.outerHTML, scrollY, Object.keys(window).sort().join()]"
            before = await person.page.evaluate(inside)
            site.log.clear()
            await person.assistant._asked("capture", False)  # a press of the button would blur the page
            assert await person.page.evaluate(inside) == before
            assert site.log == []
            turning = "document.getAnimations().map(a => [a.playState, a.playbackRate, a.currentTime])[0]"
            (state, rate, at) = await person.page.evaluate(turning)
            await asyncio.sleep(0.3)
            assert (state, rate) == ("running", 1)
            assert (await person.page.evaluate(turning))[2] > at + 100
            twice = await person.press()  # with the mouse, in the panel
            assert twice.id != person.captures[0].id
            assert "visibility" not in site.log
            site.log.clear()
            await person.press("scroll")
            assert "scroll" in site.log  # now it was asked for
            assert await person.page.evaluate("scrollY") == 300
            assert (await person.page.evaluate(turning))[0] == "running"

    asyncio.run(browse())
    nothing_failed(archive)
    found = captures(archive)
    pages = [capture for capture in found if capture.look and not capture.withheld]
    assert len(pages) == 3
    for page in pages:
        assert (page.state, page.reason, page.status) == ("complete", None, 200)
        assert set((page.look or {})["artefacts"]) == ARTEFACTS
        parts = [capture.url for capture in found if capture.page == page.id]
        assert site.url("/dot.svg") in parts
    assert (pages[0].look or {})["viewport"].startswith("1366x")


@browser
@pytest.mark.skipif(shutil.which("xdotool") is None, reason="needs xdotool: Debian's package of that name")
def test_a_person_does_it_with_keyboard_and_mouse(archive: Path, site: Site, tmp_path: Path) -> None:
    async def browse() -> None:
        async with operator(archive, site.url("/watch"), tmp_path / "profile") as person:
            await xdotool("mousemove", 400, 500, "click", 1)  # into the page
            await asyncio.sleep(0.5)
            await xdotool("key", "ctrl+alt+s")
            await person.until(lambda: len(person.captures) == 1)
            box = await person.panel.locator("#capture").bounding_box()
            assert box is not None
            left, top, chrome = await person.panel.evaluate("[screenX, screenY, outerHeight - innerHeight]")
            await xdotool("mousemove", left + box["x"] + 60, top + chrome + box["y"] + 20, "click", 1)
            await person.until(lambda: len(person.captures) == 2)
            assert [capture.url for capture in person.captures] == [site.url("/watch")] * 2

    asyncio.run(browse())
    (started,) = events(archive, "run-started")
    assert started["settings"]["account"] == "本人账号，尾号 1234"
    assert started["settings"]["authority"] == "当事人授权书"
    (closed,) = events(archive, "run-closed")
    assert closed["counts"] == {"captures": {"complete": 2}, "errors": []}


@browser
def test_every_page_by_choice(archive: Path, site: Site, tmp_path: Path) -> None:
    async def browse() -> None:
        async with operator(archive, site.url("/watch"), tmp_path / "profile", every=True) as person:
            await person.until(lambda: len(person.captures) == 1)
            assert await person.panel.is_checked("#every")
            await person.panel.click("#every")
            await person.until(lambda: not person.assistant._every_page)
            await person.go(site.url("/links"))
            await asyncio.sleep(2)
            assert len(person.captures) == 1
            await person.panel.click("#every")
            await person.until(lambda: person.assistant._every_page)
            await person.go(site.url("/orders"))
            await person.until(lambda: len(person.captures) == 2)

    asyncio.run(browse())
    urls = [capture.url for capture in captures(archive) if capture.look and not capture.withheld]
    assert urls == [site.url("/watch"), site.url("/orders")]
    assert [event["every_page"] for event in events(archive, "assist-changed")] == [False, True]
    nothing_failed(archive)


@browser
def test_what_opens_an_account_stays_in_the_archive(archive: Path, site: Site, tmp_path: Path) -> None:
    profile = tmp_path / "home" / "profile"

    async def log_in() -> list[str]:
        async with operator(archive, site.url("/login"), profile) as person:
            await person.page.type("#pass", PASSWORD)
            await person.press()  # with the password in the form
            await person.page.click("#go")
            await person.page.wait_for_function("document.title === '我的订单 2'")
            return [(await person.press()).id]

    async def come_again() -> None:
        async with operator(archive, site.url("/orders"), profile) as person:
            await person.press()

    shown = asyncio.run(log_in())
    site.cookies.clear()
    asyncio.run(come_again())
    assert any("sid=" in cookie for cookie in site.cookies)  # the profile was kept
    assert stat.S_IMODE(profile.stat().st_mode) == 0o700
    assert [event["settings"]["profile"] for event in events(archive, "run-started")] == ["new", "kept"]
    nothing_failed(archive)
    pages = tuple(capture.id for capture in captures(archive) if capture.look and not capture.withheld)
    assert len(pages) == 3
    assert shown[0] in pages
    with Archive.open(archive, writable=True) as opened:
        opened.sign_checkpoint()
        exhibit = Exhibit(number="1-1", group="B", title="页", purpose="证明", captures=pages)
        bundle = export_bundle(opened, CASE, [exhibit], tmp_path / "bundle").path
    packed = b"".join(pieces(bundle))
    assert "很好，下次再来".encode() in packed
    assert [secret for secret in SECRETS if secret.encode() in packed] == []
    shown_blocks = b"\n\n".join(text_blocks(archive, withheld=False))
    assert (
        hunt_bytes(shown_blocks, SECRETS) == []
    )  # in no spelling; tests of withholding hunt in whole bundles
    sealed = b"".join(text_blocks(archive, withheld=True))
    assert all(secret.encode() in sealed for secret in SECRETS)


def text_blocks(archive: Path, *, withheld: bool) -> Iterator[bytes]:
    """What was recorded and is no picture."""
    with Archive.open(archive) as opened:
        for capture in captures(archive):
            for stored in capture.records if capture.withheld == withheld else ():
                record = warc.decode(opened.stored(stored.locator))
                if record.content_type not in ("image/png", "application/pdf"):
                    yield record.block


def pieces(bundle: Path) -> Iterator[bytes]:
    """Every file of a bundle, and every record of its page archive, unpacked."""
    for path in bundle.rglob("*"):
        if path.suffix == ".wacz":
            with zipfile.ZipFile(path) as package:
                for name in package.namelist():
                    content = package.read(name)
                    yield gzip.decompress(content) if name.endswith(".gz") else content
        elif path.is_file():
            yield path.read_bytes()


@browser
def test_the_items_of_a_known_site_are_read(archive: Path, tmp_path: Path) -> None:
    async def browse(market: Market, url: str) -> None:
        rules = f"--host-resolver-rules=MAP bbs.example 127.0.0.1:{market.port}"
        async with operator(archive, url, tmp_path / "profile", arguments=(rules,)) as person:
            captured = await person.press()
            assert (captured.site, captured.state) == ("market_bbs", "complete")
            posts = person.assistant._session.index.query("select count(*) n from post where capture = ?",
                                                          (captured.id,))  # fmt: skip
            assert posts[0]["n"] > 0

    world = World(seed=7, reviews=200, today=FIRST_DAY)
    with Market(world) as market:
        asyncio.run(browse(market, f"http://bbs.example/thread-{FIRST_TID}-1-1.html"))
    nothing_failed(archive)


@browser
def test_windows_downloads_dialogs_and_passwords_are_the_operators(
    archive: Path, site: Site, tmp_path: Path
) -> None:
    async def browse() -> None:
        async with operator(archive, site.url("/links"), tmp_path / "profile") as person:
            await person.page.click("#file")
            await person.until(lambda: person.said("网页下载了文件"))
            page = await person.press()
            assert (page.url, page.state) == (site.url("/links"), "complete")  # the download is not the page
            await person.page.click("#new")
            await person.until(lambda: len(person.tabs) == 2 and person.tabs[1].url == site.url("/gbk"))
            opened = await person.press()
            # Its own answer is seen by us, or, where the window was faster than we, told by the driver.
            assert (opened.url, opened.status) == (site.url("/gbk"), 200)
            assert opened.state == "complete" or "reload and capture again" in str(opened.reason)
            await person.assistant.context.pages[2].reload()
            assert (await person.press()).state == "complete"
            await person.assistant.context.pages[2].close()
            await person.until(lambda: len(person.tabs) == 1)
            await person.go(site.url("/dialog"))
            await person.panel.click("#capture")
            await person.until(lambda: person.said("网页弹出了对话框"))
            await person.page.bring_to_front()
            await xdotool("key", "Return")
            await person.until(lambda: person.tabs and not person.tabs[0]._dialog)
            await person.until_title("已确认")
            assert (await person.press()).state == "complete"
            await person.page.evaluate("void (location.href = '/password')")
            await person.until(lambda: "/password" in site.asked)
            await person.page.bring_to_front()
            await asyncio.sleep(1)
            await xdotool("type", "--delay", "20", "li")
            await xdotool("key", "Tab")
            await xdotool("type", "--delay", "20", "mima")
            await xdotool("key", "Return")
            await person.until_title("已认证")
            assert (await person.press()).status == 200

    if shutil.which("xdotool") is None:
        pytest.skip("needs xdotool: Debian's package of that name")
    asyncio.run(browse())
    nothing_failed(archive)


@browser
def test_a_page_that_hangs_is_said_and_the_next_one_is_captured(
    archive: Path, site: Site, tmp_path: Path
) -> None:
    async def browse() -> None:
        async with operator(archive, site.url("/hang"), tmp_path / "profile") as person:
            await person.panel.click("#capture")
            await person.until(lambda: person.said("未能固定") or person.captures, 40)
            tab = await person.assistant.context.new_page()
            await tab.goto(site.url("/links"))
            await person.until(lambda: len(person.tabs) == 2)
            before = len(person.captures)
            await person.panel.click("#capture")
            await person.until(lambda: len(person.captures) > before, 40)
            assert person.captures[-1].url == site.url("/links")

    asyncio.run(browse())
    nothing_failed(archive)


@browser
@pytest.mark.parametrize("how", ["panel", "tabs", "button", "signal"])
def test_it_ends_in_order(archive: Path, site: Site, tmp_path: Path, how: str) -> None:
    async def browse() -> None:
        async with operator(archive, site.url("/links"), tmp_path / "profile") as person:
            if how == "signal":  # what is under way is finished first
                await person.panel.click("#capture")
                await person.until(lambda: person.said("正在固定"))
                person.stop.set()
            elif how == "button":
                await person.panel.click("#end")
            else:
                await (person.panel if how == "panel" else person.page).close()
            report = await asyncio.wait_for(person.run, 20)
            assert report.errors == []
            assert len(report.captures) == (how == "signal")

    asyncio.run(browse())
    (closed,) = events(archive, "run-closed")
    assert closed["reason"] == "finished"
    nothing_failed(archive)


@browser
def test_a_browser_that_is_killed_leaves_what_was_captured(archive: Path, site: Site, tmp_path: Path) -> None:
    async def browse() -> None:
        async with operator(archive, site.url("/links"), tmp_path / "profile") as person:
            await person.press()
            for pid, line in browsers().items():
                if "--type=" not in line and "chromium" in line.split()[0]:
                    os.kill(pid, signal.SIGKILL)
            report = await asyncio.wait_for(person.run, 20)
            assert len(report.captures) == 1
            assert "浏览器意外退出" in report.errors[-1]
            assert person.said("此前固定的网页均已保存")

    asyncio.run(browse())
    assert len([capture for capture in captures(archive) if capture.look]) == 1
    nothing_failed(archive)


def test_without_a_screen_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(BrowserMissing, match=r"DISPLAY.*没有图形界面"):
        require_screen()


@pytest.mark.parametrize("where", ["archive/profile", "archive", ".", "link"])
def test_the_profile_lies_apart_from_the_archive(tmp_path: Path, where: str) -> None:
    (tmp_path / "archive").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "archive")
    with pytest.raises(UsageError, match="must lie apart"):
        make_profile(tmp_path / where, tmp_path / "archive")


def test_of_what_a_page_stores_only_tokens_are_secrets() -> None:
    stored = [
        ["auth_token", "short-one"],
        ["device", "a1b2c3d4e5f6a7b8c9d0e1f2"],
        ["history", "充电宝 返现好评"],
        ["theme", "dark"],
        ["state", '{"user": "张三", "accessToken": "x9y8z7", "keyword": "好评返现"}'],
    ]
    found = dict(secrets_of(stored))
    assert set(found) == {"auth_token", "device", "accessToken"}
    assert found["accessToken"] == "x9y8z7"
