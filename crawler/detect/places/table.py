"""Makes `names.tsv`, the compact table of division names, from the published lists.

`python -m crawler.detect.places.table FOLDER`, with the folder of modood/Administrative-divisions-of-China
(docs/third-party.md). One line for each level and first character, names parted by blanks: 36,000 names in half a
megabyte, and a change of one name is a change of one line.
"""

import csv
import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

TABLE = Path(__file__).with_name("names.tsv")
LEVELS = {"province": "provinces.csv", "city": "cities.csv", "county": "areas.csv", "street": "streets.csv"}
OTHER_REGIONS = "HK-MO-TW.json"
# Rows of the lists that stand between two levels and name no place.
NO_NAMES = frozenset(("市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划"))


def made(folder: Path) -> str:
    """The content of the table. Raises OSError where a list is missing."""
    named: dict[tuple[str, str], set[str]] = defaultdict(set)
    for level, name in _names(folder):
        if name not in NO_NAMES:
            named[level, name[0]].add(name)
    order = list(LEVELS)
    rows = sorted(named.items(), key=lambda row: (order.index(row[0][0]), row[0][1]))
    return "".join(f"{level}\t{' '.join(sorted(names))}\n" for (level, _), names in rows)


def _names(folder: Path) -> Iterator[tuple[str, str]]:
    for level, file in LEVELS.items():
        with (folder / file).open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                yield level, row["name"].replace(" ", "")
    regions = json.loads((folder / OTHER_REGIONS).read_text("utf-8"))
    for region, cities in regions.items():
        yield "province", region
        for city, counties in cities.items():
            yield "city", city
            yield from (("county", county) for county in counties)


if __name__ == "__main__":
    TABLE.write_text(made(Path(sys.argv[1])), "utf-8")
