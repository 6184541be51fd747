"""The log's part of what is handed over, file by file: keys, checkpoints, consistency, leaves, inclusion proofs.

`root` is the folder that holds ``log``; `label` is what stands before ``log`` when a file is named.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from crawler.errors import FormatError
from crawler.evidence.add_checkpoint import parse_add_checkpoint
from crawler.evidence.bundle import public_pem, signed_parts
from crawler.evidence.checkpoint import open_signed, parse_tlog_proof
from crawler.evidence.checks.leaves import Leaf, Seal, check_after, check_handed_over, read_leaf
from crawler.evidence.checks.notes import Note, read_verifiers
from crawler.evidence.checks.reading import read_small, walk
from crawler.evidence.digest import parse_digest
from crawler.evidence.note import Verifier
from crawler.evidence.proof import leaf_digest, verify_consistency, verify_unseen
from crawler.evidence.report import Faults

_LEAF = re.compile(r"(0|[1-9][0-9]{0,17})\.json")
_NOTE = re.compile(r"(0|[1-9][0-9]{0,17})(\.txt|\.sig|)")


@dataclass(frozen=True, slots=True)
class Part:
    """The folder that holds ``log``, and what stands before ``log`` when one of its files is named."""

    root: Path
    label: str

    @property
    def log(self) -> Path:
        """The folder of the log's files."""
        return self.root / "log"

    def name(self, file: str) -> str:
        """How a file below ``log`` is named in a report."""
        return f"{self.label}log/{file}"


@dataclass(frozen=True, slots=True)
class Included:
    """A leaf that was read, and the size of the checkpoint that its proof leads to (None: no valid proof)."""

    leaf: Leaf
    size: int | None


def read_keys(part: Part, faults: Faults) -> tuple[Verifier, ...]:
    """The log's public keys, oldest first; each is there as PEM too, and the newest as log.pem."""
    try:
        verifiers = read_verifiers(part.log / "log.vkey")
    except FormatError as error:
        faults.add(part.name(str(error)))
        return ()
    wanted = {f"keys/{verifier.key_id.hex()}.pem": public_pem(verifier) for verifier in verifiers}
    for name, pem in {**wanted, "log.pem": public_pem(verifiers[-1])}.items():
        try:
            if read_small(part.log / name) != pem:
                faults.add(f"{part.name(name)} is not the key in log.vkey")
        except FormatError as error:
            faults.add(part.name(str(error)))
    for name, _ in walk(part.log / "keys"):
        if f"keys/{name}" not in wanted:
            faults.add(f"{part.name('keys')}/{name}: no key of log.vkey has this file")
    return verifiers


def read_checkpoints(part: Part, verifiers: Sequence[Verifier], faults: Faults) -> dict[int, Note]:
    """The signed checkpoints by size; each with its text and signature files, the newest also as `checkpoint`."""
    notes: dict[int, Note] = {}
    if not verifiers:
        return notes
    for name, _ in walk(part.log / "checkpoints"):
        match = _NOTE.fullmatch(name)
        if match is None:
            faults.add(f"{part.name('checkpoints')}/{name}: no such file belongs here")
        elif not match[2]:
            try:
                notes[int(match[1])] = _read_checkpoint(part.log / "checkpoints" / name, verifiers)
            except FormatError as error:
                faults.add(f"{part.name('checkpoints')}/{name}: {error}")
    try:
        if not notes or read_small(part.log / "checkpoint") != notes[max(notes)].content:
            faults.add(f"{part.name('checkpoint')} is not the newest of {part.name('checkpoints')}")
    except FormatError as error:
        faults.add(part.name(str(error)))
    return notes


def check_consistency(part: Part, notes: Mapping[int, Note], faults: Faults) -> int:
    """Each checkpoint extends the one before it (RFC 9162 section 2.1.4); returns how many pairs were compared."""
    pairs = list(pairwise(sorted(notes)))
    wanted = {str(new) for _, new in pairs}
    for name, _ in walk(part.log / "consistency"):
        if name not in wanted and name != ".":
            faults.add(f"{part.name('consistency')}/{name}: there is no pair of checkpoints for it")
    for old, new in pairs:
        try:
            _check_pair(part.log / "consistency" / str(new), notes[old], notes[new])
        except FormatError as error:
            faults.add(f"{part.name('consistency')}/{new}: {error}")
    return len(pairs)


