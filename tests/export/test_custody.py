"""The chain of custody comes from the log, in time order, and every act of the code has words."""

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler.demo.tsa import DemoAuthority
from crawler.errors import UsageError
from crawler.evidence.archive import Archive
from crawler.evidence.seal import seal
from crawler.export.custody import ACTS, TEXT_LIMIT, Step, custody
from crawler.store import cases
from crawler.store.index import FILE
from crawler.store.session import Session
from tests.archives import RUN, drafted, make, page, sender

ROOT = Path(__file__).parents[2]
LATER = (  # written elsewhere in the house; named here so that their words stay
    "archive-verified",
)


def written(tree: ast.Module, module: str) -> Iterator[str]:
    """The acts that a module writes: first arguments of what appends events, and `act=`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Tuple) and len(node.elts) == 2 and _name(node.elts[1]) == "details":
            yield from constants(node.elts[0], module)
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else _name(node.func)
        if called in ("record_event", "_event", "record") and node.args:
            yield from constants(node.args[0], module)
        if (
            called == "to_thread"
            and len(node.args) > 1
            and getattr(node.args[0], "attr", "") == "record_event"
        ):
            yield from constants(node.args[1], module)
        if called == "Event":
            yield from (
                act for word in node.keywords if word.arg == "act" for act in constants(word.value, module)
            )


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def constants(node: ast.expr, module: str) -> Iterator[str]:
    """The texts that an expression can be; a name is looked up in its module."""
    if isinstance(node, ast.IfExp):
        yield from constants(node.body, module)
        yield from constants(node.orelse, module)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.Name):
        value = getattr(importlib.import_module(module), node.id, None)
        if isinstance(value, str):
            yield value


def acts_of_the_code() -> set[str]:
    found: set[str] = set()
    for path in [*(ROOT / "crawler").rglob("*.py"), *(ROOT / "pipelines").rglob("*.py")]:
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        found |= set(written(ast.parse(path.read_text("utf-8")), name))
    return {act for act in found if "-" in act or act in ACTS}


def test_every_act_that_the_code_writes_has_words_and_the_other_way() -> None:
    found = acts_of_the_code()
    assert {"run-resumed", "host-stopped", "warc-opened", "payloads-removed", "recovered"} <= found
    assert found - set(ACTS) == set(), "give the new act words in crawler/export/custody.py"
    assert set(ACTS) - found <= set(LATER), "these words have no act any more"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A sealed archive with two runs and two cases, and an act of a newer version."""
    tsa = DemoAuthority(tmp_path / "tsa", "tsa-a")
    path = make(tmp_path / "a", [tsa])
    with Session.open(path) as session:
        for run in (RUN, "20261123T000000-0000"):
            settings = {"USER_AGENT": "web-evidence", "DOWNLOAD_DELAY": 5}
            session.record_event("run-started", {"run": run, "site": "test", "settings": settings})
            url = f"http://shop.invalid/{run}"
            capture = session.record(drafted(page(run=run, url=url))).result()
            session.record_event("run-closed", {"run": run, "reason": "finished", "counts": {}})
            case = cases.create_case(session, title=f"案{run}", cause="虚假宣传", submitter="某消委会")
            new = cases.NewExhibit(case=case, group="B", title="页", purpose="证明", captures=[capture.id])
            cases.add_exhibit(session, new)
        session.record_event("moon-landed", {"where": "静海\u202e"})
        seal(session.archive, sender(tsa))
        session.record_event("bundle-exported", {"case": "K2", "grade": "court", "tagmanifest": "sha256:00"})
    return path


def chain(path: Path, case: str | None = None) -> list[Step]:
    with Archive.open(path) as archive:
        return custody(archive, case)


def test_a_case_has_its_own_acts_and_those_of_the_whole_archive(path: Path) -> None:
    (path / FILE).unlink()  # nothing of it comes from the database
    steps = chain(path, "K1")
    acts = [step.act for step in steps]
    assert [act for act in acts if act != "warc-closed"] == [
        "archive-created",
        "run-started",
        "capture",  # by the moment at which it began
        "warc-opened",
        "run-closed",
        "case-created",
        "exhibit-added",
        "moon-landed",
        "settings-noted",
        "timestamp",
    ]
    assert {step.by for step in steps if step.act != "timestamp"} == {"张三"}
    text = {step.act: step.text for step in steps}
    assert "http://shop.invalid/" + RUN in text["capture"]
    assert "sha256:" in text["capture"]
    assert "完整" in text["capture"]
    assert "DOWNLOAD_DELAY=5" in text["run-started"]
    assert "tsa-a" in text["timestamp"]
    assert text["moon-landed"].startswith("moon-landed")
    assert "\u202e" not in text["moon-landed"]


def test_it_is_in_time_order_with_entry_numbers(path: Path) -> None:
    steps = chain(path, "K2")
    assert "bundle-exported" in [step.act for step in steps]
    assert [step.time for step in steps if step.entry is not None] == sorted(
        step.time for step in steps if step.entry is not None
    )
    with Archive.open(path) as archive:
        for step in steps:
            if step.entry is not None:
                leaf = archive.log.leaf(step.entry)
                assert (f'"act":"{step.act}"' in leaf.decode()) == (step.act != "capture")


def test_the_whole_archive_has_all_acts_and_no_captures(path: Path) -> None:
    steps = chain(path)
    assert "capture" not in [step.act for step in steps]
    assert [step.act for step in steps].count("run-started") == 2


def test_an_unknown_case_is_refused(path: Path) -> None:
    with pytest.raises(UsageError, match="known: K1, K2"):
        chain(path, "K9")


def test_a_token_that_does_not_verify_is_said(path: Path) -> None:
    (token,) = path.glob("log/stamps/*/tsa-a.tsr")
    token.write_bytes(token.read_bytes()[:-5])
    (step,) = [step for step in chain(path, "K1") if step.act == "timestamp"]
    assert "未能核验" in step.text
    assert step.time == ""


def test_long_details_are_cut_on_screen_only(path: Path) -> None:
    with Session.open(path) as session:
        session.record_event("moon-landed", {"text": "x" * 5000})
    step = chain(path)[-1]
    assert len(step.text) <= TEXT_LIMIT + 2
    assert len(step.details["text"]) == 5000
