"""The demo TSA: quick to make, the same after a restart, and its tokens verify with openssl alone."""

import http.client
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from crawler.demo import tsa
from crawler.demo.tsa import DemoAuthority
from crawler.errors import EvidenceError
from crawler.evidence.timestamp import MEDIA_QUERY, MEDIA_REPLY, Authority, ask, make_request, read_token

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")


def post(url: str, query: bytes, media_type: str = MEDIA_QUERY) -> tuple[int, str | None, bytes]:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)
    try:
        connection.request("POST", "/", query, {"Content-Type": media_type})
        answer = connection.getresponse()
        return answer.status, answer.headers["Content-Type"], answer.read()
    finally:
        connection.close()


def send(url: str, query: bytes) -> bytes:
    status, media_type, body = post(url, query)
    assert (status, media_type) == (200, MEDIA_REPLY)
    return body


@pytest.mark.parametrize("intermediate", [False, True])
def test_it_stamps_over_http_and_openssl_agrees(intermediate: bool, tmp_path: Path) -> None:
    with DemoAuthority(tmp_path / "tsa", "示范", intermediate=intermediate) as demo:
        authority = Authority.from_pem(demo.name, demo.url, demo.trust_pem, demo.policy)
        assert (len(authority.roots), len(authority.intermediates)) == (1, int(intermediate))
        token = ask(b"checkpoint", authority, send)
    assert token.verified is not None
    assert token.verified.verified_by == ("rfc3161-client", "openssl")
    assert "示范 TSA" in token.verified.tsa_name
    for name, content in (
        ("c", b"checkpoint"),
        ("r.tsr", token.tsr),
        ("q.tsq", token.tsq),
        ("ca", demo.trust_pem),
    ):
        (tmp_path / name).write_bytes(content)
    for source in (["-data", "c"], ["-queryfile", "q.tsq"]):
        command = ["openssl", "ts", "-verify", "-in", "r.tsr", *source, "-CAfile", "ca"]
        answer = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
        assert b"Verification: OK" in answer.stdout


def test_it_is_quick_to_make(tmp_path: Path) -> None:
    started = time.monotonic()
    DemoAuthority(tmp_path / "tsa", "quick", intermediate=True)
    assert time.monotonic() - started < 5  # 0.1 s on an idle machine


def test_made_again_from_its_folder_it_is_the_same_on_the_same_port(tmp_path: Path) -> None:
    demo = DemoAuthority(tmp_path / "tsa", "same")
    with demo:
        url = demo.url
        first = read_token(send(url, make_request(b"x").tsq)).serial
    with demo:
        assert demo.url == url
    port = urlsplit(url).port
    assert port is not None
    with DemoAuthority(tmp_path / "tsa", "same", port=port) as again:
        assert again.url == url
        assert again.trust_pem == demo.trust_pem
        assert read_token(send(again.url, make_request(b"x").tsq)).serial == first + 1


def test_many_at_once_each_get_a_serial_of_their_own(tmp_path: Path) -> None:
    with DemoAuthority(tmp_path / "tsa", "busy") as demo, ThreadPoolExecutor(4) as pool:
        queries = [make_request(b"%d" % number).tsq for number in range(8)]
        answers = list(pool.map(lambda query: send(demo.url, query), queries))
    assert len({read_token(answer).serial for answer in answers}) == 8


def test_it_answers_queries_only(tmp_path: Path) -> None:
    with DemoAuthority(tmp_path / "tsa", "strict") as demo:
        assert post(demo.url, make_request(b"x").tsq, "text/plain")[0] == 415
        status, media_type, body = post(demo.url, b"no query")
        assert (status, media_type) == (200, MEDIA_REPLY)  # a rejection is an answer too (RFC 3161 2.4.2)
        with pytest.raises(EvidenceError, match="refused: status rejection"):
            read_token(body)


def test_its_failure_is_a_500(tmp_path: Path) -> None:
    with DemoAuthority(tmp_path / "tsa", "broken") as demo:
        (demo.folder / "tsa.key").unlink()
        status, _, body = post(demo.url, make_request(b"x").tsq)
    assert status == 500
    assert b"openssl ts failed" in body


def test_when_stopped_it_refuses_connections_and_has_no_url(tmp_path: Path) -> None:
    demo = DemoAuthority(tmp_path / "tsa", "dead")
    with demo:
        url = demo.url
    with pytest.raises(EvidenceError, match="not running"):
        _ = demo.url
    with pytest.raises(ConnectionRefusedError):
        post(url, b"")
    demo.stop()


def test_without_openssl_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tsa.shutil, "which", lambda _: None)
    with pytest.raises(EvidenceError, match="install the package"):
        DemoAuthority(tmp_path / "tsa", "absent")
