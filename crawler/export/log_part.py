"""The part of the log that is handed over: leaves, proofs, checkpoints, tokens, roots and keys.

The form is that of crawler.evidence.bundle; a bundle has it below ``data/``, a receipt at its top.
"""

import shutil
from itertools import pairwise
from pathlib import Path

from crawler.evidence.add_checkpoint import AddCheckpoint
from crawler.evidence.archive import Archive
from crawler.evidence.bundle import public_pem, signed_parts
from crawler.evidence.checkpoint import tlog_proof
from crawler.evidence.timestamp import split_trust
from crawler.evidence.trust import FILE as ROOTS
from crawler.export.selection import Selection


def write_log_part(archive: Archive, selection: Selection, root: Path) -> None:
    """Write root/log, root/stamps and root/trust."""
    log = root / "log"
    for folder in ("leaves", "proofs", "checkpoints", "consistency", "keys"):
        (log / folder).mkdir(parents=True)
    notes = {size: archive.log.checkpoint_at(size)[1] for size in {one.size for one in selection.leaves}}
    paths = archive.log.prove_many((one.index, one.size) for one in selection.leaves)
    leaves, proofs = f"{log}/leaves", f"{log}/proofs"  # joined as texts: paths take as long as all the rest
    for selected, path in zip(selection.leaves, paths, strict=True):
        index, note = selected.index, notes[selected.size]
        _write(f"{leaves}/{index}.json", archive.log.leaf(index))
        _write(f"{proofs}/{index}.tlog-proof", tlog_proof(index, path, note))
    _write_originals(archive, selection, log)
    for size in selection.sizes:
        _write_checkpoint(archive, size, log)
    for old, new in pairwise(selection.sizes):
        path = archive.log.consistency(old, new)
        request = AddCheckpoint(old, tuple(path), archive.log.checkpoint_at(new)[1])
        (log / f"consistency/{new}").write_bytes(request.to_bytes())
    (log / "checkpoint").write_bytes(archive.log.checkpoint_at(max(selection.sizes))[1])
    _write_keys(archive, log)
    _write_stamps(archive.path, selection, root)
    _write_cosignatures(archive.path, selection, root)


def _write(path: str, content: bytes) -> None:
    with open(path, "xb", buffering=0) as stream:  # noqa: PTH123 - see above
        stream.write(content)


def _write_originals(archive: Archive, selection: Selection, log: Path) -> None:
    """The proofs of leaves that stay in the archive: redacted captures were made of them."""
    if not selection.originals:
        return
    (log / "originals").mkdir()
    paths = archive.log.prove_many((one.entry, one.size) for one in selection.originals)
    for one, path in zip(selection.originals, paths, strict=True):
        _, note = archive.log.checkpoint_at(one.size)
        (log / f"originals/{one.entry}.tlog-proof").write_bytes(tlog_proof(one.entry, path, note))


def _write_checkpoint(archive: Archive, size: int, log: Path) -> None:
    _, note = archive.log.checkpoint_at(size)
    text, signature, _ = signed_parts(note, archive.log.verifiers)
    (log / f"checkpoints/{size}").write_bytes(note)
    (log / f"checkpoints/{size}.txt").write_bytes(text)
    (log / f"checkpoints/{size}.sig").write_bytes(signature)


def _write_keys(archive: Archive, log: Path) -> None:
    verifiers = archive.log.verifiers
    lines = [verifier.line + "\n" for verifier in verifiers]
    (log / "log.vkey").write_text("".join(lines), "ascii")
    (log / "log.pem").write_bytes(public_pem(verifiers[-1]))
    for verifier in verifiers:
        (log / f"keys/{verifier.key_id.hex()}.pem").write_bytes(public_pem(verifier))


def _write_stamps(archive: Path, selection: Selection, root: Path) -> None:
    (root / "stamps").mkdir()
    (root / "trust").mkdir()
    for size, authority in selection.tokens:
        folder = root / "stamps" / str(size)
        folder.mkdir(exist_ok=True)
        for suffix in ("tsq", "tsr", "chain.pem"):
            name = f"{authority}.{suffix}"
            shutil.copyfile(archive / "log/stamps" / str(size) / name, folder / name)
    for authority in sorted({authority for _, authority in selection.tokens}):
        # Only the roots: what openssl is given as -CAfile must hold nothing but what the reader is to trust.
        roots, _ = split_trust((archive / "trust" / f"{authority}.pem").read_bytes())
        (root / "trust" / f"{authority}.pem").write_bytes(b"".join(roots))
    if (archive / "trust" / ROOTS).is_file():  # until when each root is accepted
        shutil.copyfile(archive / "trust" / ROOTS, root / "trust" / ROOTS)


def _write_cosignatures(archive: Path, selection: Selection, root: Path) -> None:
    for size in selection.sizes:
        folder = archive / "log/cosignatures" / str(size)
        if folder.is_dir():
            shutil.copytree(folder, root / "log/cosignatures" / str(size))
    for vkey in archive.glob("trust/witness-*.vkey"):
        shutil.copyfile(vkey, root / "trust" / vkey.name)
