"""`evidence verify FILE.wacz`: genuine packages of any writer pass, altered ones fail at the check meant for it."""

import base64
import gzip
import hashlib
import io
import json
import random
import struct
import time
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from crawler.errors import FormatError, UsageError
from crawler.evidence.checks import zip_form
from crawler.evidence.checks.wacz_file import verify_wacz
from crawler.evidence.checks.zip_members import open_package
from crawler.evidence.report import Report
from crawler.evidence.wacz_auth import make_key, open_key, sign
from tests.domain_signer import DomainSigner
from tests.wacz_files import make_wacz, members_of, relist, sha256, streamed, zipped

PAGES = Path(__file__).parents[3] / "shared/pages"
ISRG = Path("/etc/ssl/certs/ISRG_Root_X1.pem")
Members = dict[str, bytes]


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_wacz(tmp_path_factory.mktemp("ours"))


@pytest.fixture(scope="module")
def foreign(ours: Path) -> Members:
    """The same content as another tool would have written it: another name, another order, unsigned."""
    members = members_of(ours)
    listing = json.loads(members["datapackage.json"]) | {"software": "other 1.0"}
    return relist({**members, "datapackage.json": json.dumps(listing).encode()})


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> DomainSigner:
    return DomainSigner(tmp_path_factory.mktemp("signer"))


def judged(path: Path, content: bytes, **given: Any) -> Report:
    path.write_bytes(content)
    return verify_wacz(path, **{"trust": None, **given})


def statuses(report: Report) -> dict[str, str]:
    return {check.name: check.status for check in report.checks}


def failures(report: Report) -> str:
    return "\n".join(f"{c.name}: {p}" for c in report.checks if c.status == "failed" for p in c.problems)


def with_signed(members: Members, **changes: Any) -> Members:
    """The members with changed fields in signedData (None removes one)."""
    own = json.loads(members["datapackage-digest.json"])
    signed = own["signedData"] | {name: value for name, value in changes.items() if value is not None}
    own["signedData"] = {name: value for name, value in signed.items() if changes.get(name, "") is not None}
    return {**members, "datapackage-digest.json": json.dumps(own, indent=2).encode()}


# Genuine packages


def genuine(name: str) -> Path:
    if not (PAGES / name).exists():
        pytest.skip("the genuine WACZ files are not on this machine")
    return PAGES / name


@pytest.mark.parametrize(
    ("name", "unchecked"),
    [
        ("archives/wacz-1.wacz", {"binding", "wacz-signature"}),  # 1.0.0, no digest file
        ("archives/wacz-3.wacz", {"certificate", "timestamps"}),  # authsign
        ("archives/wacz-5.wacz", {"wacz-signature"}),  # Scoop, not signed
        ("archives/wacz-6.wacz", {"anchor"}),  # ArchiveWeb.page, anonymous
    ],
)
def test_packages_of_other_tools_pass(name: str, unchecked: set[str]) -> None:
    report = verify_wacz(genuine(name), trust=None)
    assert {check.name for check in report.checks if check.status == "not-checked"} == unchecked
    assert report.exit_code == 3, report.to_text()


def test_what_is_odd_in_a_genuine_package_is_said(ours: Path) -> None:
    scoop = verify_wacz(genuine("archives/wacz-5.wacz"), trust=None)
    assert "is not sorted" in scoop.check("index").detail
    assert "without the two closing CRLF" in scoop.check("index").detail
    assert (
        "old version 1.0.0"
        in verify_wacz(genuine("archives/wacz-1.wacz"), trust=None).check("datapackage").detail
    )
    assert (
        "without a version"
        in verify_wacz(genuine("archives/wacz-6.wacz"), trust=None).check("wacz-signature").detail
    )
    assert "tolerated" not in verify_wacz(ours, trust=None).to_text()


