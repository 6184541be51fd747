"""The check `keys`: each checkpoint has the signature of the key in force for it, and the list is the log's own."""

from collections.abc import Sequence

import pytest

from crawler.evidence.checkpoint import Checkpoint, open_signed, sign
from crawler.evidence.checks.keys import KeyEvents, check_keys
from crawler.evidence.checks.notes import Note
from crawler.evidence.key_history import (
    CREATED,
    REPLACED,
    ROTATED,
    replacement_details,
    rotation_details,
)
from crawler.evidence.note import MAX_KEYS, Verifier, verifier_of
from crawler.evidence.report import Check
from crawler.evidence.signing_key import make_key

ORIGIN = "example.org/archive"
TIME = "2026-11-22T08:16:41.123456Z"
KEYS = tuple(make_key() for _ in range(4))
PUBLIC = tuple(verifier_of(ORIGIN, key.public_key()) for key in KEYS)
# entry 0: key 0; entry 10: rotated to key 1; entry 20: key 1 lost, key 2 in force
SIGNERS = {0: 0, 1: 0, 10: 0, 11: 1, 20: 1, 21: 2, 40: 2}


def events() -> KeyEvents:
    collected = KeyEvents()
    collected.add(0, CREATED, {"vkey": PUBLIC[0].line}, TIME)
    collected.add(4, "run-started", {"vkey": "of no interest"}, TIME)
    collected.add(10, ROTATED, rotation_details(KEYS[0], KEYS[1], ORIGIN), TIME)
    collected.add(20, REPLACED, replacement_details(PUBLIC[1], KEYS[2], "硬盘损坏"), TIME)
    return collected


def note(size: int, signer: int) -> Note:
    content = sign(Checkpoint(ORIGIN, size, bytes(32)), ORIGIN, KEYS[signer])
    checkpoint, verifier = open_signed(content, PUBLIC)
    return Note(checkpoint, content, verifier)


def notes(**changes: int) -> dict[int, Note]:
    signers = {**SIGNERS, **{int(size[1:]): signer for size, signer in changes.items()}}
    return {size: note(size, signer) for size, signer in signers.items()}


def judge(
    collected: KeyEvents | None = None,
    verifiers: Sequence[Verifier] = PUBLIC[:3],
    found: dict[int, Note] | None = None,
    given: Verifier | None = None,
) -> Check:
    return check_keys(collected or events(), verifiers, found or notes(), given, 40)[0]


def test_a_good_history_passes_with_its_break_stated() -> None:
    check, found = check_keys(events(), PUBLIC[:3], notes(), None, 40)
    assert check.status == "passed", check
    assert "硬盘损坏" in check.detail
    assert "中断" in check.detail_zh
    assert [fact.fingerprint for fact in found] == [verifier.fingerprint for verifier in PUBLIC[:3]]
    assert [fact.role for fact in found] == ["log"] * 3
    assert found[1].remark == "entries 10 to 19; rotated"


@pytest.mark.parametrize(
    ("size", "signer"), [(11, 0), (20, 0), (10, 1), (1, 1), (0, 1), (21, 1), (40, 0), (20, 2)]
)
def test_a_checkpoint_of_another_key_than_the_one_in_force_fails(size: int, signer: int) -> None:
    check = judge(found=notes(**{f"s{size}": signer}))
    assert check.status == "failed"
    assert check.problems == (
        f"checkpoints/{size} is signed by {PUBLIC[signer].key_id.hex()}; the key in force for it is"
        f" {PUBLIC[SIGNERS[size]].key_id.hex()}",
    )


@pytest.mark.parametrize(
    ("listed", "says"),
    [
        (PUBLIC[:2], "lacks key"),
        (PUBLIC, "which no event of the log put in force"),
        ((PUBLIC[1], PUBLIC[0], PUBLIC[2]), "in the order"),
        ((PUBLIC[0], PUBLIC[1], PUBLIC[3]), "which no event"),
        ((PUBLIC[0], *PUBLIC[:3]), "in the order"),
        ((), "cannot be read"),
    ],
)
def test_the_list_must_be_exactly_the_logs_own(listed: tuple[Verifier, ...], says: str) -> None:
    check = judge(verifiers=listed)
    assert check.status == "failed"
    assert says in check.problems[0]


def test_the_newest_key_given_anchors_everything() -> None:
    assert judge(given=PUBLIC[2]).status == "passed"


@pytest.mark.parametrize("given", PUBLIC[:2])
def test_a_key_older_than_the_break_does_not_vouch_across_it(given: Verifier) -> None:
    check = judge(given=given)
    assert check.status == "not-checked"
    assert "entry 20" in check.detail
    assert "--vkey" in check.remedy


def test_a_key_before_a_rotation_vouches_for_its_heir() -> None:
    collected = events()
    collected.events.pop()
    found = {size: made for size, made in notes().items() if size <= 20}
    for given in PUBLIC[:2]:
        assert judge(collected, PUBLIC[:2], found, given).status == "passed"


def test_a_strange_key_given_fails() -> None:
    check = judge(given=PUBLIC[3])
    assert check.status == "failed"
    assert "none of this log's" in check.problems[0]
    # of the same key bytes, but for another log
    assert judge(given=verifier_of("other.example", KEYS[2].public_key())).status == "failed"


def test_a_break_with_a_fault_is_a_fault() -> None:
    assert judge(found=notes(s11=0), given=PUBLIC[0]).status == "failed"


def test_a_forged_rotation_fails_and_names_the_entry() -> None:
    collected = KeyEvents()
    collected.add(0, CREATED, {"vkey": PUBLIC[0].line}, TIME)
    details = rotation_details(KEYS[3], KEYS[1], ORIGIN)
    honest = rotation_details(KEYS[0], KEYS[1], ORIGIN)
    collected.add(10, ROTATED, {**honest, "from_signature": details["from_signature"]}, TIME)
    check, found = check_keys(collected, PUBLIC[:2], {}, None)
    assert check.status == "failed"
    assert check.problems[0].startswith("entry 10, key-rotated")
    assert len(found) == 2, "the report still names every key of the list"


def test_a_log_that_never_names_its_key_fails() -> None:
    check, _ = check_keys(KeyEvents(), PUBLIC[:1], {}, PUBLIC[3])
    assert (check.status, len(check.problems)) == ("failed", 2)


def test_a_flood_of_events_is_bounded() -> None:
    collected = events()
    for index in range(21, 21 + 2 * MAX_KEYS):
        collected.add(index, REPLACED, {}, TIME)
    assert len(collected.events) == MAX_KEYS
    check = judge(collected)
    assert check.status == "failed"
    assert "more than" in check.problems[0]


def test_ill_typed_details_are_faults() -> None:
    for details in ({}, {"from": 1}, {"from": ["x"], "to": {}, "statement": None}):
        collected = events()
        collected.events.pop()
        collected.add(20, REPLACED, details, TIME)
        assert judge(collected, PUBLIC[:3]).status == "failed"
