"""Hand over a case: a BagIt folder that a lawyer can file and that an opposing expert can verify without us.

Everything in it is dated by the log, not by the clock: exporting the same state of a case twice gives the
same bytes (but for the signature of an organisation, which says when it was made). It is written into a hidden
folder beside the target and appears under its name only when whole; an interrupted export goes on where it was
(crawler.export.unfinished).
"""

import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from crawler import __version__
from crawler.errors import EvidenceError, UsageError
from crawler.evidence.archive import Archive
from crawler.evidence.bundle import CMS_SIGNATURE, DATAPACKAGE, SIGNATURE, TAG_MANIFEST, WACZ
from crawler.evidence.bundle_signature import sign_bundle
from crawler.evidence.digest import digest
from crawler.evidence.organisation import Identity, sign_cms
from crawler.evidence.signing_key import LOG_KEY, load_key
from crawler.export.bag import write_bag
from crawler.export.catalogue import write_catalogue
from crawler.export.hash_list import write_hash_list
from crawler.export.index_page import PAPERS, write_index
from crawler.export.log_part import write_log_part
from crawler.export.model import Case, Exhibit, require_exhibits
from crawler.export.papers.facts import COURT, CaseFacts, gathered
from crawler.export.papers.paper import Make, Paper, papers
from crawler.export.payload import Measured, measure, payload_size
from crawler.export.selection import Selection, select
from crawler.export.sheet import write_sheet
from crawler.export.supplement import SUPPLEMENT_TO, Earlier, new_exhibits
from crawler.export.unfinished import Unfinished
from crawler.export.verifier.assemble import write_verifier
from crawler.export.wacz import write_wacz

if TYPE_CHECKING:  # pyHanko takes a second to load, and few bundles need it
    from crawler.export.pdf_signature import Signatory, Stamping

Json = dict[str, Any]
Watch = Callable[[str, int, int], None]  # what is being written, how much of it is, how much it will be


@dataclass(frozen=True, slots=True)
class BundleSummary:
    """What was exported. `digest` is that of tagmanifest-sha256.txt, and so stands for every byte of the bundle."""

    path: Path
    digest: str
    files: int
    size: int  # bytes
    captures: int
    records: int
    checkpoint: int  # size of the newest one in the bundle
    sealed: bool  # whether a verified timestamp covers every capture
    not_before: datetime | None
    not_after: datetime | None
    until: str = ""  # UTC: the time of the newest entry in it, which dates it
    papers: Mapping[str, "Stamping"] = field(default_factory=dict)  # those signed inside, by file name


def export_bundle(
    archive: Archive,
    case: Case,
    exhibits: Sequence[Exhibit],
    to: Path,
    *,
    passphrase: bytes | None = None,
    identity: Identity | None = None,
    signatory: "Signatory | None" = None,
    findings: Mapping[str, Json] | None = None,
    sheet: Callable[[str], bytes] | None = None,
    grade: str = COURT,
    earlier: Earlier | None = None,
    watch: Watch | None = None,
) -> BundleSummary:
    """Write the bundle of a case to the new folder `to`, signed with the log's key.

    `passphrase` is that of the log's key; `identity` is an organisation's certificate that signs too, `signatory`
    signs inside the PDF papers that are filed; `findings` by id are what those of the exhibits say, `sheet` prints
    one of them. With an `earlier` bundle a supplement to it is written: what that one lacks. For a `grade`
    other than court the case and its findings are given as that grade shows them (crawler.export.published), with
    redacted captures. `watch` is told of each step.

    What an interrupted export of the same state had made is not made again. Raises UsageError (target not empty,
    exhibits incomplete, captures unknown or not signed yet), LogError (no key, wrong passphrase) and ArchiveError
    (the archive is damaged): nothing is exported then, and nothing is left.
    """
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise UsageError(f"{to} is not empty: choose a new folder for the bundle")
    require_exhibits(exhibits)
    if earlier is not None:
        exhibits = new_exhibits(exhibits, earlier)
    selection = select(archive, {capture for exhibit in exhibits for capture in exhibit.captures})
    if earlier is not None:
        selection = selection.beginning_with(earlier.size)
    to.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Unfinished(to)
    key = load_key(archive.path / LOG_KEY, passphrase)
    try:
        filed = replace(case, exhibits=tuple(exhibits))
        facts = gathered(filed, archive, selection, findings or {}, grade=grade)
        facts = replace(facts, sheet=sheet, earlier="" if earlier is None else earlier.digest)
        unfinished.begin(facts)
        summary = _write(facts, unfinished, passphrase, signatory, watch or _nobody)
        _sign(unfinished.bag, key, identity)
        unfinished.publish(to)
    except EvidenceError:  # it would end so again; what ends otherwise, as on a full disk, can go on
        unfinished.remove()
        raise
    return replace(summary, path=to)


