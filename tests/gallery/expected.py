"""What a correct capture of each page of the gallery contains, as plain values. `judge` compares."""

from dataclasses import dataclass

from tests.gallery import growing_pages, layered_pages, lazy_pages, nested_pages, network_pages
from tests.gallery.pictures import SIZE, Colour, colour
from tests.gallery.websocket import PUSHED
from tests.gallery.words import review

WIDTH, HEIGHT = 1366, 900  # CSS pixels of the window, as in Viewing
_AREA = SIZE[0] * SIZE[1]


@dataclass(frozen=True, slots=True)
class Patch:
    """In the full picture there are at least and at most so many pixels of a colour, each channel ± `near`."""

    colour: Colour
    least: int
    most: int | None = None
    near: int = 1


@dataclass(frozen=True, slots=True)
class Spot:
    """At a point of the full picture, in CSS pixels, is a colour."""

    x: int
    y: int
    colour: Colour


@dataclass(frozen=True, slots=True)
class Exchange:
    """One exchange that must be on record. `status` None: there was no answer, and it says why.

    `path` beginning with ``other:`` is of the second origin. `worker` and `blocked` as in `Seen`.
    """

    path: str
    status: int | None = 200
    worker: str | None = None
    blocked: bool = False
    cut: bool = False  # without an end: the body is marked as truncated, or the exchange as failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """One page of the gallery and what its capture must hold."""

    path: str
    trap: str  # what goes wrong there
    texts: tuple[str, ...]  # in the visible text
    in_dom: tuple[str, ...] | None = None  # in the DOM snapshot; None: the same
    absent: tuple[str, ...] = ()  # in neither
    patches: tuple[Patch, ...] = ()
    in_tiles: tuple[Patch, ...] = ()  # in the full picture or in one of the tiles
    spots: tuple[Spot, ...] = ()
    exchanges: tuple[Exchange, ...] = ()
    height: tuple[int, int] | None = None  # CSS pixels of the full picture
    states: tuple[str, ...] = ("complete",)
    reason: str | None = None  # a word of it
    notes: tuple[str, ...] = ()  # the `what` of notes that must be there
    in_pdf: tuple[tuple[int, int], ...] = ()  # sizes of pictures that the PDF holds
    not_in_pdf: tuple[tuple[int, int], ...] = ()
    pushed: tuple[str, ...] = ()  # texts in the websocket artefact

    @property
    def folder(self) -> str:
        """Its name: the path without slashes."""
        return self.path.strip("/")


