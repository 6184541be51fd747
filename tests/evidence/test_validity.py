"""The check `validity`: what holds at a date, what is said of the rest."""

from crawler.evidence.checks.stamps import Stamps
from crawler.evidence.checks.validity import check_validity
from tests.evidence.stamped import at, stamp

FOREVER = 60 * 24 * 365 * 100


def test_all_holds() -> None:
    check = check_validity(Stamps([stamp(2, 0, until=FOREVER)]), {}, None)
    assert (check.name, check.status) == ("validity", "passed")
    assert "holds until 2125-" in check.detail or "2125年" in check.detail


def test_what_has_ended_fails_at_a_date_and_is_not_checked_without_one() -> None:
    ended = Stamps([stamp(2, 0, until=10), stamp(5, 1, until=FOREVER)])
    check = check_validity(ended, {}, at(50))
    assert check.status == "failed"
    assert "checkpoint 2: no token holds at 2026-01-01" in check.problems[0]
    assert len(check.problems) == 1
    assert "evidence seal --renew" in check.remedy
    without = check_validity(ended, {}, None)
    assert without.status == "not-checked"
    assert "valid when stamped" in without.detail
    assert "checkpoint 2" in without.detail


def test_a_checkpoint_holds_as_long_as_one_of_its_tokens() -> None:
    stamps = [stamp(2, 0, "a", until=10), stamp(2, 1, "b", until=100)]
    check = check_validity(Stamps(stamps), {}, at(50))
    assert check.status == "passed"
    assert "1 token(s) have ended" in check.detail
    assert check_validity(Stamps(stamps), {}, at(101)).status == "failed"


def test_a_renewal_in_time_saves_it() -> None:
    old, new = stamp(2, 0, until=10), stamp(5, 9, until=100)
    assert check_validity(Stamps([old, new]), {old.digest: 3}, at(50)).status == "passed"
    assert check_validity(Stamps([old]), {old.digest: 3}, at(50)).status == "failed"


def test_without_tokens_nothing_is_checked() -> None:
    assert check_validity(Stamps(), {}, at(0)).status == "not-checked"
