"""Damage to a bundle's bag: files, lists, signatures over the lists, names, and things that are no files."""

import hashlib
import os
import shutil
from functools import partial
from pathlib import Path

from crawler.evidence.bundle import (
    BAG_INFO,
    BAGIT,
    CATALOGUE_CSV,
    CATALOGUE_DOCX,
    CMS_SIGNATURE,
    HASH_LIST,
    MANIFEST,
    SHEET,
    SHEET_PAGE,
    SIGNATURE,
    TAG_MANIFEST,
    VERIFIER_PAGE,
    WACZ,
)
from crawler.evidence.organisation import sign_cms
from crawler.evidence.signing_key import make_key
from tests.mutations.forger import (
    Damage,
    add,
    copy,
    drop,
    edit,
    fit,
    flip,
    insider,
    make_identity,
    now,
    resign,
    swap,
    together,
    tools,
    workshop,
)
from tests.mutations.model import Mutation

_m = partial(Mutation, subject="bundle")
_SIG, _CMS = TAG_MANIFEST + SIGNATURE, TAG_MANIFEST + CMS_SIGNATURE

# One of each kind of file in data/, and where in it one bit is changed.
KINDS: dict[str, int] = {
    WACZ: 700,
    CATALOGUE_CSV: 300,
    CATALOGUE_DOCX: 9000,
    SHEET: 2000,
    SHEET_PAGE: 2000,
    VERIFIER_PAGE: 90_000,
    HASH_LIST: 400,
    "data/log/checkpoint": 60,
    "data/log/checkpoints/6": 60,
    "data/log/checkpoints/6.txt": 40,
    "data/log/checkpoints/6.sig": 20,
    "data/log/consistency/9": 90,
    "data/log/cosignatures/11/national": 70,
    "data/log/leaves/3.json": 200,
    "data/log/log.pem": 60,
    "data/log/log.vkey": 50,
    "data/log/proofs/3.tlog-proof": 60,
    "data/stamps/6/tsa-b.tsq": 40,
    "data/stamps/6/tsa-b.tsr": 500,
    "data/stamps/6/tsa-b.chain.pem": 900,
    "data/trust/tsa-a.pem": 300,
    "data/trust/witness-national.vkey": 40,
}


def _kind(name: str) -> str:
    return name.removeprefix("data/").replace("/", "-").replace(".", "-")


