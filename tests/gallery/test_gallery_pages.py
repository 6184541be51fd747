"""Each page of the gallery is the trap that it claims to be, shown by a plain browser that does nothing clever.

Without this a capture could pass because a trap had lost its teeth.
"""

import threading
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.gallery import growing_pages, layered_pages, lazy_pages, nested_pages, network_pages
from tests.gallery.expected import GALLERY, HEIGHT, WIDTH, Exchange
from tests.gallery.pictures import colour
from tests.gallery.pixels import Pixels
from tests.gallery.site import ROUTES, GallerySite
from tests.gallery.words import review

pytestmark = pytest.mark.browser
PATIENCE = 10_000  # ms
COUNT_NODES = "document.querySelectorAll('*').length"
PAGE_HEIGHT = "document.documentElement.scrollHeight"


@pytest.fixture(scope="module")
def site() -> Iterator[GallerySite]:
    with GallerySite() as site:
        yield site


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT})
    context.set_default_timeout(PATIENCE)
    yield context.new_page()
    context.close()


def go(page: Page, site: GallerySite, name: str, *texts: str, wait: str = "load") -> Page:
    """Open a page of the gallery and wait until these texts are to be seen."""
    page.goto(site.url(GALLERY[name].path), wait_until=wait)  # type: ignore[arg-type]
    for text in texts:
        page.get_by_text(text, exact=True).first.wait_for()
    return page


def read(page: Page) -> str:
    return page.inner_text("body")


def picture_of(page: Page, *, whole: bool = False) -> Pixels:
    return Pixels(page.screenshot(full_page=whole))


def fetch(url: str, **fields: str) -> tuple[int, bytes]:
    with urllib.request.urlopen(urllib.request.Request(url, headers=fields), timeout=5) as answer:
        return answer.status, answer.read()


@pytest.mark.parametrize("name", ["lazy", "observed", "scrolled", "inner"])
def test_who_does_not_scroll_sees_few_pictures(page: Page, site: GallerySite, name: str) -> None:
    before = len(site.asked(f"/{name}/picture-"))
    go(page, site, name)
    page.wait_for_timeout(300)
    pixels = picture_of(page, whole=True)
    shown = sum(pixels.count(colour(number)) > 1000 for number in range(1, lazy_pages.PICTURES + 1))
    assert len(site.asked(f"/{name}/picture-")) - before < 10
    assert shown < 10


def test_who_jumps_to_the_end_misses_the_pictures_between(page: Page, site: GallerySite) -> None:
    before = len(site.asked("/scrolled/picture-"))
    go(page, site, "scrolled").evaluate(f"scrollTo(0, {PAGE_HEIGHT})")
    page.wait_for_timeout(300)
    assert 0 < len(site.asked("/scrolled/picture-")) - before < 5


def test_the_virtual_list_holds_only_rows_on_the_screen(page: Page, site: GallerySite) -> None:
    go(page, site, "virtual", review(1))
    assert page.locator("#list div").count() < 40
    page.evaluate("scrollTo(0, 15000)")
    page.get_by_text(review(252)).wait_for()
    assert review(1) not in read(page)


def test_header_and_footer_stay_where_the_window_is(page: Page, site: GallerySite) -> None:
    go(page, site, "sticky").evaluate("scrollTo(0, 5000)")
    pixels = picture_of(page)
    assert pixels.count(colour(layered_pages.HEADER)) > WIDTH * 50
    assert pixels.count(colour(layered_pages.FOOTER)) > WIDTH * 40


def test_the_frames_are_three_and_the_foreign_one_waits(page: Page, site: GallerySite) -> None:
    go(page, site, "frames")
    assert "同源框架" not in read(page)
    assert len(page.frames) == 4
    assert not site.asked("/frames/picture-2.png")
    page.evaluate(f"scrollTo(0, {PAGE_HEIGHT})")
    page.frame_locator("iframe >> nth=2").get_by_text("第二层：外站框架里的评价").wait_for()
    assert {asked.host for asked in site.asked("/frames/foreign.html")} == {"localhost"}


