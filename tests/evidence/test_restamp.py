"""`evidence seal --renew`: tokens of a short-lived authority live on under a longer one, years later too."""

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crawler.demo.tsa import DemoAuthority
from crawler.evidence.archive import Archive
from crawler.evidence.checks.stamps import Anchors, Stamps, check_stamps
from crawler.evidence.checks.validity import check_validity
from crawler.evidence.digest import digest
from crawler.evidence.manifest import parse_leaf
from crawler.evidence.renewal import ACT, tokens_named
from crawler.evidence.report import Check, Faults
from crawler.evidence.restamp import renew
from crawler.evidence.seal import seal
from crawler.evidence.verify import verify
from tests.archives import make, nothing_failed, page, sender

IN_YEARS = datetime.now(UTC) + timedelta(days=365 * 8)


@pytest.fixture
def short(tmp_path: Path) -> DemoAuthority:
    """An authority whose signer's certificate ends in two days."""
    return DemoAuthority(tmp_path / "short", "tsa-short", signer_days=2)


@pytest.fixture
def long(tmp_path: Path) -> DemoAuthority:
    """One that lasts for thirty years."""
    return DemoAuthority(tmp_path / "long", "tsa-long", days=365 * 30, intermediate=True)


@pytest.fixture
def archive(tmp_path: Path, short: DemoAuthority) -> Iterator[Archive]:
    """One page, stamped by the short-lived authority alone."""
    with Archive.open(make(tmp_path / "archive", [short]), writable=True) as opened:
        opened.commit([page()])
        seal(opened, sender(short))
        yield opened


def judged(archive: Archive, at: datetime | None) -> Check:
    """The check `validity` over all that is kept."""
    return check_validity(*kept(archive), at)


def kept(archive: Archive) -> tuple[Stamps, dict[str, int]]:
    notes = {size: archive.log.checkpoint_at(size)[1] for size in archive.log.checkpoint_sizes}
    faults = Faults("timestamps")
    stamps = check_stamps(archive.path / "log/stamps", notes, Anchors(archive.path / "trust"), faults)
    assert not faults.named
    named: dict[str, int] = {}
    for entry in archive.entries():
        for token in tokens_named(json.loads(entry.leaf)):
            named.setdefault(token, entry.index)
    return stamps, named


def events(archive: Archive) -> list[list[str]]:
    leaves = [parse_leaf(entry.leaf) for entry in archive.entries()]
    return [leaf["details"]["tokens"] for leaf in leaves if leaf.get("act") == ACT]


def test_renewed_by_a_longer_certificate_it_verifies_years_later_and_not_without_the_renewal(
    archive: Archive, short: DemoAuthority
) -> None:
    assert judged(archive, IN_YEARS).status == "failed"
    first = archive.log.latest_checkpoint()[0].size
    short.change_signer(3000)
    done = renew(archive, sender(short), archive.record_event, days=90)
    assert done.complete
    assert done.seal is not None
    assert done.seal.sealed
    assert events(archive) == [list(done.renewed)]
    assert len(done.renewed) == 1
    assert done.until["tsa-short"] > IN_YEARS
    assert judged(archive, IN_YEARS).status == "passed"
    assert judged(archive, None).status == "passed"
    newest = archive.log.latest_checkpoint()[0].size
    assert newest > first
    shutil.rmtree(archive.path / "log/stamps" / str(newest))
    removed = judged(archive, IN_YEARS)
    assert removed.status == "failed"
    assert f"checkpoint {first}: no token holds" in removed.problems[0]