def _half(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _refit(name: str) -> Damage:
    return lambda bundle: fit(bundle, hash_list=name != HASH_LIST)


def _plain() -> list[Mutation]:
    """Each kind of file changed, dropped, cut by somebody who touches nothing else; and with lists that fit."""
    made = []
    for name, place in KINDS.items():
        kind, named = _kind(name), name.replace(".", r"\.")
        made += [
            _m(
                f"flip-{kind}",
                damage=f"one bit of {name} changed",
                forger="nothing",
                check="bag",
                reason=f"{named} has sha256:",
                apply=flip(name, place),
            ),
            _m(
                f"drop-{kind}",
                damage=f"{name} removed",
                forger="nothing",
                check="bag",
                reason=f"{named} is listed in manifest-sha256.txt but is not there",
                apply=drop(name),
                slow=True,
            ),
            _m(
                f"cut-{kind}",
                damage=f"the second half of {name} cut off",
                forger="nothing",
                check="bag",
                reason=f"{named} has sha256:",
                apply=edit(name, _half),
                slow=True,
            ),
            _m(
                f"refit-{kind}",
                damage=f"one bit of {name} changed, all lists and digests made anew",
                forger="the tools",
                check="bundle-signature",
                reason="list, signature or key changed|no key of the log",
                apply=together(flip(name, place), _refit(name)),
                slow=name not in (WACZ, CATALOGUE_DOCX, VERIFIER_PAGE),
            ),
        ]
    return made


def _lists(manifest: str) -> list[Mutation]:
    """Each list of files changed in ways of its own, with the tag manifest made to fit where it can be."""
    kind = manifest.removesuffix("-sha256.txt")
    lines = lambda text: text.splitlines(True)  # noqa: E731
    changes = {
        "reordered": (lambda text: b"".join(reversed(lines(text))), "lines are not in order"),
        "line-dropped": (lambda text: b"".join(lines(text)[:-1]), "is not listed in"),
        "line-twice": (lambda text: text + lines(text)[-1], "names a file twice"),
        "line-added": (
            lambda text: text + b"0" * 64 + b"  " + (b"data/z\n" if kind == "manifest" else b"z\n"),
            "but is not there",
        ),
        "no-newline": (lambda text: text[:-1], "does not end with a whole line"),
        "crlf": (lambda text: text.replace(b"\n", b"\r\n"), "is malformed"),
        "capitals": (lambda text: text[:64].upper() + text[64:], "is malformed"),
        "one-blank": (lambda text: text.replace(b"  ", b" "), "is malformed"),
        "dot-names": (lambda text: text.replace(b"  ", b"  ./"), "is not listed in"),
        "up-names": (lambda text: text + b"0" * 64 + b"  ../outside\n", "but is not there"),
        "empty": (lambda _text: b"", "does not end with a whole line|is not listed in"),
        "cut": (_half, "malformed|is not listed in"),
        "bom": (lambda text: b"\xef\xbb\xbf" + text, "is malformed"),
    }
    return [
        _m(
            f"{kind}-{name}",
            damage=f"{manifest}: {name.replace('-', ' ')}; signed with the log's own key",
            forger="the log's key",
            check="bag",
            reason=reason,
            apply=together(edit(manifest, change), _retag if kind == "manifest" else _sign),
            slow=name in ("bom", "one-blank", "capitals"),
        )
        for name, (change, reason) in changes.items()
    ]


def _sign(bundle: Path) -> None:
    """Sign the tag manifest as it stands, list or not."""
    (bundle / _CMS).unlink(missing_ok=True)
    (bundle / _SIG).write_bytes(workshop().key.sign((bundle / TAG_MANIFEST).read_bytes()))


def _retag(bundle: Path) -> None:
    """A tag manifest over the tag files as they are, signed."""
    names = (BAG_INFO, BAGIT, MANIFEST)
    rows = (f"{hashlib.sha256((bundle / name).read_bytes()).hexdigest()}  {name}\n" for name in names)
    (bundle / TAG_MANIFEST).write_text("".join(rows), "ascii")
    _sign(bundle)


TAGS = [
    _m(
        "flip-bagit",
        damage="bagit.txt names another version of BagIt",
        forger="nothing",
        check="bag",
        reason="bagit.txt has sha256:",
        apply=edit(BAGIT, lambda t: t.replace(b"1.0", b"0.9")),
    ),
    _m(
        "bagit-refitted",
        damage="bagit.txt names another version of BagIt",
        forger="the log's key",
        check="bag",
        reason=r"bagit\.txt is not that of a BagIt 1\.0 bag",
        apply=together(edit(BAGIT, lambda t: t.replace(b"1.0", b"0.9")), _retag),
    ),
    _m(
        "bagit-other-encoding",
        damage="bagit.txt declares UTF-16 tag files",
        forger="the log's key",
        check="bag",
        reason=r"bagit\.txt is not that of",
        apply=together(edit(BAGIT, lambda t: t.replace(b"UTF-8", b"UTF-16")), _retag),
    ),
    _m(
        "bag-info-edited",
        damage="bag-info.txt names another organisation",
        forger="nothing",
        check="bag",
        reason="bag-info.txt has sha256:",
        apply=edit(BAG_INFO, lambda t: t.replace("某市".encode(), "他市".encode())),
    ),
    _m(
        "bag-info-without-tag-manifest",
        damage="bag-info.txt edited and the tag manifest, which RFC 8493 makes optional, removed",
        forger="nothing",
        check="bag",
        reason=r"tagmanifest-sha256\.txt is missing",
        apply=together(edit(BAG_INFO, lambda t: t + b"Note: x\n"), drop(TAG_MANIFEST)),
    ),
    _m(
        "bag-info-without-any-signature",
        damage="bag-info.txt edited; tag manifest, its signatures removed",
        forger="nothing",
        check="bundle-signature",
        reason="tagmanifest-sha256.txt cannot be read",
        apply=together(edit(BAG_INFO, lambda t: t + b"Note: x\n"), drop(TAG_MANIFEST, _SIG, _CMS)),
    ),
    _m(
        "bag-info-refitted",
        damage="bag-info.txt edited, the tag manifest made anew",
        forger="the tools",
        check="bundle-signature",
        reason="list, signature or key changed",
        apply=tools(edit(BAG_INFO, lambda t: t.replace("某市".encode(), "他市".encode()))),
    ),
    _m(
        "bag-info-removed",
        damage="bag-info.txt removed",
        forger="nothing",
        check="bag",
        reason=r"bag-info\.txt is missing",
        apply=drop(BAG_INFO),
    ),
    _m(
        "oxum-untrue",
        damage="bag-info.txt tells of other sizes",
        forger="the log's key",
        check="bag",
        reason="does not say Payload-Oxum",
        apply=together(edit(BAG_INFO, lambda t: t.replace(b"Oxum: ", b"Oxum: 1")), _retag),
    ),
    _m(
        "oxum-twice",
        damage="bag-info.txt tells two sizes",
        forger="the log's key",
        check="bag",
        reason="does not say Payload-Oxum",
        apply=together(edit(BAG_INFO, lambda t: t + t), _retag),
    ),
    _m(
        "manifest-removed",
        damage="manifest-sha256.txt removed",
        forger="nothing",
        check="bag",
        reason=r"manifest-sha256\.txt is missing|is not listed in manifest-sha256.txt",
        apply=drop(MANIFEST),
    ),
    _m(
        "second-manifest",
        damage="a manifest with MD5 digests put beside that with SHA-256",
        forger="nothing",
        check="bag",
        reason=r"manifest-md5\.txt does not belong",
        apply=add("manifest-md5.txt"),
    ),
    _m(
        "fetch-file",
        damage="a fetch.txt that sends for files elsewhere",
        forger="nothing",
        check="bag",
        reason=r"fetch\.txt does not belong",
        apply=add("fetch.txt", b"http://evil.example/ 1 data/x\n"),
    ),
    _m(
        "tag-manifest-flipped",
        damage="one bit of the tag manifest changed",
        forger="nothing",
        check="bundle-signature",
        reason="list, signature or key changed",
        apply=edit(TAG_MANIFEST, lambda t: t[:3] + (b"a" if t[3:4] != b"a" else b"b") + t[4:]),
    ),
    _m(
        "catalogue-edited",
        damage="证据目录 (catalogue.csv) edited, every list made to fit",
        forger="the tools",
        check="bundle-signature",
        reason="list, signature or key changed",
        apply=tools(edit(CATALOGUE_CSV, lambda t: t.replace("体验官".encode(), "体验员".encode()))),
    ),
    _m(
        "catalogue-docx-replaced",
        damage="证据目录 (catalogue.docx) replaced by a text",
        forger="the log's key",
        check="documents",
        reason="is not a Word document",
        apply=insider(add(CATALOGUE_DOCX, b"no Word document")),
    ),
    _m(
        "catalogue-dropped",
        damage="证据目录 removed, every list made to fit",
        forger="the log's key",
        check="documents",
        reason=r"catalogue\.docx is missing or empty",
        apply=insider(drop(CATALOGUE_DOCX)),
    ),
    _m(
        "sheet-emptied",
        damage="核验说明 emptied",
        forger="the log's key",
        check="documents",
        reason=r"verify-zh\.md is missing or empty",
        apply=insider(add(SHEET, b"")),
    ),
    _m(
        "verifier-replaced",
        damage="verifier.html replaced by one that always says passed, lists made to fit",
        forger="the tools",
        check="bundle-signature",
        reason="list, signature or key changed",
        apply=tools(add(VERIFIER_PAGE, "<p>全部通过".encode())),
    ),
    _m(
        "verifier-replaced-plainly",
        damage="verifier.html replaced",
        forger="nothing",
        check="bag",
        reason=r"verifier\.html has sha256:",
        apply=add(VERIFIER_PAGE, "<p>全部通过".encode()),
    ),
    _m(
        "files-swapped",
        damage="two files exchanged",
        forger="nothing",
        check="bag",
        reason=r"verify-zh\.(md|html) has",
        apply=swap(SHEET, SHEET_PAGE),
    ),
    _m(
        "file-added",
        damage="a file added in data/",
        forger="nothing",
        check="bag",
        reason="data/extra.txt is not listed",
        apply=add("data/extra.txt"),
    ),
    _m(
        "file-added-outside",
        damage="a file added beside data/",
        forger="nothing",
        check="bag",
        reason=r"extra\.txt does not belong",
        apply=add("extra.txt"),
    ),
    _m(
        "file-duplicated",
        damage="a file copied under another name",
        forger="nothing",
        check="bag",
        reason="data/catalogue2.csv is not listed",
        apply=copy(CATALOGUE_CSV, "data/catalogue2.csv"),
    ),
    _m(
        "hash-list-refitted-by-half",
        damage="a file changed, manifests made to fit, hash-list.csv forgotten",
        forger="the log's key",
        check="hash-list",
        reason="size or digests of data/verify-zh.md are not true",
        apply=together(
            flip(SHEET, 2000), lambda b: fit(b, hash_list=False), lambda b: resign(b, workshop().key)
        ),
    ),
]


# ---- signatures over the lists


def _by_other_key(bundle: Path) -> None:
    fit(bundle)
    resign(bundle, make_key())


def _cms(damage: str) -> Damage:
    def apply(bundle: Path) -> None:
        made, folder = workshop(), bundle.with_name(bundle.name + "-cms")
        content = (bundle / TAG_MANIFEST).read_bytes()
        if damage == "other":
            other = make_identity(folder, "某市消费者权益保护委员会")
            (bundle / _CMS).write_bytes(sign_cms(content, other))
        else:
            (bundle / _CMS).write_bytes(sign_cms(content.replace(b"a", b"b"), made.identity))

    return apply


SIGNATURES = [
    _m(
        "signature-flipped",
        damage="one bit of the bundle's signature changed",
        forger="nothing",
        check="bundle-signature",
        reason="list, signature or key changed",
        apply=flip(_SIG, 5),
    ),
    _m(
        "signature-dropped",
        damage="the bundle's signature removed",
        forger="nothing",
        check="bundle-signature",
        reason="cannot be read",
        apply=drop(_SIG),
    ),
    _m(
        "signature-cut",
        damage="the bundle's signature without its last byte",
        forger="nothing",
        check="bundle-signature",
        reason="has 63 bytes, not 64",
        apply=edit(_SIG, lambda s: s[:-1]),
    ),
    _m(
        "signature-longer",
        damage="a byte behind the bundle's signature",
        forger="nothing",
        check="bundle-signature",
        reason="has 65 bytes, not 64",
        apply=edit(_SIG, lambda s: s + b"\0"),
    ),
    _m(
        "signature-zero",
        damage="a signature of zeros (a small-order point)",
        forger="nothing",
        check="bundle-signature",
        reason="list, signature or key changed",
        apply=add(_SIG, bytes(64)),
    ),
    _m(
        "signature-malleable",
        damage="the group's order added to the signature's second half",
        forger="nothing",
        check="bundle-signature",
        reason="list, signature or key changed",
        apply=edit(_SIG, lambda s: _malleable(s)),
    ),
    _m(
        "signature-of-a-checkpoint",
        damage="a checkpoint's signature put in place of the bundle's",
        forger="nothing",
        check="bundle-signature",
        reason="list, signature or key changed",
        apply=copy("data/log/checkpoints/11.sig", _SIG),
    ),
    _m(
        "resigned-by-another-key",
        damage="edited, lists made anew, and signed with another key",
        forger="another key",
        check="bundle-signature",
        reason="is not one of the key",
        apply=together(edit(SHEET, lambda t: t + b"x"), _by_other_key),
    ),
    _m(
        "resigned-by-the-retired-key",
        damage="edited, lists made anew, and signed with the log's old key",
        forger="an old key",
        check="bundle-signature",
        reason="is not one of the key",
        apply=together(edit(SHEET, lambda t: t + b"x"), fit, lambda b: resign(b, workshop().retired)),
    ),
    _m(
        "cms-flipped",
        damage="one bit of the organisation's signature changed",
        forger="nothing",
        check="organisation-signature",
        reason=".",
        apply=flip(_CMS, -10),
        anchored=True,
    ),
    _m(
        "cms-of-other-content",
        damage="the organisation's signature over another list",
        forger="nothing",
        check="organisation-signature",
        reason=".",
        apply=_cms("content"),
        anchored=True,
    ),
    _m(
        "cms-by-another-certificate",
        damage="signed by a certificate of the same name from another CA",
        forger="another key",
        check="organisation-signature",
        reason=".",
        apply=_cms("other"),
        anchored=True,
    ),
    _m(
        "cms-garbage",
        damage="the organisation's signature is no CMS",
        forger="nothing",
        check="organisation-signature",
        reason=".",
        apply=add(_CMS, b"\x30\x80" * 50),
    ),
    _m(
        "cms-empty",
        damage="the organisation's signature is empty",
        forger="nothing",
        check="organisation-signature",
        reason=".",
        apply=add(_CMS, b""),
    ),
]

_ORDER = 2**252 + 27742317777372353535851937790883648493  # of the Ed25519 group (RFC 8032, section 5.1)


def _malleable(signature: bytes) -> bytes:
    whole = int.from_bytes(signature[32:], "little") + _ORDER
    return signature[:32] + whole.to_bytes(32, "little")


# ---- names, and what is no file


def _link(name: str, target: str) -> Damage:
    def damage(bundle: Path) -> None:
        (bundle / now(name)).unlink(missing_ok=True)
        (bundle / now(name)).symlink_to(target)

    return damage


def _link_kept(name: str) -> Damage:
    """A file moved out of the bundle, a link to it in its place: its digest is right."""

    def damage(bundle: Path) -> None:
        kept = bundle.with_name(bundle.name + "-kept")
        (bundle / now(name)).rename(kept)
        (bundle / now(name)).symlink_to(kept)

    return damage


def _fifo(name: str) -> Damage:
    def damage(bundle: Path) -> None:
        (bundle / now(name)).unlink()
        os.mkfifo(bundle / now(name))

    return damage


def _folder(name: str) -> Damage:
    def damage(bundle: Path) -> None:
        (bundle / now(name)).unlink()
        (bundle / now(name)).mkdir()

    return damage


def _linked_folder(bundle: Path) -> None:
    shutil.rmtree(bundle / "data/stamps")
    (bundle / "data/stamps").symlink_to("/etc")


def _two_names(first: str, second: str) -> Damage:
    """Two files that some file systems take for one."""
    return together(add(first, b"one"), add(second, b"other"), fit)


_FIFOS = (
    "data/log/checkpoint",
    "data/log/log.vkey",
    "data/log/leaves/3.json",
    "data/stamps/6/tsa-a.tsr",
    WACZ,
    HASH_LIST,
    CATALOGUE_DOCX,
    BAGIT,
    BAG_INFO,
    MANIFEST,
    TAG_MANIFEST,
    _SIG,
    _CMS,
    "data/trust/tsa-a.pem",
    "data/trust/witness-national.vkey",
    "data/log/proofs/3.tlog-proof",
    "data/log/consistency/9",
)

ODD = [
    *(
        _m(
            f"fifo-{_kind(name)}",
            damage=f"{name} is a named pipe that nobody writes into",
            forger="nothing",
            check="bag",
            reason="is not a regular file",
            apply=_fifo(name),
            slow=name in (BAGIT, BAG_INFO, HASH_LIST),
        )
        for name in _FIFOS
    ),
    _m(
        "link-to-the-same-bytes",
        damage="a leaf is a link to a file of the right bytes outside",
        forger="nothing",
        check="bag",
        reason="is not a regular file: links",
        apply=_link_kept("data/log/leaves/3.json"),
    ),
    _m(
        "link-to-a-device",
        damage="the WACZ is a link to /dev/zero",
        forger="nothing",
        check="bag",
        reason="captures.wacz is not a regular file",
        apply=_link(WACZ, "/dev/zero"),
    ),
    _m(
        "link-to-itself",
        damage="the hash list is a link to itself",
        forger="nothing",
        check="bag",
        reason="hash-list.csv is not a regular file",
        apply=_link(HASH_LIST, "hash-list.csv"),
    ),
    _m(
        "link-nowhere",
        damage="the word document is a link to nothing",
        forger="nothing",
        check="bag",
        reason="catalogue.docx is not a regular file",
        apply=_link(CATALOGUE_DOCX, "nothing"),
    ),
    _m(
        "docx-links-to-a-device",
        damage="the word document is a link to /dev/zero",
        forger="nothing",
        check="bag",
        reason="catalogue.docx is not a regular file",
        apply=_link(CATALOGUE_DOCX, "/dev/zero"),
    ),
    _m(
        "folder-is-a-link",
        damage="data/stamps is a link to a folder elsewhere",
        forger="nothing",
        check="bag",
        reason="data/stamps is not a regular file",
        apply=_linked_folder,
    ),
    _m(
        "file-is-a-folder",
        damage="a checkpoint is a folder",
        forger="nothing",
        check="bag",
        reason="checkpoints/6 is listed in manifest-sha256.txt but is not there",
        apply=_folder("data/log/checkpoints/6"),
    ),
    _m(
        "names-that-differ-by-case",
        damage="two files whose names differ by case, lists made to fit",
        forger="the tools",
        check="bundle-signature",
        reason="list, signature or key",
        apply=_two_names("data/A.txt", "data/a.txt"),
    ),
    _m(
        "name-in-nfc-and-nfd",
        damage="two names that Unicode calls equal, lists made to fit",
        forger="the tools",
        check="bag",
        reason="file names in a bundle are ASCII",
        apply=_two_names("data/\u00e9.txt", "data/e\u0301.txt"),
    ),
    _m(
        "name-with-newline",
        damage="a name with a line break, which adds a line to the list",
        forger="the tools",
        check="bag",
        reason="file names in a bundle are ASCII",
        apply=together(add("data/a\nb"), fit),
    ),
    _m(
        "name-with-backslash",
        damage="a name with a backslash",
        forger="the tools",
        check="bag",
        reason="file names in a bundle are ASCII",
        apply=together(add("data/..\\x"), fit),
    ),
    _m(
        "name-not-utf-8",
        damage="a name of bytes that are no UTF-8",
        forger="nothing",
        check="bag",
        reason="file names in a bundle are ASCII",
        apply=lambda b: (b / "data" / os.fsdecode(b"\xff\xfe")).touch(),
    ),
    _m(
        "name-with-terminal-codes",
        damage="a name with control codes for the terminal",
        forger="nothing",
        check="bag",
        reason="is not listed in",
        apply=add("data/\x1b[2Jx"),
    ),
]

MUTATIONS = [
    *_plain(),
    *_lists(MANIFEST),
    *_lists(TAG_MANIFEST),
    *TAGS,
    *SIGNATURES,
    *ODD,
]
