"""Damage to what gives an archive its times: tokens, roots, renewals, witnesses; captures that lie."""

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asn1crypto.tsp

from crawler import clock
from crawler.evidence.archive import Archive, Draft
from crawler.evidence.cosignature import cosign, note_text, witness_vkey
from crawler.evidence.manifest import SealedTime
from crawler.evidence.signing_key import make_key
from crawler.evidence.warc import encode
from tests.archives import page
from tests.mutations.archive_forger import (
    Damage,
    drop,
    edit,
    fit,
    flip,
    seal_name,
    swap,
    together,
    tools,
)
from tests.mutations.archive_maker import AFTER_RENEWAL, WITNESS, made, stamp_again, strangers
from tests.mutations.model import Mutation

ENDINGS = ("tsr", "tsq", "chain.pem")
LATER = (datetime.now(UTC) + AFTER_RENEWAL).strftime("%Y-%m-%dT00:00:00Z")
COSIGNATURE, WITNESS_KEY = "log/cosignatures/601/national", f"trust/witness-{WITNESS}.vkey"


def _token(size: int, name: str) -> list[str]:
    return [f"log/stamps/{size}/{name}.{ending}" for ending in ENDINGS]


def _exchange(first: tuple[int, str], second: tuple[int, str]) -> Damage:
    return together(*(swap(one, other) for one, other in zip(_token(*first), _token(*second), strict=True)))


def _own_authority(size: int, *, trusted: bool) -> Damage:
    """The forger's own TSA of the same name stamps; with `trusted`, its root is put beside the true one."""

    def damage(archive: Path) -> None:
        stamp_again(archive, size, strangers()[:1])
        if trusted:
            _add_root(archive)

    return tools(damage)


def _add_root(archive: Path) -> None:
    with (archive / "trust/tsa-a.pem").open("ab") as stream:
        stream.write(strangers()[0].trust_pem)
    (archive / "trust/roots.toml").unlink()


def _foreign_root(archive: Path) -> None:
    (archive / "trust/tsa-a.pem").write_bytes(strangers()[0].trust_pem)


def _other_nonce(archive: Path) -> None:
    """The query asks with another number than the token answers."""
    path = archive / "log/stamps/601/tsa-a.tsq"
    query = asn1crypto.tsp.TimeStampReq.load(path.read_bytes())
    query["nonce"] = query["nonce"].native + 1
    path.write_bytes(query.dump(force=True))


def _accepted_until(archive: Path) -> None:
    """roots.toml says that the root counts until 2020 only."""
    edit(
        "trust/roots.toml",
        lambda c: c.replace(b"not_after = ", b"accept_until = 2020-01-01T00:00:00Z\nnot_after = "),
    )(archive)


def _without_renewal(archive: Path) -> None:
    """The tokens of the renewal go."""
    shutil.rmtree(archive / "log/stamps/601")


def dated(days: float, after: int | None) -> Damage:
    """Somebody with the log's key appends a capture that says it began so many days from now.

    It commits to the checkpoint of size `after` (None: to none), and the true authorities stamp it today.
    """

    def damage(archive: Path) -> None:
        moment = clock.stamp(datetime.now(UTC) + timedelta(days=days))
        draft = page(b"<p>forged</p>")
        record = encode(replace(draft.records[0].record, date=moment))
        seal = None
        if after is not None:
            told = seal_name(archive, after)
            seal = SealedTime(after, told["checkpoint"], tuple(told["tokens"]))
        with Archive.open(archive, writable=True) as opened:
            opened._seals = [("", seal)]
            opened.commit([Draft(replace(draft.capture, started=moment, ended=moment), (record,))])
            opened.sign_checkpoint()
            size = opened.log.size
        stamp_again(archive, size, made().authorities)
        fit(archive)

    return damage


def _dated_with(change: Callable[[SealedTime], SealedTime]) -> Damage:
    """A capture of now whose seal is a lie, signed and stamped."""

    def damage(archive: Path) -> None:
        told = seal_name(archive, 310)
        seal = change(SealedTime(310, told["checkpoint"], tuple(told["tokens"])))
        with Archive.open(archive, writable=True) as opened:
            opened._seals = [("", seal)]
            opened.commit([page(b"<p>forged</p>")])
            opened.sign_checkpoint()
            size = opened.log.size
        stamp_again(archive, size, made().authorities)
        fit(archive)

    return damage