def authsign_trust(folder: Path, name: str) -> Path:
    if not ISRG.exists():
        pytest.skip("no system certificates on this machine")
    (folder / "domain").mkdir()
    (folder / "domain/isrg.pem").write_bytes(ISRG.read_bytes())
    signed = json.loads(members_of(genuine(name))["datapackage-digest.json"])["signedData"]
    root = signed["timestampCert"].split("-----END CERTIFICATE-----")[1] + "-----END CERTIFICATE-----\n"
    (folder / "freetsa.pem").write_text(root.strip() + "\n")
    return folder


def test_a_domain_signature_of_2022_verifies_at_its_time_and_needs_renewal_today(tmp_path: Path) -> None:
    path, trust = genuine("archives/wacz-3.wacz"), authsign_trust(tmp_path, "archives/wacz-3.wacz")
    then = verify_wacz(path, trust=trust, at=datetime(2025, 1, 1, tzinfo=UTC))
    assert then.exit_code == 0, then.to_text()
    assert "ISRG Root X1" in then.check("certificate").detail
    assert [(key.role, key.name) for key in then.keys] == [("wacz", "btrix-sign-test.webrecorder.net")]
    assert (
        verify_wacz(path, trust=trust, at=datetime(2027, 1, 1, tzinfo=UTC)).check("validity").status
        == "failed"
    )


def test_a_domain_signature_under_a_staging_root_fails_at_its_certificate(tmp_path: Path) -> None:
    name = "malformed/malformed-12.wacz"
    report = verify_wacz(genuine(name), trust=authsign_trust(tmp_path, name))
    assert [check.name for check in report.checks if check.status == "failed"] == ["certificate"]


def test_a_package_without_its_parts_fails() -> None:
    report = verify_wacz(genuine("malformed/malformed-11.wacz"), trust=None)
    assert "archive/ has no WARC file" in failures(report)


# Our own


