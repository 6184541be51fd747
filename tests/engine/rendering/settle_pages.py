"""Small pages that load more while they are scrolled, a server for them, and a browser to look at them with."""

# ruff: noqa: E501  (pages are laid out as pages)
import asyncio
import threading
import time
from collections.abc import Coroutine
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar

from playwright.async_api import Browser, CDPSession, Error, Page, async_playwright

from crawler.engine.rendering.artefacts import make_artefacts
from crawler.engine.rendering.isolated import World
from crawler.engine.rendering.look import Artefact, Viewing
from crawler.engine.rendering.settle import Settled, settle

T = TypeVar("T")
BROKEN = (Error,)
HEAD = (
    '<!DOCTYPE html><html lang="zh-CN"><head><meta charset="utf-8"><style>body{margin:0;font:16px sans-serif}'
)
HEAD += "</style>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="200" height="200"><rect width="200" height="200" fill="%s"/></svg>'
_IMAGES = "".join(
    f'<div style="height:900px"><p>商品 {i}</p><img KIND="/i/{i}.svg" width=200 height=200></div>'
    for i in range(40)
)
_SOME = "".join(_IMAGES.partition("<div")[1] + part for part in _IMAGES.split("<div")[1:8])
LAZY = HEAD + "<body>" + _IMAGES.replace("KIND", "loading=lazy src")
OBSERVED = f"""{HEAD}<body>{_IMAGES.replace("KIND", "data-src")}<script>
const o = new IntersectionObserver((es) => es.forEach((e) => {{ if (e.isIntersecting) {{
  e.target.src = e.target.dataset.src; o.unobserve(e.target); }} }}));
document.querySelectorAll("img").forEach((i) => o.observe(i));</script>"""
THROTTLED = f"""{HEAD}<body>{_SOME.replace("KIND", "data-original")}<script>
let waiting = 0;
const look = () => {{ waiting = 0; document.querySelectorAll("img[data-original]").forEach((i) => {{
  const box = i.getBoundingClientRect();
  if (box.bottom > 0 && box.top < innerHeight) {{ i.src = i.dataset.original; i.removeAttribute("data-original"); }}
}}); }};
addEventListener("scroll", () => {{ if (!waiting) waiting = setTimeout(look, 200); }}); look();</script>"""
ENDLESS = f"""{HEAD}<body><div id=list></div><div id=end style="height:10px"></div><script>
let n = 0;
const add = () => {{ for (let i = 0; i < 10; i++) {{ const p = document.createElement("p");
  p.style.height = "100px"; p.textContent = "评论 " + n++; list.append(p); }} }};
add();
new IntersectionObserver((es) => {{ if (es.some((e) => e.isIntersecting)) fetch("/slow/more").then(add); }},
  {{ rootMargin: "200px" }}).observe(end);
setInterval(() => {{ if (end.getBoundingClientRect().top < innerHeight) add(); }}, 100);</script>"""
MORE = f"""{HEAD}<body><div id=list><p style="height:300px">评论 0</p></div><button id=more>加载更多</button><script>
let n = 1;
more.onclick = () => fetch("/slow/more").then(() => {{ const p = document.createElement("p");
  p.style.height = "300px"; p.textContent = "评论 " + n++; list.append(p); }});</script>"""
_ROWS = """const rows = 200, tall = 50;
const draw = () => {{ const first = Math.max(0, Math.floor(SCROLL / tall) - 2); const parts = [];
  for (let i = first; i < Math.min(rows, first + 24); i++) parts.push(
    `<p style="position:absolute;margin:0;height:50px;top:${i * tall}px">第 ${i} 条好评返现</p>`);
  list.innerHTML = parts.join(""); }};""".replace("{{", "{").replace("}}", "}")
