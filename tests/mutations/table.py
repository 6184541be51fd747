"""docs/mutations.md: the table of all mutations. `python -m tests.mutations.table` writes it; a test compares."""

import importlib
import pkgutil
from collections.abc import Iterable
from pathlib import Path

import tests.mutations
from tests.mutations.found_by import FOUND_BY
from tests.mutations.model import SUBJECTS, Mutation

DOCUMENT = Path(__file__).parents[2] / "docs/mutations.md"

_HEAD = """\
# The mutation corpus

Every kind of damage that we could think of, done to a good archive, bundle, receipt and WACZ. Each must
fail in the check that is meant for it and for the reason that is stated, or the tests fail.

    .venv/bin/pytest tests/test_mutations.py        # the fast part, also in `make test`
    make mutations                                  # all of them, and every byte
    .venv/bin/pytest tests/test_agreement.py        # what the other tools say, also in `make test`

*The forger has* says how hard it is: **nothing** – he changes files; **the tools** – he makes every
list and digest fit again; **another key**, **an old key** – he signs with that; **a TSA** – an
authority of his own; **the log's key** – he is the owner of the log, makes every list fit, and signs:
only the inner checks are left to see it.

*Found by* says which of the tools that need no program of ours find it too: **HTML** is
`data/verifier.html` of a good copy in a browser, **sheet** the commands printed in 核验说明, **hand** those
of docs/verify-by-hand.md. CLI, which is `evidence verify`, finds all. Empty: not tried. `–`: tried, and
not found; why is told below.

What a bundle's owner may write is his: the words of the catalogue, a title, a purpose. The signature
says that they are his, and shows every later change.

## Every byte

`python -m tests.mutations` also changes every single byte of every file of a small bundle. The list of
files catches each. With all lists made anew (who has no key), the signature over the bundle catches
each; and for the log's part and the WACZ an inner check does, too. Covered by the signature only,
because nobody who verifies reads them: the documents (catalogue, 核验说明, verifier.html), bag-info.txt,
and in a token what no signature of the authority covers: version, policy and flags of a query (.tsq),
the certificates' own padding and signatures of roots (.chain.pem, trust/*.pem).

## What the other tools do not look at, openly

* A browser reads neither links nor pipes nor empty folders, and without a root that the reader brings
  it judges no certificate path; verifier.html says so in its report.
* The sheet and the page by hand check what is listed, and do not look for files that no list names.
  Neither reads the log's events about keys, the WACZ's index, cosignatures of witnesses, or the SM3
  column of the hash list.
* The sheet follows one exhibit from its record to the log; the page by hand, all of them. Neither
  compares consistency proofs (the sheet), nonces of queries (the sheet), or the dates that a capture
  states with its trusted times (both).
"""


def mutations() -> list[Mutation]:
    """All of them, by subject, in the order of their modules."""
    found: list[Mutation] = []
    for module in sorted(pkgutil.iter_modules(tests.mutations.__path__), key=lambda module: module.name):
        if not module.name.startswith("__"):
            found += getattr(importlib.import_module(f"tests.mutations.{module.name}"), "MUTATIONS", ())
    return sorted(found, key=lambda mutation: SUBJECTS.index(mutation.subject))


def document(all_of_them: Iterable[Mutation]) -> str:
    """The text of docs/mutations.md."""
    rows = list(all_of_them)
    parts = [_HEAD]
    for subject in SUBJECTS:
        own = [mutation for mutation in rows if mutation.subject == subject]
        parts.append(f"\n## {subject.capitalize()}: {len(own)}\n\n")
        parts.append("| name | damage | the forger has | check | found by |\n|---|---|---|---|---|\n")
        also = FOUND_BY if subject == "bundle" else {}
        parts += [_row(mutation, also.get(mutation.name, "")) for mutation in own]
    return "".join(parts)


def _row(mutation: Mutation, also: str) -> str:
    check = f"`{mutation.check}`"
    if mutation.status != "failed":
        check += f" ({mutation.status})"
    if mutation.at:
        check += f", `--at {mutation.at[:10]}`"
    damage = mutation.damage.replace("|", "\\|")
    tools = f"CLI, {also}" if also else "CLI"
    return f"| {mutation.name} | {damage} | {mutation.forger} | {check} | {tools} |\n"


if __name__ == "__main__":
    DOCUMENT.write_text(document(mutations()), "utf-8")
