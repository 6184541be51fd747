"""Signatures by an organisation's certificate: made here, judged by openssl, and the other way round."""

import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import cms
from cryptography.hazmat.primitives.serialization import Encoding

from crawler.errors import FormatError, UsageError
from crawler.evidence.checks.organisation import check_organisation
from crawler.evidence.organisation import read_identity, read_signer, sign_cms, verify_cms

CONTENT = b"0" * 64 + b"  bagit.txt\n"
KEYS = {
    "rsa": ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"),
    "ec": ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"),
    "ed25519": ("-algorithm", "ED25519"),
    "sm2": ("-algorithm", "SM2"),
}


class SmallCA:
    """A root, an intermediate below it, and certificates below that, made by the openssl command."""

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir()
        self.folder = folder
        self.key("root", "ec")
        self._self_signed("root", f"/C=CN/O={name}/CN={name} Root")
        self.key("middle", "ec")
        self.issue(
            "middle", f"/C=CN/O={name}/CN={name} Middle", "root", "basicConstraints=critical,CA:true\n"
        )

    def run(self, *arguments: str) -> None:
        answer = subprocess.run(["openssl", *arguments], cwd=self.folder, capture_output=True, check=False)
        assert answer.returncode == 0, answer.stderr.decode()

    def key(self, name: str, kind: str) -> None:
        self.run("genpkey", *KEYS[kind], "-out", f"{name}.key")

    def _self_signed(self, name: str, subject: str) -> None:
        common = ("-new", "-x509", "-utf8", "-sha256", "-days", "3650", "-subj", subject)
        self.run("req", *common, "-key", f"{name}.key", "-out", f"{name}.pem")

    def issue(self, name: str, subject: str, issuer: str = "middle", extensions: str = "") -> None:
        (self.folder / "extensions").write_text(extensions or "basicConstraints=CA:false\n")
        self.run("req", "-new", "-utf8", "-key", f"{name}.key", "-subj", subject, "-out", f"{name}.csr")
        signing = (
            "-CA",
            f"{issuer}.pem",
            "-CAkey",
            f"{issuer}.key",
            "-CAcreateserial",
            "-sha256",
            "-days",
            "365",
        )
        self.run(
            "x509", "-req", "-in", f"{name}.csr", *signing, "-extfile", "extensions", "-out", f"{name}.pem"
        )

    def member(self, name: str, kind: str) -> Path:
        """A certificate of an organisation with its key and the chain above it, in one PEM file."""
        self.key(name, kind)
        self.issue(name, "/C=CN/O=某某市消费者委员会/CN=证据专用章")
        whole = b"".join(self.read(part) for part in (f"{name}.pem", "middle.pem", "root.pem", f"{name}.key"))
        (self.folder / f"{name}-all.pem").write_bytes(whole)
        return self.folder / f"{name}-all.pem"

    def read(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> SmallCA:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    return SmallCA(tmp_path_factory.mktemp("ca") / "ca", "Example CA")


@pytest.fixture(scope="module")
def root(ca: SmallCA) -> bytes:
    return ca.read("root.pem")


@pytest.fixture(scope="module")
def signature(ca: SmallCA) -> bytes:
    return sign_cms(CONTENT, read_identity(ca.member("rsa", "rsa").read_bytes(), None))


@pytest.mark.parametrize("kind", ["rsa", "ec"])
def test_what_is_signed_verifies_and_names_its_signer(ca: SmallCA, root: bytes, kind: str) -> None:
    member = ca.member(f"good-{kind}", kind)
    made = sign_cms(CONTENT, read_identity(member.read_bytes(), None))
    signer = verify_cms(made, CONTENT, [root])
    assert "某某市消费者委员会" in signer.subject
    assert "Example CA Middle" in signer.issuer
    assert signer.algorithm.startswith("sha256, ")
    assert signer.signing_time is not None
    assert abs(signer.signing_time - datetime.now(UTC)) < timedelta(minutes=1)
    # a stranger's command, as the docs give it
    (ca.folder / "list.txt").write_bytes(CONTENT)
    (ca.folder / "list.p7s").write_bytes(made)
    ca.run(
        *("cms", "-verify", "-binary", "-inform", "DER", "-in", "list.p7s", "-content", "list.txt"),
        *("-CAfile", "root.pem", "-purpose", "any", "-out", "out"),
    )
    assert (ca.folder / "out").read_bytes() == CONTENT


def test_the_fingerprint_is_the_one_openssl_prints(ca: SmallCA, signature: bytes) -> None:
    printed = subprocess.run(
        ["openssl", "x509", "-in", "rsa.pem", "-noout", "-fingerprint", "-sha256"],
        cwd=ca.folder,
        capture_output=True,
        check=True,
    ).stdout.decode()
    wanted = printed.strip().partition("=")[2].replace(":", "").lower()
    assert read_signer(signature).fingerprint == f"sha256:{wanted}"


def test_the_check_passes_and_states_the_certificate(signature: bytes, root: bytes) -> None:
    check, found = check_organisation(signature, CONTENT, [root])
    assert check.status == "passed", check
    assert found is not None
    assert found.role == "organisation"
    assert found.fingerprint in check.detail
    assert "Example CA Middle" in found.remark


def test_without_a_root_nothing_is_verified_but_the_facts_are_said(signature: bytes) -> None:
    check, found = check_organisation(signature, CONTENT, [])
    assert check.status == "not-checked"
    assert "某某市消费者委员会" in check.detail_zh
    assert found is not None


def test_other_content_is_refused(signature: bytes, root: bytes) -> None:
    other = CONTENT.replace(b"bagit", b"tigab")
    check, _ = check_organisation(signature, other, [root])
    assert check.status == "failed"
    assert "other content" in check.problems[0]


def test_openssl_alone_refuses_other_content_too(
    signature: bytes, root: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crawler.evidence.organisation._attribute", lambda _info, _name: None)
    with pytest.raises(FormatError, match=r"openssl refuses.*(digest|verif)"):
        verify_cms(signature, CONTENT + CONTENT, [root])


def test_another_ca_is_refused(signature: bytes, ca: SmallCA) -> None:
    other = SmallCA(ca.folder.parent / "other", "Other CA")
    check, _ = check_organisation(signature, CONTENT, [other.read("root.pem")])
    assert check.status == "failed"
    assert "self-signed certificate in certificate chain" in check.problems[0]


def test_the_systems_own_roots_do_not_count(
    signature: bytes, ca: SmallCA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What openssl trusts by default is not what the verifier gave."""
    (tmp_path / "root.pem").write_bytes(ca.read("root.pem"))
    ca.run("rehash", str(tmp_path))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "root.pem"))
    other = SmallCA(tmp_path / "other", "Another CA")
    assert check_organisation(signature, CONTENT, [other.read("root.pem")])[0].status == "failed"


@pytest.mark.parametrize(("days", "why"), [(400, "expired"), (-2, "not yet valid")])
def test_the_certificate_must_be_valid_at_the_time_that_is_asked(
    signature: bytes, root: bytes, days: int, why: str
) -> None:
    check, _ = check_organisation(signature, CONTENT, [root], datetime.now(UTC) + timedelta(days=days))
    assert check.status == "failed"
    assert why in check.problems[0]


def test_an_expired_certificate_does_not_sign(ca: SmallCA) -> None:
    identity = read_identity(ca.member("late", "ec").read_bytes(), None)
    with pytest.raises(UsageError, match="not today"):
        sign_cms(CONTENT, identity, datetime.now(UTC) + timedelta(days=400))


def test_a_pkcs12_file_signs_as_well(ca: SmallCA, root: bytes) -> None:
    ca.member("bank", "rsa")
    (ca.folder / "above.pem").write_bytes(ca.read("middle.pem") + root)
    ca.run(
        *("pkcs12", "-export", "-inkey", "bank.key", "-in", "bank.pem", "-certfile", "above.pem"),
        *("-passout", "pass:secret", "-out", "bank.p12"),
    )
    content = ca.read("bank.p12")
    assert verify_cms(sign_cms(CONTENT, read_identity(content, b"secret")), CONTENT, [root])
    for wrong in (b"wrong", None):
        with pytest.raises(UsageError, match="passphrase"):
            read_identity(content, wrong)


def test_a_key_of_its_own_file_and_under_a_passphrase(ca: SmallCA, root: bytes) -> None:
    ca.member("apart", "ec")
    ca.run("pkcs8", "-topk8", "-in", "apart.key", "-passout", "pass:secret", "-out", "apart-safe.key")
    chain, key = ca.read("apart.pem") + ca.read("middle.pem"), ca.read("apart-safe.key")
    assert verify_cms(sign_cms(CONTENT, read_identity(chain, b"secret", key)), CONTENT, [root])
    with pytest.raises(UsageError, match="may need a passphrase"):
        read_identity(chain, None, key)
    with pytest.raises(UsageError, match="none of the certificates"):
        read_identity(ca.read("middle.pem"), b"secret", key)


@pytest.mark.parametrize("kind", ["sm2", "ed25519"])
def test_keys_that_cannot_sign_here_are_refused_in_words(ca: SmallCA, kind: str) -> None:
    with pytest.raises(UsageError, match="SM2"):
        read_identity(ca.member(f"cannot-{kind}", kind).read_bytes(), None)


def test_a_signature_with_sm2_is_not_checked(signature: bytes, root: bytes) -> None:
    """openssl 3.0 writes no such signature: the names of the algorithms are put into one of ours."""
    renamed = cms.ContentInfo.load(signature)
    info = renamed["content"]["signer_infos"][0]
    info["digest_algorithm"] = cms.DigestAlgorithm({"algorithm": "1.2.156.10197.1.401"})
    info["signature_algorithm"] = cms.SignedDigestAlgorithm({"algorithm": "1.2.156.10197.1.501"})
    check, found = check_organisation(renamed.dump(force=True), CONTENT, [root])
    assert check.status == "not-checked", check
    assert "1.2.156.10197.1.501" in check.detail
    assert found is not None


def test_a_signature_in_the_national_form_is_not_checked(signature: bytes, root: bytes) -> None:
    ours, theirs = (
        b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02",
        b"\x06\x0a\x2a\x81\x1c\xcf\x55\x06\x01\x04\x02\x02",
    )
    assert signature.count(ours) == 1
    length = int.from_bytes(signature[2:4], "big") + 1
    national = signature[:2] + length.to_bytes(2, "big") + signature[4:].replace(ours, theirs)
    check, found = check_organisation(national, CONTENT, [root])
    assert (check.status, found) == ("not-checked", None), check
    assert "GM/T 0010" in check.detail


def test_a_signature_that_carries_its_content_is_refused(ca: SmallCA, root: bytes) -> None:
    (ca.folder / "list.txt").write_bytes(CONTENT)
    ca.run(
        *("cms", "-sign", "-binary", "-nodetach", "-in", "list.txt", "-signer", "middle.pem"),
        *("-inkey", "middle.key", "-outform", "DER", "-out", "whole.p7s"),
    )
    check, _ = check_organisation(ca.read("whole.p7s"), CONTENT, [root])
    assert check.status == "failed"
    assert "detached" in check.problems[0]


def test_damage_is_a_failed_check_and_never_more(signature: bytes, root: bytes) -> None:
    for position in range(0, len(signature), 31):
        damaged = bytearray(signature)
        damaged[position] ^= 0x20
        check, _ = check_organisation(bytes(damaged), CONTENT, [])
        assert check.status in ("failed", "not-checked")
    for broken in (b"", b"\x30", signature[:-1], signature + b"x", b"\x30\x80" * 5000):
        check, _ = check_organisation(broken, CONTENT, [root])
        assert check.status == "failed", broken[:10]


def test_one_damaged_byte_of_the_signature_value_is_refused(signature: bytes, root: bytes) -> None:
    check, _ = check_organisation(signature[:-1] + bytes([signature[-1] ^ 1]), CONTENT, [root])
    assert check.status == "failed"


def test_two_certificates_that_fit_the_signer_are_refused(
    ca: SmallCA, root: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = read_identity(ca.member("twin", "ec").read_bytes(), None)
    twice = type(identity)(identity.key, identity.certificate, (identity.certificate,))
    made = sign_cms(CONTENT, twice)
    if made.count(identity.certificate.public_bytes(Encoding.DER)) < 2:
        pytest.skip("this version of cryptography leaves the second one out")
    with pytest.raises(FormatError, match="2 certificates"):
        verify_cms(made, CONTENT, [root])
