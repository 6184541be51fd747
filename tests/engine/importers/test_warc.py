"""WARC files of other recorders: what is landed, what is said of what is missing, and that counts agree."""

import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from crawler.engine.extract import rebuild
from crawler.engine.importers.found import Exchange, Terms
from crawler.engine.importers.pairing import WINDOW
from crawler.engine.importers.warc import WarcSource
from crawler.evidence.verify import verify
from crawler.store.index import FILE, Index
from tests.archives import nothing_failed
from tests.conftest import PAGES
from tests.engine.importers.imported import (
    HTML,
    answer,
    asked,
    body,
    captures,
    events,
    facts,
    made,
    only,
    record,
    sha1,
    take,
    written,
)

URL = "http://shop.invalid/1"


def listed(*kinds: str) -> list[dict[str, Any]]:
    index = PAGES / "INDEX.jsonl"
    if not index.is_file():
        return []
    return [
        entry
        for line in index.read_text("utf-8").splitlines()
        if (entry := json.loads(line))["kind"] in kinds
    ]


@pytest.mark.saved_pages
@pytest.mark.parametrize("entry", listed("warc"), ids=lambda entry: entry["file"])
def test_every_good_warc_imports_and_its_counts_are_as_listed(entry: dict[str, Any], archive: Path) -> None:
    (report,) = take(archive, PAGES / entry["file"])
    expected = entry["expected"]
    assert report.complete, report
    assert report.records == expected["types"]
    assert sum(report.records.values()) == expected["records"]
    assert report.first == expected["first_target"]
    answers = ("response", "revisit", "resource")
    landed = [capture for capture in captures(archive) if capture.state != "failed"]
    assert len(landed) == sum(expected["types"].get(kind, 0) for kind in answers)
    nothing_failed(archive)


@pytest.mark.saved_pages
@pytest.mark.parametrize("entry", listed("malformed"), ids=lambda entry: entry["file"])
def test_malformed_files_are_refused_or_read_and_the_archive_verifies(
    entry: dict[str, Any], archive: Path
) -> None:
    (report,) = take(archive, PAGES / entry["file"])
    assert (report.refused is None) == bool(report.captures), report
    if report.quarantined:
        assert (archive / report.quarantined).read_bytes() == (PAGES / entry["file"]).read_bytes()
    nothing_failed(archive)


def test_a_pair_becomes_one_capture_with_both_times(archive: Path, tmp_path: Path) -> None:
    response = made("response", answer(), "WARC-IP-Address: 192.0.2.1", record_id="<urn:uuid:1>")
    request = made("request", asked("/1"), "WARC-Concurrent-To: <urn:uuid:1>", url=URL)
    info = made("warcinfo", b"software: Recorder 9\r\n", url=None)
    (report,) = take(archive, written(tmp_path / "a.warc.gz", info, request, response))
    assert (report.captures, report.records) == (
        {"complete": 1},
        {"request": 1, "response": 1, "warcinfo": 1},
    )
    capture = only(archive, URL)
    assert [stored.type for stored in capture.records] == ["response", "request", "metadata"]
    assert (capture.fidelity, capture.status, capture.site) == ("imported", 200, "page")
    assert capture.started > "2026"
    assert capture.imported == {
        "file": report.sha256,
        "format": "warc",
        "claimed": {
            "date": "2024-08-05T10:11:12Z",
            "record": "<urn:uuid:1>",
            "software": "Recorder 9",
            "ip": "192.0.2.1",
        },
    }
    assert record(archive, capture, "response").date == capture.started
    assert ["WARC-Date", "2024-08-05T10:11:12Z"] in facts(archive, capture)["response_record"]


def test_the_file_is_kept_unchanged_and_the_log_tells_of_it(archive: Path, tmp_path: Path) -> None:
    path = written(tmp_path / "页面 一.warc", made("response", answer()))
    (report,) = take(archive, path, origin="消费者李某提供", by="李某")
    assert report.file is not None
    assert (archive / report.file).read_bytes() == path.read_bytes()
    (event,) = events(archive, "file-imported")
    assert event["name"] == "页面 一.warc"
    assert (event["origin"], event["by"], event["pages"], event["refused"]) == (
        "消费者李某提供",
        "李某",
        1,
        0,
    )
    assert event["file"].isascii()
    assert (event["sha256"], event["bytes"]) == (report.sha256, path.stat().st_size)
    assert event["sm3"].startswith("sm3:")


