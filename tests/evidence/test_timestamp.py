"""RFC 3161: real tokens of real authorities, a real OpenSSL authority, and every way a token can be wrong."""

import json
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import cms, pem, tsp, x509

from crawler.demo.tsa import DemoAuthority
from crawler.errors import NotJudged, TimestampError
from crawler.evidence import timestamp
from crawler.evidence import token as token_module
from crawler.evidence.timestamp import (
    Authority,
    Token,
    ask,
    certificates,
    chain,
    make_request,
    read_token,
    split_trust,
    verify_token,
)

PAGES = Path(__file__).parents[3] / "shared" / "pages"
CONTENT = b"example.org/archive\n5\nAAAA\n"
BOTH = ("rfc3161-client", "openssl")

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> DemoAuthority:
    return DemoAuthority(tmp_path_factory.mktemp("plain"), "Plain")


@pytest.fixture(scope="module")
def chained(tmp_path_factory: pytest.TempPathFactory) -> DemoAuthority:
    return DemoAuthority(tmp_path_factory.mktemp("chained"), "隔壁 TSA", intermediate=True)


@pytest.fixture(params=["plain", "chained"])
def authority(request: pytest.FixtureRequest) -> DemoAuthority:
    demo = request.getfixturevalue(request.param)
    assert isinstance(demo, DemoAuthority)
    return demo


def configured(demo: DemoAuthority, policy: str | None = None) -> Authority:
    return Authority.from_pem(demo.name, "http://tsa.invalid/", demo.trust_pem, policy)


def stamp(demo: DemoAuthority, content: bytes = CONTENT) -> Token:
    return ask(content, configured(demo), lambda _, query: demo.reply(query))


def proven(token: Token) -> timestamp.VerifiedToken:
    assert token.verified is not None
    return token.verified


def answering(answer: bytes) -> Callable[[str, bytes], bytes]:
    return lambda *_: answer


def verify(token: Token, demo: DemoAuthority, **changes: Any) -> timestamp.VerifiedToken:
    roots, intermediates = split_trust(demo.trust_pem)
    arguments = {"tsr": token.tsr, "content": CONTENT, "tsq": token.tsq, "roots": roots}
    return verify_token(**{**arguments, "intermediates": intermediates, **changes})


# --- asking


def test_a_request_asks_for_sha256_with_a_nonce_and_the_certificate() -> None:
    requests = [make_request(CONTENT) for _ in range(20)]
    query = tsp.TimeStampReq.load(requests[0].tsq, strict=True)
    assert query["message_imprint"]["hash_algorithm"]["algorithm"].native == "sha256"
    assert query["cert_req"].native is True
    assert query["nonce"].native == requests[0].nonce
    assert len({request.nonce for request in requests}) == 20
    assert 2**56 < max(request.nonce for request in requests) < 2**64
    text = subprocess.run(
        ["openssl", "ts", "-query", "-in", "/dev/stdin", "-text"],
        input=requests[0].tsq,
        capture_output=True,
        check=True,
    )
    assert b"Hash Algorithm: sha256" in text.stdout


def test_both_tools_verify_a_fresh_token(authority: DemoAuthority) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    token = stamp(authority)
    assert proven(token).verified_by == BOTH
    assert before <= proven(token).gen_time <= datetime.now(UTC)
    assert proven(token).policy == authority.policy
    assert authority.name in proven(token).tsa_name
    assert proven(token).valid_until > before + timedelta(days=3000)
    assert verify(token, authority) == proven(token)
    assert verify(token, authority, tsq=None) == proven(token)


def test_what_is_kept_beside_a_token_verifies_it(authority: DemoAuthority) -> None:
    token = stamp(authority)
    kept = [der for _, _, der in pem.unarmor(token.chain_pem, multiple=True)]
    assert (
        pem.armor("CERTIFICATE", kept[0]).replace(b"\r", b"") == (authority.folder / "tsa.pem").read_bytes()
    )
    assert len(kept) == len(set(kept)) == authority.trust_pem.count(b"BEGIN") + 1
    roots, intermediates = split_trust(token.chain_pem)
    assert verify(token, authority, roots=roots, intermediates=intermediates) == proven(token)


