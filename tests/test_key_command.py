"""`evidence init` with a passphrase, `evidence key`, and that no private key leaves the archive."""

import base64
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

import crawler.commands.key  # noqa: F401 - a command of `evidence` from here on
from crawler.engine.passphrase import PASSPHRASE, SERVICE
from crawler.evidence.checkpoint import open_note, sign
from crawler.evidence.checks.notes import read_verifiers
from crawler.evidence.signing_key import LOG_KEY, load_key
from crawler.store import cases
from crawler.store.session import Session
from tests.archives import drafted, nothing_failed, page
from tests.commands import Printed, evidence

WHO = ("--organisation", "某某市消费者委员会", "--operator", "张三", "--contact", "wq@example.org")
UNSEALED = 3


class Door:
    """The command on one archive."""

    def __init__(self, capsys: pytest.CaptureFixture[str], archive: Path) -> None:
        self.capsys = capsys
        self.archive = archive

    def __call__(self, *arguments: object) -> Printed:
        return evidence(self.capsys, "--archive", self.archive, *arguments)


@pytest.fixture
def door(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Door:
    monkeypatch.delenv(PASSPHRASE, raising=False)
    made = Door(capsys, tmp_path / "a")
    assert made("init", *WHO).code == 0
    return made


def test_show_names_every_key_with_its_fingerprint(door: Door) -> None:
    (first,) = door("key", "show", "--json").json["keys"]
    assert first["fingerprint"].startswith("sha256:")
    assert (first["first_entry"], first["last_entry"], first["act"]) == (0, None, "archive-created")
    rotated = door("key", "rotate", "--json")
    assert rotated.code == UNSEALED, "no authority is configured"
    (door.archive / LOG_KEY).unlink()
    assert door("key", "replace", "--reason", "硬盘损坏", "--json").code == UNSEALED
    old, middle, newest = door("key", "show", "--json").json["keys"]
    assert {**old, "last_entry": None} == first
    assert (middle["vkey"], middle["act"]) == (rotated.json["vkey"], "key-rotated")
    assert middle["last_entry"] == newest["first_entry"] - 1
    assert (newest["reason"], newest["last_entry"]) == ("硬盘损坏", None)
    text = door("key", "show").out
    for row in (old, middle, newest):
        assert row["key_id"] in text
        assert row["fingerprint"] in text
        assert row["vkey"] in text
    assert "连续性在此中断（硬盘损坏）" in text
    nothing_failed(door.archive)


def test_replacing_says_what_it_means_and_wants_a_reason(door: Door) -> None:
    before = (door.archive / LOG_KEY).read_bytes()
    for given in ((), ("--reason", " ")):
        printed = door("key", "replace", *given)
        assert (printed.code, "key rotate" in printed.err) == (2, True), printed
    assert (door.archive / LOG_KEY).read_bytes() == before
    assert "中断" in door("key", "replace", "--help").out
    assert "没有为新密钥作证" in door("key", "replace", "--reason", "口令遗忘").out


def test_a_missing_key_is_explained(door: Door) -> None:
    (door.archive / LOG_KEY).unlink()
    printed = door("key", "rotate")
    assert printed.code == 1
    assert "evidence key replace" in printed.err


def test_init_with_the_keyring(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    keyring = pytest.importorskip("keyring")
    backend = pytest.importorskip("keyrings.alt.file").PlaintextKeyring()
    backend.file_path = str(tmp_path / "ring.cfg")
    monkeypatch.delenv(PASSPHRASE, raising=False)
    before = keyring.get_keyring()
    keyring.set_keyring(backend)
    try:
        door = Door(capsys, tmp_path / "a")
        assert door("init", *WHO, "--origin", "evidence.example.org/log", "--keyring").code == 0
        assert "ENCRYPTED" in (door.archive / LOG_KEY).read_text()
        secret = keyring.get_password(SERVICE, "evidence.example.org/log")
        assert load_key(door.archive / LOG_KEY, secret.encode())
        assert door("seal").code == UNSEALED, "signed, with nobody to stamp"
        assert door("key", "rotate").code == UNSEALED
        keyring.delete_password(SERVICE, "evidence.example.org/log")
        printed = door("seal")
        assert (printed.code, "keyring" in printed.err) == (1, True)
    finally:
        keyring.set_keyring(before)
    nothing_failed(door.archive)


def test_a_wrong_passphrase_costs_nothing(
    door: Door, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(PASSPHRASE, "开门")
    safe = Door(door.capsys, tmp_path / "safe")
    assert safe("init", *WHO).code == 0
    before = {file: file.read_bytes() for file in safe.archive.rglob("*") if file.is_file()}
    for value in ("关门", None):
        if value is None:
            monkeypatch.delenv(PASSPHRASE)
        else:
            monkeypatch.setenv(PASSPHRASE, value)
        for command in (("seal",), ("key", "rotate")):
            printed = safe(*command)
            assert (printed.code, "passphrase" in printed.err) == (1, True), printed
    assert {file: file.read_bytes() for file in safe.archive.rglob("*") if file.is_file()} == before


def test_no_private_key_is_in_a_bundle(door: Door, tmp_path: Path) -> None:
    with Session.open(door.archive) as session:
        capture = session.record(drafted(page())).result()
        case = cases.create_case(
            session, title="某店涉嫌虚假评价", cause="涉嫌虚假宣传", submitter="某某市消委会"
        )
        exhibit = cases.NewExhibit(
            case=case, captures=(capture.id,), group="D", title="商品页", purpose="初步证明", number=None
        )
        cases.add_exhibit(session, exhibit)
    traces = [trace for file in sorted((door.archive / "keys").iterdir()) for trace in _traces(file)]
    assert len(traces) > 5
    assert door("key", "rotate").code == UNSEALED
    traces += _traces(door.archive / LOG_KEY)
    assert door("export", case, "--to", tmp_path / "bundle").code == UNSEALED
    files = [file for file in (tmp_path / "bundle").rglob("*") if file.is_file()]
    assert len(files) > 10
    for file in files:
        content = file.read_bytes()
        assert not [trace for trace in traces if trace in content], file
        assert b"PRIVATE KEY" not in content, file


def _traces(file: Path) -> list[bytes]:
    """The bytes of a file in keys/, whole and of the log's key: PEM, raw, base64, hexadecimal."""
    content = file.read_bytes().strip()
    if file.name != "log.key":
        return [content]
    key = load_key(file)
    raw = key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    body = b"".join(pem.splitlines()[1:-1])
    return [content, pem, body, raw, raw.hex().encode(), base64.b64encode(raw), base64.urlsafe_b64encode(raw)]


def test_verify_with_an_older_key_stops_at_the_break(door: Door) -> None:
    (first,) = door("key", "show", "--json").json["keys"]
    newest = door("key", "replace", "--reason", "硬盘损坏", "--json").json
    by_first = _keys_check(door("verify", "--vkey", first["vkey"], "--json"))
    assert (by_first["status"], "vouches for no signature" in by_first["detail"]) == ("not-checked", True)
    assert _keys_check(door("verify", "--vkey", newest["vkey"], "--json"))["status"] == "passed"
    assert _keys_check(door("verify", "--json"))["status"] == "passed"


def test_a_checkpoint_by_the_retired_key_is_found(door: Door) -> None:
    retired = load_key(door.archive / LOG_KEY)
    assert door("key", "rotate").code == UNSEALED
    log = door.archive / "log"
    newest = open_note((log / "checkpoint").read_bytes(), read_verifiers(door.archive / "trust/log.vkey"))
    forged = sign(newest, newest.origin, retired)
    (log / "checkpoint").write_bytes(forged)
    (log / f"checkpoints/{newest.size}").write_bytes(forged)
    check = _keys_check(door("verify", "--json"))
    assert check["status"] == "failed"
    assert f"checkpoints/{newest.size} is signed by" in check["problems"][0]


def _keys_check(printed: Printed) -> Any:
    return next(check for check in printed.json["checks"] if check["name"] == "keys")
