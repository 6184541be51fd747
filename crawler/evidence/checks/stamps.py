"""Timestamp tokens over checkpoints, judged against configured roots; and the time bracket they give.

    STAMPS/<size>/<tsa>.tsq, .tsr, .chain.pem      TRUST/<tsa>.pem

Certificates in chain.pem help to build a path and never end one: that is for the roots in TRUST.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import load_pem_x509_certificate

from crawler import clock
from crawler.errors import FormatError, TimestampError
from crawler.evidence.checks.leaves import Seal
from crawler.evidence.checks.reading import read_small
from crawler.evidence.digest import digest
from crawler.evidence.report import Faults
from crawler.evidence.timestamp import VerifiedToken, split_trust, verify_token

# What asn1crypto raises on malformed input, wherever it happens to stumble; a token may be hostile.
_MALFORMED = (ValueError, TypeError, LookupError, AttributeError, OverflowError)


@dataclass(frozen=True, slots=True)
class Stamp:
    """A token that verified: over the checkpoint of `size`, by the authority of that configured name."""

    size: int
    authority: str
    token: VerifiedToken


@dataclass(frozen=True, slots=True)
class Anchors:
    """The folder of configured roots. `pooled`: the verifier's own, whose file names need not be ours."""

    folder: Path
    pooled: bool = False

    def roots(self, authority: str) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
        """Roots and intermediates for an authority. Raises FormatError or TimestampError."""
        own = self.folder / f"{authority}.pem"
        if own.exists() or not self.pooled:
            return split_trust(read_small(own))
        pems = [read_small(path) for path in sorted(self.folder.glob("*.pem"))]
        return split_trust(b"\n".join(pems))


def find_stamps(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """(name of the checkpoint's folder, sorted names of its authorities)."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        names = {file.name.split(".")[0] for file in path.iterdir()} if path.is_dir() else set()
        yield path.name, sorted(names)


def check_stamps(
    folder: Path, notes: Mapping[int, bytes], anchors: Anchors, faults: Faults
) -> tuple[list[Stamp], dict[int, Seal]]:
    """Verify every token; `notes` gives the signed notes by size. Returns stamps and what leaves may name."""
    stamps: list[Stamp] = []
    seals = {size: Seal(digest(note)) for size, note in notes.items()}
    for size_text, authorities in find_stamps(folder):
        size = int(size_text) if size_text.isdecimal() and len(size_text) < 19 else -1
        if str(size) != size_text or size not in notes:
            faults.add(f"stamps/{size_text}: there is no checkpoint of this size")
            continue
        for authority in authorities:
            try:
                stamps.append(verify_stamp(folder, size, authority, notes[size], anchors))
            except (FormatError, TimestampError) as error:
                faults.add(f"stamps/{size}/{authority}.tsr: {error}")
            else:
                tsr = folder / size_text / f"{authority}.tsr"
                seals[size].tokens[authority] = digest(read_small(tsr))
    return stamps, seals


def verify_stamp(folder: Path, size: int, authority: str, note: bytes, anchors: Anchors) -> Stamp:
    """Verify one token over the note of that size. Raises FormatError or TimestampError."""
    base = folder / str(size)
    tsr, tsq, chain = (read_small(base / (authority + end)) for end in (".tsr", ".tsq", ".chain.pem"))
    try:
        roots, intermediates = anchors.roots(authority)
        token = verify_token(tsr, note, tsq=tsq, roots=roots, intermediates=(*intermediates, chain))
    except _MALFORMED as error:
        raise FormatError(f"malformed certificate or token: {error}") from error
    return Stamp(size, authority, token)


def not_before(size: int, stamps: Iterable[Stamp]) -> datetime | None:
    """The earliest genTime over one checkpoint: what commits to these tokens came later.

    The earliest, so that the statement holds as long as *one* of the authorities is honest.
    """
    return min((stamp.token.gen_time for stamp in stamps if stamp.size == size), default=None)


def not_after(index: int, stamps: Iterable[Stamp]) -> datetime | None:
    """The time by which leaf `index` existed: the earliest checkpoint that covers it, as its latest token says.

    The latest over one checkpoint, so that the statement holds as long as one of its authorities is honest.
    """
    latest: dict[int, datetime] = {}
    for stamp in stamps:
        if stamp.size > index:
            latest[stamp.size] = max(stamp.token.gen_time, latest.get(stamp.size, stamp.token.gen_time))
    return min(latest.values(), default=None)


def fingerprint(pem: bytes) -> str:
    """SHA-256 of a certificate's DER, lower-case hex. Raises ValueError if it is none."""
    return load_pem_x509_certificate(pem).fingerprint(SHA256()).hex()


def in_beijing(moment: datetime) -> str:
    """For people, with the zone."""
    return clock.beijing(clock.stamp(moment))
