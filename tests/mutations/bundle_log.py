"""Damage to a bundle's part of the log: keys, checkpoints, consistency, leaves, proofs, witnesses.

Nearly all of it by an insider, who makes every list fit and signs with the log's key: what is left are the checks
of the part itself.
"""

import base64
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

from crawler.evidence.bundle import public_pem
from crawler.evidence.checkpoint import Checkpoint, open_note, sign
from crawler.evidence.cosignature import cosign, note_text, witness_vkey
from crawler.evidence.manifest import canonical
from crawler.evidence.note import parse_vkeys, verifier_of
from crawler.evidence.proof import leaf_digest, root
from crawler.evidence.signing_key import make_key
from tests.mutations.forger import (
    COSIGNED,
    Damage,
    add,
    copy,
    drop,
    edit,
    fit,
    flip,
    insider,
    now,
    put_checkpoint,
    resign,
    rotation,
    sign_tree,
    size_at,
    sizes,
    stamp,
    swap,
    together,
    workshop,
    write_proofs,
)
from tests.mutations.model import Mutation

LOG = "data/log/"
_m = partial(Mutation, subject="bundle", forger="the log's key")


def _leaf(index: int, change: Callable[[dict], object]) -> Damage:  # type: ignore[type-arg]
    def apply(content: bytes) -> bytes:
        fields = json.loads(content)
        change(fields)
        return canonical(fields)

    return edit(f"{LOG}leaves/{index}.json", apply)


def _number(text: bytes) -> Damage:
    """The status of a capture as this text."""
    return edit(f"{LOG}leaves/3.json", lambda leaf: leaf.replace(b'"status":200', b'"status":' + text))


