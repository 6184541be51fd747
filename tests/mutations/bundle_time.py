"""Damage to a bundle's timestamps: tokens, queries, chains, roots, and authorities of the forger's own."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from asn1crypto import algos, tsp

from crawler.demo.tsa import DemoAuthority
from crawler.evidence.digest import digest
from crawler.evidence.timestamp import make_request, split_trust
from tests.mutations.forger import (
    Damage,
    add,
    copy,
    drop,
    edit,
    fit,
    flip,
    insider,
    now,
    resign,
    rewrite_log,
    size_at,
    stamp,
    stranger,
    swap,
    together,
    weak,
    workshop,
)
from tests.mutations.model import Mutation

_m = partial(Mutation, subject="bundle", forger="the log's key")
_AT = "data/stamps/6/tsa-a"
_IMPRINTS = {"sha1": 20, "md5": 16}


def _copied(source: str, target: str) -> Damage:
    return together(*(copy(f"{source}.{end}", f"{target}.{end}") for end in ("tsq", "tsr", "chain.pem")))


def _swapped(first: str, second: str) -> Damage:
    return together(*(swap(f"{first}.{end}", f"{second}.{end}") for end in ("tsq", "tsr", "chain.pem")))


def _request(algorithm: str, size: int) -> bytes:
    """A query with a weak imprint."""
    query = tsp.TimeStampReq.load(make_request(b"").tsq)
    query["message_imprint"] = tsp.MessageImprint(
        {"hash_algorithm": algos.DigestAlgorithm({"algorithm": algorithm}), "hashed_message": bytes(size)}
    )
    return bytes(query.dump(force=True))


def _weak_imprint(algorithm: str) -> Damage:
    def damage(bundle: Path) -> None:
        query = _request(algorithm, _IMPRINTS[algorithm])
        (bundle / now(f"{_AT}.tsq")).write_bytes(query)
        (bundle / now(f"{_AT}.tsr")).write_bytes(weak("tsa-weak").reply(query))

    return damage


def _rejected(bundle: Path) -> None:
    """What the authority answers to a query that it refuses: an imprint that it does not stamp."""
    query = _request("sha1", 20)
    (bundle / now(f"{_AT}.tsq")).write_bytes(query)
    (bundle / now(f"{_AT}.tsr")).write_bytes(workshop().sample.authorities[0].reply(query))


def _query(change: Callable[[Any], object]) -> Damage:
    def apply(content: bytes) -> bytes:
        query = tsp.TimeStampReq.load(content)
        _ = query.native
        change(query)
        return bytes(query.dump(force=True))

    return edit(f"{_AT}.tsq", apply)


def _own_authorities(bundle: Path) -> None:
    """Every token by authorities of the same names, whose roots lie in trust/."""
    made = stranger()
    for folder in sorted((bundle / "data/stamps").iterdir()):
        note = (bundle / f"data/log/checkpoints/{folder.name}").read_bytes()
        stamp(bundle, int(folder.name), note, made)
    for tsa in made:
        (bundle / f"data/trust/{tsa.name}.pem").write_bytes(b"".join(split_trust(tsa.trust_pem)[0]))


def _own_authorities_and_log(bundle: Path) -> None:
    """The same, and leaves that name these tokens: the whole log again."""
    _own_authorities(bundle)
    made, leaves = workshop(), list(workshop().leaves)
    for folder in sorted((bundle / "data/stamps").iterdir(), key=lambda path: int(path.name)):
        for name in ("tsa-a", "tsa-b"):
            old = digest((made.bundle / f"data/stamps/{folder.name}/{name}.tsr").read_bytes())
            new = digest((folder / f"{name}.tsr").read_bytes())
            leaves = [leaf.replace(old.encode(), new.encode()) for leaf in leaves]
    rewrite_log(bundle, leaves, stamped=False)
    fit(bundle)
    resign(bundle, made.key)


def _foreign_root(bundle: Path) -> None:
    (bundle / "data/trust/tsa-a.pem").write_bytes(b"".join(split_trust(stranger()[0].trust_pem)[0]))


def _tokens_of(authority: Callable[[], DemoAuthority]) -> Damage:
    """One token of an authority of the forger's own, over the right checkpoint."""
    return lambda bundle: stamp(
        bundle, size_at(6), (bundle / now("data/log/checkpoints/6")).read_bytes(), [authority()]
    )