def test_our_package_passes_with_the_signer_s_key_and_is_not_checked_without(
    ours: Path, tmp_path: Path
) -> None:
    report = verify_wacz(ours, trust=None)
    assert report.exit_code == 3
    (key,) = report.keys
    assert (key.role, key.name) == ("wacz", "anonymous")
    assert verify_wacz(ours, trust=None, vkey=key.fingerprint).exit_code == 0
    public = open_key(ours.parent / "archive").public_key()
    (tmp_path / "signer.pem").write_bytes(
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    assert verify_wacz(ours, trust=tmp_path).exit_code == 0
    assert verify_wacz(ours, trust=None, vkey=sha256(b"")).check("anchor").status == "failed"
    with pytest.raises(UsageError, match="has no log"):
        verify_wacz(ours, trust=None, vkey="evidence.example+00000000+AAAA")


def test_a_single_changed_byte_anywhere_in_our_package_is_caught(ours: Path, tmp_path: Path) -> None:
    """Every fifth byte from a random start, each with another bit; all of them were tried when this was written."""
    content, dice = ours.read_bytes(), random.Random()
    start = dice.randrange(5)
    for position in range(start, len(content), 5):
        bit = 1 << dice.randrange(8)
        changed = content[:position] + bytes([content[position] ^ bit]) + content[position + 1 :]
        report = judged(tmp_path / "x.wacz", changed)
        assert report.status == "failed", f"byte {position}, bit {bit}"


def test_truncation_and_bytes_put_before_between_or_behind_are_caught(ours: Path, tmp_path: Path) -> None:
    content = ours.read_bytes()
    middle = content.index(b"PK\x03\x04", 10)
    second = zipped({"pages/pages.jsonl": b"{}"})
    for changed in (
        content[:-1], content[:middle], b"", b"PK", content[middle:],
        b"x" + content, second + content, content + b"x", content + second,
        content[:middle] + b"x" + content[middle:],
    ):  # fmt: skip
        report = judged(tmp_path / "x.wacz", changed)
        assert report.check("members").status == "failed", changed[:20]


def test_bytes_between_the_directory_and_the_end_record_are_caught(
    ours: Path, foreign: Members, tmp_path: Path
) -> None:
    for content in (ours.read_bytes(), zipped(foreign)):
        changed = content[:-22] + b"hidden" + content[-22:]
        assert judged(tmp_path / "x.wacz", changed).check("members").status == "failed"
    content = ours.read_bytes()
    no_disk = content[:-18] + b"\xff\xff\xff\xff" + content[-14:]  # a reader of Zip64 takes it
    assert "end record is not that of our exporter" in failures(judged(tmp_path / "x.wacz", no_disk))


def test_our_package_in_another_form_is_not_ours(ours: Path, tmp_path: Path) -> None:
    members = members_of(ours)
    backwards = dict(reversed(members.items()))
    spaced = {**members, "datapackage-digest.json": members["datapackage-digest.json"] + b"\n"}
    for content in (
        streamed(members),
        zipped(backwards),
        zipped(members, "2026-11-22T09:00:00Z"),
        zipped(spaced),
    ):
        assert statuses(judged(tmp_path / "x.wacz", content))["members"] == "failed"
    assert judged(tmp_path / "x.wacz", zipped(members)).status == "not-checked"


# Altered packages


@pytest.mark.parametrize("write", [zipped, streamed])
def test_a_package_of_another_tool_may_be_stored_or_streamed(
    foreign: Members, tmp_path: Path, write: Callable[[Members], bytes]
) -> None:
    report = judged(tmp_path / "x.wacz", write(foreign))
    assert "failed" not in statuses(report).values(), report.to_text()


def put(name: str, content: bytes) -> Callable[[Members], Members]:
    return lambda members: {**members, name: content}


def edited(name: str, old: bytes, new: bytes) -> Callable[[Members], Members]:
    def change(members: Members) -> Members:
        assert old in members[name]
        return {**members, name: members[name].replace(old, new)}

    return change


def without(name: str) -> Callable[[Members], Members]:
    return lambda members: {key: value for key, value in members.items() if key != name}


WARC, INDEX, PAGE_LIST = "archive/00001.warc.gz", "indexes/index.cdx", "pages/pages.jsonl"
LISTING, DIGEST = "datapackage.json", "datapackage-digest.json"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (put("notes.txt", b"x"), "datapackage: notes.txt is in the WACZ but not listed"),
        (without(PAGE_LIST), "datapackage: pages/pages.jsonl is listed"),
        (put("../evil", b"x"), "members: ../evil: a name that leads out"),
        (put("/etc/evil", b"x"), "members: /etc/evil: a name that leads out"),
        (put("C:evil", b"x"), "members: C:evil: a name that leads out"),
        (put("a\\b", b"x"), "a name that leads out"),
        (put("a/./b", b"x"), "a name that leads out"),
        (put("a\nb", b"x"), "a name with control characters"),
        (put(PAGE_LIST, b"{}\n"), "resources: pages/pages.jsonl is not what"),
        (edited(INDEX, b"200", b"404"), "resources: indexes/index.cdx is not what"),
        (lambda m: {**m, WARC: m[WARC][:-9]}, "records: archive/00001.warc.gz: record 3"),
        (lambda m: {**m, WARC: m[WARC] + b"tail"}, "records: archive/00001.warc.gz: record 4"),
        (edited(DIGEST, b'"sha256:', b'"sha256:0'), "binding: datapackage.json has sha256:"),
        (edited(LISTING, b'"other 1.0"', b'"other 2.0"'), "binding: datapackage.json has sha256:"),
        (edited(LISTING, b'"1.1.1"', b'"9.9.9"'), "datapackage: datapackage.json: wacz_version"),
        (edited(LISTING, b'"sha256:', b'"sha999:'), "not a known digest"),
        (edited(LISTING, b'"bytes": ', b'"bytes": -'), "datapackage:"),
        (put(LISTING, b"[" * 100_000), "datapackage: datapackage.json is not JSON"),
        (put(LISTING, b'{"profile": "data-package", "profile": "x"}'), "occurs more than once"),
        (put(LISTING, b'{"a": NaN}'), "NaN is not a JSON value"),
        (put(LISTING, b'{"profile": ' + b"9" * 5000 + b"}"), "datapackage: datapackage.json is not JSON"),
        (put(LISTING, "{}".encode("utf-16")), "datapackage: datapackage.json is not JSON"),
        (put(DIGEST, b'{"path": "datapackage.json"}'), "binding: datapackage-digest.json does not hold"),
        (put(DIGEST, b"{" * 100_000), "binding: datapackage-digest.json is not JSON"),
    ],
)
def test_an_altered_package_fails_for_its_reason(
    foreign: Members, tmp_path: Path, change: Callable[[Members], Members], said: str
) -> None:
    assert said in failures(judged(tmp_path / "x.wacz", zipped(change(foreign))))


