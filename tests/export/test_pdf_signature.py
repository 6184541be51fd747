"""PDFs signed inside: judged by poppler's pdfsig and by pyHanko's validation, never by what signed them."""

import io
import logging
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pypdf
import pytest
from asn1crypto import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import CertificateBuilder, Name, NameAttribute, load_pem_x509_certificate
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import KeyUsageConstraints, validate_pdf_signature
from pyhanko.sign.validation.status import PdfSignatureStatus
from pyhanko_certvalidator import ValidationContext

from crawler import show
from crawler.config import AuthorityConfig
from crawler.demo.tsa import DemoAuthority
from crawler.engine.post import post_query
from crawler.errors import UsageError
from crawler.evidence.archive import Archive
from crawler.evidence.checks.bundle import verify_bundle
from crawler.evidence.organisation import Identity, read_identity
from crawler.evidence.timestamp import split_trust
from crawler.export.bundle import BundleSummary, export_bundle
from crawler.export.papers.pdf import pdf
from crawler.export.pdf_signature import FIELD, Signatory, Stamping
from tests.evidence.test_organisation import SmallCA
from tests.export.sample import CASE, Sample, exhibits
from tests.sm2 import Sm2Authority

UNTIL = "2026-11-22T08:00:00.000000Z"
NOBODY_THERE = "http://127.0.0.1:1/"


@cache
def paper() -> bytes:
    return pdf("图", "<h1>证据</h1><p>正文", author="x", until=UNTIL)


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> SmallCA:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    return SmallCA(tmp_path_factory.mktemp("signers") / "ca", "Example CA")


@pytest.fixture(scope="module", params=["rsa", "ec"])
def identity(ca: SmallCA, request: pytest.FixtureRequest) -> Identity:
    return read_identity(ca.member(f"signer-{request.param}", request.param).read_bytes(), None)


@pytest.fixture(scope="module")
def tsa(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoAuthority]:
    with DemoAuthority(tmp_path_factory.mktemp("tsa") / "a", "tsa-a", intermediate=True) as running:
        yield running


@pytest.fixture
def archive(sample: Sample, tsa: DemoAuthority, tmp_path: Path) -> Iterator[Archive]:
    """The sample archive with one authority that is silent, and one that answers."""
    path = tmp_path / "a"
    shutil.copytree(sample.path, path)
    (path / "trust/tsa-a.pem").write_bytes(tsa.trust_pem)
    with Archive.open(path) as opened:
        yield asking(opened, ("tsa-b", NOBODY_THERE), ("tsa-a", tsa.url))


def asking(archive: Archive, *authorities: tuple[str, str], imprint: str = "sha256") -> Archive:
    named = tuple(AuthorityConfig(name, url, imprint=imprint) for name, url in authorities)
    archive.config = replace(archive.config, authorities=named)
    return archive


def pdfsig(path: Path, *options: str) -> str:
    if shutil.which("pdfsig") is None:
        pytest.skip("pdfsig not found: Debian's package is poppler-utils")
    answer = subprocess.run(["pdfsig", "-nocert", *options, path], capture_output=True, text=True, timeout=60)
    return answer.stdout + answer.stderr


def judged(content: bytes, ca: SmallCA, tsa: DemoAuthority) -> PdfSignatureStatus:
    """By pyHanko, which may fetch nothing. Its report of an untrusted path goes to a log."""
    logging.getLogger("pyhanko_certvalidator").setLevel(logging.CRITICAL)
    (signature,) = PdfFileReader(io.BytesIO(content)).embedded_signatures
    root, stamping = (
        ValidationContext(
            trust_roots=[certificate(roots[0])],
            other_certs=list(map(certificate, others)),
            allow_fetching=False,
        )
        for roots, others in (([ca.read("root.pem")], []), split_trust(tsa.trust_pem))
    )
    usage = KeyUsageConstraints(key_usage=set())  # the certificates of the test state none
    return validate_pdf_signature(signature, root, ts_validation_context=stamping, key_usage_settings=usage)


def certificate(pem: bytes) -> x509.Certificate:
    return x509.Certificate.load(load_pem_x509_certificate(pem).public_bytes(Encoding.DER))


