"""Damage to a receipt: the same part of a log as a bundle's, a list of files, and the records of one capture."""

import json
from functools import partial
from pathlib import Path

from crawler.evidence.bundle import RECEIPT_PAGE, RECEIPT_RECORDS, RECEIPT_SHEET, RECEIPT_SUMS, SIGNATURE
from crawler.evidence.digest import digest
from crawler.evidence.manifest import canonical
from crawler.evidence.signing_key import make_key
from tests.mutations.bundle_hostile import gzip_bomb
from tests.mutations.bundle_wacz import regzipped, spans
from tests.mutations.forger import (
    Damage,
    add,
    copy,
    drop,
    edit,
    fit_receipt,
    flip,
    now,
    swap,
    together,
    workshop,
)
from tests.mutations.model import Mutation

_m = partial(Mutation, subject="receipt")
_SIG = RECEIPT_SUMS + SIGNATURE
_KINDS = {
    RECEIPT_RECORDS: 100,
    RECEIPT_SHEET: 500,
    RECEIPT_PAGE: 500,
    "log/checkpoint": 60,
    "log/checkpoints/11": 60,
    "log/checkpoints/11.txt": 40,
    "log/checkpoints/11.sig": 20,
    "log/consistency/11": 90,
    "log/leaves/10.json": 200,
    "log/proofs/10.tlog-proof": 60,
    "log/log.pem": 60,
    "log/log.vkey": 50,
    "stamps/11/tsa-a.tsr": 500,
    "stamps/11/tsa-a.tsq": 40,
    "trust/tsa-a.pem": 300,
}


def _insider(damage: Damage) -> Damage:
    return together(damage, lambda receipt: fit_receipt(receipt, workshop().key))


def _records(change: object) -> Damage:
    def apply(content: bytes) -> bytes:
        records = [content[a:b] for a, b in spans(content)]
        return b"".join(change(records))  # type: ignore[operator]

    return _insider(edit(RECEIPT_RECORDS, apply))


def _gzip_bomb(receipt: Path) -> None:
    content, path = gzip_bomb(), receipt / now("log/leaves/10.json")
    fields = json.loads(path.read_bytes())
    fields["records"][0]["locator"]["length"] = len(content)
    fields["records"][0] |= {"sha256": digest(content), "sm3": digest(content, "sm3")}
    path.write_bytes(canonical(fields))
    (receipt / RECEIPT_RECORDS).write_bytes(content)
    fit_receipt(receipt)


_FILES = [
    mutation
    for name, place in _KINDS.items()
    for mutation in (
        _m(
            f"receipt-flip-{name.replace('/', '-').replace('.', '-')}",
            damage=f"one bit of {name} changed",
            forger="nothing",
            check="files",
            reason=f"{name} has SHA-256",
            apply=flip(name, place),
        ),
        _m(
            f"receipt-drop-{name.replace('/', '-').replace('.', '-')}",
            damage=f"{name} removed",
            forger="nothing",
            check="files",
            reason=f"{name} is listed in sha256sums.txt but is not there",
            apply=drop(name),
            slow=True,
        ),
        _m(
            f"receipt-refit-{name.replace('/', '-').replace('.', '-')}",
            damage=f"one bit of {name} changed, sha256sums.txt made anew",
            forger="the tools",
            check="bundle-signature",
            reason="list, signature or key changed|no key of the log",
            apply=together(flip(name, place), fit_receipt),
            slow=True,
        ),
    )
]

