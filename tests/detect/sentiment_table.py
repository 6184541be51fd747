"""How well sentiment.tsv tells good reviews from bad: `python -m tests.detect.sentiment_table`.

Text: ../shared/detect/chnlpcorpus (no licence: read in place). Two methods side by side on the same rows:
*words*, the shipped list, nothing learnt (only the form of its score was chosen, on online_shopping without hotels);
*trained here*, character 1–2-grams with logistic regression, trained in this run on online_shopping_10_cats without
hotels and thrown away (detection.md §4.5: .916 waimai, .894 hotel).
"""

import argparse
import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from crawler.detect.text.misfit import stars_disagree
from crawler.detect.text.sentiment import mood
from tests.detect.amazon_lockstep import DETECT, auc

Rows = tuple[list[str], list[int]]


def read(path: Path, keep: str = "", leave: str = "") -> Rows:
    """Texts and labels (1 good, 0 bad); `keep` or `leave`: only this category, or not this one."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["review"]]
    chosen = [row for row in rows if (not keep or row["cat"] == keep) and (not leave or row["cat"] != leave)]
    return [row["review"] for row in chosen], [int(row["label"]) for row in chosen]


def by_words(texts: Sequence[str]) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """The score of the shipped list."""
    return np.array([mood(text).score for text in texts])


def told(folder: Path) -> Iterator[str]:
    """The lines of the report."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    shop = folder / "online_shopping_10_cats.csv"
    texts, labels = read(shop, leave="酒店")
    grams = TfidfVectorizer(analyzer="char", ngram_range=(1, 2), min_df=3, sublinear_tf=True)
    model = LogisticRegression(max_iter=1000).fit(grams.fit_transform(texts), labels)
    sets = {
        "online_shopping without hotels (the model was trained on it)": (texts, labels),
        "waimai": read(folder / "waimai_10k.csv"),
        "hotel": read(folder / "ChnSentiCorp_htl_all.csv"),
    }
    for name, (rows, truth) in sets.items():
        known = np.array(truth) == 1
        trained = model.predict_proba(grams.transform(rows))[:, 1]
        words = auc(known, by_words(rows))
        odd = [stars_disagree(text, 5 if good else 1) for text, good in zip(rows, known, strict=True)]
        against = np.array(odd)
        yield f"{name}: {len(rows)} rows, AUC words {words:.4f}, trained here {auc(known, trained):.4f}"
        yield (
            f"  marked good, words clearly blame: {against[known].sum()} of {known.sum()}; "
            f"marked bad, words clearly praise: {against[~known].sum()} of {(~known).sum()}"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--detect", type=Path, default=DETECT, help="the folder of labelled text")
    print("\n".join(told(parser.parse_args().detect / "chnlpcorpus")))
