"""PDFs signed inside: judged by poppler's pdfsig and by pyHanko's validation, never by what signed them."""

import io
import logging
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pypdf
import pytest
from asn1crypto import cms, x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import PdfSignatureStatus
from pyhanko_certvalidator import ValidationContext

from crawler.config import AuthorityConfig
from crawler.demo.tsa import DemoAuthority
from crawler.engine.post import post_query
from crawler.errors import UsageError
from crawler.evidence.archive import Archive
from crawler.evidence.checks.bundle import verify_bundle
from crawler.evidence.organisation import Identity, read_identity
from crawler.export.bundle import BundleSummary, export_bundle
from crawler.export.papers.pdf import pdf
from crawler.export.pdf_signature import FIELD, Signatory
from tests.evidence.test_organisation import SmallCA
from tests.export.sample import CASE, Sample, exhibits

UNTIL = "2026-11-22T08:00:00.000000Z"
PAPER = pdf("图", "<h1>证据</h1><p>正文", author="x", until=UNTIL)
NOBODY_THERE = "http://127.0.0.1:1/"


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
    roots = [certificate(pem) for pem in (ca.read("root.pem"), tsa.trust_pem.split(b"-----END")[0])]
    (signature,) = PdfFileReader(io.BytesIO(content)).embedded_signatures
    contexts = [ValidationContext(trust_roots=[root], allow_fetching=False) for root in roots]
    return validate_pdf_signature(signature, contexts[0], ts_validation_context=contexts[1])
