"""Text and pictures that are not simply in the page's own document: frames, shadow trees, canvas, web font."""

from tests.gallery.answers import SCRIPT, Answer, Route, Visit, fixed, html, page
from tests.gallery.pictures import css
from tests.gallery.web_font import SQUARE, square_font

CANVAS, SQUARES = 610, 611  # colours by number
FONT_DELAY = 0.4  # s
_FRAME = 'width="500" height="340"'


def _frames(visit: Visit) -> Answer:
    inner = "<p>第三层：内嵌文档里的评价</p><img src='/frames/picture-3.png'>"
    body = f"""<iframe src="/frames/same.html" {_FRAME}></iframe>
<iframe srcdoc="{inner}" {_FRAME}></iframe>
<div style="height:6000px"></div>
<iframe loading="lazy" src="{visit.other}/frames/foreign.html" {_FRAME}></iframe>"""
    return html("评价在框架里", body)


def _framed(text: str, number: int) -> Route:
    return page("框架", f'<p>{text}</p><img src="/frames/picture-{number}.png" alt="">')


_SHADOW = """<p>外面的评价</p><open-review></open-review><closed-review></closed-review><script>
for (const [mode, text, number] of [['open', '开放影子里的评价', 1], ['closed', '封闭影子里的评价', 2]])
  customElements.define(mode + '-review', class extends HTMLElement {
    constructor() {
      super();
      const root = this.attachShadow({mode}), line = document.createElement('p'), image = new Image();
      line.textContent = text;
      image.src = '/shadow/picture-' + number + '.png';
      root.append(line, image);
    }
  });
</script>"""

_DRAW = f"""
const pen = document.querySelector('canvas').getContext('2d');
pen.fillStyle = '{css(CANVAS)}';
pen.fillRect(0, 0, 300, 200);
pen.fillStyle = '#fff';
pen.font = '24px sans-serif';
pen.fillText('画出来的评价', 40, 100);
"""


def _font(visit: Visit) -> Answer:
    visit.over.wait(FONT_DELAY)
    return Answer(square_font(), "font/ttf")


ROUTES: dict[str, Route] = {
    "/frames/": _frames,
    "/frames/same.html": _framed("第一层：同源框架里的评价", 1),
    "/frames/foreign.html": _framed("第二层：外站框架里的评价", 2),
    "/shadow/": page("影子树里的评价", _SHADOW),
    "/canvas/": page(
        "画布上的评价", '<canvas width="300" height="200"></canvas><script src="/canvas/draw.js"></script>'
    ),
    "/canvas/draw.js": fixed(_DRAW, SCRIPT),
    "/font/": page(
        "网络字体写的价格",
        f"<p>价格：<b>{SQUARE * 10}</b> 元</p>",
        style="@font-face{font-family:Squares;src:url(/font/squares.ttf)}"
        f"b{{font:60px/60px Squares;color:{css(SQUARES)}}}",
    ),
    "/font/squares.ttf": _font,
}
