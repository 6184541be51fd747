"""What an attacker has at hand: a good bundle and its archive, lists that fit again, other keys, other authorities.

Everything is made once for each process, in a temporary folder: `workshop()`. Damage works on copies.
"""

import csv
import io
import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from crawler.demo.tsa import DemoAuthority
from crawler.evidence.add_checkpoint import AddCheckpoint
from crawler.evidence.archive import Archive
from crawler.evidence.bundle import (
    BAG_INFO,
    CMS_SIGNATURE,
    HASH_LIST,
    HASH_LIST_COLUMNS,
    RECEIPT_SUMS,
    SIGNATURE,
    TAG_MANIFEST,
    WACZ,
    signed_parts,
)
from crawler.evidence.bundle_signature import sign_bundle
from crawler.evidence.checkpoint import Checkpoint, parse_tlog_proof, sign, tlog_proof
from crawler.evidence.cosignature import cosign, note_text, witness_vkey
from crawler.evidence.digest import digest, digest_file
from crawler.evidence.key_change import rotate_key
from crawler.evidence.note import parse_vkeys
from crawler.evidence.organisation import Identity, read_identity
from crawler.evidence.proof import consistency_path, inclusion_path, leaf_digest, root
from crawler.evidence.signing_key import LOG_KEY, load_key, make_key
from crawler.evidence.timestamp import Authority, ask
from crawler.evidence.wacz_auth import open_key
from crawler.export.bag import write_bag
from crawler.export.bundle import export_bundle
from crawler.export.csv_text import csv_text
from crawler.export.payload import measure, payload_names
from crawler.export.receipt import export_receipt
from tests.export.sample import CASE, DRAFTS, Sample, exhibits, make_authorities, make_sample, seal
from tests.wacz_files import members_of, relist, zipped

Damage = Callable[[Path], object]

COSIGNED = 1_795_000_000  # Unix time of the witness's signature


@dataclass(frozen=True)
class Workshop:
    """Good subjects, and what goes with them. Nobody changes anything in these folders."""

    folder: Path
    sample: Sample
    bundle: Path
    receipt: Path
    anchors: Path  # what a careful verifier has: roots under names of their own, log.vkey, a witness's key
    key: Ed25519PrivateKey  # of the log, in force now
    retired: Ed25519PrivateKey  # of the log before its rotation
    leaves: tuple[bytes, ...]  # the whole log
    identity: Identity  # of the organisation that signed the bundle too

    @property
    def wacz(self) -> Path:
        """A WACZ by itself."""
        return self.bundle / WACZ

    @property
    def vkey(self) -> str:
        """The line of the log's newest key."""
        return (self.anchors / "log.vkey").read_text("ascii").splitlines()[-1]


@cache
def _kept() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="mutations-")


@cache
def workshop() -> Workshop:
    """A bundle of two authorities, a rotated key, a witness and an organisation's certificate; and a receipt."""
    folder = Path(_kept().name)
    sample = make_sample(folder / "archive", make_authorities(folder))
    retired = load_key(sample.path / LOG_KEY)
    with Archive.open(sample.path, writable=True) as archive:
        rotate_key(archive, archive.record_event)
        archive.commit([DRAFTS["redirect"]("after")])
        seal(archive, sample.authorities)
        _cosign(archive)
        leaves = tuple(entry.leaf for entry in archive.entries())
    sample = replace(sample, captures=sample.captures | {"after": f"{'after':x<32}"})
    identity = make_identity(folder / "organisation", "某市消费者权益保护委员会")
    first, *others = exhibits(sample)
    wider = replace(first, captures=(*first.captures, sample.captures["after"]))
    with Archive.open(sample.path) as archive:
        export_bundle(archive, CASE, (wider, *others), folder / "bundle", identity=identity)
        export_receipt(archive, sample.captures["after"], folder / "receipt")
    key = load_key(sample.path / LOG_KEY)
    return Workshop(
        folder,
        sample,
        folder / "bundle",
        folder / "receipt",
        _anchors(folder, sample),
        key,
        retired,
        leaves,
        identity,
    )


def _cosign(archive: Archive) -> None:
    key, size = make_key(), archive.log.size
    note = archive.log.checkpoint_at(size)[1]
    folder = archive.path / "log/cosignatures" / str(size)
    folder.mkdir(parents=True)
    line = cosign(note_text(note), "witness.example", key, COSIGNED)
    (folder / "national").write_text(line.text(), "utf-8")
    vkey = witness_vkey("witness.example", key.public_key())
    (archive.path / "trust/witness-national.vkey").write_text(vkey + "\n", "ascii")


