"""Replay of what the gallery has not: redirects, calls that differ by their body, JSONP, parts, blobs, a fragment."""

import asyncio
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from crawler.engine.browser import Browser
from crawler.engine.replay_check import ReplayScore, check_replay
from crawler.store.session import Session
from tests.archives import make
from tests.gallery.archived import VIEWING, capture_pages
from tests.gallery.pictures import picture

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

PAGE = """<!doctype html><meta charset=utf-8><title>x</title><p id=h></p><link rel=stylesheet href=/r/dir/css>
<img src=/r/img><img id=b><script src=/r/js></script><iframe src=/r/frame></iframe><script>
const say = text => { const p = document.createElement('p'); p.textContent = text; document.body.append(p); };
document.getElementById('h').textContent = 'fragment ' + location.hash;
(async () => {
  const text = async (...asked) => say(await (await fetch(...asked)).text());
  for (const n of [1, 2, 3]) await text('/post', {method: 'POST', body: 'n=' + n});
  await text('/part', {headers: {Range: 'bytes=4-7'}});
  await text('/r/post', {method: 'POST', body: 'x'});
  const blob = URL.createObjectURL(await (await fetch('/pic.png')).blob());
  document.getElementById('b').src = blob;
  const work = new Blob(["postMessage('a worker in a blob')"]);
  new Worker(URL.createObjectURL(work)).onmessage = event => say(event.data);
  const name = 'jQuery' + Math.random().toString().slice(2), script = document.createElement('script');
  window[name] = answer => say('JSONP ' + answer.said);
  script.src = '/jsonp?callback=' + name;
  document.body.append(script);
})();
</script>"""
MOVED = {
    "/r/img": "/pic.png", "/r/js": "/x.js", "/r/frame": "/f/inner.html", "/r/post": "/posted",
    "/r/dir/css": "/css/deep/x.css",
}  # fmt: skip
HTML, SCRIPT, PNG, TEXT = "text/html", "text/javascript", "image/png", "text/plain"
FILES = {
    "/": (HTML, PAGE.encode()),
    "/pic.png": (PNG, picture(3)),
    "/css/deep/x.css": ("text/css", b"p::before { content: url(rel.png) }"),
    "/css/deep/rel.png": (PNG, picture(4)),
    "/x.js": (SCRIPT, b"document.write('<p>a redirected script</p>')"),
    "/f/inner.html": (HTML, b"<p>a redirected frame</p><script src=rel.js></script>"),
    "/f/rel.js": (SCRIPT, b"document.write('<p>relative to the frame</p>')"),
    "/posted": (TEXT, b"posted, then got"),
    "/part": (TEXT, b"4567"),
}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    heard: list[str]

    def do_GET(self) -> None:
        self.heard.append(self.path)
        asked = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path, _, query = self.path.partition("?")
        kind, body = FILES.get(path, (TEXT, b"answer to " + asked))
        if path == "/jsonp":
            name = query.removeprefix("callback=")
            kind, body = SCRIPT, f'{name}({{"said": "called"}})'.encode()
        self.send_response(302 if path in MOVED else 206 if path == "/part" else 200)
        for field in [("Location", MOVED[path])] if path in MOVED else [("Content-Type", kind)]:
            self.send_header(*field)
        if path == "/part":
            self.send_header("Content-Range", "bytes 4-7/10")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@pytest.fixture
def heard() -> Iterator[tuple[str, list[str]]]:
    """The site's origin, and what it has heard."""
    handler = type("_Heard", (_Handler,), {"heard": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", handler.heard
    server.shutdown()
    server.server_close()
    thread.join()


async def captured_and_replayed(session: Session, url: str, heard: list[str], executable: str) -> ReplayScore:
    captures = await capture_pages(session, {"odd": url}, executable)
    assert heard
    heard.clear()
    async with Browser(VIEWING, executable=executable) as browser:
        return await check_replay(session, browser, captures["odd"].id)


def test_an_odd_page_replays_whole(heard: tuple[str, list[str]], tmp_path: Path, chromium: str) -> None:
    origin, asked = heard
    with Session.open(make(tmp_path / "archive")) as session:
        score = asyncio.run(captured_and_replayed(session, f"{origin}/#/item/7", asked, chromium))
    assert score.refused == ()
    assert score.text == 1000
    assert (score.pixels or 0) >= 950
    assert asked == []
