"""docs/sites.md: every site, the saved pages that its spider is held against, and how many of their facts it shows.

`python -m tests.spiders.table` writes it; a test compares it.
"""

import json
from collections import Counter
from pathlib import Path

from tests.conftest import PAGES
from tests.spiders.case import REMARKS, Case, all_cases, read_all, spider, spider_files

DOCUMENT = Path(__file__).parents[2] / "docs/sites.md"
HEAD = """# Sites

One file per site in `spiders/`. Each is held against real saved pages, of which somebody noted facts by eye; what
is counted here is how many of those facts the items show. *Assisted* sites stand behind a login: a person browses
them (`evidence assist`), or imports a recording; an automatic crawl is refused. Generated:
`python -m tests.spiders.table`.

The pages are of 2015 to 2026: they prove that the markup of their day is read, not that a site has not changed since.
`evidence site test` and the yield report of each crawl tell when it has.
"""


def document(pages: Path) -> str:
    """The document's text."""
    lines = (pages / "INDEX.jsonl").read_text("utf-8").splitlines()
    index = {row["file"]: row["expected"] for row in map(json.loads, lines)}
    rows, shown, expected, left = [], 0, 0, []
    cases: dict[str, list[Case]] = {}
    for name, case in all_cases():
        cases.setdefault(name, []).append(case)
    for name in spider_files():
        if name.startswith("market_"):
            continue
        for case in cases.get(name, []):
            facts = set(index[case.file]) - REMARKS
            found = len(facts) - len(case.left)
            shown, expected = shown + found, expected + len(facts)
            items = Counter(item.kind for item in read_all(name, case.callback, case.response(pages))[0])
            kinds = ", ".join(f"{number} {kind}" for kind, number in sorted(items.items()))
            rows.append(f"| {_site(name)} | `{case.file}` | {kinds} | {found} / {len(facts)} |")
            left += [f"- `{case.file}` `{fact}`: {reason}" for fact, reason in case.left.items()]
        if name not in cases:
            rows.append(f"| {_site(name)} | pages made by us | | |")
    share = 100 * shown / expected
    total = f"\n**{shown} of {expected} facts ({share:.1f} %)** on {sum(map(len, cases.values()))} pages.\n"
    table = ["| site | page | items | facts |", "|---|---|---|---|", *rows]
    missing = ["", "## Facts that no item shows", "", *left] if left else []
    return "\n".join([HEAD + total, *table, *missing]) + "\n"


def _site(name: str) -> str:
    site = spider(name)
    return f"`{name}`" + (" (assisted)" if site.access == "assisted" else "")


if __name__ == "__main__":
    DOCUMENT.write_text(document(PAGES), "utf-8")
