"""Pages that are long, huge, or longer the further one reads."""

import json

from tests.gallery.answers import JSON, Answer, Route, Visit, html, page
from tests.gallery.pictures import css
from tests.gallery.words import review

ROWS, ROW_HEIGHT, ROWS_ASKED = 500, 60, 50  # of the virtual list
SCREENS = 60  # of the tall page, 1000 CSS pixels each
NODES = 30_000
PER_PAGE, MORE_PAGES = 10, 4  # of the endless page, and of the one with a button


def _constants(**numbers: int) -> str:
    """Our numbers as the page's script knows them."""
    lines = " ".join(f"const {name} = {number};" for name, number in numbers.items())
    return f"<script>{lines}</script>"


_VIRTUAL = """<div id="list"></div><script>
const list = document.getElementById('list'), rows = new Map(), asked = new Set();
list.style.height = ROWS * HEIGHT + 'px';
async function ask(part) {
  if (asked.has(part)) return;
  asked.add(part);
  const answer = await (await fetch('/virtual/rows.json?part=' + part)).json();
  answer.forEach(row => rows.set(row.number, row));
  draw();
}
function draw() {
  const top = scrollY - list.offsetTop;
  const first = Math.max(1, Math.floor(top / HEIGHT));
  const last = Math.min(ROWS, Math.ceil((top + innerHeight) / HEIGHT) + 1);
  list.replaceChildren();
  for (let number = first; number <= last; number++) {
    const row = rows.get(number);
    if (!row) { ask(Math.floor((number - 1) / ASKED)); continue; }
    const line = document.createElement('div'), mark = document.createElement('i');
    line.style.top = (number - 1) * HEIGHT + 'px';
    mark.style.background = row.colour;
    line.append(mark, row.text);
    list.append(line);
  }
}
addEventListener('scroll', () => requestAnimationFrame(draw));
addEventListener('resize', draw);
draw();
</script>"""

_ENDLESS = """<ol id="list"></ol><script>
const list = document.getElementById('list');
let next = 1, busy = false;
async function more() {
  if (busy || scrollY + innerHeight < document.documentElement.scrollHeight - 300) return;
  busy = true;
  const answer = await (await fetch('/endless/more.json?page=' + next++)).json();
  answer.forEach(text => { const line = document.createElement('li'); line.textContent = text; list.append(line); });
  busy = false;
  more();
}
addEventListener('scroll', more);
addEventListener('resize', more);
more();
</script>"""

_BUTTON = """<ol id="list"></ol><p><button class="load-more">加载更多评价</button></p><script>
const list = document.getElementById('list'), button = document.querySelector('.load-more');
let next = 1;
async function more() {
  const answer = await (await fetch('/button/more.json?page=' + next++)).json();
  answer.forEach(text => { const line = document.createElement('li'); line.textContent = text; list.append(line); });
  if (next > PAGES) button.remove();
}
button.onclick = more;
more();
</script>"""


def _rows(visit: Visit) -> Answer:
    first = int(visit.query["part"]) * ROWS_ASKED + 1
    rows = [
        {"number": number, "text": review(number), "colour": css(number)}
        for number in range(first, first + ROWS_ASKED)
    ]
    return Answer(json.dumps(rows).encode(), JSON)


def _more(visit: Visit) -> Answer:
    """One page of reviews; there is always another."""
    first = (int(visit.query["page"]) - 1) * PER_PAGE + 1
    return Answer(json.dumps([review(number) for number in range(first, first + PER_PAGE)]).encode(), JSON)


def _tall(_visit: Visit) -> Answer:
    screens = (
        f'<div class="card" style="border-left:100px solid {css(number)}">{review(number)}</div>'
        for number in range(1, SCREENS + 1)
    )
    return html("全部评价：六万像素", "\n".join(screens), style="h1{display:none}.card{height:1000px}")


def _huge(_visit: Visit) -> Answer:
    nodes = "\n".join(f"<i>{number}星</i>" for number in range(1, NODES + 1))
    return html(
        "全部评分：三万个节点", f'<div class="card">{nodes}</div>', style="i{font:10px/14px sans-serif}"
    )


ROUTES: dict[str, Route] = {
    "/virtual/": page(
        "全部评价：虚拟列表",
        _constants(HEIGHT=ROW_HEIGHT, ROWS=ROWS, ASKED=ROWS_ASKED) + _VIRTUAL,
        style=f"#list{{position:relative}}#list div{{position:absolute;left:24px;height:{ROW_HEIGHT}px}}"
        "#list i{display:inline-block;width:100px;height:50px;margin-right:12px;vertical-align:top}",
    ),
    "/virtual/rows.json": _rows,
    "/endless/": page("全部评价：没有尽头", _ENDLESS, style="li{height:60px}"),
    "/endless/more.json": _more,
    "/button/": page("全部评价：点按钮才有", _constants(PAGES=MORE_PAGES) + _BUTTON),
    "/button/more.json": _more,
    "/tall/": _tall,
    "/huge/": _huge,
}
