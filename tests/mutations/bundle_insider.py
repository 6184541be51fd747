"""A whole history made anew by somebody who has the log's keys, and dates that cannot be true."""

import json
import shutil
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from unittest.mock import patch

from crawler import clock
from crawler.evidence.archive import Archive
from crawler.evidence.key_history import rotation_details
from crawler.evidence.manifest import canonical
from crawler.evidence.signing_key import make_key
from crawler.export.bundle import export_bundle
from tests.export.sample import CASE, exhibits, make_sample
from tests.mutations.forger import (
    Damage,
    drop,
    insider,
    leaf_at,
    now,
    rewrite_log,
    size_at,
    together,
    workshop,
)
from tests.mutations.model import Mutation

_m = partial(Mutation, subject="bundle", forger="the log's key")


def _leaves(index: int, change: Callable[[dict], object]) -> list[bytes]:  # type: ignore[type-arg]
    leaves = list(workshop().leaves)
    index = leaf_at(index)
    fields = json.loads(leaves[index])
    change(fields)
    leaves[index] = canonical(fields)
    return leaves


def _history(index: int, change: Callable[[dict], object], *only: int) -> Damage:  # type: ignore[type-arg]
    """A log in which one leaf is another; these checkpoints are of that log, the others of the true one."""
    return insider(
        lambda bundle: rewrite_log(
            bundle, _leaves(index, change), only=[size_at(size) for size in only] or None
        )
    )


def _elsewhere(leaf: dict) -> None:  # type: ignore[type-arg]
    leaf["url"] = "http://elsewhere.example/"


def _rotation(change: Callable[[dict], object]) -> Damage:  # type: ignore[type-arg]
    """The event of the key's rotation changed, and the log that follows it made anew."""
    return _history(9, lambda leaf: change(leaf["details"]), 11)


def _signed_by_the_new_key_only(details: dict) -> None:  # type: ignore[type-arg]
    details["from_signature"] = details["to_signature"]


def _foreign_statement(details: dict) -> None:  # type: ignore[type-arg]
    """Signed by a key that never was the log's."""
    origin = details["from"].split("+")[0]
    details |= rotation_details(make_key(), make_key(), origin)


@cache
def _kept() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="mutations-")


@cache
def _wrong_clock(hours: int) -> Path:
    """The bundle of a machine whose clock was wrong by so many hours; its authorities' clocks were right."""
    folder = Path(_kept().name) / f"{hours}"

    def shifted() -> str:
        return clock.stamp(datetime.now(UTC) + timedelta(hours=hours))

    with patch.object(clock, "now", shifted):
        sample = make_sample(folder / "archive", workshop().sample.authorities)
    with Archive.open(sample.path) as archive:
        return export_bundle(archive, CASE, exhibits(sample), folder / "bundle").path


def _of_wrong_clock(hours: int) -> Damage:
    def damage(bundle: Path) -> None:
        shutil.rmtree(bundle)
        shutil.copytree(_wrong_clock(hours), bundle)

    return damage


_NEWEST = [
    f"data/log/{name}"
    for name in (
        "checkpoints/11",
        "checkpoints/11.txt",
        "checkpoints/11.sig",
        "consistency/11",
        "leaves/10.json",
        "proofs/10.tlog-proof",
        "cosignatures/11/national",
    )
]


def _shorten(bundle: Path) -> None:
    """The newest checkpoint and what it covers left out, as if it had never been."""
    drop(*_NEWEST)(bundle)
    shutil.rmtree(bundle / now("data/stamps/11"))
    shutil.copyfile(bundle / now("data/log/checkpoints/9"), bundle / "data/log/checkpoint")


