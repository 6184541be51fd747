"""The good archive that damage is done to, and what its forgers hold: made once for each process.

600 entries: two full bundles and tiles, a journal; partial tiles at every signed size
WARC files of a few kilobytes, each closed by an event but the last
captures of 40 days ago that were removed under retention, one of them kept for a case
a rotated key, two authorities whose first certificates are short and were renewed, a witness, a torn tail
"""

import functools
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from crawler import clock
from crawler.config import AuthorityConfig, Config, WitnessConfig
from crawler.demo.tsa import DemoAuthority
from crawler.evidence.archive import Archive, Draft
from crawler.evidence.cosigning import keep_cosignatures, request, vkey_path
from crawler.evidence.key_change import VKEYS, rotate_key
from crawler.evidence.manifest import Event
from crawler.evidence.note import parse_vkeys
from crawler.evidence.restamp import renew
from crawler.evidence.seal import seal
from crawler.evidence.signing_key import LOG_KEY, load_key
from crawler.evidence.timestamp import Authority, ask
from crawler.evidence.trust import add_roots
from crawler.evidence.warc import encode
from crawler.evidence.witness import KEY, OK, Record, Witness, make_witness, trust_log
from crawler.store.cases import NewExhibit, add_exhibit, create_case
from crawler.store.expiry import expire, plan_expiry
from crawler.store.session import Session
from tests.archives import drafted, page, sender

ORIGIN = "evidence.example/mutations"
SEGMENT = 2_500  # bytes after which a WARC file is full
DAYS_OLD = 40
KEEP_DAYS = 30
SHORT, LONG = 20, 3_000  # days that certificates of the signers are valid: before and after the renewal
AFTER_RENEWAL = timedelta(days=1_000)  # a date at which only the renewal holds the first tokens up
FIRST_NOTES, SECOND_NOTES = 300, 600  # entries that the log is filled up to
WITNESS = "national"


@dataclass(frozen=True)
class Made:
    """The good archive and all else. Nobody changes anything in these folders."""

    folder: Path
    archive: Path
    backup: Path  # the archive as it was before the rotation
    anchors: Path  # what a careful verifier got elsewhere: roots, log.vkey, the witness's key
    authorities: tuple[DemoAuthority, DemoAuthority]
    key: Ed25519PrivateKey  # in force now
    retired: Ed25519PrivateKey  # before the rotation
    witness: Ed25519PrivateKey
    sizes: tuple[int, ...]  # that are stamped, rising
    removed: bytes  # a WARC file as it was before records were removed from it

    @property
    def newest(self) -> int:
        """Size of the newest checkpoint."""
        return self.sizes[-1]


@functools.cache
def _kept() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="archive-mutations-")


@functools.cache
def made() -> Made:
    """The good archive of this process."""
    folder = Path(_kept().name)
    path, tsas = folder / "archive", _authorities(folder)
    with _created(path, tsas) as session:
        _make_witness(folder / "witness", path)
        _first_steps(session, tsas)
    shutil.copytree(path, folder / "backup")
    retired = load_key(path / LOG_KEY)
    removed = (path / "warc/00001.warc.gz").read_bytes()
    with Session.open(path) as session:
        _rotation(session, tsas)
    with (path / _last_warc(path)).open("ab") as stream:  # a run was killed while it wrote
        stream.write(encode(page(b"<p>lost</p>").records[0].record).stored[:200])
    with Session.open(path) as session:
        _last_steps(session, tsas)
    witness = _cosign(folder, path)
    sizes = tuple(sorted(int(found.name) for found in (path / "log/stamps").iterdir()))
    anchors = _anchors(folder, path, tsas)
    return Made(
        folder, path, folder / "backup", anchors, tsas, load_key(path / LOG_KEY), retired, witness, sizes, removed
    )  # fmt: skip


@functools.cache
def strangers() -> tuple[DemoAuthority, DemoAuthority]:
    """Authorities of a forger under the very names of ours."""
    return _authorities(Path(_kept().name) / "strangers")


def copy_of(made_one: Made, to: Path) -> Path:
    """A copy of the good archive to damage."""
    return Path(shutil.copytree(made_one.archive, to))


def stamp_again(archive: Path, size: int, tsas: Sequence[DemoAuthority]) -> None:
    """Tokens of these authorities over a checkpoint, in the place of those that are there."""
    for tsa in tsas:
        for path in (archive / f"log/stamps/{size}").glob(f"{tsa.name}.*"):
            path.unlink()
        _stamp(archive, size, tsa)


def today() -> datetime:
    """Now, with zone."""
    return datetime.now(UTC)


def _stamp(archive: Path, size: int, tsa: DemoAuthority) -> None:
    note = (archive / f"log/checkpoints/{size}").read_bytes()
    folder = archive / f"log/stamps/{size}"
    folder.mkdir(exist_ok=True)
    authority = Authority.from_pem(tsa.name, "http://a.invalid/", tsa.trust_pem)
    token = ask(note, authority, lambda _url, query: tsa.reply(query))
    for ending, content in ((".tsq", token.tsq), (".tsr", token.tsr), (".chain.pem", token.chain_pem)):
        (folder / f"{tsa.name}{ending}").write_bytes(content)


def _authorities(folder: Path) -> tuple[DemoAuthority, DemoAuthority]:
    return (
        DemoAuthority(folder / "tsa-a", "tsa-a", signer_days=SHORT),
        DemoAuthority(folder / "tsa-b", "tsa-b", intermediate=True, signer_days=SHORT),
    )


