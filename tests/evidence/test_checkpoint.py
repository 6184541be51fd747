"""Signed notes and checkpoints: published notes verify; every rule of c2sp.org/signed-note has a refusal."""

import base64
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
)

from crawler.errors import FormatError
from crawler.evidence.checkpoint import Checkpoint, open_note, parse_tlog_proof, sign, tlog_proof
from crawler.evidence.note import Verifier, parse_vkey, read_note, vkey
from crawler.evidence.signing_key import make_key

# golang.org/x/mod/sumdb/note, package documentation
NEUMANN_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
NEUMANN_TEXT = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
)
NEUMANN_NOTE = (
    NEUMANN_TEXT
    + "\n— PeterNeumann "
    + "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
NEUMANN_SEED = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
# c2sp.org/signed-note, section Format: its text holds a blank line
QUASIMODO_NOTE = (
    "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n"
    "— quasimodo.example/salvatore "
    "NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n"
)
GO_SUMDB_VKEY = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
# c2sp.org/tlog-proof, its example, with the path only
PROOF_EXAMPLE = """\
c2sp.org/tlog-proof@v1
extra YWdlLXYxLjIuMS1kYXJ3aW4tYXJtNjQudGFyLmd6
index 73894
gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=
B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=
EKNzoDWG8LGC0Yp9o+sv3qllpMP9uHQ9B20KNL+Q1zs=
RoopEkOdqkYqMB4MJXrbt/hMjOxsVn0IrWjpz1ZMMes=
AHCioX9nLjsrse6YhjRRmk1WUEirVOLLRoOQ6vfO5vk=

example.com/fancylog
109482
sFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=

— example.com/fancylog hI2DJw==
"""
ORIGIN = "example.org/archive"
HEAD = Checkpoint(ORIGIN, 42, bytes(range(32)))


@pytest.fixture(scope="module")
def key() -> Ed25519PrivateKey:
    return make_key()


@pytest.fixture(scope="module")
def verifier(key: Ed25519PrivateKey) -> Verifier:
    return parse_vkey(vkey(ORIGIN, key.public_key()))


def signed(text: str, name: str, key: Ed25519PrivateKey) -> bytes:
    """A note over any text, by hand."""
    key_id = parse_vkey(vkey(name, key.public_key())).key_id
    encoded = base64.b64encode(key_id + key.sign(text.encode())).decode()
    return f"{text}\n— {name} {encoded}\n".encode()


def test_the_published_note_verifies_and_is_signed_alike() -> None:
    verifier = parse_vkey(NEUMANN_VKEY)
    opened = read_note(NEUMANN_NOTE.encode(), [verifier])
    assert opened.text == NEUMANN_TEXT
    assert opened.signed_by == ("PeterNeumann",)
    key = Ed25519PrivateKey.from_private_bytes(NEUMANN_SEED)
    assert vkey("PeterNeumann", key.public_key()) == NEUMANN_VKEY
    assert signed(NEUMANN_TEXT, "PeterNeumann", key) == NEUMANN_NOTE.encode()


def test_the_specifications_note_is_read_and_refused_without_its_key() -> None:
    with pytest.raises(FormatError, match="no signature of a known key"):
        read_note(QUASIMODO_NOTE.encode(), [parse_vkey(NEUMANN_VKEY)])


def test_a_blank_line_in_the_text_does_not_end_it(key: Ed25519PrivateKey, verifier: Verifier) -> None:
    text = "first\n\nsecond\n"
    assert read_note(signed(text, ORIGIN, key), [verifier]).text == text


@pytest.mark.parametrize("line", [NEUMANN_VKEY, GO_SUMDB_VKEY, GO_SUMDB_VKEY + "\n"])
def test_published_vkeys_are_read(line: str) -> None:
    verifier = parse_vkey(line)
    assert vkey(verifier.name, verifier.public_key) == line.strip()


@pytest.mark.parametrize(
    "line",
    [
        "",
        "PeterNeumann",
        NEUMANN_VKEY.replace("c74f20a3", "c74f20a4"),
        NEUMANN_VKEY.replace("c74f20a3", "C74F20A3"),
        NEUMANN_VKEY.replace("+AR", "+AS"),
        NEUMANN_VKEY.replace("+ARp", "+BBp"),
        NEUMANN_VKEY[:-4],
        "Peter Neumann" + NEUMANN_VKEY[12:],
        NEUMANN_VKEY + "\n\n",
        NEUMANN_VKEY + " ",
    ],
)
def test_a_damaged_vkey_is_refused(line: str) -> None:
    with pytest.raises(FormatError):
        parse_vkey(line)


def test_a_checkpoint_comes_back_and_reads_as_the_specification_says(
    key: Ed25519PrivateKey, verifier: Verifier
) -> None:
    note = sign(HEAD, ORIGIN, key)
    assert open_note(note, [verifier]) == HEAD
    lines = note.decode().split("\n")
    assert lines[:4] == [ORIGIN, "42", base64.b64encode(HEAD.root).decode(), ""]
    assert lines[4].startswith(f"— {ORIGIN} ")
    assert lines[5:] == [""]


def test_one_flipped_bit_anywhere_in_a_note_is_refused(key: Ed25519PrivateKey, verifier: Verifier) -> None:
    note = sign(HEAD, ORIGIN, key)
    for position in range(len(note)):
        for bit in range(8):
            damaged = bytearray(note)
            damaged[position] ^= 1 << bit
            with pytest.raises(FormatError):
                open_note(bytes(damaged), [verifier])


def test_a_truncated_or_extended_note_is_refused(key: Ed25519PrivateKey, verifier: Verifier) -> None:
    note = sign(HEAD, ORIGIN, key)
    for broken in [*(note[:end] for end in range(len(note))), note + b"x", note + b"\n", b"\n" + note]:
        with pytest.raises(FormatError):
            open_note(broken, [verifier])


def test_signatures_of_unknown_keys_are_ignored_up_to_sixteen_and_more(
    key: Ed25519PrivateKey, verifier: Verifier
) -> None:
    note = sign(HEAD, ORIGIN, key)
    head, own = note.decode().split("\n\n")
    unknown = "".join(
        f"— witness{number}.example {base64.b64encode(os.urandom(76)).decode()}\n" for number in range(40)
    )
    assert open_note(f"{head}\n\n{unknown}{own}".encode(), [verifier]) == HEAD
    # the name alone, or the key ID alone, makes no known key
    same_name = f"— {ORIGIN} {base64.b64encode(os.urandom(68)).decode()}\n"
    same_id = f"— other.example {base64.b64encode(verifier.key_id + os.urandom(64)).decode()}\n"
    assert open_note(f"{head}\n\n{same_name}{same_id}{own}".encode(), [verifier]) == HEAD
    with pytest.raises(FormatError, match="no signature of a known key"):
        open_note(f"{head}\n\n{same_name}{same_id}".encode(), [verifier])


def test_a_failing_signature_of_a_known_key_rejects_the_note_even_beside_a_good_one(
    key: Ed25519PrivateKey, verifier: Verifier
) -> None:
    note = sign(HEAD, ORIGIN, key).decode()
    bad = base64.b64encode(verifier.key_id + bytes(64)).decode()
    with pytest.raises(FormatError, match="is wrong"):
        open_note(f"{note}— {ORIGIN} {bad}\n".encode(), [verifier])


def test_the_log_itself_must_have_signed(key: Ed25519PrivateKey, verifier: Verifier) -> None:
    other = make_key()
    other_verifier = parse_vkey(vkey("witness.example", other.public_key()))
    note = sign(HEAD, "witness.example", other)
    with pytest.raises(FormatError, match="own signature is missing"):
        open_note(note, [verifier, other_verifier])


def test_two_known_keys_of_one_name_and_id_are_ambiguous(verifier: Verifier) -> None:
    twin = Verifier(verifier.name, verifier.key_id, make_key().public_key())
    with pytest.raises(FormatError, match="share the name"):
        read_note(NEUMANN_NOTE.encode(), [verifier, twin])


@pytest.mark.parametrize(
    "text",
    [
        f"{ORIGIN}\n42\n",
        f"{ORIGIN}\n042\n{base64.b64encode(bytes(32)).decode()}\n",
        f"{ORIGIN}\n+42\n{base64.b64encode(bytes(32)).decode()}\n",
        f"{ORIGIN}\n-1\n{base64.b64encode(bytes(32)).decode()}\n",
        f"{ORIGIN}\n４２\n{base64.b64encode(bytes(32)).decode()}\n",
        f"{ORIGIN}\n{10**30}\n{base64.b64encode(bytes(32)).decode()}\n",
        f"{ORIGIN}\n42\n{base64.b64encode(bytes(31)).decode()}\n",
        f"{ORIGIN}\n42\n{base64.b64encode(bytes(33)).decode()}\n",
        f"{ORIGIN}\n42\nnot base64\n",
        f"{ORIGIN}\n42\n{'A' * 42}B=\n",  # trailing bits set: a second spelling of one root
        f"{ORIGIN}\n42\n\n{base64.b64encode(bytes(32)).decode()}\n",
        f"\n42\n{base64.b64encode(bytes(32)).decode()}\n",
        f"other.example\n42\n{base64.b64encode(bytes(32)).decode()}\n",
        f"{ORIGIN}\r\n42\n{base64.b64encode(bytes(32)).decode()}\n",
        f"{ORIGIN}\n42\n{base64.b64encode(bytes(32)).decode()}\ntab\tbed\n",
        f"{HEAD.text()}\nan extension after a blank line\n",
    ],
)
def test_text_that_is_no_checkpoint_is_refused_though_well_signed(
    text: str, key: Ed25519PrivateKey, verifier: Verifier
) -> None:
    with pytest.raises(FormatError):
        open_note(signed(text, ORIGIN, key), [verifier])


def test_extension_lines_are_read_over(key: Ed25519PrivateKey, verifier: Verifier) -> None:
    note = signed(HEAD.text() + "extension\n", ORIGIN, key)
    assert open_note(note, [verifier]) == HEAD


@pytest.mark.parametrize(
    "signatures",
    [
        "",
        "— name\n",
        "- name {good}\n",
        "— na+me {good}\n",
        "— na\u00a0me {good}\n",
        "— name {good} more\n",
        "— name  {good}\n",
        "— name AAA\n",
        "— name AAAAAA==\n",
        "— name {good}",
        "— name {good}\ntext\n",
        "— name {good}\n" * 101,
    ],
)
def test_malformed_signature_lines_reject_the_note(signatures: str, verifier: Verifier) -> None:
    good = base64.b64encode(bytes(68)).decode()
    with pytest.raises(FormatError) as refusal:
        read_note((HEAD.text() + "\n" + signatures.replace("{good}", good)).encode(), [verifier])
    assert "no signature of a known key" not in str(refusal.value)


@pytest.mark.parametrize(
    "broken", [b"\xff\n\n\xe2\x80\x94 name AAAA\n", b"a\x00\n\n\xe2\x80\x94 name AAAA\n", b"x" * 1_000_001]
)
def test_notes_are_utf8_without_control_characters_and_of_bounded_size(broken: bytes) -> None:
    with pytest.raises(FormatError, match=r"UTF-8|control character|more than"):
        read_note(broken, [])


@pytest.mark.parametrize("name", ["", "with space", "with+plus", "ideographic\u3000space", "line\nfeed"])
def test_unfit_names_are_not_signed_with(name: str, key: Ed25519PrivateKey) -> None:
    with pytest.raises(FormatError):
        sign(HEAD, name, key)
    with pytest.raises(FormatError):
        vkey(name, key.public_key())


@pytest.mark.parametrize(
    "head",
    [
        Checkpoint("", 0, bytes(32)),
        Checkpoint("a\nb", 0, bytes(32)),
        Checkpoint("a", -1, bytes(32)),
        Checkpoint("a", 0, bytes(31)),
    ],
)
def test_a_head_that_cannot_be_written_is_not_signed(head: Checkpoint, key: Ed25519PrivateKey) -> None:
    with pytest.raises(FormatError):
        sign(head, ORIGIN, key)


def test_openssl_verifies_a_checkpoint(key: Ed25519PrivateKey, tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    text, _, line = sign(HEAD, ORIGIN, key).decode().rpartition("\n\n")
    (tmp_path / "text").write_text(text + "\n")
    (tmp_path / "sig").write_bytes(base64.b64decode(line.split(" ")[2])[4:])
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "log.pem").write_bytes(pem)
    command = [
        "pkeyutl",
        "-verify",
        "-pubin",
        "-inkey",
        "log.pem",
        "-rawin",
        "-in",
        "text",
        "-sigfile",
        "sig",
    ]
    subprocess.run([openssl, *command], cwd=tmp_path, check=True, capture_output=True)


def test_the_specifications_proof_is_read() -> None:
    index, path, note = parse_tlog_proof(PROOF_EXAMPLE.encode())
    assert index == 73894
    assert [base64.b64encode(digest).decode()[:4] for digest in path] == [
        "gSKy",
        "B95l",
        "EKNz",
        "Roop",
        "AHCi",
    ]
    assert note.decode() == PROOF_EXAMPLE.partition("\n\n")[2]
    without_extra = "".join(line for line in PROOF_EXAMPLE.splitlines(True) if not line.startswith("extra"))
    assert tlog_proof(index, path, note) == without_extra.encode()


@pytest.mark.parametrize("path", [[], [bytes(32)], [bytes(32), bytes(range(32))]])
def test_a_proof_comes_back(path: list[bytes], key: Ed25519PrivateKey) -> None:
    note = sign(HEAD, ORIGIN, key)
    assert parse_tlog_proof(tlog_proof(0, path, note)) == (0, path, note)


@pytest.mark.parametrize(
    "damage",
    [
        ("@v1", "@v2"),
        ("index 73894", "index 073894"),
        ("index 73894", "index -1"),
        ("index 73894\n", ""),
        ("extra YWdl", "extra Y?dl"),
        ("gSKy", "gSK"),
        ("gSKyXoYZ", ""),
        ("AHCi", "ÄHCi"),
        ("\n\n", "\n"),
    ],
)
def test_a_damaged_proof_is_refused(damage: tuple[str, str]) -> None:
    with pytest.raises(FormatError):
        parse_tlog_proof(PROOF_EXAMPLE.replace(*damage).encode())


def test_no_proof_is_written_with_digests_of_other_length() -> None:
    for index, path in ((-1, []), (0, [b"short"])):
        with pytest.raises(FormatError):
            tlog_proof(index, path, b"note")