def test_other_peoples_readers_accept_signature_and_timestamp(
    archive: Archive, identity: Identity, ca: SmallCA, tsa: DemoAuthority, tmp_path: Path
) -> None:
    signed = Signatory(identity, archive, post_query).sign(paper())
    path = tmp_path / "signed.pdf"
    path.write_bytes(signed.content)
    told = pdfsig(path)
    for line in ("Signature is Valid", "Total document signed", "ETSI.CAdES.detached", "证据专用章"):
        assert line in told
    status = judged(signed.content, ca, tsa)
    assert status.bottom_line, status.pretty_print_details()
    stamped = status.timestamp_validity
    assert stamped is not None
    assert stamped.trusted
    assert stamped.timestamp == signed.stamping.gen_time
    assert signed.stamping.authority == "tsa-a", "tsa-b is silent"


def test_what_was_signed_stands_before_the_signature_and_looks_the_same(
    archive: Archive, identity: Identity
) -> None:
    signed = Signatory(identity, archive, post_query).sign(paper()).content
    assert signed.startswith(paper())
    before, after = (pypdf.PdfReader(io.BytesIO(content)) for content in (paper(), signed))
    assert [page.extract_text() for page in before.pages] == [page.extract_text() for page in after.pages]
    (field,) = [note.get_object() for page in after.pages for note in page["/Annots"]]  # type: ignore[attr-defined]
    assert (field["/T"], list(field["/Rect"])) == (FIELD, [0, 0, 0, 0])


def test_a_changed_byte_and_an_appended_one_are_noticed(
    archive: Archive, identity: Identity, ca: SmallCA, tsa: DemoAuthority, tmp_path: Path
) -> None:
    signed = Signatory(identity, archive, post_query).sign(paper()).content
    path = tmp_path / "changed.pdf"
    place = signed.index(b"/Creator") if b"/Creator" in signed else signed.index(b"/Producer")
    path.write_bytes(signed[: place + 12] + bytes([signed[place + 12] ^ 1]) + signed[place + 13 :])
    told = pdfsig(path)
    assert "Signature is Valid" not in told
    assert "Digest Mismatch" in told
    assert not judged(path.read_bytes(), ca, tsa).bottom_line
    path.write_bytes(signed + b"\n")
    assert "Total document signed" not in pdfsig(path)


def test_a_timestamp_under_another_root_is_refused_and_that_is_said(
    archive: Archive, identity: Identity, ca: SmallCA, tsa: DemoAuthority
) -> None:
    (archive.path / "trust/tsa-a.pem").write_bytes(ca.read("root.pem"))
    signed = Signatory(identity, archive, post_query).sign(paper())
    assert (signed.stamping.authority, signed.stamping.gen_time) == (None, None)
    assert "does not verify" in signed.stamping.missing["tsa-a"]
    assert "did not answer" in signed.stamping.missing["tsa-b"]
    status = judged(signed.content, ca, tsa)
    assert status.bottom_line, "the signature itself holds"
    assert status.timestamp_validity is None


def test_who_is_silent_is_asked_once(archive: Archive, identity: Identity) -> None:
    asked = []

    def silent(url: str, query: bytes) -> bytes:
        asked.append(url)
        raise OSError("no route")

    signatory = Signatory(identity, archive, silent)
    first, second = (signatory.sign(paper()).stamping for _ in range(2))
    assert (len(asked), set(first.missing)) == (2, {"tsa-a", "tsa-b"})
    assert first.missing == second.missing


def test_without_authorities_it_says_so(archive: Archive, identity: Identity) -> None:
    assert Signatory(identity, asking(archive), post_query).sign(paper()).stamping.missing == {
        "-": "没有配置时间戳机构"
    }


def test_a_token_that_readers_of_pdf_cannot_know_is_not_put_in(
    archive: Archive, identity: Identity, tsa: DemoAuthority, tmp_path: Path
) -> None:
    asking(archive, ("tsa-a", tsa.url), imprint="sm3")
    assert "sm3" in Signatory(identity, archive, post_query).sign(paper()).stamping.missing["tsa-a"]
    national = Sm2Authority(tmp_path / "sm2")
    (archive.path / "trust/tsa-sm2.pem").write_bytes(national.trust_pem)
    asking(archive, ("tsa-sm2", NOBODY_THERE))
    signed = Signatory(identity, archive, lambda _url, query: national.reply(query))
    assert "judge" in signed.sign(paper()).stamping.missing["tsa-sm2"]


