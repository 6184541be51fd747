"""Cosignatures over checkpoints, judged against the keys of witnesses that somebody chose to trust.

    COSIGNATURES/<size>/<name>      KEYS/witness-<name>.vkey

A name here is what the archive's owner calls the witness; the key is looked for by what stands in the line itself,
so that a verifier may name the files in a folder of its own as it likes.
"""

import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from crawler import clock
from crawler.errors import FormatError
from crawler.evidence.checks.notes import Note
from crawler.evidence.checks.reading import kind_of, read_small, walk
from crawler.evidence.cosignature import (
    MAX_LINES,
    Cosignature,
    WitnessKey,
    note_text,
    parse_lines,
    parse_witness_vkeys,
    rfc3339,
    verify_line,
)
from crawler.evidence.durable import is_unfinished
from crawler.evidence.report import Check, Faults, KeyFacts, Words, not_checked, passed

MOST_KEYS = 1_000  # files in a folder of keys that are looked into
MOST_SHOWN = 8  # witnesses of the newest checkpoint that are named with their time
_RESTORE = Words(
    "与证据库的另一份副本比对；不要就地修改证据",
    "compare with another copy of the archive; never repair evidence in place",
)
_ASK = Words(
    "运行 `evidence witness request --now`，或用文件交换",
    "run `evidence witness request --now`, or exchange files",
)


@dataclass(slots=True)
class _Found:
    """What the folder of cosignatures holds."""

    files: int = 0
    signed: dict[int, dict[str, Cosignature]] = field(default_factory=dict)  # size → key name → cosignature
    unknown: dict[str, int] = field(default_factory=dict)  # name in a line no key is known for → lines

    def add(self, size: int, cosignature: Cosignature) -> None:
        """One key is one witness, under however many names it stands."""
        signed = self.signed.setdefault(size, {})
        same = [name for name, one in signed.items() if one.key.fingerprint == cosignature.key.fingerprint]
        if not same or same == [cosignature.key.name]:
            signed[cosignature.key.name] = cosignature


def check_witnesses(
    folder: Path,
    notes: Mapping[int, Note],
    keys: Path,
    *,
    pooled: bool = False,
    configured: Sequence[str] = (),
) -> tuple[Check | None, tuple[KeyFacts, ...]]:
    """Verify every cosignature in `folder` over `notes` (by size) with the witness-*.vkey in `keys`.

    None where there are neither keys nor cosignatures, unless the settings name witnesses (`configured`): then those
    may have been taken away, and the check is *not checked*. `pooled`: the keys are the verifier's own choice, so a
    witness that is not among them is *not checked*; in an archive it is a fault. The facts name every key that
    made a cosignature which verified.
    """
    faults = Faults("witnesses")
    known = _read_keys(keys, faults)
    found = _Found()
    for name, regular in walk(folder) if kind_of(folder) == stat.S_IFDIR else ():
        if not is_unfinished(Path(name)):
            found.files += 1
            _read_file(folder, name, notes if regular else {}, known, found, faults)
    if not pooled:
        for witness in found.unknown:
            faults.add(f"cosignatures: signed by {witness}: no key for it in trust/")
    if not known and not found.files and not faults.count:
        return (_nothing(configured) if configured else None), ()
    return _verdict(known, found, notes, faults), _facts(found)


def _nothing(configured: Sequence[str]) -> Check:
    names = Words("、".join(configured[:MOST_SHOWN]), ", ".join(configured[:MOST_SHOWN]))
    none = Words(
        f"evidence.toml 列有 {len(configured)} 个见证人（{names.zh}），但没有其公钥，也没有见证签名",
        f"evidence.toml names {len(configured)} witness(es), {names.en}; neither keys nor cosignatures are here",
    )
    return not_checked("witnesses", none, _ASK)


