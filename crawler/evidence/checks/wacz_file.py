"""Verify a WACZ on its own, ours or anybody's: members, listing, signature, records, index, pages.

A bundle's WACZ is checked against the log besides (checks/wacz.py). Here there is no log: what anchors the
package is its signature, and whom the verifier trusts to have made it (checks/wacz_signature.py).
"""

import re
from datetime import datetime
from pathlib import Path

from crawler.errors import FormatError, UsageError
from crawler.evidence.checks.wacz import check_own_form
from crawler.evidence.checks.wacz_listing import (
    Listing,
    check_listed,
    check_resources,
    missing_parts,
    read_listing,
    warc_names,
)
from crawler.evidence.checks.wacz_lookup import check_indexes, check_pages
from crawler.evidence.checks.wacz_signature import Anchors, judge
from crawler.evidence.checks.warc_file import Records, check_warcs
from crawler.evidence.checks.zip_members import Package, check_structure, open_package
from crawler.evidence.report import Check, Faults, KeyFacts, Progress, Report, Words, failed, not_checked

_FINGERPRINT = re.compile(r"sha256:[0-9a-f]{64}")
_ASK = Words("请索取另一份文件，并保留本份", "ask for another copy of the file, and keep this one")
_UNREAD = Words("上一项未通过，无法核验", "an earlier check failed, so this could not be made")
_AFTER_MEMBERS = (
    "datapackage", "resources", "binding", "wacz-signature", "records", "index", "pages",
)  # fmt: skip


def verify_wacz(
    path: Path,
    *,
    trust: Path | None,
    vkey: str | None = None,
    at: datetime | None = None,
    progress: Progress | None = None,
) -> Report:
    """Check a WACZ in full. Never raises for what is in the file: that is a failed check.

    `trust` is the verifier's folder (see checks/wacz_signature.py for what goes where), `vkey` the fingerprint
    ``sha256:<hex>`` of the key of an anonymous signature, `at` the date at which a token must still be valid.
    Raises UsageError for a `vkey` that is no fingerprint, FormatError for a trust folder that cannot be read.
    """
    if vkey is not None and not _FINGERPRINT.fullmatch(vkey):
        raise UsageError(
            f"a WACZ has no log: give the signer's key as sha256:<64 hex digits>, not {vkey[:80]!r}"
        )
    anchors = Anchors.read(trust, vkey)
    try:
        with open_package(path) as package:
            checks, keys = _Verification(package, anchors, at, progress).checks()
    except FormatError as error:
        unread = [not_checked(name, _UNREAD) for name in _AFTER_MEMBERS]
        checks, keys = (failed("members", str(error), _ASK), *unread), ()
    return Report(str(path), checks, "wacz", keys, at=None if at is None else at.isoformat())


class _Verification:
    """The checks of one package that could be opened."""

    def __init__(
        self, package: Package, anchors: Anchors, at: datetime | None, progress: Progress | None
    ) -> None:
        self._package = package
        self._anchors = anchors
        self._at = at
        self._progress = progress
        self._seen = 0

    def checks(self) -> tuple[tuple[Check, ...], tuple[KeyFacts, ...]]:
        """All checks, in their fixed order, and the keys that were used."""
        package = self._package
        members, faults = Faults("members"), Faults("datapackage")
        check_structure(package, members)
        for missing in missing_parts(package.names()):
            members.add(missing)
        listing = self._listing(faults)
        if listing is not None and listing.ours:
            check_own_form(package, listing, members)
        records = Faults("records")
        found = check_warcs(package, warc_names(package.names()), records, self._step)
        rest = (_records_check(records, found), *self._lookups(found))
        good = Words(
            f"{len(package.members)} 个成员", f"{len(package.members)} member(s), no byte between them"
        )
        first = members.check(good, _ASK)
        if listing is None:
            unread = [not_checked(name, _UNREAD) for name in ("resources", "binding", "wacz-signature")]
            return (first, faults.check(remedy=_ASK), *unread, *rest), ()
        judged = judge(package, listing, self._anchors, self._at)
        listed = (_listing_check(faults, listing), self._resources(listing))
        return (first, *listed, *judged.checks, *rest), judged.keys

    def _listing(self, faults: Faults) -> Listing | None:
        try:
            listing = read_listing(self._package)
        except FormatError as error:
            faults.add(str(error))
            return None
        check_listed(self._package, listing, faults)
        return listing

    def _resources(self, listing: Listing) -> Check:
        faults = Faults("resources")
        weak = check_resources(self._package, listing, faults, self._step)
        count = len(listing.resources)
        if weak and not faults.count:
            words = Words(
                f"{weak} 个文件只有弱摘要", f"{weak} of {count} files have only an MD5 or SHA-1 digest"
            )
            return not_checked("resources", words)
        return faults.check(Words(f"{count} 个文件与清单一致", f"{count} file(s) are what is listed"), _ASK)

    def _lookups(self, found: Records) -> tuple[Check, Check]:
        if found.broken or not found.count:
            return not_checked("index", _UNREAD), not_checked("pages", _UNREAD)
        index, pages = Faults("index"), Faults("pages")
        lines = check_indexes(self._package, found, index)
        listed = check_pages(self._package, found, pages)
        said = f"{lines.lines} line(s) name records truly{_remarks(lines.remarks)}"
        told = f"{listed.pages} page(s){_remarks(listed.remarks)}"
        return (
            index.check(Words(f"{lines.lines} 行索引与记录相符", said), _ASK),
            pages.check(Words(f"{listed.pages} 个页面", told), _ASK),
        )

    def _step(self, count: int) -> None:
        self._seen += count
        if self._progress is not None:  # every byte is read twice: as a record, and as a listed file
            self._progress(min(self._seen, 2 * self._package.size), 2 * self._package.size)


def _listing_check(faults: Faults, listing: Listing) -> Check:
    remarks = _remarks(dict.fromkeys(listing.remarks, 1))
    said = f"WACZ {listing.version}; every file is listed exactly once{remarks}"
    return faults.check(Words(f"WACZ {listing.version}，清单完整", said), _ASK)


def _records_check(faults: Faults, found: Records) -> Check:
    notes = {**found.remarks}
    if found.without_digest:
        notes["without a block digest, not judged one by one"] = found.without_digest
    if found.unjudged:
        notes["digests too weak, or of payloads too large, to judge"] = found.unjudged
    unresolved = found.unresolved()
    if unresolved:
        notes["revisit(s) of payloads that are not in the package, not judged"] = unresolved
    if not found.count and not faults.count:
        return not_checked("records", Words("没有记录", "there is no record"))
    if found.count == found.without_digest and not faults.count:
        words = Words("记录均无摘要", f"none of the {found.count} records has a digest of its own")
        return not_checked("records", words)
    said = f"{found.count} record(s) are whole and have their digests{_remarks(notes)}"
    return faults.check(Words(f"{found.count} 条记录完整", said), _ASK)


def _remarks(notes: dict[str, int]) -> str:
    """What is odd but no fault, each with how often."""
    told = [f"{text} ({count})" if count > 1 else text for text, count in notes.items()]
    return f"; tolerated: {'; '.join(told)}" if told else ""