def test_requests_are_paired_by_address_where_no_field_says_so(archive: Path, tmp_path: Path) -> None:
    records = [
        record
        for number in range(3)
        for record in (
            made("request", asked(f"/{number}", method="POST"), url=f"http://shop.invalid/{number}"),
            made("response", answer(b"%d" % number), url=f"http://shop.invalid/{number}"),
        )
    ]
    take(archive, written(tmp_path / "a.warc", *records))
    found = captures(archive)
    assert [(capture.method, body(archive, capture)) for capture in found] == [
        ("POST", b"0"),
        ("POST", b"1"),
        ("POST", b"2"),
    ]


def test_a_request_that_waits_too_long_and_one_without_answer_are_failed_captures(
    archive: Path, tmp_path: Path
) -> None:
    lost = made("request", asked("/lost"), "WARC-Concurrent-To: <urn:uuid:none>", url="http://shop.invalid/l")
    others = [made("response", answer(), url=f"http://shop.invalid/{n}") for n in range(WINDOW + 1)]
    (report,) = take(archive, written(tmp_path / "a.warc", lost, *others))
    assert report.captures == {"complete": WINDOW + 1, "failed": 1}
    assert only(archive, "http://shop.invalid/l").reason == "the file holds a request without its answer"
    nothing_failed(archive)


@pytest.mark.parametrize("version", ["WARC/1.1", "WARC/1.0", "WARC/0.18", "WARC/0.17"])
def test_every_version_is_read(version: str, archive: Path, tmp_path: Path) -> None:
    (report,) = take(archive, written(tmp_path / "a.warc", made("response", answer(), version=version)))
    assert report.captures == {"complete": 1}


def test_one_gzip_member_for_the_whole_file_and_brackets_around_the_address(
    archive: Path, tmp_path: Path
) -> None:
    path = tmp_path / "a.warc.gz"
    path.write_bytes(gzip.compress(b"".join(made("response", answer(), url=f"<{URL}{n}>") for n in "ab")))
    (report,) = take(archive, path)
    assert [capture.url for capture in captures(archive)] == [f"{URL}a", f"{URL}b"]
    assert report.captures == {"complete": 2}


@pytest.mark.parametrize("name", ["WARC-Block-Digest", "WARC-Payload-Digest"])
def test_a_record_with_a_wrong_digest_is_partial_and_says_which(
    name: str, archive: Path, tmp_path: Path
) -> None:
    wrong = made("response", answer(), f"{name}: {sha1(b'other')}", digests=False)
    right = made("response", answer(), f"WARC-Payload-Digest: {sha1(HTML)}", url="http://shop.invalid/2")
    (report,) = take(archive, written(tmp_path / "a.warc.gz", wrong, right))
    assert report.captures == {"complete": 1, "partial": 1}
    assert name in str(only(archive, URL).reason)
    nothing_failed(archive)


@pytest.mark.parametrize("label", ["sha256:{hex}", "sha-256:{hex}", "md5:{md5}", "sha1:{sha1hex}"])
def test_every_way_of_writing_a_digest_is_read(label: str, archive: Path, tmp_path: Path) -> None:
    content = answer()
    digest = label.format(
        hex=hashlib.sha256(content).hexdigest(),
        md5=hashlib.md5(content).hexdigest(),  # noqa: S324
        sha1hex=hashlib.sha1(content).hexdigest(),  # noqa: S324
    )
    good = made("response", content, f"WARC-Block-Digest: {digest}", digests=False)
    bad = made("response", content + b"x", f"WARC-Block-Digest: {digest}", digests=False, url=URL + "x")
    (report,) = take(archive, written(tmp_path / "a.warc", good, bad))
    assert report.captures == {"complete": 1, "partial": 1}


