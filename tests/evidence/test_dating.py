"""A capture can be neither back-dated nor post-dated: whoever tries, with the log's own key, fails a check by name.

Leaving out the lower bound, or naming an old one, does not help: the log has an order, and what stands behind an
entry that names a token was logged after that token's time.
"""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crawler import clock
from crawler.demo.tsa import DemoAuthority
from crawler.evidence.archive import Archive, Draft
from crawler.evidence.manifest import SealedTime
from crawler.evidence.report import Report
from crawler.evidence.seal import seal
from crawler.evidence.verify import verify
from tests.archives import make, nothing_failed, page, sender


@pytest.fixture(scope="module")
def tsas(tmp_path_factory: pytest.TempPathFactory) -> tuple[DemoAuthority, DemoAuthority]:
    folder = tmp_path_factory.mktemp("tsas")
    return DemoAuthority(folder / "a", "tsa-a"), DemoAuthority(folder / "b", "tsa-b")


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory, tsas: tuple[DemoAuthority, DemoAuthority]) -> Path:
    """An archive with two pages, each stamped below and above: checkpoints 1, 3 and 4."""
    path = make(tmp_path_factory.mktemp("archive") / "a", tsas)
    with Archive.open(path, writable=True) as archive:
        for body in (b"<p>one</p>", b"<p>two</p>"):
            seal(archive, sender(*tsas))
            archive.commit([page(body)])
        seal(archive, sender(*tsas))
    return path


@pytest.fixture
def archive(tmp_path: Path, sealed: Path) -> Iterator[Archive]:
    """A copy of it, open for writing: in the hands of somebody who has its key."""
    shutil.copytree(sealed, tmp_path / "copy")
    with Archive.open(tmp_path / "copy", writable=True) as opened:
        yield opened


def claiming(began: datetime) -> Draft:
    """A page that says it was fetched then, in its WARC record too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda: clock.stamp(began))
        return page()


def committed(
    archive: Archive, draft: Draft, after: SealedTime | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Put it into the log with a lower bound of the forger's choice."""
    monkeypatch.setattr(archive, "_sealed_before", lambda _started: after)
    archive.commit([draft])


def failing(archive: Archive) -> set[str]:
    """The checks that fail, after the forger has closed the archive properly."""
    archive.close()
    return names(verify(archive.path))


def names(report: Report) -> set[str]:
    return {check.name for check in report.checks if check.status == "failed"}


def test_what_is_true_passes_and_its_bracket_is_seconds_wide(sealed: Path) -> None:
    nothing_failed(sealed)
    report = verify(sealed, times=True)
    assert len(report.times) == 2
    for found in report.times:
        assert found.not_before is not None
        assert found.not_after is not None
        assert len(found.not_before.tokens) == len(found.not_after.tokens) == 2
        width = clock.parse(found.not_after.time) - clock.parse(found.not_before.time)
        assert timedelta(0) <= width < timedelta(minutes=1)


