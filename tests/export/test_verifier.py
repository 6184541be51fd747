"""The HTML verifier in real Chromium, opened from file:// as by a double click; judged beside the Python verifier."""

import base64
import hashlib
import json
import random
import shutil
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import load_pem_x509_certificate
from playwright.sync_api import Page, sync_playwright

from crawler import clock
from crawler.evidence.archive import Archive
from crawler.evidence.bundle import MANIFEST, SIGNATURE, TAG_MANIFEST, VERIFIER_PAGE, WACZ
from crawler.evidence.bundle_signature import sign_bundle
from crawler.evidence.checkpoint import Checkpoint, sign
from crawler.evidence.cosignature import cosign, note_text, witness_vkey
from crawler.evidence.key_change import rotate_key
from crawler.evidence.manifest import canonical
from crawler.evidence.proof import consistency_path, inclusion_path, leaf_digest, root
from crawler.evidence.signing_key import LOG_KEY, load_key, make_key
from crawler.evidence.timestamp import make_request, split_trust
from crawler.evidence.verify import verify_bundle
from crawler.export.bag import write_bag
from crawler.export.bundle import export_bundle
from crawler.export.payload import measure
from crawler.export.verifier.assemble import verifier_page
from tests.export.sample import CASE, DRAFTS, Sample, exhibits, make_authorities, make_sample, seal

pytestmark = pytest.mark.browser

SCHEMA = Path(__file__).parents[2] / "docs/verify-report.schema.json"
RETIRED_KEY = "retired.key"
PATIENCE = 60_000  # ms
# Without a root that the user brings this page judges no certificate path, and says so (docs/html-verifier.md).
NOT_JUDGED_HERE = {"timestamps", "validity", "sealed", "bracket"}


@dataclass(frozen=True)
class Shown:
    """What the page made of a bundle: its JSON report, or the trouble it told of."""

    report: dict[str, Any]
    trouble: str

    @property
    def statuses(self) -> dict[str, str]:
        return {check["name"]: check["status"] for check in self.report["checks"]}

    @property
    def failed(self) -> set[str]:
        return {name for name, status in self.statuses.items() if status == "failed"}

    def problems(self, name: str) -> str:
        return "\n".join(next(check["problems"] for check in self.report["checks"] if check["name"] == name))


class Verifier:
    """The page in a browser. Nothing but the page itself may ever be asked for."""

    def __init__(self, page: Page, html: Path) -> None:
        self.page = page
        self.errors: list[str] = []
        self.asked: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))
        page.goto(html.as_uri())
        page.wait_for_selector("html[data-state=idle]", timeout=PATIENCE)

    def verify(self, bundle: Path, *, roots: str = "", vkeys: str = "") -> Shown:
        self.page.bring_to_front()
        for name, value in (("roots", roots), ("vkeys", vkeys)):
            self.page.evaluate("([id, text]) => { document.getElementById(id).value = text; }", [name, value])
        self.page.set_input_files("#zip" if bundle.suffix == ".zip" else "#folder", bundle)
        return self.shown()

    def shown(self) -> Shown:
        self.page.wait_for_selector("html[data-state=done], html[data-state=trouble]", timeout=PATIENCE)
        assert self.errors == []
        if self.page.get_attribute("html", "data-state") == "trouble":
            return Shown({}, self.page.inner_text("#trouble"))
        return Shown(json.loads(self.page.text_content("#report") or ""), "")

    def run(self, script: str, argument: object = None) -> Any:
        return self.page.evaluate(script, argument)


@pytest.fixture(scope="module")
def pages(chromium: str) -> Iterator[Callable[[], Page]]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        yield context.new_page
        browser.close()


@pytest.fixture(scope="module")
def verifier(pages: Callable[[], Page], tmp_path_factory: pytest.TempPathFactory) -> Verifier:
    html = tmp_path_factory.mktemp("page") / "verifier.html"
    html.write_bytes(verifier_page())
    return Verifier(pages(), html)