def _nobody(what: str, done: int, total: int) -> None:
    """Watches nothing."""


def _write(
    facts: CaseFacts,
    unfinished: Unfinished,
    passphrase: bytes | None,
    signatory: "Signatory | None",
    watch: Watch,
) -> BundleSummary:
    archive, selection, case, bag = facts.archive, facts.selection, facts.case, unfinished.bag
    exhibits, config = case.exhibits, facts.config
    size = sum(record.locator.length for one in selection.leaves for record in one.leaf.records)
    placed = write_wacz(
        bag / WACZ,
        archive,
        selection.leaves,
        title=case.title,
        created=selection.until,
        step=_Meter(watch, "网页存档", size).step,
        passphrase=passphrase,
    )
    watch("日志与时间戳", 0, 1)
    write_log_part(archive, selection, bag / "data")
    write_catalogue(bag, case, exhibits, selection, facts.collector)
    titles, stampings = _write_papers(facts, unfinished, signatory, watch)
    watch("核验说明与首页", 0, 1)
    write_sheet(archive, case, exhibits, selection, placed, _datapackage_digest(bag), bag, stampings)
    write_verifier(bag)
    write_index(bag, facts, titles)
    payload = measure(bag, _Meter(watch, "哈希清单", payload_size(bag)).step)
    payload |= write_hash_list(bag, payload, placed)
    about = (
        ("Source-Organization", config.organisation),
        ("Contact-Email", config.contact),
        ("External-Identifier", case.id),
        ("External-Description", case.title),
        ("Bagging-Date", selection.until[:10]),
        ("Bag-Software-Agent", f"web-evidence/{__version__}"),
        *([("Evidence-Grade", facts.grade)] if facts.grade != COURT else []),
        *([(SUPPLEMENT_TO, facts.earlier)] if facts.earlier else []),
    )
    summary = _summary(bag, write_bag(bag, about, payload), payload, selection, len(placed))
    return replace(summary, papers=stampings)


def _write_papers(
    facts: CaseFacts, unfinished: Unfinished, signatory: "Signatory | None", watch: Watch
) -> tuple[dict[str, str], dict[str, "Stamping"]]:
    """Write every paper; returns their titles by file name, and what became of those that were signed."""
    named: list[tuple[Paper, str, Make]] = [
        (paper, name, make) for paper in papers(facts.grade) for name, make in paper.files(facts)
    ]
    stampings = {}
    for number, (paper, name, make) in enumerate(named):
        watch(f"文书 {name}", number, len(named))
        if signatory is not None and paper.is_signed(name):
            signed = signatory.sign(make())  # says when it was signed: made anew by each export
            stampings[name] = signed.stamping
            (unfinished.bag / PAPERS / name).write_bytes(signed.content)
        else:
            unfinished.paper(name, make)
    return {name: paper.titled(name) for paper, name, _ in named}, stampings


def _sign(bag: Path, key: Ed25519PrivateKey, identity: Identity | None) -> None:
    """Sign the list of lists, and so every byte. Beside it, not in it: a list cannot hold its own signature."""
    tags = (bag / TAG_MANIFEST).read_bytes()
    (bag / (TAG_MANIFEST + SIGNATURE)).write_bytes(sign_bundle(tags, key))
    if identity is not None:
        (bag / (TAG_MANIFEST + CMS_SIGNATURE)).write_bytes(sign_cms(tags, identity))


def _summary(
    bag: Path, bag_digest: str, payload: Mapping[str, Measured], selection: Selection, records: int
) -> BundleSummary:
    captures = [selected for selected in selection.leaves if selected.leaf.capture is not None]
    lower = [selected.not_before for selected in captures if selected.not_before is not None]
    upper = [selected.not_after for selected in captures if selected.not_after is not None]
    sealed = len(upper) == len(captures)
    return BundleSummary(
        path=bag,
        digest=bag_digest,
        files=len(payload),
        size=sum(one.size for one in payload.values()),
        captures=len(captures),
        records=records,
        checkpoint=max(selection.sizes),
        sealed=sealed,
        not_before=min(lower) if len(lower) == len(captures) else None,
        not_after=max(upper) if sealed else None,
        until=selection.until,
    )


def _datapackage_digest(bag: Path) -> str:
    with zipfile.ZipFile(bag / WACZ) as package:
        return digest(package.read(DATAPACKAGE))


class _Meter:
    """Adds up bytes and tells whoever watches."""

    def __init__(self, watch: Watch, what: str, total: int) -> None:
        self._watch = watch
        self._what = what
        self._total = total
        self._seen = 0

    def step(self, count: int) -> None:
        """So many bytes more."""
        self._seen += count
        self._watch(self._what, self._seen, self._total)
