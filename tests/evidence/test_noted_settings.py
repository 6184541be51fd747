"""The log notes settings and trusted files: once for each content, and whoever changes them later is named."""

from pathlib import Path

import pytest

from crawler.demo.tsa import DemoAuthority
from crawler.errors import FormatError, UsageError
from crawler.evidence.archive import Archive
from crawler.evidence.digest import digest, digest_file
from crawler.evidence.manifest import parse_leaf
from crawler.evidence.noted_settings import MOST_FILES, NOTED, noted_files, settings_files
from crawler.evidence.seal import seal
from crawler.evidence.verify import verify
from crawler.store.check import check_index
from crawler.store.session import Session
from tests.archives import make, nothing_failed, page, sender


@pytest.fixture
def tsa(tmp_path: Path) -> DemoAuthority:
    return DemoAuthority(tmp_path / "tsa", "tsa-a")


@pytest.fixture
def path(tmp_path: Path, tsa: DemoAuthority) -> Path:
    """A sealed archive."""
    path = make(tmp_path / "archive", [tsa])
    with Archive.open(path, writable=True) as archive:
        assert seal(archive, sender(tsa)).sealed
    return path


def noted(path: Path) -> list[dict[str, str]]:
    with Archive.open(path) as archive:
        contents = [parse_leaf(leaf) for leaf in archive.log.leaves()]
    return [content["details"]["files"] for content in contents if content.get("act") == NOTED]


def fit(path: Path) -> None:
    """state-sha256.txt made to fit, as anybody can."""
    with Archive.open(path) as archive:
        archive.write_state()


def test_the_first_seal_notes_everything_but_the_log_s_own_keys(path: Path) -> None:
    names = ("evidence.toml", "trust/tsa-a.pem")
    assert noted(path) == [{name: digest_file(path / name) for name in names}]
    assert nothing_failed(path).check("settings").status == "passed"


def test_the_same_content_is_never_noted_twice(path: Path, tsa: DemoAuthority) -> None:
    for _ in range(2):
        with Session.open(path) as session:
            session.archive.commit([page()])
            seal(session.archive, sender(tsa))
    assert len(noted(path)) == 1


def test_an_archive_that_was_never_sealed_has_no_such_check(tmp_path: Path) -> None:
    path = make(tmp_path / "archive")
    assert noted(path) == []
    assert "settings" not in [check.name for check in nothing_failed(path).checks]


@pytest.mark.parametrize("quick", [False, True])
def test_a_change_that_the_log_does_not_know_is_named(path: Path, quick: bool) -> None:
    (path / "evidence.toml").write_text((path / "evidence.toml").read_text("utf-8") + "# x\n", "utf-8")
    (path / "trust/own.pem").write_bytes(b"own")
    (path / "trust/tsa-a.pem").unlink()
    fit(path)
    check = verify(path, quick=quick).check("settings")
    assert check.status == "failed"
    told = "\n".join(check.problems)
    assert len(check.problems) == 3
    assert "evidence.toml has sha256:" in told
    assert f"trust/own.pem is there with {digest(b'own')}" in told
    assert "trust/tsa-a.pem is not there" in told
    assert "evidence seal" in check.remedy
    assert "evidence seal" in check.remedy_zh


def test_sealing_notes_the_change_and_all_is_well(path: Path, tsa: DemoAuthority) -> None:
    (path / "evidence.toml").write_text((path / "evidence.toml").read_text("utf-8") + "# x\n", "utf-8")
    fit(path)
    with Session.open(path) as session:
        assert seal(session.archive, sender(tsa)).sealed
    assert len(noted(path)) == 2
    assert nothing_failed(path).check("settings").status == "passed"
    assert check_index(path).status == "passed"


def test_a_change_made_in_a_session_is_noted_when_it_closes_and_indexed(path: Path) -> None:
    with Session.open(path):
        (path / "trust/new.pem").write_bytes(b"new")
    assert noted(path)[-1]["trust/new.pem"] == digest(b"new")
    assert nothing_failed(path).check("settings").status == "passed"
    assert check_index(path).status == "passed"


def test_a_killed_writer_is_made_up_for_on_the_next_start(path: Path) -> None:
    (path / "trust/new.pem").write_bytes(b"new")  # and nobody closed the archive
    Archive.open(path, writable=True).close()
    Archive.open(path, writable=True).close()
    assert [sorted(files) for files in noted(path)] == [
        ["evidence.toml", "trust/tsa-a.pem"],
        ["evidence.toml", "trust/new.pem", "trust/tsa-a.pem"],
    ]


def test_more_files_than_a_leaf_can_name_are_refused(path: Path) -> None:
    for number in range(MOST_FILES):
        (path / f"trust/{number}.pem").write_bytes(b"x")
    with pytest.raises(UsageError, match="take out what is not used"):
        Archive.open(path, writable=True)
    fit(path)
    assert verify(path).check("settings").status == "failed"


def test_what_is_no_regular_file_is_for_the_check_layout(path: Path) -> None:
    (path / "trust/link.pem").symlink_to("/dev/zero")
    assert sorted(settings_files(path)) == ["evidence.toml", "trust/tsa-a.pem"]


@pytest.mark.parametrize(
    "details",
    [{}, {"files": []}, {"files": {}, "more": 1}, {"files": {"x": 1}}, {"files": {"x": "sm3:" + "0" * 64}}],
)
def test_an_ill_typed_event_is_refused(details: dict[str, object]) -> None:
    with pytest.raises(FormatError):
        noted_files(details)
