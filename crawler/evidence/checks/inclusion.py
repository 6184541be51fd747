"""The log's part of a bundle: its key, the checkpoints and their signatures, leaves and inclusion proofs."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from crawler.errors import FormatError
from crawler.evidence.bundle import LOG, public_pem, signed_parts
from crawler.evidence.checkpoint import Verifier, open_note, parse_tlog_proof, parse_vkey, vkey
from crawler.evidence.checks.leaves import Leaf, Seal, check_after, read_leaf
from crawler.evidence.checks.notes import Note, read_verifier
from crawler.evidence.checks.reading import read_small, walk
from crawler.evidence.proof import verify_inclusion
from crawler.evidence.report import Faults

_LEAF = re.compile(r"leaves/(0|[1-9][0-9]{0,17})\.json")
_NOTE = re.compile(r"checkpoints/(0|[1-9][0-9]{0,17})(\.txt|\.sig|)")


@dataclass(frozen=True, slots=True)
class Included:
    """A leaf that was read, and the size of the checkpoint that its proof leads to (None: no valid proof)."""

    leaf: Leaf
    size: int | None


def read_key(bag: Path, given: str | None, faults: Faults) -> Verifier | None:
    """The key to verify with: the given one where there is one, and then the bundle's must be the same."""
    own = None
    try:
        own = read_verifier(bag / LOG / "log.vkey")
        if read_small(bag / LOG / "log.pem") != public_pem(own):
            faults.add(f"{LOG}/log.pem is not the key in log.vkey")
    except FormatError as error:
        faults.add(f"{LOG}/{error}")
    if given is None:
        return own
    try:
        trusted = parse_vkey(given.strip())
    except FormatError as error:
        faults.add(f"the key you gave cannot be read: {error}")
        return None
    if own is not None and vkey(own.name, own.public_key) != vkey(trusted.name, trusted.public_key):
        faults.add(f"{LOG}/log.vkey is another key ({own.name}, {own.key_id.hex()}) than the one you gave")
    return trusted


def read_checkpoints(bag: Path, verifier: Verifier | None, faults: Faults) -> dict[int, Note]:
    """The signed checkpoints by size; each with its text and signature files, the newest also as `checkpoint`."""
    notes: dict[int, Note] = {}
    if verifier is None:
        return notes
    for name, _ in walk(bag / LOG / "checkpoints"):
        match = _NOTE.fullmatch(f"checkpoints/{name}")
        if match is None:
            faults.add(f"{LOG}/checkpoints/{name}: no such file belongs here")
        elif not match[2]:
            try:
                notes[int(match[1])] = _read_checkpoint(bag / LOG / "checkpoints" / name, verifier)
            except FormatError as error:
                faults.add(f"{LOG}/checkpoints/{name}: {error}")
    try:
        if not notes or read_small(bag / LOG / "checkpoint") != notes[max(notes)].content:
            faults.add(f"{LOG}/checkpoint is not the newest of {LOG}/checkpoints")
    except FormatError as error:
        faults.add(f"{LOG}/{error}")
    return notes


def read_leaves(
    bag: Path, notes: Mapping[int, Note], manifests: Faults, inclusion: Faults
) -> dict[int, Included]:
    """Every leaf, with its proof checked. A proof without its leaf is a fault, and the other way round."""
    leaves: dict[int, Included] = {}
    proofs = {name for name, _ in walk(bag / LOG / "proofs") if name != "."}
    for name, _ in walk(bag / LOG / "leaves"):
        match = _LEAF.fullmatch(f"leaves/{name}")
        if match is None:
            manifests.add(f"{LOG}/leaves/{name}: no such file belongs here")
            continue
        index, proof = int(match[1]), f"{match[1]}.tlog-proof"
        proofs.discard(proof)
        try:
            content = read_small(bag / LOG / "leaves" / name)
            leaf = read_leaf(content)
        except FormatError as error:
            manifests.add(f"{LOG}/leaves/{name}: {error}")
            continue
        try:
            size: int | None = _check_proof(bag / LOG / "proofs" / proof, index, content, notes)
        except FormatError as error:
            inclusion.add(f"{LOG}/proofs/{proof}, leaf of {leaf}: {error}")
            size = None
        leaves[index] = Included(leaf, size)
    for proof in sorted(proofs):
        inclusion.add(f"{LOG}/proofs/{proof}: there is no leaf for it")
    return leaves


def check_references(leaves: Mapping[int, Included], seals: Mapping[int, Seal], manifests: Faults) -> None:
    """The seal that a leaf commits to is in the bundle and came before it."""
    for index, included in leaves.items():
        try:
            check_after(included.leaf, index, seals)
        except FormatError as error:
            manifests.add(f"{LOG}/leaves/{index}.json, {included.leaf}: {error}")


def _read_checkpoint(path: Path, verifier: Verifier) -> Note:
    content = read_small(path)
    checkpoint = open_note(content, [verifier])
    if path.name != str(checkpoint.size):
        raise FormatError(f"holds the checkpoint of size {checkpoint.size}")
    text, signature = signed_parts(content, verifier)
    for suffix, wanted in ((".txt", text), (".sig", signature)):
        if read_small(path.with_name(path.name + suffix)) != wanted:
            raise FormatError(f"{path.name}{suffix} is not the part of the note that it should be")
    return Note(checkpoint, content)


def _check_proof(path: Path, index: int, leaf: bytes, notes: Mapping[int, Note]) -> int:
    proved, digests, content = parse_tlog_proof(read_small(path))
    note = next((note for note in notes.values() if note.content == content), None)
    if note is None:
        raise FormatError("its checkpoint is not among the signed checkpoints of this bundle")
    if proved != index:
        raise FormatError(f"is for leaf {proved}, not {index}")
    verify_inclusion(leaf, index, note.checkpoint.size, digests, note.checkpoint.root)
    return note.checkpoint.size