def _patch(number: int) -> Patch:
    return Patch(colour(number), _AREA * 7 // 10)


def _pictures(folder: str, numbers: range) -> tuple[tuple[Patch, ...], tuple[Exchange, ...]]:
    """Each of these pictures is on record and wholly in the picture (its number takes some pixels away)."""
    return tuple(map(_patch, numbers)), tuple(
        Exchange(f"/{folder}/picture-{number}.png") for number in numbers
    )


def _lazy(folder: str, trap: str, height: tuple[int, int]) -> Expected:
    patches, exchanges = _pictures(folder, range(1, lazy_pages.PICTURES + 1))
    return Expected(
        path=f"/{folder}/",
        trap=trap,
        texts=tuple(f"晒图{number}：体验官第{number}号" for number in (1, 20, 40)),
        patches=patches,
        exchanges=exchanges,
        height=height,
    )


def _reviews(*numbers: int) -> tuple[str, ...]:
    return tuple(review(number) for number in numbers)


def _bars(numbers: range, area: int) -> tuple[Patch, ...]:
    return tuple(Patch(colour(number), area * 9 // 10, area * 11 // 10) for number in numbers)


_SCREEN = WIDTH * HEIGHT
_ONE, _TWO, _THREE = (_patch(1),), (_patch(2),), (_patch(3),)

_PAGES = (
    _lazy("lazy", "the browser loads a picture only when the window comes near", (36_000, 36_200)),
    _lazy("observed", "a script loads a picture when it is seen, then fades it in", (36_000, 36_200)),
    _lazy("scrolled", "a script loads what is on the screen 100 ms after a scroll event", (36_000, 36_200)),
    Expected(
        path="/virtual/",
        trap="of 500 rows only those on the screen are in the DOM",
        texts=_reviews(*range(1, growing_pages.ROWS + 1)),
        in_dom=_reviews(1),
        in_tiles=tuple(Patch(colour(number), 4500) for number in range(1, growing_pages.ROWS + 1)),
        exchanges=tuple(Exchange(f"/virtual/rows.json?part={part}") for part in range(10)),
        height=(30_000, 30_200),
    ),
    Expected(
        path="/sticky/",
        trap="header and footer stay on the screen and repeat in a picture put together while scrolling",
        texts=("吸顶店招：旗舰店", "立即购买", *_reviews(1, 15, 30)),
        patches=(
            Patch(colour(layered_pages.HEADER), WIDTH * 50, WIDTH * 61),
            Patch(colour(layered_pages.FOOTER), WIDTH * 40, WIDTH * 51),
            # The footer lies over 50 rows at the foot of the first screen, as it did for the person.
            *(Patch(colour(n), 120 * 249, 120 * 300) for n in range(1, layered_pages.SECTIONS + 1)),
        ),
        height=(9_000, 9_300),
    ),
    Expected(
        path="/frames/",
        trap="reviews in a frame of the same origin, of another origin far below, and in a srcdoc",
        texts=(
            "第一层：同源框架里的评价",
            "第二层：外站框架里的评价",
            "第三层：内嵌文档里的评价",
        ),
        in_dom=(),
        patches=_ONE + _TWO + _THREE,
        exchanges=(
            Exchange("/frames/same.html"),
            Exchange("other:/frames/foreign.html"),
            Exchange("/frames/picture-1.png"),
            Exchange("other:/frames/picture-2.png"),
            Exchange("/frames/picture-3.png"),
        ),
    ),
    Expected(
        path="/shadow/",
        trap="reviews in an open and in a closed shadow tree",
        texts=("外面的评价", "开放影子里的评价", "封闭影子里的评价"),
        in_dom=("外面的评价",),
        patches=_ONE + _TWO,
        exchanges=(Exchange("/shadow/picture-1.png"), Exchange("/shadow/picture-2.png")),
    ),
    Expected(
        path="/canvas/",
        trap="text drawn on a canvas is in the picture alone",
        texts=("画布上的评价",),
        absent=("画出来的评价",),
        patches=(Patch(colour(nested_pages.CANVAS), _AREA * 9 // 10),),
        exchanges=(Exchange("/canvas/draw.js"),),
    ),
    Expected(
        path="/font/",
        trap="a price in a web font that comes late",
        texts=("价格：",),
        patches=(Patch(colour(nested_pages.SQUARES), 600 * 60 * 9 // 10),),
        exchanges=(Exchange("/font/squares.ttf"),),
    ),
    Expected(
        path="/gbk/",
        trap="page, script and answer in GBK",
        texts=("招聘体验官，五星返现", "国标码脚本里的评价", "国标码接口里的评价"),
        exchanges=(Exchange("/gbk/reviews.js"), Exchange("/gbk/reviews.json")),
    ),
    Expected(
        path="/tall/",
        trap="60,000 pixels tall: more than one picture of a graphics card",
        texts=_reviews(1, 30, 60),
        patches=_bars(range(1, growing_pages.SCREENS + 1), 100 * 1000),
        spots=tuple(Spot(50, (n - 1) * 1000 + 500, colour(n)) for n in range(1, growing_pages.SCREENS + 1)),
        height=(60_000, 60_100),
    ),
    Expected(
        path="/huge/",
        trap="30,000 nodes",
        texts=("1星", "15000星", f"{growing_pages.NODES}星"),
    ),
    Expected(
        path="/endless/",
        trap="the further one reads the longer it gets, without an end",
        texts=_reviews(1, 50),
        exchanges=tuple(Exchange(f"/endless/more.json?page={number}") for number in range(1, 6)),
        states=("partial",),
    ),
    Expected(
        path="/button/",
        trap="more reviews at the press of a button",
        texts=_reviews(1, growing_pages.PER_PAGE * growing_pages.MORE_PAGES),
        exchanges=tuple(
            Exchange(f"/button/more.json?page={number}") for number in range(1, growing_pages.MORE_PAGES + 1)
        ),
    ),
    Expected(
        path="/worker/",
        trap="a service worker answers by itself, and asks the server by itself",
        texts=("工作线程自己答的评价", "工作线程问服务器得到的评价"),
        absent=("服务器不该被问到",),
        exchanges=(
            Exchange("/worker/sw.js", worker="asked"),
            Exchange("/worker/answered.txt", worker="answered"),
            Exchange("/worker/asked.txt", worker="asked"),
        ),
    ),
    Expected(
        path="/socket/",
        trap="reviews pushed over a WebSocket",
        texts=("已订阅：商品7的评价", *_reviews(1, PUSHED)),
        pushed=("商品7的评价", *_reviews(1, PUSHED)),
    ),
    Expected(
        path="/media/",
        trap="a video and a recording, fetched by byte ranges",
        texts=("视频评价：返现全过程",),
        patches=(Patch(colour(network_pages.CLIP), _AREA * 7 // 10, near=12),),
        exchanges=(Exchange("/media/clip.webm", 206), Exchange("/media/tone.wav", 206)),
    ),
    Expected(
        path="/print/",
        trap="a print style sheet hides the reviews: the PDF lacks what the picture has",
        texts=_reviews(1),
        in_dom=(*_reviews(1), "打印版不含评价"),
        patches=(Patch(colour(1), 123 * 77 * 6 // 10), Patch(colour(2), 121 * 79 * 6 // 10)),
        exchanges=(Exchange("/print/screen.png"), Exchange("/print/paper.png")),
        in_pdf=(layered_pages.ON_PAPER,),
        not_in_pdf=(layered_pages.ON_SCREEN,),
    ),
    Expected(
        path="/popup/",
        trap="opens a window, asks two questions, does not want to be left",
        texts=("打开页面就弹窗的店", "没有领取红包"),
        notes=("popup", "dialog"),
    ),
    Expected(
        path="/slow/",
        trap="one picture takes three seconds, another never ends",
        texts=("慢图与永不结束的图",),
        patches=_ONE + _TWO,
        exchanges=(
            Exchange("/slow/picture-1.png"),
            Exchange("/slow/late.png"),
            Exchange("/slow/endless.png", cut=True),
        ),
        states=("partial",),
    ),
    Expected(
        path="/broken/",
        trap="pictures that are gone, cut short, wrongly named, or no pictures",
        texts=("坏图",),
        patches=_ONE + _THREE,
        exchanges=(
            Exchange("/broken/picture-1.png"),
            Exchange("/broken/gone.png", 404),
            Exchange("/broken/short.png"),
            Exchange("/broken/renamed.png"),
            Exchange("/broken/no-picture.png"),
        ),
    ),
    Expected(
        path="/policy/",
        trap="a policy forbids inline scripts, foreign pictures, and scripts that write HTML",
        texts=("政策保护下的评价", "外部脚本写的评价"),
        patches=(
            Patch(colour(network_pages.POLICY_COLOUR), _AREA * 7 // 10),
            Patch(colour(8), 0, 0),
        ),
        exchanges=(
            Exchange("/policy/own.js"),
            Exchange(f"/policy/picture-{network_pages.POLICY_COLOUR}.png"),
            Exchange("other:/policy/picture-8.png", None, blocked=True),
        ),
    ),
    Expected(
        path="/consent/",
        trap="a question about cookies covers the whole screen and forbids to scroll",
        texts=("本站使用 Cookie，请先同意《隐私政策》", *_reviews(1, 10)),
        patches=(Patch(colour(layered_pages.OVERLAY), WIDTH * 600),),
    ),
    Expected(
        path="/client/",
        trap="an empty shell: what is to be read comes by a call after load",
        texts=_reviews(1, 5),
        exchanges=(Exchange("/client/reviews.json"),),
    ),
    Expected(
        path="/inner/",
        trap="the page is one screen tall; what scrolls, and loads its pictures, is a box in it",
        texts=("晒图1：体验官第1号", "晒图40：体验官第40号"),
        exchanges=_pictures("inner", range(1, lazy_pages.PICTURES + 1))[1],
        in_tiles=_pictures("inner", range(1, lazy_pages.PICTURES + 1))[0],
    ),
    Expected(
        path="/hero/",
        trap="a banner as tall as the window grows when the window is made as tall as the page",
        texts=("店庆五折", *_reviews(10)),
        patches=(Patch(colour(layered_pages.HERO), _SCREEN * 9 // 10, _SCREEN),),
        height=(3_900, 4_100),
    ),
    Expected(
        path="/moving/",
        trap="something moves without end",
        texts=("好评返现加微信", *_reviews(1)),
        patches=(Patch(colour(layered_pages.MOVING), 300 * 100 * 8 // 10, 300 * 100),),
    ),
    Expected(
        path="/moved/",
        trap="the page changes its own address",
        texts=("详情页", "地址换成了/moved/item/7"),
    ),
)

GALLERY: dict[str, Expected] = {page.folder: page for page in _PAGES}
