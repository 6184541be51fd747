"""An attack on spelling, for measuring only: characters swapped for others of the same sound (detection.md §4.1)."""

import random
from functools import cache

from crawler.detect.text.tables import rows


def swapped(text: str, share: float, seed: str) -> str:
    """`text` with about `share` of its characters that have homophones swapped for one of them.

    The same arguments give the same text. The table is the one that folding uses: a best case for the defence.
    """
    dice = random.Random(seed)  # noqa: S311 - an experiment, no secret
    alike = _alike()
    return "".join(
        dice.choice(alike[each]) if each in alike and dice.random() < share else each for each in text
    )


@cache
def _alike() -> dict[str, str]:
    groups = [group[0] for group in rows("homophones.tsv")]
    return {each: group.replace(each, "") for group in groups for each in group if len(set(group)) > 1}
