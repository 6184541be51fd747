"""Artefacts that a real Chromium made of a page with a session: secrets are cut out, or the artefact is withheld."""

import json
import quopri
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import sync_playwright

from crawler.evidence.archive import Archive, Draft
from crawler.evidence.verify import verify
from crawler.export.bundle import export_bundle
from crawler.export.model import Exhibit
from crawler.withholding import find_secrets, withhold
from tests.archives import config
from tests.conftest import find_chromium
from tests.engine.pages_with_secrets import exchange, rendered
from tests.export.hunt import hunt
from tests.export.sample import CASE

TOKEN = "Zk7+aB3/dE5gH7jK9mN1pQ7rS2=="
PASSWORD = "k7!x-Long"
PAGE = "a" * 32

_HTML = """<!doctype html><meta charset=utf-8><title>我的订单</title><h1>我的订单</h1><p>很好，下次再来</p>
<form><input type=hidden name=csrf_token value="{html}"></form><a href="/logout?ticket={percent}">退出</a>
<img src="/dot.svg?session={percent}" alt=""><style>a:after{{content:""}}</style>{seen}
<script>const state = {json}; fetch("/api/orders", {{method: "POST", headers: {{"X-CSRF-Token": state.t}},
body: JSON.stringify({{password: "k7!x", t: state.t}})}}).then(a => a.json()).then(a =>
document.title = a.title)</script>"""


class Shop(BaseHTTPRequestHandler):
    """Sets a session cookie and repeats its value in many ways."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path.startswith("/dot.svg"):
            self.answer(b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>", "image/svg+xml")
            return
        percent, escaped = quote(TOKEN, safe=""), json.dumps({"t": TOKEN}).replace("/", "\\/")
        seen = f"<code>{TOKEN}</code>" if self.path.startswith("/seen") else ""
        html = "".join(f"&#{ord(character)};" for character in TOKEN)
        page = _HTML.format(html=html, percent=percent, json=escaped, seen=seen)
        self.answer(page.encode(), "text/html", f"sid={TOKEN}; Path=/; HttpOnly")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(json.dumps({"title": "我的订单 2", "access_token": TOKEN}).encode(), "application/json")

    def answer(self, body: bytes, kind: str, cookie: str = "") -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if cookie:
            self.send_header("Set-Cookie", cookie)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def shop() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def drafts_of(url: str) -> list[Draft]:
    """The page with the artefacts that leak in ways of their own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium())
        page = browser.new_page()
        page.goto(url)
        page.wait_for_function("document.title === '我的订单 2'")
        devtools = page.context.new_cdp_session(page)
        tree = devtools.send("Accessibility.getFullAXTree")
        artefacts = {
            "dom": ("text/html", page.content().encode()),
            "screenshot": ("image/png", page.screenshot(full_page=True)),
            "text": ("application/json", json.dumps([page.inner_text("body")]).encode()),
            "accessibility": ("application/json", json.dumps(tree).encode()),
            "mhtml": ("multipart/related", devtools.send("Page.captureSnapshot")["data"].encode()),
            "pdf": ("application/pdf", page.pdf()),
        }
        browser.close()
    cookie = f"Cookie: sid={TOKEN}\r\n"
    sent = json.dumps({"password": PASSWORD, "t": TOKEN}).encode()
    main = rendered(exchange(url, asked=cookie, body=artefacts["dom"][1]), artefacts, title="我的订单 2")
    call = exchange(url + "/api", method="POST", asked=cookie, sent=sent, body=b'"%s"' % TOKEN.encode())
    return [
        Draft(replace(main.capture, id=PAGE), main.records),
        Draft(replace(call.capture, page=PAGE), call.records),
    ]


@pytest.mark.browser
@pytest.mark.parametrize(("path", "seen"), [("/orders", False), ("/seen", True)])
def test_a_bundle_of_a_page_behind_a_login_holds_no_secret(
    shop: str, tmp_path: Path, path: str, *, seen: bool
) -> None:
    drafts = drafts_of(shop + path)
    made = withhold(drafts, find_secrets(drafts))
    look = made[0].capture.look or {}
    assert ("screenshot" in look["artefacts"]) is not seen, look
    assert look["missing"].get("pdf") == "withheld"  # its link holds the token
    assert {"dom", "mhtml", "text", "accessibility"} <= set(look["artefacts"])
    assert "很好，下次再来" in text_of(made[0], "mhtml")
    assert "很好，下次再来" in text_of(made[0], "dom")
    with Archive.create(tmp_path / "archive", config()) as archive:
        archive.commit(made)
        archive.sign_checkpoint()
        exhibit = Exhibit(number="1-1", group="B", title="页", purpose="证明", captures=(PAGE,))
        bundle = export_bundle(archive, CASE, [exhibit], tmp_path / "bundle").path
    assert verify(tmp_path / "archive").status != "failed"
    assert verify(bundle).status != "failed"
    assert hunt(bundle, [TOKEN, PASSWORD]) == []
    assert hunt(tmp_path / "archive/warc", [TOKEN, PASSWORD]) != []


def text_of(draft: Draft, name: str) -> str:
    record = (draft.capture.look or {})["artefacts"][name]
    content = next(encoded.record.block for encoded in draft.records if encoded.record.id == record)
    return (quopri.decodestring(content) if name == "mhtml" else content).decode("utf-8", "replace")