@contextmanager
def _created(path: Path, tsas: Sequence[DemoAuthority]) -> Iterator[Session]:
    config = Config(
        origin=ORIGIN,
        organisation="某市消费者委员会",
        operator="张三",
        contact="wq@example.org",
        authorities=tuple(AuthorityConfig(tsa.name, f"http://{tsa.name}.invalid/") for tsa in tsas),
        witnesses=(WitnessConfig(WITNESS, ""),),
    )
    archive = Archive.create(path, config)
    for tsa in tsas:
        add_roots(path / "trust", tsa.name, tsa.trust_pem)
    with Session.take(archive) as session:
        yield session


def _first_steps(session: Session, tsas: Sequence[DemoAuthority]) -> None:
    """A run of 40 days ago, a case that keeps one of its pages, and one of today."""
    _small_segments(session)
    began = clock.stamp(today() - timedelta(days=DAYS_OLD))
    _run(session, "r1", [_aged(page(b"<p>old %d</p>" % n, run="r1"), began) for n in range(4)])
    case = create_case(session, title="某店铺涉嫌虚假评价", cause="虚假宣传", submitter="某市消委会")
    kept = session.index.query("select id from capture order by leaf limit 1")[0]["id"]
    add_exhibit(session, NewExhibit(case=case, group="B", title="招募帖", purpose="证明", captures=[kept]))
    _seal(session, tsas)
    _run(session, "r2", [page(b"<p>page %d</p>" % n * 40, run="r2") for n in range(8)])
    _fill(session, FIRST_NOTES)
    _seal(session, tsas)


def _rotation(session: Session, tsas: Sequence[DemoAuthority]) -> None:
    _small_segments(session)
    session.record_event("witness-watched", {"name": WITNESS})
    rotate_key(session.archive, session.record_event)
    _run(session, "r3", [page(b"<p>page %d</p>" % n * 40, run="r3") for n in range(4)])
    _seal(session, tsas)


def _last_steps(session: Session, tsas: Sequence[DemoAuthority]) -> None:
    """What is old goes, a bundle goes out, the log grows, and its tokens are renewed by newer certificates."""
    _small_segments(session)
    expire(session, plan_expiry(session, KEEP_DAYS))
    session.record_event("bundle-exported", {"case": "K1", "to": "/media/usb", "grade": "court"})
    _run(session, "r4", [page(b"<p>last %d</p>" % n, run="r4") for n in range(3)])
    _fill(session, SECOND_NOTES)
    for tsa in tsas:
        tsa.change_signer(LONG)
    renew(session.archive, sender(*tsas), session.record_event, days=90)


def _small_segments(session: Session) -> None:
    session.archive._warcs._limit = SEGMENT


def _run(session: Session, run: str, drafts: Sequence[Draft]) -> None:
    settings = {"run": run, "site": "test", "kind": None, "settings": {"DOWNLOAD_DELAY": 0}}
    session.record_event("run-started", settings)
    for number, draft in enumerate(drafts):
        url = f"http://shop.invalid/{run}/{number}"
        record = replace(draft.records[0].record, target_uri=url)
        one = Draft(replace(draft.capture, url=url), (encode(record),))
        session.record(drafted(one)).result()
    session.record_event("run-closed", {"run": run, "reason": "finished", "counts": {}})


def _aged(draft: Draft, began: str) -> Draft:
    record = encode(replace(draft.records[0].record, date=began))
    return Draft(replace(draft.capture, started=began, ended=began), (record,))


def _fill(session: Session, size: int) -> None:
    archive = session.archive
    notes = [
        Event(act="note", time=clock.now(), by="张三", details={"n": n}, after=archive.after).to_leaf()
        for n in range(archive.log.size, size)
    ]
    archive.log.append(notes)
    session.index.catch_up(archive.log.size, archive.log.leaves(session.index.leaves))


def _seal(session: Session, tsas: Sequence[DemoAuthority]) -> None:
    done = seal(session.archive, sender(*tsas))
    if not done.sealed:
        raise RuntimeError(f"not sealed: {done.missing}")


def _last_warc(path: Path) -> str:
    return f"warc/{max(found.name for found in (path / 'warc').iterdir())}"


def _make_witness(other: Path, path: Path) -> None:
    """Another archive becomes a witness, and ours has its key."""
    config = Config(
        origin="witness.example/log", organisation="全国消协", operator="李四", contact="x@example.org"
    )
    Archive.create(other, config).close()
    vkey_path(path, WITNESS).write_text(make_witness(other, "witness.example/national") + "\n", "ascii")


def _cosign(folder: Path, path: Path) -> Ed25519PrivateKey:
    """Another archive cosigns the newest checkpoint."""
    other = folder / "witness"
    with Archive.open(other, writable=True) as archive:
        for verifier in parse_vkeys((path / VKEYS).read_text("ascii")):
            trust_log(other, verifier.line)

        @contextmanager
        def opened() -> Iterator[Record]:
            yield archive.record_event

        key = load_key(other / KEY)
        with Session.open(path) as session:
            answer = Witness(other, key, opened).answer(request(session.archive, WITNESS).to_bytes())
            if answer.status != OK:
                raise RuntimeError(answer.reason)
            keep_cosignatures(session.archive, answer.body)
    return key


def _anchors(folder: Path, path: Path, tsas: Sequence[DemoAuthority]) -> Path:
    anchors = folder / "anchors"
    anchors.mkdir()
    for tsa in tsas:
        (anchors / f"my-{tsa.name}.pem").write_bytes(tsa.trust_pem)
    for name in ("log.vkey", f"witness-{WITNESS}.vkey"):
        shutil.copy(path / "trust" / name, anchors / name)
    return anchors