@pytest.fixture(scope="module")
def rich(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """One authority, a rotated key, and a witness over the newest checkpoint."""
    folder = tmp_path_factory.mktemp("rich")
    sample = make_sample(folder / "archive", make_authorities(folder)[:1])
    shutil.copy(sample.path / LOG_KEY, folder / RETIRED_KEY)
    with Archive.open(sample.path, writable=True) as archive:
        rotate_key(archive, archive.record_event)
        archive.commit([DRAFTS["redirect"]("after")])
        seal(archive, sample.authorities)
        _cosign(archive)
    return replace(sample, captures=sample.captures | {"after": f"{'after':x<32}"})


def _cosign(archive: Archive) -> None:
    key, size = make_key(), archive.log.size
    note = archive.log.checkpoint_at(size)[1]
    folder = archive.path / "log/cosignatures" / str(size)
    folder.mkdir(parents=True)
    (folder / "national").write_text(
        cosign(note_text(note), "witness.example", key, 1_800_000_000).text(), "utf-8"
    )
    (archive.path / "trust/witness-national.vkey").write_text(
        witness_vkey("witness.example", key.public_key()) + "\n", "ascii"
    )


@pytest.fixture(scope="module")
def whole(rich: Sample) -> Path:
    first, *others = exhibits(rich)
    wider = replace(first, captures=(*first.captures, rich.captures["after"]))
    with Archive.open(rich.path) as archive:
        return export_bundle(archive, CASE, (wider, *others), rich.path.parent / "bundle").path


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    shutil.copytree(whole, tmp_path / "bundle")
    return tmp_path / "bundle"


# ---- a good bundle


def test_it_opens_from_the_bundle_and_agrees_with_the_python_verifier(
    pages: Callable[[], Page], whole: Path
) -> None:
    page = Verifier(pages(), whole / VERIFIER_PAGE)
    shown = page.verify(whole)
    report = verify_bundle(whole)
    assert report.exit_code == 3, report.to_text()
    assert shown.failed == set()
    assert [check["name"] for check in shown.report["checks"]] == [check.name for check in report.checks]
    assert {"keys", "witnesses", "consistency", "bundle-signature"} <= set(shown.statuses)
    for check in report.checks:
        wanted = "not-checked" if check.name in {*NOT_JUDGED_HERE, "witnesses"} else check.status
        assert shown.statuses[check.name] == wanted, (check.name, shown.report)
    assert page.asked == [(whole / VERIFIER_PAGE).as_uri()]


def test_the_report_has_the_same_form_and_the_same_titles(verifier: Verifier, whole: Path) -> None:
    shown, report = verifier.verify(whole), verify_bundle(whole)
    python = json.loads(report.to_json())
    for field in ("format", "kind", "result", "exit_code"):
        assert shown.report[field] == python[field]
    jsonschema.validate(shown.report, json.loads(SCHEMA.read_text("utf-8")))
    jsonschema.validate(
        verifier.verify(whole, roots=_root_fingerprint(whole / "data/trust/tsa-a.pem")).report,
        json.loads(SCHEMA.read_text("utf-8")),
    )
    rows = verifier.page.locator("#checks td.name").all_inner_texts()
    assert ["".join(row.split()) for row in rows] == [
        "".join(check.title.replace(" / ", "").split()) for check in report.checks
    ]
    logs = [key for key in shown.report["keys"] if key["role"] == "log"]
    assert [(key["key_id"], key["fingerprint"]) for key in logs] == [
        (key.key_id, key.fingerprint) for key in report.keys if key.role == "log"
    ]


def test_the_times_are_those_of_the_python_verifier(verifier: Verifier, whole: Path) -> None:
    claimed = verifier.verify(whole).report
    assert [(time["not_before"], time["not_after"]) for time in claimed["times"]] == [(None, None)] * 6
    shown = verifier.verify(whole, roots=_root_fingerprint(whole / "data/trust/tsa-a.pem")).report["times"]
    report = verify_bundle(whole)
    assert len(shown) == len(report.times) == len(claimed["claimed_times"]) == 6
    bounds = [(time["not_before"]["time"], time["not_after"]["time"]) for time in shown]
    assert [(t["not_before"]["time"], t["not_after"]["time"]) for t in claimed["claimed_times"]] == bounds
    for mine, theirs in zip(shown, report.times, strict=True):
        assert (mine["capture"], mine["entry"], mine["url"]) == (theirs.capture, theirs.entry, theirs.url)
        for name in ("not_before", "not_after"):
            bound = getattr(theirs, name)
            assert mine[name]["time"] == bound.time
            assert mine[name]["checkpoint"] == bound.checkpoint
            assert [(t["policy"], t["serial"]) for t in mine[name]["tokens"]] == [
                (t.policy, t.serial) for t in bound.tokens
            ]
    assert "北京时间" in verifier.page.inner_text("#times")


def test_with_the_users_own_anchors_everything_passes(verifier: Verifier, whole: Path, rich: Sample) -> None:
    roots = "\n".join(_root_fingerprint(whole / f"data/trust/{tsa.name}.pem") for tsa in rich.authorities)
    witness = (whole / "data/trust/witness-national.vkey").read_text()
    vkeys = (whole / "data/log/log.vkey").read_text()
    # whose key a witness has, the bundle cannot tell
    assert verifier.verify(whole, roots=roots, vkeys=vkeys).statuses["witnesses"] == "not-checked"
    shown = verifier.verify(whole, roots=roots, vkeys=vkeys + witness)
    assert set(shown.statuses.values()) == {"passed"}, shown.report
    assert verify_bundle(whole, trust=rich.path / "trust").exit_code == 0


def test_an_intermediate_ca_is_followed_and_a_strangers_root_is_not_taken(
    verifier: Verifier, bundle: Path, tmp_path: Path
) -> None:
    names = ("tsa-a", "tsa-b")  # the second has an intermediate
    roots = [_root_fingerprint(bundle / f"data/trust/{name}.pem") for name in names]
    assert verifier.verify(bundle, roots=", ".join(roots)).statuses["timestamps"] == "passed"
    stranger = tmp_path / "stranger.pem"
    stranger.write_bytes(make_authorities(tmp_path / "strangers")[0].trust_pem)
    shown = verifier.verify(bundle, roots=_root_fingerprint(stranger))
    assert {shown.statuses[name] for name in NOT_JUDGED_HERE} == {"not-checked"}
    one = verifier.verify(bundle, roots=roots[0]).statuses
    assert (one["timestamps"], one["sealed"], one["anchor"]) == ("not-checked", "passed", "not-checked")


def test_a_key_or_fingerprint_that_is_none_and_another_key_are_named(
    verifier: Verifier, whole: Path, bundle: Path
) -> None:
    assert "keys" in verifier.verify(whole, vkeys=(bundle / "data/log/log.vkey").read_text()).failed
    assert "signature" in verifier.verify(whole, vkeys="nonsense").failed
    assert "signature" in verifier.verify(whole, roots="12:34").failed


def _root_fingerprint(pem: Path) -> str:
    root = load_pem_x509_certificate(split_trust(pem.read_bytes())[0][0])
    return root.fingerprint(SHA256()).hex(":").upper()


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_zip_of_the_bundle_will_do(verifier: Verifier, whole: Path, tmp_path: Path, method: int) -> None:
    with zipfile.ZipFile(tmp_path / "sent.zip", "w", method) as package:
        for path in sorted(path for path in whole.rglob("*") if path.is_file()):
            package.write(path, f"case/{path.relative_to(whole).as_posix()}")
    assert verifier.verify(tmp_path / "sent.zip").statuses == verifier.verify(whole).statuses


def test_a_folder_can_be_dropped(verifier: Verifier, whole: Path) -> None:
    verifier.page.bring_to_front()
    session = verifier.page.context.new_cdp_session(verifier.page)
    drop = {"items": [], "files": [str(whole)], "dragOperationsMask": 1}
    verifier.run("() => { document.documentElement.dataset.state = 'idle'; }")
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, "x": 300, "y": 300, "data": drop})
    shown = verifier.shown()
    assert shown.trouble == ""
    assert shown.failed == set()


