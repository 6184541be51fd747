"""Apply a mutation to a copy of its subject and verify that."""

import shutil
from datetime import datetime
from pathlib import Path

from crawler.evidence.report import Report
from crawler.evidence.verify import verify_bundle, verify_receipt, verify_wacz
from tests.mutations.forger import workshop
from tests.mutations.model import Mutation


def damaged(mutation: Mutation, folder: Path) -> Path:
    """A damaged copy of the mutation's subject (bundle, receipt or WACZ) in `folder`."""
    made = workshop()
    if mutation.subject == "wacz":
        path = Path(shutil.copyfile(made.wacz, folder / "x.wacz"))
    else:
        path = folder / mutation.subject
        shutil.copytree(made.bundle if mutation.subject == "bundle" else made.receipt, path)
    mutation.apply(path)
    return path


def judged(mutation: Mutation, path: Path) -> Report:
    """What our verifier says of it."""
    verify = {"bundle": verify_bundle, "receipt": verify_receipt, "wacz": verify_wacz}[mutation.subject]
    at = datetime.fromisoformat(mutation.at) if mutation.at else None
    return verify(path, trust=workshop().anchors if mutation.anchored else None, at=at)