def chunked(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)


def warc(block: bytes, *fields: str, kind: str = "response", version: str = "WARC/1.0") -> bytes:
    named = (
        version, f"WARC-Type: {kind}", "WARC-Record-ID: <urn:uuid:1>", "WARC-Date: 2026-11-22T08:00:00Z",
        "WARC-Target-URI: http://shop.invalid/1", "Content-Type: application/http; msgtype=response",
        *fields, f"Content-Length: {len(block)}",
    )  # fmt: skip
    return "\r\n".join(named).encode() + b"\r\n\r\n" + block + b"\r\n\r\n"


def sha1(content: bytes) -> str:
    return "sha1:" + base64.b32encode(hashlib.new("sha1", content, usedforsecurity=False).digest()).decode()


BLOCK = chunked(b"good")
MD5 = hashlib.new("md5", BLOCK, usedforsecurity=False).hexdigest()
STORED_BODY = BLOCK.partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize(
    ("content", "status", "said"),
    [
        (warc(BLOCK, f"WARC-Payload-Digest: {sha1(b'good')}", f"WARC-Block-Digest: {sha1(BLOCK)}"), "passed", ""),
        (warc(BLOCK, f"WARC-Payload-Digest: {sha1(STORED_BODY)}", f"WARC-Block-Digest: {sha1(BLOCK)}"),
         "passed", "covers the body as stored"),
        (warc(BLOCK, f"WARC-Payload-Digest: {sha1(b'bad')}"), "failed", "payload does not match"),
        (warc(BLOCK, f"WARC-Block-Digest: {sha1(b'bad')}"), "failed", "block does not match"),
        (warc(BLOCK, "WARC-Block-Digest: crc32:00"), "failed", "unknown digest algorithm"),
        (warc(BLOCK, "WARC-Block-Digest: sha1:xyz"), "failed", "not a digest of sha1"),
        (warc(BLOCK), "not-checked", "none of the 1 records has a digest"),
        (warc(BLOCK, f"WARC-Block-Digest: md5:{MD5}"), "passed", "too weak"),
        (warc(b"", f"WARC-Payload-Digest: {sha1(b'x')}", f"WARC-Block-Digest: {sha1(b'')}", kind="revisit"),
         "passed", "revisit(s) of payloads that are not in the package"),
        (warc(BLOCK, "WARC-Type: request"), "failed", "occurs more than once"),
        (warc(BLOCK, version="WARC/9.9"), "failed", "not a WARC 1.0 or 1.1 record"),
        (warc(BLOCK).replace(b"Content-Length: ", b"Content-Length: 10000000"), "failed", "ends inside a record"),
        (warc(BLOCK).replace(b"Content-Length: ", b"Content-Length: -"), "failed", "is no number"),
        (warc(BLOCK)[:-1], "failed", "two CRLF expected"),
        (warc(BLOCK) + b"\r\n", "failed", "record 2"),
        (warc(BLOCK)[:40], "failed", "inside a WARC head"),
        (b"", "failed", "record"),
        (b"A" * (3 << 20), "failed", "no end of the WARC head"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_records_are_judged_by_their_own_digests(
    foreign: Members, tmp_path: Path, content: bytes, status: str, said: str, pack: Callable[[bytes], bytes]
) -> None:
    name = "archive/a.warc.gz" if pack is gzip.compress else "archive/a.warc"
    members = relist({name: pack(content), **without(WARC)(foreign)})
    check = judged(tmp_path / "x.wacz", zipped(members)).check("records")
    assert (check.status, said in check.detail + str(check.problems)) == (status, True), check


def test_a_revisit_of_a_payload_in_the_package_is_resolved(foreign: Members, tmp_path: Path) -> None:
    digest = f"WARC-Payload-Digest: {sha1(b'good')}"
    content = warc(BLOCK, digest, f"WARC-Block-Digest: {sha1(BLOCK)}")
    content += warc(b"", digest, f"WARC-Block-Digest: {sha1(b'')}", kind="revisit")
    check = judged(tmp_path / "x.wacz", zipped(relist({**foreign, "archive/a.warc": content}))).check(
        "records"
    )
    assert (check.status, "revisit" in check.detail) == ("passed", False)


def test_records_that_share_a_gzip_member_are_read_and_said(foreign: Members, tmp_path: Path) -> None:
    content = gzip.compress(warc(BLOCK, f"WARC-Block-Digest: {sha1(BLOCK)}") * 2)
    check = judged(tmp_path / "x.wacz", zipped(relist({**foreign, "archive/a.warc.gz": content}))).check(
        "records"
    )
    assert check.status == "passed"
    assert "share a gzip member" in check.detail


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b'"offset": ', b'"offset": 1', "no record begins at"),
        (b'"length": ', b'"length": 1', "length of the record"),
        (b'"status": 200', b'"status": 404', "status of the record"),
        (b"http://shop", b"http://other", "url of the record"),
        (b'"digest": "sha256:', b'"digest": "sha1:', "not a digest of sha1"),
        (b'"recordDigest": "sha256:', b'"recordDigest": "sha512:', "not a digest of sha512"),
        (b'"offset": ', b'"offset": -', "offset is no number"),
        (b'"offset": ', b'"offset": [], "x": ', "offset is no number"),
        (b" {", b" [", "is not JSON"),
        (b"/ 2026", b"/ x026", "not key, time and JSON"),
        (b"/2 2026", b"/2 2025", "time of the record"),
        (b'"filename": "', b'"filename": "../', "no record begins at"),
    ],
)  # fmt: skip
def test_an_index_that_lies_is_named(
    foreign: Members, tmp_path: Path, old: bytes, new: bytes, said: str
) -> None:
    if old.startswith(b"/ "):
        old, new = b" 2026", b" x026"
    report = judged(tmp_path / "x.wacz", zipped(relist(edited(INDEX, old, new)(foreign))))
    assert [check.name for check in report.checks if check.status == "failed"] == ["index"]
    assert said in failures(report)


