"""Verify a bundle, from the outside in and back out: bag, signature, the log's part, records, documents."""

import zipfile
from datetime import datetime
from pathlib import Path

from crawler.errors import FormatError
from crawler.evidence.bundle import (
    CATALOGUE_CSV,
    CATALOGUE_DOCX,
    CMS_SIGNATURE,
    SHEET,
    SHEET_PAGE,
    TAG_MANIFEST,
    VERIFIER_PAGE,
    WACZ,
)
from crawler.evidence.checks.bag import Found, check_bag
from crawler.evidence.checks.catalogue import check_catalogue
from crawler.evidence.checks.hash_list import check_hash_list
from crawler.evidence.checks.inclusion import Part
from crawler.evidence.checks.log_part import ASK, LogPart, check_bundle_signature
from crawler.evidence.checks.opened import check_opened
from crawler.evidence.checks.organisation import check_organisation
from crawler.evidence.checks.reading import read_small
from crawler.evidence.checks.supplement import check_supplement
from crawler.evidence.checks.wacz import (
    Placed,
    check_index,
    check_package,
    check_records,
    require_bounded,
)
from crawler.evidence.checks.zip_members import open_package
from crawler.evidence.report import Check, Faults, KeyFacts, Progress, Report, Words, failed

_DOCUMENTS = (CATALOGUE_DOCX, CATALOGUE_CSV, SHEET, SHEET_PAGE, VERIFIER_PAGE)


def verify_bundle(
    path: Path,
    *,
    trust: Path | None = None,
    vkey: str | None = None,
    at: datetime | None = None,
    sealed: Path | None = None,
    earlier: Path | None = None,
    progress: Progress | None = None,
) -> Report:
    """Check a bundle in full.

    `trust` is the verifier's own folder of TSA roots (*.pem; a log.vkey in it is used too), `vkey` the log's
    public key line, `at` the date at which the tokens must hold, `sealed` a folder of originals that a redacted
    bundle was made from (checks/opened.py), `earlier` the bundle that this one supplements. Never raises
    for what is in the bundle: that is a failed check.
    """
    bag, found = check_bag(path, progress or _silent)
    part = LogPart(Part(path / "data", "data/"), trust, vkey)
    log_checks, keys = part.checks(at)
    organisation, signer = _check_organisation(path, trust, at)
    package, placed, packer = _check_wacz(path, part)
    ordered = [
        bag,
        check_bundle_signature(TAG_MANIFEST, path, part.newest_key),
        organisation,
        *log_checks,
        *package,
        part.sealed(),
        part.bracket(at),
        check_hash_list(path, found, placed),
        _check_documents(path, found, part),
        check_opened(path, sealed, part.leaves) if sealed is not None else None,
        check_supplement(path, earlier) if earlier is not None else None,
        part.anchor(),
    ]
    checks = tuple(check for check in ordered if check is not None)
    when = at.isoformat() if at is not None else None
    return Report(
        str(path),
        checks,
        "bundle",
        (*keys, *(key for key in (signer, packer) if key is not None)),
        part.times(at),
        when,
    )


def _check_organisation(
    path: Path, trust: Path | None, at: datetime | None
) -> tuple[Check | None, KeyFacts | None]:
    """The signature by an organisation's certificate, where there is one."""
    name = TAG_MANIFEST + CMS_SIGNATURE
    if not (path / name).exists():
        return None, None
    roots = [read_small(root) for root in sorted((trust or path / "none").glob("organisation*.pem"))]
    try:
        signature, content = read_small(path / name), read_small(path / TAG_MANIFEST)
    except FormatError as error:
        return failed("organisation-signature", str(error), ASK), None
    return check_organisation(signature, content, roots, at)


def _check_wacz(path: Path, part: LogPart) -> tuple[list[Check], list[Placed], KeyFacts | None]:
    """The checks of the WACZ, the records as they lie in it, and the key that signed it."""
    faults = {name: Faults(name) for name in ("wacz", "coverage", "records", "index")}
    placed: list[Placed] = []
    signer = None
    try:
        with open_package(path / WACZ) as package:
            signer = check_package(package, faults["wacz"])
            require_bounded(package)
            leaves = [(index, included.leaf) for index, included in part.leaves.items()]
            placed = check_records(package, leaves, faults["coverage"], faults["records"])
            check_index(package, placed, faults["index"])
    except FormatError as error:
        faults["wacz"].add(str(error))
    good = {
        "wacz": Words("成员、清单、摘要和签名一致", "members, listing, digests and signature agree"),
        "coverage": Words(
            "WARC 文件的每个字节都属于日志所列的记录",
            "each byte of each WARC file lies in a record that a leaf names",
        ),
        "records": Words(f"{len(placed)} 条记录与日志一致", f"{len(placed)} record(s) agree with the log"),
        "index": Words("索引和页面列表与记录相符", "index and pages name the records truly"),
    }
    return [found.check(good[name], ASK) for name, found in faults.items()], placed, signer


def _check_documents(path: Path, found: dict[str, Found], part: LogPart) -> Check:
    faults = Faults("documents")
    for name in _DOCUMENTS:
        if name not in found or not found[name].size:
            faults.add(f"{name} is missing or empty")
    if CATALOGUE_DOCX in found and not zipfile.is_zipfile(path / CATALOGUE_DOCX):
        faults.add(f"{CATALOGUE_DOCX} is not a Word document")
    if not faults.count:
        check_catalogue(path, part.captures(), faults)
    good = Words(
        "证据目录所列时间、日志序号和网址与日志一致；核验说明和核验程序齐备，内容由文件清单和签名保护",
        "times, entries and addresses in the catalogue are those of the log; verification sheet and verifier are"
        " there, lists and signature cover their bytes",
    )
    return faults.check(good, ASK)


def _silent(_seen: int, _total: int) -> None:
    """Progress that nobody watches."""
