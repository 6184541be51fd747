"""Commitments: as the module says, by another implementation; they bind, and say nothing without the salt."""

import hashlib
import hmac

from crawler.redaction.seal import MARK, Seal
from tests.redaction.masks import KEY, NAME


def test_a_commitment_is_what_the_module_says() -> None:
    seal = Seal(KEY, "c1", "public")
    seal.mark(NAME, "person")
    (row,) = seal.opening()
    salt = hmac.new(KEY, b"evidence redaction v1\0c1\0public\0" + NAME.encode(), hashlib.sha256).digest()[:16]
    assert row["salt"] == salt.hex()
    assert row["sha256"] == hashlib.sha256(salt + NAME.encode()).hexdigest()
    assert row["mark"] == f"[withheld:{row['sha256'][:8]}]"
    assert MARK.fullmatch(row["mark"])


def test_what_anybody_sees_has_neither_value_nor_salt() -> None:
    seal = Seal(KEY, "c1", "public")
    seal.mark(NAME, "person")
    seal.mark("13800138000", "mobile")
    assert [set(row) for row in seal.statement()] == [{"mark", "kind", "sha256"}] * 2
    assert [row["sha256"] for row in seal.statement()] == [row["sha256"] for row in seal.opening()]


def test_each_of_key_capture_grade_and_value_makes_another_commitment() -> None:
    seals = [
        Seal(KEY, "c1", "public"),
        Seal(KEY[::-1], "c1", "public"),
        Seal(KEY, "c2", "public"),
        Seal(KEY, "c1", "platform"),
    ]
    found = {seal.commitment(value) for seal in seals for value in (NAME, NAME + " ")}
    assert len(found) == 2 * len(seals)


def test_a_site_s_own_mask_is_said() -> None:
    seal = Seal(KEY, "c1", "platform")
    assert seal.mark("j***珂", "person", "隐名评价人-0123456789abcdef") == "[person-masked:0123456789abcdef]"
    assert seal.mark(NAME, "person", "no alias") == f"[withheld:{seal.commitment(NAME)[:8]}]"
