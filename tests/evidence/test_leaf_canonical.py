"""The fast way to tell canonical form agrees with the library, whatever the leaf."""

import json
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.errors import FormatError
from crawler.evidence.manifest import MAX_LEAF, _plainly_canonical, parse_leaf

TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
NUMBERS = st.integers(-(10**18), 10**18) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=8,
)
OBJECTS = st.dictionaries(TEXT, VALUES, max_size=5)


def by_the_library(leaf: bytes) -> dict[str, Any] | None:
    """What `parse_leaf` said before there was a fast way."""
    try:
        content = json.loads(leaf)
        return content if isinstance(content, dict) and rfc8785.dumps(content) == leaf else None
    except (ValueError, RecursionError, UnicodeEncodeError, rfc8785.CanonicalizationError):
        return None


def ours(leaf: bytes) -> dict[str, Any] | None:
    """As `parse_leaf`, for objects that are no leaf otherwise."""
    try:
        return parse_leaf(leaf)
    except FormatError as error:
        return json.loads(leaf) if "unknown leaf" in str(error) else None


@given(OBJECTS)
@settings(max_examples=300, deadline=None)
def test_what_is_canonical_is_taken_and_means_the_same(content: dict[str, Any]) -> None:
    try:
        leaf = rfc8785.dumps(content)
    except rfc8785.CanonicalizationError:
        return
    assert ours(leaf) == by_the_library(leaf)


@given(
    OBJECTS,
    st.integers(0, 10_000),
    st.sampled_from([b" ", b"0", b"-", b'"', b",", b"\\", b"\xc3", b"1", b"e"]),
)
@settings(max_examples=300, deadline=None)
def test_what_was_changed_is_judged_as_by_the_library(content: dict[str, Any], at: int, byte: bytes) -> None:
    leaf = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    at %= len(leaf)
    for changed in (
        leaf,
        leaf[:at] + byte + leaf[at:],
        leaf[:at] + byte + leaf[at + 1 :],
        leaf[:at] + leaf[at + 1 :],
    ):
        assert ours(changed) == by_the_library(changed), changed


@pytest.mark.parametrize(
    "leaf",
    [
        b'{"a":1,"a":2}',
        b'{"a":-0}',
        b'{"a":1.0}',
        b'{"a":1e2}',
        b'{"a":NaN}',
        b'{"a":"\\u0041"}',
        b'{"a":"\\/"}',
        b'{"a":"\\ud800"}',
        b'{"b":1,"a":2}',
        b'{"a": 1}',
        b'{"a":9007199254740993}',
        '{"\ue000":1,"\U0001f600":2}'.encode(),  # by code points, not by UTF-16 code units
        b'\xef\xbb\xbf{"a":1}',
        '{"a":1}'.encode("utf-16"),
        b'{"a":"\xff"}',
        b'{"a":' + b"9" * 5000 + b"}",
        b"[1]",
        b"{" + b'"a":{' * 20000 + b"}" * 20001,
        b"[" * 60000,
    ],
)
def test_what_is_not_canonical_is_refused(leaf: bytes) -> None:
    with pytest.raises(FormatError, match=r"canonical|JSON"):
        parse_leaf(leaf)


def test_the_fast_way_is_the_usual_one() -> None:
    leaf = rfc8785.dumps({"kind": "event", "version": 1, "act": "x", "details": {"名": "评价", "n": 10**14}})
    assert _plainly_canonical(leaf) == parse_leaf(leaf)
    for slow in ({"a": 0.5}, {"a": 2**52}, {"\U0001f600": 1}):
        assert _plainly_canonical(rfc8785.dumps(slow)) is None


def test_a_version_that_is_true_is_none() -> None:
    with pytest.raises(FormatError, match="unknown leaf: version True"):
        parse_leaf(rfc8785.dumps({"kind": "event", "version": True, "act": "x"}))


def test_a_leaf_that_is_too_long_is_refused() -> None:
    with pytest.raises(FormatError, match=str(MAX_LEAF)):
        parse_leaf(rfc8785.dumps({"kind": "event", "version": 1, "act": "x" * MAX_LEAF}))
