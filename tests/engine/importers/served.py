"""A page with a style sheet and a picture on loopback, for real browsers to record."""

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAGE = (
    "<!doctype html><html><head><meta charset=gbk><title>好评返现</title><link rel=stylesheet href=x.css></head>"
    "<body><p>五星好评，晒图返现</p><img src=x.png></body></html>"
)
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c49444154789c63f8cfc000000301010018dd8db00000000049454e44ae426082"
)
_ANSWERS = {
    "/page.html": ("text/html; charset=gbk", PAGE.encode("gbk")),
    "/x.css": ("text/css", b"p{color:#333}"),
    "/x.png": ("image/png", PNG),
}


class _Pages(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        kind, content = _ANSWERS.get(self.path, ("text/plain", b"not here"))
        self.send_response(200 if self.path in _ANSWERS else 404)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextlib.contextmanager
def served() -> Iterator[str]:
    """The page's address, while it is served."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Pages) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/page.html"
        finally:
            server.shutdown()
            thread.join()