MUTATIONS = [
    *_FILES,
    _m(
        "receipt-sums-dropped",
        damage="sha256sums.txt removed",
        forger="nothing",
        check="files",
        reason="sha256sums.txt cannot be read",
        apply=drop(RECEIPT_SUMS),
    ),
    _m(
        "receipt-sums-line-dropped",
        damage="a line of sha256sums.txt removed",
        forger="nothing",
        check="bundle-signature",
        reason="list, signature or key",
        apply=edit(RECEIPT_SUMS, lambda t: t.partition(b"\n")[2]),
    ),
    _m(
        "receipt-sums-line-twice",
        damage="a line of sha256sums.txt twice",
        forger="nothing",
        check="files",
        reason="names a file twice",
        apply=edit(RECEIPT_SUMS, lambda t: t + t.splitlines(True)[-1]),
    ),
    _m(
        "receipt-signature-flipped",
        damage="one bit of the receipt's signature changed",
        forger="nothing",
        check="bundle-signature",
        reason="list, signature or key",
        apply=flip(_SIG, 5),
    ),
    _m(
        "receipt-signature-dropped",
        damage="the receipt's signature removed",
        forger="nothing",
        check="bundle-signature",
        reason="cannot be read",
        apply=drop(_SIG),
    ),
    _m(
        "receipt-signature-by-another-key",
        damage="changed, and signed with another key",
        forger="another key",
        check="bundle-signature",
        reason="is not one of the key",
        apply=together(flip(RECEIPT_SHEET, 500), lambda r: fit_receipt(r, make_key())),
    ),
    _m(
        "receipt-signature-by-the-old-key",
        damage="changed, and signed with the retired key",
        forger="an old key",
        check="bundle-signature",
        reason="is not one of the key",
        apply=together(flip(RECEIPT_SHEET, 500), lambda r: fit_receipt(r, workshop().retired)),
    ),
    _m(
        "receipt-signature-of-a-checkpoint",
        damage="a checkpoint's signature in its place",
        forger="nothing",
        check="bundle-signature",
        reason="list, signature or key",
        apply=copy("log/checkpoints/11.sig", _SIG),
    ),
    _m(
        "receipt-file-added",
        damage="a file added",
        forger="the log's key",
        check="files",
        reason="extra.txt does not belong",
        apply=_insider(add("extra.txt")),
    ),
    _m(
        "receipt-link",
        damage="a link to /etc/passwd",
        forger="nothing",
        check="files",
        reason="not a regular file",
        apply=lambda r: (r / "log/link").symlink_to("/etc/passwd"),
    ),
    _m(
        "receipt-record-flipped",
        damage="one bit of a record changed",
        forger="the log's key",
        check="records",
        reason="stored bytes have",
        apply=_insider(flip(RECEIPT_RECORDS, 100)),
    ),
    _m(
        "receipt-record-dropped",
        damage="a record removed",
        forger="the log's key",
        check="records",
        reason="stored bytes have",
        apply=_records(lambda r: r[:-1]),
    ),
    _m(
        "receipt-records-swapped",
        damage="the records in another order",
        forger="the log's key",
        check="records",
        reason="stored bytes have",
        apply=_records(lambda r: r[::-1]),
    ),
    _m(
        "receipt-record-twice",
        damage="a record twice",
        forger="the log's key",
        check="records",
        reason="bytes after its last record",
        apply=_records(lambda r: [*r, r[-1]]),
    ),
    _m(
        "receipt-record-recompressed",
        damage="a record compressed in another way",
        forger="the log's key",
        check="records",
        reason="stored bytes have",
        apply=_records(lambda r: [regzipped(r[0]), *r[1:]]),
    ),
    _m(
        "receipt-records-empty",
        damage="no byte of any record",
        forger="the log's key",
        check="records",
        reason="stored bytes have",
        apply=_insider(add(RECEIPT_RECORDS, b"")),
    ),
    _m(
        "receipt-leaf-dropped",
        damage="the capture's leaf and proof removed",
        forger="the log's key",
        check="records",
        reason="a receipt is of one capture; there are 0",
        apply=_insider(drop("log/leaves/10.json", "log/proofs/10.tlog-proof")),
    ),
    _m(
        "receipt-proof-of-another",
        damage="the proof of another leaf",
        forger="the log's key",
        check="inclusion",
        reason="is for leaf 9, not 10",
        apply=_insider(copy("log/proofs/9.tlog-proof", "log/proofs/10.tlog-proof")),
    ),
    _m(
        "receipt-tokens-swapped",
        damage="the tokens of two checkpoints exchanged",
        forger="the log's key",
        check="timestamps",
        reason="for other content",
        apply=_insider(swap("stamps/11/tsa-a.tsr", "stamps/9/tsa-a.tsr")),
    ),
    _m(
        "receipt-cosignature-flipped",
        damage="one character of the witness's signature changed",
        forger="the log's key",
        check="witnesses",
        reason="national",
        apply=_insider(
            edit(
                "log/cosignatures/11/national",
                lambda t: t[:70] + (b"A" if t[70:71] != b"A" else b"B") + t[71:],
            )
        ),
    ),
    _m(
        "receipt-other-key-given",
        damage="changed nothing; judged with another log's key",
        forger="another key",
        check="keys",
        reason="which no event|lacks key|in force",
        apply=_insider(edit("log/log.vkey", lambda t: b"".join(t.splitlines(True)[1:]))),
    ),
    _m(
        "receipt-bomb",
        damage="a record of 2 GB in a gzip member of 2 MB",
        forger="the tools",
        check="records",
        reason="refused|more than|larger",
        apply=_gzip_bomb,
    ),
    _m(
        "receipt-sums-of-newlines",
        damage="sha256sums.txt of 60 MB of empty lines",
        forger="nothing",
        check="files",
        reason="refused",
        apply=add(RECEIPT_SUMS, b"\n" * (60 << 20)),
    ),
]
