"""Whom the machine believes: real certificates in the places where an administrator, or an attacker, adds them."""

from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificates

from crawler.demo.tsa import DemoAuthority
from crawler.engine.environment.result import Judged
from crawler.engine.environment.rules import rules
from crawler.engine.environment.setting import Setting
from crawler.engine.environment.trust_store import (
    added_certificates,
    browser_certificates,
    certificate_variables,
    system_certificates,
    trusted_in,
)
from crawler.evidence.certificates import fingerprint
from crawler.evidence.digest import digest
from tests.engine.environment.places import clean_places, said


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A root certificate in PEM."""
    return load_first(DemoAuthority(tmp_path_factory.mktemp("tsa"), "tsa-a").trust_pem)


def load_first(pem: bytes) -> bytes:
    return load_pem_x509_certificates(pem)[0].public_bytes(Encoding.PEM)


def added(setting: Setting) -> Judged:
    (judged,) = added_certificates(setting, rules()["added-certificates"])
    return judged


def test_the_bundle_of_the_system(tmp_path: Path) -> None:
    places = clean_places(tmp_path)
    (judged,) = system_certificates(Setting(places=places), rules()["system-certificates"])
    assert judged.value["certificates"] == 3
    assert judged.value["sha256"] == digest((tmp_path / "bundle.pem").read_bytes())
    (judged,) = system_certificates(
        Setting(places=replace(places, bundles=())), rules()["system-certificates"]
    )
    assert judged.outcome == "failed"


@pytest.mark.parametrize("form", ["pem", "der"])
def test_an_added_certificate_fails_with_its_name(tmp_path: Path, root: bytes, form: str) -> None:
    setting = Setting(places=clean_places(tmp_path))
    assert added(setting).outcome == "passed"
    (certificate,) = load_pem_x509_certificates(root)
    content = root if form == "pem" else certificate.public_bytes(Encoding.DER)
    (tmp_path / "added/office").mkdir()
    (tmp_path / "added/office/proxy.crt").write_bytes(content)
    judged = added(setting)
    (entry,) = judged.value["certificates"]
    assert (judged.outcome, entry["sha256"]) == ("failed", f"sha256:{fingerprint(root)}")
    assert entry["subject"] in said("added-certificates", judged)
    assert "proxy.crt" not in str(judged), "no names of files"


def test_what_cannot_be_read_there_fails_too(tmp_path: Path) -> None:
    setting = Setting(places=clean_places(tmp_path))
    (tmp_path / "added/rubbish.crt").write_bytes(b"-----BEGIN CERTIFICATE-----\nnone")
    (tmp_path / "added/huge.crt").write_bytes(bytes(2 << 20))
    judged = added(setting)
    assert (judged.outcome, judged.value["unreadable"]) == ("failed", 2)


def test_many_added_certificates_are_cut(tmp_path: Path, root: bytes) -> None:
    setting = Setting(places=clean_places(tmp_path))
    (tmp_path / "added/many.crt").write_bytes(root * 300)
    assert len(added(setting).value["certificates"]) <= 32


def variables(tmp_path: Path, **environ: str) -> Judged:
    places = clean_places(tmp_path)
    (judged,) = certificate_variables(
        Setting(places=places, environ=environ), rules()["certificate-variables"]
    )
    return judged


def test_variables_that_change_nothing(tmp_path: Path) -> None:
    assert variables(tmp_path / "a").value == {}
    folder = tmp_path / "b"
    judged = variables(folder, SSL_CERT_FILE=str(folder / "bundle.pem"), SSL_CERT_DIR=str(folder))
    assert judged.outcome == "passed"


def test_other_certificates_fail(tmp_path: Path) -> None:
    (tmp_path / "other.pem").write_text("-----BEGIN CERTIFICATE-----")
    judged = variables(tmp_path / "a", SSL_CERT_FILE=str(tmp_path / "other.pem"), SSL_CERT_DIR="/none")
    assert (judged.outcome, judged.because) == ("failed", "other-certificates")
    assert "SSL_CERT_FILE、SSL_CERT_DIR" in said("certificate-variables", judged)


def test_a_key_log_fails(tmp_path: Path) -> None:
    judged = variables(tmp_path, SSLKEYLOGFILE=str(tmp_path / "secrets.txt"))
    assert (judged.outcome, judged.because) == ("failed", "key-log")
    assert "secrets" not in str(judged.value)


LISTED = """
Certificate Nickname                                         Trust Attributes
                                                             SSL,S/MIME,JAR/XPI

Office Proxy, Inc                                            CT,C,C
someone@example.org                                          u,u,u
Intermediate                                                 ,,
Client CA                                                    T,,
"""


def test_the_browsers_own_store(tmp_path: Path) -> None:
    places = clean_places(tmp_path)
    setting = Setting(places=places, environ={"PATH": str(tmp_path / "bin")})
    check, rule = browser_certificates, rules()["browser-certificates"]
    assert check(setting, rule)[0].value == {"present": False}
    (places.nss / "cert9.db").write_bytes(b"SQLite format 3\0")
    (judged,) = check(setting, rule)
    assert (judged.outcome, judged.because) == ("skipped", "no-certutil")
    tool = tmp_path / "bin/certutil"
    tool.parent.mkdir()
    for listed, outcome in ((LISTED, "failed"), ("", "passed")):
        tool.write_text(f"#!/bin/sh\ncat <<'END'\n{listed}\nEND\n")
        tool.chmod(0o755)
        (judged,) = check(setting, rule)
        assert judged.outcome == outcome
        assert "Office" not in str(judged), "nicknames may be people's"
    tool.write_text("#!/bin/sh\nexit 255\n")
    assert check(setting, rule)[0].because == "unreadable"


def test_who_is_trusted_there() -> None:
    assert trusted_in(LISTED) == 2
