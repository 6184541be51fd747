"""Cosignatures: a real checkpoint that four public witnesses cosigned, our own, and `openssl` as the judge."""

import base64
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.errors import FormatError
from crawler.evidence.cosignature import (
    LATEST,
    MAX_LINES,
    cosign,
    note_text,
    parse_lines,
    parse_witness_vkey,
    parse_witness_vkeys,
    verify_line,
    witness_vkey,
)
from crawler.evidence.note import vkey
from crawler.evidence.signing_key import make_key

# A checkpoint of a public staging log of Certificate Transparency of 2026, as published with its cosignatures.
# The last four lines are of type 0x04; the two of the log itself are of other types.
ARCHE = """\
arche2025h1.staging.ct.transparency.dev
1432088532
U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=

— arche2025h1.staging.ct.transparency.dev zTM8sQAAAZ5W0WdjBAMARjBEAiBjW5IQf9pvsYLfQFX6hoGREPMHbdQ3urbllzalApkptQIgIpwtEroeW2BXaHAI4kJXFbon5Ch9MNL5zRNZ55lvGt0=
— arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=
— transparency.dev/DEV:witness-little-garden 2AQqhwAAAABqEiEgzgFIqqhbUoDwjMWE6UP8nd8/KYTzwZ2rhIgcqoXHAwVkjZr4AscylP3v7sEodkRAErumC2q44vdgJY096st5BQ==
— witness1.smartit.nu/witness1 pIyCDwAAAABqEiEghIp82KWebrw7/oHQwlTAm3g2RKS4+eebl8eO0WH+/iEcxZ75W3u5hNI7TOQtmJbqmNWVuE0tgh0XwzdZsDsUAQ==
— remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==
— witness.stagemole.eu Z/euoAAAAABqEiEgw0i+7g2ENfDAWHmtRzCfKTHSDwYDJA2NmKeGi9Y8FtEyOUvVr+AJmIY/2TUFucgKi7lI7cUiOvKFYe/TmN9DAg==
""".encode()  # noqa: E501
# The keys as the witnesses' operators publish them.
PUBLISHED = b"""\
transparency.dev/DEV:witness-little-garden+d8042a87+BCtusOxINQNUTN5Oj8HObRkh2yHf/MwYaGX4CPdiVEPM
witness1.smartit.nu/witness1+a48c820f+BPSFWg9G6KPiO7QPryYO5Xq4oYJJ+kAvLKLSimDhoxMO
remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2
witness.stagemole.eu+67f7aea0+BEqSG3yu9YrmcM3BHvQYTxwFj3uSWakQepafafpUqklv
"""
WITNESS_TIME = 0x6A122120  # 2026-05-23T21:50:24Z

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
NAME = "national.example/witness"
TEXT = "evidence.invalid/test\n3\nrrbrzvy0cLFKsGelpel4gk2w+ptRr14LoVkVjymeBuc=\n"


def lines_of(note: bytes) -> bytes:
    return note.rpartition(b"\n\n")[2]


def test_the_cosignatures_of_four_public_witnesses_verify() -> None:
    keys, text = parse_witness_vkeys(PUBLISHED), note_text(ARCHE)
    found = [verify_line(line, text, keys) for line in parse_lines(lines_of(ARCHE))]
    assert found[:2] == [None, None]  # the log's own
    assert [signed.key.name for signed in found[2:] if signed] == [key.name for key in keys]
    assert {signed.time for signed in found if signed} == {WITNESS_TIME}


def test_another_size_is_not_what_they_cosigned() -> None:
    keys = parse_witness_vkeys(PUBLISHED)
    text = note_text(ARCHE.replace(b"1432088532", b"1432088533"))
    for line in parse_lines(lines_of(ARCHE))[2:]:
        with pytest.raises(FormatError, match=f"cosignature of {line.name} is wrong"):
            verify_line(line, text, keys)


def test_published_keys_come_out_as_they_were() -> None:
    for key, line in zip(parse_witness_vkeys(PUBLISHED), PUBLISHED.decode().splitlines(), strict=True):
        assert witness_vkey(key.name, key.public_key) == line