def _anchors(folder: Path, sample: Sample) -> Path:
    anchors = folder / "anchors"
    anchors.mkdir()
    for tsa in sample.authorities:
        (anchors / f"my-{tsa.name}-root.pem").write_bytes(tsa.trust_pem)
    for name in ("log.vkey", "witness-national.vkey"):
        shutil.copy(sample.path / "trust" / name, anchors / name)
    shutil.copy(folder / "organisation/root.pem", anchors / "organisation-root.pem")
    return anchors


def make_identity(folder: Path, name: str) -> Identity:
    """A certificate that may sign, under a root of its own, by the openssl command."""
    folder.mkdir()

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, check=True)

    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-utf8", "-days", "3650")
    openssl(
        "req",
        "-x509",
        *curve,
        "-keyout",
        "root.key",
        "-out",
        "root.pem",
        "-subj",
        f"/O={name}/CN=Root",
        "-addext",
        "basicConstraints=critical,CA:TRUE",
    )
    openssl(
        "req",
        "-x509",
        *curve,
        "-keyout",
        "own.key",
        "-out",
        "own.pem",
        "-subj",
        f"/O={name}/CN=证据专用章",
        "-CA",
        "root.pem",
        "-CAkey",
        "root.key",
        "-addext",
        "basicConstraints=critical,CA:FALSE",
        "-addext",
        "keyUsage=critical,digitalSignature",
    )
    whole = b"".join((folder / part).read_bytes() for part in ("own.pem", "root.pem", "own.key"))
    return read_identity(whole, None)


@cache
def stranger() -> tuple[DemoAuthority, ...]:
    """Authorities of a forger under the very names of ours, the names in their certificates included."""
    return make_authorities(Path(_kept().name) / "strangers")


@cache
def weak(name: str, *, days: int = 3650) -> DemoAuthority:
    """An authority that also stamps SHA-1 and MD5 imprints."""
    authority = DemoAuthority(Path(_kept().name) / name, "tsa-a", days=days)
    config = authority.folder / "ts.cnf"
    config.write_text(config.read_text().replace("digests = ", "digests = md5, sha1, "))
    return authority


# ---- where things are
#
# The corpus counts leaves and checkpoints as in a log without events of the settings (`settings-noted`), which a
# writer puts where the settings happen to change.

SIZES = (1, 6, 9, 11)  # the checkpoints, by that count
_PLACED = re.compile(r"((?:leaves|proofs|checkpoints|consistency|cosignatures|stamps)/)([1-9][0-9]*)")
_NUMBER = re.compile(r"(?<![0-9a-zA-Z.\\])([1-9]|1[01])(?=$|[/:,. \\])")


@cache
def _indices() -> tuple[int, ...]:
    return tuple(n for n, leaf in enumerate(workshop().leaves) if b'"act":"settings-noted"' not in leaf)


def leaf_at(number: int) -> int:
    """The index of a leaf as it is today."""
    return _indices()[number]


def size_at(number: int) -> int:
    """The size of a checkpoint as it is today; a size without one stays without."""
    before = max(size for size in SIZES if size <= number)
    return sizes(workshop().bundle)[SIZES.index(before)] + number - before


def now(name: str) -> str:
    """The name of a file as it is today."""

    def place(match: re.Match[str]) -> str:
        is_leaf = match[1] in ("leaves/", "proofs/")
        return f"{match[1]}{(leaf_at if is_leaf else size_at)(int(match[2]))}"

    return _PLACED.sub(place, name)


def reworded(reason: str) -> str:
    """A regular expression over a report, with its leaves and checkpoints as they are today."""

    def either(match: re.Match[str]) -> str:
        number = int(match[1])
        today = {leaf_at(number), size_at(number)} if number < len(_indices()) else {size_at(number)}
        return "(?:" + "|".join(str(one) for one in sorted({number, *today})) + ")"

    return _NUMBER.sub(either, reason)


# ---- one file


def edit(name: str, change: Callable[[bytes], bytes]) -> Damage:
    """Change the content of a file; it must become another."""

    def damage(root: Path) -> None:
        path = root / now(name)
        content = path.read_bytes()
        changed = change(content)
        if changed == content:
            raise ValueError(f"{name} was not changed")
        path.write_bytes(changed)

    return damage


