"""wacz-auth: our signatures for others' verifiers, others' signatures for ours."""

import base64
import json
import subprocess
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from playwright.sync_api import sync_playwright

from crawler.errors import ArchiveError, FormatError
from crawler.evidence.digest import digest
from crawler.evidence.signing_key import make_key as make_log_key
from crawler.evidence.timestamp import read_token
from crawler.evidence.wacz_auth import (
    ANONYMOUS_FIELDS,
    KEY_FILE,
    Anonymous,
    Domain,
    make_key,
    open_key,
    read_signed,
    save_key,
    sign,
    verify_anonymous,
    verify_domain,
    verify_path,
    whole_token,
)
from tests.domain_signer import DomainSigner

PAGES = Path(__file__).parents[3] / "shared/pages/archives"
LABEL = digest(b"{}")


def signed_by(key: ec.EllipticCurvePrivateKey) -> dict[str, str]:
    return sign(LABEL, key, created="2026-11-22T08:00:00Z", software="web-evidence/1")


def genuine(name: str) -> Any:
    """signedData of a package that another tool signed."""
    if not (PAGES / name).exists():
        pytest.skip("the genuine WACZ files are not on this machine")
    with zipfile.ZipFile(PAGES / name) as package:
        return json.loads(package.read("datapackage-digest.json"))["signedData"]


@pytest.fixture(scope="module")
def key() -> ec.EllipticCurvePrivateKey:
    return make_key()


def test_a_signature_has_exactly_the_anonymous_fields_and_is_deterministic(
    key: ec.EllipticCurvePrivateKey,
) -> None:
    signed = signed_by(key)
    assert tuple(signed) == ANONYMOUS_FIELDS
    assert signed == signed_by(key)
    assert len(base64.b64decode(signed["signature"])) == 96
    read = read_signed(signed)
    assert isinstance(read, Anonymous)
    assert verify_anonymous(read) == digest(base64.b64decode(signed["publicKey"]))


def test_openssl_verifies_our_signature(key: ec.EllipticCurvePrivateKey, tmp_path: Path) -> None:
    signed = signed_by(key)
    raw = base64.b64decode(signed["signature"])
    der = encode_dss_signature(int.from_bytes(raw[:48], "big"), int.from_bytes(raw[48:], "big"))
    (tmp_path / "sig").write_bytes(der)
    (tmp_path / "hash.txt").write_text(LABEL)
    (tmp_path / "pub.der").write_bytes(base64.b64decode(signed["publicKey"]))
    command = "openssl dgst -sha256 -verify pub.der -keyform DER -signature sig hash.txt"
    answer = subprocess.run(command.split(), cwd=tmp_path, capture_output=True, check=False)
    assert answer.stdout == b"Verified OK\n", answer.stderr


@pytest.mark.browser
def test_webcrypto_verifies_our_signature_as_wabac_does(
    key: ec.EllipticCurvePrivateKey, chromium: str
) -> None:
    script = """async ([text, spki, signature]) => {
        const bytes = (encoded) => Uint8Array.from(atob(encoded), (c) => c.charCodeAt(0));
        const curve = {name: "ECDSA", namedCurve: "P-384"};
        const key = await crypto.subtle.importKey("spki", bytes(spki), curve, true, ["verify"]);
        const how = {name: "ECDSA", hash: "SHA-256"};
        return crypto.subtle.verify(how, key, bytes(signature), new TextEncoder().encode(text));
    }"""
    signed = signed_by(key)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        page.route("**/*", lambda route: route.fulfill(body="", content_type="text/html"))
        page.goto("http://localhost/")  # answered by the line above; WebCrypto wants a secure context
        says = [
            page.evaluate(script, [text, signed["publicKey"], signed["signature"]])
            for text in (signed["hash"], digest(b"other"))
        ]
        browser.close()
    assert says == [True, False]


def test_the_key_is_private_kept_under_the_passphrase_and_made_on_first_use(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    made = open_key(tmp_path, b"secret")
    path = tmp_path / KEY_FILE
    assert path.stat().st_mode & 0o777 == 0o600
    assert signed_by(open_key(tmp_path, b"secret")) == signed_by(made)
    for wrong in (None, b"guess"):
        with pytest.raises(ArchiveError, match="passphrase"):
            open_key(tmp_path, wrong)
    with pytest.raises(FileExistsError):
        save_key(path, made)


@pytest.mark.parametrize("other", [make_log_key(), ec.generate_private_key(ec.SECP256R1())])
def test_a_key_of_another_kind_is_refused(tmp_path: Path, other: Any) -> None:
    (tmp_path / "keys").mkdir()
    form = serialization.PrivateFormat.PKCS8
    pem = other.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    (tmp_path / KEY_FILE).write_bytes(pem)
    with pytest.raises(ArchiveError, match="not a P-384 key"):
        open_key(tmp_path)


def test_only_a_sha256_label_is_signed(key: ec.EllipticCurvePrivateKey) -> None:
    for label in ("x", LABEL.upper(), digest(b"", "sm3"), LABEL[7:]):
        with pytest.raises(FormatError):
            sign(label, key, created="", software="")


def spki(key: Any) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return base64.b64encode(key.public_key().public_bytes(serialization.Encoding.DER, form)).decode()


def verify_fields(fields: dict[str, Any]) -> None:
    signed = read_signed(fields)
    assert isinstance(signed, Anonymous)
    verify_anonymous(signed)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s: s.update(extra="x"), "unknown extra"),
        (lambda s: s.update(domain="example.org"), "unknown domain"),
        (lambda s: s.pop("created"), "missing created"),
        (lambda s: s.update(version="0.2.0"), "version '0.2.0'"),
        (lambda s: s.update(software=1), "'software' is not ASCII text"),
        (lambda s: s.update(hash="sha512:00"), "not a digest label"),
        (lambda s: s.update(hash=digest(b"[]")), "is not by the key"),
        (lambda s: s.update(publicKey=spki(make_key())), "is not by the key"),
        (lambda s: s.update(publicKey=spki(ec.generate_private_key(ec.SECP256R1()))), "not a P-384 key"),
        (lambda s: s.update(publicKey=spki(make_log_key())), "not a P-384 key"),
        (lambda s: s.update(publicKey="AAAA"), "not a readable public key"),
        (lambda s: s.update(publicKey=s["publicKey"] + "\n"), "not base64"),
        (lambda s: s.update(signature=s["signature"][:-4]), "has 93 bytes"),
        (lambda s: s.update(signature="A" * 128), "is not by the key"),
        (lambda s: s.update(signature="!"), "not base64"),
        (lambda s: s.pop("publicKey"), "missing"),
    ],
)
def test_an_altered_anonymous_signature_is_refused(
    key: ec.EllipticCurvePrivateKey, change: Callable[[dict[str, Any]], object], said: str
) -> None:
    fields: dict[str, Any] = signed_by(key)
    change(fields)
    with pytest.raises(FormatError, match=said):
        verify_fields(fields)


