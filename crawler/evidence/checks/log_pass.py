"""One pass over a whole log: the pieces are read on all cores, and what they hold is put together in order."""

import stat
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from crawler.evidence.checks.claims import Order
from crawler.evidence.checks.coverage import Coverage
from crawler.evidence.checks.entries import Captured, Reading, Terms
from crawler.evidence.checks.keys import KeyEvents
from crawler.evidence.checks.leaves import Leaf
from crawler.evidence.checks.notes import Note
from crawler.evidence.checks.passes import WorkerDied, readings
from crawler.evidence.checks.pieces import ENTRIES, TileFolder, pieces, size_of
from crawler.evidence.checks.reading import kind_of
from crawler.evidence.checks.tree import LogTree
from crawler.evidence.noted_settings import NOTED
from crawler.evidence.report import Faults, Progress

KEPT_LIMIT = 100_000  # events that are kept for other checks; a log with more was made to exhaust our memory


class LogPass:
    """What the whole log says. `run` fills it."""

    def __init__(self, terms: Terms, notes: Mapping[int, Note], coverage: Coverage) -> None:
        self.log = Faults("log")
        self.manifests = Faults("manifests")
        self.records = Faults("records")
        self.bracket = Faults("bracket")
        self.retention = Faults("retention")
        self.entries = 0
        self.captures = 0
        self.read = 0  # records
        self.removed = 0  # records that a logged removal explains
        self.states: Counter[str] = Counter()
        self.recovered: list[Leaf] = []
        self.keys = KeyEvents()
        self.settings: tuple[int, Leaf] | None = None  # the newest event that notes them
        self.named: dict[str, int] = {}  # digest of a token → smallest index of a leaf that names it
        self.captured: list[Captured] = []
        self.died = ""  # why the pass ended early
        self._terms = terms
        self._notes = notes
        self._coverage = coverage
        self._order = Order()
        self._kept = 0
        self._seen = 0

    def run(self, folder: TileFolder, bundles: int, workers: int, progress: Progress) -> None:
        """Read everything. Raises nothing for what is in the archive."""
        archive = self._terms.archive
        tree = LogTree(archive, folder, self._notes, self.log)
        end = 0
        try:
            for reading in readings(self._terms, pieces(archive, bundles), workers):
                tree.take(reading)
                self._take(reading)
                end = end if reading.piece.full else reading.piece.offset + reading.piece.length
                self._seen += reading.size
                progress(self._seen, self._coverage.size)
        except WorkerDied as error:
            self.died = str(error)
            for faults in (self.log, self.manifests, self.records):
                faults.add(f"entries from {tree.entries} on: {error}")
            return
        self.entries = tree.entries
        self._check_journal(archive, end)
        tree.finish(bundles)

    def _take(self, reading: Reading) -> None:
        for faults in (self.log, self.manifests, self.records, self.bracket, self.retention):
            if (found := reading.faults.get(faults.name)) is not None:
                faults.merge(found)
        late = self._order.follow(reading.order)
        if late is not None:
            self.bracket.add(late)
        self.captures += reading.captures
        self.states += reading.states
        self.read += reading.records
        self.removed += reading.removed
        self.captured += reading.captured
        for run in reading.runs:
            self._coverage.take(run)
        self._coverage.opened.update(reading.opened)
        for token, index in reading.named.items():
            self.named.setdefault(token, index)
        for index, leaf in reading.events:
            self._keep(index, leaf)

    def _keep(self, index: int, leaf: Leaf) -> None:
        event = leaf.event
        if event is None:
            return
        self.keys.add(index, event.act, event.details, event.time)
        if event.act == NOTED:
            self.settings = index, leaf
        if event.act == "recovered":
            self._kept += 1
            if self._kept <= KEPT_LIMIT:
                self.recovered.append(leaf)

    def _check_journal(self, archive: Path, end: int) -> None:
        if kind_of(archive / ENTRIES) != stat.S_IFREG:
            self.log.add(f"{ENTRIES} is missing")
        left = size_of(archive / ENTRIES) - end
        if left > 0:
            self.log.add(f"{ENTRIES}: {left} byte(s) after the last whole entry, at offset {end}")