def flip(name: str, at: int | bytes) -> Damage:
    """Change one bit: at this place, or at the beginning of these bytes."""

    def change(content: bytes) -> bytes:
        place = content.index(at) if isinstance(at, bytes) else at % len(content)
        return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]

    return edit(name, change)


def drop(*names: str) -> Damage:
    """Remove files."""
    return lambda root: [(root / now(name)).unlink() for name in names]


def add(name: str, content: bytes = b"x") -> Damage:
    """Put a new file there."""

    def damage(root: Path) -> None:
        path = root / now(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    return damage


def swap(first: str, second: str) -> Damage:
    """Exchange the contents of two files."""

    def damage(root: Path) -> None:
        one, other = root / now(first), root / now(second)
        content = one.read_bytes()
        one.write_bytes(other.read_bytes())
        other.write_bytes(content)

    return damage


def copy(source: str, target: str) -> Damage:
    """Put one file's content in the place of another."""
    return lambda root: shutil.copyfile(root / now(source), root / now(target))


def together(*damages: Damage) -> Damage:
    """One after the other."""
    return lambda root: [damage(root) for damage in damages]


# ---- lists that fit again


def fit(bundle: Path, *, hash_list: bool = True) -> None:
    """The hash list, the manifests and the tag manifest say again what is there; signatures stay as they are."""
    if hash_list and (bundle / HASH_LIST).is_file():
        _fit_hash_list(bundle)
    lines = (bundle / BAG_INFO).read_text("utf-8").splitlines()
    about = [
        tuple(line.split(": ", 1)) for line in lines if ": " in line and not line.startswith("Payload-Oxum")
    ]
    write_bag(bundle, [(label, value) for label, value in about], measure(bundle))


def _fit_hash_list(bundle: Path) -> None:
    text = (bundle / HASH_LIST).read_text("utf-8-sig")
    old = list(csv.reader(io.StringIO(text)))[1:]
    rows = []
    for name in payload_names(bundle):
        if name != HASH_LIST:
            sums = [
                digest_file(bundle / name, algorithm).partition(":")[2] for algorithm in ("sha256", "sm3")
            ]
            rows.append([name, str((bundle / name).stat().st_size), *sums, ""])
    rows += [row[1:] for row in old if "!" in row[1]]
    numbered = [[str(number), *row] for number, row in enumerate(rows, 1)]
    (bundle / HASH_LIST).write_bytes(csv_text((HASH_LIST_COLUMNS, *numbered)))


def resign(bundle: Path, key: Ed25519PrivateKey, name: str = TAG_MANIFEST) -> None:
    """Sign the list of files with this key; an organisation's signature, which he cannot make, is left out."""
    (bundle / (name + CMS_SIGNATURE)).unlink(missing_ok=True)
    (bundle / (name + SIGNATURE)).write_bytes(sign_bundle((bundle / name).read_bytes(), key))


def tools(damage: Damage) -> Damage:
    """Damage, and then every list made to fit: all that somebody without a key can do."""
    return together(damage, fit)


def insider(damage: Damage) -> Damage:
    """Damage, lists made to fit, and signed with the log's own key: only the inner checks are left to see it."""
    return together(damage, fit, lambda bundle: resign(bundle, workshop().key))


def fit_receipt(receipt: Path, key: Ed25519PrivateKey | None = None) -> None:
    """sha256sums.txt says again what is there; signed with `key` if there is one."""
    own = (RECEIPT_SUMS, RECEIPT_SUMS + SIGNATURE)
    names = sorted(p.relative_to(receipt).as_posix() for p in receipt.rglob("*") if p.is_file())
    rows = [f"{digest_file(receipt / name)[7:]}  {name}\n" for name in names if name not in own]
    (receipt / RECEIPT_SUMS).write_text("".join(rows), "ascii")
    if key is not None:
        resign(receipt, key, RECEIPT_SUMS)


# ---- the WACZ


def rezip(
    change: Callable[[dict[str, bytes]], object], *, listed: bool = True, own_key: bool = True
) -> Damage:
    """Change the members of the bundle's WACZ and write it in the exporter's form.

    `listed`: datapackage.json and its digest fit again, signed with the archive's WACZ key (`own_key`) or not.
    """
    return lambda bundle: rewrite_wacz(bundle / WACZ, change, listed=listed, own_key=own_key)


def rewrite_wacz(
    path: Path, change: Callable[[dict[str, bytes]], object], *, listed: bool = True, own_key: bool = True
) -> None:
    """As `rezip`, for a WACZ by itself."""
    members = members_of(path)
    change(members)
    if listed:
        members = relist(members, open_key(workshop().sample.path) if own_key else None)
    created = json.loads(members["datapackage.json"])["created"]
    path.write_bytes(zipped(members, created))


# ---- the log


def stamp(bundle: Path, size: int, note: bytes, authorities: Sequence[DemoAuthority] | None = None) -> None:
    """Tokens over this note, of ours or of other authorities, in the place of those that are there."""
    for tsa in authorities if authorities is not None else workshop().sample.authorities:
        token = ask(
            note,
            Authority.from_pem(tsa.name, "", tsa.trust_pem),
            lambda _url, query, tsa=tsa: tsa.reply(query),
        )
        for suffix, content in (("tsq", token.tsq), ("tsr", token.tsr), ("chain.pem", token.chain_pem)):
            (bundle / f"data/stamps/{size}/{tsa.name}.{suffix}").write_bytes(content)


def put_checkpoint(bundle: Path, note: bytes, size: int) -> None:
    """A signed note in every place where the checkpoint of that size stands."""
    log = bundle / "data/log"
    verifiers = parse_vkeys((log / "log.vkey").read_text("ascii"))
    parts = signed_parts(note, verifiers)
    for suffix, content in (("", note), (".txt", parts.text), (".sig", parts.signature)):
        (log / f"checkpoints/{size}{suffix}").write_bytes(content)
    if not any(path.name.isdecimal() and int(path.name) > size for path in (log / "checkpoints").iterdir()):
        (log / "checkpoint").write_bytes(note)


def sizes(bundle: Path) -> list[int]:
    """The sizes of the bundle's checkpoints."""
    return sorted(int(p.name) for p in (bundle / "data/log/checkpoints").iterdir() if p.name.isdecimal())


def rewrite_log(
    bundle: Path, leaves: Sequence[bytes], *, only: Sequence[int] | None = None, stamped: bool = True
) -> None:
    """The insider's masterpiece: another history, signed with the log's keys, and stamped today by real authorities.

    Every leaf of the bundle is replaced by that of `leaves`, with proof; `only` those checkpoints are made anew.
    """
    digests = [leaf_digest(leaf) for leaf in leaves]
    notes = {size: (bundle / f"data/log/checkpoints/{size}").read_bytes() for size in sizes(bundle)}
    for size in only if only is not None else list(notes):
        notes[size] = sign_tree(digests[:size])
        put_checkpoint(bundle, notes[size], size)
        if stamped:
            stamp(bundle, size, notes[size])
    write_proofs(bundle, leaves, notes)


def sign_tree(digests: Sequence[bytes]) -> bytes:
    """A checkpoint over these leaves by the key that is in force for its size."""
    made = workshop()
    origin = made.vkey.split("+")[0]
    key = made.key if len(digests) > rotation() else made.retired
    return sign(Checkpoint(origin, len(digests), root(digests)), origin, key)


@cache
def rotation() -> int:
    """The leaf of the key's rotation."""
    return next(n for n, leaf in enumerate(workshop().leaves) if b'"act":"key-rotated"' in leaf)


def write_proofs(bundle: Path, leaves: Sequence[bytes], notes: dict[int, bytes]) -> None:
    """Leaves, inclusion proofs and consistency proofs of this history, to these checkpoints."""
    digests, log = [leaf_digest(leaf) for leaf in leaves], bundle / "data/log"

    def node(height: int, position: int) -> bytes:
        return root(digests[position << height : (position + 1) << height])

    for path in (log / "leaves").iterdir():
        index, proof = int(path.stem), log / f"proofs/{path.stem}.tlog-proof"
        size = _size_of(parse_tlog_proof(proof.read_bytes())[2])
        path.write_bytes(leaves[index])
        proof.write_bytes(tlog_proof(index, inclusion_path(node, index, size), notes[size]))
    for old, new in zip(sorted(notes), sorted(notes)[1:], strict=False):
        request = AddCheckpoint(old, tuple(consistency_path(node, old, new)), notes[new])
        (log / f"consistency/{new}").write_bytes(request.to_bytes())


def _size_of(note: bytes) -> int:
    return int(note.split(b"\n")[1])


def told(leaf: bytes) -> str:
    """How leaves name the digest of a note or a token."""
    return digest(leaf)