def test_a_revisit_gets_its_payload_from_the_same_file_wherever_it_stands(
    archive: Path, tmp_path: Path
) -> None:
    payload = f"WARC-Payload-Digest: {sha1(HTML)}"
    head = answer(b"", "X-Mark: second", length=len(HTML))
    again = made("revisit", head, payload, url="http://shop.invalid/again")
    by_date = made(
        "revisit",
        head,
        "WARC-Refers-To-Target-URI: <http://shop.invalid/1>",
        "WARC-Refers-To-Date: 2024-08-05T10:11:12Z",
        url="http://shop.invalid/date",
    )
    lost = made("revisit", head, f"WARC-Payload-Digest: {sha1(b'elsewhere')}", url="http://shop.invalid/lost")
    original = made("response", answer(), payload)
    (report,) = take(archive, written(tmp_path / "a.warc.gz", again, by_date, lost, original))
    assert report.captures == {"complete": 3, "partial": 1}
    source = only(archive, URL)
    for url in ("http://shop.invalid/again", "http://shop.invalid/date"):
        capture = only(archive, url)
        assert body(archive, capture) == HTML
        assert b"X-Mark: second" in record(archive, capture, "response").block
        assert facts(archive, capture)["payload_taken_from"] == str(source.records[0].locator)
    assert "a revisit of a payload that is not in the file" in str(
        only(archive, "http://shop.invalid/lost").reason
    )
    nothing_failed(archive)


def test_a_revisit_is_not_given_another_payload(archive: Path, tmp_path: Path) -> None:
    original = made("response", answer(), f"WARC-Payload-Digest: {sha1(HTML)}", record_id="<urn:uuid:1>")
    other = made(
        "revisit",
        answer(b""),
        "WARC-Refers-To: <urn:uuid:1>",
        f"WARC-Payload-Digest: {sha1(b'other')}",
        url="http://shop.invalid/2",
    )
    take(archive, written(tmp_path / "a.warc", original, other))
    assert only(archive, "http://shop.invalid/2").state == "partial"


def test_a_body_over_the_limit_is_cut_and_said_to_be(tmp_path: Path) -> None:
    path = written(tmp_path / "a.warc.gz", made("response", answer(b"x" * 5000)))
    found = list(WarcSource(path, Terms(1000)).found(bodies=True, step=lambda _: None))
    (exchange,) = found
    assert isinstance(exchange, Exchange)
    assert exchange.truncated
    assert exchange.reason is not None
    assert exchange.response is not None
    assert exchange.response == answer(b"x" * 5000)[:1000]


def test_secrets_are_not_in_what_is_landed_but_in_the_kept_file(archive: Path, tmp_path: Path) -> None:
    response = made("response", answer(HTML, "Set-Cookie: sid=SECRET1; path=/", "set-cookie: b=SECRET2"))
    request = made("request", asked("/1", "Cookie: sid=SECRET3", "Authorization: Bearer SECRET4"))
    (report,) = take(archive, written(tmp_path / "a.warc", response, request))
    capture = only(archive, URL)
    stored = b"".join(record(archive, capture, kind).block for kind in ("response", "request", "metadata"))
    assert b"SECRET" not in stored
    assert stored.count(b"[withheld]") == 4
    said = facts(archive, capture)
    assert said["withheld_from_response"] == ["Set-Cookie"]
    assert said["withheld_from_request"] == ["Authorization", "Cookie"]
    assert report.file is not None
    assert b"SECRET4" in (archive / report.file).read_bytes()
    nothing_failed(archive)


def test_a_resource_and_an_answer_that_is_no_http_are_kept(archive: Path, tmp_path: Path) -> None:
    resource = made(
        "resource", b"\x89PNG\r\n\x1a\n", "Content-Type: image/png", url="urn:view:http://a.invalid/"
    )
    dns = made("response", b"20240805 a.invalid. 1 IN A 192.0.2.1", url="dns:a.invalid", digests=False)
    dns = dns.replace(b"application/http; msgtype=response", b"text/dns")
    broken = made("response", b"no http at all", url="http://shop.invalid/broken")
    (report,) = take(archive, written(tmp_path / "a.warc", resource, dns, broken))
    assert report.captures == {"complete": 2, "partial": 1}
    assert only(archive, "dns:a.invalid").media_type == "text/dns"
    assert "no HTTP message" in str(only(archive, "http://shop.invalid/broken").reason)
    nothing_failed(archive)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "empty"),
        ("http://shop.invalid/" + "x" * 20_000, "more than 16000"),
        ("http://[bad/", "is none"),
        ("no address", "is none"),
        ("http://shop.invalid/\x07", "control"),
    ],
)
def test_a_record_without_a_usable_address_is_refused_by_itself(
    url: str, why: str, archive: Path, tmp_path: Path
) -> None:
    good, bad = made("response", answer()), made("response", answer(), url=url)
    (report,) = take(archive, written(tmp_path / "a.warc", good, bad))
    assert report.captures == {"complete": 1}
    assert (report.problem_count, report.complete) == (1, False)
    assert why in report.problems[0]
    assert "record 2" in report.problems[0]
    (event,) = events(archive, "file-imported")
    assert (event["pages"], event["refused"]) == (1, 1)


