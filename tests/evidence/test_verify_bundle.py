"""Verification of a bundle that a stranger hands over: tampering is caught and named, hostility never crashes."""

import hashlib
import json
import os
import random
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from crawler.demo.tsa import DemoAuthority
from crawler.errors import FormatError
from crawler.evidence.archive import Archive
from crawler.evidence.bundle import MANIFEST, TAG_MANIFEST, WACZ
from crawler.evidence.checks.leaves import read_leaf
from crawler.evidence.manifest import canonical
from crawler.evidence.report import Report
from crawler.evidence.verify import verify, verify_bundle
from crawler.export.bag import write_bag
from crawler.export.bundle import export_bundle
from crawler.export.payload import measure
from tests.export.sample import CASE, Sample, exhibits, make_authorities, make_sample

FLIPS = 50
CHECKS = [
    "bag", "bundle-signature", "signature", "keys", "consistency", "timestamps",
    "validity", "manifests", "inclusion", "wacz", "coverage", "records", "index",
    "sealed", "bracket", "hash-list", "documents", "anchor",
]  # fmt: skip


@pytest.fixture(scope="module")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> tuple[DemoAuthority, DemoAuthority]:
    return make_authorities(tmp_path_factory.mktemp("tsa"))


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory, authorities: tuple[DemoAuthority, ...]) -> Sample:
    return make_sample(tmp_path_factory.mktemp("sample") / "archive", authorities)


@pytest.fixture(scope="module")
def original(sample: Sample) -> Path:
    with Archive.open(sample.path) as archive:
        return export_bundle(archive, CASE, exhibits(sample), sample.path.parent / "bundle").path


@pytest.fixture
def bundle(original: Path, tmp_path: Path) -> Path:
    shutil.copytree(original, tmp_path / "bundle")
    return tmp_path / "bundle"


@pytest.fixture
def small(authorities: tuple[DemoAuthority, DemoAuthority], tmp_path: Path) -> Path:
    """One authority only: verified a hundred times below, and tokens are what costs time."""
    sample = make_sample(tmp_path / "archive", authorities[:1])
    with Archive.open(sample.path) as archive:
        return export_bundle(archive, CASE, exhibits(sample), tmp_path / "bundle").path


@pytest.fixture(scope="module")
def anchors(tmp_path_factory: pytest.TempPathFactory, sample: Sample) -> Path:
    """What a verifier has from elsewhere: the roots, under names of their own, and the log's key."""
    folder = tmp_path_factory.mktemp("anchors")
    for tsa in sample.authorities:
        (folder / f"my-{tsa.name}-root.pem").write_bytes(tsa.trust_pem)
    shutil.copy(sample.path / "trust/log.vkey", folder / "log.vkey")
    return folder


def failed(report: Report) -> str:
    assert report.exit_code == 1, report.to_text()
    return "\n".join(
        problem for check in report.checks if check.status == "failed" for problem in check.problems
    )


def names_of(report: Report, status: str) -> list[str]:
    return [check.name for check in report.checks if check.status == status]


def rebag(bundle: Path) -> None:
    """What a forger does last: make the bag's manifests fit again."""
    write_bag(bundle, [], measure(bundle))


def rezip(bundle: Path, change: Callable[[dict[str, bytes]], object], *, relist: bool = True) -> None:
    """Rewrite the WACZ with changed members and, unless told otherwise, a listing that fits."""
    with zipfile.ZipFile(bundle / WACZ) as package:
        members = {name: package.read(name) for name in package.namelist()}
    change(members)
    if relist:
        listing = json.loads(members["datapackage.json"])
        for entry in listing["resources"]:
            content = members.get(entry["path"], b"")
            entry |= {"hash": f"sha256:{hashlib.sha256(content).hexdigest()}", "bytes": len(content)}
        members["datapackage.json"] = json.dumps(listing).encode()
        own = {
            "path": "datapackage.json",
            "hash": f"sha256:{hashlib.sha256(members['datapackage.json']).hexdigest()}",
        }
        members["datapackage-digest.json"] = json.dumps(own).encode()
    with zipfile.ZipFile(bundle / WACZ, "w") as package:
        for name, content in members.items():
            package.writestr(name, content)
    rebag(bundle)