VIRTUAL = f"""{HEAD}<body><div id=list style="height:10000px;position:relative"></div><script>
{_ROWS.replace("SCROLL", "scrollY")}
addEventListener("scroll", draw); draw();</script>"""
VIRTUAL_BOX = f"""{HEAD}<body style="height:100vh;overflow:hidden"><h1 style="height:60px;margin:0">店铺</h1>
<div id=box style="height:700px;overflow:auto"><div id=list style="height:10000px;position:relative"></div></div><script>
{_ROWS.replace("SCROLL", "box.scrollTop")}
box.addEventListener("scroll", draw); draw();</script>"""
BOX = f"""{HEAD}<body style="height:100vh;overflow:hidden"><div id=app style="height:900px;overflow-y:scroll">
{_SOME.replace("KIND", "loading=lazy src")}</div>"""
MOVING = f"""{HEAD}<style>@keyframes go {{ to {{ transform: translateX(500px) }} }}
@keyframes show {{ from {{ opacity: 0 }} to {{ opacity: 1 }} }}
#a {{ width:50px;height:50px;background:red;animation: go 700ms linear infinite alternate }}
#b {{ opacity:1;background:#00f;color:#fff;animation: show 60s linear 1 }}</style><body><div id=a></div><div id=b>淡入</div>"""
HANGS = f"""{HEAD}<body><h1>标题</h1><script>setTimeout(() => {{ for (;;) ; }}, 300)</script>"""
HOSTILE = f"""{HEAD}<body><form name=scrollingElement></form><img name=fonts><img name=querySelectorAll>
<img name=documentElement><img name=body><img name=doctype><img name=childNodes><img name=getAnimations>
<form id=f><input name=getClientRects><input name=shadowRoot></form><p>正文</p><script>
Array.prototype.map = () => {{ throw 1 }}; window.scrollTo = () => {{ throw 2 }};
Promise.prototype.then = () => {{ throw 3 }}; Element.prototype.getBoundingClientRect = () => {{ throw 4 }};
window.requestAnimationFrame = () => 0; JSON.stringify = () => {{ throw 5 }};</script>
<div style="height:3000px"></div><p>末尾</p>"""
AWAY = f"""{HEAD}<body><div style="height:20000px">旧页</div><script>
addEventListener("scroll", () => {{ if (scrollY > 3000) location.href = "/plain"; }});</script>"""
PLAIN = f"{HEAD}<title>普通</title></head><body><p>只有一段</p>"
PAGES = {
    "lazy": LAZY,
    "observed": OBSERVED,
    "throttled": THROTTLED,
    "endless": ENDLESS,
    "more": MORE,
    "virtual": VIRTUAL,
    "virtual-box": VIRTUAL_BOX,
    "box": BOX,
    "moving": MOVING,
    "hangs": HANGS,
    "hostile": HOSTILE,
    "away": AWAY,
    "plain": PLAIN,
}


class Site:
    """Pages by name on loopback; ``/slow/…`` answers after 50 ms, ``/i/…`` are pictures. `asked`: paths that came."""

    def __init__(self, pages: dict[str, str | bytes]) -> None:
        self.pages = pages
        self.asked: list[str] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append(self.path)
                if self.path.startswith("/slow/"):
                    time.sleep(0.05)
                content, kind = site.content(self.path)
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def content(self, path: str) -> tuple[bytes, str]:
        if path.startswith("/i/"):
            return SVG % b"#c00", "image/svg+xml"
        page = self.pages.get(path.strip("/"), "ok")
        if isinstance(page, bytes):
            return page, "font/ttf"
        return page.encode(), "text/html; charset=utf-8"

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/{name}"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class Network:
    """Whether a page's network is at rest; the crawler has its own, with the records of all traffic."""

    def __init__(self, cdp: CDPSession) -> None:
        self.open: set[str] = set()
        self.last = time.monotonic()
        cdp.on("Network.requestWillBeSent", lambda event: self._note(event, True))
        cdp.on("Network.loadingFinished", lambda event: self._note(event, False))
        cdp.on("Network.loadingFailed", lambda event: self._note(event, False))

    def _note(self, event: dict[str, Any], begins: bool) -> None:
        self.last = time.monotonic()
        (self.open.add if begins else self.open.discard)(event["requestId"])

    async def quiet(self, seconds: float, at_most: float) -> bool:
        until = time.monotonic() + at_most
        while time.monotonic() < until:
            if not self.open and time.monotonic() - self.last >= seconds:
                return True
            await asyncio.sleep(0.02)
        return False


class Look:
    """One open page."""

    def __init__(self, page: Page, cdp: CDPSession, viewing: Viewing, network: Network) -> None:
        self.page, self.cdp, self.viewing, self.network = page, cdp, viewing, network
        self.world = World(cdp, broken=BROKEN)

    async def settle(self) -> Settled:
        return await settle(self.cdp, self.world, self.viewing, self.network.quiet)

    async def make(self, settled: Settled, **more: Any) -> tuple[dict[str, Artefact], dict[str, str]]:
        cdp = more.pop("cdp", self.cdp)
        made, missing = await make_artefacts(cdp, self.world, self.viewing, settled, broken=BROKEN, **more)
        return {artefact.name: artefact for artefact in made}, missing


class Laboratory:
    """A loop with a browser in it, for the tests of one file."""

    def __init__(self, executable: str, site: Site) -> None:
        self.site = site
        self.runner = asyncio.Runner()
        self.browser: Browser = self.run(self._start(executable))

    async def _start(self, executable: str) -> Browser:
        self.driver = await async_playwright().start()
        return await self.driver.chromium.launch(
            executable_path=executable, args=["--disable-site-isolation-trials"]
        )

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    async def open(self, name: str, **viewing: Any) -> Look:
        asked = Viewing(**({"quiet_seconds": 0.15, "settle_seconds": 60.0} | viewing))
        context = await self.browser.new_context(
            viewport={"width": asked.width, "height": asked.height}, device_scale_factor=asked.device_scale
        )
        page = await context.new_page()
        cdp = await context.new_cdp_session(page)
        await cdp.send("Network.enable")
        network = Network(cdp)
        await page.goto(self.site.url(name), wait_until="commit")
        return Look(page, cdp, asked, network)

    def close(self) -> None:
        self.run(self.browser.close())
        self.run(self.driver.stop())
        self.runner.close()
        self.site.close()