def test_openssl_verifies_ours(tmp_path: Path) -> None:
    """The message is put together here by hand from the specification, not by the code under test."""
    line = cosign(TEXT, NAME, KEY, 1679315147)
    content = base64.b64decode(line.text().split(" ")[2])
    (tmp_path / "sig").write_bytes(content[12:])
    (tmp_path / "message").write_bytes(b"cosignature/v1\ntime 1679315147\n" + TEXT.encode())
    pem = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "pem").write_bytes(pem)
    command = "openssl pkeyutl -verify -pubin -inkey pem -rawin -in message -sigfile sig"
    assert content[4:12] == (1679315147).to_bytes(8, "big")
    subprocess.run(command.split(), cwd=tmp_path, check=True, capture_output=True)
    (tmp_path / "message").write_bytes(b"cosignature/v1\ntime 1679315148\n" + TEXT.encode())
    assert subprocess.run(command.split(), cwd=tmp_path, check=False, capture_output=True).returncode


def test_ours_go_round() -> None:
    key = parse_witness_vkey(witness_vkey(NAME, KEY.public_key()) + "\n")
    (line,) = parse_lines(cosign(TEXT, NAME, KEY, 1679315147).text().encode())
    signed = verify_line(line, TEXT, [key])
    assert signed is not None
    assert (signed.key, signed.time) == (key, 1679315147)
    assert key.fingerprint.startswith("sha256:")


def test_extension_lines_are_signed_too() -> None:
    key = parse_witness_vkey(witness_vkey(NAME, KEY.public_key()))
    line = cosign(TEXT + "extension\n", NAME, KEY, 1)
    assert verify_line(line, TEXT + "extension\n", [key])
    with pytest.raises(FormatError, match="is wrong"):
        verify_line(line, TEXT, [key])


@settings(max_examples=60, deadline=None)
@given(place=st.integers(0, 71), bit=st.integers(0, 7))
def test_every_bit_of_time_and_signature_counts(place: int, bit: int) -> None:
    key = parse_witness_vkey(witness_vkey(NAME, KEY.public_key()))
    line = cosign(TEXT, NAME, KEY, 1679315147)
    content = bytearray(line.content)
    content[place] ^= 1 << bit
    with pytest.raises(FormatError, match=r"wrong|malformed"):
        verify_line(replace(line, content=bytes(content)), TEXT, [key])


def test_a_name_with_another_keys_id_is_unknown() -> None:
    line = cosign(TEXT, NAME, KEY, 1)
    other = parse_witness_vkey(witness_vkey(NAME, make_key().public_key()))
    renamed = parse_witness_vkey(witness_vkey("other.example", KEY.public_key()))
    assert verify_line(line, TEXT, [other, renamed]) is None


def test_the_key_of_a_log_is_none_of_a_witness() -> None:
    with pytest.raises(FormatError, match="key of a log"):
        parse_witness_vkey(vkey(NAME, KEY.public_key()))


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("", "not a key name"),
        ("a b+00000000+AAAA", "not a key name"),
        (f"{NAME}+00000000+BAAA", "not an Ed25519 witness key"),
        (f"{NAME}+00000000+!!!", "not base64"),
        (witness_vkey(NAME, KEY.public_key()).replace("+", "+f", 1)[:-1], "base64|key ID"),
        (f"{NAME}+deadbeef+{witness_vkey(NAME, KEY.public_key()).split('+', 2)[2]}", "key ID is"),
    ],
)
def test_malformed_keys(line: str, why: str) -> None:
    with pytest.raises(FormatError, match=why):
        parse_witness_vkey(line)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "whole signature lines"),
        (b"\n", "not a signature line"),
        ("— a QUFBQUE=".encode(), "whole signature lines"),
        ("— a QUFBQQ==\n".encode(), "too short"),
        ("— a QUFBQUF=\n".encode(), "canonical|not base64"),
        (b"- a QUFBQUE=\n", "not a signature line"),
        (b"\xff\n", "not UTF-8"),
        ("— a QUFBQUE=\n".encode() * 101, "more than 100"),
        (b"x" * (MAX_LINES + 1), "more than"),
    ],
)
def test_malformed_answers(content: bytes, why: str) -> None:
    with pytest.raises(FormatError, match=why):
        parse_lines(content)


def test_times_beyond_all_calendars_are_refused() -> None:
    key = parse_witness_vkey(witness_vkey(NAME, KEY.public_key()))
    with pytest.raises(FormatError, match="no time for a cosignature"):
        cosign(TEXT, NAME, KEY, LATEST + 1)
    late = (LATEST + 1).to_bytes(8, "big")
    line = replace(cosign(TEXT, NAME, KEY, 1), content=late + bytes(64))
    with pytest.raises(FormatError, match="malformed"):
        verify_line(line, TEXT, [key])


def test_a_note_without_signatures_has_no_text() -> None:
    with pytest.raises(FormatError, match="no blank line"):
        note_text(b"a\nb\n")
    with pytest.raises(FormatError, match="not UTF-8"):
        note_text(b"\xff\n\n")
