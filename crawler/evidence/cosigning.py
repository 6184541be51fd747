"""Our side of witnessing: ask witnesses to cosign our newest checkpoint, and keep what they answer.

    trust/witness-<name>.vkey         the witness's public key (one line each, if it changed its key)
    log/cosignatures/<size>/<name>    its signature lines over log/checkpoints/<size>, as it gave them

As with stamps, the retry queue is a fact of the folder: a witness without a file for the newest checkpoint is still
to be asked. A witness that fails is reported, never fatal: an archive is sealed by its time-stamping authorities.

No event tells of a cosignature: it would be an entry that the checkpoint just cosigned does not cover.
"""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from crawler.config import WitnessConfig
from crawler.errors import ConfigError, FormatError, LogError, UsageError
from crawler.evidence.add_checkpoint import AddCheckpoint
from crawler.evidence.archive import Archive
from crawler.evidence.cosignature import (
    Cosignature,
    SignatureLine,
    WitnessKey,
    note_text,
    parse_lines,
    parse_witness_vkeys,
    rfc3339,
    verify_line,
)
from crawler.evidence.durable import durable_write, sync_folder
from crawler.evidence.witness import CONFLICT, MEDIA_SIZE, OK

FOLDER = "log/cosignatures"
NAME = re.compile(r"[a-z0-9-]{1,64}")  # of a witness as we call it: also its file name

_SIZE = re.compile(rb"(0|[1-9][0-9]{0,18})\n")


@dataclass(frozen=True, slots=True)
class Reply:
    """What a witness answered over HTTP."""

    status: int
    media_type: str
    body: bytes


Post = Callable[[str, bytes], Reply]  # to the witness's URL, without "/add-checkpoint"; raises OSError


@dataclass(frozen=True, slots=True)
class Cosigned:
    """Who cosigned a checkpoint: witness → time as it says (RFC 3339); and who did not: witness → why."""

    size: int
    signed: dict[str, str]
    missing: dict[str, str]

    @property
    def complete(self) -> bool:
        """Whether every witness that can be asked over HTTP has cosigned."""
        return not self.missing


def vkey_path(archive: Path, name: str) -> Path:
    """Where the public key of the witness that we call `name` lies."""
    return archive / "trust" / f"witness-{name}.vkey"


def witness_names(archive: Path) -> list[str]:
    """The witnesses whose keys are in trust/, by name."""
    names = (path.stem.removeprefix("witness-") for path in (archive / "trust").glob("witness-*.vkey"))
    return sorted(names)


def witness_keys(archive: Path, name: str) -> tuple[WitnessKey, ...]:
    """The keys of one witness. Raises ConfigError if there are none that can be read."""
    path = vkey_path(archive, name)
    try:
        return parse_witness_vkeys(path.read_bytes())
    except FileNotFoundError as error:
        raise ConfigError(f"{path} is missing: `evidence witness add {name} VKEY` puts it there") from error
    except FormatError as error:
        raise ConfigError(f"{path}: {error}") from error


def cosigned_size(archive: Path, name: str) -> int:
    """The size of the newest checkpoint of ours that this witness cosigned, as far as we know; 0 for none."""
    return max((int(path.parent.name) for path in _kept(archive, name)), default=0)


def request(archive: Archive, name: str, old: int | None = None) -> AddCheckpoint:
    """What to ask a witness: to cosign our newest checkpoint, starting from what it last cosigned.

    `old` is the size that the witness told, if that is another. Raises LogError if it has seen more than we have.
    """
    newest, note = archive.log.latest_checkpoint()
    start = cosigned_size(archive.path, name) if old is None else old
    if start > newest.size:
        raise LogError(
            f"{name} has cosigned a checkpoint of size {start}, our newest one has {newest.size}: this archive is"
            " older than what the witness saw. Was an old copy put back? Use the newest copy"
        )
    return AddCheckpoint(start, tuple(archive.log.consistency(start, newest.size)), note)


def keep_cosignatures(archive: Archive, content: bytes) -> dict[str, tuple[int, str]]:
    """Verify the lines a witness gave, and keep them: witness → (size of the checkpoint, time as it says).

    Raises FormatError if no line is a cosignature by a witness in trust/ over a checkpoint of ours.
    """
    lines = parse_lines(content)
    found: dict[str, tuple[int, str]] = {}
    for name in witness_names(archive.path):
        keys = witness_keys(archive.path, name)
        own = [line for line in lines if _made_by(line, keys)]
        if own:
            size, signed = _checkpoint_of(archive, own, keys)
            found[name] = _keep(archive, name, size, own, signed)
    if not found:
        names = ", ".join(line.name for line in lines)
        raise FormatError(
            f"signed by {names}: no key for it in trust/; `evidence witness add NAME VKEY` with its vkey, then again"
        )
    return found