def test_a_whole_bundle_agrees_with_itself_but_has_no_independent_anchor(original: Path) -> None:
    report = verify_bundle(original)
    assert report.exit_code == 3, report.to_text()
    assert [check.name for check in report.checks] == CHECKS
    assert names_of(report, "not-checked") == ["anchor"]
    detail = report.check("anchor").detail
    assert hashlib.sha256((original / "data/log/log.pem").read_bytes()).hexdigest() in detail
    assert "root tsa-a (SHA-256 " in detail
    assert "root tsa-b (SHA-256 " in detail


def test_with_the_verifiers_own_anchors_every_check_passes(original: Path, anchors: Path) -> None:
    report = verify(original, trust=anchors)
    assert report.exit_code == 0, report.to_text()
    assert report.kind == "bundle"


def test_one_anchor_is_not_enough(original: Path, anchors: Path, tmp_path: Path) -> None:
    key = (anchors / "log.vkey").read_text()
    detail = verify_bundle(original, vkey=key).check("anchor").detail
    assert "root tsa-a" in detail
    assert "log key" not in detail
    for path in anchors.glob("*.pem"):
        shutil.copy(path, tmp_path)
    detail = verify_bundle(original, trust=tmp_path).check("anchor").detail
    assert "root" not in detail
    assert "log key" in detail


def test_another_key_or_another_root_is_refused(
    original: Path, anchors: Path, tmp_path: Path, authorities: tuple[DemoAuthority, DemoAuthority]
) -> None:
    other = make_sample(tmp_path / "other", ())
    report = verify_bundle(original, vkey=(other.path / "trust/log.vkey").read_text())
    assert "is none of this log's" in failed(report)
    stranger = make_authorities(tmp_path / "strangers")[0]
    shutil.copytree(anchors, tmp_path / "anchors")
    (tmp_path / "anchors/my-tsa-a-root.pem").write_bytes(stranger.trust_pem)
    problems = failed(verify_bundle(original, trust=tmp_path / "anchors"))
    assert "tsa-a.tsr" in problems
    assert "tsa-b.tsr" not in problems


def test_a_key_that_is_no_key_is_named(original: Path) -> None:
    assert "the key you gave cannot be read" in failed(verify_bundle(original, vkey="nonsense"))


def test_a_flipped_bit_anywhere_is_caught_and_its_file_and_record_named(small: Path) -> None:
    dice = random.Random(11)
    files = sorted(path for path in small.rglob("*") if path.is_file())
    places = _record_places(small)
    for path in [*files, *[small / WACZ] * FLIPS]:
        position, bit = dice.randrange(path.stat().st_size), dice.randrange(8)
        name = path.relative_to(small).as_posix()
        content = path.read_bytes()
        path.write_bytes(content[:position] + bytes([content[position] ^ 1 << bit]) + content[position + 1 :])
        problems = failed(verify_bundle(small))
        path.write_bytes(content)
        where = f"{name}, byte {position}, bit {bit}: {problems}"
        assert name in problems, where
        for start, stop, record in places:
            if name == WACZ and start <= position < stop:
                assert record in problems, where


def test_every_missing_and_every_added_file_is_caught(small: Path) -> None:
    for path in sorted(path for path in small.rglob("*") if path.is_file()):
        name = path.relative_to(small).as_posix()
        content = path.read_bytes()
        path.unlink()
        assert name in failed(verify_bundle(small)), name
        path.write_bytes(content)
    for name in ("notes.txt", "data/notes.txt", "data/log/leaves/99.json", "fetch.txt", "data/证据.txt"):
        (small / name).write_bytes(b"x")
        assert repr(name).strip("'") in failed(verify_bundle(small)), name
        (small / name).unlink()
    assert verify_bundle(small).exit_code == 3