def test_verify_at_a_date_passes_with_the_kept_material_and_fails_when_the_renewal_is_removed(
    archive: Archive, short: DemoAuthority, tmp_path: Path
) -> None:
    """The whole way, with nothing but a copy of the folder."""
    short.change_signer(3000)
    archive.close()
    unrenewed = shutil.copytree(archive.path, tmp_path / "unrenewed")
    report = verify(unrenewed, at=IN_YEARS)
    assert [check.name for check in report.checks if check.status == "failed"] == ["validity"]
    assert nothing_failed(unrenewed).check("validity").status == "passed", "today it holds"
    with Archive.open(archive.path, writable=True) as again:
        assert renew(again, sender(short), again.record_event).complete
    kept = shutil.copytree(archive.path, tmp_path / "kept")
    report = verify(kept, at=IN_YEARS)
    assert report.status == "passed", report.to_text()
    newest = max((kept / "log/stamps").iterdir(), key=lambda path: int(path.name))
    shutil.rmtree(newest)
    report = verify(kept, at=IN_YEARS)
    assert report.check("validity").status == "failed"
    assert "was not renewed before" in report.check("validity").problems[0]


def test_an_added_authority_takes_over(archive: Archive, short: DemoAuthority, long: DemoAuthority) -> None:
    """The short one goes on beside it; that its new tokens end soon harms nothing, and is not renewed for ever."""
    path = archive.path
    text = (path / "evidence.toml").read_text("utf-8")
    text += '\n[[authority]]\nname = "tsa-long"\nurl = "http://tsa-long.invalid/"\n'
    (path / "evidence.toml").write_text(text, "utf-8")
    (path / "trust/tsa-long.pem").write_bytes(long.trust_pem)
    archive.close()
    with Archive.open(path, writable=True) as again:
        both = sender(short, long)
        done = renew(again, both, again.record_event)
        assert done.complete
        assert done.until["tsa-short"] < done.horizon < IN_YEARS < done.until["tsa-long"]
        assert judged(again, IN_YEARS).status == "passed"
        size = again.log.size
        assert renew(again, both, again.record_event).renewed == ()
        assert again.log.size == size, "nothing is written when nothing is due"


def test_only_what_ends_soon_is_named(tmp_path: Path, short: DemoAuthority, long: DemoAuthority) -> None:
    with Archive.open(make(tmp_path / "both", [short, long]), writable=True) as archive:
        seal(archive, sender(short, long))
        archive.commit([page()])
        seal(archive, sender(short))  # the long one is down: this checkpoint ends soon
        done = renew(archive, sender(short, long), archive.record_event)
        assert done.complete
        tokens = {f"{path.parent.name}/{path.stem}": digest(path.read_bytes()) for path in stamps(archive)}
        assert list(done.renewed) == [tokens["2/tsa-short"], tokens["4/tsa-short"]]


def stamps(archive: Archive) -> list[Path]:
    return sorted((archive.path / "log/stamps").glob("*/*.tsr"))


def test_when_no_authority_offers_more_it_is_said(archive: Archive, short: DemoAuthority) -> None:
    done = renew(archive, sender(short), archive.record_event)
    assert not done.complete
    assert done.holds_until is not None
    assert done.holds_until < done.horizon
    assert renew(archive, sender(short), archive.record_event, days=1).complete, "for a day it is good"


def test_a_dead_authority_leaves_the_renewal_to_the_next_time(archive: Archive, short: DemoAuthority) -> None:
    done = renew(archive, sender(), archive.record_event)
    assert done.seal is not None
    assert (done.complete, list(done.seal.missing)) == (False, ["tsa-short"])
    short.change_signer(3000)
    assert renew(archive, sender(short), archive.record_event).complete
    assert judged(archive, IN_YEARS).status == "passed"


def test_a_damaged_token_is_named(archive: Archive, short: DemoAuthority) -> None:
    (tsr,) = (archive.path / "log/stamps").glob("*/*.tsr")
    tsr.write_bytes(tsr.read_bytes()[:-1])
    done = renew(archive, sender(short), archive.record_event)
    assert not done.complete
    assert done.renewed == ()
    assert "tsa-short.tsr: not a readable" in done.damaged[0]


def test_captures_renew_what_they_commit_to(archive: Archive, short: DemoAuthority) -> None:
    """Every leaf names the tokens before it, so the ordinary course of sealing renews all but the last."""
    short.change_signer(3000)
    archive.commit([page()])
    seal(archive, sender(short))
    assert judged(archive, IN_YEARS).status == "passed"
    assert renew(archive, sender(short), archive.record_event).renewed == ()