def _strange_witness(*, trusted: bool) -> Damage:
    """The forger's own witness cosigns; with `trusted`, its key takes the place of the true one."""

    def damage(archive: Path) -> None:
        key = make_key()
        text = note_text((archive / "log/checkpoints/601").read_bytes())
        (archive / COSIGNATURE).write_text(
            cosign(text, "witness.example/national", key, 1_795_000_000).text(), "utf-8"
        )
        if trusted:
            line = witness_vkey("witness.example/national", key.public_key())
            (archive / WITNESS_KEY).write_text(line + "\n", "ascii")

    return tools(damage)


def _no_tokens(archive: Path) -> None:
    for folder in (archive / "log/stamps").iterdir():
        shutil.rmtree(folder)


def _cosignature_moved(archive: Path) -> None:
    (archive / "log/cosignatures/601").rename(archive / "log/cosignatures/310")


def _witness_gone(archive: Path) -> None:
    shutil.rmtree(archive / "log/cosignatures")
    (archive / WITNESS_KEY).unlink()


def _without_witness(archive: Path) -> None:
    path = archive / "evidence.toml"
    path.write_text(path.read_text("utf-8").partition("[[witness]]")[0], "utf-8")


def _without_authority(archive: Path) -> None:
    """One authority's tokens on the newest checkpoint go, and its section in the settings."""
    drop(*_token(601, "tsa-b"))(archive)
    path = archive / "evidence.toml"
    head, _, rest = path.read_text("utf-8").rpartition("[[authority]]")
    path.write_text(head + rest[rest.index("[[witness]]") :], "utf-8")


def _stamp(
    name: str, damage: str, apply: Damage, reason: str, *, check: str = "timestamps", forger: str = "the tools",
    status: str = "failed", at: str = "", anchored: bool = False,
) -> Mutation:  # fmt: skip
    return Mutation(
        name, "archive", damage, forger, check, reason, apply, status=status, at=at, anchored=anchored
    )


_A, _B = "log/stamps/300/tsa-a", "log/stamps/300/tsa-b"

