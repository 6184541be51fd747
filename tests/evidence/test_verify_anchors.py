"""What the verifier brings from elsewhere, against somebody who owns everything else: it decides."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from crawler.demo.tsa import DemoAuthority
from crawler.evidence.archive import Archive
from crawler.evidence.checks.reading import walk
from crawler.evidence.checks.wacz_signature import Anchors
from crawler.evidence.cosignature import cosign, note_text, witness_vkey
from crawler.evidence.key_change import replace_key, rotate_key
from crawler.evidence.report import Check
from crawler.evidence.seal import seal
from crawler.evidence.signing_key import load_key, make_key
from crawler.evidence.verify import verify
from crawler.export.bundle import export_bundle
from crawler.export.model import Exhibit
from tests.archives import make, page, sender
from tests.export.sample import CASE

DEPTH = 1500  # folders; Python recurses a thousand times


@pytest.fixture(scope="module")
def tsas(tmp_path_factory: pytest.TempPathFactory) -> tuple[DemoAuthority, ...]:
    return (DemoAuthority(tmp_path_factory.mktemp("tsa"), "tsa-a"),)


@pytest.fixture
def trust(tmp_path: Path, tsas: Sequence[DemoAuthority]) -> Path:
    """The verifier's own folder: the authority's root under a name of its own."""
    (tmp_path / "trust").mkdir()
    (tmp_path / "trust/my-root.pem").write_bytes(tsas[0].trust_pem)
    return tmp_path / "trust"


def bundle_of(archive: Archive, tsas: Sequence[DemoAuthority], to: Path) -> Path:
    """A bundle of one new page, stamped below and above."""
    seal(archive, sender(*tsas))
    ((_, capture),) = archive.commit([page()])
    seal(archive, sender(*tsas))
    exhibit = Exhibit(number="1-1", group="B", title="一", purpose="二", captures=(capture.id,))
    return export_bundle(archive, CASE, (exhibit,), to).path


def first_key(path: Path) -> str:
    return (path / "trust/log.vkey").read_text().splitlines()[0]


def test_the_key_in_the_given_folder_counts_for_an_archive_too(
    tmp_path: Path, tsas: Sequence[DemoAuthority], trust: Path
) -> None:
    """Whoever forges a whole archive has a key and a log of his own, and the same authorities stamp it."""
    paths = {}
    for name in ("true", "forged"):
        paths[name] = make(tmp_path / name, tsas)
        with Archive.open(paths[name], writable=True) as archive:
            archive.commit([page()])
            seal(archive, sender(*tsas))
    shutil.copy(paths["true"] / "trust/log.vkey", trust)
    assert verify(paths["true"], trust=trust).check("keys").status == "passed"
    report = verify(paths["forged"], trust=trust)
    assert report.exit_code == 1
    assert "none of this log's" in report.check("keys").problems[0]


def test_a_key_from_before_a_break_anchors_nothing_after_it(
    tmp_path: Path, tsas: Sequence[DemoAuthority], trust: Path
) -> None:
    """The thief of an archive without its key needs nobody's signature but his own to "replace" it."""
    path = make(tmp_path / "archive", tsas)
    old = first_key(path)
    (path / "keys/log.key").unlink()
    with Archive.open(path, writable=True) as archive:
        replace_key(archive, archive.record_event, "lost")
        bundle = bundle_of(archive, tsas, tmp_path / "bundle")
    report = verify(bundle, trust=trust, vkey=old)
    assert report.exit_code == 3, report.to_text()
    assert {check.name for check in report.checks if check.status == "not-checked"} == {"keys", "anchor"}
    newest = (path / "trust/log.vkey").read_text().splitlines()[-1]
    assert "+".join(newest.split("+")[:2]) in report.check("anchor").detail, (
        "the key that nobody vouches for is named"
    )
    assert verify(bundle, trust=trust, vkey=newest).exit_code == 0


def test_a_bundle_from_before_a_rotation_is_not_called_forged_and_not_vouched_for(
    tmp_path: Path, tsas: Sequence[DemoAuthority], trust: Path
) -> None:
    path = make(tmp_path / "archive", tsas)
    with Archive.open(path, writable=True) as archive:
        bundle = bundle_of(archive, tsas, tmp_path / "bundle")
        rotate_key(archive, archive.record_event)
    shutil.copy(path / "trust/log.vkey", trust)
    report = verify(bundle, trust=trust)
    assert report.exit_code == 3, report.to_text()
    assert "you gave a newer one" in report.check("keys").detail
    assert verify(bundle, trust=trust, vkey=first_key(path)).exit_code == 0
    (trust / "log.vkey").write_text((path / "trust/log.vkey").read_text().splitlines()[1] + "\n")
    assert verify(bundle, trust=trust).check("keys").status == "failed", "the newest key alone knows no other"


