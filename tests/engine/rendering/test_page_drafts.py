"""A look becomes records and leaves that verify, whatever a page, its server or the browser put into it."""

import base64
import io
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from warcio.archiveiterator import ArchiveIterator  # type: ignore[import-untyped]
from warcio.checker import Checker  # type: ignore[import-untyped]

from crawler.engine.rendering.leaf_limits import (
    ADDRESS_LIMIT,
    MOST_ARTEFACTS,
    address,
    names,
    one_line,
    plain,
)
from crawler.engine.rendering.look import Artefact, Look, Seen
from crawler.engine.rendering.page_drafts import Place, page_drafts
from crawler.engine.rendering.stored_head import stored_head
from crawler.errors import FormatError
from crawler.evidence import http, warc
from crawler.evidence.archive import Archive
from crawler.evidence.digest import digest
from crawler.evidence.manifest import MAX_LEAF, Capture
from crawler.evidence.warc import Record
from tests.archives import make, nothing_failed

AT = "2026-11-22T08:00:00.000000Z"
PAGE = "https://shop.invalid/item/7"
ID = "5" * 32
DOM = "<html><title>手工皂</title><body>体验官，五星好评</body></html>".encode()
PLACE = Place(run="20261122T000000-0000", site="shop", plain="6" * 32)
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(DOM)


def seen(**fields: Any) -> Seen:
    """An exchange in which all went well."""
    usual: dict[str, Any] = {
        "id": "1",
        "url": PAGE,
        "method": "GET",
        "kind": "Document",
        "started": AT,
        "ended": AT,
        "status": 200,
        "head": WHOLE,
        "body": DOM,
        "head_exact": True,
        "protocol": "http/1.1",
        "peer": "192.0.2.7:443",
        "request_head": b"GET /item/7 HTTP/1.1\r\nHost: shop.invalid\r\n\r\n",
    }
    return Seen(**{**usual, **fields})


def main(**fields: Any) -> Seen:
    return seen(main=True, **fields)


def look(*exchanges: Seen, **fields: Any) -> Look:
    """A look at one page with its DOM and a picture."""
    usual: dict[str, Any] = {
        "url": PAGE,
        "final_url": PAGE,
        "started": AT,
        "ended": AT,
        "state": "complete",
        "title": "手工皂",
        "artefacts": [
            Artefact("dom", "text/html; charset=utf-8", DOM),
            Artefact("screenshot", "image/png", b"\x89PNG"),
        ],
        "browser": "Chrome/150.0",
    }
    return Look(**{**usual, "exchanges": list(exchanges), **fields})


class Kept:
    """A look in an archive that was verified, and by warcio too."""

    def __init__(self, folder: Path, looked: Look, place: Place = PLACE) -> None:
        self.path = make(folder / "a")
        with Archive.open(self.path, writable=True) as archive:
            self.captures = [capture for _, capture in archive.commit(page_drafts(looked, place, ID))]
        nothing_failed(self.path)
        assert warcio_faults(self.path) == []
        self.page, *self.others = self.captures

    def record(self, kind: str, capture: Capture | None = None) -> Record:
        """The first record of a kind."""
        stored = next(record for record in (capture or self.page).records if record.type == kind)
        return warc.decode(warc.read_stored(self.path, stored.locator))

    def facts(self, capture: Capture | None = None) -> dict[str, Any]:
        """What the metadata record says."""
        told: dict[str, Any] = json.loads(self.record("metadata", capture).block)
        return told


def warcio_faults(path: Path) -> list[str]:
    """What warcio, which is not ours, finds wrong: digests, and heads that it cannot read."""
    faults = []
    for file in sorted((path / "warc").iterdir()):
        checker = Checker(type("Options", (), {"inputs": [str(file)], "verbose": False}))
        checker.process_all()
        faults += [f"{file}: exit {checker.exit_value}"] if checker.exit_value else []
        with file.open("rb") as stream:
            for record in ArchiveIterator(io.BytesIO(stream.read())):
                record.content_stream().read()
                if record.rec_type == "response" and not record.http_headers.get_statuscode().isdigit():
                    faults.append(f"{file}: {record.http_headers.statusline}")
    return faults