def test_an_index_may_hold_offsets_as_text_and_be_compressed(foreign: Members, tmp_path: Path) -> None:
    lines = foreign[INDEX].splitlines(keepends=True)
    entry = json.loads(lines[0].split(b" ", 2)[2])
    texts = {name: str(entry[name]) for name in ("offset", "length", "status")}
    first = b" ".join(lines[0].split(b" ", 2)[:2])
    lines[0] = first + b" " + json.dumps(entry | texts).encode() + b"\n"
    blocks = [gzip.compress(line) for line in lines]
    place = {"offset": 0, "length": len(blocks[0]), "digest": sha256(blocks[0])}
    second = b" ".join(lines[1].split(b" ", 2)[:2])
    idx = b'!meta 0 {"format": "cdxj-gzip-1.0", "filename": "index.cdx.gz"}\n'
    idx += first + b" " + json.dumps(place).encode() + b"\n"
    idx += second + b" " + json.dumps({"offset": len(blocks[0]), "length": len(blocks[1])}).encode() + b"\n"
    members = {**without(INDEX)(foreign), "indexes/index.cdx.gz": b"".join(blocks), "indexes/index.idx": idx}
    report = judged(tmp_path / "x.wacz", zipped(relist(members)))
    assert report.check("index").status == "passed", report.to_text()
    for old, new, said in (
        (first, second, "does not begin with"),
        (b'"offset": 0', b'"offset": 1', "does not follow"),
        (place["digest"][:12].encode(), b"sha256:0000b", "its digest"),  # type: ignore[index]
        (idx.splitlines(keepends=True)[2], b"", "goes on behind its last block"),
    ):
        broken = {**members, "indexes/index.idx": idx.replace(old, new, 1)}
        assert said in failures(judged(tmp_path / "x.wacz", zipped(relist(broken)))), said
    cut = {**members, "indexes/index.cdx.gz": b"".join(blocks)[:-3]}
    assert "gzip" in failures(judged(tmp_path / "x.wacz", zipped(relist(cut))))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"[]\n", "not a JSON object"),
        (b'{"url": "x"}\n', "no url or no ts"),
        (b'{"url": "x", "ts": "y"}\n', "RFC 3339"),
    ],
)
def test_a_page_needs_an_address_and_a_time(foreign: Members, tmp_path: Path, line: bytes, said: str) -> None:
    members = relist({**foreign, PAGE_LIST: foreign[PAGE_LIST] + line})
    assert said in failures(judged(tmp_path / "x.wacz", zipped(members)))


