"""Builds the character tables of folding from the published lists of character variants.

`python -m crawler.detect.text.tables FOLDER` writes homophones.tsv, simplified.tsv, lookalikes.tsv, near_sounds.tsv
and splits.tsv beside this file. FOLDER holds the lists under their published names (docs/third-party.md says whose
they are). The tables are small: shapes, near sounds and split forms only of the characters of vocabulary.tsv.
"""

import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
_SOUNDS, _SHAPES = "contr4l_音近字语料库.txt", "contr4l_形近字语料库.txt"
_STROKES, _PINYIN = "pycorrector_same_stroke.txt", "pycorrector_same_pinyin.txt"
_SIMPLE, _PARTS = "kfcd_fanjian_suoyin.txt", "kfcd_chaizi-jt.txt"
_UNKNOWN = "□"  # what the list of traditional characters writes where it has no simplified form


@cache
def rows(name: str) -> tuple[tuple[str, ...], ...]:
    """Rows of a table beside this file: its cells, without comments and empty lines."""
    lines = (HERE / name).read_text("utf-8").splitlines()
    return tuple(tuple(line.split("\t")) for line in lines if line and not line.startswith("#"))


def build(folder: Path) -> dict[str, str]:
    """Every table by file name. Raises OSError where a list is missing."""
    wanted = sorted({character for word, *_ in rows("vocabulary.tsv") for character in word})
    pairs = _pairs(folder / _SOUNDS, " ")
    sounds, known = _homophones(pairs), set(pairs)
    simple = _simplified(_cells(folder / _SIMPLE), known)
    return {
        "homophones.tsv": _table("contr4l", "characters of one sound, tones and n/ng apart", sounds),
        "simplified.tsv": _table("kfcd/chaizi", "traditional, simplified", simple),
        "lookalikes.tsv": _table(
            "contr4l, pycorrector", "character, its look-alikes", _shapes(folder, wanted)
        ),
        "near_sounds.tsv": _table("pycorrector", "character, same sound", _near(folder, wanted)),
        "splits.tsv": _table("kfcd/chaizi", "character, its two parts", _splits(folder, wanted, known)),
    }


def _homophones(pairs: dict[str, str]) -> list[str]:
    """Runs of neighbours that name each other: the list is in order of pinyin, so a run is one sound."""
    runs: list[list[str]] = []
    for character, alike in pairs.items():
        last = runs[-1][-1] if runs else ""
        if last and last in alike and character in pairs[last]:
            runs[-1].append(character)
        else:
            runs.append([character])
    groups = [run for run in runs if len(run) > 1]
    where = {character: run for run in groups for character in run}
    for [alone] in (run for run in runs if len(run) == 1):
        near = [where[other][0] for other in pairs[alone] if other in where]
        if near:  # by its neighbours it stands alone; by its own list it sounds like a group
            where[max(sorted(set(near)), key=near.count)].append(alone)
    return ["".join(run) for run in groups]


def _simplified(cells: Iterable[list[str]], known: set[str]) -> list[str]:
    """Only characters that are no simplified ones themselves: 么 and 乾 stay as they are."""
    pairs = {row[0]: row[1] for row in cells if len(row) == 2}
    kept = {
        old: new
        for old, new in pairs.items()
        if old != new and old not in known | {_UNKNOWN} and new != _UNKNOWN
    }
    return [f"{old}\t{new}" for old, new in sorted(kept.items()) if len(old) == len(new) == 1]


def _shapes(folder: Path, wanted: Iterable[str]) -> list[str]:
    alike: dict[str, set[str]] = {}
    for character, others in _pairs(folder / _SHAPES, " ").items():
        alike.setdefault(character, set()).update(others)
        for other in others:
            alike.setdefault(other, set()).add(character)
    for row in _cells(folder / _STROKES):
        alike.setdefault(row[0], set()).update(row[1:])
    return [f"{each}\t{''.join(sorted(alike[each] - {each}))}" for each in wanted if alike.get(each)]


def _near(folder: Path, wanted: Iterable[str]) -> list[str]:
    alike = {row[0]: "".join(row[1:]) for row in _cells(folder / _PINYIN)}
    back: dict[str, set[str]] = {}
    for character, others in alike.items():
        for other in others:
            back.setdefault(other, set()).add(character)
    joined = {
        each: "".join(sorted((set(alike.get(each, "")) | back.get(each, set())) - {each})) for each in wanted
    }
    return [f"{each}\t{others}" for each, others in joined.items() if others]


def _splits(folder: Path, wanted: Iterable[str], known: set[str]) -> list[str]:
    """Two parts of which one is no character of its own: 讠平 is 评, but 女子 stays 女子."""
    radicals = set("亻讠扌氵忄纟饣犭礻衤钅艹宀辶阝刂冫彳灬疒攵")
    found = []
    for row in _cells(folder / _PARTS):
        if row[0] in set(wanted):
            for parts in row[1:]:
                two = parts.split(" ")
                if len(two) == 2 and (set(two) & radicals or not set(two) <= known):
                    found.append(f"{row[0]}\t{''.join(two)}")
    return found


def _pairs(file: Path, separator: str) -> dict[str, str]:
    lines = (line.split(separator) for line in file.read_text("utf-8").splitlines() if line)
    return {row[0]: row[1] if len(row) > 1 else "" for row in lines}


def _cells(file: Path) -> list[list[str]]:
    lines = file.read_text("utf-8").splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")]


def _table(source: str, columns: str, lines: Iterable[str]) -> str:
    head = f"# {columns}. Made from {source} by crawler/detect/text/tables.py; see docs/third-party.md.\n"
    return head + "".join(f"{line}\n" for line in lines)


if __name__ == "__main__":
    for name, text in build(Path(sys.argv[1])).items():
        (HERE / name).write_text(text, "utf-8")
