"""The papers of a bundle, each as the bundle's list says."""

import re
from dataclasses import dataclass
from pathlib import Path

from crawler.errors import FormatError, UsageError
from crawler.evidence.bundle import BAG_INFO, MANIFEST, TAG_MANIFEST
from crawler.evidence.digest import digest, digest_file
from crawler.export.index_page import PAPERS

_NAME = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9._-]{0,200}"
)  # a bundle may be a stranger's: nothing leads out of the folder


@dataclass(frozen=True, slots=True)
class BundlePapers:
    """What an index says of a bundle, and the digests that its list gives of its papers."""

    bundle: Path
    case: str
    date: str  # of the bundle
    total: str  # digest that stands for all of it
    papers: dict[str, str]  # file name → sha256, hex

    @classmethod
    def of(cls, bundle: Path) -> "BundlePapers":
        """Read the bundle's lists. Raises UsageError for what is no bundle."""
        try:
            lines = (bundle / BAG_INFO).read_text("utf-8").splitlines()
            info = dict(line.split(": ", 1) for line in lines if ": " in line)
            listed = [line.split("  ", 1) for line in (bundle / MANIFEST).read_text("utf-8").splitlines()]
            total = digest_file(bundle / TAG_MANIFEST)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise UsageError(f"{bundle} is no bundle of ours: {error.filename} is missing") from error
        papers = {
            path.removeprefix(f"{PAPERS}/"): sha256
            for sha256, path in listed
            if path.startswith(f"{PAPERS}/")
        }
        if strange := [name for name in papers if not _NAME.fullmatch(name)]:
            raise UsageError(f"{bundle} is no bundle of ours: it has a paper named {strange[0]!r}")
        case = f"{info.get('External-Description', '')}（编号 {info.get('External-Identifier', '')}）"
        return cls(bundle, case, info.get("Bagging-Date", ""), total.removeprefix("sha256:"), papers)

    def read(self, name: str) -> bytes:
        """One paper. Raises FormatError where it is not what the list says."""
        content = (self.bundle / PAPERS / name).read_bytes()
        if digest(content) != f"sha256:{self.papers[name]}":
            raise FormatError(
                f"{PAPERS}/{name} is not what {MANIFEST} lists: run `evidence verify {self.bundle}`"
            )
        return content