MUTATIONS = (
    _stamp(
        "stamp-flip-token",
        "one bit of a token's signature",
        tools(flip(f"{_A}.tsr", -5)),
        "stamps/300/tsa-a.tsr: ",
    ),
    _stamp(
        "stamp-flip-time",
        "another time in a token",
        tools(edit(f"{_A}.tsr", lambda c: c.replace(b"\x18\x0f20", b"\x18\x0f19", 1))),
        "stamps/300/tsa-a.tsr: ",
    ),
    _stamp(
        "stamp-flip-query",
        "one bit of a query's imprint",
        tools(flip(f"{_A}.tsq", 30)),
        "stamps/300/tsa-a.tsr: ",
    ),
    _stamp(
        "stamp-wrong-nonce",
        "a query with another nonce",
        tools(_other_nonce),
        "stamps/601/tsa-a.tsr: .*nonce",
    ),
    _stamp(
        "stamp-empty-token",
        "an empty token",
        tools(edit(f"{_A}.tsr", lambda _: b"")),
        "stamps/300/tsa-a.tsr: ",
    ),
    _stamp(
        "stamp-empty-chain",
        "the chain of an intermediate CA is emptied, and the intermediate taken from trust/",
        tools(
            edit(f"{_B}.chain.pem", lambda _: b""),
            edit("trust/tsa-b.pem", lambda c: c[: c.index(b"-----END CERTIFICATE-----") + 26]),
        ),
        "stamps/300/tsa-b.tsr: ",
    ),
    _stamp(
        "stamp-chain-missing",
        "chain.pem is missing",
        tools(drop(f"{_A}.chain.pem")),
        "stamps/300/tsa-a.tsr: tsa-a.chain.pem cannot be read",
    ),
    _stamp(
        "stamp-query-missing",
        "the query is missing",
        tools(drop(f"{_A}.tsq")),
        "stamps/300/tsa-a.tsr: tsa-a.tsq cannot be read",
    ),
    _stamp(
        "stamp-token-missing",
        "a token is missing, its query is there",
        tools(drop(f"{_A}.tsr")),
        "stamps/300/tsa-a.tsr: tsa-a.tsr cannot be read",
    ),
    _stamp(
        "stamp-moved-to-other-checkpoint",
        "the tokens of two checkpoints change places",
        tools(_exchange((300, "tsa-a"), (310, "tsa-a"))),
        "stamps/300/tsa-a.tsr: ",
    ),
    _stamp(
        "stamp-moved-to-other-authority",
        "the tokens of two authorities change places",
        tools(_exchange((300, "tsa-a"), (300, "tsa-b"))),
        "stamps/300/tsa-a.tsr: ",
    ),
    _stamp(
        "stamp-of-nothing",
        "tokens of a checkpoint that is not there",
        tools(lambda a: shutil.copytree(a / "log/stamps/300", a / "log/stamps/305")),
        "stamps/305: there is no checkpoint of this size",
    ),
    _stamp(
        "stamp-own-authority",
        "a token of the forger's own TSA under the authority's name",
        _own_authority(601, trusted=False),
        "stamps/601/tsa-a.tsr: the token does not verify",
        forger="a TSA",
    ),
    _stamp(
        "stamp-own-authority-old",
        "the same on an older checkpoint, which entries commit to by its tokens, with its root put into trust/",
        _own_authority(300, trusted=True),
        "commits to timestamp tokens of checkpoint 300 that are not there",
        check="manifests",
        forger="a TSA",
    ),
    _stamp(
        "stamp-own-authority-anchored",
        "the same on the newest checkpoint; the verifier has roots of his own",
        _own_authority(601, trusted=True),
        "stamps/601/tsa-a.tsr: the token does not verify",
        forger="a TSA",
        anchored=True,
    ),
    _stamp(
        "stamp-foreign-root",
        "another root in trust/ in the place of the true one",
        tools(_foreign_root),
        "stamps/300/tsa-a.tsr: ",
    ),
    _stamp(
        "stamp-root-missing",
        "a root is missing",
        tools(drop("trust/tsa-a.pem")),
        "stamps/300/tsa-a.tsr: tsa-a.pem cannot be read",
    ),
    _stamp(
        "stamp-roots-edited",
        "roots.toml says that the roots count until 2020 only",
        tools(_accepted_until),
        "when no root in trust/roots.toml is accepted",
    ),
    _stamp(
        "stamp-roots-broken",
        "roots.toml is no TOML",
        tools(edit("trust/roots.toml", lambda _: b"[[")),
        "roots.toml is not valid TOML",
    ),
    _stamp(
        "stamp-one-of-two-missing",
        "one of two authorities has no token on the newest checkpoint",
        tools(drop(*_token(601, "tsa-b"))),
        "checkpoint 601 has no token of tsa-b",
        check="sealed",
        status="not-checked",
    ),
    _stamp(
        "stamp-older-missing",
        "an older token is missing; entries commit to it",
        tools(drop(*_token(300, "tsa-b"))),
        "commits to timestamp tokens of checkpoint 300 that are not there",
        check="manifests",
    ),
    _stamp(
        "stamp-all-missing",
        "no tokens at all; entries commit to them",
        tools(_no_tokens),
        "commits to timestamp tokens of checkpoint 11 that are not there",
        check="manifests",
    ),
    _stamp(
        "stamp-too-large",
        "a token that claims 256 MB",
        lambda a: os.truncate(a / f"{_A}.tsr", 256 << 20),
        "stamps/300/tsa-a.tsr: tsa-a.tsr has more than",
        forger="nothing",
    ),
    _stamp(
        "renewal-removed",
        "judged years later, the tokens of the renewal are missing",
        tools(_without_renewal),
        "checkpoint 300: no token holds at",
        check="validity",
        at=LATER,
    ),
    _stamp(
        "capture-dated-back",
        "a capture of 20 days ago that names today's token, signed with the key and stamped",
        dated(-20, 310),
        r"says it began at .*, but names a token of",
        check="bracket",
        forger="the log's keys and the TSAs",
    ),
    _stamp(
        "capture-dated-back-unbound",
        "a capture of 20 days ago that names no checkpoint, signed and stamped today",
        dated(-20, None),
        "says that it ended at .*, but stands in the log behind an entry that names a token of",
        check="bracket",
        forger="the log's keys and the TSAs",
    ),
    _stamp(
        "capture-dated-forward",
        "a capture of in 20 days, signed with the key and stamped today",
        dated(20, 310),
        r"was stamped at",
        check="bracket",
        forger="the log's keys and the TSAs",
    ),
    _stamp(
        "capture-dated-forward-unbound",
        "the same, naming no checkpoint",
        dated(20, None),
        r"was stamped at",
        check="bracket",
        forger="the log's keys and the TSAs",
    ),
    _stamp(
        "capture-seal-of-the-future",
        "a capture commits to a checkpoint that did not exist yet",
        _dated_with(lambda s: replace(s, size=9_999)),
        "which did not exist yet",
        check="manifests",
        forger="the log's keys and the TSAs",
    ),
    _stamp(
        "capture-seal-of-nowhere",
        "a capture commits to another checkpoint than there is",
        _dated_with(lambda s: replace(s, checkpoint=f"sha256:{'0' * 64}")),
        "commits to a checkpoint of size 310 that is not there or is another one",
        check="manifests",
        forger="the log's keys and the TSAs",
    ),
    _stamp(
        "capture-token-of-nowhere",
        "a capture commits to a token that nobody has",
        _dated_with(lambda s: replace(s, tokens=(f"sha256:{'0' * 64}",))),
        "commits to timestamp tokens of checkpoint 310 that are not there",
        check="manifests",
        forger="the log's keys and the TSAs",
    ),
    _stamp(
        "capture-without-tokens",
        "a capture commits to a checkpoint by none of its tokens",
        _dated_with(lambda s: replace(s, tokens=())),
        "commits to timestamp tokens of checkpoint 310 that are not there",
        check="manifests",
        forger="the log's keys and the TSAs",
    ),
    _stamp(
        "cosignature-flip",
        "one character of a cosignature",
        tools(edit(COSIGNATURE, lambda c: c[:70] + (b"A" if c[70:71] != b"A" else b"B") + c[71:])),
        "cosignatures/601/national: ",
        check="witnesses",
    ),
    _stamp(
        "cosignature-of-other-checkpoint",
        "a cosignature stands with another checkpoint",
        tools(_cosignature_moved),
        "cosignatures/310/national: ",
        check="witnesses",
    ),
    _stamp(
        "cosignature-of-no-checkpoint",
        "a cosignature of a size that nobody signed",
        tools(lambda a: (a / "log/cosignatures/601").rename(a / "log/cosignatures/400")),
        "there is no checkpoint of this size",
        check="witnesses",
    ),
    _stamp(
        "cosignature-of-stranger",
        "the forger's own witness signs",
        _strange_witness(trusted=False),
        "signed by witness.example/national: no key for it",
        check="witnesses",
        forger="another key",
    ),
    _stamp(
        "cosignature-of-trusted-stranger",
        "the same, its key put into trust/; the verifier has the true one",
        _strange_witness(trusted=True),
        "witness",
        check="witnesses",
        forger="another key",
        anchored=True,
        status="not-checked",
    ),
    _stamp(
        "cosignature-removed",
        "the cosignatures are removed",
        tools(lambda a: shutil.rmtree(a / "log/cosignatures")),
        "no cosignature yet",
        check="witnesses",
        status="not-checked",
    ),
    _stamp(
        "cosignature-key-removed",
        "the witness's key is removed",
        tools(drop(WITNESS_KEY)),
        "no key for it in trust/",
        check="witnesses",
    ),
    _stamp(
        "witness-removed",
        "cosignatures and the witness's key are removed; the settings name the witness",
        tools(_witness_gone),
        "names 1 witness.*national",
        check="witnesses",
        status="not-checked",
    ),
    _stamp(
        "authority-removed",
        "one authority's newest tokens and its section in the settings are removed",
        tools(_without_authority),
        "evidence.toml has sha256:",
        check="settings",
    ),
    _stamp(
        "stamp-own-authority-trusted",
        "a token of the forger's own TSA on the newest checkpoint, its root put into trust/",
        _own_authority(601, trusted=True),
        "trust/tsa-a.pem has sha256:",
        check="settings",
        forger="a TSA",
    ),
    _stamp(
        "witness-removed-and-section",
        "the same, and the witness's section in the settings",
        tools(_witness_gone, _without_witness),
        f"{WITNESS_KEY} is not there",
        check="settings",
    ),
)
