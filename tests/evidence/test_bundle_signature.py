"""The log's signature over a bundle: openssl verifies it; nothing else that the key signs passes for it."""

import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from crawler.errors import FormatError
from crawler.evidence.bundle_signature import sign_bundle, verify_bundle_signature
from crawler.evidence.checkpoint import Checkpoint, open_note, sign
from crawler.evidence.key_history import rotation_statement
from crawler.evidence.note import sign_note, verifier_of
from crawler.evidence.signing_key import make_key

ORIGIN = "example.org/archive"
KEY = make_key()
VERIFIER = verifier_of(ORIGIN, KEY.public_key())
LIST = b"".join(
    b"%064x  %s\n" % (number, name) for number, name in enumerate((b"bag-info.txt", b"bagit.txt"))
)


def test_openssl_verifies_a_bundles_signature(tmp_path: Path) -> None:
    signature = sign_bundle(LIST, KEY)
    verify_bundle_signature(LIST, signature, VERIFIER)
    (tmp_path / "list").write_bytes(LIST)
    (tmp_path / "sig").write_bytes(signature)
    pem = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "log.pem").write_bytes(pem)
    command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "log.pem", "-rawin"]
    subprocess.run(
        [*command, "-in", "list", "-sigfile", "sig"], cwd=tmp_path, check=True, capture_output=True
    )


def test_another_list_signature_or_key_is_refused() -> None:
    signature = sign_bundle(LIST, KEY)
    other = verifier_of(ORIGIN, make_key().public_key())
    for content, mark, verifier in (
        (LIST.replace(b"bagit", b"tigab"), signature, VERIFIER),
        (LIST, signature[:-1] + bytes([signature[-1] ^ 1]), VERIFIER),
        (LIST, signature, other),
    ):
        with pytest.raises(FormatError, match="is not one of the key"):
            verify_bundle_signature(content, mark, verifier)
    for mark in (b"", signature[:-1], signature + b"\n"):
        with pytest.raises(FormatError, match="not 64"):
            verify_bundle_signature(LIST, mark, VERIFIER)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        LIST[:-1],
        LIST + b"\n",
        b"A" * 64 + b"  bagit.txt\n",
        LIST.replace(b"  ", b" "),
        LIST.replace(b"  ", b" *"),
        b"0" * 64 + b"  \n",
        b"0" * 64 + b"  a\rb\n",
        LIST * 5001,
        Checkpoint(ORIGIN, 42, bytes(32)).text().encode(),
        Checkpoint("f" * 64, 42, bytes(32)).text().encode(),
        rotation_statement(
            VERIFIER, verifier_of(ORIGIN, make_key().public_key()), "2026-11-22T08:16:41.123456Z"
        ).encode(),
        b"cosignature/v1\ntime 1\nexample.org\n1\nAAAA\n",
    ],
)
def test_what_is_not_a_list_of_files_is_neither_signed_nor_verified(content: bytes) -> None:
    with pytest.raises(FormatError, match="not a list of files"):
        sign_bundle(content, KEY)
    with pytest.raises(FormatError, match="not a list of files"):
        verify_bundle_signature(content, KEY.sign(content), VERIFIER)


def test_a_signed_list_never_passes_for_a_checkpoint() -> None:
    """Even where the origin looks like a digest: the first line of a list holds spaces, no origin does."""
    for content in (LIST, b"f" * 64 + b"  x\n"):
        with pytest.raises(FormatError):
            open_note(sign_note(content.decode(), ORIGIN, KEY), [VERIFIER])


def test_a_checkpoints_signature_is_not_one_over_a_list() -> None:
    note = sign(Checkpoint(ORIGIN, 42, bytes(32)), ORIGIN, KEY)
    text = note.partition(b"\n\n")[0] + b"\n"
    with pytest.raises(FormatError, match="not a list of files"):
        verify_bundle_signature(text, KEY.sign(text), VERIFIER)
