"""Timestamp tokens over checkpoints, judged against configured roots.

    STAMPS/<size>/<tsa>.tsq, .tsr, .chain.pem      TRUST/<tsa>.pem, roots.toml

Certificates in chain.pem help to build a path and never end one: that is for the roots in TRUST. Which times
follow from the tokens is in crawler.evidence.bracket, how long they hold in crawler.evidence.renewal.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from crawler import clock
from crawler.errors import EvidenceError, FormatError, NotJudged, TimestampError
from crawler.evidence.certificates import fingerprint, split_trust
from crawler.evidence.checks.leaves import Seal
from crawler.evidence.checks.reading import names_in, read_small
from crawler.evidence.digest import digest
from crawler.evidence.report import Faults, Words
from crawler.evidence.timestamp import VerifiedToken, read_token, verify_token
from crawler.evidence.trust import accepted, read_roots

__all__ = [
    "Anchors",
    "Seal",
    "Stamp",
    "Stamps",
    "check_stamps",
    "find_stamps",
    "fingerprint",
    "in_beijing",
    "in_utc",
    "signers",
    "verify_stamp",
]

# What asn1crypto raises on malformed input, wherever it happens to stumble; a token may be hostile.
_MALFORMED = (ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError)
_LONGEST_NAME = 200  # characters of a certificate's subject that are shown
_MOST_SHOWN = 8  # signers that a report names
_AT_ONCE = 64  # tokens handed to the threads together, which is a bound on memory


@dataclass(frozen=True, slots=True)
class Stamp:
    """A token that verified: over the checkpoint of `size`, by the authority of that configured name."""

    size: int
    authority: str
    token: VerifiedToken
    digest: str = ""  # sha256:<hex> of the .tsr, as leaves name it

    @property
    def gen_time(self) -> datetime:
        """When it was stamped, UTC."""
        return self.token.gen_time

    @property
    def path_until(self) -> datetime:
        """The earliest end of validity on its certificate path, signer and root included."""
        return self.token.path_until

    @property
    def policy(self) -> str:
        """OID of the policy that it was stamped under."""
        return self.token.policy

    @property
    def serial(self) -> int:
        """The number that its TSA gave it."""
        return self.token.serial

    @property
    def subject(self) -> str:
        """Who signed, as its certificate says; `authority` is only what the file is called."""
        name = self.token.tsa_name[:_LONGEST_NAME]
        return "".join(character if character.isprintable() else "�" for character in name)

    @property
    def verified_by(self) -> tuple[str, ...]:
        """The tools that said yes: rfc3161-client, openssl."""
        return self.token.verified_by


@dataclass(slots=True)
class Stamps:
    """All tokens of an archive or a bundle.

    `seals` is what leaves may name: every signed checkpoint with the digests of its tokens, those that nobody
    here can judge included. `unjudged` has a sentence for each of the latter: they are *not checked*, neither
    failed nor counted.
    """

    verified: list[Stamp] = field(default_factory=list)
    seals: dict[int, Seal] = field(default_factory=dict)
    unjudged: list[str] = field(default_factory=list)


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
        # organisation*.pem are roots of those who sign bundles; they vouch for no time.
        found = (
            path for path in sorted(self.folder.glob("*.pem")) if not path.name.startswith("organisation")
        )
        return split_trust(b"\n".join(read_small(path) for path in found))

    def roots_at(self, authority: str, moment: datetime) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
        """As `roots`, but only roots that trust/roots.toml accepts for a token of that genTime."""
        roots, intermediates = self.roots(authority)
        whose = None if self.pooled else authority
        return accepted(roots, read_roots(self.folder), whose, moment), intermediates


def holds_roots(trust: Path | None) -> bool:
    """Whether the verifier's own folder has anything to verify tokens with.

    It may hold only a log's or a witness's key, or the key of a WACZ signer: then tokens are verified with the roots
    that came along, which the check ``anchor`` tells, instead of failing for want of any.
    """
    if trust is None:
        return False
    paths = (path for path in sorted(trust.glob("*.pem")) if not path.name.startswith("organisation"))
    contents = (read_small(path) for path in paths)
    return any(b"BEGIN PUBLIC KEY" not in content or b"BEGIN CERT" in content for content in contents)


def find_stamps(folder: Path, faults: Faults) -> Iterator[tuple[str, list[str]]]:
    """(name of the checkpoint's folder, sorted names of its authorities). What cannot be read is in `faults`."""
    try:
        sizes = names_in(folder)
    except FormatError as error:
        faults.add(str(error))
        return
    for size in sizes:
        try:
            yield size, sorted({name.split(".")[0] for name in names_in(folder / size)})
        except FormatError as error:
            faults.add(f"stamps/{error}")


def check_stamps(folder: Path, notes: Mapping[int, bytes], anchors: Anchors, faults: Faults) -> Stamps:
    """Verify every token; `notes` gives the signed notes by size. Never raises: what is wrong is in `faults`."""
    found = Stamps(seals={size: Seal(digest(note)) for size, note in notes.items()})
    wanted: list[tuple[int, str]] = []
    for size_text, authorities in find_stamps(folder, faults):
        size = int(size_text) if size_text.isdecimal() and len(size_text) < 19 else -1
        if str(size) != size_text or size not in notes:
            faults.add(f"stamps/{size_text}: there is no checkpoint of this size")
            continue
        wanted += [(size, authority) for authority in authorities]
    for (size, authority), verdict in _verify_all(folder, sorted(wanted), notes, anchors):
        name = f"stamps/{size}/{authority}.tsr"
        if isinstance(verdict, EvidenceError):
            faults.add(f"{name}: {verdict}")
            continue
        if verdict.digest in found.seals[size].tokens.values():
            faults.add(f"{name}: the same token is there under another name; it counts once")
            continue
        found.seals[size].tokens[authority] = verdict.digest
        if isinstance(verdict, Stamp):
            found.verified.append(verdict)
        else:
            found.unjudged.append(f"{name}: {verdict.reason}")
    return found


def verify_stamp(folder: Path, size: int, authority: str, note: bytes, anchors: Anchors) -> Stamp:
    """Verify one token over the note of that size. Raises FormatError or TimestampError (also NotJudged)."""
    base = folder / str(size)
    tsr, tsq, chain = (read_small(base / (authority + end)) for end in (".tsr", ".tsq", ".chain.pem"))
    try:
        roots, intermediates = anchors.roots_at(authority, read_token(tsr).gen_time)
        token = verify_token(tsr, note, tsq=tsq, roots=roots, intermediates=(*intermediates, chain))
    except _MALFORMED as error:
        raise FormatError(f"malformed certificate or token: {error}") from error
    return Stamp(size, authority, token, digest(tsr))


class _Unjudged(NamedTuple):
    """A token that nobody here can judge."""

    digest: str
    reason: str


def _verify_all(
    folder: Path, wanted: list[tuple[int, str]], notes: Mapping[int, bytes], anchors: Anchors
) -> Iterator[tuple[tuple[int, str], Stamp | _Unjudged | EvidenceError]]:
    """Each token's verdict, in order. Threads: nearly all the time is spent in the openssl command."""

    def judge(place: tuple[int, str]) -> Stamp | _Unjudged | EvidenceError:
        size, authority = place
        try:
            tsr = digest(read_small(folder / f"{size}/{authority}.tsr"))
            return verify_stamp(folder, size, authority, notes[size], anchors)
        except NotJudged as error:
            return _Unjudged(tsr, str(error))
        except (FormatError, TimestampError) as error:
            return error

    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        for start in range(0, len(wanted), _AT_ONCE):
            batch = wanted[start : start + _AT_ONCE]
            yield from zip(batch, pool.map(judge, batch), strict=True)


def signers(stamps: Iterable[Stamp]) -> Words:
    """Who signed these tokens by their certificates, each with the names under which its tokens lie.

    A file may be called after anybody, and one authority's tokens after two: the certificates tell.
    """
    names: dict[str, set[str]] = {}
    for stamp in stamps:
        names.setdefault(stamp.subject, set()).add(stamp.authority)
    told = [(subject, sorted(files)) for subject, files in sorted(names.items())][:_MOST_SHOWN]
    return Words(
        "；".join(f"{subject}（文件名 {'、'.join(files)}）" for subject, files in told) or "无",
        "; ".join(f"{subject} (filed as {', '.join(files)})" for subject, files in told) or "none",
    )


def in_beijing(moment: datetime) -> str:
    """For readers of Chinese, with the zone."""
    return clock.beijing(clock.stamp(moment))


def in_utc(moment: datetime) -> str:
    """For readers of English: ``2026-11-22 08:16:41 UTC``."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