def test_a_page_its_artefacts_and_its_exchanges(tmp_path: Path) -> None:
    script = seen(id="2", url=f"{PAGE}/a.js", kind="Script", head=WHOLE.replace(b"html", b"plain"))
    missing = {"pdf": "the browser gave none"}
    kept = Kept(tmp_path, look(main(), script, missing=missing, state="partial", reason="missing: pdf"))
    page, (other,) = kept.page, kept.others
    assert (page.id, page.state, page.status, page.fidelity) == (ID, "partial", 200, "browser-decoded")
    kinds = [record.type for record in page.records]
    assert kinds == ["response", "request", "resource", "resource", "metadata"]
    assert page.reading is not None
    dom = warc.decode(warc.read_stored(kept.path, page.reading.locator))
    assert (dom.block, dom.target_uri) == (DOM, f"urn:evidence:look:{ID}:dom")
    first = page.records[0].id
    for stored in page.records[1:]:
        record = warc.decode(warc.read_stored(kept.path, stored.locator))
        assert record.value("WARC-Concurrent-To") == first
    assert page.look is not None
    assert page.look["plain"] == PLACE.plain
    assert page.look["missing"] == {"pdf": "the browser gave none"}
    assert (other.page, other.look, other.state, other.url) == (ID, None, "complete", script.url)
    assert kept.record("response").block == WHOLE + DOM  # nothing needed to be changed
    assert kept.facts()["head"] == "as it came"
    assert "renamed" not in kept.facts()


def test_the_document_is_the_last_one_that_leads_nowhere(tmp_path: Path) -> None:
    moved = main(status=302, head=b"HTTP/1.1 302 Found\r\nLocation: /b\r\n\r\n", body=b"", redirected_to="/b")
    kept = Kept(tmp_path, look(moved, main(url=f"{PAGE}/b")))
    assert kept.page.url == f"{PAGE}/b"
    assert [(other.url, other.status, other.page) for other in kept.others] == [(PAGE, 302, ID)]


@pytest.mark.parametrize(
    ("head", "renamed"),
    [
        (b"Content-Encoding: gzip\r\nContent-Length: 20\r\n", ["Content-Encoding", "Content-Length"]),
        (
            b"content-encoding: br\r\nTRANSFER-ENCODING: chunked\r\n",
            ["content-encoding", "TRANSFER-ENCODING"],
        ),
        (b"Content-Length: %d\r\nContent-Length: 3\r\n" % len(DOM), ["Content-Length"]),
        (b"Content-Length: +%d\r\n" % len(DOM), ["Content-Length"]),
    ],
)
def test_what_does_not_fit_the_body_is_renamed(tmp_path: Path, head: bytes, renamed: list[str]) -> None:
    kept = Kept(tmp_path, look(main(head=b"HTTP/1.1 200 OK\r\nServer: x\r\n" + head + b"\r\n")))
    block = kept.record("response").block
    made = http.parse_head(block)
    assert made.values(b"content-length") == [b"%d" % len(DOM)]
    assert made.values(b"content-encoding") == made.values(b"transfer-encoding") == []
    assert {name.decode() for name, _ in made.fields if name.startswith(b"X-Archive-Orig-")} == {
        f"X-Archive-Orig-{name}" for name in renamed
    }
    assert http.payload(block) == DOM
    assert kept.facts()["renamed"] == renamed


def test_a_server_that_sends_our_own_names_is_not_taken_for_us(tmp_path: Path) -> None:
    head = WHOLE.replace(b"Content-Type", b"X-Archive-Orig-Content-Encoding: gzip\r\nContent-Type")
    kept = Kept(tmp_path, look(main(head=head)))
    assert "renamed" not in kept.facts()
    assert kept.record("response").block == head + DOM


@pytest.mark.parametrize("line", [b"HTTP/2 200", b"HTTP/3 200", b"HTTP/2.0 200 OK"])
def test_an_http2_head_is_written_the_http1_way_and_says_so(tmp_path: Path, line: bytes) -> None:
    told = {"protocol": "TLS 1.3", "cipher": "AES_128_GCM"}
    head = line + b"\r\nset-cookie: a=1\r\nset-cookie: b=2\r\n\r\n"
    made = main(head=head, head_exact=False, protocol="h2", tls=told, origin="https://shop.invalid")
    kept = Kept(tmp_path, look(made, certificates={"https://shop.invalid": [b"leaf", b"root"]}))
    record = kept.record("response")
    assert record.block.startswith(b"HTTP/1.1 200")
    assert http.parse_head(record.block).values(b"set-cookie") == [b"a=1", b"b=2"]
    assert [value for name, value in record.fields if name == "WARC-Protocol"] == ["h2", "tls/1.3"]
    assert kept.facts()["head"] == "put together"
    assert kept.facts()["certificates"]["https://shop.invalid"][0] == base64.b64encode(b"leaf").decode()
    assert kept.page.network["tls"]["chain"] == [digest(b"leaf"), digest(b"root")]


