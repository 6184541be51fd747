"""How well plain rules on a graph of co-reviews find labelled spammers: `python -m tests.detect.amazon_lockstep`.

Data: ../shared/detect/amazon_spammer_guaiyoui (Amazon China; read in place, nothing of it is kept) and
yelpchi_ugfraud. The rule: an account is ranked by *how many of six sentences are true of it*; among equals the
k-core number decides. The sentences and their directions were fixed while looking at all labelled rows; their six
numbers are chosen anew on the training rows of every fold, by coordinate descent on average precision.

Two ways to divide the rows. *shuffled*: stratified five folds, as the published figures. *clusters apart*: accounts
with three or more common neighbours never stand on both sides, so that a cluster helps nobody to know itself.

What the file does not say: the meaning of its ten columns is not published. Sentences 3 to 6 name a column only.
"""

import argparse
import gzip
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crawler.detect.graph.cores import Links, components, core_numbers, linked

Column = NDArray[np.float64]
Flags = NDArray[np.bool_]
FOLDS = 5
STEPS = 25  # candidate numbers for a sentence: quantiles of the spammers among the training rows
COMMON = 3  # neighbours in common from which two accounts belong to one cluster
DETECT = Path(__file__).parents[3] / "shared" / "detect"


@dataclass(frozen=True, slots=True)
class Sentence:
    """`text` with the number in it; True where `sign` × measure ≥ `sign` × number."""

    text: str
    measure: str
    sign: int


SENTENCES = (
    Sentence("at least {:.0f} accounts share more than a tenth of their products with it", "degree", 1),
    Sentence("even {:.0f} accounts do", "degree", 1),
    Sentence(
        "these accounts are alike among themselves: quartiles of column 1 lie within {:.3f}", "alike_1", -1
    ),
    Sentence("half of them have a column 8 of {:.3f} or less", "theirs_8", -1),
    Sentence("it does as they do: its column 5 less the middle of theirs is {:.3f} or more", "above_5", 1),
    Sentence("its own column 7 is {:.3f} or less", "own_7", -1),
)


@dataclass(frozen=True, slots=True)
class Accounts:
    """Labelled accounts: `spam`, measures by name, the ten columns, the number of their cluster."""

    spam: NDArray[np.int64]
    measures: dict[str, Column]
    features: NDArray[np.float64]
    cluster: NDArray[np.int64]


def read(folder: Path) -> Accounts:
    """The labelled accounts (1 spammer, 0 legitimate; −10 is no label)."""
    lines = (folder / "UserLabel.txt").read_text("utf-8").splitlines()[1:]
    labels = {int(row[1]): int(row[2]) for row in map(str.split, lines)}
    features = np.vstack([np.zeros(10), np.loadtxt(folder / "UserFeature.txt")])  # row i is user i
    edges = np.loadtxt(folder / "J01Network.txt", dtype=np.int64).tolist()
    links = linked((one, two) for one, two in edges)
    known = sorted(user for user, label in labels.items() if label >= 0)
    return Accounts(
        np.array([labels[user] for user in known]),
        {name: column[known] for name, column in _measures(links, features).items()},
        features[known],
        _clusters(links, len(features))[known],
    )


def _measures(links: Links, features: NDArray[np.float64]) -> dict[str, Column]:
    number = len(features)
    core, usual = core_numbers(links), np.median(features[1:], axis=0)
    found = {
        name: np.zeros(number) for name in ("degree", "core", "common", "alike_1", "theirs_8", "above_5")
    }
    for user in range(number):
        others = sorted(links.get(user, ()))
        found["degree"][user], found["core"][user] = len(others), core.get(user, 0)
        found["common"][user] = sum(len(links[user] & links[other]) for other in others)
        quarters = np.percentile(features[others], [25, 50, 75], axis=0) if len(others) >= COMMON else None
        theirs = np.median(features[others], axis=0) if others else usual
        found["alike_1"][user] = np.inf if quarters is None else quarters[2, 0] - quarters[0, 0]
        found["theirs_8"][user] = theirs[7]
        found["above_5"][user] = features[user, 4] - theirs[4]
    return {**found, "own_7": features[:, 6]}