@pytest.mark.parametrize("cut", [100, 300, -30, -5, -1])
def test_a_file_that_ends_early_is_refused_as_a_whole(cut: int, archive: Path, tmp_path: Path) -> None:
    whole = b"".join(gzip.compress(made("response", answer(), url=URL + str(n))) for n in range(3))
    path = tmp_path / "cut.warc.gz"
    path.write_bytes(whole[:cut])
    (report,) = take(archive, path)
    assert report.refused is not None
    assert report.quarantined is not None
    assert captures(archive) == []
    assert (archive / report.quarantined).read_bytes() == whole[:cut]
    (event,) = events(archive, "import-refused")
    assert event["reason"] == report.refused
    nothing_failed(archive)


def test_the_same_file_again_adds_nothing_but_its_event(archive: Path, tmp_path: Path) -> None:
    path = written(tmp_path / "a.warc.gz", made("response", answer()))
    other = tmp_path / "renamed.warc.gz"
    other.write_bytes(path.read_bytes())
    (first,) = take(archive, path)
    (second,) = take(archive, other)
    assert (second.again, second.captures, second.known) == (True, {}, 1)
    assert second.file == first.file
    assert len(captures(archive)) == 1
    assert [event.get("again") for event in events(archive, "file-imported")] == [None, True]
    assert len(list((archive / "imports").iterdir())) == 1
    nothing_failed(archive)


def test_rebuild_gives_the_same_database(archive: Path, tmp_path: Path) -> None:
    take(archive, written(tmp_path / "a.warc.gz", made("response", answer())))
    assert rebuild(archive) == []
    with Index(archive / FILE, writable=False) as index:
        (row,) = index.query("select fidelity from capture")
    assert row["fidelity"] == "imported"
    assert verify(archive).check("imports").status == "passed"


@pytest.mark.parametrize("name", ["a.warc", "a.warc.gz"])
@pytest.mark.parametrize("by", [-3, 3])
def test_a_record_of_another_length_than_it_says_spoils_its_file(
    by: int, name: str, archive: Path, tmp_path: Path
) -> None:
    wrong = made("response", answer())
    length = len(answer())
    wrong = wrong.replace(
        b"Content-Length: %d\r\nWARC-T" % length, b"Content-Length: %d\r\nWARC-T" % (length + by)
    )
    (report,) = take(archive, written(tmp_path / name, wrong, made("response", answer(), url=URL + "2")))
    assert report.refused is not None
    assert report.quarantined is not None
    assert captures(archive) == []


def test_line_ends_that_some_writers_add_are_passed_over(archive: Path, tmp_path: Path) -> None:
    one, other = made("response", answer()), made("response", answer(), url=URL + "2")
    (report,) = take(archive, written(tmp_path / "a.warc", one + b"\r\n\n", other + b"\r\n"))
    assert report.captures == {"complete": 2}


def test_what_its_recorder_cut_or_split_is_partial(archive: Path, tmp_path: Path) -> None:
    cut = made("response", answer(), "WARC-Truncated: time")
    split = made("response", answer(), "WARC-Segment-Number: 1", url=URL + "2")
    rest = made("continuation", b"rest", "WARC-Segment-Number: 2", url=URL + "2")
    (report,) = take(archive, written(tmp_path / "a.warc", cut, split, rest))
    assert report.captures == {"partial": 2}
    assert "WARC-Truncated: time" in str(only(archive, URL).reason)
    assert "continuation" in report.problems[0]
    nothing_failed(archive)