# Signatures


def test_a_package_signed_again_with_another_key_has_another_signer(ours: Path, tmp_path: Path) -> None:
    key = verify_wacz(ours, trust=None).keys[0].fingerprint
    forged = edited(WARC, b"", b"")(members_of(ours))
    report = judged(tmp_path / "x.wacz", zipped(relist(forged, make_key())), vkey=key)
    assert [check.name for check in report.checks if check.status == "failed"] == ["anchor"]


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"hash": sha256(b"")}, "binding"),
        ({"extra": "x"}, "wacz-signature"),
        ({"created": None}, "wacz-signature"),
        (
            {"signature": sign(sha256(b""), make_key(), created="", software="")["signature"]},
            "wacz-signature",
        ),
        (
            {"publicKey": sign(sha256(b""), make_key(), created="", software="")["publicKey"]},
            "wacz-signature",
        ),
        ({"created": "2026-11-22T08:00:01Z"}, "members"),
        ({"software": "web-evidence/9"}, "members"),
        ({"version": None}, "members"),
    ],
)
def test_altered_signed_data_of_ours_is_refused(
    ours: Path, tmp_path: Path, changes: dict[str, str | None], check: str
) -> None:
    report = judged(tmp_path / "x.wacz", zipped(with_signed(members_of(ours), **changes)))
    assert report.check(check).status == "failed"


def domain_signed(foreign: Members, fields: dict[str, str]) -> Members:
    own = {"path": LISTING, "hash": fields["hash"], "signedData": fields}
    return {**foreign, DIGEST: json.dumps(own, indent=2).encode()}


def test_a_domain_signature_passes_with_both_roots_and_names_the_roots_it_wants(
    foreign: Members, signer: DomainSigner, tmp_path: Path
) -> None:
    content = zipped(domain_signed(foreign, signer.sign(sha256(foreign[LISTING]))))
    report = judged(tmp_path / "x.wacz", content, trust=signer.trust(tmp_path / "both"))
    assert report.exit_code == 0, report.to_text()
    bare = judged(tmp_path / "x.wacz", content)
    assert bare.check("certificate").status == bare.check("timestamps").status == "not-checked"
    assert "CN=Test CA" in bare.check("certificate").detail
    assert "CN=Test Root" in bare.check("certificate").detail
    assert "tsa Root CA" in bare.check("timestamps").detail
    without_tsa = judged(tmp_path / "x.wacz", content, trust=signer.trust(tmp_path / "one", tsa=False))
    assert without_tsa.check("certificate").status == "passed"


def test_a_timestamp_root_does_not_vouch_for_domains(
    foreign: Members, signer: DomainSigner, tmp_path: Path
) -> None:
    content = zipped(domain_signed(foreign, signer.sign(sha256(foreign[LISTING]))))
    trust = signer.trust(tmp_path / "trust", domain=False)
    (trust / "root.pem").write_bytes(signer.root.public_bytes(Encoding.PEM))
    assert judged(tmp_path / "x.wacz", content, trust=trust).check("certificate").status == "not-checked"


