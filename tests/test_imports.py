"""The import directions of the house (docs/architecture.md), and the words that names may not use."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("crawler", "spiders", "pipelines")

# What each room may import of ours, besides itself. A room that is not here is an error: decide, then add it.
FOUNDATION = {"crawler.errors", "crawler.clock", "crawler.quoted"}
TABLE: dict[str, set[str]] = {
    "crawler": set(),
    "crawler.errors": set(),
    "crawler.clock": set(),
    "crawler.items": set(),
    "crawler.quoted": set(),
    "crawler.printed": FOUNDATION,
    "crawler.attachment_limits": FOUNDATION,  # a section of the settings, and what packs by it
    "crawler.config": FOUNDATION | {"crawler.attachment_limits"},
    "crawler.settings": set(),  # names as strings only
    "crawler.law": FOUNDATION,
    "crawler.evidence": FOUNDATION | {"crawler.config"},
    "crawler.withholding": FOUNDATION | {"crawler.evidence"},  # secrets out of what is handed over
    "crawler.redaction": FOUNDATION | {"crawler.evidence", "crawler.withholding"},  # and people, by grade
    "crawler.store": FOUNDATION | {"crawler.config", "crawler.items", "crawler.evidence"},
    "crawler.engine": FOUNDATION
    | {
        "crawler.config",
        "crawler.items",
        "crawler.printed",
        "crawler.evidence",
        "crawler.store",
        "crawler.withholding",
        "crawler.redaction",
    },
    "crawler.detect": FOUNDATION | {"crawler.items", "crawler.store", "crawler.evidence", "crawler.law"},
    "crawler.export": FOUNDATION
    | {"crawler.attachment_limits", "crawler.config", "crawler.items", "crawler.store"}
    | {"crawler.evidence", "crawler.law"},
    "crawler.demo": FOUNDATION | {"crawler.evidence"},
    "crawler.web": FOUNDATION
    | {
        "crawler.items",
        "crawler.store",
        "crawler.evidence",
        "crawler.law",
        "crawler.detect",
        "crawler.export",
    },
    "crawler.show": FOUNDATION  # what a terminal shows
    | {"crawler.engine", "crawler.evidence", "crawler.export", "crawler.store"},
    "crawler.show_case": FOUNDATION | {"crawler.store"},
    "crawler.show_findings": FOUNDATION | {"crawler.detect", "crawler.law", "crawler.store"},
    "crawler.cli": {"crawler"},  # the door: any room
    "crawler.commands": {"crawler"},
    "crawler.__main__": {"crawler.cli"},
    "spiders": {"crawler.engine", "crawler.items", "crawler.quoted"},
    "pipelines": FOUNDATION
    | {"crawler.config", "crawler.items", "crawler.store", "crawler.evidence", "crawler.printed"},
}
# Libraries that only some rooms know.
LIMITED: dict[str, tuple[str, ...]] = {
    "scrapy": ("crawler.engine", "spiders", "pipelines"),
    "twisted": ("crawler.engine",),
    "playwright": ("crawler.engine",),
    "scrapy_playwright": ("crawler.engine",),
    "sqlite_utils": ("crawler.store",),
    # The frontier keeps a queue of its own in frontier.db, which is not evidence: docs/decisions/0005.
    "sqlite3": ("crawler.store", "crawler.engine.frontier"),
}
BANNED = re.compile(r"(data|info|util|helper|manager|process|do)s?")
# Names that Scrapy, asyncio.Protocol and http.server dictate.
DICTATED = {
    "process_item",
    "process_request",
    "process_response",
    "process_exception",
    "process_start",
    "process_spider_input",
    "process_spider_output",
    "process_spider_exception",
    "data_received",
    "do_GET",
    "do_HEAD",
    "do_POST",
    "post_data_buffer",  # Playwright's
}


def modules(root: Path) -> Iterator[tuple[str, ast.Module]]:
    """Every module of the project by its dotted name, parsed."""
    for path in sorted(path for package in PACKAGES for path in (root / package).rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        yield name, ast.parse(path.read_text("utf-8"), filename=str(path))


def room(name: str) -> str:
    """``crawler.evidence.log`` is in ``crawler.evidence``, ``spiders.tieba`` in ``spiders``."""
    return ".".join(name.split(".")[: 2 if name.startswith("crawler") else 1])


def imported(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything a module imports, wherever in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level:
            yield node.lineno, "." * node.level + (node.module or "")
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def within(name: str, places: "set[str] | tuple[str, ...]") -> bool:
    return any(name == place or name.startswith(f"{place}.") for place in places)


def objection(importer: str, name: str) -> str | None:
    """Why this module may not import that name; None if it may."""
    if name.startswith("."):
        return "relative import: write the whole name"
    top = name.partition(".")[0]
    if top in LIMITED and not within(importer, LIMITED[top]):
        return f"only {', '.join(LIMITED[top])} may import {top}"
    if top not in PACKAGES:
        return None
    home = room(importer)
    if home not in TABLE:
        return f"{home} is not in the table of this test"
    if top == "spiders" and home == "spiders" and not within(name, (importer,)):
        return "a spider imports no other spider"
    allowed = TABLE[home] | {home}
    # `from crawler import __version__` and `from crawler import errors` look alike here.
    if name == "crawler" or name == "crawler.__version__" or within(name, allowed):
        return None
    return f"{home} may import {', '.join(sorted(allowed))}"


def violations(root: Path) -> list[str]:
    """Every import that goes the wrong way, as ``module:line imports name: why``."""
    return [
        f"{importer}:{line} imports {name}: {why}"
        for importer, tree in modules(root)
        for line, name in imported(tree)
        if (why := objection(importer, name))
    ]


def words(name: str) -> list[str]:
    """``process_HTMLInfo`` → process, html, info."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]


