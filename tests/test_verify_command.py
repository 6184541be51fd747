"""`evidence verify` as people type it."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from crawler.cli import evidence, main
from crawler.commands.verify import _require_anchors
from crawler.config import AuthorityConfig, Config
from crawler.errors import UsageError
from crawler.evidence.archive import Archive
from crawler.evidence.durable import durable_write
from crawler.store.session import Session
from tests.export.sample import DRAFTS, make_authorities, seal


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive with its database: two captures between two stamps of one authority."""
    folder = tmp_path_factory.mktemp("command")
    authority = make_authorities(folder)[0]
    config = Config(
        origin="evidence.example/command",
        organisation="某市消保委",
        operator="张三",
        contact="z@evidence.example",
        authorities=(AuthorityConfig(authority.name, "http://127.0.0.1:1/"),),
    )
    path = folder / "archive"
    Archive.create(path, config).close()
    with Session.open(path) as session:
        durable_write(path / f"trust/{authority.name}.pem", authority.trust_pem)
        seal(session.archive, (authority,))
        for name in ("forum", "reviews"):
            session.record(lambda name=name: DRAFTS[name](name)).result(10)  # type: ignore[misc]
        seal(session.archive, (authority,))
    return path


@pytest.fixture
def archive(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "archive"))


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(evidence, [str(word) for word in words], catch_exceptions=False)


def test_quick_says_what_was_not_checked_and_exits_with_3(archive: Path) -> None:
    result = run("--archive", archive, "verify", "--quick", "--json")
    report = json.loads(result.stdout)
    assert (result.exit_code, report["exit_code"]) == (3, 3)
    open_checks = {check["name"] for check in report["checks"] if check["status"] == "not-checked"}
    assert {"manifests", "records"} <= open_checks
    assert not {check["name"] for check in report["checks"] if check["status"] == "failed"}


def test_times_and_language(archive: Path) -> None:
    chinese = run("verify", archive, "--times", "--lang", "zh").stdout
    assert chinese.count("不早于") == 2
    assert "日志密钥 evidence.example/command" in chinese
    assert "checkpoint signatures" not in chinese
    english = run("verify", archive, "--lang", "en").stdout
    assert "[passed] checkpoint signatures" in english
    assert "not before" not in english


def test_a_date_long_after_all_certificates_fails_and_a_near_one_passes(archive: Path) -> None:
    near = json.loads(run("verify", archive, "--at", "2026-12-31", "--json").stdout)
    late = json.loads(run("verify", archive, "--at", "2096-01-01", "--json").stdout)
    validity = {
        name: {c["name"]: c["status"] for c in r["checks"]}["validity"]
        for name, r in (("near", near), ("late", late))
    }
    assert validity == {"near": "passed", "late": "failed"}
    assert late["at"].startswith("2096-01-01T15:59:59")  # the end of that day in Beijing


def test_a_recorded_verification_is_an_event_of_the_log_and_of_the_index(archive: Path) -> None:
    result = run("--archive", archive, "verify", "--record", "--quick", "--json")
    report = json.loads(result.stdout)
    with Archive.open(archive) as opened:
        event = json.loads(opened.log.leaf(opened.log.size - 1))
    assert event["act"] == "archive-verified"
    assert event["details"] == {
        "result": report["result"],
        "quick": True,
        "checks": {check["name"]: check["status"] for check in report["checks"]},
    }
    after = json.loads(run("verify", archive, "--json").stdout)
    statuses = {check["name"]: check["status"] for check in after["checks"]}
    assert (statuses["database"], statuses["state"], statuses["sealed"]) == (
        "passed",
        "passed",
        "not-checked",
    )


def test_midnight_with_a_z_is_a_time_and_not_a_day(archive: Path) -> None:
    found = json.loads(run("verify", archive, "--at", "2035-01-01T00:00:00Z", "--quick", "--json").stdout)
    assert found["at"].startswith("2035-01-01T00:00:00")


def test_a_date_before_the_first_stamp_is_not_judged(archive: Path) -> None:
    found = json.loads(run("verify", archive, "--at", "2020-01-01", "--quick", "--json").stdout)
    (check,) = [check for check in found["checks"] if check["name"] == "validity"]
    assert check["status"] == "not-checked"
    assert "before the earliest token" in check["detail"]


@pytest.mark.parametrize("name", ["witness-w.vkey", "log.vkey", "signer.pem", "domain/ca.pem"])
def test_a_trust_folder_may_hold_one_kind_of_anchor_only(archive: Path, tmp_path: Path, name: str) -> None:
    key = ec.generate_private_key(ec.SECP384R1()).public_key()
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    path = tmp_path / "trust" / name
    path.parent.mkdir(parents=True)
    own = (archive / "trust/log.vkey").read_bytes()
    path.write_bytes(own if name == "log.vkey" else pem)
    _require_anchors(tmp_path / "trust", None)
    path.write_bytes(b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")
    if name == "signer.pem":
        with pytest.raises(UsageError, match=r"signer\.pem"):
            _require_anchors(tmp_path / "trust", None)


def test_without_a_root_of_an_authority_the_own_ones_are_used_and_nothing_fails(
    archive: Path, tmp_path: Path
) -> None:
    trust = tmp_path / "trust"
    trust.mkdir()
    shutil.copy(archive / "trust/log.vkey", trust / "log.vkey")
    found = json.loads(run("verify", archive, "--trust", trust, "--json").stdout)
    (check,) = [check for check in found["checks"] if check["name"] == "timestamps"]
    assert check["status"] == "passed"
    assert "the archive's trust/" in check["detail"]
    assert found["result"] == "passed"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("verify", "X", "--trust", "no-such-folder"), "expected a folder with what you obtained"),
        (("verify", "X", "--trust", "unreadable"), "cannot be read"),
        (("verify", "X", "--vkey", "nonsense"), "--vkey"),
        (("verify", "X", "--at", "tomorrow"), "tomorrow"),
        (("--archive", "other", "verify", "X", "--record"), "another: leave it out"),
        (("verify", "no-such-archive"), "does not exist"),
        (("verify", "unreadable"), "neither an archive"),
        (("verify", "X", "--at", "2026-13-01"), "2026-13-01"),
        (("verify", "unreadable/a.txt"), "is no WACZ file"),
    ],
)
def test_wrong_usage_is_said_to_be_one(
    archive: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "unreadable/tsa.pem").mkdir(parents=True)
    (tmp_path / "unreadable/a.txt").write_text("x")
    with pytest.raises(SystemExit) as ended:
        main([str(archive) if word == "X" else word for word in words])
    assert ended.value.code == 2
    assert said in capsys.readouterr().err