MALFORMED = {
    "no colon": b"HTTP/1.1 200 OK\r\nthis is no field\r\n\r\n",
    "no blank line": b"HTTP/1.1 200 OK\r\nContent-Type: text/html",
    "empty": b"",
    "no status": b"ICY 200 OK\r\n\r\n",
    "interim": b"HTTP/1.1 103 Early Hints\r\n\r\n",
    "old": b"HTTP/0.9 200\r\n\r\n",
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_head_that_is_none_does_not_lose_the_page(tmp_path: Path, name: str) -> None:
    odd = MALFORMED[name]
    kept = Kept(tmp_path, look(main(head=odd), seen(id="2", url=f"{PAGE}/x", kind="Image", head=odd)))
    for capture in kept.captures:
        assert capture.state == "partial"
        assert str(capture.reason).startswith("the answer's head is malformed: ")
        record = kept.record("resource", capture)
        assert record.block == odd + DOM
        assert str(record.target_uri).startswith("urn:evidence:received:")
        assert "response" not in [stored.type for stored in capture.records]
    assert kept.page.readable
    reading = kept.page.reading
    assert reading is not None
    assert warc.decode(warc.read_stored(kept.path, reading.locator)).block == DOM


def test_bare_line_feeds_are_a_head_all_the_same(tmp_path: Path) -> None:
    kept = Kept(tmp_path, look(main(head=b"HTTP/1.1 200 OK\nContent-Type: text/html\nX: a\n b\n\n")))
    assert kept.page.state == "complete"
    assert http.parse_head(kept.record("response").block).values(b"x") == [b"a b"]


def test_a_head_may_not_grow_beyond_what_is_read() -> None:
    with pytest.raises(FormatError):
        stored_head(b"HTTP/1.1 200 OK\r\nContent-Encoding:" + b"x" * (http.HEAD_LIMIT - 40) + b"\r\n\r\n", 0)


STATES: dict[str, tuple[dict[str, Any], str, str]] = {
    "blocked": ({"head": None, "body": None, "blocked": True, "failed": "csp"}, "blocked", "csp"),
    "blocked without a word": ({"head": None, "blocked": True}, "blocked", "blocked by the browser"),
    "failed": ({"head": None, "body": None, "failed": "net::ERR_NAME"}, "failed", "net::ERR_NAME"),
    "broken off": ({"failed": "net::ERR_X", "truncated": "disconnect"}, "partial", "net::ERR_X"),
    "cut": ({"truncated": "length"}, "partial", "cut: length"),
    "no body": ({"body": None}, "partial", "the browser did not give the body"),
    "cached": ({"head": None, "cache": True}, "failed", "from the browser's cache, nothing was fetched"),
    "unanswered": ({"head": None, "body": None}, "failed", "no answer"),
}


@pytest.mark.parametrize("name", STATES)
def test_what_became_of_an_exchange(tmp_path: Path, name: str) -> None:
    fields, state, reason = STATES[name]
    kept = Kept(tmp_path, look(main(), seen(id="2", url=f"{PAGE}/x", **fields)))
    (other,) = kept.others
    assert (other.state, other.reason) == (state, reason)
    assert kept.facts(other)["outcome"] == state
    assert kept.facts(other)["reason"] == reason
    answered = "head" not in fields
    assert other.fidelity == ("browser-decoded" if answered else "derived")
    if answered:
        cut = kept.record("response", other).value("WARC-Truncated")
        assert cut == fields.get("truncated", "unspecified")
    assert kept.page.state == "complete"
    assert kept.page.look is not None
    assert kept.page.look["failed"] == int("failed" in fields)


def test_a_page_that_never_answered(tmp_path: Path) -> None:
    failed = main(head=None, body=None, status=None, failed="net::ERR_CONNECTION_REFUSED", peer=None)
    kept = Kept(tmp_path, look(failed, state="failed", reason="navigation", artefacts=[]))
    assert (kept.page.state, kept.page.readable, kept.page.status) == ("failed", False, None)
    nothing = Kept(tmp_path / "b", look(state="failed", reason="crash", artefacts=[]))
    assert [record.type for record in nothing.page.records] == ["metadata"]


# What a page may choose


BROKEN = "评\ud83d价\r\nWARC-Type: x\x00"


def test_broken_text_is_made_whole_wherever_it_comes_from(tmp_path: Path) -> None:
    hostile = {"url": f"{PAGE}?{BROKEN}", "method": BROKEN, "failed": BROKEN, "protocol": BROKEN}
    odd = look(
        main(url=f"{PAGE}#{BROKEN}", peer=f"{BROKEN}:1", tls={"protocol": BROKEN, "cipher": BROKEN}),
        seen(id="2", head=WHOLE.replace(b"text/html", b"text/html\x0b\x85;\xff"), **hostile),
        title=BROKEN,
        final_url=BROKEN,
        url=BROKEN,
        browser=BROKEN,
        state="partial",
        reason=BROKEN,
        missing={BROKEN: BROKEN},
        notes=[{"what": BROKEN}],
        artefacts=[Artefact(BROKEN, f"text/html; charset={BROKEN}", DOM, {"x": BROKEN})],
    )
    kept = Kept(tmp_path, odd, Place(run="r", site="s", beside={"gone": [BROKEN], "equality": 0.5}))
    assert kept.page.look is not None
    assert kept.page.look["title"] == "评\\ud83d价 WARC-Type: x"
    assert kept.page.look["beside"] == {"gone": [BROKEN.replace("\ud83d", "\\ud83d")], "equality": "0.5"}
    for capture in kept.captures:
        assert not any(part in capture.url for part in ("\r", "\n", "\x00", " "))
    assert "%0D%0A" in kept.others[0].url
    assert json.loads(json.dumps(kept.facts(kept.others[0])))["failed"]


def test_no_float_gets_into_a_leaf(tmp_path: Path) -> None:
    place = Place(
        run="r",
        site="s",
        beside={"verdict": "differs", "share": 0.25, "huge": 1 << 60, "nan": float("nan"), "none": None},
        dates=[{"judgement": "doubtful", "span": (1.5, 2)}],
        network={"proxy": None, "delay": 0.1},
    )
    kept = Kept(tmp_path, look(main()), place)
    leaf = kept.page.to_leaf()

    def refused(text: str) -> None:
        raise AssertionError(f"a float: {text}")

    told = json.loads(leaf, parse_float=refused, parse_constant=refused)
    assert told["look"]["beside"] == {
        "verdict": "differs",
        "share": "0.25",
        "huge": str(1 << 60),
        "nan": "nan",
    }
    assert told["look"]["dates"] == [{"judgement": "doubtful", "span": ["1.5", 2]}]
    assert told["network"]["delay"] == "0.1"


@pytest.mark.parametrize("letter", ["a", "评", "😀", "\n", '"', "\ud83d"])
def test_an_endless_address_fits_and_is_kept_whole_beside(tmp_path: Path, letter: str) -> None:
    url = f"{PAGE}?{letter * 20_000}"
    kept = Kept(tmp_path, look(main(url=url), seen(id="2", url=url), url=url, final_url=url))
    for capture in kept.captures:
        assert len(capture.url.encode()) <= ADDRESS_LIMIT
        assert capture.url.startswith(f"{PAGE}?")
        assert kept.facts(capture)["address"] == url
    assert kept.facts()["final_url"] == url


def test_a_page_may_invent_methods(tmp_path: Path) -> None:
    kept = Kept(tmp_path, look(main(), seen(id="2", method="M" * 100_000)))
    assert kept.others[0].method == "M" * 40
    assert kept.facts(kept.others[0])["method"] == "M" * 100_000


def frames(number: int) -> list[Artefact]:
    return [Artefact(f"dom-frame-{n}-{'很长的名字' * 30}", "text/html", b"%d" % n) for n in range(number)]


def test_many_frames_with_long_names_and_much_that_is_missing(tmp_path: Path) -> None:
    url = f"{PAGE}?{'a' * 20_000}"
    reason = "浏览器没有给出" * 100
    crowded = look(
        main(url=url),
        url=url,
        final_url=url,
        title="题" * 50_000,
        artefacts=[*frames(40), *look().artefacts],
        missing={f"{n}-{'缺' * 300}": reason for n in range(500)},
        certificates={"o": [b"%d" % n for n in range(500)]},
        state="partial",
        reason=reason,
    )
    beside = {
        "verdict": "differs",
        "reason": "疑似",
        **{n: ["引" * 121] * 10 for n in ("gone", "hidden", "added")},
    }
    dates = [{"judgement": "doubtful", "quote": "日" * 120, "reason": "因" * 80} for _ in range(100)]
    kept = Kept(tmp_path, crowded, Place(run="r", site="s", beside=beside, dates=dates))
    page = kept.page
    assert len(page.to_leaf()) <= MAX_LEAF
    assert page.look is not None
    assert len(page.look["artefacts"]) == 42
    assert page.look["beside"]["verdict"] == "differs"
    made = [record.id for record in page.records if record.type == "resource"]
    assert sorted(page.look["artefacts"].values()) == sorted(made)
    assert kept.facts()["missing"] == crowded.missing
    assert kept.facts()["beside"] == beside


def test_artefacts_beyond_what_a_leaf_holds_are_named_as_missing(tmp_path: Path) -> None:
    crowded = look(main(), artefacts=[*frames(MOST_ARTEFACTS), *look().artefacts])
    kept = Kept(tmp_path, crowded)
    assert kept.page.look is not None
    assert {"dom", "screenshot"} <= set(kept.page.look["artefacts"])
    assert len(kept.page.look["artefacts"]) == MOST_ARTEFACTS
    assert len(kept.page.look["missing"]) == 2
    assert kept.page.state == "partial"
    assert kept.page.reason == f"missing: 2 artefact(s) of {MOST_ARTEFACTS + 2}"


def test_a_request_whose_head_and_body_do_not_fit(tmp_path: Path) -> None:
    head = b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n"
    bodies: Sequence[tuple[bytes, bytes | None, int | None]] = (
        (head % 3, b"abc", 3),
        (head % 2, b"abc", None),
        (head % 9, None, None),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"abc", None),
        (b"POST / HTTP/1.1", b"abc", None),
    )
    posts = [seen(id=f"{n}", request_head=h, request_body=b) for n, (h, b, _) in enumerate(bodies)]
    kept = Kept(tmp_path, look(main(), *posts))
    for capture, (head, body, length) in zip(kept.others, bodies, strict=True):
        (stored,) = [record for record in capture.records if record.type == "request"]
        assert stored.payload_length == length
        assert kept.record("request", capture).block == head + (body or b"")


