"""OpenTimestamps, an optional extra: a further sign that a checkpoint existed, never the only one.

    log/ots/<size>/<calendar host>.ots    a detached timestamp file of the standard `ots` client, over the bytes of
                                          log/checkpoints/<size>: SHA-256, then a nonce of 16 bytes, SHA-256, and
                                          what the calendar answered

A calendar's answer is its promise to put the digest into a Bitcoin block, and proves no time. Hours later it can be
asked for the path to a block (`upgrade`); what then remains is to compare a Merkle root with the header of that
block, which needs a Bitcoin node or a block explorer: that is the reader's to do, and nothing here claims it.

The library (`pip install 'web-evidence[ots]'`) is asked for only where something is to be read or written.
"""

import importlib
import io
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from crawler.errors import ConfigError, FormatError
from crawler.evidence.archive import Archive
from crawler.evidence.durable import durable_write, sync_folder

FOLDER = "log/ots"
MAX_OTS = 64 << 10  # bytes of a file; a complete one has some 2,000
MAX_ANSWER = 10_000  # bytes of a calendar's answer, the limit of the standard client
INSTALL = "the library for OpenTimestamps is not installed: pip install 'web-evidence[ots]'"
MEDIA = "application/vnd.opentimestamps.v1"

_NONCE = 16
_HIGHEST = 1_000_000_000  # a block height beyond it is nonsense
# What the library raises on malformed input, wherever it happens to stumble; a file may be hostile.
_MALFORMED = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    OverflowError,
    AssertionError,
    RecursionError,
)

Ask = Callable[[str, bytes | None], bytes]  # POST, or GET without a body; raises OSError


@dataclass(frozen=True, slots=True)
class Block:
    """What to compare by hand: the block of that height must have this Merkle root (hex, as explorers show it)."""

    height: int
    merkle_root: str


@dataclass(frozen=True, slots=True)
class OtsState:
    """What a file holds: calendars that promised, blocks that are named. Neither was checked against Bitcoin."""

    pending: tuple[str, ...]
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Submitted:
    """Which calendars took a checkpoint, and which did not and why."""

    size: int
    kept: tuple[str, ...]
    missing: dict[str, str]


def installed() -> bool:
    """Whether the library is there."""
    try:
        _library("timestamp")
    except ConfigError:
        return False
    return True


def submit(note: bytes, calendar: str, ask: Ask) -> bytes:
    """Have a calendar take the digest of `note` with a nonce; returns the .ots file. Raises OSError, FormatError.

    The nonce keeps the calendar from learning the digest of a checkpoint that is published one day.
    """
    timestamps, ops = _library("timestamp"), _library("op")
    detached = timestamps.DetachedTimestampFile.from_fd(ops.OpSHA256(), io.BytesIO(note))
    nonced = detached.timestamp.ops.add(ops.OpAppend(os.urandom(_NONCE)))
    asked = nonced.ops.add(ops.OpSHA256())
    asked.merge(_answer(ask(f"{calendar.rstrip('/')}/digest", asked.msg), asked.msg))
    content = _to_bytes(detached)
    read_state(content, note)
    return content


def upgrade(content: bytes, calendars: tuple[str, ...], ask: Ask) -> bytes:
    """Ask the configured calendars for what became of their promises; the file with what they answered.

    A file may name any address: only those in `calendars` are asked. Raises OSError, FormatError.
    """
    detached = _detached(content)
    wanted = {calendar.rstrip("/") for calendar in calendars}
    for node in list(_nodes(detached.timestamp)):
        for attestation in list(node.attestations):
            uri = getattr(attestation, "uri", "").rstrip("/")
            if uri in wanted:
                node.merge(_answer(ask(f"{uri}/timestamp/{node.msg.hex()}", None), node.msg))
    return _to_bytes(detached)


def read_state(content: bytes, note: bytes) -> OtsState:
    """What an .ots file says of a note.

    Raises FormatError (malformed, or over something else) and ConfigError (the library is missing).
    """
    detached = _detached(content)
    ops = _library("op")
    if type(detached.file_hash_op) is not ops.OpSHA256 or detached.file_digest != sha256(note).digest():
        raise FormatError("it is not over this checkpoint")
    notary = _library("notary")
    pending: list[str] = []
    blocks: set[Block] = set()
    for node in _nodes(detached.timestamp):
        for attestation in node.attestations:
            if type(attestation) is notary.PendingAttestation:
                pending.append(attestation.uri)
            elif type(attestation) is notary.BitcoinBlockHeaderAttestation:
                blocks.add(_block(attestation.height, node.msg))
    return OtsState(tuple(sorted(set(pending))), tuple(sorted(blocks, key=lambda block: block.height)))