def test_a_token_counts_once_and_its_certificate_is_named(
    tmp_path: Path, tsas: Sequence[DemoAuthority], trust: Path
) -> None:
    """In the verifier's folder any root vouches for a file of any name: the name says nothing."""
    path = make(tmp_path / "archive", tsas)
    with Archive.open(path, writable=True) as archive:
        seal(archive, sender(*tsas))
        stamps = path / f"log/stamps/{archive.log.size}"
        archive.commit([page()])
    for file in list(stamps.iterdir()):
        file.rename(stamps / file.name.replace("tsa-a", "national-time-service"))
    detail = verify(path, trust=trust).check("timestamps").detail
    assert "tsa-a TSA" in detail or "Organization: tsa-a" in detail
    assert "filed as national-time-service" in detail
    for file in list(stamps.iterdir()):
        shutil.copy(file, stamps / file.name.replace("national-time-service", "tsa-a"))
    problems = verify(path, trust=trust).check("timestamps").problems
    assert problems == (
        f"stamps/{stamps.name}/tsa-a.tsr: the same token is there under another name; it counts once",
    )


def witnessed(path: Path, tsas: Sequence[DemoAuthority], keys: dict[str, object]) -> Check:
    with Archive.open(path, writable=True) as archive:
        seal(archive, sender(*tsas))
        size, note = archive.log.size, archive.log.latest_checkpoint()[1]
        folder = path / f"log/cosignatures/{size}"
        folder.mkdir(parents=True)
        for name, key in keys.items():
            vkey = witness_vkey(f"{name}.example", key.public_key())  # type: ignore[attr-defined]
            (path / f"trust/witness-{name}.vkey").write_text(f"{vkey}\n")
            line = cosign(note_text(note), f"{name}.example", key, 1_790_000_000)  # type: ignore[arg-type]
            (folder / name).write_text(line.text())
    return verify(path).check("witnesses")


def test_one_key_under_two_names_is_one_witness(tmp_path: Path, tsas: Sequence[DemoAuthority]) -> None:
    key = make_key()
    found = witnessed(make(tmp_path / "a", tsas), tsas, {"one": key, "two": key, "other": make_key()})
    assert found.status == "passed"
    assert "cosigned by 2 witness(es)" in found.detail


def test_a_log_is_no_witness_of_itself(tmp_path: Path, tsas: Sequence[DemoAuthority]) -> None:
    path = make(tmp_path / "a", tsas)
    found = witnessed(path, tsas, {"self": load_key(path / "keys/log.key")})
    assert found.status == "failed"
    assert "no witness of itself" in found.problems[0]


def test_the_root_of_an_organisation_vouches_for_no_time_of_a_wacz(trust: Path) -> None:
    assert len(Anchors.read(trust).tsa_roots) == 1
    (trust / "my-root.pem").rename(trust / "organisation-ca.pem")
    assert Anchors.read(trust).tsa_roots == ()


@pytest.mark.parametrize("sign", ["bagit.txt", "evidence.toml", "sha256sums.txt"])
def test_folders_nested_a_thousand_deep_are_a_failed_check(
    tmp_path: Path, sign: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject = tmp_path / "subject"
    subject.mkdir()
    (subject / sign).write_text("x")
    monkeypatch.chdir(subject)
    for _ in range(DEPTH):
        Path("d").mkdir()
        monkeypatch.chdir("d")
    Path("end").touch()
    try:
        assert verify(subject).exit_code == 1
        names = [name for name, _ in walk(subject)]
        assert sorted(name.rpartition("/")[2] for name in names) == sorted([sign, "end"])
    finally:  # by hand: shutil.rmtree recurses
        Path("end").unlink()
        for _ in range(DEPTH):
            monkeypatch.chdir("..")
            Path("d").rmdir()


def test_walk_is_sorted_names_links_and_follows_none(tmp_path: Path) -> None:
    for name in ("b/2", "b/1", "a", "c/x/y"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "link").symlink_to(tmp_path / "b")
    assert list(walk(tmp_path)) == [
        ("a", True),
        ("b/1", True),
        ("b/2", True),
        ("c/x/y", True),
        ("link", False),
    ]
    assert list(walk(tmp_path / "nowhere")) == [(".", False)]
