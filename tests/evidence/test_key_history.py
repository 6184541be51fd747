"""The log's keys over the years: every statement that is not exactly right is refused."""

import base64
import hashlib
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.errors import FormatError, UsageError
from crawler.evidence.checkpoint import open_note
from crawler.evidence.key_history import (
    CREATED,
    REPLACED,
    ROTATED,
    KeyEvent,
    facts,
    in_force,
    noted_checkpoint,
    read_terms,
    replacement_details,
    rotation_details,
    rotation_statement,
    with_checkpoint,
)
from crawler.evidence.note import Verifier, sign_note, verifier_of, vkey

ORIGIN = "example.org/archive"
TIME = "2026-11-22T08:16:41.123456Z"


def key(number: int) -> Ed25519PrivateKey:
    """Always the same keys, so that a failure can be looked at again."""
    return Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)


def public(number: int, name: str = ORIGIN) -> Verifier:
    return verifier_of(name, key(number).public_key())


def created(number: int = 1, index: int = 0) -> KeyEvent:
    details = {"organisation": "某某市消费者委员会", "vkey": public(number).line}
    return KeyEvent(index, CREATED, details, TIME)


def rotated(old: int, new: int, index: int) -> KeyEvent:
    return KeyEvent(index, ROTATED, rotation_details(key(old), key(new), ORIGIN), TIME)


def replaced(old: int, new: int, index: int, reason: str = "硬盘损坏") -> KeyEvent:
    return KeyEvent(index, REPLACED, replacement_details(public(old), key(new), reason), TIME)


def changed(event: KeyEvent, **details: Any) -> KeyEvent:
    return replace(event, details={**event.details, **details})


def test_the_terms_follow_each_other() -> None:
    terms = read_terms([created(1), rotated(1, 2, 10), replaced(2, 3, 20)])
    assert [term.verifier for term in terms] == [public(1), public(2), public(3)]
    assert [term.reason for term in terms] == ["", "", "硬盘损坏"]
    found = facts(terms, 30)
    assert [fact.key_id for fact in found] == [public(number).key_id.hex() for number in (1, 2, 3)]
    assert [fact.remark for fact in found] == [
        "entries 0 to 9; first key",
        "entries 10 to 19; rotated",
        "from entry 20 on; replaces a lost key: 硬盘损坏",
    ]


@pytest.mark.parametrize(
    ("size", "wanted"), [(0, 1), (1, 1), (9, 1), (10, 1), (11, 2), (20, 2), (21, 3), (9999, 3)]
)
def test_a_key_is_in_force_from_the_checkpoint_that_covers_its_event(size: int, wanted: int) -> None:
    terms = read_terms([created(1), rotated(1, 2, 10), replaced(2, 3, 20)])
    assert in_force(terms, size).verifier == public(wanted)


def test_the_statement_reads_as_documented() -> None:
    details = rotation_details(key(1), key(2), ORIGIN)
    lines = details["statement"].split("\n")
    assert lines[:4] == ["web-evidence key rotation v1", ORIGIN, public(1).line, public(2).line]
    assert lines[5:] == [""]
    for name, number in (("from_signature", 1), ("to_signature", 2)):
        public(number).public_key.verify(base64.b64decode(details[name]), details["statement"].encode())


def test_a_rotation_that_only_the_new_key_signed_is_refused() -> None:
    forged = rotated(1, 2, 5)
    with pytest.raises(FormatError, match=r"entry 5.*key that hands over"):
        read_terms([created(1), changed(forged, from_signature=forged.details["to_signature"])])


def test_a_rotation_without_the_new_keys_signature_is_refused() -> None:
    forged = rotated(1, 2, 5)
    with pytest.raises(FormatError, match="key that takes over"):
        read_terms([created(1), changed(forged, to_signature=forged.details["from_signature"])])


def test_a_rotation_does_not_pass_as_a_replacement_nor_the_other_way_round() -> None:
    one, other = rotated(1, 2, 5), replaced(1, 2, 5)
    for event in (replace(one, act=REPLACED), replace(other, act=ROTATED)):
        with pytest.raises(FormatError, match="expected the texts"):
            read_terms([created(1), event])
    borrowed = changed(other, statement=one.details["statement"], to_signature=one.details["to_signature"])
    with pytest.raises(FormatError, match="does not say"):
        read_terms([created(1), borrowed])


