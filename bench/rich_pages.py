"""The pages of the rendered measurement: 40 lazy pictures on 36,000 pixels, a script, a style sheet, an XHR.

    python -m bench.rich_pages PAGES     serves http://127.0.0.1:PORT, and prints the port

Every picture has pixels of its own, so no cache spares a runner any work.
"""

import argparse
import random
import struct
import sys
import threading
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PICTURES = 40
_SIDE = 96  # pixels; noise does not compress: 28 kB a picture
_WORDS = ["好评", "返现", "体验官", "质量很好", "物流很快", "客服耐心", "颜色正", "回购", "推荐", "包装完整"]
_STYLE = (
    "body{margin:0;font:16px/1.6 sans-serif}section{height:860px;padding:20px}img{width:400px;height:400px}"
)
_SCRIPT = """
const found = [];
for (let i = 0; i < 300000; i++) found.push((i * 7919) % 104729);
found.sort((a, b) => a - b);
fetch("/reviews/" + location.pathname.match(/\\d+/)[0] + ".json").then((r) => r.json()).then((reviews) => {
  document.querySelector("h2").textContent = reviews.length + " 条评价";
});
"""


def page(number: int) -> bytes:
    """One item page; the first line is what the spider reads."""
    dice = random.Random(number)  # noqa: S311 - the same page every time
    sections = "".join(
        f"<section><p>{' '.join(dice.choices(_WORDS, k=60))}</p>"
        f'<img loading="lazy" src="/picture/{number}-{n}.png" alt="图 {n}" width="400" height="400"></section>'
        for n in range(PICTURES)
    )
    return (
        f"<!doctype html><html lang=zh><meta charset=utf-8><title>商品 {number}</title>"
        f'<link rel=stylesheet href="/style.css"><h1 class="product-title">商品 {number}</h1><h2></h2>'
        f'{sections}<script src="/script.js?{number}"></script></html>'
    ).encode()


def small(number: int) -> bytes:
    """A page that is quickly seen: one window, three pictures."""
    pictures = "".join(f'<img src="/picture/{number}-{n}.png" width="200" height="200">' for n in range(3))
    return f"<!doctype html><meta charset=utf-8><title>小页 {number}</title><p>好评返现 {number}{pictures}".encode()


def listing(pages: int) -> bytes:
    """Links to every item page."""
    links = "".join(f'<li><a class="goods-link" href="/page/{n}.html">商品 {n}</a>' for n in range(pages))
    return f"<!doctype html><meta charset=utf-8><title>列表</title><ul>{links}</ul>".encode()


def picture(name: str) -> bytes:
    """A PNG of noise that depends on its name."""
    dice = random.Random(name)  # noqa: S311
    rows = b"".join(b"\0" + dice.randbytes(3 * _SIDE) for _ in range(_SIDE))
    header = struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 1)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )


def answer(path: str, pages: int) -> tuple[str, bytes] | None:
    """Media type and body for a path, None for one that is not there."""
    name = path.partition("?")[0].rpartition("/")[2].partition(".")[0]
    if path.startswith("/page/"):
        return "text/html; charset=utf-8", page(int(name))
    if path.startswith("/small/"):
        return "text/html; charset=utf-8", small(int(name))
    if path.startswith("/picture/"):
        return "image/png", picture(name)
    if path.startswith("/reviews/"):
        return "application/json", b"[%s]" % b",".join([b'{"score":5}'] * 200)
    fixed = {
        "/style.css": ("text/css", _STYLE.encode()),
        "/script.js": ("text/javascript", _SCRIPT.encode()),
        "/list-0.html": ("text/html; charset=utf-8", listing(pages)),
        "/robots.txt": ("text/plain", b"User-agent: *\nAllow: /\n"),
    }
    return fixed.get(path.partition("?")[0])


def main() -> None:
    """Serve until standard input ends, so that no server outlives who started it."""
    parser = argparse.ArgumentParser(prog="python -m bench.rich_pages")
    parser.add_argument("pages", type=int)
    pages = parser.parse_args().pages

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            found = answer(self.path, pages)
            kind, body = found or ("text/plain", b"nothing here")
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()
    server.shutdown()


if __name__ == "__main__":
    main()