@pytest.mark.parametrize(
    ("flaw", "check"),
    [
        ({"created": datetime.now(UTC) - timedelta(minutes=30)}, "timestamps"),
        ({"created": datetime.now(UTC) + timedelta(hours=1)}, "timestamps"),
        ({"days": -1}, "certificate"),
        ({"client": True}, "certificate"),
        ({"domain": "evil.example"}, "certificate"),
        ({"flawed_root": True}, "certificate"),
    ],
)
def test_a_flawed_domain_signature_fails_at_its_check(
    foreign: Members, signer: DomainSigner, tmp_path: Path, flaw: dict[str, Any], check: str
) -> None:
    fields = signer.sign(sha256(foreign[LISTING]), **flaw)
    content = zipped(domain_signed(foreign, fields))
    report = judged(tmp_path / "x.wacz", content, trust=signer.trust(tmp_path / "trust"))
    assert report.check("wacz-signature").status == "passed"
    assert [found.name for found in report.checks if found.status == "failed"] == [check], report.to_text()


def test_an_expired_certificate_without_a_verified_time_is_not_checked(
    foreign: Members, signer: DomainSigner, tmp_path: Path
) -> None:
    content = zipped(domain_signed(foreign, signer.sign(sha256(foreign[LISTING]), days=-1)))
    report = judged(tmp_path / "x.wacz", content, trust=signer.trust(tmp_path / "trust", tsa=False))
    assert report.check("certificate").status == "not-checked"
    assert "time of signing is not verified" in report.check("certificate").detail


def test_a_token_of_another_signature_is_refused(
    foreign: Members, signer: DomainSigner, tmp_path: Path
) -> None:
    label = sha256(foreign[LISTING])
    fields = signer.sign(label) | {"timeSignature": signer.sign(label)["timeSignature"]}
    report = judged(
        tmp_path / "x.wacz", zipped(domain_signed(foreign, fields)), trust=signer.trust(tmp_path / "trust")
    )
    assert "for other content" in failures(report)


# Hostile containers


