"""A real time-stamping authority on loopback (RFC 3161 over HTTP): `openssl ts -reply` behind http.server.

For the demo and the tests. Its keys are made for the occasion and worth nothing; its tokens are like those
of any other TSA and are verified the same way.
"""

import shutil
import subprocess
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self

from crawler.errors import EvidenceError
from crawler.evidence.timestamp import MEDIA_QUERY, MEDIA_REPLY

POLICY = "1.2.3.4.1"
_MAX_QUERY = 64 << 10
_SECONDS = 10

# No "certs =" line: with one, OpenSSL puts a SET of certificates into the token that is not DER-ordered, and
# strict readers (rfc3161-client) refuse it.
_CONFIG = """\
[tsa]
default_tsa = t1
[t1]
serial = ./serial
signer_cert = ./tsa.pem
signer_key = ./tsa.key
signer_digest = sha256
default_policy = {policy}
digests = sha256, sha384, sha512, sm3
ess_cert_id_alg = sha256
"""
_CA_EXTENSIONS = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n"
_TSA_EXTENSIONS = "extendedKeyUsage=critical,timeStamping\n"


class DemoAuthority:
    """A TSA with its own root (and intermediate) CA. A context manager: serves while inside.

    `name` may have 48 characters (it goes into X.509 names of at most 64).
    `folder` keeps keys and certificates: made from it again, an authority is the same one, with the same
    certificates. `port` 0 means a free one; stopped and started again, an object keeps its port.
    `days` is how long its certificates are valid from now, `signer_days` how long the signer's is, if it differs.
    Raises EvidenceError if openssl is missing or fails.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        *,
        intermediate: bool = False,
        policy: str = POLICY,
        days: int = 3650,
        signer_days: int | None = None,
        port: int = 0,
    ) -> None:
        self.folder = folder
        self.name = name
        self.policy = policy
        self._port = port
        self._server: HTTPServer | None = None
        self._thread: threading.Thread | None = None
        if not (folder / "ts.cnf").exists():
            self._make(intermediate=intermediate, days=days, signer_days=signer_days or days)

    @property
    def trust_pem(self) -> bytes:
        """What a client configures: the root, then the intermediate if there is one."""
        return (self.folder / "trust.pem").read_bytes()

    @property
    def url(self) -> str:
        """Where it listens, while it is started."""
        if self._server is None:
            raise EvidenceError(f"the demo TSA {self.name} is not running; start it first")
        return f"http://127.0.0.1:{self._server.server_port}/"

    def start(self) -> Self:
        """Listen on 127.0.0.1, in a thread. One request at a time: the serial number is one file."""
        server = HTTPServer(("127.0.0.1", self._port), _handler(self))
        self._server, self._port = server, server.server_port
        self._thread = threading.Thread(target=server.serve_forever, args=(0.05,), name=f"tsa-{self.name}")
        self._thread.daemon = True
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop listening. Harmless when it does not run."""
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
        self._server = self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def reply(self, query: bytes) -> bytes:
        """The TimeStampResp to a TimeStampReq (also a rejection is a response). Raises EvidenceError."""
        with tempfile.TemporaryDirectory(dir=self.folder) as name:
            path = Path(name) / "q.tsq"
            path.write_bytes(query)
            command = ["ts", "-reply", "-config", "ts.cnf", "-section", "t1"]
            return _openssl(self.folder, *command, "-queryfile", str(path.relative_to(self.folder)))

    def change_signer(self, days: int) -> None:
        """Stamp with a new key and certificate from now on, as TSAs do every year or so; the CA stays."""
        issuer = "intermediate" if (self.folder / "intermediate.pem").exists() else "root"
        self._issue("tsa", f"{self.name} TSA", issuer, _TSA_EXTENSIONS, days)

    def _make(self, *, intermediate: bool, days: int, signer_days: int) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._make_root(days)
        chain = ["root.pem"]
        if intermediate:
            self._issue("intermediate", f"{self.name} Intermediate CA", "root", _CA_EXTENSIONS, days)
            chain.append("intermediate.pem")
        issuer = Path(chain[-1]).stem
        self._issue("tsa", f"{self.name} TSA", issuer, _TSA_EXTENSIONS, signer_days)
        (self.folder / "trust.pem").write_bytes(b"".join((self.folder / c).read_bytes() for c in chain))
        (self.folder / "serial").write_text("01\n")
        # The configuration comes last: without it the next start makes everything again.
        (self.folder / "ts.cnf").write_text(_CONFIG.format(policy=self.policy))

    def _make_root(self, days: int) -> None:
        self._make_key("root")
        command = ["req", "-x509", "-new", "-utf8", "-key", "root.key", "-sha256", "-days", str(days)]
        command += ["-subj", f"/O={self.name}/CN={self.name} Root CA", "-out", "root.pem"]
        command += ["-addext", "basicConstraints=critical,CA:TRUE"]
        command += ["-addext", "keyUsage=critical,keyCertSign,cRLSign"]
        _openssl(self.folder, *command)

    def _make_key(self, stem: str) -> None:
        _openssl(self.folder, "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{stem}.key")
        (self.folder / f"{stem}.key").chmod(0o600)

    def _issue(self, stem: str, subject: str, issuer: str, extensions: str, days: int) -> None:
        self._make_key(stem)
        (self.folder / f"{stem}.ext").write_text(extensions)
        request = ["req", "-new", "-utf8", "-key", f"{stem}.key", "-subj", f"/O={self.name}/CN={subject}"]
        _openssl(self.folder, *request, "-out", f"{stem}.csr")
        command = ["x509", "-req", "-in", f"{stem}.csr", "-CA", f"{issuer}.pem", "-CAkey", f"{issuer}.key"]
        command += ["-CAcreateserial", "-sha256", "-days", str(days), "-extfile", f"{stem}.ext"]
        _openssl(self.folder, *command, "-out", f"{stem}.pem")


def _handler(authority: DemoAuthority) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        server_version = "demo-tsa"
        sys_version = ""
        timeout = _SECONDS

        def do_POST(self) -> None:
            length = self.headers.get("Content-Length", "")
            if self.headers.get("Content-Type") != MEDIA_QUERY:
                self.send_error(415, f"expected {MEDIA_QUERY}")
            elif not length.isdecimal() or int(length) > _MAX_QUERY:
                self.send_error(413)
            else:
                self._answer(self.rfile.read(int(length)))

        def _answer(self, query: bytes) -> None:
            try:
                reply = authority.reply(query)
            except EvidenceError as error:
                self.send_error(500, explain=str(error))
                return
            self.send_response(200)
            self.send_header("Content-Type", MEDIA_REPLY)
            self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet: the demo prints its own progress."""

    return Handler


def _openssl(folder: Path, *arguments: str) -> bytes:
    openssl = shutil.which("openssl")
    if openssl is None:
        raise EvidenceError("the openssl command is missing: install the package `openssl`")
    command = [openssl, *arguments]
    answer = subprocess.run(command, cwd=folder, capture_output=True, timeout=_SECONDS, check=False)
    if answer.returncode != 0:
        reason = answer.stderr.decode(errors="replace").strip()[-500:]
        raise EvidenceError(f"openssl {arguments[0]} failed in {folder}: {reason}")
    return answer.stdout