@pytest.mark.parametrize("kept", [0, 9, 5000])
def test_what_is_no_pdf_is_not_signed(archive: Archive, identity: Identity, kept: int) -> None:
    with pytest.raises(UsageError, match="cannot be signed"):
        Signatory(identity, archive, post_query).sign(paper()[:kept])


def test_an_expired_certificate_signs_nothing(archive: Archive) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = Name([NameAttribute(NameOID.COMMON_NAME, "late")])
    begin = datetime(2020, 1, 1, tzinfo=UTC)
    late = CertificateBuilder(name, name, key.public_key(), 1, begin, begin + timedelta(days=9))
    with pytest.raises(UsageError, match="have it renewed"):
        Signatory(Identity(key, late.sign(key, SHA256()), ()), archive, post_query)


def test_an_sm2_certificate_is_told_what_is_not_done(ca: SmallCA) -> None:
    with pytest.raises(UsageError, match="the PDF papers are not signed inside"):
        read_identity(ca.member("national", "sm2").read_bytes(), None)


@pytest.fixture(scope="module")
def signed_bundle(
    sample: Sample, ca: SmallCA, tsa: DemoAuthority, tmp_path_factory: pytest.TempPathFactory
) -> BundleSummary:
    identity = read_identity(ca.member("whole", "ec").read_bytes(), None)
    with Archive.open(sample.path) as archive:
        stamping = asking(archive, ("tsa-a", NOBODY_THERE))
        signatory = Signatory(identity, stamping, lambda _url, query: sample.authorities[0].reply(query))
        to = tmp_path_factory.mktemp("signed") / "bundle"
        return export_bundle(archive, CASE, exhibits(sample), to, identity=identity, signatory=signatory)


def test_the_papers_of_a_bundle_that_are_filed_are_signed(
    signed_bundle: BundleSummary, bundle: Path, ca: SmallCA, sample: Sample
) -> None:
    papers = signed_bundle.path / "data/papers"
    assert {"report.pdf", "catalogue.pdf"} <= set(signed_bundle.papers)
    for name, stamping in signed_bundle.papers.items():
        assert stamping.authority == "tsa-a"
        assert "Signature is Valid" in pdfsig(papers / name)
    unsigned = {path.name for path in papers.iterdir()} - set(signed_bundle.papers)
    for name in unsigned:
        assert (papers / name).read_bytes() == (bundle / "data/papers" / name).read_bytes()


def test_the_bundle_of_signed_papers_verifies_and_says_how_to_look(
    signed_bundle: BundleSummary, sample: Sample, ca: SmallCA, tmp_path: Path
) -> None:
    trust = tmp_path / "trust"
    shutil.copytree(sample.path / "trust", trust)
    (trust / "organisation").mkdir()
    (trust / "organisation/ca.pem").write_bytes(ca.read("root.pem"))
    report = verify_bundle(signed_bundle.path, trust=trust)
    assert [check for check in report.checks if check.status == "failed"] == []
    sheet = (signed_bundle.path / "data/verify-zh.md").read_text("utf-8")
    assert "pdfsig data/papers/catalogue.pdf" in sheet
    assert "`report.pdf`：时间戳由 tsa-a 于" in sheet


def test_the_sheet_of_a_bundle_without_signed_papers_does_not_speak_of_them(bundle: Path) -> None:
    assert "pdfsig" not in (bundle / "data/verify-zh.md").read_text("utf-8")


def test_the_command_says_who_did_not_stamp(signed_bundle: BundleSummary) -> None:
    stamping = Stamping(None, None, {"tsa-a": "did not answer"})
    silent = replace(signed_bundle, papers={"report.pdf": stamping})
    assert "文内签名（警告：没有时间戳。tsa-a：did not answer）：report.pdf" in show.exported(
        silent.path, silent
    )
    assert "文内签名（时间戳 tsa-a）：catalogue.pdf" in show.exported(silent.path, signed_bundle)
