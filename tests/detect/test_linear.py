"""The linear model: what it stores, how it scores and explains, what it refuses; training on synthetic rows."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from crawler.detect.text.linear import FORMAT, Linear, decode, load, logistic, train, weighed
from crawler.errors import FormatError, UsageError

MODEL = Linear(
    kind="synthetic", bias=-1.0, threshold=0.4, counted=("c",),
    terms={"c:a": (2.0, 3.0), "c:b": (1.0, -1.0), "r:n": (1.0, 0.5)}, about={"rows": 3},
)  # fmt: skip
NAMES = st.sampled_from(["c:a", "c:b", "c:unknown", "r:n", "r:unknown"])
FEATURES = st.dictionaries(NAMES, st.integers(0, 9).map(float))


def test_margin_by_hand() -> None:
    # a twice: (1 + ln 2) × 2; b once: 1; both brought to length 1 together; n counts as it is.
    a, b = (1 + math.log(2)) * 2, 1.0
    length = math.hypot(a, b)
    features = {"c:a": 2.0, "c:b": 1.0, "r:n": 4.0, "c:unknown": 9.0}
    assert MODEL.margin(features) == pytest.approx(-1 + 3 * a / length - b / length + 2)
    assert list(MODEL.reasons(features)) == ["c:a", "r:n", "c:b"]
    assert MODEL.margin({}) == -1.0


@given(FEATURES)
def test_reasons_add_up_to_the_margin(features: dict[str, float]) -> None:
    parts = MODEL.reasons(features)
    assert MODEL.margin(features) == pytest.approx(MODEL.bias + sum(parts.values()))
    assert set(parts) <= set(MODEL.terms) & set(features)
    assert 0 <= MODEL.score(features) <= 1
    values = weighed(features, {"c:a": 2.0, "c:b": 1.0}, ("c",))
    assert not values or math.hypot(*values.values()) == pytest.approx(1)


def test_logistic_has_no_overflow() -> None:
    assert logistic(0) == 0.5
    assert logistic(1e6) == 1.0
    assert logistic(-1e6) == 0.0
    assert logistic(2) == pytest.approx(1 - logistic(-2))


def test_a_model_is_canonical_json_and_comes_back_equal(tmp_path: Path) -> None:
    content = MODEL.encoded()
    assert decode(content) == MODEL
    assert content == rfc8785.dumps(json.loads(content))
    file = tmp_path / "model.json"
    file.write_bytes(content)
    assert load(file, "synthetic") == MODEL
    with pytest.raises(UsageError, match="train it again"):
        load(file, "another")
    with pytest.raises(UsageError, match="cannot read"):
        load(tmp_path / "none.json", "synthetic")


def changed(**parts: Any) -> bytes:
    return json.dumps({**json.loads(MODEL.encoded()), **parts}).encode()


@pytest.mark.parametrize(
    "content",
    [b"", b"\x80\x04.", b"[]", b"{}", b"[" * 100_000, b"\xff", changed(format="evidence-linear-0"),
     changed(bias="1"), changed(bias=True), changed(bias=float("nan")), changed(threshold=None),
     changed(terms={"c:a": [1]}), changed(terms={"c:a": [1, float("inf")]}), changed(terms=[]), changed(counted=[1])],
)  # fmt: skip
def test_what_is_no_model_is_refused(content: bytes) -> None:
    with pytest.raises(FormatError):
        decode(content)


def rows() -> tuple[list[dict[str, float]], list[bool], list[str]]:
    """Synthetic: "p" in positives, "n" in negatives, "x" in both; each row a word of its own."""
    features = [
        {"c:p" if number % 2 else "c:n": 1.0, "c:x": 2.0, f"c:own{number}": 1.0, "r:mark": float(number % 2)}
        for number in range(20)
    ]
    return features, [bool(number % 2) for number in range(20)], [f"g{number}" for number in range(20)]


def test_training_finds_what_tells_and_forgets_what_one_group_has() -> None:
    pytest.importorskip("sklearn")
    features, truths, groups = rows()
    model = train("synthetic", features, truths, groups, ("c",))
    assert set(model.terms) == {"c:p", "c:n", "c:x", "r:mark"}
    assert model.terms["c:p"][1] > 0.3
    assert model.terms["c:n"][1] < -0.3
    assert [model.score(each) > 0.5 for each in features] == truths
    assert model.terms["c:x"][0] == pytest.approx(1.0)  # in every group: ln(21/21) + 1
    assert decode(model.encoded()) == model
    assert json.loads(model.encoded())["format"] == FORMAT


def test_training_is_deterministic_in_any_order_of_features() -> None:
    pytest.importorskip("sklearn")
    features, truths, groups = rows()
    first = train("synthetic", features, truths, groups, ("c",)).encoded()
    turned = [dict(reversed(each.items())) for each in features]
    assert train("synthetic", turned, truths, groups, ("c",)).encoded() == first


def test_the_plain_score_is_scikit_learns() -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    features, truths, groups = rows()
    model = train("synthetic", features, truths, groups, ("c",))
    names = sorted(model.terms)
    frequencies = {name: model.terms[name][0] for name in names}
    table = [[weighed(each, frequencies, ("c",)).get(name, 0.0) for name in names] for each in features]
    theirs = linear_model.LogisticRegression(
        C=1.0, class_weight="balanced", solver="liblinear", dual=True, random_state=0, max_iter=1000
    ).fit(table, truths)
    ours = [model.margin(each) for each in features]
    assert ours == pytest.approx(list(theirs.decision_function(table)), abs=1e-3)


def test_training_needs_both_labels() -> None:
    with pytest.raises(UsageError, match="both labels"):
        train("synthetic", [{"c:a": 1.0}], [True], ["g"], ("c",))