HISTORIES = [
    _m(
        "log-shortened",
        damage="the newest checkpoint, its tokens and leaf left out",
        check="coverage",
        reason="bytes after its last record",
        apply=insider(_shorten),
    ),
    _m(
        "log-shortened-keys",
        damage="the same: the key that came in force after the last checkpoint has no event",
        check="keys",
        reason="which no event of the log put in force|in force",
        apply=insider(together(_shorten, drop("data/log/leaves/9.json", "data/log/proofs/9.tlog-proof"))),
    ),
    _m(
        "log-forked-at-the-same-size",
        damage="a checkpoint of another history at the same size, signed and stamped",
        check="consistency",
        reason="consistency/11: .*not consistent|consistency/11",
        apply=_history(7, _elsewhere, 9),
    ),
    _m(
        "log-forked-at-a-larger-size",
        damage="the newest checkpoint of another history, signed and stamped",
        check="consistency",
        reason="consistency/11: .*not consistent|consistency/11",
        apply=_history(7, _elsewhere, 11),
    ),
    _m(
        "log-rewritten",
        damage="the whole log made anew with another leaf, signed, and stamped by the real authorities today",
        check="manifests",
        reason="commits to a checkpoint of size .* that is not there or is another one",
        apply=_history(3, _elsewhere),
    ),
    _m(
        "log-rewritten-records",
        damage="the same: the record does not say what its leaf says",
        check="records",
        reason="is not the capture's URL",
        apply=_history(3, _elsewhere),
    ),
    _m(
        "log-rewritten-witness",
        damage="the same: the witness has seen another log",
        check="witnesses",
        reason="11/national",
        apply=_history(3, _elsewhere),
    ),
    _m(
        "log-rewritten-unstamped",
        damage="the newest checkpoint made anew, the old tokens left in place",
        check="timestamps",
        reason=r"11/tsa-a\.tsr: the token is for other content",
        apply=insider(lambda b: rewrite_log(b, _leaves(10, _elsewhere), only=[size_at(11)], stamped=False)),
    ),
]

ROTATIONS = [
    _m(
        "rotation-signed-by-the-new-key-only",
        damage="a rotation that the old key did not sign",
        forger="another key",
        check="keys",
        reason="the signature of the key that hands over",
        apply=_rotation(_signed_by_the_new_key_only),
    ),
    _m(
        "rotation-statement-changed",
        damage="a rotation whose statement says another time than was signed",
        check="keys",
        reason="signature of the key that hands over",
        apply=_rotation(lambda d: d.update(statement=d["statement"].replace("\n202", "\n201"))),
    ),
    _m(
        "rotation-statement-of-other-keys",
        damage="a rotation whose statement names other keys than the event",
        check="keys",
        reason="does not say what the event says",
        apply=_rotation(lambda d: d.update(statement=d["statement"].replace("evidence", "evidense"))),
    ),
    _m(
        "rotation-from-a-foreign-key",
        damage="a rotation by a key that was never the log's",
        forger="another key",
        check="keys",
        reason="hands over from key",
        apply=_rotation(_foreign_statement),
    ),
    _m(
        "rotation-field-added",
        damage="a rotation with a field more",
        check="keys",
        reason="expected the texts",
        apply=_rotation(lambda d: d.update(more="x")),
    ),
    _m(
        "rotation-said-to-be-a-loss",
        damage="a rotation made into the replacement of a lost key",
        forger="another key",
        check="keys",
        reason="expected the texts|statement",
        apply=_history(9, lambda leaf: leaf.update(act="key-replaced"), 11),
    ),
    _m(
        "log-created-twice",
        damage="a second event that begins the log",
        check="keys",
        reason="a log begins once",
        apply=_history(9, lambda leaf: leaf.update(act="archive-created"), 11),
    ),
]

DATES = [
    _m(
        "back-dated",
        damage="captures that say they began a day before the tokens they name; all else is whole",
        check="bracket",
        reason="says it began at .* but names a token of",
        apply=_of_wrong_clock(-24),
    ),
    _m(
        "post-dated",
        damage="captures that say they began a day after they were stamped; all else is whole",
        check="bracket",
        reason="says it began at .* but was stamped at",
        apply=_of_wrong_clock(24),
    ),
    _m(
        "back-dated-without-seal",
        damage="a capture that no longer names the tokens before it, to be dated freely",
        check="inclusion",
        reason="is not in the tree",
        apply=insider(lambda b: _unsealed(b)),
    ),
]


def _unsealed(bundle: Path) -> None:
    path = bundle / now("data/log/leaves/3.json")
    fields = json.loads(path.read_bytes())
    fields.pop("after")
    path.write_bytes(canonical(fields))


MUTATIONS = [*HISTORIES, *ROTATIONS, *DATES]
