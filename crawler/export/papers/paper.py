"""What a paper is, and how it is found: one file in this folder, one class in it."""

import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from typing import ClassVar

import crawler.export.papers
from crawler.export.papers.facts import COURT, CaseFacts

Make = Callable[[], bytes]


class Paper(ABC):
    """One document of a case, or several that belong together."""

    name: ClassVar[str]  # ASCII; of its files
    title: ClassVar[str]  # Chinese
    order: ClassVar[int] = 50  # in lists of papers
    signed: ClassVar[tuple[str, ...]] = ()  # patterns: its PDFs that are filed, so signed by a certificate
    grades: ClassVar[tuple[str, ...]] = (COURT,)  # of bundles that it goes into; elsewhere only on purpose

    def titled(self, name: str) -> str:
        """The title of one of its files."""
        del name
        return self.title

    def is_signed(self, name: str) -> bool:
        """Whether this file of it is signed inside where the organisation has a certificate."""
        return any(fnmatchcase(name, pattern) for pattern in self.signed)

    @abstractmethod
    def files(self, facts: CaseFacts) -> Iterator[tuple[str, Make]]:
        """Its files by name, ASCII, each with what makes its bytes. The same facts give the same names and bytes.

        Nothing where it does not apply. Naming them is quick; making them may take minutes.
        """


def papers(grade: str = COURT) -> list[Paper]:
    """Every paper of a grade of bundles, in order. Raises RuntimeError for two of one name."""
    found: list[Paper] = []
    for module in pkgutil.iter_modules(crawler.export.papers.__path__):
        loaded = importlib.import_module(f"crawler.export.papers.{module.name}")
        found += [
            value()
            for value in vars(loaded).values()
            if isinstance(value, type)
            and issubclass(value, Paper)
            and value is not Paper
            and value.__module__ == loaded.__name__
            and hasattr(value, "name")
        ]
    names = [paper.name for paper in found]
    if len(set(names)) != len(names):
        raise RuntimeError(f"two papers of one name among {', '.join(sorted(names))}")
    return sorted(
        (paper for paper in found if grade in paper.grades), key=lambda paper: (paper.order, paper.name)
    )