def _clusters(links: Links, number: int) -> NDArray[np.int64]:
    near = linked((a, b) for a in links for b in links[a] if a < b and len(links[a] & links[b]) >= COMMON)
    cluster = np.arange(number)
    for part in components(near, near):
        cluster[part] = part[0]
    return cluster


def average_precision(truth: NDArray[np.int64], score: Column) -> float:
    """As scikit-learn's: rows of one score come together."""
    order = np.argsort(-score, kind="stable")
    hits = np.cumsum(truth[order])
    last = np.append(score[order][1:] != score[order][:-1], True)
    precision, recall = (hits / np.arange(1, len(hits) + 1))[last], hits[last] / hits[-1]
    return float(np.sum(np.diff(recall, prepend=0.0) * precision))


def fitted(accounts: Accounts, rows: Flags) -> list[float]:
    """The numbers of the sentences that rank `rows` best; one sentence after the other until none moves."""
    truth = accounts.spam[rows]
    tried = [_candidates(accounts, each, rows) for each in SENTENCES]
    held = [
        np.array([_held(accounts, each, number)[rows] for number in numbers], float)
        for each, numbers in zip(SENTENCES, tried, strict=True)
    ]
    chosen = [len(numbers) // 4 for numbers in tried]
    score = accounts.measures["core"][rows] / 1000 + sum(
        own[place] for own, place in zip(held, chosen, strict=True)
    )
    best = average_precision(truth, score)
    moved = True
    while moved:
        moved = False
        for number, own in enumerate(held):
            without = score - own[chosen[number]]
            reached = [average_precision(truth, without + each) for each in own]
            place = int(np.argmax(reached))
            if reached[place] > best + 1e-9:
                best, chosen[number], score, moved = reached[place], place, without + own[place], True
    return [float(numbers[place]) for numbers, place in zip(tried, chosen, strict=True)]


def ranked(accounts: Accounts, numbers: Sequence[float]) -> Column:
    """How many sentences hold, and after the point the k-core number."""
    held = [_held(accounts, each, number) for each, number in zip(SENTENCES, numbers, strict=True)]
    score: Column = np.sum(held, axis=0) + accounts.measures["core"] / 1000
    return score


def _candidates(accounts: Accounts, sentence: Sentence, rows: Flags) -> Column:
    values = accounts.measures[sentence.measure][rows & (accounts.spam == 1)]
    return np.unique(
        np.quantile(values[np.isfinite(values)] * sentence.sign, np.linspace(0.02, 0.98, STEPS))
        * sentence.sign
    )


def _held(accounts: Accounts, sentence: Sentence, number: float) -> Flags:
    held: Flags = sentence.sign * accounts.measures[sentence.measure] >= sentence.sign * number
    return held


def shuffled_folds(accounts: Accounts, seed: int) -> NDArray[np.int64]:
    """Stratified: of each label a fifth."""
    draw, fold = np.random.default_rng(seed), np.zeros(len(accounts.spam), dtype=np.int64)
    for label in (0, 1):
        rows = np.flatnonzero(accounts.spam == label)
        draw.shuffle(rows)
        fold[rows] = np.arange(len(rows)) % FOLDS
    return fold


def cluster_folds(accounts: Accounts) -> NDArray[np.int64]:
    """Whole clusters, largest first, into the fold with fewest spammers so far."""
    members: dict[int, list[int]] = defaultdict(list)
    for row, cluster in enumerate(accounts.cluster.tolist()):
        members[cluster].append(row)
    fold, filled = np.zeros(len(accounts.spam), dtype=np.int64), np.zeros((FOLDS, 2))
    size = {cluster: (int(accounts.spam[rows].sum()), len(rows)) for cluster, rows in members.items()}
    for cluster in sorted(members, key=lambda each: (-size[each][0], -size[each][1], each)):
        place = int(np.argmin(filled[:, 0 if size[cluster][0] else 1]))
        fold[members[cluster]] = place
        filled[place] += size[cluster]
    return fold


def out_of_fold(
    accounts: Accounts, fold: NDArray[np.int64], score: Callable[[Accounts, Flags], Column]
) -> Column:
    """Each row's score by what was chosen without its fold."""
    scores = np.zeros(len(accounts.spam))
    for number in range(FOLDS):
        scores[fold == number] = score(accounts, fold != number)[fold == number]
    return scores


def by_sentences(accounts: Accounts, rows: Flags) -> Column:
    """The rule."""
    return ranked(accounts, fitted(accounts, rows))


def by_forest(accounts: Accounts, rows: Flags) -> Column:
    """For comparison: a random forest on the ten columns, which nobody can tell to a judge."""
    from sklearn.ensemble import RandomForestClassifier

    model = RandomForestClassifier(300, min_samples_leaf=3, random_state=0).fit(
        accounts.features[rows], accounts.spam[rows]
    )
    found: Column = model.predict_proba(accounts.features)[:, 1]
    return found


def told(accounts: Accounts) -> Iterator[str]:
    """The lines of the report."""
    truth = accounts.spam
    yield f"labelled accounts: {int(truth.sum())} spammers, {int((truth == 0).sum())} legitimate"
    yield "nothing chosen on any label:"
    for name in ("degree", "core", "common"):
        yield f"  AP {average_precision(truth, accounts.measures[name]):.4f}  {name}"
    divisions = [(f"shuffled {seed}", shuffled_folds(accounts, seed)) for seed in range(3)]
    for name, fold in [*divisions, ("clusters apart", cluster_folds(accounts))]:
        score = out_of_fold(accounts, fold, by_sentences)
        forest = out_of_fold(accounts, fold, by_forest)
        yield (
            f"{name}: AP {average_precision(truth, score):.4f} sentences, "
            f"{average_precision(truth, forest):.4f} forest, "
            f"{average_precision(truth, accounts.measures['core']):.4f} k-core"
        )
        if name in ("shuffled 0", "clusters apart"):
            yield from _levels(truth, score)
    yield "numbers chosen on all rows (to be read, not measured):"
    for each, number in zip(SENTENCES, fitted(accounts, np.ones(len(truth), bool)), strict=True):
        yield f"  {each.text.format(number)}"


def _levels(truth: NDArray[np.int64], score: Column) -> Iterator[str]:
    held = np.floor(score + 1e-9)
    for count in range(len(SENTENCES), 2, -1):
        found = held >= count
        hits = int(truth[found].sum())
        if found.any():
            yield (
                f"  {count} or more sentences hold: {int(found.sum())} accounts, precision {hits / found.sum():.3f},"
                f" recall {hits / truth.sum():.3f}"
            )
    order = np.argsort(-score, kind="stable")
    reached = int(np.searchsorted(np.cumsum(truth[order]), 0.8 * truth.sum())) + 1
    yield f"  at recall .80: precision {truth[order][:reached].mean():.3f}"


def yelp_structure(path: Path) -> tuple[float, int]:
    """AUC of "the reviewer wrote few reviews" for filtered reviews of YelpChi, and the number of reviews."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = [line.split() for line in file]
    wrote: dict[str, int] = defaultdict(int)
    for row in rows:
        wrote[row[0]] += 1
    score = np.array([-wrote[row[0]] for row in rows], dtype=float)
    spam = np.array([row[3] == "-1" for row in rows])
    return auc(spam, score), len(rows)


def auc(truth: Flags, score: Column) -> float:
    """Area under the receiver curve; equals share their ranks."""
    _, place, count = np.unique(score, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - (count - 1) / 2)[place]  # the mean rank of equals
    hits = int(truth.sum())
    return float((rank[truth].sum() - hits * (hits + 1) / 2) / (hits * (len(truth) - hits)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--detect", type=Path, default=DETECT, help="the folder of labelled text")
    folder = parser.parse_args().detect
    print("\n".join(told(read(folder / "amazon_spammer_guaiyoui"))))
    auc, reviews = yelp_structure(folder / "yelpchi_ugfraud" / "metadata.gz")
    print(f"YelpChi, {reviews} reviews: AUC {auc:.4f} for “the reviewer wrote few reviews” (reference .746)")