def test_two_thousand_exchanges_are_one_batch(tmp_path: Path) -> None:
    many = [seen(id=f"{n}", url=f"{PAGE}/{n}.png", kind="Image") for n in range(2000)]
    began = time.monotonic()
    kept = Kept(tmp_path, look(main(), *many))
    assert time.monotonic() - began < 30
    assert len(kept.others) == 2000
    assert len({capture.id for capture in kept.captures}) == 2001
    assert {capture.page for capture in kept.others} == {ID}


# The small parts


@given(st.text(st.characters(), max_size=200), st.integers(1, 60))
def test_one_line_is_one_line_of_whole_characters(text: str, limit: int) -> None:
    made = one_line(text, limit)
    assert len(made.encode()) <= limit
    assert made.splitlines() in ([], [made]) or "\u2028" in made or "\u2029" in made


@given(st.text(st.characters(), max_size=200), st.integers(1, 60))
def test_an_address_can_stand_in_a_warc_head(text: str, limit: int) -> None:
    made = address(text, limit)
    assert len(made.encode()) <= limit
    assert not any(ord(letter) <= 0x20 or letter == "\x7f" for letter in made)


@given(st.lists(st.text(st.characters(), max_size=90), max_size=20))
def test_names_stay_apart(given: list[str]) -> None:
    made = names(given)
    assert len(set(made)) == len(made) == len(given)
    assert all(len(name.encode()) <= 64 for name in made)


TEXT = st.text(st.characters(), max_size=5)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=10,
)


@settings(max_examples=300)
@given(JSON)
def test_plain_values_have_a_canonical_form(value: Any) -> None:
    made = Capture.from_leaf(
        Capture(
            id="1", run="r", site="s", url="u", method="GET", state="complete", fidelity="derived",
            started=AT, ended=AT, records=(), look={"x": plain(value)},
        ).to_leaf()
    )  # fmt: skip
    assert made.state == "complete"


@given(st.binary(max_size=200), st.integers(0, 50))
def test_any_head_is_stored_readable_or_refused(head: bytes, length: int) -> None:
    try:
        made = stored_head(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n", length)
    except FormatError:
        return
    assert http.payload(made.head + b"b" * length) == b"b" * length
    assert stored_head(made.head, length).head == made.head