@pytest.mark.parametrize("failure", [ConnectionRefusedError("refused"), TimeoutError("timed out")])
def test_an_authority_that_does_not_answer_is_named(failure: OSError, plain: DemoAuthority) -> None:
    def send(url: str, query: bytes) -> bytes:
        raise failure

    with pytest.raises(TimestampError, match=r"TSA Plain \(http://tsa.invalid/\) did not answer: "):
        ask(CONTENT, configured(plain), send)


@pytest.mark.parametrize("answer", [b"", b"<html>busy</html>", b"\x30\x03\x02\x01\x00", b"\x30\x80"])
def test_an_answer_that_is_no_response_is_refused(answer: bytes, plain: DemoAuthority) -> None:
    with pytest.raises(TimestampError, match=r"TSA Plain.*not a readable TimeStampResp"):
        ask(CONTENT, configured(plain), answering(answer))


def test_a_rejection_is_reported_with_its_reason(plain: DemoAuthority) -> None:
    rejection = plain.reply(b"this is no query")
    with pytest.raises(TimestampError, match=r"refused: status rejection, .+bad_data_format"):
        ask(CONTENT, configured(plain), answering(rejection))


def test_an_answer_to_an_earlier_question_is_refused(plain: DemoAuthority) -> None:
    replayed = stamp(plain).tsr
    with pytest.raises(TimestampError, match="answers another query: nonce"):
        ask(CONTENT, configured(plain), answering(replayed))


def test_a_token_under_another_policy_is_refused(plain: DemoAuthority) -> None:
    def send(url: str, query: bytes) -> bytes:
        return plain.reply(query)

    assert proven(ask(CONTENT, configured(plain, plain.policy), send)).policy == plain.policy
    with pytest.raises(TimestampError, match=r"under policy 1\.2\.3\.4\.1, not under 1\.2\.3"):
        ask(CONTENT, configured(plain, "1.2.3"), send)


# --- verifying


def test_other_content_is_refused(plain: DemoAuthority) -> None:
    token = stamp(plain)
    with pytest.raises(TimestampError, match="for other content"):
        verify(token, plain, content=CONTENT + b"\n")
    with pytest.raises(TimestampError, match="query is for other content"):
        verify(token, plain, tsq=make_request(b"other").tsq)
    with pytest.raises(TimestampError, match="not a readable TimeStampReq"):
        verify(token, plain, tsq=b"no query")


def test_trust_ends_at_configured_roots_only(plain: DemoAuthority, chained: DemoAuthority) -> None:
    token = stamp(chained)
    other = (plain.trust_pem,)
    message = r"rfc3161-client refuses: .*unable to get.* issuer.*openssl refuses: .*unable to get.* issuer"
    with pytest.raises(TimestampError, match=message):
        verify(token, chained, roots=other)
    with pytest.raises(TimestampError, match=message):
        verify(token, chained, intermediates=())
    # a root that is passed as an intermediate helps nobody
    with pytest.raises(TimestampError, match=message):
        verify(token, chained, roots=other, intermediates=(chained.trust_pem,))
    with pytest.raises(TimestampError, match="no root certificate is configured"):
        verify(token, chained, roots=())
    with pytest.raises(TimestampError, match="not a readable certificate file"):
        verify(token, chained, roots=(b"no certificate",))


def test_at_a_time_after_the_certificates_end_the_token_needs_a_new_stamp(plain: DemoAuthority) -> None:
    token = stamp(plain)
    end = proven(token).valid_until
    assert verify(token, plain, at=end - timedelta(days=2)) == proven(token)
    with pytest.raises(TimestampError, match=rf"at {end.year + 1}-.*certificate has expired"):
        verify(token, plain, at=end.replace(year=end.year + 1, day=1))


def test_a_token_of_a_short_lived_authority_ends_with_it(tmp_path: Path) -> None:
    demo = DemoAuthority(tmp_path / "a", "Short", days=1)
    token = stamp(demo)
    with pytest.raises(TimestampError, match="certificate has expired"):
        verify(token, demo, at=proven(token).gen_time + timedelta(days=2))


def test_a_status_other_than_granted_is_no_stamp(plain: DemoAuthority) -> None:
    token = stamp(plain)
    answer = tsp.TimeStampResp.load(token.tsr)
    answer["status"]["status"] = "waiting"
    with pytest.raises(TimestampError, match="refused: status waiting"):
        verify(token, plain, tsr=answer.dump(force=True))


