"""OpenTimestamps against a calendar on loopback, made of the standard library's own serialization."""

import hashlib
import importlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

import crawler.commands.ots  # noqa: F401 - the commands under test
from crawler.engine.ots_http import ask_calendar
from crawler.errors import ConfigError, FormatError
from crawler.evidence import ots
from crawler.evidence.archive import Archive
from crawler.evidence.checks.notes import Note
from crawler.evidence.checks.ots import check_ots
from crawler.evidence.note import parse_vkey
from crawler.evidence.report import Check
from tests.archives import config, make, page
from tests.commands import evidence

core = pytest.importorskip("opentimestamps.core.timestamp", reason="the extra [ots] is not installed")
notary = importlib.import_module("opentimestamps.core.notary")
op = importlib.import_module("opentimestamps.core.op")
serialize = importlib.import_module("opentimestamps.core.serialize")

HEIGHT = 800_000
NOTE = b"evidence.invalid/test\n0\nAAAA\n\n"


class Calendar(HTTPServer):
    """Takes digests at once; once `mined`, it also tells the block that each ended up in."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.digests: list[bytes] = []
        self.taken: list[bytes] = []
        self.mined = False

    def promise(self, digest: bytes) -> bytes:
        self.digests.append(digest)
        stamp = core.Timestamp(digest)
        held = stamp.ops.add(op.OpAppend(b"salt")).ops.add(op.OpSHA256())
        held.attestations.add(notary.PendingAttestation(self.url))
        self.taken.append(held.msg)
        return to_bytes(stamp)

    def completion(self, commitment: bytes) -> bytes:
        stamp = core.Timestamp(commitment)
        root = stamp.ops.add(op.OpPrepend(b"sibling")).ops.add(op.OpSHA256())
        root.attestations.add(notary.BitcoinBlockHeaderAttestation(HEIGHT))
        return to_bytes(stamp)


class Handler(BaseHTTPRequestHandler):
    server: Calendar

    def do_POST(self) -> None:
        self.answer(200, self.server.promise(self.rfile.read(int(self.headers["Content-Length"]))))

    def do_GET(self) -> None:
        commitment = bytes.fromhex(self.path.rpartition("/")[2])
        known = self.server.mined and commitment in self.server.taken
        self.answer(200 if known else 404, self.server.completion(commitment) if known else b"pending")

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


def to_bytes(stamp: object) -> bytes:
    context = serialize.BytesSerializationContext()
    stamp.serialize(context)  # type: ignore[attr-defined]
    return bytes(context.getbytes())


@pytest.fixture
def calendar() -> Iterator[Calendar]:
    with Calendar() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def judged(archive: Path) -> Check | None:
    with Archive.open(archive) as opened:
        verifier = parse_vkey((archive / "trust/log.vkey").read_text())
        notes = {
            size: Note(*opened.log.checkpoint_at(size), verifier) for size in opened.log.checkpoint_sizes
        }
    return check_ots(archive / ots.FOLDER, notes)


def test_a_promise_and_what_becomes_of_it(calendar: Calendar) -> None:
    content = ots.submit(NOTE, calendar.url, ask_calendar)
    ots.submit(NOTE, calendar.url, ask_calendar)
    plain = hashlib.sha256(NOTE).digest()
    assert len({plain, hashlib.sha256(plain).digest(), *calendar.digests}) == 4  # a nonce hides it, each time
    assert ots.read_state(content, NOTE) == ots.OtsState((calendar.url,), ())
    calendar.mined = True
    upgraded = ots.upgrade(content, (calendar.url,), ask_calendar)
    (block,) = ots.read_state(upgraded, NOTE).blocks
    root = hashlib.sha256(b"sibling" + calendar.taken[0]).digest()
    assert block == ots.Block(HEIGHT, root[::-1].hex())


def test_the_standard_library_reads_our_file(calendar: Calendar) -> None:
    content = ots.submit(NOTE, calendar.url, ask_calendar)
    detached = core.DetachedTimestampFile.deserialize(serialize.BytesDeserializationContext(content))
    assert detached.file_digest == hashlib.sha256(NOTE).digest()
    assert {type(attestation) for _, attestation in detached.timestamp.all_attestations()} == {
        notary.PendingAttestation
    }


def test_only_configured_calendars_are_asked(calendar: Calendar) -> None:
    """A file from elsewhere may name any address of our network."""
    content = ots.submit(NOTE, calendar.url, ask_calendar)
    asked: list[str] = []

    def ask(url: str, _body: bytes | None) -> bytes:
        asked.append(url)
        return b""

    assert ots.upgrade(content, ("http://other.invalid",), ask) == content
    assert asked == []


def test_another_note_and_broken_files(calendar: Calendar) -> None:
    content = ots.submit(NOTE, calendar.url, ask_calendar)
    with pytest.raises(FormatError, match="not over this checkpoint"):
        ots.read_state(content, NOTE + b"x")
    for place in range(len(content)):
        for broken in (content[:place], content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]):
            try:
                ots.read_state(broken, NOTE)
            except FormatError:
                continue
            assert len(broken) == len(content)  # a cut one never passes
    with pytest.raises(FormatError, match="more than"):
        ots.read_state(b"x" * (ots.MAX_OTS + 1), NOTE)


def test_deep_trees_and_impossible_blocks_are_refused(calendar: Calendar) -> None:
    head = ots.submit(NOTE, calendar.url, ask_calendar)[:65]
    with pytest.raises(FormatError, match="no file of OpenTimestamps"):
        ots.read_state(head + b"\x08" * 60_000, NOTE)
    stamp = core.Timestamp(bytes(32))
    stamp.attestations.add(notary.BitcoinBlockHeaderAttestation(10**12))
    with pytest.raises(FormatError, match="block that cannot be"):
        ots.submit(NOTE, "http://c.invalid", lambda _url, _body: to_bytes(stamp))
    with pytest.raises(FormatError, match="answer is no timestamp"):
        ots.submit(NOTE, "http://c.invalid", lambda _url, _body: b"<html>")


def test_in_an_archive(tmp_path: Path, calendar: Calendar, capsys: pytest.CaptureFixture[str]) -> None:
    path = make(tmp_path / "a")
    assert judged(path) is None
    assert "no calendar is configured" in evidence(capsys, "--archive", path, "ots", "stamp").err
    (path / "evidence.toml").write_text(replace(config(), calendars=(calendar.url,)).to_toml())
    with Archive.open(path, writable=True) as archive:
        archive.commit([page()])
        archive.sign_checkpoint()
    done = evidence(capsys, "--archive", path, "ots", "stamp")
    assert (done.code, "不能证明时间" in done.out) == (0, True)
    check = judged(path)
    assert check is not None
    assert (check.status, "日历服务器的承诺，不能证明时间" in check.detail_zh) == ("passed", True)
    assert "none is evidence of time" in check.detail
    assert evidence(capsys, "--archive", path, "ots", "upgrade").code == 3
    calendar.mined = True
    assert evidence(capsys, "--archive", path, "ots", "upgrade", "--json").json == {
        f"3/127.0.0.1-{calendar.server_address[1]}.ots": "complete"
    }
    check = judged(path)
    assert check is not None
    assert (check.status, f"block {HEIGHT} should have the Merkle root" in check.detail) == ("passed", True)
    assert "不作为时间证据" in check.detail_zh
    assert "承诺" not in check.detail_zh
    (file,) = (path / ots.FOLDER).glob("*/*.ots")
    file.write_bytes(file.read_bytes()[:-1])
    check = judged(path)
    assert check is not None
    assert check.status == "failed"


def test_without_the_library(
    tmp_path: Path, calendar: Calendar, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = make(tmp_path / "a")
    with Archive.open(path, writable=True) as archive:
        archive.config = replace(config(), calendars=(calendar.url, "http://127.0.0.1:9"))
        state = ots.submit_newest(archive, ask_calendar)
    assert (state.kept, list(state.missing)) == ((calendar.url,), ["http://127.0.0.1:9"])

    def missing(_name: str) -> None:
        raise ImportError("gone")

    monkeypatch.setattr("crawler.evidence.ots.importlib.import_module", missing)
    assert not ots.installed()
    check = judged(path)
    assert check is not None
    assert (check.status, "pip install 'web-evidence[ots]'" in check.detail) == ("not-checked", True)
    with pytest.raises(ConfigError, match="pip install"):
        ots.read_state(b"", NOTE)