def _verdict(
    known: tuple[WitnessKey, ...], found: _Found, notes: Mapping[int, Note], faults: Faults
) -> Check:
    if faults.count:
        return faults.check(remedy=_RESTORE)
    if not found.signed and found.unknown:
        names = ", ".join(list(found.unknown)[:MOST_SHOWN])
        unjudged = Words(
            f"有 {found.files} 份见证签名（{names}），但您提供的信任文件夹中没有见证人公钥",
            f"{found.files} cosignature file(s) by {names}, but no key of a witness is in the given folder",
        )
        give = Words(
            "把自行取得的见证人公钥存为 witness-名称.vkey", "put their vkeys there as witness-NAME.vkey"
        )
        return not_checked("witnesses", unjudged, give)
    if not found.signed:
        none = Words(
            f"有 {len(known)} 个见证人的公钥，尚无见证签名",
            f"{len(known)} witness key(s), no cosignature yet",
        )
        return not_checked("witnesses", none, _ASK)
    return passed("witnesses", _summary(found, max(notes, default=0)))


def _summary(found: _Found, newest: int) -> Words:
    size = max(found.signed)
    signed = sorted(found.signed[size].values(), key=lambda one: one.key.name)
    shown = [(one.key.name, rfc3339(one.time)) for one in signed[:MOST_SHOWN]]
    zh = "、".join(f"{name}，{clock.beijing(time)}" for name, time in shown)
    en = "; ".join(f"{name} at {time}" for name, time in shown)
    later = size < newest
    earlier = len(found.signed) - 1
    unknown = len(found.unknown)
    return Words(
        f"检查点 {size} 由 {len(signed)} 个见证人签署（{zh}；时间为见证人自述）"
        + (f"，另有 {earlier} 个较早的检查点有见证" if earlier else "")
        + (f"；最新检查点 {newest} 尚无见证" if later else "")
        + (f"；另有 {unknown} 个见证人不在您提供的信任文件夹中，未核验" if unknown else ""),
        f"checkpoint {size} is cosigned by {len(signed)} witness(es): {en} (their own clocks)"
        + (f"; {earlier} earlier checkpoint(s) too" if earlier else "")
        + (f"; the newest checkpoint, {newest}, has no cosignature yet" if later else "")
        + (f"; {unknown} more witness(es) not among the given keys, not judged" if unknown else ""),
    )


def _read_keys(folder: Path, faults: Faults) -> tuple[WitnessKey, ...]:
    keys: list[WitnessKey] = []
    paths = sorted(folder.glob("witness-*.vkey"))
    for path in paths[:MOST_KEYS]:
        try:
            keys += parse_witness_vkeys(read_small(path, MAX_LINES))
        except FormatError as error:
            faults.add(f"trust/{path.name}: {error}")
    if len(paths) > MOST_KEYS:
        faults.add(f"trust: {len(paths)} keys of witnesses, more than {MOST_KEYS}; the rest is not read")
    return tuple(dict.fromkeys(keys))


def _read_file(
    folder: Path,
    name: str,
    notes: Mapping[int, Note],
    known: tuple[WitnessKey, ...],
    found: _Found,
    faults: Faults,
) -> None:
    size, _, witness = name.partition("/")
    note = notes.get(int(size)) if size.isascii() and size.isdecimal() and len(size) < 19 else None
    if note is None or not witness or str(note.checkpoint.size) != size:
        faults.add(f"cosignatures/{name}: there is no checkpoint of this size, or this is no regular file")
        return
    try:
        lines = parse_lines(read_small(folder / name, MAX_LINES))
        for line in lines:
            cosignature = verify_line(line, note_text(note.content), known)
            if cosignature is not None and cosignature.key.fingerprint == note.signer.fingerprint:
                raise FormatError(f"{line.name} is the log's own key: a log is no witness of itself")
            if cosignature is None:
                found.unknown[line.name] = found.unknown.get(line.name, 0) + 1
            else:
                found.add(note.checkpoint.size, cosignature)
    except FormatError as error:
        faults.add(f"cosignatures/{name}: {error}")


def _facts(found: _Found) -> tuple[KeyFacts, ...]:
    used: dict[WitnessKey, int] = {}
    for size in sorted(found.signed):
        for cosignature in found.signed[size].values():
            used[cosignature.key] = size
    return tuple(
        KeyFacts(
            "witness",
            key.name,
            key.key_id.hex(),
            key.fingerprint,
            f"cosigned up to checkpoint {size}",
            f"见证至检查点 {size}",
        )
        for key, size in sorted(used.items(), key=lambda item: item[0].name)
    )