def test_shadow_trees_are_not_in_the_plain_text_or_html(page: Page, site: GallerySite) -> None:
    go(page, site, "shadow", "开放影子里的评价")
    assert "影子里的评价" not in read(page).partition("\n")[2]
    assert "<p>封闭" not in page.content()
    assert page.evaluate("document.querySelector('closed-review').shadowRoot") is None


def test_what_is_drawn_is_in_the_picture_alone(page: Page, site: GallerySite) -> None:
    go(page, site, "canvas")
    assert "画出来" not in page.content()
    assert picture_of(page).count(colour(nested_pages.CANVAS)) > 50_000


def test_without_its_font_the_price_is_not_there(page: Page, site: GallerySite) -> None:
    page.route("**/*.ttf", lambda route: route.abort())
    assert picture_of(go(page, site, "font")).count(colour(nested_pages.SQUARES)) < 20_000
    page.unroute_all()
    go(page, site, "font").evaluate("document.fonts.ready")
    assert picture_of(page).count(colour(nested_pages.SQUARES)) > 30_000


def test_the_gbk_page_is_gbk_throughout(page: Page, site: GallerySite) -> None:
    for path in ("/gbk/", "/gbk/reviews.js", "/gbk/reviews.json"):
        _, body = fetch(site.url(path))
        assert body.decode("gbk")
        with pytest.raises(UnicodeDecodeError):
            body.decode()
    go(page, site, "gbk", "国标码脚本里的评价", "国标码接口里的评价")


def test_the_tall_and_the_huge_page_are_so(page: Page, site: GallerySite) -> None:
    assert go(page, site, "tall").evaluate(PAGE_HEIGHT) >= 60_000
    assert go(page, site, "huge").evaluate(COUNT_NODES) > growing_pages.NODES


def test_the_endless_page_grows_with_every_look_at_its_end(page: Page, site: GallerySite) -> None:
    go(page, site, "endless", review(10))
    last = 0
    for _ in range(4):
        page.evaluate(f"scrollTo(0, {PAGE_HEIGHT})")
        page.wait_for_function(f"document.querySelectorAll('li').length > {last}")
        last = page.locator("li").count()
    assert last >= 40


def test_without_the_button_there_are_ten_reviews(page: Page, site: GallerySite) -> None:
    go(page, site, "button", review(10))
    page.evaluate(f"scrollTo(0, {PAGE_HEIGHT})")
    assert page.locator("li").count() == growing_pages.PER_PAGE
    for number in range(2, growing_pages.MORE_PAGES + 1):
        page.locator(".load-more").click()
        page.get_by_text(review(number * growing_pages.PER_PAGE)).wait_for()
    assert page.locator(".load-more").count() == 0


def test_the_worker_answers_without_the_server(page: Page, site: GallerySite) -> None:
    go(page, site, "worker", *GALLERY["worker"].texts)
    assert not site.asked("/worker/answered.txt")
    assert site.asked("/worker/asked.txt")


def test_reviews_are_pushed(page: Page, site: GallerySite) -> None:
    frames: list[int] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda _frame: frames.append(1)))
    go(page, site, "socket", *GALLERY["socket"].texts)
    assert len(frames) == 6


def test_video_and_recording_play_and_are_asked_for_by_ranges(page: Page, site: GallerySite) -> None:
    go(page, site, "media")
    page.wait_for_function("document.querySelector('video').readyState >= 2")
    page.wait_for_function("document.querySelector('audio').duration > 0.9")
    assert page.evaluate("document.querySelector('video').videoWidth") == 300
    assert picture_of(page).count(colour(network_pages.CLIP), near=12) > 40_000
    assert all("range" in asked.fields for asked in site.asked("/media/clip") + site.asked("/media/tone"))
    assert fetch(site.url("/media/tone.wav"), Range="bytes=0-3") == (206, b"RIFF")


def test_on_paper_there_are_no_reviews(page: Page, site: GallerySite) -> None:
    paper = go(page, site, "print").pdf()
    assert b"/Width 121" in paper
    assert b"/Width 123" not in paper
    page.add_style_tag(content=".reviews{display:block !important}")
    assert b"/Width 123" in page.pdf()


