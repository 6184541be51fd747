"""The mutation corpus of bundles, receipts and WACZ files: each damage fails in its check, for its reason.

Here the fast part; `python -m tests.mutations` runs all of it.
"""

from pathlib import Path

import pytest

from crawler.evidence.verify import verify_bundle, verify_receipt, verify_wacz
from tests.mutations import (
    bundle_bag,
    bundle_hostile,
    bundle_insider,
    bundle_log,
    bundle_time,
    bundle_wacz,
    receipts,
    waczs,
)
from tests.mutations.every_byte import misses, small_bundle
from tests.mutations.forger import fit, resign, workshop
from tests.mutations.judge import damaged, discard, expected, judged, judged_apart
from tests.mutations.model import SUBJECTS, Mutation, caught
from tests.mutations.table import DOCUMENT, document, mutations

MODULES = (bundle_bag, bundle_insider, bundle_log, bundle_time, bundle_wacz, receipts)
ALL = [*(mutation for module in MODULES for mutation in module.MUTATIONS), *waczs.PLAIN]
HERE = [mutation for mutation in ALL if not mutation.slow]
APART = [mutation for mutation in (*bundle_hostile.MUTATIONS, *waczs.HOSTILE) if not mutation.slow]


def _name(mutation: Mutation) -> str:
    return mutation.name


def test_what_is_not_damaged_does_not_fail() -> None:
    made = workshop()
    reports = [
        verify_bundle(made.bundle, trust=made.anchors),
        verify_receipt(made.receipt, trust=made.anchors),
    ]
    for report in reports:
        assert report.exit_code == 0, report.to_text("en")
    assert verify_wacz(made.wacz, trust=None).exit_code == 3


def test_the_forgers_tools_make_a_bundle_that_nothing_is_wrong_with(tmp_path: Path) -> None:
    """If they did not, "the log's key" would prove nothing about inner checks."""
    nothing = Mutation(
        "nothing", "bundle", "", "", "", "", lambda bundle: (fit(bundle), resign(bundle, workshop().key))
    )
    report = judged(nothing, damaged(nothing, tmp_path))
    assert report.exit_code == 3, report.to_text("en")
    assert [check.name for check in report.checks if check.status != "passed"] == ["anchor"]


@pytest.mark.parametrize("mutation", HERE, ids=_name)
def test_damage_fails_in_its_check_for_its_reason(mutation: Mutation, tmp_path: Path) -> None:
    assert caught(expected(mutation), judged(mutation, damaged(mutation, tmp_path))) == ""


@pytest.mark.parametrize("mutation", APART, ids=_name)
def test_hostile_input_is_refused_in_little_time_and_memory(mutation: Mutation, tmp_path: Path) -> None:
    path = damaged(mutation, tmp_path)
    why = judged_apart(mutation, path)
    discard(path)
    assert why == ""


@pytest.mark.parametrize("name", ["back-dated", "post-dated"])
def test_only_the_dates_betray_a_wrong_clock(name: str, tmp_path: Path) -> None:
    mutation = next(mutation for mutation in HERE if mutation.name == name)
    report = judged(mutation, damaged(mutation, tmp_path))
    assert [check.name for check in report.checks if check.status == "failed"] == ["bracket"]


def test_each_has_a_name_and_a_subject_of_its_own() -> None:
    names = [(mutation.subject, mutation.name) for mutation in mutations()]
    assert len(names) == len(set(names))
    assert {mutation.subject for mutation in mutations()} <= set(SUBJECTS)


def test_bytes_of_a_small_bundle(tmp_path: Path) -> None:
    changed, found = misses(small_bundle(tmp_path), fast=True)
    assert changed > 10_000
    assert found == []


def test_the_table_in_the_docs_is_todays() -> None:
    told = DOCUMENT.read_text("utf-8")
    assert told == document(mutations()), "run: python -m tests.mutations.table"
