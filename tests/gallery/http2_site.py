"""A page over HTTP/2, served by node with a certificate made for it."""

import base64
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_SERVER = Path(__file__).with_name("http2_site.js")
TEXTS = ("第二代协议上的评价", "脚本也经第二代协议")


@dataclass(frozen=True, slots=True)
class Http2Site:
    """`key_pin` is the SHA-256 of the certificate's public key, as Chromium's switch for a trusted key takes it."""

    url: str
    certificate: bytes  # DER
    key_pin: str


def missing_tool() -> str | None:
    """The program this needs and this machine has not."""
    return next((name for name in ("node", "openssl") if shutil.which(name) is None), None)


@contextmanager
def http2_site(folder: Path) -> Iterator[Http2Site]:
    """Serve until the end of the block; key and certificate lie in `folder`."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    names = "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"
    kind = "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"
    _openssl("req", "-x509", *kind, "-nodes", "-days", "2", *names, "-keyout", key, "-out", certificate)
    public = _openssl("x509", "-in", certificate, "-noout", "-pubkey")
    spki = _openssl("pkey", "-pubin", "-outform", "DER", given=public)
    pin = base64.b64encode(_openssl("dgst", "-sha256", "-binary", given=spki)).decode()
    with subprocess.Popen(
        ["node", _SERVER, key, certificate], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as server:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        try:
            yield Http2Site(
                f"https://127.0.0.1:{port}/", _openssl("x509", "-in", certificate, "-outform", "DER"), pin
            )
        finally:
            server.terminate()


def _openssl(*arguments: str | Path, given: bytes = b"") -> bytes:
    return subprocess.run(
        ["openssl", *arguments], input=given, check=True, capture_output=True, timeout=30
    ).stdout