@pytest.mark.parametrize(
    "name", [WACZ, MANIFEST, TAG_MANIFEST, "data/hash-list.csv", "data/log/leaves/2.json"]
)
def test_a_truncated_file_is_caught(bundle: Path, name: str) -> None:
    for keep in (0, 0.5):
        content = (bundle / name).read_bytes()
        (bundle / name).write_bytes(content[: int(len(content) * keep)])
        assert name in failed(verify_bundle(bundle))
        (bundle / name).write_bytes(content)


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        (
            MANIFEST,
            lambda text: "".join(reversed(text.splitlines(True))),
            f"{MANIFEST}: lines are not in order",
        ),
        (MANIFEST, lambda text: text + text.splitlines(True)[-1], "names a file twice"),
        (MANIFEST, lambda text: text.rstrip("\n"), f"{MANIFEST} does not end with a whole line"),
        (MANIFEST, lambda text: text.replace("  data/log/", "  ./data/log/"), "is listed in"),
        (
            "bag-info.txt",
            lambda text: text.replace("Payload-Oxum: ", "Payload-Oxum: 1"),
            "does not say Payload-Oxum",
        ),
        ("bag-info.txt", lambda text: text + text, "does not say Payload-Oxum"),
        ("bagit.txt", lambda text: text.replace("1.0", "0.97"), "is not that of a BagIt 1.0 bag"),
    ],
)
def test_tag_files_are_read_strictly_even_when_their_digests_fit(
    bundle: Path, name: str, change: Callable[[str], str], said: str
) -> None:
    (bundle / name).write_text(change((bundle / name).read_text("utf-8")), "utf-8")
    tags = [f"{hashlib.sha256((bundle / tag).read_bytes()).hexdigest()}  {tag}\n"
            for tag in ("bag-info.txt", "bagit.txt", MANIFEST)]  # fmt: skip
    (bundle / TAG_MANIFEST).write_text("".join(tags), "ascii")
    assert said in failed(verify_bundle(bundle))


def test_links_are_refused(bundle: Path) -> None:
    leaf = bundle / "data/log/leaves/2.json"
    kept = bundle.parent / "kept.json"
    leaf.rename(kept)
    leaf.symlink_to(kept)
    assert "data/log/leaves/2.json is not a regular file" in failed(verify_bundle(bundle))
    shutil.rmtree(bundle / "data/stamps")
    (bundle / "data/stamps").symlink_to("/etc")
    assert "data/stamps is not a regular file" in failed(verify_bundle(bundle))


def test_pipes_are_refused_and_not_waited_for(bundle: Path) -> None:
    for name in ("data/log/checkpoint", "data/log/log.vkey", "bagit.txt", MANIFEST, "data/hash-list.csv"):
        (bundle / name).unlink()
        os.mkfifo(bundle / name)
    assert "data/log/checkpoint is not a regular file" in failed(verify_bundle(bundle))


# ---- a forger who makes all manifests fit again is stopped by what the log signed


def test_a_changed_record_in_a_consistent_package_is_named(bundle: Path) -> None:
    def change(members: dict[str, bytes]) -> None:
        content = bytearray(members["archive/00001.warc.gz"])
        content[_records(bundle)[1][0] + 4] ^= 1  # the time in the gzip head: no other digest sees it
        members["archive/00001.warc.gz"] = bytes(content)

    rezip(bundle, change)
    report = verify_bundle(bundle)
    assert names_of(report, "failed") == ["bundle-signature", "wacz", "records", "hash-list"]
    offset, _, record = _records(bundle)[1]
    assert f"archive/00001.warc.gz:{offset}: record {record} of leaf 2, capture forum" in failed(report)