def test_a_flipped_bit_is_refused_or_changes_nothing_that_is_said(plain: DemoAuthority) -> None:
    token = stamp(plain)
    refused = 0
    for position in range(0, len(token.tsr), 41):
        damaged = bytearray(token.tsr)
        damaged[position] ^= 0x10
        try:
            # some bytes no signature covers, and they say nothing: a CMS version, an algorithm named twice
            assert verify(token, plain, tsr=bytes(damaged)) == proven(token)
        except TimestampError:
            refused += 1
    assert refused > 10


def test_a_truncated_or_extended_response_is_refused(plain: DemoAuthority) -> None:
    token = stamp(plain)
    for broken in (token.tsr[:-1], token.tsr[:100], token.tsr + b"\x00"):
        with pytest.raises(TimestampError, match="not a readable TimeStampResp"):
            verify(token, plain, tsr=broken)


def test_a_second_signer_is_refused(plain: DemoAuthority) -> None:
    answer = tsp.TimeStampResp.load(stamp(plain).tsr)
    signed = answer["time_stamp_token"]["content"]
    signed["signer_infos"] = cms.SignerInfos([signed["signer_infos"][0]] * 2)
    with pytest.raises(TimestampError, match="2 signers"):
        read_token(answer.dump(force=True))


def test_a_token_without_its_certificate_is_refused(plain: DemoAuthority) -> None:
    query = tsp.TimeStampReq.load(make_request(CONTENT).tsq)
    query["cert_req"] = False
    with pytest.raises(TimestampError, match="not in the token; query with certReq"):
        read_token(plain.reply(query.dump(force=True)))


def exchange_certificate(tsr: bytes, replacement: bytes) -> bytes:
    answer = tsp.TimeStampResp.load(tsr)
    choice = cms.CertificateChoices(name="certificate", value=x509.Certificate.load(replacement))
    answer["time_stamp_token"]["content"]["certificates"] = cms.CertificateSet([choice])
    return bytes(answer.dump(force=True))


def reissue(demo: DemoAuthority, extensions: str) -> bytes:
    """DER of another certificate for the TSA's key, with the same issuer and serial number."""
    serial = x509.Certificate.load(pem.unarmor((demo.folder / "tsa.pem").read_bytes())[2]).serial_number
    (demo.folder / "again.ext").write_text(extensions)
    command = ["openssl", "x509", "-req", "-in", "tsa.csr", "-CA", "root.pem", "-CAkey", "root.key"]
    command += ["-set_serial", str(serial), "-days", "9", "-extfile", "again.ext", "-outform", "DER"]
    return subprocess.run(command, cwd=demo.folder, check=True, capture_output=True).stdout


