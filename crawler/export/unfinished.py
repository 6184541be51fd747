"""The folder in which a bundle grows. What an interrupted export of the same state left in it is not made again.

Papers take nearly all the time of a large export, and each is a file of its own that appears under its name only
when whole and on the disk; so a paper that is there need not be made again. All else is written anew: it takes
seconds, and stays one straight path through the archive.
"""

import dataclasses
import json
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from crawler import __version__
from crawler.evidence.digest import digest, digest_file
from crawler.evidence.durable import durable_write, sweep
from crawler.export.index_page import PAPERS
from crawler.export.papers.facts import CaseFacts

_STATE = "state"  # a digest of all that papers are made from


class Unfinished:
    """`.NAME.unfinished` beside the bundle NAME: the growing bag, and what it is made from."""

    def __init__(self, to: Path) -> None:
        self.folder = to.with_name(f".{to.name}.unfinished")
        self.bag = self.folder / "bag"
        self.kept: frozenset[str] = frozenset()  # papers that were there when it was begun

    def begin(self, facts: CaseFacts) -> None:
        """Keep the papers of an interrupted export of the same state; remove everything else."""
        state, papers = state_of(facts), self.bag / PAPERS
        if self._state() != state:
            self.remove()
        papers.mkdir(parents=True, exist_ok=True)
        durable_write(self.folder / _STATE, state.encode())
        for path in [*self.bag.iterdir(), *papers.parent.iterdir()]:
            if path not in (papers, papers.parent):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        sweep(papers)
        self.kept = frozenset(path.name for path in papers.iterdir())

    def paper(self, name: str, make: Callable[[], bytes]) -> None:
        """Make a paper, unless it is kept."""
        if name not in self.kept:
            durable_write(self.bag / PAPERS / name, make())

    def publish(self, to: Path) -> None:
        """Give the whole bag its name."""
        self.bag.replace(to)
        self.remove()

    def remove(self) -> None:
        """Leave nothing behind."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _state(self) -> str:
        state = self.folder / _STATE
        return state.read_text("ascii") if state.is_file() else ""


def state_of(facts: CaseFacts) -> str:
    """A digest of everything that the papers of a case are made from, and of the program that makes them."""
    selection = facts.selection
    templates = sorted(facts.templates.glob("*")) if facts.templates.is_dir() else []
    told = {
        "software": __version__,
        "case": dataclasses.asdict(facts.case),
        "config": dataclasses.asdict(facts.config),
        "findings": facts.findings,
        "grade": facts.grade,
        "earlier": facts.earlier,
        "printed": facts.sheet is not None,
        "leaves": [(one.index, digest(facts.archive.log.leaf(one.index))) for one in selection.leaves],
        "sizes": selection.sizes,
        "tokens": selection.tokens,
        "templates": [(path.name, digest_file(path)) for path in templates if path.is_file()],
    }
    return digest(json.dumps(told, sort_keys=True, default=_plain).encode())


def _plain(value: Any) -> str:
    """What JSON has no form for. Raises TypeError for what would not be the same in another run."""
    if isinstance(value, (Path, datetime)):
        return str(value)
    if isinstance(value, (set, frozenset)):
        return json.dumps(sorted(value), default=_plain)
    raise TypeError(f"no stable form for {type(value).__name__}")
