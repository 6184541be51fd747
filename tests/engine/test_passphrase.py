"""Where the passphrase of the log's key comes from; with a real keyring in a file, and a real terminal."""

import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from crawler.engine import passphrase as module
from crawler.engine.passphrase import PASSPHRASE, SERVICE, first_passphrase, next_passphrase, passphrase
from crawler.errors import ArchiveError, ConfigError, UsageError
from crawler.evidence.archive import Archive
from crawler.evidence.signing_key import LOG_KEY
from tests.archives import config

keyring = pytest.importorskip("keyring", reason="the extra [keyring] is not installed")
ORIGIN = config().origin


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PASSPHRASE, raising=False)
    monkeypatch.setattr(module, "_asked", {})


@pytest.fixture
def ring(tmp_path: Path) -> Iterator[Path]:
    """A keyring in a file, as keyrings.alt keeps it."""
    backends = pytest.importorskip("keyrings.alt.file", reason="keyrings.alt is not installed")
    before, backend = keyring.get_keyring(), backends.PlaintextKeyring()
    backend.file_path = str(tmp_path / "ring/passphrases.cfg")
    keyring.set_keyring(backend)
    yield tmp_path / "ring/passphrases.cfg"
    keyring.set_keyring(before)


@pytest.fixture
def no_ring() -> Iterator[None]:
    fail = pytest.importorskip("keyring.backends.fail")
    before = keyring.get_keyring()
    keyring.set_keyring(fail.Keyring())
    yield
    keyring.set_keyring(before)


def make(path: Path, secret: bytes | None, kept: str) -> Path:
    Archive.create(path, replace(config(), passphrase=kept), passphrase=secret).close()
    return path


def test_a_key_without_one_needs_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make(tmp_path / "a", None, "none")
    assert passphrase(path) is None
    monkeypatch.setenv(PASSPHRASE, "there all the same")
    assert passphrase(path) is None
    (path / LOG_KEY).unlink()
    assert passphrase(path) is None


def test_the_keyring_keeps_a_random_one_under_service_and_origin(tmp_path: Path, ring: Path) -> None:
    secret, kept = first_passphrase(ORIGIN, keyring=True)
    assert (kept, ring.is_file()) == ("keyring", True)
    assert secret is not None
    assert len(secret) > 40
    assert keyring.get_password(SERVICE, ORIGIN) == secret.decode()
    path = make(tmp_path / "a", secret, kept)
    assert passphrase(path) == secret
    assert 'passphrase = "keyring"' in (path / "evidence.toml").read_text()
    assert not [file for file in path.rglob("*") if file.is_file() and secret in file.read_bytes()]
    assert first_passphrase(ORIGIN, keyring=True)[0] == secret, "one that is there is used again"
    assert first_passphrase("other.example", keyring=True)[0] != secret


def test_the_environment_comes_before_the_keyring(
    tmp_path: Path, ring: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make(tmp_path / "a", b"right", "keyring")
    keyring.set_password(SERVICE, ORIGIN, "stale")
    with pytest.raises(ArchiveError, match="passphrase is wrong"):
        passphrase(path)
    monkeypatch.setenv(PASSPHRASE, "right")
    assert passphrase(path) == b"right"


def test_the_keyring_is_asked_only_where_the_settings_say_so(tmp_path: Path, ring: Path) -> None:
    path = make(tmp_path / "a", b"right", "environment")
    keyring.set_password(SERVICE, ORIGIN, "right")
    with pytest.raises(ArchiveError, match=PASSPHRASE):
        passphrase(path)


def test_environment_and_keyring_at_once_are_refused(ring: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSPHRASE, "given")
    with pytest.raises(UsageError, match="as well"):
        first_passphrase(ORIGIN, keyring=True)
    assert first_passphrase(ORIGIN, keyring=False) == (b"given", "environment")


def test_without_anything_a_new_key_has_none() -> None:
    assert first_passphrase(ORIGIN, keyring=False) == (None, "none")


@pytest.mark.usefixtures("no_ring")
def test_a_system_without_a_keyring_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="keyring of this system cannot be used"):
        first_passphrase(ORIGIN, keyring=True)
    path = make(tmp_path / "a", b"right", "keyring")
    with pytest.raises(ConfigError, match=PASSPHRASE):
        passphrase(path)


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(ConfigError, match=r"web-evidence\[keyring\]"):
        first_passphrase(ORIGIN, keyring=True)


def test_a_missing_or_wrong_one_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make(tmp_path / "a", b"right", "environment")
    with pytest.raises(ArchiveError, match="run this in a terminal"):
        passphrase(path)
    monkeypatch.setenv(PASSPHRASE, "wrong")
    with pytest.raises(ArchiveError, match="nothing was changed"):
        passphrase(path)


def test_the_key_after_a_lost_one_gets_a_passphrase_too(
    tmp_path: Path, ring: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make(tmp_path / "a", b"forgotten", "environment")
    with pytest.raises(ArchiveError, match="lost key was under a passphrase"):
        next_passphrase(path)
    monkeypatch.setenv(PASSPHRASE, "new")
    assert next_passphrase(path) == b"new"
    monkeypatch.delenv(PASSPHRASE)
    other = make(tmp_path / "b", b"lost with the keyring", "keyring")
    made = next_passphrase(other)
    assert made is not None
    assert keyring.get_password(SERVICE, ORIGIN) == made.decode()
    assert next_passphrase(make(tmp_path / "c", None, "none")) is None


def at_a_terminal(code: str, *typed: str) -> tuple[int, str]:
    """Run code at a terminal, type a line at each prompt; returns exit code and what it printed."""
    master, terminal = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if name != PASSPHRASE}
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        cwd=Path(__file__).parents[2],
        env=environment,
    ) as child:
        os.close(terminal)
        assert child.stdout is not None
        printed = b""
        try:
            for line in typed:
                # Only then: getpass throws away what was typed before it asks.
                while not printed.endswith(b": ") and (piece := os.read(child.stdout.fileno(), 4096)):
                    printed += piece
                os.write(master, line.encode() + b"\n")
                printed += b"\n"
            printed += child.communicate(timeout=20)[0]
        finally:
            child.kill()
            os.close(master)
    return child.returncode, printed.decode()


def test_a_person_at_a_terminal_is_asked(tmp_path: Path) -> None:
    path = make(tmp_path / "a", "开门".encode(), "environment")
    code = (
        "from pathlib import Path; from crawler.engine.passphrase import passphrase;"
        f" p = Path({str(path)!r}); print([passphrase(p).decode(), passphrase(p).decode()])"
    )
    status, printed = at_a_terminal(code, "开门")
    assert (status, "['开门', '开门']" in printed) == (0, True), printed
    assert printed.count("passphrase of the log's key") == 1, "asked for once"
    status, printed = at_a_terminal(code, "关门")
    assert (status, "passphrase is wrong" in printed) == (1, True), printed


@pytest.mark.parametrize(
    ("typed", "outcome"),
    [
        (("secret", "secret"), "(b'secret', 'environment')"),
        (("",), "(None, 'none')"),
        (("one", "two"), "differ"),
    ],
)
def test_a_person_chooses_one_at_a_terminal(typed: tuple[str, ...], outcome: str) -> None:
    code = (
        "from crawler.engine.passphrase import first_passphrase;"
        " print(first_passphrase('example.org', keyring=False))"
    )
    _, printed = at_a_terminal(code, *typed)
    assert outcome in printed