def banned_names(root: Path) -> list[str]:
    """Every module, class or function whose name has a banned word in it."""
    found = []
    for module, tree in modules(root):
        defined = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        names = [module.rpartition(".")[2], *(n.name for n in ast.walk(tree) if isinstance(n, defined))]
        for name in set(names) - DICTATED:
            found += [f"{module}: {name}" for word in words(name) if BANNED.fullmatch(word)]
    return sorted(found)


def test_imports_run_one_way() -> None:
    assert violations(ROOT) == []


def test_names_use_no_banned_word() -> None:
    assert banned_names(ROOT) == []


def plant(root: Path, module: str, source: str) -> Path:
    path = root.joinpath(*module.split(".")).with_suffix(".py")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source, "utf-8")
    return root


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("crawler.evidence.log", "import sqlite3"),
        ("crawler.evidence.log", "from crawler.store import writer"),
        ("crawler.evidence.log", "from crawler import store"),
        ("crawler.evidence.log", "def late():\n    import scrapy"),
        ("crawler.evidence.log", "from . import warc"),
        ("crawler.cli", "import scrapy.crawler"),
        ("crawler.engine.run", "import spiders.tieba"),
        ("crawler.engine.run", "import sqlite3"),
        ("crawler.detect.burst", "from crawler.engine.site import Site"),
        ("crawler.demo.market", "from crawler.engine.site import Site"),
        ("crawler.attic", "import crawler.items"),
        ("spiders.tieba", "from spiders.douban import Douban"),
        ("spiders.tieba", "from crawler.store.writer import Store"),
        ("pipelines.seal", "from spiders.tieba import Tieba"),
    ],
)
def test_a_wrong_import_is_named(tmp_path: Path, module: str, source: str) -> None:
    (violation,) = violations(plant(tmp_path, module, source))
    assert violation.startswith(module)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        (
            "crawler.evidence.log",
            "from crawler.errors import LogError\nfrom crawler.evidence.proof import root",
        ),
        ("crawler.engine.frontier", "import sqlite3\nimport scrapy"),
        ("crawler.evidence.archive", "from crawler import __version__, clock"),
        ("crawler.cli", "from crawler.demo import market"),
        ("spiders.tieba", "import scrapy\nfrom crawler.engine.site import Site"),
    ],
)
def test_a_right_import_passes(tmp_path: Path, module: str, source: str) -> None:
    assert violations(plant(tmp_path, module, source)) == []


@pytest.mark.parametrize(
    "source", ["def do_it(): ...", "class PageInfo: ...", "def page_datas(): ...", "def process(): ..."]
)
def test_a_banned_name_is_found(tmp_path: Path, source: str) -> None:
    assert len(banned_names(plant(tmp_path, "crawler.engine.run", source))) == 1


def test_words_that_only_contain_a_banned_word_pass(tmp_path: Path) -> None:
    source = "def process_item(): ...\ndef write_warcinfo(): ...\nclass Metadata: ...\ndef doctor(): ..."
    assert banned_names(plant(tmp_path, "crawler.engine.run", source)) == []