def test_archiveweb_page_s_signature_verifies() -> None:
    signed = read_signed(genuine("wacz-6.wacz"))
    assert isinstance(signed, Anonymous)
    assert signed.version is None
    assert verify_anonymous(signed).startswith("sha256:0df677b6")


def test_authsign_s_signature_verifies_and_its_token_gets_its_certificate_back() -> None:
    signed = read_signed(genuine("wacz-3.wacz"))
    assert isinstance(signed, Domain)
    assert verify_domain(signed).startswith("sha256:ff10085e")
    assert read_token(whole_token(signed)).gen_time == datetime(2022, 1, 18, 19, 0, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> DomainSigner:
    return DomainSigner(tmp_path_factory.mktemp("signer"))


def read_domain(fields: dict[str, Any]) -> Domain:
    signed = read_signed(fields)
    assert isinstance(signed, Domain)
    return signed


def test_a_domain_signature_verifies_up_to_the_given_root_only(signer: DomainSigner) -> None:
    signed = read_domain(signer.sign(LABEL))
    assert verify_domain(signed) == f"sha256:{signed.certificates[0].fingerprint(hashes.SHA256()).hex()}"
    now = datetime.now(UTC)
    assert verify_path(signed, [signer.root], now) == "CN=Test Root"
    with pytest.raises(FormatError):
        verify_path(signed, [DomainSigner.another_root()], now)
    with pytest.raises(FormatError):
        verify_path(signed, [signer.root], now + timedelta(days=400))
    assert whole_token(signed) != signed.token  # authsign's tokens carry no certificate
    assert len(read_token(whole_token(signed)).tsa_name) > 0


@pytest.mark.parametrize(
    "flaw",
    [
        {"domain": "other.example"},
        {"usage": False},
        {"client": True},
        {"purpose": False},
        {"ca": False},
        {"length": 0},
    ],
)
def test_a_path_with_a_flaw_is_refused(signer: DomainSigner, flaw: dict[str, Any]) -> None:
    signed = read_domain(signer.sign(LABEL, **flaw))
    verify_domain(signed)  # a good signature is not a good certificate
    with pytest.raises(FormatError):
        verify_path(signed, [signer.root], datetime.now(UTC))


def test_a_cross_signed_certificate_may_lead_to_the_root(signer: DomainSigner) -> None:
    fields = signer.sign(LABEL, flawed_root=True)
    signed = read_domain({**fields, "crossSignedCert": signer.cross_signed(fields)})
    verify_domain(signed)
    assert verify_path(signed, [signer.root], datetime.now(UTC)) == "CN=Test Root"
    with pytest.raises(FormatError, match="validation failed"):
        verify_path(read_domain(fields), [signer.root], datetime.now(UTC))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s: s.pop("timeSignature"), "missing timeSignature"),
        (lambda s: s.pop("timestampCert"), "missing timestampCert"),
        (lambda s: s.update(publicKey="AAAA"), "unknown"),
        (lambda s: s.update(domainCert=s["domainCert"] + "hidden"), "nothing else"),
        (lambda s: s.update(domainCert=""), "1 to 12"),
        (lambda s: s.update(signature=base64.b64encode(bytes(96)).decode()), "DER"),
        (lambda s: s.update(hash=digest(b"[]")), "is not by the key in domainCert"),
        (lambda s: s.update(domainCert=s["timestampCert"]), "is not by the key in domainCert"),
        (lambda s: s.update(crossSignedCert=s["timestampCert"]), "is not by the key in crossSignedCert"),
    ],
)
def test_an_altered_domain_signature_is_refused(
    signer: DomainSigner, change: Callable[[dict[str, Any]], object], said: str
) -> None:
    fields: dict[str, Any] = signer.sign(LABEL)
    change(fields)
    with pytest.raises(FormatError, match=said):
        verify_domain(read_domain(fields))


def test_a_token_that_is_none_is_refused(signer: DomainSigner) -> None:
    for token in (b"", b"\x30\x03\x02\x01\x00", b"\x30\x82\xff\xff", b"x" * 100):
        fields = {**signer.sign(LABEL), "timeSignature": base64.b64encode(token).decode()}
        with pytest.raises(FormatError, match="TimeStampResp"):
            whole_token(read_domain(fields))


def test_certificates_are_read_as_they_stand(signer: DomainSigner) -> None:
    signed = read_domain(signer.sign(LABEL))
    assert all(isinstance(certificate, x509.Certificate) for certificate in signed.certificates)
    assert len(signed.certificates) == 2
