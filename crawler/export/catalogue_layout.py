"""Which columns a 证据目录 shows: what a court's template asks for (law.md §6.1).

What 证据规定 art. 19 asks for (number, name, source, what it is to prove) is in every layout. The truth about 原件
and 载体 stands in the 取证报告 and in catalogue.csv whatever is chosen here.
"""

from collections.abc import Sequence
from typing import NamedTuple

from crawler.errors import UsageError


class Layout(NamedTuple):
    """The columns by their number in `catalogue.COLUMNS`, and their widths in cm; a page has 26.7."""

    title: str
    columns: tuple[int, ...]
    widths: tuple[float, ...]

    def of(self, cells: Sequence[str]) -> tuple[str, ...]:
        """The cells of a row that are shown."""
        return tuple(cells[number] for number in self.columns)

    @property
    def shares(self) -> tuple[int, ...]:
        """The widths in per cent."""
        return tuple(round(100 * width / sum(self.widths)) for width in self.widths)


LAYOUTS = {
    "with-original": Layout(
        "含原件/载体栏", (0, 1, 2, 3, 4, 5, 6, 7), (1.2, 3.1, 5.8, 4.0, 5.3, 3.0, 1.2, 3.1)
    ),
    "without-original": Layout("不含原件/载体栏", (0, 1, 2, 3, 4, 6, 7), (1.2, 3.6, 6.3, 5.5, 5.3, 1.4, 3.4)),
}
USUAL = "with-original"


def layout(name: str) -> Layout:
    """The layout of that name, "" for the usual one. Raises UsageError for another."""
    found = LAYOUTS.get(name or USUAL)
    if found is None:
        raise UsageError(f"no catalogue layout {name!r}: use one of {', '.join(LAYOUTS)}")
    return found
