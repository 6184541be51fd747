"""Apply a mutation to a copy of its subject and verify that."""

import re
import shutil
import subprocess
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from crawler.evidence.report import Report
from crawler.evidence.verify import verify_archive, verify_bundle, verify_receipt, verify_wacz
from tests.mutations.archive_maker import copy_of, made
from tests.mutations.forger import reworded, workshop
from tests.mutations.limited import MEGABYTES, SECONDS, verified
from tests.mutations.model import Mutation


def damaged(mutation: Mutation, folder: Path) -> Path:
    """A damaged copy of the mutation's subject in `folder`."""
    if mutation.subject == "wacz":
        path = Path(shutil.copyfile(workshop().wacz, folder / "x.wacz"))
    elif mutation.subject == "archive":
        path = copy_of(made(), folder / "archive")
    else:
        path = folder / mutation.subject
        shutil.copytree(workshop().bundle if mutation.subject == "bundle" else workshop().receipt, path)
    mutation.apply(path)
    return path


def expected(mutation: Mutation) -> Mutation:
    """The mutation with its reason as today's report words it; archives have a corpus of their own."""
    return mutation if mutation.subject == "archive" else replace(mutation, reason=reworded(mutation.reason))


def judged(mutation: Mutation, path: Path) -> Report:
    """What our verifier says of it."""
    at = datetime.fromisoformat(mutation.at) if mutation.at else None
    if mutation.subject == "archive":
        return verify_archive(path, trust=made().anchors if mutation.anchored else None, at=at)
    verify = {"bundle": verify_bundle, "receipt": verify_receipt, "wacz": verify_wacz}[mutation.subject]
    return verify(path, trust=workshop().anchors if mutation.anchored else None, at=at)


def discard(path: Path) -> None:
    """Remove a damaged copy; also one nested more deeply than `shutil.rmtree` goes."""
    subprocess.run(["rm", "-rf", "--", str(path)], check=False)


def judged_apart(mutation: Mutation, path: Path) -> str:
    """Verify in a process of its own; "" if it names the damage within bounds, else what is wrong."""
    told = verified(mutation.subject, path)
    status, *words = told["checks"].get(mutation.check, ["absent"])
    if status != mutation.status or not re.search(expected(mutation).reason, "\n".join(words)):
        return f"check {mutation.check} is {status}: {words[:5]}"
    if told["seconds"] > SECONDS or told["megabytes"] > MEGABYTES:
        return f"took {told['seconds']:.1f} s and {told['megabytes']:.0f} MB"
    return ""
