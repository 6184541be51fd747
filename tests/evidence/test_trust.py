"""Accepted roots as dated data: rotation adds, old tokens stay, dates refuse."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crawler.demo.tsa import DemoAuthority
from crawler.errors import FormatError, TimestampError
from crawler.evidence.certificates import certificates_in, fingerprint
from crawler.evidence.checks.stamps import Anchors
from crawler.evidence.trust import FILE, accepted, add_roots, describe_roots, read_roots, write_roots

NOW = datetime(2026, 11, 22, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> DemoAuthority:
    return DemoAuthority(tmp_path_factory.mktemp("old") / "a", 'tsa "a"', intermediate=True)


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> DemoAuthority:
    return DemoAuthority(tmp_path_factory.mktemp("new") / "a", "tsa-a", days=30)


def test_a_root_is_listed_with_its_fingerprint_and_dates(tmp_path: Path, old: DemoAuthority) -> None:
    (root,) = add_roots(tmp_path, "tsa-a", old.trust_pem)
    assert root.sha256 == fingerprint((old.folder / "root.pem").read_bytes())
    assert 'tsa "a" Root CA' in root.subject
    assert timedelta(days=3649) < root.not_after - root.not_before < timedelta(days=3651)
    assert read_roots(tmp_path) == (root,)
    assert (tmp_path / "tsa-a.pem").read_bytes().count(b"BEGIN") == 2, "the intermediate comes along"


def test_a_new_root_is_added_and_the_old_one_stays(
    tmp_path: Path, old: DemoAuthority, new: DemoAuthority
) -> None:
    (first,) = add_roots(tmp_path, "tsa-a", old.trust_pem)
    write_roots(tmp_path, [replace(first, accept_until=NOW)])
    (second,) = add_roots(tmp_path, "tsa-a", new.trust_pem)
    assert [root.sha256 for root in read_roots(tmp_path)] == [first.sha256, second.sha256]
    assert read_roots(tmp_path)[0].accept_until == NOW, "what a person wrote there stays"
    assert add_roots(tmp_path, "tsa-a", new.trust_pem) == []
    roots, intermediates = Anchors(tmp_path).roots("tsa-a")
    assert (len(roots), len(intermediates)) == (2, 1)


def test_a_token_outside_the_dates_of_every_root_is_refused(tmp_path: Path, old: DemoAuthority) -> None:
    (root,) = add_roots(tmp_path, "tsa-a", old.trust_pem)
    anchors, inside = Anchors(tmp_path), root.not_before + DAY
    assert len(anchors.roots_at("tsa-a", inside)[0]) == 1
    for moment in (root.not_before - DAY, root.not_after + DAY):
        with pytest.raises(TimestampError, match=r"no root in trust/roots\.toml is accepted"):
            anchors.roots_at("tsa-a", moment)
    write_roots(tmp_path, [replace(root, accept_until=inside)])
    assert anchors.roots_at("tsa-a", inside)[0]
    with pytest.raises(TimestampError, match="evidence authority add"):
        anchors.roots_at("tsa-a", inside + DAY)
    with pytest.raises(TimestampError, match="no root in"):
        Anchors(tmp_path, pooled=True).roots_at("another name", inside + DAY)


def test_once_listed_an_authority_has_no_other_roots(old: DemoAuthority, new: DemoAuthority) -> None:
    (root,) = describe_roots("tsa-a", old.trust_pem)
    both = [(demo.folder / "root.pem").read_bytes() for demo in (old, new)]
    moment = root.not_before + DAY
    assert accepted(both, [root], "tsa-a", moment) == (both[0],)
    assert accepted(both, [root], "tsa-b", moment) == tuple(both), "that one is not listed at all"
    assert accepted(both, [root], None, moment) == tuple(both), "a verifier's own folder"
    assert accepted(both, [], "tsa-a", moment) == tuple(both)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[root", "not valid TOML"),
        ("\xff", "not valid TOML"),
        ("a" + ".a" * 400_000 + " = 1", "more than 200 dots"),  # would take tomllib half an hour
        ("root = 1", "expected sections"),
        ("root = [1]", "a root should have"),
        ("[[root]]\nauthority = 'a'\nsha256 = ''\nsubject = 's'", "should be texts"),
        ("[[root]]\nauthority = 'a'\nsha256 = 'f'\nsubject = 's'\nextra = 1", "a root should have"),
        ("[[root]]\nauthority = 'a'\nsha256 = 'f'\nsubject = 's'\nnot_before = 2026-01-01T00:00:00", "with zone"),
        ("[[root]]\nauthority = 'a'\nsha256 = 'f'\nsubject = 's'", "not_before = None"),
    ],
)  # fmt: skip
def test_a_damaged_list_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / FILE).write_bytes(text.encode("latin-1"))
    with pytest.raises(FormatError, match=message):
        read_roots(tmp_path)


def test_a_date_without_time_means_its_end(tmp_path: Path, old: DemoAuthority) -> None:
    (root,) = describe_roots("tsa-a", old.trust_pem)
    text = root.to_toml() + "accept_until = 2026-11-22\n"
    (tmp_path / FILE).write_text(text, "utf-8")
    (read,) = read_roots(tmp_path)
    assert read.accept_until == datetime(2026, 11, 22, 23, 59, 59, tzinfo=UTC)
    assert certificates_in(old.trust_pem)