def test_an_absurd_length_is_refused_before_it_is_allocated(bundle: Path) -> None:
    leaf = bundle / "data/log/leaves/2.json"
    content = json.loads(leaf.read_bytes())
    content["records"][0]["locator"]["length"] = 2**53 - 1
    leaf.write_bytes(canonical(content))
    rebag(bundle)
    assert {"inclusion", "records"} <= set(names_of(verify_bundle(bundle), "failed"))


def test_dropped_added_and_swapped_records_are_caught(bundle: Path, original: Path) -> None:
    (a, b, _), (c, d, _) = _records(bundle)[1:3]

    def drop(content: bytes) -> bytes:
        return content[:a] + content[b:]

    def add(content: bytes) -> bytes:
        return content + content[a:b]

    def swap(content: bytes) -> bytes:
        return content[:a] + content[c:d] + content[a:b] + content[d:]

    for change, check in ((drop, "records"), (add, "coverage"), (swap, "records")):
        shutil.copy(original / WACZ, bundle / WACZ)
        rezip(bundle, lambda members, change=change: members.update(
            {"archive/00001.warc.gz": change(members["archive/00001.warc.gz"])}
        ))  # fmt: skip
        assert check in names_of(verify_bundle(bundle), "failed")


def test_a_second_warc_file_is_caught_even_if_listed(bundle: Path) -> None:
    def change(members: dict[str, bytes]) -> None:
        listing = json.loads(members["datapackage.json"])
        listing["resources"].append({"name": "b", "path": "archive/b.warc.gz", "hash": "", "bytes": 0})
        members |= {"archive/b.warc.gz": b"x", "datapackage.json": json.dumps(listing).encode()}

    rezip(bundle, change)
    report = verify_bundle(bundle)
    assert names_of(report, "failed") == ["bundle-signature", "wacz", "coverage", "hash-list"]
    assert "archive/b.warc.gz: no leaf of the bundle names a record in it" in failed(report)


@pytest.mark.parametrize(
    ("member", "change", "said"),
    [
        (
            "indexes/index.cdx",
            lambda text: text.replace(b'"offset": ', b'"offset": 1'),
            "where no such record is",
        ),
        (
            "indexes/index.cdx",
            lambda text: text.replace(b"sha256:", b"sha256:0"),
            "recordDigest, digest of record",
        ),
        ("indexes/index.cdx", lambda text: text.replace(b"page=1", b"page=2"), "url of record"),
        ("indexes/index.cdx", lambda text: text.replace(b" 20", b" 19"), "time of record"),
        ("indexes/index.cdx", lambda text: b"".join(reversed(text.splitlines(True))), "out of order"),
        ("indexes/index.cdx", lambda text: text + text, "names it twice"),
        ("indexes/index.cdx", lambda text: b"".join(text.splitlines(True)[1:]), "does not name response"),
        ("indexes/index.cdx", lambda _text: b"x" * (2 << 20), "a line is not whole"),
        ("indexes/index.cdx", lambda _text: b"com)/ 1 {" + b"[" * 5000 + b"\n", "is not JSON"),
        ("pages/pages.jsonl", lambda text: text.replace(b"forum", b"other"), "is no page of this bundle"),
        ("pages/pages.jsonl", lambda text: b"".join(text.splitlines(True)[1:]), "format line"),
        ("pages/pages.jsonl", lambda _text: b"[]\n", "not a JSON object"),
    ],
)
def test_an_index_that_lies_is_named(
    bundle: Path, member: str, change: Callable[[bytes], bytes], said: str
) -> None:
    rezip(bundle, lambda members: members.update({member: change(members[member])}))
    report = verify_bundle(bundle)
    assert "index" in names_of(report, "failed")
    assert said in "\n".join(report.check("index").problems)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda m: m.update({"notes.txt": b"x"}), "notes.txt is in the WACZ but not listed"),
        (lambda m: m.update({"../evil": b"x"}), "a name that does not belong"),
        (lambda m: m.update({"/etc/evil": b"x"}), "a name that does not belong"),
        (lambda m: m.pop("pages/pages.jsonl"), "pages/pages.jsonl is listed"),
        (lambda m: m.pop("datapackage-digest.json"), "datapackage-digest.json cannot be read"),
        (lambda m: m.update({"datapackage.json": b"[]"}), "not a JSON object"),
        (lambda m: m.update({"datapackage.json": b"{}"}), "not a data package"),
        (lambda m: m.update({"datapackage.json": b'{"profile": "data-package"}'}), "wacz_version"),
        (
            lambda m: m.update({"datapackage.json": _listed_twice(m["datapackage.json"])}),
            "pages/pages.jsonl is listed more than once",
        ),
        (lambda m: m.update({"pages/pages.jsonl": b"x"}), "is not what datapackage.json says"),
        (lambda m: m.update({"datapackage-digest.json": b'{"path": "x"}'}), "does not hold exactly"),
        (
            lambda m: m.update({"datapackage.json": m["datapackage.json"].replace(b'"bytes"', b'"size"')}),
            "a resource has missing, unknown or ill-typed fields",
        ),
    ],
)
def test_a_package_and_its_listing_must_agree(
    bundle: Path, change: Callable[[dict[str, bytes]], object], said: str
) -> None:
    rezip(bundle, change, relist=False)
    assert said in "\n".join(verify_bundle(bundle).check("wacz").problems)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_occurs_twice_in_the_zip_is_caught(bundle: Path) -> None:
    with zipfile.ZipFile(bundle / WACZ, "a") as package:
        package.writestr("pages/pages.jsonl", b"{}")
    rebag(bundle)
    assert "pages/pages.jsonl: the name occurs twice" in failed(verify_bundle(bundle))