TOKENS = [
    _m(
        "token-signature-flipped",
        damage="one bit of a token's signature changed",
        check="timestamps",
        reason=r"6/tsa-a\.tsr: ",
        apply=insider(flip(f"{_AT}.tsr", -5)),
    ),
    _m(
        "token-cut",
        damage="a token cut in half",
        check="timestamps",
        reason=r"6/tsa-a\.tsr: ",
        apply=insider(edit(f"{_AT}.tsr", lambda t: t[: len(t) // 2])),
    ),
    _m(
        "token-longer",
        damage="a byte behind a token",
        check="timestamps",
        reason=r"6/tsa-a\.tsr: ",
        apply=insider(edit(f"{_AT}.tsr", lambda t: t + b"\0")),
    ),
    _m(
        "token-empty",
        damage="a token of no bytes",
        check="timestamps",
        reason=r"6/tsa-a\.tsr: ",
        apply=insider(add(f"{_AT}.tsr", b"")),
    ),
    _m(
        "token-deep",
        damage="a token of 2,000 nested sequences",
        check="timestamps",
        reason=r"6/tsa-a\.tsr: ",
        apply=insider(add(f"{_AT}.tsr", b"\x30\x80" * 2000)),
    ),
    _m(
        "token-claims-4-gb",
        damage="a token that claims to be 4 GB long",
        check="timestamps",
        reason=r"6/tsa-a\.tsr: ",
        apply=insider(add(f"{_AT}.tsr", b"\x30\x84\xff\xff\xff\xff")),
    ),
    _m(
        "token-4-mb",
        damage="a token of more than 4 MB",
        check="timestamps",
        reason="more than .* bytes: refused",
        apply=insider(edit(f"{_AT}.tsr", lambda t: t + bytes(5 << 20))),
    ),
    _m(
        "token-dropped",
        damage="a token that leaves commit to removed",
        check="manifests",
        reason="that are not there",
        apply=insider(drop(*(f"{_AT}.{end}" for end in ("tsq", "tsr", "chain.pem")))),
    ),
    _m(
        "token-without-query",
        damage="the query of a token removed",
        check="timestamps",
        reason="tsa-a",
        apply=insider(drop(f"{_AT}.tsq")),
    ),
    _m(
        "query-without-token",
        damage="a token removed, its query left",
        check="timestamps",
        reason="tsa-a",
        apply=insider(drop(f"{_AT}.tsr")),
    ),
    _m(
        "token-of-another-checkpoint",
        damage="a token with query and chain put under another checkpoint",
        check="timestamps",
        reason=r"9/tsa-a\.tsr: the token is for other content",
        apply=insider(_copied(_AT, "data/stamps/9/tsa-a")),
    ),
    _m(
        "tokens-swapped-between-checkpoints",
        damage="two tokens of one authority exchanged",
        check="timestamps",
        reason=r"tsa-a\.tsr: the token is for other content",
        apply=insider(_swapped(_AT, "data/stamps/9/tsa-a")),
    ),
    _m(
        "tokens-swapped-between-authorities",
        damage="two tokens over one checkpoint exchanged, each under the other's name",
        check="timestamps",
        reason=r"tsa-[ab]\.tsr: ",
        apply=insider(_swapped(_AT, "data/stamps/6/tsa-b")),
    ),
    _m(
        "token-under-no-checkpoint",
        damage="tokens for a size of which there is no checkpoint",
        check="timestamps",
        reason="there is no checkpoint of this size",
        apply=insider(lambda b: ((b / now("data/stamps/5")).mkdir(), _copied(_AT, "data/stamps/5/tsa-a")(b))),
    ),
    _m(
        "token-under-a-third-name",
        damage="a token copied under the name of a third authority",
        check="timestamps",
        reason="tsa-c",
        apply=insider(_copied(_AT, "data/stamps/6/tsa-c")),
    ),
    _m(
        "nonce-wrong",
        damage="a query with another nonce",
        check="timestamps",
        reason="answers another query: nonce",
        apply=insider(_query(lambda query: query.__setitem__("nonce", 1))),
    ),
    _m(
        "query-of-another-token",
        damage="the query of another token",
        check="timestamps",
        reason="query is for other content",
        apply=insider(copy("data/stamps/9/tsa-a.tsq", f"{_AT}.tsq")),
    ),
    _m(
        "query-garbage",
        damage="a query that is no DER",
        check="timestamps",
        reason="6/tsa-a",
        apply=insider(add(f"{_AT}.tsq", b"\xff" * 40)),
    ),
    _m(
        "imprint-sha1",
        damage="a token over a SHA-1 imprint",
        forger="a TSA",
        check="timestamps",
        reason="imprint algorithm .* too weak",
        apply=insider(_weak_imprint("sha1")),
    ),
    _m(
        "imprint-md5",
        damage="a token over an MD5 imprint",
        forger="a TSA",
        check="timestamps",
        reason="imprint algorithm .* too weak",
        apply=insider(_weak_imprint("md5")),
    ),
    _m(
        "status-rejected",
        damage="an answer of the authority that refuses to stamp",
        check="timestamps",
        reason="the TSA refused: status rejection",
        apply=insider(_rejected),
    ),
    _m(
        "chain-dropped",
        damage="the chain of a token removed",
        check="timestamps",
        reason="chain.pem cannot be read",
        apply=insider(drop("data/stamps/6/tsa-b.chain.pem")),
    ),
    _m(
        "chain-without-intermediate",
        damage="a chain of another token, without the intermediate certificate",
        check="timestamps",
        reason=r"6/tsa-b\.tsr: the token does not verify",
        apply=insider(copy(f"{_AT}.chain.pem", "data/stamps/6/tsa-b.chain.pem")),
    ),
    _m(
        "chain-garbage",
        damage="a chain that is no PEM",
        check="timestamps",
        reason=r"6/tsa-a\.tsr: ",
        apply=insider(
            add(f"{_AT}.chain.pem", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
        ),
    ),
]

AUTHORITIES = [
    _m(
        "root-dropped",
        damage="an authority's root removed from trust/",
        check="timestamps",
        reason=r"tsa-a",
        apply=insider(drop("data/trust/tsa-a.pem")),
    ),
    _m(
        "foreign-root",
        damage="another root under the authority's name in trust/",
        forger="a TSA",
        check="timestamps",
        reason=r"tsa-a\.tsr: the token does not verify",
        apply=insider(_foreign_root),
    ),
    _m(
        "roots-swapped",
        damage="the roots of two authorities exchanged",
        check="timestamps",
        reason=r"tsa-a\.tsr: the token does not verify",
        apply=insider(swap("data/trust/tsa-a.pem", "data/trust/tsa-b.pem")),
    ),
    _m(
        "own-tsa-token",
        damage="one token by an authority of the forger's own, with the same names in its certificates",
        forger="a TSA",
        check="timestamps",
        reason=r"6/tsa-a\.tsr: the token does not verify",
        apply=insider(_tokens_of(lambda: stranger()[0])),
    ),
    _m(
        "own-tsa-all",
        damage="every token and root by authorities of the forger's own with the same names",
        forger="a TSA",
        check="manifests",
        reason="commits to timestamp tokens .* that are not there",
        apply=insider(_own_authorities),
    ),
    _m(
        "own-tsa-and-log-with-anchors",
        damage="the same, and the log made anew so that leaves name these tokens",
        forger="a TSA",
        check="timestamps",
        reason=r"tsa-a\.tsr: the token does not verify",
        apply=_own_authorities_and_log,
        anchored=True,
    ),
    _m(
        "own-tsa-and-log-without-anchors",
        damage="the same, and the verifier has no root from elsewhere: the cosignature of the witness is left",
        forger="a TSA",
        check="witnesses",
        reason="11/national",
        apply=_own_authorities_and_log,
    ),
    _m(
        "expired-at",
        damage="judged in 2040, when the certificates have ended and nothing was renewed",
        forger="nothing",
        check="validity",
        reason="no token holds at 2040",
        apply=lambda _bundle: None,
        anchored=True,
        at="2040-01-01T00:00:00+00:00",
    ),
]

MUTATIONS = [*TOKENS, *AUTHORITIES]
