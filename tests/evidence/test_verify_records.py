"""One record against its leaf: each thing that can differ is refused by the check meant for it."""

from dataclasses import replace
from typing import Any

import pytest

from crawler.errors import FormatError
from crawler.evidence.checks.leaves import Leaf
from crawler.evidence.checks.records import check_record, payload_of
from crawler.evidence.digest import digest
from crawler.evidence.manifest import Capture, Locator, StoredRecord
from crawler.evidence.warc import Encoded, Record, encode, new_record_id

URL, DATE = "http://a.example/", "2026-11-22T08:16:41.123456Z"
BLOCK = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"
WRONG = "0" * 64


def encoded(**changes: Any) -> Encoded:
    record = Record(
        type="response",
        id="<urn:uuid:1>",
        date=DATE,
        content_type="application/http;msgtype=response",
        block=BLOCK,
        target_uri=URL,
        payload=b"abc",
    )
    return encode(replace(record, **changes))


def described(item: Encoded, **changes: Any) -> StoredRecord:
    return replace(item.at(Locator("warc/00001.warc.gz", 0, len(item.stored))), **changes)


def leaf(record: StoredRecord) -> Leaf:
    capture = Capture(
        id="c", run="r", site="s", url=URL, method="GET", state="complete", fidelity="wire-exact",
        started=DATE, ended=DATE, records=(record,),
    )  # fmt: skip
    return Leaf(capture, None, (record,))


def test_what_agrees_is_decoded() -> None:
    item = encoded()
    assert check_record(item.stored, described(item), leaf(described(item))).block == BLOCK


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"sha256": f"sha256:{WRONG}"}, f"the log says sha256:{WRONG}"),
        ({"sm3": f"sm3:{WRONG}"}, f"the log says sm3:{WRONG}"),
        ({"type": "resource"}, "the log says resource <urn:uuid:1>"),
        ({"id": "<urn:uuid:2>"}, "the log says response <urn:uuid:2>"),
        ({"block_digest": f"sha256:{WRONG}"}, "block digest is not"),
        ({"payload_digest": f"sha256:{WRONG}"}, "declares payload"),
        ({"payload_digest": None}, "declares payload"),
        ({"payload_length": 4}, "payload has .* and 3 bytes"),
    ],
)
def test_a_leaf_that_says_otherwise(change: dict[str, Any], said: str) -> None:
    item = encoded()
    expected = described(item, **change)
    with pytest.raises(FormatError, match=said):
        check_record(item.stored, expected, leaf(expected))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"date": "2026-11-22T08:16:41.123457Z"}, "is not the start of the capture"),
        ({"target_uri": "http://b.example/"}, "is not the capture's URL"),
        ({"target_uri": None}, "is not the capture's URL"),
        ({"payload": b"abd"}, "payload has"),
        ({"block": BLOCK + b"x", "declare_payload": False, "payload": b"abcx"}, "payload has"),
        ({"type": "metadata", "content_type": "text/plain"}, "has no payload"),
        ({"block": b"garbage"}, "no blank line"),
    ],
)
def test_a_record_that_was_written_otherwise(change: dict[str, Any], said: str) -> None:
    item = encoded(**change)
    with pytest.raises(FormatError, match=said):
        check_record(item.stored, described(item), leaf(described(item)))


def test_a_payload_that_the_record_does_not_declare_is_still_checked() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    item = encoded(block=chunked, declare_payload=False)
    check_record(item.stored, described(item), leaf(described(item)))
    wrong = described(item, payload_digest=digest(b"abd"))
    with pytest.raises(FormatError, match="payload has"):
        check_record(item.stored, wrong, leaf(wrong))


def test_a_cut_answer_has_no_payload_and_that_is_no_fault() -> None:
    cut = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab"
    item = encoded(block=cut, payload=None)
    assert check_record(item.stored, described(item), leaf(described(item))).block == cut


def test_a_resource_has_its_own_uri_and_its_block_is_its_payload() -> None:
    item = encoded(
        type="resource", target_uri="urn:x", content_type="image/png", payload=BLOCK, id=new_record_id()
    )
    assert payload_of(check_record(item.stored, described(item), leaf(described(item)))) == BLOCK
