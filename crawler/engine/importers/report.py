"""What the operator says of files that are imported, and what became of each of them."""

from dataclasses import dataclass, field
from pathlib import Path

from crawler.engine.importers.found import Json


@dataclass(frozen=True, slots=True)
class Statement:
    """What the operator says of the files: where they come from, who recorded them, the page's address."""

    origin: str | None = None
    by: str | None = None
    url: str | None = None
    trust: Path | None = None


@dataclass(slots=True)
class FileReport:
    """What became of one file. `refused` says why it was not imported at all; `problems` of single records."""

    name: str
    sha256: str | None = None
    file: str | None = None  # where it is kept, relative to the archive
    format: str | None = None
    again: bool = False  # these bytes had been imported before
    refused: str | None = None
    quarantined: str | None = None
    claims: Json = field(default_factory=dict)
    records: dict[str, int] = field(default_factory=dict)  # by the file's own kinds
    first: str | None = None  # address of the first capture
    captures: dict[str, int] = field(default_factory=dict)  # new ones, by state
    known: int = 0  # captures that were there before
    problems: list[str] = field(default_factory=list)
    problem_count: int = 0
    items: int = 0
    run: str | None = None

    @property
    def complete(self) -> bool:
        """Whether all of it was taken."""
        return self.refused is None and not self.problem_count
