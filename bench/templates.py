"""Finding shared text: the shared-run index beside datasketch, its curve, and five million reviews.

Reviews are read in place from ../shared/detect (159,904 real ones) and joined by copies in which about 3 % of the
characters are changed (for speed only, detection.md 4.3). Nothing of them is written or printed but counts. Every
run is a process of its own: `python -m bench.templates ours 400000`.
"""

import csv
import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
DETECT = ROOT.parent / "shared" / "detect"
CURVE = (16, 8, 4, 2, 1)  # parts of the compared number
TARGETS = {"faster": 10.0, "peak_mb": 1000.0}
_NOISE = 0.03
_REAL = 0.4
_TEN = 10
_CSV = ("online_shopping_10_cats.csv", "waimai_10k.csv", "ChnSentiCorp_htl_all.csv")


def measure(
    folder: Path, rounds: int, compared: int, many: int, say: Callable[[str], None]
) -> dict[str, Any]:
    """The curve up to `compared` reviews, datasketch beside ours there, and the run over `many`; temporary files go
    to `folder`. Where the reviews are absent nothing is measured, and the table says so."""
    if not DETECT.is_dir():
        return {"absent": True}
    sizes = [max(1, compared // part) for part in CURVE]
    found: dict[str, Any] = {"targets": TARGETS, "curve": [], "ours": [], "datasketch": []}
    for size in sizes:
        runs = [_run("ours", size, folder) for _ in range(rounds)]
        found["curve"].append(min(runs, key=lambda run: run["cpu"]))
        say(f"templates, {size}: {found['curve'][-1]['cpu']:.2f} s")
    for number in range(max(1, rounds // 2)):
        for who in ("ours", "datasketch"):
            found[who].append(_run(who, compared, folder))
            say(f"templates, {who}, round {number + 1}: {found[who][-1]['cpu']:.1f} s")
    found["many"] = _run("ours", many, folder)
    say(f"templates, {many}: {found['many']['cpu']:.0f} s")
    found["largest"] = _run("largest", 0, folder)["largest"]
    return found


def table(found: dict[str, Any]) -> str:
    """The result for the terminal and for docs/bench.md."""
    if "absent" in found:
        return "Templates: not measured; detect should lie in ../shared beside the repository"
    lines = ["Templates: shared runs, normalising included; one process, one thread", ""]
    lines += [
        "| reviews | CPU s | µs a review | peak MB | not of a file | runs |",
        "|---|---|---|---|---|---|",
    ]
    for run in (*found["curve"], found["many"]):
        lines.append(
            f"| {run['reviews']:,} | {run['cpu']:.2f} | {1e6 * run['cpu'] / run['reviews']:.1f} |"
            f" {run['peak_mb']:.0f} | {run['own_mb']:.0f} | {run['found']:,} |"
        )
    ours, other = (median(run["cpu"] for run in found[who]) for who in ("ours", "datasketch"))
    peak, other_peak = (max(run["peak_mb"] for run in found[who]) for who in ("ours", "datasketch"))
    first, last = found["curve"][0], found["curve"][-1]
    growth = last["cpu"] / last["reviews"] / (first["cpu"] / first["reviews"])
    kinds = ", ".join(f"{row['reviews']} {row['why']}" for row in found["largest"])
    lines += [
        "",
        f"{last['reviews']:,} reviews, CPU time: ours {ours:.1f} s, {peak:.0f} MB; datasketch {other:.1f} s,"
        f" {other_peak:.0f} MB: {other / ours:.1f} times as fast (target {TARGETS['faster']:.0f} times,"
        f" at {TARGETS['peak_mb']:.0f} MB or less).",
        f"CPU time a review, {last['reviews']:,} to {first['reviews']:,}: {growth:.2f}.",
        f"The ten largest clusters of the real reviews (reviews, and why it is boilerplate): {kinds}.",
    ]
    return "\n".join(lines)


def real_reviews() -> list[tuple[str, str]]:
    """(product, or the row itself where none is named; text) of the real reviews."""
    found: list[tuple[str, str]] = []
    for name in _CSV:
        with (DETECT / "chnlpcorpus" / name).open(encoding="utf-8", newline="") as file:
            found += [
                (f"{name}/{place}", row["review"])
                for place, row in enumerate(csv.DictReader(file))
                if row["review"]
            ]
    with (DETECT / "jd_comment_xyf" / "jdComment_DataSet.csv").open(encoding="utf-8", newline="") as file:
        found += [
            (f"jd/{row['referenceName']}", row["content"]) for row in csv.DictReader(file) if row["content"]
        ]
    for name in ("ham_train.txt", "ham_test.txt"):
        lines = (DETECT / "stoneskipping" / name).read_text("utf-8").splitlines()
        found += [
            (f"{name}/{place}", line.replace(" ", "")) for place, line in enumerate(lines) if line.strip()
        ]
    for path in sorted((DETECT / "fewclue").glob("eprstmt_*.json")):
        lines = path.read_text("utf-8").splitlines()
        found += [(f"{path.name}/{place}", json.loads(line)["sentence"]) for place, line in enumerate(lines)]
    return found


def reviews(size: int) -> Iterator[str]:
    """`size` texts by one recipe at every size, so that they share alike: two fifths are a seeded sample of the real
    ones (all of them from 400,000 on), the others noisy copies of these."""
    dice = random.Random(20261123)  # noqa: S311 - a sample, no secret
    real = [text for _, text in real_reviews()]
    dice.shuffle(real)
    del real[int(_REAL * size) :]
    yield from real
    letters = "".join(real[:5000])
    for _ in range(size - len(real)):
        text = list(dice.choice(real))
        for _ in range(_changes(len(text), dice)):
            text[dice.randrange(len(text))] = dice.choice(letters)
        yield "".join(text)


def _changes(length: int, dice: random.Random) -> int:
    """How many characters of a copy are changed; on average 3 %."""
    whole, rest = divmod(length * _NOISE, 1)
    return int(whole) + (dice.random() < rest)


def ours(texts: Iterator[str]) -> int:
    """Every shared run; returns their number."""
    from crawler.detect.text.partition import runs_within

    with runs_within(texts) as blocks:
        return sum(len(runs) for runs in blocks)


def datasketch_clusters(texts: Iterator[str]) -> int:
    """MinHash of 3-grams, 64 permutations, 16 bands of 4, candidates verified at Jaccard 0.6; rows linked."""
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(num_perm=64, params=(16, 4))
    pieces: list[frozenset[str]] = []
    linked: set[int] = set()
    for number, text in enumerate(texts):
        own = frozenset(text[start : start + 3] for start in range(max(1, len(text) - 2)))
        pieces.append(own)
        digest = MinHash(num_perm=64)
        digest.update_batch([piece.encode() for piece in own])
        for other in index.query(digest):
            theirs = pieces[other]
            if len(own & theirs) >= 0.6 * len(own | theirs):
                linked.update((number, other))
                break
        index.insert(number, digest, check_duplication=False)
    return len(linked)


def largest() -> list[dict[str, Any]]:
    """Of the ten largest clusters of the real reviews: how many reviews, and why it is boilerplate ("none": it is
    not). A row without a product counts as a product of its own, since the sets are samples of whole sites."""
    import numpy as np

    from crawler.detect.text.boilerplate import Spread, is_culture, kind_of
    from crawler.detect.text.normalise import normalised_texts
    from crawler.detect.text.runs import shared_runs

    rows = real_reviews()
    names = {name: place for place, name in enumerate(dict.fromkeys(name for name, _ in rows))}
    products = np.array([names[name] for name, _ in rows])
    runs = shared_runs(normalised_texts(text for _, text in rows))
    texts, taken = runs.texts, np.zeros(len(rows), bool)
    found: list[dict[str, Any]] = []
    for number in np.argsort(-runs.counts, kind="stable"):
        members = runs.members[runs.bounds[number] : runs.bounds[number + 1]]
        if 2 * int(taken[members].sum()) > len(members):  # mostly the reviews of a larger one
            continue
        taken[members] = True
        inside = [texts.text(int(texts.starts[i]), int(texts.starts[i + 1])) for i in members]
        spread = Spread(products[members], np.full(len(members), -1))
        why = kind_of(runs.run(int(number)).text, inside) or ("culture" if is_culture(spread) else "none")
        found.append({"reviews": len(members), "why": why})
        if len(found) == _TEN:
            break
    return found


def _run(who: str, size: int, folder: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.templates", who, str(size), str(folder)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@contextmanager
def _watched(found: dict[str, Any]) -> Iterator[None]:
    """Peak of resident memory, and of what of it is no page of a file, sampled ten times a second."""
    most, ended = [0], threading.Event()

    def watch() -> None:
        while not ended.wait(0.1):
            most[0] = max(most[0], _kilobytes("RssAnon"))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        found |= {"own_mb": most[0] / 1e3, "peak_mb": _kilobytes("VmHWM") / 1e3}


def _kilobytes(name: str) -> int:
    """A line of this process's status (Linux)."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def main(who: str, size: int, folder: str) -> None:
    """One measurement; prints JSON."""
    import tempfile

    tempfile.tempdir = folder
    if who == "largest":
        print(json.dumps({"largest": largest()}))
        return
    made: list[float] = []  # seconds that making the texts took: nobody's
    made_cpu: list[float] = []
    found: dict[str, Any] = {"reviews": size}
    with _watched(found):
        if who == "ours":
            ours(iter(("",)))  # imports, and the table of characters that is made once: half a second
        start, cpu = time.perf_counter(), time.process_time()
        found["found"] = {"ours": ours, "datasketch": datasketch_clusters}[who](
            _timed(reviews(size), made, made_cpu)
        )
        found["seconds"] = time.perf_counter() - start - sum(made)
        found["cpu"] = time.process_time() - cpu - sum(made_cpu)
    print(json.dumps(found))


def _timed(texts: Iterator[str], made: list[float], made_cpu: list[float]) -> Iterator[str]:
    """The texts, a thousand at a time; the seconds and the CPU time that they took to make."""
    while True:
        start, cpu = time.perf_counter(), time.process_time()
        block = [text for _, text in zip(range(1000), texts, strict=False)]
        made.append(time.perf_counter() - start)
        made_cpu.append(time.process_time() - cpu)
        if not block:
            return
        yield from block


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
