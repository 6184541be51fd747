"""An export that is broken off goes on where it was, and ends in the same bytes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from crawler.errors import ArchiveError
from crawler.evidence.archive import Archive
from crawler.export.bundle import export_bundle
from crawler.export.papers import pdf as pdf_module
from crawler.export.papers.facts import CaseFacts, gathered
from crawler.export.selection import select
from crawler.export.unfinished import Unfinished, state_of
from tests.export.sample import CASE, Sample, exhibits
from tests.export.test_bundle import contents

TOLD = 60  # seconds that a started export may take to begin with its papers
CHILD = """
import sys
from pathlib import Path
from crawler.evidence.archive import Archive
from crawler.export.bundle import export_bundle
from tests.export.sample import CASE, Sample, exhibits
captures = dict(one.split("=") for one in sys.argv[3:])
sample = Sample(Path(sys.argv[1]), (), captures)
with Archive.open(sample.path) as archive:
    export_bundle(archive, CASE, exhibits(sample), Path(sys.argv[2]), watch=lambda *seen: print(*seen, flush=True))
"""


def export(sample: Sample, to: Path) -> list[str]:
    """Export; returns the PDFs that were made."""
    with drawn() as made, Archive.open(sample.path) as archive:
        export_bundle(archive, CASE, exhibits(sample), to)
    return made


@contextmanager
def drawn() -> Iterator[list[str]]:
    """The titles of the PDFs that were drawn within."""
    titles: list[str] = []

    def count(frame: object, event: str, _: object) -> None:
        code = getattr(frame, "f_code", None)
        if event == "call" and code is pdf_module.pdf.__code__:
            titles.append(frame.f_locals["title"])  # type: ignore[attr-defined]

    sys.setprofile(count)
    try:
        yield titles
    finally:
        sys.setprofile(None)


def test_what_kill_left_is_gone_on_with(sample: Sample, bundle: Path, tmp_path: Path) -> None:
    to = tmp_path / "a bundle"
    named = [f"{name}={identifier}" for name, identifier in sample.captures.items()]
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(sample.path), str(to), *named],
        stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert child.stdout is not None
    deadline = time.monotonic() + TOLD
    for line in child.stdout:
        assert time.monotonic() < deadline
        if "exhibit-2-1.pdf" in line:  # the ones before are whole
            break
    os.kill(child.pid, signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    child.stdout.close()
    assert not to.exists()
    left = {path.name for path in (tmp_path / ".a bundle.unfinished/bag/data/papers").glob("*.pdf")}
    assert "exhibit-1-1.pdf" in left
    made = export(sample, to)
    assert "证据 1-1" not in made, "it was there"
    assert "证据 2-2" in made
    assert contents(to) == contents(bundle)
    assert [path.name for path in tmp_path.iterdir()] == ["a bundle"]


def test_papers_of_another_state_are_made_anew(sample: Sample, tmp_path: Path) -> None:
    with Archive.open(sample.path) as archive:
        facts = facts_of(archive, sample)
        first = Unfinished(tmp_path / "x")
        first.begin(facts)
        first.paper("a.pdf", lambda: b"a")
        (first.bag / "data/papers/.b.pdf.unfinished").write_bytes(b"half")
        (first.bag / "data/captures.wacz").write_bytes(b"half")
        second = Unfinished(tmp_path / "x")
        second.begin(facts)
        assert second.kept == {"a.pdf"}
        assert contents(second.bag) == {"data/papers/a.pdf": b"a"}
        third = Unfinished(tmp_path / "x")
        third.begin(replace(facts, case=replace(facts.case, title="另一案")))
        assert contents(third.bag) == {}


def test_every_change_of_a_case_is_another_state(sample: Sample) -> None:
    with Archive.open(sample.path) as archive:
        facts = facts_of(archive, sample)
        assert state_of(facts) == state_of(facts_of(archive, sample))
        (first, *others) = facts.case.exhibits
        changed = [
            replace(facts, case=replace(facts.case, exhibits=(replace(first, purpose="又"), *others))),
            replace(facts, case=replace(facts.case, cleared=("x",))),
            replace(facts, findings={"F1": {"claim": "x"}}),
            replace(facts, grade="public"),
            replace(facts, earlier="sha256:00"),
            replace(facts, sheet=lambda name: name.encode()),
            replace(facts, selection=select(archive, set(first.captures))),
        ]
        states = [state_of(one) for one in [facts, *changed]]
        assert len(set(states)) == len(states)
        facts.templates.mkdir()
        try:
            (facts.templates / "own.docx").write_bytes(b"x")
            assert state_of(facts) not in states
        finally:
            (facts.templates / "own.docx").unlink()
            facts.templates.rmdir()


def test_a_full_disk_keeps_what_was_made_and_a_damaged_archive_nothing(
    sample: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    def damaged(*_: object, **__: object) -> None:
        raise ArchiveError("damaged")

    for stop, left in ((full, [".x.unfinished"]), (damaged, [])):
        monkeypatch.setattr("crawler.export.bundle.write_index", stop)
        with pytest.raises((OSError, ArchiveError)):
            export(sample, tmp_path / "x")
        assert [path.name for path in tmp_path.iterdir()] == left


def facts_of(archive: Archive, sample: Sample) -> CaseFacts:
    case = replace(CASE, exhibits=exhibits(sample))
    selection = select(archive, {name for one in case.exhibits for name in one.captures})
    return gathered(case, archive, selection, {})