def collect_cosignatures(archive: Archive, post: Post) -> Cosigned:
    """Ask every witness that has a url and has not cosigned our newest checkpoint yet, all at once.

    Raises DiskFull or RecordError when an answer cannot be kept; a witness that fails is in `missing`.
    """
    checkpoint, note = archive.log.latest_checkpoint()
    signed: dict[str, str] = {}
    missing: dict[str, str] = {}
    asked = [witness for witness in archive.config.witnesses if witness.url]
    asked = [witness for witness in asked if cosigned_size(archive.path, witness.name) < checkpoint.size]
    with ThreadPoolExecutor(max_workers=max(1, len(asked))) as pool:
        answers = [(witness, pool.submit(_ask, archive, witness, note, post)) for witness in asked]
        for witness, answer in answers:
            try:
                lines, cosignature = answer.result()
            except (FormatError, LogError, ConfigError, OSError) as error:
                missing[witness.name] = str(error)
            else:
                _, signed[witness.name] = _keep(archive, witness.name, checkpoint.size, lines, cosignature)
    return Cosigned(checkpoint.size, signed, missing)


def _ask(
    archive: Archive, witness: WitnessConfig, note: bytes, post: Post
) -> tuple[list[SignatureLine], Cosignature]:
    """The lines of a witness over `note`, verified. A 409 that tells another size is answered once."""
    keys = witness_keys(archive.path, witness.name)
    wanted = request(archive, witness.name)
    if wanted.note != note:
        raise LogError("the log was signed again meanwhile; asked at the next seal")
    reply = post(witness.url, wanted.to_bytes())
    told = _told_size(reply)
    if told is not None and told != wanted.old:
        wanted = request(archive, witness.name, told)
        reply = post(witness.url, wanted.to_bytes())
    if reply.status != OK:
        raise LogError(_refusal(witness, reply, wanted.old))
    own = [line for line in parse_lines(reply.body) if _made_by(line, keys)]
    signed = [signature for line in own if (signature := verify_line(line, note_text(note), keys))]
    if not signed:
        raise FormatError(
            f"{witness.url} answered without a signature by a key in trust/witness-{witness.name}.vkey"
        )
    return own, signed[0]


def _refusal(witness: WitnessConfig, reply: Reply, old: int) -> str:
    told = _told_size(reply)
    if told is not None and told == old:
        return (
            f"{witness.url} refuses: at size {told} it has seen another history of this log (409). Compare this"
            " archive with its copies; if an old copy was put back and written to, this is what it found"
        )
    said = "".join(c if c.isprintable() else " " for c in reply.body[:300].decode("utf-8", "replace")).strip()
    return f"{witness.url} answered {reply.status}: {said or 'nothing more'}"


def _told_size(reply: Reply) -> int | None:
    match = _SIZE.fullmatch(reply.body)
    if reply.status != CONFLICT or match is None or reply.media_type.partition(";")[0].strip() != MEDIA_SIZE:
        return None
    return int(match[1])


def _checkpoint_of(
    archive: Archive, lines: list[SignatureLine], keys: tuple[WitnessKey, ...]
) -> tuple[int, Cosignature]:
    """Which of our checkpoints these lines are over, all of them; the newest are tried first.

    Raises FormatError for none.
    """
    for size in reversed(archive.log.checkpoint_sizes):
        text = note_text(archive.log.checkpoint_at(size)[1])
        try:
            signed = [verify_line(line, text, keys) for line in lines]
        except FormatError:
            continue
        if signed[0] is not None:
            return size, signed[0]
    raise FormatError(
        f"the cosignature of {lines[0].name} is over no checkpoint of this log: another archive's file, or altered"
    )


def _keep(
    archive: Archive, name: str, size: int, lines: list[SignatureLine], signed: Cosignature
) -> tuple[int, str]:
    """Keep a witness's lines for one checkpoint; what is there already stays as it is."""
    if not NAME.fullmatch(name):
        raise UsageError(
            f"not a name for a witness: {name!r}; it takes lower-case letters, digits and hyphens"
        )
    folder = archive.path / FOLDER / str(size)
    with archive.refusals():
        if not (folder / name).is_file():
            folder.mkdir(parents=True, exist_ok=True)
            sync_folder(folder.parent)
            sync_folder(folder.parent.parent)
            durable_write(folder / name, "".join(line.text() for line in lines).encode())
    return size, rfc3339(signed.time)


def _made_by(line: SignatureLine, keys: tuple[WitnessKey, ...]) -> bool:
    return any((key.name, key.key_id) == (line.name, line.key_id) for key in keys)


def _kept(archive: Path, name: str) -> Iterator[Path]:
    return (path for path in (archive / FOLDER).glob(f"*/{name}") if path.parent.name.isdecimal())