def test_links_special_files_and_encryption_are_refused(foreign: Members, tmp_path: Path) -> None:
    for mode, flags in ((0o120777, 0), (0o020666, 0), (0o100644, 1)):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as package:
            for name, content in foreign.items():
                entry = zipfile.ZipInfo(name)
                entry.external_attr, entry.create_system = mode << 16, 3
                package.writestr(entry, content)
        content = out.getvalue()
        if flags:
            place = content.rindex(b"PK\x01\x02")
            content = content[: place + 8] + b"\x01" + content[place + 9 :]
        assert "members:" in failures(judged(tmp_path / "x.wacz", content)), oct(mode)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_twice_and_a_comment_are_refused(foreign: Members, tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        for name, content in (*foreign.items(), (PAGE_LIST, b"{}")):
            package.writestr(name, content)
    assert "the name occurs twice" in failures(judged(tmp_path / "x.wacz", out.getvalue()))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        package.comment = b"hidden"
        package.writestr("a", b"")
    assert "members:" in failures(judged(tmp_path / "x.wacz", out.getvalue()))


def test_local_headers_that_contradict_the_directory_are_refused(foreign: Members, tmp_path: Path) -> None:
    content = zipped(foreign)
    for position in (4, 6, 8, 10, 12, 14, 18, 22, 30):  # version, flags, method, time, date, CRC, sizes, name
        changed = content[:position] + bytes([content[position] ^ 4]) + content[position + 1 :]
        assert "members" in failures(judged(tmp_path / "x.wacz", changed)), position


def test_members_that_overlap_are_refused(foreign: Members, tmp_path: Path) -> None:
    stamp, name = zip_form.zip_time("2026-11-22T08:00:00Z"), "a"
    entry = zip_form.Entry(name, 10, zlib.crc32(b"0123456789"), 0)
    body = zip_form.local_header(entry, stamp) + b"0123456789"
    lines = b"".join(zip_form.central_header(entry, stamp).replace(b"a", letter) for letter in (b"a", b"b"))
    content = body + lines + zip_form.end_records(2, len(body), len(lines))
    assert "they overlap" in failures(judged(tmp_path / "x.wacz", content))


@pytest.mark.parametrize("where", [LISTING, WARC, INDEX, PAGE_LIST])
def test_a_zip_bomb_is_refused_in_bounds(foreign: Members, tmp_path: Path, where: str) -> None:
    """4 GiB of zeros deflate to 4 MiB; here less, so that the test is quick: the limit is what is tested."""
    bomb = tmp_path / "x.wacz"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in foreign.items():
            if name != where:
                package.writestr(name, content)
        with package.open(where, "w", force_zip64=True) as stream:
            for _ in range(330):
                stream.write(bytes(1 << 20))
    assert bomb.stat().st_size < 1 << 20
    began = time.monotonic()
    tracemalloc.start()
    report = verify_wacz(bomb, trust=None)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "claim to inflate to more than" in failures(report)
    assert peak < 64 << 20
    assert time.monotonic() - began < 20


def test_a_gzip_bomb_inside_a_record_is_refused_in_bounds(foreign: Members, tmp_path: Path) -> None:
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    head = warc(b"").replace(b"Content-Length: 0", b"Content-Length: 10737418240").removesuffix(b"\r\n\r\n")
    pieces = [squeeze.compress(head)] + [squeeze.compress(bytes(1 << 20)) for _ in range(320)]
    content = b"".join([*pieces, squeeze.flush()])
    report = judged(tmp_path / "x.wacz", zipped(relist({**foreign, "archive/a.warc.gz": content})))
    assert "inflates to more than" in failures(report)


def test_a_stored_member_of_claimed_gigabytes_is_refused(foreign: Members, tmp_path: Path) -> None:
    content = zipped(foreign)
    place = content.index(b"PK\x01\x02")
    huge = struct.pack("<II", 0xFFFFFFFE, 0xFFFFFFFE)
    report = judged(tmp_path / "x.wacz", content[: place + 20] + huge + content[place + 28 :])
    assert report.check("members").status == "failed"


def test_members_and_offsets_beyond_four_gigabytes_are_read(tmp_path: Path) -> None:
    """Zip64, in a sparse file: nothing of that size is written or read."""
    path, size = tmp_path / "big.zip", 5 << 30
    stamp = zip_form.zip_time("2026-11-22T08:00:00Z")
    first = zip_form.Entry("a", size, 0, 0)
    header = zip_form.local_header(first, stamp)
    second = zip_form.Entry("b", 1, zlib.crc32(b"x"), len(header) + size)
    lines = zip_form.central_header(first, stamp) + zip_form.central_header(second, stamp)
    tail = zip_form.local_header(second, stamp) + b"x"
    start = second.offset + len(tail)
    with path.open("wb") as stream:
        stream.write(header)
        stream.seek(second.offset)
        stream.write(tail + lines + zip_form.end_records(2, start, len(lines)))
    with zipfile.ZipFile(path) as package:
        assert package.getinfo("a").file_size == size
        assert package.read("b") == b"x"
    with open_package(path) as ours:
        assert [(m.size, m.offset) for m in ours.members] == [(size, 0), (1, second.offset)]
        assert ours.read("b", 10) == b"x"


def test_what_is_no_zip_file_is_refused(tmp_path: Path) -> None:
    for content in (b"", b"PK\x05\x06", b"x" * 100, b"PK\x05\x06" + bytes(17), b"\0" * 22):
        report = judged(tmp_path / "x.wacz", content)
        assert statuses(report)["members"] == "failed"
    assert judged(tmp_path / "x.wacz", b"PK\x05\x06" + bytes(18)).status == "failed"  # an empty zip file


def test_a_trust_folder_that_cannot_be_read_is_told(ours: Path, tmp_path: Path) -> None:
    (tmp_path / "domain").mkdir()
    (tmp_path / "domain/x.pem").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    with pytest.raises(FormatError, match="unreadable certificate"):
        verify_wacz(ours, trust=tmp_path)


def test_progress_reaches_no_further_than_its_total(ours: Path) -> None:
    seen: list[tuple[int, int]] = []
    verify_wacz(ours, trust=None, progress=lambda done, total: seen.append((done, total)))
    assert seen == sorted(seen)
    assert 0 < seen[-1][0] <= seen[-1][1]
