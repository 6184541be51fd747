"""How long a certificate path holds: what openssl says, to the second."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crawler.demo.tsa import DemoAuthority
from crawler.errors import TimestampError
from crawler.evidence.certificates import certificates_in, fingerprint, path_until, split_trust
from crawler.evidence.timestamp import Authority, ask, certificates, verify_token

CONTENT = b"hello"


@pytest.mark.parametrize(
    ("intermediate", "days", "signer_days", "ends_with"),
    [(False, 3650, 2, "tsa"), (False, 2, 3650, "root"), (True, 2, 3650, "root"), (True, 3650, 2, "tsa")],
)
def test_the_path_ends_with_its_first_certificate_as_openssl_says(
    tmp_path: Path, intermediate: bool, days: int, signer_days: int, ends_with: str
) -> None:
    demo = DemoAuthority(
        tmp_path / "a", "tsa-a", intermediate=intermediate, days=days, signer_days=signer_days
    )
    authority = Authority.from_pem("tsa-a", "http://tsa.invalid/", demo.trust_pem)
    token = ask(CONTENT, authority, lambda _, query: demo.reply(query))
    assert token.verified is not None
    end = token.verified.path_until
    (der,) = certificates_in((demo.folder / f"{ends_with}.pem").read_bytes())
    told = subprocess.run(
        ["openssl", "x509", "-inform", "DER", "-noout", "-enddate"],
        input=der,
        capture_output=True,
        check=True,
    ).stdout.decode()
    assert end.strftime("%b %e %H:%M:%S %Y GMT") in told

    def holds(at: datetime) -> bool:
        try:
            verify_token(
                token.tsr, CONTENT, roots=authority.roots, intermediates=authority.intermediates, at=at
            )
        except TimestampError as error:
            return "certificate has expired" not in str(error)
        return True

    assert holds(end - timedelta(seconds=1))
    assert not holds(end + timedelta(seconds=1))


def test_of_two_paths_the_one_that_holds_longer_counts(tmp_path: Path) -> None:
    """A cross certificate: the same CA key once under a root that ends soon, once under one that does not."""
    demo = DemoAuthority(tmp_path / "a", "tsa-a", intermediate=True)
    other = DemoAuthority(tmp_path / "b", "tsa-b", days=2)
    (demo.folder / "cross.ext").write_text("basicConstraints=critical,CA:TRUE\n")
    command = ["openssl", "x509", "-req", "-in", "intermediate.csr", "-CA", str(other.folder / "root.pem")]
    command += ["-CAkey", str(other.folder / "root.key"), "-days", "3650", "-set_serial", "7"]
    command += ["-extfile", "cross.ext", "-out", "cross.pem"]
    subprocess.run(command, cwd=demo.folder, check=True, capture_output=True)
    (signer,), (cross,), (own,) = (
        certificates_in((demo.folder / f"{name}.pem").read_bytes())
        for name in ("tsa", "cross", "intermediate")
    )
    (root,), (short,) = (certificates_in((d.folder / "root.pem").read_bytes()) for d in (demo, other))
    now = datetime.now(UTC)
    by_short = path_until(signer, [short], [cross, own], now)
    by_both = path_until(signer, [root, short], [own, cross], now)
    assert by_short is not None
    assert by_both is not None
    assert by_short < now + timedelta(days=3) < by_both
    assert path_until(signer, [short, root], [cross, own], now) == by_both, "in whatever order"
    assert path_until(signer, [short], [own], now) is None


def test_a_certificate_that_is_no_ca_extends_nothing(tmp_path: Path) -> None:
    demo = DemoAuthority(tmp_path / "a", "tsa-a")
    (signer,) = certificates_in((demo.folder / "tsa.pem").read_bytes())
    (root,) = certificates_in((demo.folder / "root.pem").read_bytes())
    assert path_until(root, [signer], [], datetime.now(UTC)) is None
    assert path_until(signer, [root], [], datetime.now(UTC) + timedelta(days=9999)) is None, "not valid then"
    command = ["openssl", "x509", "-req", "-in", "tsa.csr", "-CA", "tsa.pem", "-CAkey", "tsa.key"]
    command += ["-set_serial", "9", "-days", "9", "-extfile", "tsa.ext", "-outform", "DER"]
    below = subprocess.run(command, cwd=demo.folder, check=True, capture_output=True).stdout
    for above in (signer, reissued(demo, "basicConstraints=critical,CA:FALSE\n")):
        assert path_until(below, [root], [above], datetime.now(UTC)) is None
    ca = reissued(demo, "basicConstraints=critical,CA:TRUE\n")
    assert path_until(below, [root], [ca], datetime.now(UTC)) is not None


def reissued(demo: DemoAuthority, extensions: str) -> bytes:
    """DER of another certificate for the signer's key and name."""
    (demo.folder / "again.ext").write_text(extensions)
    command = ["openssl", "x509", "-req", "-in", "tsa.csr", "-CA", "root.pem", "-CAkey", "root.key"]
    command += ["-set_serial", "8", "-days", "9", "-extfile", "again.ext", "-outform", "DER"]
    return subprocess.run(command, cwd=demo.folder, check=True, capture_output=True).stdout


def test_a_file_of_too_many_certificates_is_refused(tmp_path: Path) -> None:
    demo = DemoAuthority(tmp_path / "a", "tsa-a")
    with pytest.raises(TimestampError, match="51 certificates in one file"):
        certificates_in(demo.trust_pem * 51)
    assert len(certificates_in(demo.trust_pem * 50)) == 50
    with pytest.raises(TimestampError, match="more than 65536 bytes"):
        certificates_in(b"\x30\x83\x02\x00\x00" + bytes(2 << 16))


def test_the_fingerprint_is_that_of_openssl(tmp_path: Path) -> None:
    demo = DemoAuthority(tmp_path / "a", "tsa-a")
    command = ["openssl", "x509", "-noout", "-fingerprint", "-sha256"]
    told = subprocess.run(command, input=demo.trust_pem, capture_output=True, check=True).stdout.decode()
    assert fingerprint(demo.trust_pem) == told.partition("=")[2].strip().replace(":", "").lower()
    with pytest.raises(TimestampError, match="no certificate"):
        fingerprint(b"-----BEGIN X-----\nAAAA\n-----END X-----\n")
    assert certificates(ask_one(demo))[0] == (demo.folder / "tsa.pem").read_bytes()


def ask_one(demo: DemoAuthority) -> bytes:
    authority = Authority("a", "http://a.invalid/", split_trust(demo.trust_pem)[0])
    return ask(CONTENT, authority, lambda _, query: demo.reply(query)).tsr