def test_an_exchanged_certificate_is_refused_by_esscertid(
    plain: DemoAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = reissue(plain, "extendedKeyUsage=critical,timeStamping\n")
    token = stamp(plain)  # after the certificate, so that it was valid by then
    exchanged = exchange_certificate(token.tsr, other)
    with monkeypatch.context() as patch:  # rfc3161-client alone does not look at ESSCertID
        patch.setattr(token_module, "_check_ess_cert_id", lambda *_: None)
        patch.setattr(shutil, "which", lambda _: None)
        assert verify(token, plain, tsr=exchanged).verified_by == ("rfc3161-client",)
    token_module._read.cache_clear()  # as it was read without that check
    with pytest.raises(TimestampError, match="ESSCertID names another certificate"):
        verify(token, plain, tsr=exchanged)


@pytest.mark.parametrize(
    ("extensions", "message"),
    [
        ("extendedKeyUsage=timeStamping\n", "not for timestamping only"),
        ("extendedKeyUsage=critical,timeStamping,serverAuth\n", "not for timestamping only"),
        ("extendedKeyUsage=critical,serverAuth\n", "not for timestamping only"),
        ("basicConstraints=critical,CA:FALSE\n", "not for timestamping only"),
        ("extendedKeyUsage=critical,timeStamping\nbasicConstraints=critical,CA:TRUE\n", "CA certificate"),
    ],
)
def test_a_signer_that_may_not_stamp_is_refused(extensions: str, message: str, plain: DemoAuthority) -> None:
    exchanged = exchange_certificate(stamp(plain).tsr, reissue(plain, extensions))
    with pytest.raises(TimestampError, match=message):
        read_token(exchanged)


def test_certificates_come_signer_first(plain: DemoAuthority, chained: DemoAuthority) -> None:
    token = stamp(plain)
    signer = (plain.folder / "tsa.pem").read_bytes()
    assert certificates(token.tsr) == [signer]
    answer = tsp.TimeStampResp.load(token.tsr)
    ders = [der for _, _, der in pem.unarmor(chained.trust_pem + signer, multiple=True)]
    answer["time_stamp_token"]["content"]["certificates"] = cms.CertificateSet(
        [cms.CertificateChoices(name="certificate", value=x509.Certificate.load(der)) for der in ders]
    )
    several = certificates(answer.dump(force=True))
    assert several[0] == signer
    assert sorted(several[1:]) == sorted(
        pem.armor("CERTIFICATE", der).replace(b"\r", b"") for der in ders[:2]
    )


# --- the two tools


def unsorted(folder: Path) -> DemoAuthority:
    """An authority whose tokens carry two certificates, the longer first: a SET that is not DER."""
    demo = DemoAuthority(folder, "A name long enough to be the longer one")
    other = DemoAuthority(folder / "other", "x")
    (folder / "certs.pem").write_bytes(other.trust_pem)
    (folder / "ts.cnf").write_text((folder / "ts.cnf").read_text() + "certs = ./certs.pem\n")
    return demo


def test_where_the_library_cannot_parse_openssl_alone_counts_and_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo = unsorted(tmp_path)
    token = stamp(demo)
    assert len(certificates(token.tsr)) == 2
    assert proven(token).verified_by == ("openssl",)
    damaged = token.tsr[:-1] + bytes([token.tsr[-1] ^ 1])
    with pytest.raises(TimestampError, match=r"rfc3161-client cannot judge: .*openssl refuses: "):
        verify(token, demo, tsr=damaged)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(TimestampError, match=r"nobody here can judge .*InvalidSetOrdering.*not installed"):
        verify(token, demo)


def test_without_openssl_the_library_alone_counts_and_it_is_said(
    plain: DemoAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = stamp(plain)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert verify(token, plain).verified_by == ("rfc3161-client",)
    with pytest.raises(TimestampError, match=r"nobody here can judge .*at .*not installed"):
        verify(token, plain, at=datetime.now(UTC))


@pytest.mark.parametrize("tool", ["ask_library", "ask_openssl"])
def test_one_no_outweighs_a_yes(tool: str, plain: DemoAuthority, monkeypatch: pytest.MonkeyPatch) -> None:
    token = stamp(plain)
    refusal = timestamp.Verdict("this tool", False, "for a reason")
    monkeypatch.setattr(timestamp, tool, lambda *_: refusal)
    with pytest.raises(TimestampError, match=r"this tool refuses: for a reason") as refused:
        verify(token, plain)
    assert "accepts it" in str(refused.value)


def test_granted_with_mods_is_left_to_openssl(plain: DemoAuthority) -> None:
    token = stamp(plain)
    answer = tsp.TimeStampResp.load(token.tsr)
    answer["status"]["status"] = "granted_with_mods"
    assert verify(token, plain, tsr=answer.dump(force=True)).verified_by == ("openssl",)


@pytest.mark.parametrize("algorithm", ["sm3", "sha512"])
def test_other_imprints_verify_too(algorithm: str, plain: DemoAuthority) -> None:
    command = ["openssl", "ts", "-query", "-data", "/dev/stdin", f"-{algorithm}", "-cert"]
    query = subprocess.run(command, input=CONTENT, capture_output=True, check=True).stdout
    token = Token(query, plain.reply(query), b"", proven(stamp(plain)))
    assert read_token(token.tsr).imprint_algorithm == algorithm
    assert "openssl" in verify(token, plain).verified_by


def test_a_weak_imprint_is_refused(plain: DemoAuthority) -> None:
    answer = tsp.TimeStampResp.load(stamp(plain).tsr)
    content = answer["time_stamp_token"]["content"]["encap_content_info"]
    facts = content["content"].parsed
    facts["message_imprint"]["hash_algorithm"]["algorithm"] = "sha1"
    content["content"] = cms.ParsableOctetString(facts.dump(force=True))
    with pytest.raises(TimestampError, match="unknown or too weak"):
        read_token(answer.dump(force=True))


def test_a_trust_file_needs_a_root(chained: DemoAuthority) -> None:
    with pytest.raises(TimestampError, match="no self-signed root"):
        split_trust((chained.folder / "intermediate.pem").read_bytes())


# --- tokens of others


def samples() -> list[dict[str, Any]]:
    if not (PAGES / "INDEX.jsonl").is_file():
        return []
    lines = (PAGES / "INDEX.jsonl").read_text("utf-8").splitlines()
    return [row for row in map(json.loads, lines) if row["kind"] == "tsr"]


@pytest.fixture
def sample(request: pytest.FixtureRequest) -> dict[str, Any]:
    row: dict[str, Any] = request.param
    if row == {}:
        pytest.skip("../shared/pages/timestamp is absent: tokens of other authorities are not checked")
    return row


def over(rows: list[dict[str, Any]]) -> pytest.MarkDecorator:
    ids = [row["file"] for row in rows] or ["absent"]
    return pytest.mark.parametrize("sample", rows or [{}], ids=ids, indirect=True)


@over(samples())
def test_a_real_token_says_what_the_index_says(sample: dict[str, Any]) -> None:
    tsr = (PAGES / sample["file"]).read_bytes()
    claims, expected = read_token(tsr), sample["expected"]
    assert claims.gen_time.strftime("%Y-%m-%dT%H:%M:%SZ") == expected["gen_time"]
    assert claims.imprint_algorithm == expected["hash"]
    assert claims.imprint.hex() == expected["imprint"]
    assert claims.policy == expected["policy"]
    assert hex(claims.serial) == expected["serial"]
    assert len(certificates(tsr)) == expected["certificates"]


@over([row for row in samples() if row.get("assets")])
def test_a_real_token_verifies_exactly_if_it_is_good(sample: dict[str, Any]) -> None:
    tsr = (PAGES / sample["file"]).read_bytes()
    roots, intermediates = split_trust((PAGES / sample["assets"][0]).read_bytes())
    # "other data": signed under a chain of the same names but other keys than the one saved beside it
    good = not sample["expected"]["negative"] and "other data" not in sample["note"]
    if good:
        verified = verify_token(tsr, b"hello", roots=roots, intermediates=intermediates)
        assert verified.verified_by == BOTH
        assert b"BEGIN" in chain(tsr, roots, intermediates)
    else:
        why = (
            "signature failure"
            if sample["expected"]["negative"]
            else "unable to get local issuer certificate"
        )
        with pytest.raises(
            TimestampError, match=f"rfc3161-client refuses: .*{why}.*openssl refuses: .*{why}"
        ) as refused:
            verify_token(tsr, b"hello", roots=roots, intermediates=intermediates)
        assert not isinstance(refused.value, NotJudged)
    with pytest.raises(TimestampError, match="for other content"):
        verify_token(tsr, b"hullo", roots=roots, intermediates=intermediates)


@over(samples()[:1])
def test_a_real_token_outlives_its_certificate_at_gentime_but_not_at_a_later_date(
    sample: dict[str, Any],
) -> None:
    tsr = (PAGES / sample["file"]).read_bytes()
    roots, _ = split_trust((PAGES / sample["assets"][0]).read_bytes())
    valid_until = read_token(tsr).valid_until
    assert verify_token(tsr, b"hello", roots=roots, at=valid_until - timedelta(days=1)).verified_by == BOTH
    with pytest.raises(TimestampError, match="certificate has expired"):
        verify_token(tsr, b"hello", roots=roots, at=valid_until + timedelta(days=1))


@over([row for row in samples() if row.get("assets") and "NEGATIVE" not in row["note"]])
def test_the_path_of_a_real_token_ends_when_openssl_says(sample: dict[str, Any]) -> None:
    if "other data" in sample["note"]:
        pytest.skip("its chain is not the one saved beside it")
    tsr = (PAGES / sample["file"]).read_bytes()
    roots, intermediates = split_trust((PAGES / sample["assets"][0]).read_bytes())
    end = verify_token(tsr, b"hello", roots=roots, intermediates=intermediates).path_until
    second = timedelta(seconds=1)
    assert verify_token(tsr, b"hello", roots=roots, intermediates=intermediates, at=end - second)
    with pytest.raises(TimestampError, match="certificate has expired"):
        verify_token(tsr, b"hello", roots=roots, intermediates=intermediates, at=end + second)
