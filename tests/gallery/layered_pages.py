"""Pages where one thing lies over another, or is another thing on paper or in a larger window."""

from tests.gallery.answers import PNG, Route, fixed, page
from tests.gallery.pictures import css, picture
from tests.gallery.words import review

HEADER, FOOTER, OVERLAY, HERO, MOVING = 600, 601, 602, 603, 604  # colours by number
SECTIONS = 30
# Sizes no other picture has: a PDF tells by them which picture it holds.
ON_SCREEN, ON_PAPER = (123, 77), (121, 79)


def _sections(count: int) -> str:
    return "\n".join(
        f'<div class="card" style="height:300px;border-left:120px solid {css(number)}">{review(number)}</div>'
        for number in range(1, count + 1)
    )


_CONSENT = f"""{_sections(10)}
<div id="consent"><p>本站使用 Cookie，请先同意《隐私政策》</p><button>同意并继续</button></div>"""

_PRINT = f"""<div class="reviews"><p>{review(1)}</p><img src="/print/screen.png" alt="返现卡"></div>
<div class="paper"><p>打印版不含评价</p></div><img src="/print/paper.png" alt="店标">"""

ROUTES: dict[str, Route] = {
    "/sticky/": page(
        "吸顶店招与固定购物栏",
        f'<div id="top">吸顶店招：旗舰店</div>{_sections(SECTIONS)}<div id="buy">立即购买</div>',
        style=f"#top{{position:sticky;top:0;height:60px;background:{css(HEADER)}}}"
        f"#buy{{position:fixed;left:0;right:0;bottom:0;height:50px;background:{css(FOOTER)}}}"
        "body{padding-bottom:50px}",
    ),
    "/consent/": page(
        "隐私弹窗盖住的评价",
        _CONSENT,
        style="body{overflow:hidden}#consent{position:fixed;inset:0;z-index:9;padding:300px 24px;"
        f"background:{css(OVERLAY)}}}",
    ),
    # In a window as tall as the page, the banner would be as tall as the page, which makes the page taller.
    "/hero/": page(
        "一屏高的店铺横幅",
        f'<div id="hero">店庆五折</div>{_sections(10)}',
        style=f"#hero{{height:100vh;background:{css(HERO)}}}",
    ),
    # Without an end: a picture of it waits for stillness in vain, and two of them differ.
    "/moving/": page(
        "滚动不停的弹幕",
        f'<p id="barrage">好评返现加微信</p><p>{review(1)}</p>',
        style=f"#barrage{{width:300px;height:100px;background:{css(MOVING)};"
        "animation:run 1s linear infinite alternate}@keyframes run{to{transform:translateX(900px)}}",
    ),
    "/print/": page(
        "打印时隐藏的评价",
        _PRINT,
        style=".paper{display:none}@media print{.reviews{display:none}.paper{display:block}}",
    ),
    "/print/screen.png": fixed(picture(1, ON_SCREEN), PNG),
    "/print/paper.png": fixed(picture(2, ON_PAPER), PNG),
}
