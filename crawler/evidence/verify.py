"""`verify`: look at a folder, tell what it is, and check all of it. Everything behind it is pure.

verify_archive   an archive (evidence.toml)
verify_bundle    a bundle handed over (bagit.txt)
"""

from pathlib import Path

from crawler.config import FILE as CONFIG_FILE
from crawler.errors import UsageError
from crawler.evidence.bundle import BAGIT, MANIFEST, WACZ
from crawler.evidence.checks.archive import verify_archive
from crawler.evidence.checks.bundle import verify_bundle
from crawler.evidence.report import Progress, Report

# More than one sign each: a folder that lost one of them is still told for what it is, and fails its checks.
_ARCHIVE_SIGNS = (CONFIG_FILE, "log/entries")
_BUNDLE_SIGNS = (BAGIT, MANIFEST, WACZ)

__all__ = ["verify", "verify_archive", "verify_bundle"]


def verify(
    path: Path, *, trust: Path | None = None, vkey: str | None = None, progress: Progress | None = None
) -> Report:
    """Verify an archive or a bundle, by what the folder is. Raises UsageError if it is neither.

    `trust` is a folder of TSA roots (and maybe log.vkey), `vkey` the log's public key line, both obtained
    independently of what is verified.
    """
    if any((path / name).exists() for name in _ARCHIVE_SIGNS):
        return verify_archive(path, trust=trust, progress=progress)
    if any((path / name).exists() for name in _BUNDLE_SIGNS):
        return verify_bundle(path, trust=trust, vkey=vkey, progress=progress)
    raise UsageError(f"{path} is neither an archive ({CONFIG_FILE}) nor a bundle ({BAGIT})")
