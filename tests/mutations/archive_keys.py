"""Damage to the signed checkpoints of an archive, and to the keys that sign them."""

import shutil
from pathlib import Path

from crawler.evidence.checkpoint import Checkpoint, sign
from crawler.evidence.key_history import ROTATED, replacement_details, rotation_details
from crawler.evidence.note import verifier_of
from crawler.evidence.proof import leaf_digest, root
from crawler.evidence.signing_key import LOG_KEY, make_key, save_key
from tests.mutations.archive_forger import (
    Damage,
    Json,
    add,
    append,
    change_leaf,
    drop,
    edit,
    event,
    find_leaf,
    flip,
    leaves_of,
    move,
    resign_all,
    rewrite_log,
    seal_name,
    sign_at,
    signature_line,
    spoil_signature,
    swap,
    tools,
)
from tests.mutations.archive_maker import ORIGIN, made, stamp_again
from tests.mutations.model import Mutation

VKEYS, POINTER = "trust/log.vkey", "log/checkpoint"
OTHER = make_key()  # a forger's own


def _lines(archive: Path) -> list[str]:
    return (archive / VKEYS).read_text("ascii").splitlines(keepends=True)


def _put_lines(archive: Path, lines: list[str]) -> None:
    (archive / VKEYS).write_text("".join(lines), "ascii")


def _another_history(archive: Path) -> None:
    """An unknown key signs the newest checkpoint; it stands in log.vkey too."""
    _put_lines(archive, [*_lines(archive), verifier_of(ORIGIN, OTHER.public_key()).line + "\n"])
    sign_at(archive, made().newest, OTHER)


def _old_resigned(archive: Path) -> None:
    sign_at(archive, 300, made().key)


def _signed_by_retired(archive: Path) -> None:
    """The retired key, found in a backup, signs what came after it; the entries are cut to fit nothing."""
    append(archive, event("note", {"n": 601}, after=seal_name(archive, 601)))
    sign_at(archive, 602, made().retired)
    (archive / POINTER).write_bytes((archive / "log/checkpoints/602").read_bytes())


def _two_signatures(archive: Path) -> None:
    """Both keys of the log sign the same newest checkpoint."""
    note = sign(Checkpoint(ORIGIN, 601, _root(archive, 601)), ORIGIN, made().retired)
    for name in ("log/checkpoints/601", POINTER):
        path = archive / name
        path.write_bytes(path.read_bytes() + signature_line(note).encode())


def _root(archive: Path, size: int) -> bytes:
    return root([leaf_digest(leaf) for leaf in leaves_of(archive)[:size]])


def _stranger_signs_too(archive: Path) -> None:
    note = sign(Checkpoint("other.example/log", 601, bytes(32)), "other.example/log", OTHER)
    for name in ("log/checkpoints/601", POINTER):
        path = archive / name
        path.write_bytes(path.read_bytes() + signature_line(note).encode())


def _stranger_signs_the_first(archive: Path) -> None:
    note = sign(Checkpoint("other.example/log", 0, bytes(32)), "other.example/log", OTHER)
    path = archive / "log/checkpoints/0"
    path.write_bytes(path.read_bytes() + signature_line(note).encode())


def _other_origin(archive: Path) -> None:
    note = sign(Checkpoint("other.example/log", 601, _root(archive, 601)), ORIGIN, made().key)
    for name in ("log/checkpoints/601", POINTER):
        (archive / name).write_bytes(note)


def _older_root(archive: Path) -> None:
    """A fork at the same size: the right key signs another root for it."""
    note = sign(Checkpoint(ORIGIN, 601, bytes(range(32))), ORIGIN, made().key)
    for name in ("log/checkpoints/601", POINTER):
        (archive / name).write_bytes(note)


def _larger_fork(archive: Path) -> None:
    """A fork at a larger size: the right key signs a root that no entries have."""
    note = sign(Checkpoint(ORIGIN, 640, bytes(range(32))), ORIGIN, made().key)
    (archive / "log/checkpoints/640").write_bytes(note)
    (archive / POINTER).write_bytes(note)


def _key_event(details: Json, act: str) -> Damage:
    """Another event about keys stands where the rotation stood; all is signed and stamped anew from there on."""

    def damage(archive: Path) -> None:
        index = find_leaf(leaves_of(archive), b'"act":"key-rotated"')

        def change(content: Json) -> None:
            content["act"], content["details"] = act, details

        rewrite_log(archive, change_leaf(archive, index, change))
        for size in resign_all(archive, index + 1):
            if size in made().sizes:
                stamp_again(archive, size, made().authorities)

    return tools(damage)


def _forged_rotation(archive: Path) -> None:
    """The forger rotates to his own key, with his own signature in the place of the old key's."""
    details = rotation_details(OTHER, made().key, ORIGIN) | {
        "from": verifier_of(ORIGIN, made().retired.public_key()).line
    }
    _key_event(details, ROTATED)(archive)


