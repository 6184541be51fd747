"""Put the HTML verifier together: one file, no network, no library, the same bytes every time.

The page may do nothing but what its own script does: its Content-Security-Policy (CSP Level 3) allows this one
script and this one style sheet, each by its SHA-256, and no connection, frame, form, image or `eval` at all.

What must not drift from the Python verifier is written in from there (`FACTS`): titles of checks, fields of
leaves, columns of the hash list.
"""

import base64
import hashlib
import json
from dataclasses import fields
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from crawler import __version__
from crawler.evidence.bundle import HASH_LIST_COLUMNS, VERIFIER_PAGE
from crawler.evidence.manifest import FIDELITIES, STATES, Capture, Event
from crawler.evidence.report import STATES_ZH, Check

# In this order: a part may use those before it, and when it runs also those after it.
PARTS = (
    "bytes", "digest", "ed25519", "merkle", "json", "report", "note", "zip", "source", "der", "x509", "token",
    "bag", "leaves", "log", "keys", "stamps", "warc", "zipform", "wacz", "documents", "verify", "main",
)  # fmt: skip
CHECKS = (
    "bag", "bundle-signature", "organisation-signature", "signature", "keys", "consistency", "timestamps",
    "validity", "witnesses", "manifests", "inclusion", "wacz", "coverage", "records", "index",
    "sealed", "bracket", "hash-list", "documents", "anchor",
)  # fmt: skip


def write_verifier(bag: Path) -> Path:
    """Write the page to its place in a bundle that is being made; returns that place."""
    path = bag / VERIFIER_PAGE
    path.write_bytes(verifier_page())
    return path


@cache
def verifier_page() -> bytes:
    """The whole page. Raises ValueError if a part would end the element that it is put into."""
    folder = files(__package__)
    script = _script(folder)
    style = _read(folder, "verifier.css")
    own = f"script-src {_source(script)}; style-src {_source(style)}"
    policy = f"default-src 'none'; {own}; base-uri 'none'; form-action 'none'"
    page = _read(folder, "verifier.html")
    for mark, content in (("{{POLICY}}", policy), ("{{STYLE}}", style), ("{{SCRIPT}}", script)):
        page = page.replace(mark, content, 1)
    return page.encode()


def _script(folder: Traversable) -> str:
    facts = f"const FACTS = {json.dumps(_facts(), ensure_ascii=False, sort_keys=True)};\n"
    script = facts + "\n".join(_read(folder, f"{part}.js") for part in PARTS)
    if "</script" in script.lower() or "<!--" in script:
        raise ValueError("a part of the verifier would end its own script element")
    return script


def _facts() -> dict[str, object]:
    return {
        "version": __version__,
        "titles": {name: Check(name, "passed", "").title for name in CHECKS},
        "states": STATES,
        "statesZh": STATES_ZH,
        "fidelities": FIDELITIES,
        "captureFields": [entry.name for entry in fields(Capture)],
        "eventFields": [entry.name for entry in fields(Event)],
        "hashListColumns": HASH_LIST_COLUMNS,
    }


def _read(folder: Traversable, name: str) -> str:
    return (folder / name).read_text("utf-8")


def _source(content: str) -> str:
    """A hash source of CSP Level 3, section 2.3.1."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"
