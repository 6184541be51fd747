"""`verify`: look at a file or folder, tell what it is, and check all of it. Everything behind it is pure.

verify_archive   an archive (evidence.toml)
verify_bundle    a bundle handed over (bagit.txt)
verify_receipt   one capture in a small folder (see crawler.evidence.bundle)
verify_wacz      a WACZ file, ours or anybody's
"""

from datetime import datetime
from pathlib import Path

from crawler.config import FILE as CONFIG_FILE
from crawler.errors import FormatError, UsageError
from crawler.evidence.bundle import BAGIT, MANIFEST, RECEIPT_RECORDS, RECEIPT_SUMS, WACZ
from crawler.evidence.checks.archive import verify_archive
from crawler.evidence.checks.bundle import verify_bundle
from crawler.evidence.checks.receipt import verify_receipt
from crawler.evidence.checks.wacz_file import verify_wacz
from crawler.evidence.report import Progress, Report

# More than one sign each: a folder that lost one of them is still told for what it is, and fails its checks.
_ARCHIVE_SIGNS = (CONFIG_FILE, "log/entries", "log/tile")
_BUNDLE_SIGNS = (BAGIT, MANIFEST, WACZ)
_RECEIPT_SIGNS = (RECEIPT_SUMS, RECEIPT_RECORDS)
_ZIP = b"PK\x03\x04"

__all__ = ["verify", "verify_archive", "verify_bundle", "verify_receipt", "verify_wacz"]


def verify(
    path: Path,
    *,
    trust: Path | None = None,
    vkey: str | None = None,
    at: datetime | None = None,
    quick: bool = False,
    times: bool = False,
    workers: int | None = None,
    sealed: Path | None = None,
    earlier: Path | None = None,
    progress: Progress | None = None,
) -> Report:
    """Verify an archive, a bundle, a receipt or a WACZ file, by what it is.

    `trust` is a folder of TSA roots (and maybe log.vkey), `vkey` the log's public key line (for a WACZ file the
    fingerprint of its signer's key), both obtained independently of what is verified; `at` the date at which
    timestamp tokens must still hold. `quick`, `times` and `workers` are for archives: see `verify_archive`; the
    others are always checked in full, with their times. `sealed` and `earlier` are for bundles: see `verify_bundle`.

    Raises UsageError if it is none of these, or for anchors that cannot be read.
    """
    try:
        if path.is_file():
            _require_zip(path)
            return verify_wacz(path, trust=trust, vkey=vkey, at=at, progress=progress)
        if _has(path, _ARCHIVE_SIGNS):
            return verify_archive(
                path,
                trust=trust,
                vkey=vkey,
                at=at,
                quick=quick,
                times=times,
                workers=workers,
                progress=progress,
            )
        if _has(path, _BUNDLE_SIGNS):
            return verify_bundle(
                path, trust=trust, vkey=vkey, at=at, sealed=sealed, earlier=earlier, progress=progress
            )
        if _has(path, _RECEIPT_SIGNS):
            return verify_receipt(path, trust=trust, vkey=vkey, at=at, progress=progress)
    except OSError as error:
        raise UsageError(f"{error.filename or path} cannot be read: {error.strerror}") from error
    except FormatError as error:  # only anchors raise; what is verified never does
        raise UsageError(str(error)) from error
    what = f"an archive ({CONFIG_FILE}), a bundle ({BAGIT}), a receipt ({RECEIPT_SUMS}) or a WACZ file"
    raise UsageError(f"{path} is neither {what}: give the folder or file that you want to verify")


def _has(path: Path, signs: tuple[str, ...]) -> bool:
    return any((path / name).exists() for name in signs)


def _require_zip(path: Path) -> None:
    with path.open("rb") as stream:
        begins = stream.read(len(_ZIP))
    if begins != _ZIP and path.suffix.lower() != ".wacz":
        raise UsageError(f"{path} is no WACZ file: it begins with {begins!r}, not as a zip file does")
