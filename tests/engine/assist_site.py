"""A site on loopback with a login, traps for whoever touches a page, and pages that trouble an operator."""

import base64
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SESSION, STORED, SHOWN = "Zk7aB3dE5gH7jK9mN1pQ7rS2", "st0redT0kenQ9wE8rT7yU6iO5", "pageT0ken4hG5jK6lM7nB8vC9"
PASSWORD = "mima-Lang-77"
SECRETS = [SESSION, STORED, SHOWN, PASSWORD]

# Reports whatever happens to the page, and what is in it that was not there.
_WATCH = """
const told = (what) => navigator.sendBeacon("/log", what);
for (const type of ["mousemove", "mousedown", "mouseup", "click", "scroll", "wheel", "keydown", "keyup", "input",
  "change", "focus", "blur", "focusin", "focusout", "pointermove", "resize", "beforeprint", "afterprint", "pause"])
  addEventListener(type, (event) => told(type), true);
document.addEventListener("visibilitychange", () => told("visibility"));
new MutationObserver((list) => told("mutation " + list.length)).observe(document,
  {subtree: true, childList: true, attributes: true, characterData: true});
"""
_PAGE = """<!doctype html><html><head><meta charset=utf-8><title>{title}</title>
<style>@keyframes turn {{ to {{ transform: rotate(360deg) }} }} #turn {{ width: 40px; height: 40px; background: #07a;
animation: turn 2s linear infinite }} .tall {{ height: 4000px }}</style></head><body><h1>{title}</h1>
<p>很好，下次再来</p><div id=turn></div><img src=/dot.svg alt=""><div class=tall></div>{body}<script>{script}</script>
</body></html>"""
_LOGIN = """<form method=post action=/login><input id=user name=user><input id=pass name=password type=password>
<button id=go>登录</button></form>"""
_ORDERS = """localStorage.setItem("auth_token", "{stored}");
fetch("/api/orders", {{headers: {{"X-CSRF-Token": "{shown}"}}}}).then(a => a.json())
.then(a => document.title = a.title)"""


class Site(ThreadingHTTPServer):
    """`log`: what pages reported. `asked`: paths. `held`: requests to /wait are answered when it is set."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.log: list[str] = []
        self.asked: list[str] = []
        self.cookies: list[str] = []
        self.held = threading.Event()
        self._thread = threading.Thread(target=self.serve_forever, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def close(self) -> None:
        self.held.set()
        self.shutdown()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    server: Site
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.server.cookies.append(self.headers.get("Cookie", ""))
        make = getattr(self, "page_" + self.path.strip("/").partition("?")[0].replace("/", "_"), None)
        if make is None:
            self.answer(b"not here", status=404)
        else:
            make()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        if self.path == "/log":
            self.server.log.append(body)
            self.answer(b"")
            return
        self.answer(b"", status=303, Location="/orders",
                    **{"Set-Cookie": f"sid={SESSION}; Path=/; HttpOnly; Max-Age=9999"})  # fmt: skip

    def page_watch(self) -> None:
        self.html("观察", script=_WATCH)

    def page_login(self) -> None:
        self.html("登录", _LOGIN)

    def page_orders(self) -> None:
        body = f'<form><input type=hidden name=csrf_token value="{SHOWN}"></form>'
        self.html("我的订单", body, _ORDERS.format(stored=STORED, shown=SHOWN))

    def page_api_orders(self) -> None:
        self.answer(json.dumps({"title": "我的订单 2", "access_token": STORED}).encode(), "application/json")

    def page_links(self) -> None:
        self.html("链接", '<a id=new target=_blank href="/gbk">新窗口</a> <a id=file href="/file">下载</a>')

    def page_gbk(self) -> None:
        self.answer("<meta charset=gbk><title>新窗口</title><p>好评返现".encode("gbk"), "text/html")

    def page_file(self) -> None:
        self.answer(b"a file", "application/zip", **{"Content-Disposition": "attachment; filename=a.zip"})

    def page_dialog(self) -> None:
        self.html("对话框", script="setTimeout(() => { alert('请确认'); document.title = '已确认' }, 300)")

    def page_hang(self) -> None:
        self.html("卡住", script="setTimeout(() => { for (;;) ; }, 300)")

    def page_wait(self) -> None:
        self.server.held.wait(20)
        self.answer(b"late")

    def page_password(self) -> None:
        expected = "Basic " + base64.b64encode(b"li:mima").decode()
        if self.headers.get("Authorization") != expected:
            self.answer(b"who?", status=401, **{"WWW-Authenticate": 'Basic realm="x"'})
        else:
            self.html("已认证")

    def page_dot_svg(self) -> None:
        self.answer(b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>", "image/svg+xml")

    def __getattr__(self, name: str) -> Any:
        if name == "page_dot.svg":
            return self.page_dot_svg
        if name.startswith("page_listing_"):  # the address of a page that a site of ours reads
            return lambda: self.html("listing")
        raise AttributeError(name)

    def html(self, title: str, body: str = "", script: str = "") -> None:
        self.answer(_PAGE.format(title=title, body=body, script=script).encode(), "text/html")

    def answer(self, body: bytes, kind: str = "text/plain", *, status: int = 200, **fields: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **fields}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def wait_for(there: Any, seconds: float = 15.0) -> None:
    """Until `there()` is true. Raises AssertionError."""
    end = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < end, "it did not come in time"
        time.sleep(0.05)
