"""ReplayWeb.page on loopback, with a package and one embedding page for each address: for tests only."""

import html
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

_EMBED = """<!doctype html><meta charset=utf-8><script src="/replay/ui.js"></script>
<style>html, body {{ margin: 0 }} replay-web-page {{ display: block; height: 100vh }}</style>
<replay-web-page source="/captures.wacz" url="{url}" embed="replayonly" replayBase="/replay/"></replay-web-page>"""
# On a busy machine the frame is sometimes asked for before the worker is in charge: then ask again.
_NOT_YET = b"<!doctype html><script>setTimeout(() => location.reload(), 200)</script>"
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


class _Files(SimpleHTTPRequestHandler):
    """Files, and parts of them: the viewer asks for parts of packages over 25 MB."""

    def do_GET(self) -> None:
        with suppress(ConnectionError):  # the viewer hangs up on what it does not want any more
            asked = _RANGE.fullmatch(self.headers.get("Range", ""))
            if (
                urlsplit(self.path).path == "/replay/"
            ):  # given by the viewer's service worker, once it is there
                self._send(200, _NOT_YET, "text/html")
            elif asked is not None:
                self._send_part(int(asked[1]), asked[2])
            else:
                super().do_GET()

    def _send_part(self, first: int, last: str) -> None:
        path = Path(self.translate_path(self.path))
        size = path.stat().st_size
        end = min(int(last or size), size - 1)
        with path.open("rb") as stream:
            stream.seek(first)
            content = stream.read(end - first + 1)
        self._send(206, content, self.guess_type(path), f"bytes {first}-{end}/{size}")

    def _send(self, status: int, content: bytes, kind: str, part: str | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        if part is not None:
            self.send_header("Content-Range", part)
        self.end_headers()
        self.wfile.write(content)

    def end_headers(self) -> None:
        self.send_header("Accept-Ranges", "bytes")
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def viewer_site(folder: Path, viewer: Path, wacz: Path, addresses: Mapping[str, str]) -> Iterator[str]:
    """Serves ``/<name>.html`` for each address by its name; gives the origin."""
    folder.mkdir()
    (folder / "replay").symlink_to(viewer)
    (folder / "captures.wacz").symlink_to(wacz)
    for name, url in addresses.items():
        (folder / f"{name}.html").write_text(_EMBED.format(url=html.escape(url)), "utf-8")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Files, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
