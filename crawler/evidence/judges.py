"""The two tools that judge a timestamp token whole: rfc3161-client and the `openssl ts -verify` command.

Each says yes, no, or that it cannot judge: neither reads every genuine token, and `openssl` may be missing.
"""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import rfc3161_client
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509 import DuplicateExtension, load_der_x509_certificate

from crawler.evidence.certificates import armor
from crawler.evidence.token import Claims

BY_LIBRARY, BY_OPENSSL = "rfc3161-client", "openssl"
_OPENSSL_SECONDS = 60
_PANIC = "PanicException"  # a Rust panic, e.g. over a malformed certificate: a BaseException that cannot be imported
_LACKING = "unsupported"  # in the reason of either tool: an algorithm it does not have, so no verdict


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one tool says: True, False, or None where it cannot judge; and why, unless True."""

    tool: str
    says: bool | None
    why: str = ""

    def __str__(self) -> str:
        word = {True: "accepts", False: "refuses", None: "cannot judge"}[self.says]
        return f"{self.tool} {word}: {self.why}" if self.why else f"{self.tool} {word} it"


def ask_library(tsr: bytes, claims: Claims, roots: Sequence[bytes], helpers: Sequence[bytes]) -> Verdict:
    """Signature and certificate path at genTime, by rfc3161-client."""
    if claims.granted_with_mods:
        return Verdict(BY_LIBRARY, None, "it does not accept the status grantedWithMods")
    try:
        response = rfc3161_client.decode_timestamp_response(tsr)
        verifier = rfc3161_client.VerifierBuilder(
            roots=[load_der_x509_certificate(der) for der in dict.fromkeys(roots)],
            intermediates=[load_der_x509_certificate(der) for der in dict.fromkeys(helpers)],
            nonce=claims.nonce,
        ).build()
        verifier.verify(response, claims.imprint)
    except rfc3161_client.VerificationError as error:
        stack = re.findall(r'reason: "([^"]*)"(?:[^{}]*data: "([^"]*)")?', str(error))
        why = "; ".join(": ".join(part for part in step if part) for step in stack) or str(error)
        return Verdict(BY_LIBRARY, None if _LACKING in why else False, why)
    except (ValueError, UnsupportedAlgorithm, DuplicateExtension) as error:
        # Its strict DER reader, not its verifier: a verdict always comes as VerificationError.
        return Verdict(BY_LIBRARY, None, f"it cannot parse the token: {error}")
    except BaseException as error:
        if type(error).__name__ != _PANIC:
            raise
        return Verdict(BY_LIBRARY, None, f"it gave up on the token: {error}")
    return Verdict(BY_LIBRARY, True)


def ask_openssl(
    tsr: bytes,
    content: bytes,
    roots: Sequence[bytes],
    helpers: Sequence[bytes],
    moment: datetime,
) -> Verdict:
    """Everything but the nonce, by `openssl ts -verify` over the content."""
    openssl = shutil.which("openssl")
    if openssl is None:
        return Verdict(BY_OPENSSL, None, "the command is not installed")
    files = {"r.tsr": tsr, "content": content, "roots.pem": b"".join(armor(der) for der in roots)}
    command = [openssl, "ts", "-verify", "-in", "r.tsr", "-CAfile", "roots.pem"]
    command += ["-attime", str(int(moment.timestamp()))]
    if helpers:
        files["helpers.pem"] = b"".join(armor(der) for der in helpers)
        command += ["-untrusted", "helpers.pem"]
    with tempfile.TemporaryDirectory() as folder:
        for name, inside in files.items():
            (Path(folder) / name).write_bytes(inside)
        return _run_openssl([*command, "-data", "content"], folder)


def _run_openssl(command: Sequence[str], folder: str) -> Verdict:
    try:
        answer = subprocess.run(
            command, cwd=folder, capture_output=True, timeout=_OPENSSL_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Verdict(BY_OPENSSL, None, f"it did not run: {error}")
    if answer.returncode == 0:
        return Verdict(BY_OPENSSL, True)
    complaint = answer.stderr.decode(errors="replace")
    # thread:error:code:library:function:reason:file:line:further words
    errors = [line.split(":") for line in complaint.splitlines() if ":error:" in line]
    why = "; ".join(": ".join(part for part in (e[5], ":".join(e[8:])) if part) for e in errors if len(e) > 5)
    # Its verdicts come from the routines that compare and verify. An error of its parser alone, or an
    # algorithm it lacks, is no verdict on the token.
    judged = any(e[3] in ("time stamp routines", "PKCS7 routines") for e in errors if len(e) > 5)
    says = False if judged and _LACKING not in why else None
    return Verdict(BY_OPENSSL, says, why or complaint[-200:])