def test_the_wrong_folder_is_told(verifier: Verifier, whole: Path, tmp_path: Path) -> None:
    assert "bagit.txt" in verifier.verify(whole / "data").trouble
    for name in ("one", "two"):
        shutil.copytree(whole, tmp_path / "both" / name)
    assert "多个证据包" in verifier.verify(tmp_path / "both").trouble
    shutil.rmtree(tmp_path / "both/two")
    assert verifier.verify(tmp_path / "both").failed == set()


def test_the_report_can_be_saved(verifier: Verifier, whole: Path) -> None:
    shown = verifier.verify(whole)
    with verifier.page.expect_download() as download:
        verifier.page.click("#save")
    assert json.loads(download.value.path().read_bytes()) == shown.report


# ---- damage: the same checks fail as in the Python verifier


def _flip(name: str, at: int | Callable[[bytes], int]) -> Callable[[Path], None]:
    def damage(bundle: Path) -> None:
        content = bytearray((bundle / name).read_bytes())
        content[at(bytes(content)) if callable(at) else at] ^= 1
        (bundle / name).write_bytes(content)

    return damage


def _edit(name: str, change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    return lambda bundle: _rewrite(bundle / name, change)


def _rewrite(path: Path, change: Callable[[bytes], bytes]) -> None:
    content = path.read_bytes()
    path.write_bytes(change(content))
    assert path.read_bytes() != content


def _swap(first: str, second: str) -> Callable[[Path], None]:
    def damage(bundle: Path) -> None:
        a, b = (bundle / first).read_bytes(), (bundle / second).read_bytes()
        (bundle / first).write_bytes(b)
        (bundle / second).write_bytes(a)

    return damage


def _first_record(content: bytes) -> int:
    return content.index(b"\x1f\x8b") + 700


def _other_url(leaf: bytes) -> bytes:
    return canonical(json.loads(leaf) | {"url": "http://other.example/"})


def _in_catalogue(old: str, new: str) -> Callable[[Path], None]:
    return _edit("data/catalogue.csv", lambda text: text.replace(old.encode(), new.encode()))


def _edit_word(path: Path) -> None:
    with zipfile.ZipFile(path) as package:
        members = {name: package.read(name) for name in package.namelist()}
    with zipfile.ZipFile(path, "w") as package:
        for name, content in members.items():
            package.writestr(name, content.replace("采集 20".encode(), "采集 19".encode()))


def _twin_token(bundle: Path) -> None:
    for name in ("stamps/6/tsa-a.tsq", "stamps/6/tsa-a.tsr", "stamps/6/tsa-a.chain.pem", "trust/tsa-a.pem"):
        path = bundle / "data" / name
        shutil.copy(path, path.with_name(path.name.replace("tsa-a", "tsa-z")))


def _token_of_another_checkpoint(bundle: Path) -> None:
    for suffix in ("tsq", "tsr", "chain.pem"):
        shutil.copy(bundle / f"data/stamps/6/tsa-a.{suffix}", bundle / f"data/stamps/9/tsa-a.{suffix}")


def _other_nonce(bundle: Path) -> None:
    note = (bundle / "data/log/checkpoints/6").read_bytes()
    (bundle / "data/stamps/6/tsa-a.tsq").write_bytes(make_request(note).tsq)


def _without_tag_manifest(bundle: Path) -> None:
    _rewrite(bundle / "bag-info.txt", lambda text: text + b"Note: x\n")
    (bundle / TAG_MANIFEST).unlink()


RAW: dict[str, Callable[[Path], object]] = {
    "a byte of a WARC record": _flip(WACZ, _first_record),
    "a byte of a leaf": _flip("data/log/leaves/2.json", 30),
    "a byte of a proof": _flip("data/log/proofs/2.tlog-proof", 40),
    "a byte of a checkpoint": _flip("data/log/checkpoints/9", 50),
    "a byte of the bundle's signature": _flip(TAG_MANIFEST + SIGNATURE, 5),
    "a byte of the tag manifest": _flip(TAG_MANIFEST, 3),
    "a byte of the hash list": _flip("data/hash-list.csv", 200),
    "a byte of a token's signature": _flip("data/stamps/6/tsa-a.tsr", -5),
    "a leaf dropped": lambda b: (b / "data/log/leaves/3.json").unlink(),
    "the bundle's signature dropped": lambda b: (b / (TAG_MANIFEST + SIGNATURE)).unlink(),
    "a file added": lambda b: (b / "data/notes.txt").write_bytes(b"x"),
    "a file added outside": lambda b: (b / "notes.txt").write_bytes(b"x"),
    "the manifest reordered": _edit(MANIFEST, lambda text: b"".join(reversed(text.splitlines(True)))),
    "bag-info edited, tag manifest removed": _without_tag_manifest,
}
# After these the manifests are made to fit and signed again: only the inner checks are left to see it.
FORGED: dict[str, Callable[[Path], object]] = {
    "proofs of two leaves swapped": _swap("data/log/proofs/2.tlog-proof", "data/log/proofs/3.tlog-proof"),
    "two leaves swapped": _swap("data/log/leaves/2.json", "data/log/leaves/3.json"),
    "a token of another checkpoint": _token_of_another_checkpoint,
    "a token's signature": _flip("data/stamps/6/tsa-a.tsr", -5),
    "the query of another token": _swap("data/stamps/6/tsa-a.tsq", "data/stamps/9/tsa-a.tsq"),
    "a query with another nonce": _other_nonce,
    "another URL in a leaf": _edit("data/log/leaves/2.json", _other_url),
    "a leaf that is not canonical": _edit("data/log/leaves/2.json", lambda leaf: leaf.replace(b'","', b'", "', 1)),
    "a byte of a WARC record": _flip(WACZ, _first_record),
    "a byte of the zip directory": _flip(WACZ, lambda content: content.rindex(b"PK\x01\x02") + 12),
    "a byte behind the zip file": _edit(WACZ, lambda content: content + b"x"),
    "a consistency proof dropped": lambda b: (b / "data/log/consistency/6").unlink(),
    "a consistency proof for another pair": _swap("data/log/consistency/6", "data/log/consistency/9"),
    "the text beside a checkpoint": _edit("data/log/checkpoints/9.txt", lambda text: text + b"\n"),
    "the copy of the newest checkpoint": _edit("data/log/checkpoint", lambda text: text + b"\n"),
    "the event of the first key dropped": lambda b: [
        (b / f"data/log/{name}").unlink() for name in ("leaves/0.json", "proofs/0.tlog-proof")
    ],
    "the older key not listed": _edit("data/log/log.vkey", lambda text: text.splitlines(True)[1]),
    "a lying hash list": _edit("data/hash-list.csv", lambda text: text.replace(b"\n1,", b"\n2,")),
    "another time in the catalogue": _in_catalogue("采集 20", "采集 19"),
    "an entry of the catalogue that is nowhere": _in_catalogue("日志序号 2", "日志序号 777"),
    "another address in the catalogue": _in_catalogue("example/forum", "example/never"),
    "another time in the Word document": lambda b: _edit_word(b / "data/catalogue.docx"),
    "a token once more under another name": _twin_token,
    "no catalogue": _edit("data/catalogue.docx", lambda _: b"x"),
    "a cosignature": lambda b: _flip("data/log/cosignatures/11/national", 60)(b),
}  # fmt: skip


def _forge(bundle: Path, sample: Sample) -> None:
    write_bag(bundle, [], measure(bundle))
    signature = sign_bundle((bundle / TAG_MANIFEST).read_bytes(), load_key(sample.path / LOG_KEY))
    (bundle / (TAG_MANIFEST + SIGNATURE)).write_bytes(signature)


def _compare(verifier: Verifier, bundle: Path) -> None:
    shown, report = verifier.verify(bundle), verify_bundle(bundle)
    wanted = {check.name for check in report.checks if check.status == "failed"}
    assert wanted, report.to_text()
    assert shown.failed == wanted, (shown.report["checks"], report.to_text())
    assert shown.report["exit_code"] == 1


@pytest.mark.parametrize("name", RAW)
def test_damage_fails_the_same_checks(verifier: Verifier, copy: Path, name: str) -> None:
    RAW[name](copy)
    _compare(verifier, copy)


@pytest.mark.parametrize("name", FORGED)
def test_forgery_fails_the_same_checks(verifier: Verifier, copy: Path, rich: Sample, name: str) -> None:
    FORGED[name](copy)
    _forge(copy, rich)
    _compare(verifier, copy)


def test_a_checkpoint_signed_by_a_retired_key_fails_the_same_checks(
    verifier: Verifier, copy: Path, rich: Sample
) -> None:
    old = (copy / "data/log/checkpoints/11").read_bytes()
    text = note_text(old)
    origin, size, root_text = text.splitlines()
    retired = load_key(rich.path.parent / RETIRED_KEY)
    new = sign(Checkpoint(origin, int(size), base64.b64decode(root_text)), origin, retired)
    for path in (copy / "data/log").rglob("*"):
        if path.is_file() and old in path.read_bytes():
            path.write_bytes(path.read_bytes().replace(old, new))
    (copy / "data/log/checkpoints/11.sig").write_bytes(retired.sign(text.encode()))
    _forge(copy, rich)
    _compare(verifier, copy)
    assert verifier.verify(copy).failed >= {"keys"}


@pytest.mark.parametrize(("days", "named"), [(-30, True), (30, True), (-30, False)])
def test_what_the_owner_dates_back_or_forward_fails_the_same_checks(
    verifier: Verifier, rich: Sample, tmp_path: Path, days: int, named: bool
) -> None:
    """Without naming a token too, where another capture of the bundle, before it in the log, names one."""
    path = shutil.copytree(rich.path, tmp_path / "archive")
    with Archive.open(path, writable=True) as archive, pytest.MonkeyPatch.context() as patch:
        now = clock.now
        shifted = clock.stamp(clock.parse(now()) + timedelta(days=days))
        patch.setattr(clock, "now", lambda: shifted)
        draft = DRAFTS["redirect"]("shifted")
        patch.setattr(clock, "now", now)
        after = archive.after
        patch.setattr(archive, "_sealed_before", lambda _started: after if named else None)
        archive.commit([draft])
        seal(archive, rich.authorities)
        first, *others = exhibits(rich)
        wider = replace(first, captures=(*first.captures, f"{'shifted':x<32}"))
        bundle = export_bundle(archive, CASE, (wider, *others), tmp_path / "bundle").path
    _compare(verifier, bundle)
    assert verifier.verify(bundle).failed == {"bracket"}


@pytest.mark.parametrize(
    "line",
    [
        b"warc-target-uri: http://other.example/\r\n",
        b"WARC-Date : 1999-01-01T00:00:00Z\r\n",
        b" folded: x\r\n",
        b"X-One: a\r\nx-one: b\r\n",
    ],
)
def test_a_record_with_two_readings_is_refused(verifier: Verifier, line: bytes) -> None:
    head = "WARC-Type: x\r\nWARC-Record-ID: x\r\nWARC-Date: x\r\nContent-Length: 0"
    size = "evidenceVerifier.namedFields(text.split('\\r\\n')).size"
    read = f"(text) => {{ try {{ return {size}; }} catch {{ return null; }} }}"
    assert verifier.run(read, head) == 4
    assert verifier.run(read, line.decode() + head) is None


def test_faults_are_named(verifier: Verifier, copy: Path) -> None:
    _flip(WACZ, _first_record)(copy)
    _flip("data/log/leaves/3.json", 30)(copy)
    shown = verifier.verify(copy)
    assert "data/captures.wacz" in shown.problems("bag")
    assert "data/log/leaves/3.json" in shown.problems("bag")
    assert "archive/00001.warc.gz:" in shown.problems("records")
    assert "capture forum" in shown.problems("records")
    assert "核验未通过" in verifier.page.inner_text("#verdict")


# ---- hostile input: a verdict or a refusal, never a crash, a hang or a lie


def test_ruins_of_every_kind_of_file_are_reported(verifier: Verifier, whole: Path, copy: Path) -> None:
    dice = random.Random(7)
    files = sorted(path for path in whole.rglob("*") if path.is_file())
    kinds = {
        (path.parent.name.strip("0123456789"), path.suffix): path.relative_to(whole).as_posix()
        for path in files
    }
    spoils = (lambda c: c[:0], lambda c: c[: len(c) // 2], lambda c: dice.randbytes(len(c)), lambda c: c[1:])
    for number, name in enumerate(kinds.values()):
        content = (copy / name).read_bytes()
        (copy / name).write_bytes(spoils[number % len(spoils)](content))
        assert verifier.verify(copy).report["exit_code"] == 1, name
        (copy / name).write_bytes(content)


@pytest.mark.parametrize(
    ("name", "content", "check"),
    [
        ("data/log/leaves/2.json", b"[" * 60_000, "manifests"),
        ("data/log/leaves/2.json", b'{"a":' * 10_000, "manifests"),
        ("data/stamps/6/tsa-a.tsr", b"\x30\x80" * 2000, "bag"),
        ("data/stamps/6/tsa-a.tsr", b"\x30\x84\xff\xff\xff\xff", "timestamps"),
        ("data/stamps/x/y.tsr", b"", "timestamps"),
        ("data/log/log.vkey", b"\xff", "signature"),
        ("data/log/proofs/2.tlog-proof", b"c2sp.org/tlog-proof@v1\nindex 9007199254740993\n\nx", "inclusion"),
        (WACZ, b"PK\x05\x06" + b"\0" * 18, "wacz"),
        (WACZ, b"PK\x05\x06" + b"\0" * 4 + b"\xff\xff\xff\xff" + b"\0" * 10, "wacz"),
    ],
)
def test_hostile_files_are_reported(
    verifier: Verifier, copy: Path, name: str, content: bytes, check: str
) -> None:
    (copy / name).parent.mkdir(exist_ok=True)
    (copy / name).write_bytes(content)
    assert check in verifier.verify(copy).failed


def test_a_bomb_in_a_zip_is_refused(verifier: Verifier, whole: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as package:
        for path in sorted(path for path in whole.rglob("*") if path.is_file()):
            package.write(path, path.relative_to(whole).as_posix())
        package.writestr("data/log/leaves/99.json", b"[" * (8 << 20))
    content = bytearray((tmp_path / "bomb.zip").read_bytes())
    shown = verifier.verify(tmp_path / "bomb.zip")
    assert "refused" in shown.problems("manifests")
    at = content.rindex(b"PK\x01\x02")  # the bomb's entry: now it claims a kilobyte
    content[at + 24 : at + 28] = (1024).to_bytes(4, "little")
    (tmp_path / "bomb.zip").write_bytes(content)
    assert "inflates to more than 1024 bytes" in verifier.verify(tmp_path / "bomb.zip").problems("bag")


def test_names_that_lead_out_and_links_in_a_zip_are_named(
    verifier: Verifier, whole: Path, tmp_path: Path
) -> None:
    with zipfile.ZipFile(tmp_path / "odd.zip", "w") as package:
        for path in sorted(path for path in whole.rglob("*") if path.is_file()):
            package.write(path, path.relative_to(whole).as_posix())
        package.writestr("data/../../evil", b"x")
        link = zipfile.ZipInfo("data/link")
        link.external_attr = 0o120777 << 16
        package.writestr(link, b"/etc/passwd")
    problems = verifier.verify(tmp_path / "odd.zip").problems("bag")
    assert "data/../../evil" in problems
    assert "data/link" in problems


def test_markup_from_a_bundle_is_text(verifier: Verifier, copy: Path) -> None:
    (copy / "data/<img src=x onerror=alert(1)>").write_bytes(b"x")
    shown = verifier.verify(copy)
    assert "<img src=x" in shown.problems("bag")
    assert verifier.page.locator("#result img").count() == 0


# ---- the parts, by published vectors

# RFC 8032 section 7.1: TEST 1, 2, 3 and SHA(abc): public key, message, signature
RFC8032 = [
    ("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"),
    ("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
    ("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"),
    ("ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
     hashlib.sha512(b"abc").hexdigest(),
     "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"),
]  # fmt: skip
ORDER = 2**252 + 27742317777372353535851937790883648493
JUDGE = """async ([name, key, message, signature]) => {
  const { fromHex } = evidenceVerifier;
  return evidenceVerifier[name](fromHex(key), fromHex(signature), fromHex(message));
}"""


@pytest.mark.parametrize("name", ["verifyEd25519", "verifyEd25519Here"])
def test_ed25519_by_rfc_8032(verifier: Verifier, name: str) -> None:
    assert verifier.run("() => evidenceVerifier.hasEd25519()")
    for key, message, signature in RFC8032:
        assert verifier.run(JUDGE, [name, key, message, signature]), (name, message)
        assert not verifier.run(JUDGE, [name, key, message + "00", signature])
        r, s = signature[:64], int.from_bytes(bytes.fromhex(signature[64:]), "little")
        malleable = r + (s + ORDER).to_bytes(32, "little").hex()
        assert not verifier.run(JUDGE, [name, key, message, malleable]), "s must be below the group's order"
        other = bytes([int(signature[:2], 16) ^ 1]).hex() + signature[2:]
        assert not verifier.run(JUDGE, [name, key, message, other])


def test_the_own_ed25519_refuses_what_is_no_canonical_point(verifier: Verifier) -> None:
    _, message, signature = RFC8032[0]
    prime = 2**255 - 19
    for number in (prime, prime + 1, 2, 1 | 1 << 255, 2**256 - 1):
        assert not verifier.run(
            JUDGE, ["verifyEd25519Here", number.to_bytes(32, "little").hex(), message, signature]
        )


def test_the_own_ed25519_agrees_with_the_browsers(verifier: Verifier) -> None:
    dice = random.Random(5)
    for _ in range(5):
        key, message = make_key(), dice.randbytes(dice.randrange(300))
        public, signature = key.public_key().public_bytes_raw().hex(), bytearray(key.sign(message))
        assert verifier.run(JUDGE, ["verifyEd25519Here", public, message.hex(), signature.hex()])
        signature[dice.randrange(64)] ^= 1 << dice.randrange(8)
        verdicts = {verifier.run(JUDGE, [name, public, message.hex(), signature.hex()])
                    for name in ("verifyEd25519", "verifyEd25519Here")}  # fmt: skip
        assert verdicts == {False}


def test_a_browser_without_ed25519_comes_to_the_same_verdict(
    pages: Callable[[], Page], verifier: Verifier, whole: Path, copy: Path
) -> None:
    page = pages()
    page.add_init_script("""
      const known = crypto.subtle.importKey.bind(crypto.subtle);
      crypto.subtle.importKey = (form, key, name, ...rest) =>
        name === "Ed25519" ? Promise.reject(new Error("not supported")) : known(form, key, name, ...rest);
    """)
    own = Verifier(page, whole / VERIFIER_PAGE)
    assert not own.run("() => evidenceVerifier.hasEd25519()")
    assert own.verify(whole).statuses == verifier.verify(whole).statuses
    _flip(TAG_MANIFEST + SIGNATURE, 5)(copy)
    assert own.verify(copy).failed == {"bundle-signature"}


DIGEST = """([name, hex, cut]) => {
  const { fromHex, toHex } = evidenceVerifier, bytes = fromHex(hex), hasher = new evidenceVerifier[name]();
  for (let at = 0; at < bytes.length; at += cut) hasher.update(bytes.subarray(at, at + cut));
  return toHex(hasher.digest());
}"""


SAME_AS_WEBCRYPTO = """async (hex) => {
  const { fromHex, toHex, Sha256 } = evidenceVerifier;
  const browsers = new Uint8Array(await crypto.subtle.digest("SHA-256", fromHex(hex)));
  return toHex(browsers) === toHex(new Sha256().update(fromHex(hex)).digest());
}"""


def test_sha256_and_sm3(verifier: Verifier) -> None:
    long = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"  # FIPS 180-2, B.2
    vectors = {
        b"": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        b"abc": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        long: "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
    }
    for message, digest in vectors.items():
        assert verifier.run(DIGEST, ["Sha256", message.hex(), 64]) == digest
    sm3 = "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"  # GB/T 32905-2016, A.2
    assert verifier.run(DIGEST, ["Sm3", (b"abcd" * 16).hex(), 7]) == sm3
    dice = random.Random(3)
    for length in (1, 55, 56, 63, 64, 65, 119, 120, 127, 128, 1000, 4097):
        content = dice.randbytes(length)
        for name, algorithm in (("Sha256", "sha256"), ("Sm3", "sm3")):
            found = verifier.run(DIGEST, [name, content.hex(), dice.randrange(1, 200)])
            assert found == hashlib.new(algorithm, content).hexdigest(), (name, length)
        assert verifier.run(SAME_AS_WEBCRYPTO, content.hex())


MERKLE = """([kind, ...rest]) => {
  const { fromHex, verifyInclusion, verifyConsistency } = evidenceVerifier;
  const path = rest.pop().map(fromHex);
  try {
    if (kind === "inclusion") verifyInclusion(fromHex(rest[0]), rest[1], rest[2], path, fromHex(rest[3]));
    else verifyConsistency(rest[0], fromHex(rest[1]), rest[2], fromHex(rest[3]), path);
    return true;
  } catch { return false; }
}"""


def test_merkle_proofs_of_every_small_tree(verifier: Verifier) -> None:
    leaves = [bytes([number]) for number in range(11)]
    digests = [leaf_digest(leaf) for leaf in leaves]

    def node(height: int, position: int) -> bytes:
        return root(digests[position << height : (position + 1) << height])

    roots = [root(digests[:size]).hex() for size in range(12)]
    for size in range(1, 12):
        for index in range(size):
            path = [digest.hex() for digest in inclusion_path(node, index, size)]
            told = [leaves[index].hex(), index, size, roots[size]]
            assert verifier.run(MERKLE, ["inclusion", *told, path])
            assert not verifier.run(MERKLE, ["inclusion", *told, [*path, "00" * 32]])
            assert not path or not verifier.run(MERKLE, ["inclusion", *told, path[:-1]])
            assert not verifier.run(MERKLE, ["inclusion", "ff", *told[1:], path])
        for old in range(size + 1):
            path = [digest.hex() for digest in consistency_path(node, old, size)]
            told = [old, roots[old], size, roots[size]]
            assert verifier.run(MERKLE, ["consistency", *told, path]), (old, size)
            assert not verifier.run(MERKLE, ["consistency", *told, [*path, "00" * 32]])
            assert not verifier.run(MERKLE, ["consistency", old, "00" * 32, size, told[3], path])


def test_canonical_json_by_rfc_8785(verifier: Verifier) -> None:
    values = [
        {"\u20ac": "Euro Sign", "\r": "CR", "\ufb33": "x", "1": 1, "\U0001f600": "y", "\u0080": "z", "\u00f6": "w"},
        [56, {"d": True, "10": None, "1": []}],
        {"numbers": [4.5, 2e-3, 1e-27, 0.0], "string": '\u20ac$\u000f\nA\'B"\\\\"/'},
    ]  # fmt: skip
    for value in values:
        assert verifier.run("(value) => evidenceVerifier.canonicalJson(value)", value).encode() == canonical(
            {"value": value}
        ).removeprefix(b'{"value":').removesuffix(b"}")


# ---- the file itself


def test_it_is_one_file_with_the_same_bytes_that_asks_for_nothing() -> None:
    page = verifier_page().decode()
    verifier_page.cache_clear()
    assert verifier_page().decode() == page
    assert "default-src 'none'; script-src 'sha256-" in page
    for forbidden in ("http://", "https://", "import(", "fetch(", "XMLHttpRequest", "innerHTML", "eval("):
        assert forbidden not in page, forbidden
    assert "{{" not in page.split("<script")[0]


def test_another_script_in_the_page_does_not_run(pages: Callable[[], Page], tmp_path: Path) -> None:
    html = tmp_path / "verifier.html"
    html.write_bytes(
        verifier_page().replace(b"</body>", b"<script>document.title = 'changed'</script></body>")
    )
    page = Verifier(pages(), html)
    assert "changed" not in page.page.title()


def test_it_prints(verifier: Verifier, whole: Path) -> None:
    verifier.verify(whole)
    verifier.page.emulate_media(media="print")
    assert not verifier.page.is_visible("#choose")
    assert verifier.page.is_visible("#checks")
    verifier.page.emulate_media(media="screen")