def _replacement_as_rotation(archive: Path) -> None:
    retired = verifier_of(ORIGIN, made().retired.public_key())
    _key_event(replacement_details(retired, made().key, "lost"), ROTATED)(archive)


def _flipped_statement(archive: Path) -> None:
    """The time in the statement of the rotation is another."""
    details = rotation_details(made().retired, made().key, ORIGIN)
    year = details["statement"].rpartition("\n2")[2][:3]
    details["statement"] = details["statement"].replace(f"\n2{year}-", "\n2001-")
    _key_event(details, ROTATED)(archive)


def _second_beginning(archive: Path) -> None:
    """An entry says that the log begins anew, with the forger's key; it is signed by that key."""
    line = verifier_of(ORIGIN, OTHER.public_key()).line
    append(
        archive, event("archive-created", {"organisation": "x", "vkey": line}, after=seal_name(archive, 601))
    )
    _put_lines(archive, [*_lines(archive), line + "\n"])
    sign_at(archive, 602, OTHER)
    (archive / POINTER).write_bytes((archive / "log/checkpoints/602").read_bytes())


def _private_key(archive: Path) -> None:
    (archive / LOG_KEY).unlink()
    save_key(archive / LOG_KEY, OTHER)


def _retired_key_back(archive: Path) -> None:
    (archive / LOG_KEY).unlink()
    save_key(archive / LOG_KEY, made().retired)


def _vkey_of_other_name(archive: Path) -> None:
    _put_lines(archive, [*_lines(archive), verifier_of("other.example/log", OTHER.public_key()).line + "\n"])


def _signature(
    name: str, damage: str, apply: Damage, reason: str, *, check: str = "signature", forger: str = "the tools",
    anchored: bool = False,
) -> Mutation:  # fmt: skip
    return Mutation(name, "archive", damage, forger, check, reason, apply, anchored=anchored)


_NEWEST = "log/checkpoints/601"