def test_reordered_left_out_and_repeated_events_are_refused() -> None:
    first, second = rotated(1, 2, 5), rotated(2, 3, 6)
    with pytest.raises(FormatError, match="hands over from key"):
        read_terms([created(1), second, first])
    with pytest.raises(FormatError, match="hands over from key"):
        read_terms([created(1), second])
    with pytest.raises(FormatError, match="hands over from key"):
        read_terms([created(1), first, replace(first, index=6)])
    with pytest.raises(FormatError, match="a second time"):
        read_terms([created(1), created(2, index=3)])
    with pytest.raises(FormatError, match="does not begin with"):
        read_terms([first])


def test_a_retired_key_never_comes_back() -> None:
    with pytest.raises(FormatError, match="never comes back"):
        read_terms([created(1), rotated(1, 2, 5), rotated(2, 1, 6)])


@pytest.mark.parametrize(
    "event",
    [
        KeyEvent(0, CREATED, {}, TIME),
        KeyEvent(0, CREATED, {"vkey": 7}, TIME),
        KeyEvent(0, CREATED, {"vkey": "x+y"}, TIME),
        created(1, index=1),
    ],
)
def test_a_log_begins_with_its_first_key(event: KeyEvent) -> None:
    with pytest.raises(FormatError):
        read_terms([event])


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([rotated(1, 2, 5), replaced(1, 2, 5)]), st.data())
def test_one_changed_character_anywhere_is_refused(event: KeyEvent, draw: st.DataObject) -> None:
    name = draw.draw(st.sampled_from(sorted(event.details)))
    text = event.details[name]
    position = draw.draw(st.integers(0, len(text)))
    for damaged in (text[:position] + "A" + text[position + 1 :], text[:position], text + "\n"):
        if damaged != text:
            with pytest.raises(FormatError):
                read_terms([created(1), changed(event, **{name: damaged})])


def test_details_more_or_less_than_these_are_refused() -> None:
    event = rotated(1, 2, 5)
    for details in (
        {**event.details, "more": "x"},
        {name: text for name, text in event.details.items() if name != "to_signature"},
        {**event.details, "statement": 5},
    ):
        with pytest.raises(FormatError, match="expected the texts"):
            read_terms([created(1), replace(event, details=details)])


def test_a_key_under_another_name_does_not_take_over() -> None:
    with pytest.raises(FormatError, match="not a change of keys of one log"):
        rotation_statement(public(1), public(2, "other.example"), TIME)
    with pytest.raises(FormatError, match="not a change of keys"):
        rotation_statement(public(1), public(1), TIME)
    with pytest.raises(FormatError, match="not a time"):
        rotation_statement(public(1), public(2), "2026-11-22")


@pytest.mark.parametrize("reason", ["", "  ", "two\nlines", "x" * 501, "a\u202eb"])
def test_a_reason_is_one_printable_line(reason: str) -> None:
    with pytest.raises(UsageError, match="--reason"):
        replacement_details(public(1), key(2), reason)


def test_a_statement_never_passes_for_a_checkpoint() -> None:
    """Domain separation: signed as a note by the same key, it is refused as a checkpoint."""
    statement = rotation_statement(public(1), public(2), TIME)
    with pytest.raises(FormatError):
        open_note(sign_note(statement, ORIGIN, key(1)), [public(1)])
    with pytest.raises(FormatError, match="not a key name"):
        vkey(statement.split("\n")[0], key(1).public_key())


def test_a_change_names_the_newest_checkpoint_before_it() -> None:
    event = rotated(1, 2, 10)
    assert noted_checkpoint(event) is None
    noted = replace(event, details=with_checkpoint(dict(event.details), 10, b"note"))
    found = noted_checkpoint(noted)
    assert found == (10, "sha256:" + hashlib.sha256(b"note").hexdigest())
    assert read_terms([created(1), noted])[-1].verifier == public(2)


@pytest.mark.parametrize(
    "checkpoint",
    [
        "10",
        {},
        {"size": 10},
        {"size": 11, "sha256": "sha256:" + "0" * 64},
        {"size": -1, "sha256": "sha256:" + "0" * 64},
        {"size": True, "sha256": "sha256:" + "0" * 64},
        {"size": 10, "sha256": "sm3:" + "0" * 64},
        {"size": 10, "sha256": "sha256:" + "0" * 64, "more": 1},
    ],
)
def test_an_ill_formed_checkpoint_of_a_change_is_refused(checkpoint: object) -> None:
    with pytest.raises(FormatError):
        read_terms([created(1), changed(rotated(1, 2, 10), checkpoint=checkpoint)])
