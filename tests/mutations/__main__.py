"""`python -m tests.mutations`: every mutation of every subject, and every byte of a small bundle; 1 on a miss."""

import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.mutations import bundle_hostile, waczs
from tests.mutations.every_byte import misses, small_bundle
from tests.mutations.judge import damaged, discard, expected, judged, judged_apart
from tests.mutations.model import Mutation, caught
from tests.mutations.table import mutations

APART = {mutation.name for mutation in (*bundle_hostile.MUTATIONS, *waczs.HOSTILE)}


def _missed(mutation: Mutation) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = damaged(mutation, Path(folder))
        apart = mutation.subject != "archive" and mutation.name in APART
        why = judged_apart(mutation, path) if apart else caught(expected(mutation), judged(mutation, path))
        discard(path)
        return why


def main() -> int:
    """Run all, print what was missed and a table of counts."""
    start, missed, counts = time.monotonic(), 0, Counter[str]()
    for mutation in mutations():
        counts[mutation.subject] += 1
        if why := _missed(mutation):
            missed += 1
            print(f"MISSED {mutation.subject} {mutation.name}: {why}", flush=True)
    for subject, count in counts.items():
        print(f"{subject:10} {count:6} mutations")
    with tempfile.TemporaryDirectory() as folder:
        changed, found = misses(small_bundle(Path(folder)), fast=False)
    for miss in found:
        print(f"MISSED {miss}")
    print(f"every byte {changed:6} changes, {time.monotonic() - start:.0f} s in all")
    return 1 if missed or found else 0


if __name__ == "__main__":
    sys.exit(main())