def test_a_deflated_warc_and_a_bomb_are_refused(bundle: Path) -> None:
    with zipfile.ZipFile(bundle / WACZ) as package:
        members = {name: package.read(name) for name in package.namelist()}
    members["indexes/index.cdx"] = b"\0" * (80 << 20)
    with zipfile.ZipFile(bundle / WACZ, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in members.items():
            package.writestr(name, content)
    rebag(bundle)
    problems = failed(verify_bundle(bundle))
    assert "archive/00001.warc.gz is compressed" in problems
    assert "indexes/index.cdx: a line is not whole" in problems


def test_a_changed_leaf_is_not_in_the_log(bundle: Path) -> None:
    leaf = bundle / "data/log/leaves/2.json"
    content = json.loads(leaf.read_bytes())
    content["url"] = "http://other.example/"
    leaf.write_bytes(canonical(content))
    rebag(bundle)
    report = verify_bundle(bundle)
    assert "data/log/proofs/2.tlog-proof, leaf of capture forum" in failed(report)
    assert {"inclusion", "records"} <= set(names_of(report, "failed"))


def test_a_proof_of_another_leaf_is_refused(bundle: Path) -> None:
    proofs = bundle / "data/log/proofs"
    shutil.copy(proofs / "3.tlog-proof", proofs / "2.tlog-proof")
    rebag(bundle)
    assert "is for leaf 3, not 2" in failed(verify_bundle(bundle))


def test_tokens_of_two_authorities_cannot_be_exchanged(bundle: Path) -> None:
    folder = bundle / "data/stamps/9"
    for suffix in ("tsq", "tsr", "chain.pem"):
        a, b = folder / f"tsa-a.{suffix}", folder / f"tsa-b.{suffix}"
        kept = a.read_bytes()
        a.write_bytes(b.read_bytes())
        b.write_bytes(kept)
    rebag(bundle)
    assert {"timestamps", "sealed"} & set(names_of(verify_bundle(bundle), "failed"))
    assert "stamps/9/tsa-a.tsr" in failed(verify_bundle(bundle))


def test_a_token_of_another_checkpoint_is_refused(bundle: Path) -> None:
    for suffix in ("tsq", "tsr", "chain.pem"):
        shutil.copy(bundle / f"data/stamps/6/tsa-a.{suffix}", bundle / f"data/stamps/9/tsa-a.{suffix}")
    rebag(bundle)
    assert "stamps/9/tsa-a.tsr: the token is for other content" in failed(verify_bundle(bundle))


def test_without_tokens_a_bundle_is_never_called_sealed(bundle: Path) -> None:
    shutil.rmtree(bundle / "data/stamps")
    shutil.rmtree(bundle / "data/trust")
    rebag(bundle)
    report = verify_bundle(bundle)
    assert {"timestamps", "validity", "sealed", "bracket", "anchor"} == set(names_of(report, "not-checked"))
    assert "commits to timestamp tokens of checkpoint 1 that are not there" in failed(report)


def test_the_files_for_openssl_must_be_parts_of_the_note(bundle: Path) -> None:
    for name in ("log.pem", "checkpoints/9.txt", "checkpoints/9.sig", "checkpoint"):
        path = bundle / "data/log" / name
        content = path.read_bytes()
        path.write_bytes(content + b"\n")
        rebag(bundle)
        assert "signature" in names_of(verify_bundle(bundle), "failed"), name
        path.write_bytes(content)


def test_a_hash_list_that_lies_is_named(bundle: Path) -> None:
    path = bundle / "data/hash-list.csv"
    rows = path.read_text("utf-8").splitlines(keepends=True)
    path.write_text("".join([rows[0], rows[1].replace("a", "b").replace("1", "2"), *rows[2:-1]]), "utf-8")
    rebag(bundle)
    problems = "\n".join(verify_bundle(bundle).check("hash-list").problems)
    assert "row 1" in problems
    assert f"does not list the record {WACZ}!archive/00001.warc.gz:" in problems


@pytest.mark.parametrize(
    "spoil",
    [
        lambda b: shutil.rmtree(b / "data"),
        lambda b: shutil.rmtree(b / "data/log"),
        lambda b: (b / WACZ).write_bytes(b"PK\x05\x06" + b"\0" * 18),
        lambda b: (b / WACZ).write_bytes(random.Random(3).randbytes(5000)),
        lambda b: (b / MANIFEST).write_bytes(b"\xff\0" * 50),
        lambda b: (b / "data/hash-list.csv").write_bytes(b'"\xff'),
        lambda b: (b / "data/log/leaves/2.json").write_bytes(b"[" * 60_000),
        lambda b: (b / "data/log/leaves/2.json").write_bytes(b"1" * 60_000),
        lambda b: (b / "data/log/log.vkey").write_bytes(b"\xff"),
        lambda b: (b / "data/log/checkpoints/9").write_bytes(b"\n\n\n"),
        lambda b: (b / "data/log/proofs/2.tlog-proof").write_bytes(b"c2sp.org/tlog-proof@v1\nindex -1\n\n\n"),
        lambda b: (b / "data/stamps/x/y").mkdir(parents=True),
        lambda b: (b / "data/stamps/9/tsa-a.tsr").write_bytes(b"0\x82"),
        lambda b: (b / "data/trust/tsa-a.pem").write_bytes(b"-----BEGIN CERTIFICATE-----\nMAA=\n"),
        lambda b: (b / "data/stamps/9/tsa-a.chain.pem").write_bytes(
            b"-----BEGIN CERTIFICATE-----\nMAMCAQA=\n-----END CERTIFICATE-----\n"
        ),
        lambda b: (b / "data/catalogue.docx").write_bytes(b"x"),
    ],
)
def test_a_ruin_is_reported_and_never_a_crash(bundle: Path, spoil: Callable[[Path], object]) -> None:
    spoil(bundle)
    assert failed(verify_bundle(bundle))
    if (bundle / "data").is_dir() and (bundle / MANIFEST).read_bytes().isascii():
        rebag(bundle)
        assert failed(verify_bundle(bundle))


# ---- leaves of a hostile log: every field is of the type it claims


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", 5),
        ("url", None),
        ("status", "200"),
        ("status", True),
        ("state", "fine"),
        ("records", "x"),
        ("records", [1]),
        ("records", [{"type": "response"}]),
        ("network", []),
        ("read_with", "x"),
        ("after", {"size": "1", "checkpoint": "sha256:" + "0" * 64, "tokens": []}),
        ("after", {"size": 1, "checkpoint": "sha256:", "tokens": []}),
        ("after", {"size": 1, "checkpoint": "sha256:" + "0" * 64, "tokens": [5]}),
        ("after", 7),
        ("unknown", 1),
    ],
)
def test_an_ill_typed_leaf_is_refused(original: Path, field: str, value: object) -> None:
    content = json.loads((original / "data/log/leaves/2.json").read_bytes())
    read_leaf(canonical(content))
    content[field] = value
    with pytest.raises(FormatError):
        read_leaf(canonical(content))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("locator", {"file": "../../etc/passwd", "offset": 0, "length": 5}),
        ("locator", {"file": "warc/00001.warc.gz", "offset": -1, "length": 5}),
        ("locator", {"file": "warc/00001.warc.gz", "offset": 0, "length": 0}),
        ("locator", {"file": "warc/00001.warc.gz", "offset": "0", "length": 5}),
        ("sha256", "sm3:" + "0" * 64),
        ("sm3", None),
        ("block_digest", "sha256:0"),
        ("payload_digest", 5),
        ("payload_length", "5"),
    ],
)
def test_an_ill_typed_record_is_refused_in_a_capture_and_in_an_event(
    original: Path, field: str, value: object
) -> None:
    capture = json.loads((original / "data/log/leaves/2.json").read_bytes())
    opened = json.loads((original / "data/log/leaves/1.json").read_bytes())
    for content, record in ((capture, capture["records"][0]), (opened, opened["details"]["record"])):
        read_leaf(canonical(content))
        record[field] = value
        with pytest.raises(FormatError):
            read_leaf(canonical(content))


