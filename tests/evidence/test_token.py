"""Tokens that nobody here can judge: signed with SM2. They are neither good nor bad."""

import hashlib
from pathlib import Path

import pytest
from asn1crypto import tsp

from crawler.demo.tsa import DemoAuthority
from crawler.errors import NotJudged, TimestampError
from crawler.evidence.timestamp import Authority, ask, make_request, read_token, split_trust, verify_token
from crawler.evidence.token import digest_with
from tests.sm2 import Sm2Authority, as_gm

CONTENT = b"example.org/archive\n5\nAAAA\n"


@pytest.fixture(scope="module")
def sm2(tmp_path_factory: pytest.TempPathFactory) -> Sm2Authority:
    return Sm2Authority(tmp_path_factory.mktemp("sm2") / "a")


@pytest.mark.parametrize("imprint", ["sha256", "sm3"])
def test_a_genuine_sm2_token_is_not_judged_and_it_is_said_why(sm2: Sm2Authority, imprint: str) -> None:
    query = make_request(CONTENT, imprint).tsq
    tsr = sm2.reply(query)
    assert read_token(tsr).imprint_algorithm == imprint
    roots, _ = split_trust(sm2.trust_pem)
    with pytest.raises(NotJudged, match=r"nobody here can judge .*SM2 \(1\.2\.156\.10197\.1\.501\)"):
        verify_token(tsr, CONTENT, tsq=query, roots=roots)


def test_what_can_be_judged_of_an_sm2_token_is_judged(sm2: Sm2Authority) -> None:
    """Its imprint, its nonce, and whether it is a token at all: a wrong one fails like any other."""
    query = make_request(CONTENT).tsq
    tsr = sm2.reply(query)
    roots, _ = split_trust(sm2.trust_pem)
    for content, tsq, message in (
        (b"other", query, "for other content"),
        (CONTENT, make_request(CONTENT).tsq, "answers another query: nonce"),
    ):
        with pytest.raises(TimestampError, match=message) as refused:
            verify_token(tsr, content, tsq=tsq, roots=roots)
        assert not isinstance(refused.value, NotJudged)


def test_a_token_under_the_names_of_gm_t_0010_is_not_judged(sm2: Sm2Authority) -> None:
    tsr = as_gm(sm2.reply(make_request(CONTENT).tsq))
    with pytest.raises(NotJudged, match="GM/T 0010"):
        read_token(tsr)


def test_an_sm2_token_is_kept_but_not_called_verified(sm2: Sm2Authority) -> None:
    authority = Authority.from_pem("tsa-sm2", "http://tsa.invalid/", sm2.trust_pem)
    token = ask(CONTENT, authority, lambda _, query: sm2.reply(query))
    assert token.verified is None
    assert "SM2" in token.unjudged
    assert token.chain_pem
    gm = ask(CONTENT, authority, lambda _, query: as_gm(sm2.reply(query)))
    assert (gm.verified, gm.chain_pem) == (None, split_trust(sm2.trust_pem)[0][0])


def test_an_sm3_imprint_is_asked_for_and_verified(tmp_path: Path) -> None:
    demo = DemoAuthority(tmp_path / "a", "tsa-a")
    authority = Authority.from_pem("tsa-a", "http://tsa.invalid/", demo.trust_pem, imprint="sm3")
    token = ask(CONTENT, authority, lambda _, query: demo.reply(query))
    claims = read_token(token.tsr)
    assert (claims.imprint_algorithm, claims.imprint) == ("sm3", hashlib.new("sm3", CONTENT).digest())
    assert token.verified is not None
    assert "openssl" in token.verified.verified_by
    assert tsp.TimeStampReq.load(token.tsq)["message_imprint"]["hash_algorithm"]["algorithm"].dotted.endswith(
        "10197.1.401"
    )


def test_a_machine_without_sm3_does_not_call_the_token_bad(monkeypatch: pytest.MonkeyPatch) -> None:
    def without(name: str, _content: bytes = b"") -> None:
        raise ValueError(f"unsupported hash type {name}")

    monkeypatch.setattr(hashlib, "new", without)
    with pytest.raises(NotJudged, match="no sm3"):
        digest_with("sm3", CONTENT)
