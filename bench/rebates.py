"""What the reading of 好评返现 takes of real reviews: `python -m bench.rebates ../shared/detect`.

Prints counts only, no text. The corpora have no labels for it: precision is read by a person, who asks for the rows
with `--show FILE` (outside the repository; the texts may not be copied into it).
"""

import argparse
import csv
import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from crawler.detect.text.reward import Offer, offer_in


def corpora(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """(name, texts) of each corpus of real reviews, each text once."""
    for name in ("online_shopping_10_cats", "waimai_10k", "ChnSentiCorp_htl_all"):
        yield name, _distinct(row["review"] for row in _table(folder / "chnlpcorpus" / f"{name}.csv"))
    jd = _table(folder / "jd_comment_xyf" / "jdComment_DataSet.csv")
    yield "jdComment_DataSet", _distinct(row["content"] for row in jd)
    for name in ("ham", "spam"):
        lines = [
            line.replace(" ", "").strip()
            for part in ("train", "test")
            for line in (folder / "stoneskipping" / f"{name}_{part}.txt").read_text("utf-8").splitlines()
        ]
        yield f"stoneskipping {name}", _distinct(lines)
    yield (
        "eprstmt",
        _distinct(
            json.loads(line)["sentence"]
            for file in sorted((folder / "fewclue").glob("eprstmt*"))
            for line in file.read_text("utf-8").splitlines()
        ),
    )


def main() -> None:
    """Print one line for each corpus."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--show", type=Path, help="write what was taken to this file, to be read")
    given = parser.parse_args()
    shown: list[str] = []
    for name, texts in corpora(given.folder):
        began = time.perf_counter()
        found = [(text, offer) for text in texts if (offer := offer_in(text))]
        seconds = time.perf_counter() - began
        kinds = Counter(f"{offer.kind}/{offer.stance}" for _, offer in found)
        print(f"{name}: {len(texts)} texts, {seconds:.1f} s; {dict(sorted(kinds.items()))}")
        shown += [_line(name, text, offer) for text, offer in found]
    if given.show:
        given.show.write_text("\n".join(shown), "utf-8")


def _line(name: str, text: str, offer: Offer) -> str:
    return "\t".join((name, offer.kind, offer.stance, offer.whole.plain, " ".join(text.split())))


def _table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _distinct(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))


if __name__ == "__main__":
    main()