@pytest.mark.parametrize(
    "change", [{"act": 5}, {"details": []}, {"extra": 1}, {"details": {"record": 1}}, {"by": None}]
)
def test_an_ill_typed_event_is_refused(original: Path, change: dict[str, object]) -> None:
    content = json.loads((original / "data/log/leaves/1.json").read_bytes()) | change
    with pytest.raises(FormatError):
        read_leaf(canonical(content))


def _listed_twice(content: bytes) -> bytes:
    listing = json.loads(content)
    listing["resources"].append(listing["resources"][-1])
    return json.dumps(listing).encode()


def _records(bundle: Path) -> list[tuple[int, int, str]]:
    """(start, stop, record id) of every record in the WACZ's one WARC file."""
    records = []
    for path in (bundle / "data/log/leaves").iterdir():
        content = json.loads(path.read_bytes())
        records += content.get("records") or [r for r in [content["details"].get("record")] if r]
    places = [(r["locator"]["offset"], r["locator"]["length"], r["id"]) for r in records]
    return [(offset, offset + length, record) for offset, length, record in sorted(places)]


def _record_places(bundle: Path) -> list[tuple[int, int, str]]:
    """The same, as places in the zip file."""
    with zipfile.ZipFile(bundle / WACZ) as package:
        entry = package.getinfo("archive/00001.warc.gz")
    start = entry.header_offset + 30 + len(entry.filename)
    assert re.match(rb"\x1f\x8b", (bundle / WACZ).read_bytes()[start:])
    return [(start + first, start + last, record) for first, last, record in _records(bundle)]