def file_name(calendar: str) -> str:
    """The file of a calendar: its host, and its port where it has one."""
    return re.sub(r"[^A-Za-z0-9.-]", "-", urlsplit(calendar).netloc) + ".ots"


def submit_newest(archive: Archive, ask: Ask) -> Submitted:
    """Submit the newest checkpoint to every configured calendar that has not taken it; failures are told.

    Raises ConfigError if calendars are configured and the library is missing; DiskFull or RecordError.
    """
    checkpoint, note = archive.log.latest_checkpoint()
    folder = archive.path / FOLDER / str(checkpoint.size)
    kept, missing = [], {}
    for calendar in archive.config.calendars:
        path = folder / file_name(calendar)
        if path.is_file():
            continue
        try:
            content = submit(note, calendar, ask)
        except (OSError, FormatError) as error:
            missing[calendar] = str(error)
            continue
        with archive.refusals():
            folder.mkdir(parents=True, exist_ok=True)
            sync_folder(folder.parent)
            sync_folder(folder.parent.parent)
            durable_write(path, content)
        kept.append(calendar)
    return Submitted(checkpoint.size, tuple(kept), missing)


def upgrade_all(archive: Archive, ask: Ask) -> dict[str, str]:
    """Upgrade every file that names no block yet; file → what came of it: complete, pending, or why not."""
    found: dict[str, str] = {}
    for path in sorted((archive.path / FOLDER).glob("*/*.ots")):
        name = path.relative_to(archive.path / FOLDER).as_posix()
        try:
            _, note = archive.log.checkpoint_at(int(path.parent.name))
            content = path.read_bytes()
            state = read_state(content, note)
            if not state.blocks:
                upgraded = upgrade(content, archive.config.calendars, ask)
                state = read_state(upgraded, note)
                if upgraded != content:
                    with archive.refusals():
                        durable_write(path, upgraded)
            found[name] = "complete" if state.blocks else "pending"
        except (OSError, FormatError, ValueError) as error:
            found[name] = str(error)
    return found


def _block(height: int, root: bytes) -> Block:
    if not 0 <= height < _HIGHEST or len(root) != 32:
        raise FormatError("it names a block that cannot be")
    return Block(height, root[::-1].hex())


def _detached(content: bytes) -> Any:
    if len(content) > MAX_OTS:
        raise FormatError(f"{len(content)} bytes, more than {MAX_OTS}: no file of OpenTimestamps")
    timestamps, serialize = _library("timestamp"), _library("serialize")
    try:
        context = serialize.BytesDeserializationContext(content)
        detached = timestamps.DetachedTimestampFile.deserialize(context)
        context.assert_eof()
    except (serialize.DeserializationError, *_MALFORMED) as error:
        raise FormatError(f"no file of OpenTimestamps: {type(error).__name__}") from error
    return detached


def _answer(content: bytes, message: bytes) -> Any:
    timestamps, serialize = _library("timestamp"), _library("serialize")
    if len(content) > MAX_ANSWER:
        raise FormatError(f"the calendar answered with more than {MAX_ANSWER} bytes")
    try:
        return timestamps.Timestamp.deserialize(serialize.BytesDeserializationContext(content), message)
    except (serialize.DeserializationError, *_MALFORMED) as error:
        raise FormatError(f"the calendar's answer is no timestamp: {type(error).__name__}") from error


def _to_bytes(detached: Any) -> bytes:
    context = _library("serialize").BytesSerializationContext()
    detached.serialize(context)
    content: bytes = context.getbytes()
    return content


def _nodes(timestamp: Any) -> Iterator[Any]:
    """Every message of the tree; an own stack, for a tree may be deep."""
    waiting = [timestamp]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += node.ops.values()


def _library(part: str) -> Any:
    try:
        return importlib.import_module(f"opentimestamps.core.{part}")
    except ImportError as error:
        raise ConfigError(INSTALL) from error