def read_leaves(
    part: Part, notes: Mapping[int, Note], manifests: Faults, inclusion: Faults
) -> dict[int, Included]:
    """Every leaf, with its proof checked, by rising index. A proof without its leaf is a fault, and vice versa."""
    leaves: dict[int, Included] = {}
    by_content = {note.content: note for note in notes.values()}
    proofs = {name for name, _ in walk(part.log / "proofs") if name != "."}
    for name, _ in walk(part.log / "leaves"):
        match = _LEAF.fullmatch(name)
        if match is None:
            manifests.add(f"{part.name('leaves')}/{name}: no such file belongs here")
            continue
        index, proof = int(match[1]), f"{match[1]}.tlog-proof"
        proofs.discard(proof)
        try:
            content = read_small(part.log / "leaves" / name)
            leaf = read_leaf(content)
        except FormatError as error:
            manifests.add(f"{part.name('leaves')}/{name}: {error}")
            continue
        try:
            size: int | None = _check_proof(
                part.log / "proofs" / proof, index, leaf_digest(content), by_content
            )
        except FormatError as error:
            inclusion.add(f"{part.name('proofs')}/{proof}, leaf of {leaf}: {error}")
            size = None
        leaves[index] = Included(leaf, size)
    for proof in sorted(proofs):
        inclusion.add(f"{part.name('proofs')}/{proof}: there is no leaf for it")
    return dict(sorted(leaves.items()))


def check_originals(
    part: Part, leaves: Mapping[int, Included], notes: Mapping[int, Note], inclusion: Faults
) -> dict[int, int]:
    """The leaves that redacted captures were made from are in the log, though nobody here sees them.

    Returns by entry the size of the checkpoint that the proof of each leads to. A file without such a capture is a
    fault.
    """
    by_content = {note.content: note for note in notes.values()}
    named: dict[int, str] = {}
    for index, included in leaves.items():
        redacted = included.leaf.capture.redacted if included.leaf.capture is not None else None
        if redacted is None:
            continue
        if redacted.entry >= index or named.setdefault(redacted.entry, redacted.leaf) != redacted.leaf:
            inclusion.add(f"{part.name('leaves')}/{index}.json: its original is no entry before it, or two")
    proofs, found = {name for name, _ in walk(part.log / "originals") if name != "."}, {}
    for entry, leaf in named.items():
        name = f"{entry}.tlog-proof"
        proofs.discard(name)
        try:
            digest = parse_digest(leaf)[1]
            found[entry] = _check_proof(part.log / "originals" / name, entry, digest, by_content)
        except FormatError as error:
            inclusion.add(f"{part.name('originals')}/{name}: {error}")
    for name in sorted(proofs):
        inclusion.add(f"{part.name('originals')}/{name}: no redacted capture was made from it")
    return found


def check_references(
    part: Part, leaves: Mapping[int, Included], seals: Mapping[int, Seal], manifests: Faults
) -> None:
    """The seal that a leaf commits to is there and came before it; no leaf is one that is never handed over."""
    for index, included in leaves.items():
        try:
            check_handed_over(included.leaf)
            check_after(included.leaf, index, seals)
        except FormatError as error:
            manifests.add(f"{part.name('leaves')}/{index}.json, {included.leaf}: {error}")


def _read_checkpoint(path: Path, verifiers: Sequence[Verifier]) -> Note:
    content = read_small(path)
    checkpoint, signer = open_signed(content, verifiers)
    if path.name != str(checkpoint.size):
        raise FormatError(f"holds the checkpoint of size {checkpoint.size}")
    parts = signed_parts(content, [signer])
    for suffix, wanted in ((".txt", parts.text), (".sig", parts.signature)):
        if read_small(path.with_name(path.name + suffix)) != wanted:
            raise FormatError(f"{path.name}{suffix} is not the part of the note that it should be")
    return Note(checkpoint, content, signer)


def _check_pair(path: Path, old: Note, new: Note) -> None:
    request = parse_add_checkpoint(read_small(path))
    if request.old != old.checkpoint.size or request.note != new.content:
        raise FormatError(
            f"leads from {request.old} to another checkpoint than {new.checkpoint.size}, or not from"
            f" {old.checkpoint.size}"
        )
    verify_consistency(
        old.checkpoint.size, old.checkpoint.root, new.checkpoint.size, new.checkpoint.root, request.path
    )


def _check_proof(path: Path, index: int, leaf: bytes, notes: Mapping[bytes, Note]) -> int:
    """`leaf`: its digest. Returns the size of the checkpoint that the proof leads to."""
    proved, digests, content = parse_tlog_proof(read_small(path))
    note = notes.get(content)
    if note is None:
        raise FormatError("its checkpoint is not among the signed checkpoints of this bundle")
    if proved != index:
        raise FormatError(f"is for leaf {proved}, not {index}")
    verify_unseen(leaf, index, note.checkpoint.size, digests, note.checkpoint.root)
    return note.checkpoint.size
