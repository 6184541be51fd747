"""The log's part of a bundle: leaves, inclusion proofs, checkpoints, tokens, roots and the log's key."""

import shutil
from pathlib import Path

from crawler.evidence import checkpoint as notes
from crawler.evidence.archive import Archive
from crawler.evidence.bundle import LOG, STAMPS, TRUST, public_pem, signed_parts
from crawler.evidence.timestamp import split_trust
from crawler.export.selection import Selection


def write_proofs(archive: Archive, selection: Selection, bag: Path) -> None:
    """Write data/log, data/stamps and data/trust."""
    log = bag / LOG
    for folder in ("leaves", "proofs", "checkpoints"):
        (log / folder).mkdir(parents=True)
    for selected in selection.leaves:
        _, note = archive.log.checkpoint_at(selected.size)
        path = archive.log.prove(selected.index, selected.size)
        (log / f"leaves/{selected.index}.json").write_bytes(archive.log.leaf(selected.index))
        (log / f"proofs/{selected.index}.tlog-proof").write_bytes(
            notes.tlog_proof(selected.index, path, note)
        )
    for size in selection.sizes:
        _write_checkpoint(archive, size, log)
    (log / "checkpoint").write_bytes(archive.log.checkpoint_at(max(selection.sizes))[1])
    verifier = archive.log.verifier
    (log / "log.vkey").write_text(notes.vkey(verifier.name, verifier.public_key) + "\n", "ascii")
    (log / "log.pem").write_bytes(public_pem(verifier))
    _write_stamps(archive.path, selection, bag)


def _write_checkpoint(archive: Archive, size: int, log: Path) -> None:
    _, note = archive.log.checkpoint_at(size)
    text, signature = signed_parts(note, archive.log.verifier)
    (log / f"checkpoints/{size}").write_bytes(note)
    (log / f"checkpoints/{size}.txt").write_bytes(text)
    (log / f"checkpoints/{size}.sig").write_bytes(signature)


def _write_stamps(archive: Path, selection: Selection, bag: Path) -> None:
    (bag / STAMPS).mkdir()
    (bag / TRUST).mkdir()
    for stamp in selection.stamps:
        folder = bag / STAMPS / str(stamp.size)
        folder.mkdir(exist_ok=True)
        for suffix in ("tsq", "tsr", "chain.pem"):
            name = f"{stamp.authority}.{suffix}"
            shutil.copyfile(archive / "log/stamps" / str(stamp.size) / name, folder / name)
    for authority in sorted({stamp.authority for stamp in selection.stamps}):
        # Only the roots: what openssl is given as -CAfile must hold nothing but what the reader is to trust.
        roots, _ = split_trust((archive / "trust" / f"{authority}.pem").read_bytes())
        (bag / TRUST / f"{authority}.pem").write_bytes(b"".join(roots))
