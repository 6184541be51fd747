"""One mutation: what is done to a good archive or bundle, and which check must fail, with which words.

`make mutations` runs all of them; the fast ones run in `make test`. docs/mutations.md is their table, written by
`python -m tests.mutations.table` and compared by a test.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from crawler.evidence.report import Report

SUBJECTS = ("archive", "bundle", "receipt", "wacz")


@dataclass(frozen=True, slots=True)
class Mutation:
    """`apply` damages the copy it is given, in place (a folder; for a WACZ, the file)."""

    name: str  # a-few-words-with-hyphens, the test's id
    subject: str  # one of SUBJECTS
    damage: str  # what is done, one English sentence for the table
    forger: (
        str  # what the forger has: "nothing", "the tools" (recomputes every digest), "another key", "a TSA"
    )
    check: str  # the name of the check that must fail
    reason: str  # regular expression that one of its problems must match
    apply: Callable[[Path], object]
    slow: bool = False
    status: str = "failed"  # or "not-checked" where that is the honest answer
    anchored: bool = False  # judged with what the verifier has from elsewhere: the log's key, the TSA's roots
    at: str = ""  # the date of `evidence verify --at`, RFC 3339; empty: judged now


def caught(mutation: Mutation, report: Report) -> str:
    """ "" if the report names the damage as it should; else what is missing, for the test's message."""
    found = {check.name: check for check in report.checks}
    check = found.get(mutation.check)
    if check is None:
        return f"there is no check {mutation.check}; there are {', '.join(found)}"
    if check.status != mutation.status:
        return f"check {mutation.check} is {check.status}, not {mutation.status}\n{report.to_text('en')}"
    told = "\n".join([*check.problems, check.detail])
    if not re.search(mutation.reason, told):
        return f"check {mutation.check} does not say {mutation.reason!r} but:\n{told}"
    if mutation.status == "failed" and report.exit_code != 1:
        return f"exit code {report.exit_code}"
    return ""
