"""疑似线索说明: each finding of a filed exhibit with its quotes, tested explanations, tables and plots."""

from collections.abc import Iterator
from functools import partial

from crawler.export.papers.facts import CaseFacts
from crawler.export.papers.paper import Make, Paper


class FindingSheets(Paper):
    """A sheet for each finding, once."""

    name = "finding"
    title = "疑似线索说明"
    order = 22

    def titled(self, name: str) -> str:
        """With the finding's id."""
        return f"{self.title} {name.removeprefix('finding-').removesuffix('.pdf')}"

    def files(self, facts: CaseFacts) -> Iterator[tuple[str, Make]]:
        """finding-F3a9c….pdf; nothing where nobody prints findings."""
        if facts.sheet is None:
            return
        named = dict.fromkeys(name for exhibit in facts.filed() for name in exhibit.findings)
        for name in named:
            if facts.findings.get(name):
                yield f"finding-{name}.pdf", partial(facts.sheet, name)
