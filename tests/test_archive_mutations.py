"""Every kind of damage to an archive that we could think of is caught, by the check that should."""
from datetime import datetime
from pathlib import Path
import pytest
from crawler.evidence.verify import verify_archive
from tests.mutations import archive_log, archive_warc, archive_keys, archive_times, archive_rest
from tests.mutations.archive_maker import copy_of, made
from tests.mutations.model import Mutation, caught
ALL = tuple(m for module in (archive_warc, archive_log, archive_keys, archive_times, archive_rest) for m in module.MUTATIONS)
def judged(mutation, archive, **kw):
    at = datetime.fromisoformat(mutation.at) if mutation.at else None
    trust = made().anchors if mutation.anchored else None
    vkey = (made().anchors/"log.vkey").read_text().splitlines()[-1] if mutation.anchored else None
    return verify_archive(archive, trust=trust, vkey=vkey, at=at, **kw)

@pytest.mark.parametrize("mutation", ALL, ids=lambda m: m.name)
def test_mutation(mutation: Mutation, tmp_path: Path) -> None:
    archive = copy_of(made(), tmp_path / "archive")
    mutation.apply(archive)
    assert caught(mutation, judged(mutation, archive)) == ""

UN = archive_times.UNCAUGHT + archive_rest.UNCAUGHT
@pytest.mark.parametrize("mutation", UN, ids=lambda m: m.name)
def test_un(mutation: Mutation, tmp_path: Path) -> None:
    archive = copy_of(made(), tmp_path / "archive")
    mutation.apply(archive)
    r = judged(mutation, archive)
    print("UN", mutation.name, r.status)
    assert r.status == "passed", r.to_text("en")
    
def test_quick(tmp_path):
    blind=[]
    for n, m in enumerate(ALL):
        a = copy_of(made(), tmp_path / str(n)); m.apply(a)
        r=judged(m,a,quick=True)
        if r.status!="failed": blind.append((m.name,m.check,r.status))
    print("BLIND",blind)