MUTATIONS = (
    _signature(
        "checkpoint-flip-signature",
        "one bit of a signature",
        tools(edit("log/checkpoints/301", spoil_signature)),
        "checkpoints/301: note: the signature of .* is wrong",
    ),
    _signature(
        "checkpoint-flip-root", "one bit of a root", flip("log/checkpoints/300", 40), "log/checkpoints/300"
    ),
    _signature(
        "checkpoint-flip-size",
        "another size in a checkpoint",
        tools(edit("log/checkpoints/301", lambda c: c.replace(b"\n301\n", b"\n302\n"))),
        "log/checkpoints/301",
    ),
    _signature(
        "checkpoint-other-origin",
        "the newest checkpoint is that of another log",
        tools(_other_origin),
        "log's own signature is missing",
        forger="the log's keys",
    ),
    _signature(
        "checkpoint-unsigned",
        "a checkpoint without a signature line",
        tools(edit("log/checkpoints/301", lambda c: c.rpartition(b"\n\n")[0] + b"\n")),
        "log/checkpoints/301",
    ),
    _signature(
        "checkpoint-two-keys",
        "both keys of the log sign the newest checkpoint",
        tools(_two_signatures),
        "signed by 2 keys",
        forger="the log's keys",
    ),
    _signature(
        "checkpoint-stranger-signs-too",
        "a stranger's signature line is added to a stamped checkpoint",
        tools(_stranger_signs_too),
        "stamps/601/tsa-a.tsr",
        check="timestamps",
        forger="another key",
    ),
    _signature(
        "checkpoint-stranger-signs-unstamped",
        "a stranger's signature line is added to a checkpoint that nobody stamped",
        tools(_stranger_signs_the_first),
        "log/checkpoints/0 has 2 signature lines",
        forger="another key",
    ),
    _signature(
        "checkpoint-missing-stamped",
        "a stamped checkpoint is missing",
        tools(drop("log/checkpoints/300")),
        "stamps/300: there is no checkpoint of this size",
        check="timestamps",
    ),
    _signature(
        "checkpoint-missing-with-stamps",
        "a checkpoint and its tokens are missing; entries commit to it",
        tools(drop("log/checkpoints/300"), lambda a: shutil.rmtree(a / "log/stamps/300")),
        "commits to a checkpoint of size 300 that is not there",
        check="manifests",
    ),
    _signature(
        "checkpoint-first-missing",
        "the checkpoint of the empty log is missing",
        tools(drop("log/checkpoints/0")),
        "log/checkpoints/0 is missing",
        check="layout",
    ),
    _signature(
        "checkpoint-pointer-older",
        "log/checkpoint is an older one",
        tools(lambda a: shutil.copy(a / "log/checkpoints/310", a / POINTER)),
        "log/checkpoint is not the same as log/checkpoints/601",
    ),
    _signature(
        "checkpoint-pointer-missing",
        "log/checkpoint is missing",
        tools(drop(POINTER)),
        "log/checkpoint is missing",
        check="layout",
    ),
    _signature(
        "checkpoint-renamed",
        "a checkpoint under another size's name",
        tools(move("log/checkpoints/301", "log/checkpoints/302")),
        "holds the checkpoint of size 301",
    ),
    _signature(
        "checkpoints-exchanged",
        "two checkpoints change places",
        tools(swap("log/checkpoints/300", "log/checkpoints/301")),
        "holds the checkpoint of size 30",
    ),
    _signature(
        "checkpoint-strange-name",
        "a file that is no checkpoint",
        tools(add("log/checkpoints/x")),
        "log/checkpoints/x",
    ),
    _signature(
        "checkpoint-old-resigned",
        "an old checkpoint is signed by the new key",
        tools(_old_resigned),
        "checkpoints/300 is signed by .*; the key in force for it is",
        check="keys",
        forger="the log's keys",
    ),
    _signature(
        "checkpoint-by-retired-key",
        "a newer checkpoint is signed by the retired key",
        tools(_signed_by_retired),
        "checkpoints/602 is signed by .*; the key in force for it is",
        check="keys",
        forger="the retired key",
    ),
    _signature(
        "checkpoint-by-other-key",
        "the newest checkpoint is signed by a key that was put into log.vkey",
        tools(_another_history),
        "holds key .*, which no event of the log put in force",
        check="keys",
        forger="another key",
    ),
    _signature(
        "checkpoint-by-unknown-key",
        "the newest checkpoint is signed by an unknown key",
        tools(lambda a: sign_at(a, 601, OTHER)),
        "no signature of a known key",
        forger="another key",
    ),
    _signature(
        "checkpoint-forked",
        "the right key signs another root at the same size",
        tools(_older_root),
        r"the root at 601 is not the one",
        check="log",
        forger="the log's keys",
    ),
    _signature(
        "checkpoint-forked-larger",
        "the right key signs a root of a larger size",
        tools(_larger_fork),
        "ends after entry 601, but 640 were signed",
        check="log",
        forger="the log's keys",
    ),
    _signature(
        "keys-line-reordered",
        "the lines of log.vkey in another order",
        tools(lambda a: _put_lines(a, _lines(a)[::-1])),
        "does not list the keys in the order",
        check="keys",
    ),
    _signature(
        "keys-line-added",
        "a line more in log.vkey",
        tools(lambda a: _put_lines(a, [*_lines(a), verifier_of(ORIGIN, OTHER.public_key()).line + "\n"])),
        "which no event of the log put in force",
        check="keys",
        forger="another key",
    ),
    _signature(
        "keys-line-removed",
        "the retired key's line is removed",
        tools(lambda a: _put_lines(a, _lines(a)[1:])),
        "log.vkey lacks key",
        check="keys",
    ),
    _signature(
        "keys-newest-line-removed",
        "the newest key's line is removed",
        tools(lambda a: _put_lines(a, _lines(a)[:1])),
        "log.vkey lacks key",
        check="keys",
    ),
    _signature(
        "keys-line-twice",
        "a line stands twice",
        tools(lambda a: _put_lines(a, [*_lines(a), _lines(a)[0]])),
        "holds one key twice",
    ),
    _signature(
        "keys-other-name",
        "a key of another log in log.vkey",
        tools(_vkey_of_other_name),
        "keys of different names",
    ),
    _signature(
        "keys-flip",
        "one character of a public key",
        tools(edit(VKEYS, lambda c: c[:50] + (b"A" if c[50:51] != b"A" else b"B") + c[51:])),
        "trust/log.vkey|trust/vkey|note:",
    ),
    _signature("keys-empty", "log.vkey is empty", tools(edit(VKEYS, lambda _: b"")), "no verifier key"),
    _signature(
        "keys-forged-rotation",
        "a rotation that the old key never signed",
        _forged_rotation,
        "key-rotated: ",
        check="keys",
        forger="another key",
    ),
    _signature(
        "keys-replacement-as-rotation",
        "the replacement of a lost key is presented as a rotation",
        _replacement_as_rotation,
        "key-rotated: expected the texts",
        check="keys",
        forger="the log's keys",
    ),
    _signature(
        "keys-statement-changed",
        "the time in a rotation's statement is another",
        _flipped_statement,
        "key-rotated: ",
        check="keys",
        forger="the log's keys",
    ),
    _signature(
        "keys-second-beginning",
        "an entry begins the log anew with another key",
        tools(_second_beginning),
        "comes a second time: a log begins once",
        check="keys",
        forger="another key",
    ),
    _signature(
        "keys-private-exchanged",
        "another private key",
        tools(_private_key),
        "does not belong to trust/log.vkey",
        check="key",
        forger="another key",
    ),
    _signature(
        "keys-private-retired",
        "the retired private key is put back",
        tools(_retired_key_back),
        "does not belong to trust/log.vkey",
        check="key",
        forger="the retired key",
    ),
    _signature(
        "keys-private-damaged",
        "the private key's file is damaged",
        tools(edit("keys/log.key", lambda c: c[:40])),
        "cannot be read",
        check="key",
    ),
)