def test_a_page_that_says_it_is_older_than_the_seal_it_names_fails_bracket(
    archive: Archive, tsas: tuple[DemoAuthority, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    committed(archive, claiming(datetime.now(UTC) - timedelta(days=30)), archive.after, monkeypatch)
    assert failing(archive) == {"bracket"}


def test_a_page_that_says_it_is_younger_than_the_seal_above_fails_bracket(
    archive: Archive, tsas: tuple[DemoAuthority, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    committed(archive, claiming(datetime.now(UTC) + timedelta(days=1)), archive.after, monkeypatch)
    seal(archive, sender(*tsas))
    assert failing(archive) == {"bracket"}


def test_without_a_lower_bound_nothing_is_claimed_of_one(
    archive: Archive, tsas: tuple[DemoAuthority, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    committed(archive, claiming(datetime.now(UTC)), None, monkeypatch)
    seal(archive, sender(*tsas))
    archive.close()
    newest = nothing_failed(archive.path, times=True).times[-1]
    assert newest.not_before is None
    assert newest.not_after is not None
    assert datetime.now(UTC) - clock.parse(newest.not_after.time) < timedelta(minutes=1)


@pytest.mark.parametrize("width", [1, 256])
def test_a_page_that_leaves_out_its_lower_bound_to_be_older_fails_bracket(
    archive: Archive, tsas: tuple[DemoAuthority, ...], monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    """Also where the entry with the token and the page are in different entry bundles, read on their own."""
    for _ in range(width):
        monkeypatch.setattr(archive, "_seals", [("", None)])
        archive.record_event("filler", {})
    committed(archive, claiming(datetime.now(UTC) - timedelta(days=30)), None, monkeypatch)
    seal(archive, sender(*tsas))
    index = archive.log.size - 1
    archive.close()
    report = verify(archive.path)
    assert names(report) == {"bracket"}
    (problem,) = report.check("bracket").problems
    assert problem.startswith(f"entry {index}, capture ")
    assert "stands in the log behind an entry that names a token" in problem


@pytest.mark.parametrize("days", [-30, 30])
@pytest.mark.parametrize("named", [True, False])
def test_an_act_that_is_dated_back_or_forward_fails_bracket(
    archive: Archive,
    tsas: tuple[DemoAuthority, ...],
    monkeypatch: pytest.MonkeyPatch,
    days: int,
    named: bool,
) -> None:
    if not named:
        monkeypatch.setattr(archive, "_seals", [("", None)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda: clock.stamp(datetime.now(UTC) + timedelta(days=days)))
        archive.record_event("finding-confirmed", {})
    seal(archive, sender(*tsas))
    assert failing(archive) == {"bracket"}


FORGED: dict[str, Callable[[SealedTime], SealedTime]] = {
    "a checkpoint that is not there": lambda after: replace(after, size=2),
    "a checkpoint to come": lambda after: replace(after, size=99),
    "another note": lambda after: replace(after, checkpoint="sha256:" + "0" * 64),
    "no token": lambda after: replace(after, tokens=()),
    "a token that is not there": lambda after: replace(after, tokens=("sha256:" + "0" * 64,)),
}


@pytest.mark.parametrize("what", FORGED)
def test_a_lower_bound_that_is_made_up_fails_manifests(
    archive: Archive, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert archive.after is not None
    committed(archive, claiming(datetime.now(UTC)), FORGED[what](archive.after), monkeypatch)
    assert "manifests" in failing(archive)


def test_a_lower_bound_with_the_tokens_of_another_checkpoint_fails_manifests(
    archive: Archive, sealed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Later tokens would make the page look younger than it is."""
    assert archive.after is not None
    first = archive.log.leaf(2)
    assert b'"tokens":["sha256:' in first
    older = first.split(b'"tokens":["')[1][:71].decode()
    forged = replace(archive.after, tokens=(older,))
    committed(archive, claiming(datetime.now(UTC)), forged, monkeypatch)
    assert "manifests" in failing(archive)


def test_an_edited_time_in_a_leaf_fails_log(archive: Archive) -> None:
    archive.close()
    path = archive.path / "log/entries"
    content = path.read_bytes()
    began = content.index(b'"started":"') + len(b'"started":"')
    path.write_bytes(content[:began] + b"2025" + content[began + 4 :])
    assert "log" in names(verify(archive.path))


def test_two_leaves_swapped_fail_log(archive: Archive) -> None:
    archive.close()
    path = archive.path / "log/entries"
    content, leaves = path.read_bytes(), [archive.log.leaf(index) for index in range(archive.log.size)]
    entries = [len(leaf).to_bytes(2, "big") + leaf for leaf in leaves]
    assert content == b"".join(entries)
    entries[-1], entries[-2] = entries[-2], entries[-1]
    path.write_bytes(b"".join(entries))
    assert "log" in names(verify(archive.path))


@pytest.mark.parametrize(("one", "other"), [((0, "tsa-a"), (1, "tsa-a")), ((1, "tsa-a"), (1, "tsa-b"))])
def test_two_tokens_swapped_fail_timestamps(
    archive: Archive, one: tuple[int, str], other: tuple[int, str]
) -> None:
    stamps = archive.path / "log/stamps"
    sizes = sorted(int(path.name) for path in stamps.iterdir())
    begun, later = (f"{sizes[place]}/{tsa}" for place, tsa in (one, other))
    for ending in ("tsr", "tsq", "chain.pem"):
        first, second = stamps / f"{begun}.{ending}", stamps / f"{later}.{ending}"
        content = first.read_bytes()
        first.write_bytes(second.read_bytes())
        second.write_bytes(content)
    assert {"timestamps", "manifests"} & failing(archive)
    assert "timestamps" in names(verify(archive.path))


def test_another_history_under_old_tokens_fails_timestamps(
    tmp_path: Path, sealed: Path, tsas: tuple[DemoAuthority, ...]
) -> None:
    """The forger has the key and signs another log of the same length: the tokens are over the other one."""
    begun = make(tmp_path / "begun", tsas)
    forged = shutil.copytree(begun, tmp_path / "forged")
    for path, body in ((begun, b"<p>true</p>"), (forged, b"<p>forged</p>")):
        with Archive.open(path, writable=True) as archive:
            archive.commit([page(body)])
            if path == begun:
                seal(archive, sender(*tsas))
            else:
                archive.sign_checkpoint(sealing=True)
                shutil.copytree(begun / "log/stamps", path / "log/stamps", dirs_exist_ok=True)
    nothing_failed(begun)
    report = verify(forged)
    assert names(report) == {"timestamps"}
    assert "for other content" in report.check("timestamps").problems[0]