def _line(number: int, change: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    def apply(text: bytes) -> bytes:
        lines = text.split(b"\n")
        lines[number] = change(lines[number])
        return b"\n".join(lines)

    return apply


def _without_line(number: int) -> Callable[[bytes], bytes]:
    return lambda text: b"\n".join(line for n, line in enumerate(text.split(b"\n")) if n != number)


def _twice(number: int) -> Callable[[bytes], bytes]:
    return _line(number, lambda line: line + b"\n" + line)


def _keys(change: Callable[[list[str]], list[str]]) -> Damage:
    return edit(f"{LOG}log.vkey", lambda text: "".join(change(text.decode().splitlines(True))).encode())


def _pem(which: int, target: str) -> Damage:
    """One of the two keys in the place of another file."""

    def damage(bundle: Path) -> None:
        verifiers = parse_vkeys((bundle / LOG / "log.vkey").read_text("ascii"))
        name = target.replace("OLD", verifiers[0].key_id.hex())
        (bundle / LOG / name).write_bytes(public_pem(verifiers[which]))

    return damage


def _by_old_key(bundle: Path) -> None:
    """The newest checkpoint signed by the key that was retired before it."""
    made = workshop()
    origin = made.vkey.split("+")[0]
    verifiers = parse_vkeys((bundle / LOG / "log.vkey").read_text("ascii"))
    note = (bundle / LOG / "checkpoint").read_bytes()
    put_checkpoint(bundle, sign(open_note(note, verifiers), origin, made.retired), size_at(11))


def _both_keys(bundle: Path) -> None:
    note = (bundle / LOG / "checkpoint").read_bytes()
    _by_old_key(bundle)
    line = (bundle / LOG / "checkpoint").read_bytes().split(b"\n")[4]
    (bundle / LOG / "checkpoint").write_bytes(note + line + b"\n")
    (bundle / LOG / now("checkpoints/11")).write_bytes(note + line + b"\n")


def _other_witness(bundle: Path) -> None:
    """Cosigned by a key of the same name that is not the witness's."""
    note = (bundle / LOG / "checkpoint").read_bytes()
    line = cosign(note_text(note), "witness.example", make_key(), COSIGNED)
    (bundle / LOG / now("cosignatures/11/national")).write_text(line.text(), "utf-8")


def _own_witness(bundle: Path) -> None:
    """A witness of the forger's own, key and cosignature."""
    key, note = make_key(), (bundle / LOG / "checkpoint").read_bytes()
    line = cosign(note_text(note), "witness.example", key, COSIGNED)
    (bundle / LOG / now("cosignatures/11/national")).write_text(line.text(), "utf-8")
    vkey = witness_vkey("witness.example", key.public_key())
    (bundle / "data/trust/witness-national.vkey").write_text(vkey + "\n", "ascii")


def _own_log(bundle: Path) -> None:
    """The whole log with keys of the forger's own."""
    made, key = workshop(), make_key()
    origin = made.vkey.split("+")[0]
    verifier = verifier_of(origin, key.public_key())
    first = canonical(json.loads(made.leaves[0]) | {"details": {"vkey": verifier.line}})
    leaves = [first, *made.leaves[1 : rotation()], b"x", *made.leaves[rotation() + 1 :]]
    (bundle / LOG / "log.vkey").write_text(verifier.line + "\n", "ascii")
    (bundle / LOG / "log.pem").write_bytes(public_pem(verifier))
    for path in (bundle / LOG / "keys").iterdir():
        path.unlink()
    (bundle / LOG / f"keys/{verifier.key_id.hex()}.pem").write_bytes(public_pem(verifier))
    drop(f"{LOG}leaves/9.json", f"{LOG}proofs/9.tlog-proof")(bundle)
    digests = [leaf_digest(leaf) for leaf in leaves]
    notes = {}
    for size in sizes(bundle):
        notes[size] = sign(Checkpoint(origin, size, root(digests[:size])), origin, key)
        put_checkpoint(bundle, notes[size], size)
        stamp(bundle, size, notes[size])
    write_proofs(bundle, leaves, notes)
    drop(f"{LOG}cosignatures/11/national")(bundle)
    fit(bundle)
    resign(bundle, key)


CHECKPOINTS = [
    _m(
        "checkpoint-root-changed",
        damage="another root in a checkpoint",
        check="signature",
        reason="checkpoints/6:",
        apply=insider(edit(f"{LOG}checkpoints/6", _line(2, lambda _line: base64.b64encode(bytes(32))))),
    ),
    _m(
        "checkpoint-size-changed",
        damage="another size in a checkpoint",
        check="signature",
        reason="checkpoints/6:",
        apply=insider(edit(f"{LOG}checkpoints/6", _line(1, lambda _line: b"999"))),
    ),
    _m(
        "checkpoint-origin-changed",
        damage="another log's name in a checkpoint",
        check="signature",
        reason="checkpoints/6:",
        apply=insider(edit(f"{LOG}checkpoints/6", _line(0, lambda line: line + b"x"))),
    ),
    _m(
        "checkpoint-without-signature",
        damage="a checkpoint without its signature line",
        check="signature",
        reason="checkpoints/6:",
        apply=insider(edit(f"{LOG}checkpoints/6", _without_line(4))),
    ),
    _m(
        "checkpoint-signature-twice",
        damage="the signature line of a checkpoint twice",
        check="timestamps",
        reason="6/tsa-a.tsr: the token is for other content",
        apply=insider(edit(f"{LOG}checkpoints/6", _twice(4))),
    ),
    _m(
        "checkpoint-extension-added",
        damage="a line added to the text of a checkpoint",
        check="signature",
        reason="checkpoints/6:",
        apply=insider(edit(f"{LOG}checkpoints/6", _line(2, lambda line: line + b"\nmore"))),
    ),
    _m(
        "checkpoint-cut",
        damage="a checkpoint cut in its signature",
        check="signature",
        reason="checkpoints/6:",
        apply=insider(edit(f"{LOG}checkpoints/6", lambda text: text[:-20])),
    ),
    _m(
        "checkpoint-text-part",
        damage="the text beside a checkpoint is another",
        check="signature",
        reason=r"6\.txt is not the part",
        apply=insider(edit(f"{LOG}checkpoints/6.txt", lambda text: text + b"\n")),
    ),
    _m(
        "checkpoint-signature-part",
        damage="the signature beside a checkpoint is another",
        check="signature",
        reason=r"6\.sig is not the part",
        apply=insider(copy(f"{LOG}checkpoints/9.sig", f"{LOG}checkpoints/6.sig")),
    ),
    _m(
        "checkpoint-part-dropped",
        damage="the text beside a checkpoint removed",
        check="signature",
        reason=r"6\.txt cannot be read",
        apply=insider(drop(f"{LOG}checkpoints/6.txt")),
    ),
    _m(
        "checkpoints-swapped",
        damage="two checkpoints exchanged",
        check="signature",
        reason="holds the checkpoint of size",
        apply=insider(swap(f"{LOG}checkpoints/6", f"{LOG}checkpoints/9")),
    ),
    _m(
        "checkpoint-under-another-size",
        damage="a checkpoint copied under a size that it is not of",
        check="signature",
        reason="checkpoints/8: holds the checkpoint of size 9",
        apply=insider(
            together(
                *(
                    copy(f"{LOG}checkpoints/9{end}", f"{LOG}checkpoints/8{end}")
                    for end in ("", ".txt", ".sig")
                )
            )
        ),
    ),
    _m(
        "checkpoint-leading-zero",
        damage="a checkpoint under the name 06",
        check="signature",
        reason="06: no such file belongs",
        apply=insider(copy(f"{LOG}checkpoints/6", f"{LOG}checkpoints/06")),
    ),
    _m(
        "checkpoint-dropped",
        damage="a checkpoint that a leaf commits to removed",
        check="manifests",
        reason="not there or is another",
        apply=insider(drop(*(f"{LOG}checkpoints/1{end}" for end in ("", ".txt", ".sig")))),
    ),
    _m(
        "newest-checkpoint-older",
        damage="log/checkpoint is an older one",
        check="signature",
        reason="is not the newest",
        apply=insider(copy(f"{LOG}checkpoints/9", f"{LOG}checkpoint")),
    ),
    _m(
        "newest-checkpoint-dropped",
        damage="log/checkpoint removed",
        check="signature",
        reason="checkpoint cannot be read",
        apply=insider(drop(f"{LOG}checkpoint")),
    ),
    _m(
        "checkpoint-by-the-old-key",
        damage="the newest checkpoint signed by the key retired before it",
        forger="an old key",
        check="keys",
        reason="checkpoints/11 is signed by .* the key in force",
        apply=insider(_by_old_key),
    ),
    _m(
        "checkpoint-by-both-keys",
        damage="the newest checkpoint signed by the old and the new key",
        forger="an old key",
        check="signature",
        reason="signed by 2 keys",
        apply=insider(_both_keys),
    ),
    _m(
        "checkpoint-resigned-over-another-root",
        damage="a checkpoint over another root, signed with the right key",
        check="consistency",
        reason="consistency/9",
        apply=insider(
            lambda b: put_checkpoint(
                b, sign_tree([leaf_digest(b"%d" % n) for n in range(size_at(9))]), size_at(9)
            )
        ),
    ),
]

KEYS = [
    _m(
        "log-pem-old-key",
        damage="log.pem is the retired key",
        check="signature",
        reason="log.pem is not the key in log.vkey",
        apply=insider(_pem(0, "log.pem")),
    ),
    _m(
        "key-pem-other",
        damage="a key's PEM file holds the other key",
        check="signature",
        reason="is not the key in log.vkey",
        apply=insider(_pem(1, "keys/OLD.pem")),
    ),
    _m(
        "key-pem-added",
        damage="a key in keys/ that log.vkey does not list",
        check="signature",
        reason="no key of log.vkey",
        apply=insider(add(f"{LOG}keys/00000000.pem")),
    ),
    _m(
        "vkey-old-key-left-out",
        damage="log.vkey without the first key",
        check="keys",
        reason="log.vkey lacks key",
        apply=insider(_keys(lambda lines: lines[1:])),
    ),
    _m(
        "vkey-new-key-left-out",
        damage="log.vkey without the newest key, and signed by the old one",
        forger="an old key",
        check="keys",
        reason="log.vkey lacks key",
        apply=together(
            _keys(lambda lines: lines[:1]), _pem(0, "log.pem"), fit, lambda b: resign(b, workshop().retired)
        ),
    ),
    _m(
        "vkey-reordered",
        damage="log.vkey lists the keys in another order",
        check="keys",
        reason="not list the keys in the order",
        apply=insider(_keys(lambda lines: lines[::-1])),
    ),
    _m(
        "vkey-twice",
        damage="log.vkey lists a key twice",
        check="signature",
        reason="one key twice",
        apply=insider(_keys(lambda lines: [*lines, lines[-1]])),
    ),
    _m(
        "vkey-added",
        damage="log.vkey lists one key more",
        forger="another key",
        check="keys",
        reason="which no event of the log",
        apply=insider(
            _keys(
                lambda lines: [
                    verifier_of(lines[0].split("+")[0], make_key().public_key()).line + "\n",
                    *lines,
                ]
            )
        ),
    ),
    _m(
        "vkey-dropped",
        damage="log.vkey removed",
        check="signature",
        reason="log.vkey cannot be read",
        apply=insider(drop(f"{LOG}log.vkey")),
    ),
    _m(
        "vkey-of-another-name",
        damage="log.vkey holds a key of another log",
        forger="another key",
        check="signature",
        reason="keys of different names",
        apply=insider(
            _keys(lambda lines: [*lines, verifier_of("other.example", make_key().public_key()).line + "\n"])
        ),
    ),
    _m(
        "own-log-with-anchors",
        damage="the whole log made anew with a key of the forger's own, stamped and signed with it",
        forger="another key",
        check="keys",
        reason="the key that you gave, .*, is none of this log's",
        apply=_own_log,
        anchored=True,
    ),
    _m(
        "own-log-without-anchors",
        damage="the same, and the verifier has no key from elsewhere: said openly",
        forger="another key",
        check="anchor",
        reason="taken from what is verified: log key",
        apply=_own_log,
        status="not-checked",
    ),
]

CONSISTENCY = [
    _m(
        "consistency-flipped",
        damage="one digest of a consistency proof changed",
        check="consistency",
        reason="consistency/9",
        apply=insider(edit(f"{LOG}consistency/9", _line(1, lambda _line: base64.b64encode(bytes(32))))),
    ),
    _m(
        "consistency-dropped",
        damage="a consistency proof removed",
        check="consistency",
        reason="9 cannot be read",
        apply=insider(drop(f"{LOG}consistency/9")),
    ),
    _m(
        "consistency-added",
        damage="a consistency proof too many",
        check="consistency",
        reason="there is no pair",
        apply=insider(copy(f"{LOG}consistency/9", f"{LOG}consistency/10")),
    ),
    _m(
        "consistency-swapped",
        damage="two consistency proofs exchanged",
        check="consistency",
        reason="leads from",
        apply=insider(swap(f"{LOG}consistency/6", f"{LOG}consistency/9")),
    ),
    _m(
        "consistency-shorter",
        damage="a digest of a consistency proof removed",
        check="consistency",
        reason="consistency/9",
        apply=insider(edit(f"{LOG}consistency/9", _without_line(1))),
    ),
    _m(
        "consistency-longer",
        damage="a digest of a consistency proof twice",
        check="consistency",
        reason="consistency/9",
        apply=insider(edit(f"{LOG}consistency/9", _twice(1))),
    ),
    _m(
        "consistency-from-elsewhere",
        damage="a consistency proof that begins at another size",
        check="consistency",
        reason="consistency/9",
        apply=insider(edit(f"{LOG}consistency/9", _line(0, lambda _line: b"old 1"))),
    ),
    _m(
        "consistency-from-nothing",
        damage="a consistency proof from the empty log, which every log extends",
        check="consistency",
        reason="consistency/9",
        apply=insider(edit(f"{LOG}consistency/9", _line(0, lambda _line: b"old 0"))),
    ),
]

LEAVES = [
    _m(
        "leaf-url-changed",
        damage="another URL in a leaf",
        check="inclusion",
        reason=r"proofs/3\.tlog-proof.*not in the tree",
        apply=insider(_leaf(3, lambda leaf: leaf.update(url="http://other.example/"))),
    ),
    _m(
        "leaf-time-changed",
        damage="another time in a leaf",
        check="inclusion",
        reason="leaf 3 is not in the tree",
        apply=insider(_leaf(3, lambda leaf: leaf.update(started="2020-01-01T00:00:00.000000Z"))),
    ),
    _m(
        "leaf-state-changed",
        damage="a failed capture said to be complete",
        check="inclusion",
        reason="leaf 7 is not in the tree",
        apply=insider(_leaf(7, lambda leaf: (leaf.update(state="complete"), leaf.pop("reason")))),
    ),
    _m(
        "leaf-digest-changed",
        damage="another digest of a record in a leaf",
        check="records",
        reason="record .* of leaf 3",
        apply=insider(_leaf(3, lambda leaf: leaf["records"][0].update(sha256="sha256:" + "0" * 64))),
    ),
    _m(
        "leaf-record-dropped",
        damage="a leaf names one record less",
        check="coverage",
        reason="bytes after its last record",
        apply=insider(_leaf(10, lambda leaf: leaf["records"].pop())),
    ),
    _m(
        "leaves-swapped",
        damage="two captures exchanged: their leaves",
        check="inclusion",
        reason="is not in the tree",
        apply=insider(swap(f"{LOG}leaves/2.json", f"{LOG}leaves/3.json")),
    ),
    _m(
        "captures-swapped",
        damage="two captures exchanged: leaves and proofs",
        check="inclusion",
        reason="is for leaf 3, not 2",
        apply=insider(
            together(
                swap(f"{LOG}leaves/2.json", f"{LOG}leaves/3.json"),
                swap(f"{LOG}proofs/2.tlog-proof", f"{LOG}proofs/3.tlog-proof"),
            )
        ),
    ),
    _m(
        "leaf-renumbered",
        damage="a leaf and its proof under another index",
        check="inclusion",
        reason="is for leaf 3, not 5",
        apply=insider(
            lambda b: [
                (b / LOG / now(f"{f}/3.{e}")).rename(b / LOG / now(f"{f}/5.{e}"))
                for f, e in (("leaves", "json"), ("proofs", "tlog-proof"))
            ]
        ),
    ),
    _m(
        "leaf-duplicated",
        damage="a leaf and its proof twice",
        check="inclusion",
        reason="is for leaf 3, not 5",
        apply=insider(
            together(
                copy(f"{LOG}leaves/3.json", f"{LOG}leaves/5.json"),
                copy(f"{LOG}proofs/3.tlog-proof", f"{LOG}proofs/5.tlog-proof"),
            )
        ),
    ),
    _m(
        "leaf-dropped",
        damage="a leaf with its proof removed; its record is left",
        check="records",
        reason="record .* of leaf",
        apply=insider(drop(f"{LOG}leaves/3.json", f"{LOG}proofs/3.tlog-proof")),
    ),
    _m(
        "first-leaf-dropped",
        damage="the event that names the log's first key removed",
        check="keys",
        reason="does not begin with archive-created",
        apply=insider(drop(f"{LOG}leaves/0.json", f"{LOG}proofs/0.tlog-proof")),
    ),
    _m(
        "rotation-dropped",
        damage="the event of the key's rotation removed",
        check="keys",
        reason="which no event of the log",
        apply=insider(drop(f"{LOG}leaves/9.json", f"{LOG}proofs/9.tlog-proof")),
    ),
    _m(
        "leaf-strange-name",
        damage="a file that is no leaf among the leaves",
        check="manifests",
        reason="no such file belongs",
        apply=insider(copy(f"{LOG}leaves/3.json", f"{LOG}leaves/03.json")),
    ),
    _m(
        "leaf-not-canonical",
        damage="a blank in a leaf: the same JSON, other bytes",
        check="manifests",
        reason="not a canonical JSON",
        apply=insider(edit(f"{LOG}leaves/3.json", lambda leaf: leaf.replace(b":", b": ", 1))),
    ),
    _m(
        "leaf-key-twice",
        damage="a key twice in a leaf, with two values",
        check="manifests",
        reason="not a canonical JSON",
        apply=insider(
            edit(f"{LOG}leaves/3.json", lambda leaf: leaf[:-1] + b',"url":"http://other.example/"}')
        ),
    ),
    _m(
        "leaf-escaped",
        damage="a character of a leaf written as an escape",
        check="manifests",
        reason="not a canonical JSON",
        apply=insider(edit(f"{LOG}leaves/3.json", lambda leaf: leaf.replace(b"market", b"\\u006darket", 1))),
    ),
    _m(
        "leaf-nan",
        damage="NaN in a leaf",
        check="manifests",
        reason="canonical",
        apply=insider(_number(b"NaN")),
    ),
    _m(
        "leaf-infinite-number",
        damage="the number 1e999 in a leaf",
        check="manifests",
        reason="canonical",
        apply=insider(_number(b"1e999")),
    ),
    _m(
        "leaf-huge-number",
        damage="a number of 100,000 digits in a leaf",
        check="manifests",
        reason="leaves/3.json",
        apply=insider(_number(b"9" * 100_000)),
    ),
    _m(
        "leaf-big-number",
        damage="a number beyond 2^53 in a leaf",
        check="manifests",
        reason="leaves/3.json",
        apply=insider(_number(b"9007199254740993")),
    ),
    _m(
        "leaf-float",
        damage="a whole number written as 1.0 in a leaf",
        check="manifests",
        reason="canonical",
        apply=insider(_number(b"200.0")),
    ),
    _m(
        "leaf-bool-for-number",
        damage="true where a number belongs in a leaf",
        check="manifests",
        reason="is of type bool",
        apply=insider(_number(b"true")),
    ),
    _m(
        "leaf-field-added",
        damage="a field in a leaf that no writer knows",
        check="manifests",
        reason="unknown fields",
        apply=insider(_leaf(3, lambda leaf: leaf.update(more=1))),
    ),
    _m(
        "leaf-lone-surrogate",
        damage="half a character in a leaf",
        check="manifests",
        reason="leaves/3.json",
        apply=insider(edit(f"{LOG}leaves/3.json", lambda leaf: leaf.replace(b"market", b"\\ud800", 1))),
    ),
    _m(
        "leaf-empty",
        damage="a leaf of no bytes",
        check="manifests",
        reason="leaf is not JSON",
        apply=insider(add(f"{LOG}leaves/3.json", b"")),
    ),
    _m(
        "leaf-deep",
        damage="a leaf nested 30,000 deep",
        check="manifests",
        reason=r"leaves/3\.json",
        apply=insider(add(f"{LOG}leaves/3.json", b'{"a":' * 10_000 + b"[" * 20_000)),
    ),
    _m(
        "leaf-deep-and-whole",
        damage="a leaf nested 20,000 deep that is closed again",
        check="manifests",
        reason=r"leaves/3\.json",
        apply=insider(add(f"{LOG}leaves/3.json", b"[" * 20_000 + b"]" * 20_000)),
    ),
    _m(
        "leaf-absurd-length",
        damage="a record of 9 PB in a leaf",
        check="records",
        reason="of leaf 3|record",
        apply=insider(_leaf(3, lambda leaf: leaf["records"][0]["locator"].update(length=2**53 - 1))),
    ),
    _m(
        "leaf-negative-offset",
        damage="a record before the beginning of its file",
        check="manifests",
        reason="impossible locator",
        apply=insider(_leaf(3, lambda leaf: leaf["records"][0]["locator"].update(offset=-1))),
    ),
    _m(
        "leaf-file-elsewhere",
        damage="a record in a file that leads out of the archive",
        check="manifests",
        reason="impossible locator",
        apply=insider(_leaf(3, lambda leaf: leaf["records"][0]["locator"].update(file="../../etc/passwd"))),
    ),
]

PROOFS = [
    _m(
        "proof-flipped",
        damage="one digest of an inclusion proof changed",
        check="inclusion",
        reason=r"proofs/3\.tlog-proof",
        apply=insider(edit(f"{LOG}proofs/3.tlog-proof", _line(2, lambda _line: base64.b64encode(bytes(32))))),
    ),
    _m(
        "proof-shorter",
        damage="a digest of an inclusion proof removed",
        check="inclusion",
        reason=r"proofs/3\.tlog-proof",
        apply=insider(edit(f"{LOG}proofs/3.tlog-proof", _without_line(2))),
    ),
    _m(
        "proof-longer",
        damage="a digest of an inclusion proof twice",
        check="inclusion",
        reason=r"proofs/3\.tlog-proof",
        apply=insider(edit(f"{LOG}proofs/3.tlog-proof", _twice(2))),
    ),
    _m(
        "proof-of-another-index",
        damage="an inclusion proof for another leaf",
        check="inclusion",
        reason="is for leaf 2, not 3",
        apply=insider(copy(f"{LOG}proofs/2.tlog-proof", f"{LOG}proofs/3.tlog-proof")),
    ),
    _m(
        "proof-dropped",
        damage="an inclusion proof removed",
        check="inclusion",
        reason="3.tlog-proof cannot be read",
        apply=insider(drop(f"{LOG}proofs/3.tlog-proof")),
    ),
    _m(
        "proof-without-leaf",
        damage="an inclusion proof without its leaf",
        check="inclusion",
        reason="there is no leaf for it",
        apply=insider(copy(f"{LOG}proofs/3.tlog-proof", f"{LOG}proofs/5.tlog-proof")),
    ),
    _m(
        "proof-checkpoint-altered",
        damage="another root in the checkpoint of an inclusion proof",
        check="inclusion",
        reason="not among the signed checkpoints",
        apply=insider(
            edit(
                f"{LOG}proofs/3.tlog-proof",
                lambda t: t.replace(t.split(b"\n\n")[1].split(b"\n")[2], base64.b64encode(bytes(32))),
            )
        ),
    ),
    _m(
        "proof-huge-index",
        damage="an inclusion proof for leaf 10^18",
        check="inclusion",
        reason="is for leaf 9",
        apply=insider(edit(f"{LOG}proofs/3.tlog-proof", _line(1, lambda _line: b"index " + b"9" * 18))),
    ),
    _m(
        "proof-endless",
        damage="an inclusion proof of 50,000 digests",
        check="inclusion",
        reason="too long",
        apply=insider(edit(f"{LOG}proofs/3.tlog-proof", _line(2, lambda line: b"\n".join([line] * 50_000)))),
    ),
]

WITNESSES = [
    _m(
        "cosignature-flipped",
        damage="one bit of a witness's signature changed",
        check="witnesses",
        reason="national",
        apply=insider(
            edit(
                f"{LOG}cosignatures/11/national",
                lambda t: t[:70] + (b"A" if t[70:71] != b"A" else b"B") + t[71:],
            )
        ),
    ),
    _m(
        "cosignature-of-another-checkpoint",
        damage="a witness's signature put under another checkpoint",
        check="witnesses",
        reason="9/national",
        apply=insider(
            lambda b: (
                (b / LOG / now("cosignatures/9")).mkdir(),
                copy(f"{LOG}cosignatures/11/national", f"{LOG}cosignatures/9/national")(b),
            )
        ),
    ),
    _m(
        "cosignature-by-another-key",
        damage="cosigned under the witness's name by another key",
        forger="another key",
        check="witnesses",
        reason="no key|national",
        apply=insider(_other_witness),
    ),
    _m(
        "own-witness-with-anchors",
        damage="a witness of the forger's own, key included",
        forger="another key",
        check="witnesses",
        reason="no key|national|witness.example",
        apply=insider(_own_witness),
        anchored=True,
        status="not-checked",
    ),
    _m(
        "cosignature-of-no-checkpoint",
        damage="a witness's signature for a size without checkpoint",
        check="witnesses",
        reason="5/national",
        apply=insider(add(f"{LOG}cosignatures/5/national", b"x")),
    ),
    _m(
        "cosignature-garbage",
        damage="a witness's signature is no note line",
        check="witnesses",
        reason="national",
        apply=insider(add(f"{LOG}cosignatures/11/national", b"\xff" * 1000)),
    ),
    _m(
        "witness-key-dropped",
        damage="the witness's key removed",
        check="witnesses",
        reason="no key for it",
        apply=insider(drop("data/trust/witness-national.vkey")),
    ),
    _m(
        "witness-key-flipped",
        damage="one character of the witness's key changed",
        check="witnesses",
        reason="witness-national",
        apply=insider(flip("data/trust/witness-national.vkey", 45)),
    ),
]

MUTATIONS = [*CHECKPOINTS, *KEYS, *CONSISTENCY, *LEAVES, *PROOFS, *WITNESSES]