def test_a_window_opens_and_questions_are_asked(page: Page, site: GallerySite) -> None:
    heard: list[str] = []
    page.on("popup", lambda _window: heard.append("popup"))
    page.on("dialog", lambda dialog: heard.append(dialog.type))
    page.on("dialog", lambda dialog: dialog.dismiss())
    go(page, site, "popup", "没有领取红包")
    assert sorted(heard) == ["alert", "confirm", "popup"]


def test_one_picture_is_late_and_one_never_ends(page: Page, site: GallerySite) -> None:
    go(page, site, "slow", wait="domcontentloaded")
    assert picture_of(page).count(colour(2)) == 0
    page.wait_for_function("document.images[1].naturalWidth == 300")
    assert page.evaluate("document.readyState") == "interactive"  # the load event will never come


def test_of_five_pictures_two_can_be_seen(page: Page, site: GallerySite) -> None:
    go(page, site, "broken")
    shown = page.evaluate("[...document.images].map(image => image.naturalWidth > 0)")
    assert shown[:2] == [True, False]
    assert shown[3:] == [True, False]  # the one that is cut short may be shown in part


def test_the_policy_stops_script_picture_and_html(page: Page, site: GallerySite) -> None:
    go(page, site, "policy", *GALLERY["policy"].texts)
    assert "改写" not in read(page)
    assert not site.asked("/policy/picture-8.png")
    assert page.evaluate("(() => { try { document.body.innerHTML = '<p>'; } catch { return 'refused'; } })()")


def test_the_question_covers_the_page(page: Page, site: GallerySite) -> None:
    assert picture_of(go(page, site, "consent")).count(colour(layered_pages.OVERLAY)) > WIDTH * HEIGHT * 0.9


def test_the_shell_is_empty_until_the_call(page: Page, site: GallerySite) -> None:
    assert "评价：" not in fetch(site.url("/client/"))[1].decode()
    go(page, site, "client", *GALLERY["client"].texts)
    assert site.asked("/client/reviews.json")[0].method == "POST"


def test_in_a_window_as_tall_as_the_page_the_banner_grows(page: Page, site: GallerySite) -> None:
    height = go(page, site, "hero").evaluate(PAGE_HEIGHT)
    page.set_viewport_size({"width": WIDTH, "height": height})
    assert page.evaluate(PAGE_HEIGHT) > height + 1000


def test_what_moves_is_never_twice_at_the_same_place(page: Page, site: GallerySite) -> None:
    place = "document.getElementById('barrage').getBoundingClientRect().x"
    places = {go(page, site, "moving").evaluate(place)}
    for _ in range(3):
        page.wait_for_timeout(50)
        places.add(page.evaluate(place))
    assert len(places) > 2


def test_the_address_changes_itself(page: Page, site: GallerySite) -> None:
    assert go(page, site, "moved", "地址换成了/moved/item/7").url == site.url("/moved/item/7")


@pytest.mark.parametrize("name", GALLERY)
def test_every_expected_exchange_has_an_answer(site: GallerySite, name: str) -> None:
    """What the list of expectations asks for exists under that name: a wrong path would excuse a recorder."""
    for exchange in GALLERY[name].exchanges:
        if exchange.cut or exchange.blocked or exchange.worker == "answered":
            continue
        assert _status(site.url(exchange.path), exchange) == exchange.status


def _status(url: str, exchange: Exchange) -> int:
    try:
        return fetch(url, **({"Range": "bytes=0-"} if exchange.status == 206 else {}))[0]
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def test_every_colour_is_another() -> None:
    assert len({colour(number) for number in range(612)}) == 612


def test_every_page_has_an_expectation_or_belongs_to_one() -> None:
    folders = {path.split("/")[1] for path in ROUTES} - {"trouble"}
    assert folders == set(GALLERY)


def test_the_site_leaves_no_thread_behind() -> None:
    before = set(threading.enumerate())
    with GallerySite() as site:
        assert fetch(site.url("/canvas/"))[0] == 200
        assert fetch(site.url("other:/canvas/"))[0] == 200
        assert [asked.host for asked in site.asked("/canvas/")] == ["127.0.0.1", "localhost"]
    assert set(threading.enumerate()) == before
