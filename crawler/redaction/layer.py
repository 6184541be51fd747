"""The text layer of a rendered page (artefact ``text``, docs/formats.md) without people, and what may stay readable.

The rectangles of `Layer.clear` are those in which nothing was masked and that touch no masked one: of the screenshot,
only these stay sharp.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, NamedTuple

from crawler.errors import FormatError
from crawler.redaction.addresses import WITHHELD
from crawler.redaction.masker import Masker

_PATH = re.compile(r"(?:/[a-z][a-z0-9-]{0,30}(?:\[[0-9]{1,7}\])?){1,600}")
_TYPED = re.compile(r"/(?:input|textarea)(?:\[[0-9]+\])?$")
_MOST = 400_000  # runs of one page; the longest of the saved pages has some thousands
_ROW = 64  # pixels of a row in which rectangles are compared

Json = dict[str, Any]


class Box(NamedTuple):
    """A rectangle of the page in CSS pixels from its top left."""

    x: int
    y: int
    w: int
    h: int


@dataclass(frozen=True, slots=True)
class Layer:
    """A rewritten text layer. `clear` and `masked`: rectangles of runs, see the module; `width`: of the page."""

    content: bytes
    width: int
    height: int
    clear: list[Box] = field(default_factory=list)
    masked: list[Box] = field(default_factory=list)


def rewritten_layer(content: bytes, masker: Masker) -> Layer:
    """The layer as the masker's grade shows it. Raises FormatError for what is no text layer.

    Rewrite the page's DOM first: whom it shows, the masker then knows here too.
    """
    page = _parsed(content)
    runs = page["runs"]
    texts = _masked([str(run["text"]) for run in runs], runs, masker)
    shown = {
        "version": page["version"],
        "width": page["width"],
        "height": page["height"],
        "scroll": page["scroll"],
        "frames": [_frame(frame, masker) for frame in page["frames"]],
        "runs": [_run(run, text, masker) for run, text in zip(runs, texts, strict=True)],
    }
    if page.get("scrolled"):
        shown["scrolled"] = [_scrolled(part, masker) for part in page["scrolled"]]
    masked = [_box(run) for run, text in zip(runs, texts, strict=True) if text != run["text"]]
    kept = [
        _box(run)
        for run, text in zip(runs, texts, strict=True)
        if text == run["text"] and "clipped" not in run and not str(run["text"]).isspace()
    ]
    return Layer(_canonical(shown), page["width"], page["height"], _apart(kept, masked), masked)


def _masked(texts: list[str], runs: Sequence[Json], masker: Masker) -> list[str]:
    """Lines of one element are one text; then, if a value is left, all of the page is."""
    found: list[str] = []
    numbered = list(zip(runs, texts, strict=True))
    for _, group in groupby(numbered, key=lambda pair: (pair[0].get("frame"), pair[0].get("path"))):
        lines = list(group)
        if _TYPED.search(str(lines[0][0].get("path", ""))):
            found += [masker.withheld(text, "typed") for _, text in lines]
        else:
            found += masker.pieces([text for _, text in lines])
    if masker.left("".join(found).encode("utf-8", "replace")):
        found = [masker.text(text) for text in masker.pieces(found, whole=False)]
    return found


def _run(run: Json, text: str, masker: Masker) -> Json:
    shown: Json = {"text": text, **{name: run[name] for name in ("x", "y", "w", "h")}, "frame": run["frame"]}
    path = run.get("path")
    if isinstance(path, str) and _PATH.fullmatch(path) and not masker.holds(path):
        shown["path"] = path
    if "clipped" in run:
        shown["clipped"] = True
    return shown


def _frame(frame: Json, masker: Masker) -> Json:
    url = str(frame.get("url", ""))
    shown = masker.url(url) if url and masker.shows_addresses else ""
    return {
        "url": "" if shown.startswith(WITHHELD) else shown,
        **{name: _number(frame, name) for name in ("x", "y", "w", "h")},
    }


def _scrolled(part: Json, masker: Masker) -> Json:
    runs = part["runs"]
    texts = _masked([str(run["text"]) for run in runs], runs, masker)
    return {
        "box": "withheld",  # a selector of the page's own, with its ids and classes
        "scroll_y": _number(part, "scroll_y"),
        "runs": [_run(run, text, masker) for run, text in zip(runs, texts, strict=True)],
    }


def _apart(kept: Iterable[Box], masked: Iterable[Box]) -> list[Box]:
    """Of the first those that touch none of the others."""
    rows: dict[int, list[Box]] = defaultdict(list)
    for box in masked:
        for row in _rows(box):
            rows[row].append(box)
    return [box for box in kept if not any(_touch(box, other) for row in _rows(box) for other in rows[row])]


def _rows(box: Box) -> Iterator[int]:
    yield from range(box.y // _ROW, min((box.y + max(box.h, 0)) // _ROW, box.y // _ROW + _TALLEST) + 1)


_TALLEST = 64  # rows: a line of text of 4,096 pixels is none


def _touch(one: Box, other: Box) -> bool:
    return (
        one.x < other.x + other.w
        and other.x < one.x + one.w
        and one.y < other.y + other.h
        and other.y < one.y + one.h
    )


def _parsed(content: bytes) -> Json:
    """The layer, its numbers integers and its runs whole; anything else raises."""
    try:
        page = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"text layer is no JSON: {error}") from error
    if not isinstance(page, dict) or not isinstance(page.get("runs"), list) or len(page["runs"]) > _MOST:
        raise FormatError(f"text layer without runs, or with over {_MOST}")
    found: Json = {
        "version": _number(page, "version"),
        "width": _number(page, "width"),
        "height": _number(page, "height"),
        "scroll": [value for value in page.get("scroll", [0, 0]) if isinstance(value, int)][:2],
        "frames": [frame for frame in page.get("frames", []) if isinstance(frame, dict)],
        "runs": [_checked(run) for run in page["runs"]],
    }
    found["scrolled"] = [
        {**part, "runs": [_checked(run) for run in part.get("runs", [])]}
        for part in page.get("scrolled", [])
        if isinstance(part, dict)
    ]
    return found


def _checked(run: object) -> Json:
    if not isinstance(run, dict) or not isinstance(run.get("text"), str):
        raise FormatError(f"no run of a text layer: {str(run)[:80]}")
    return {**run, **{name: _number(run, name) for name in ("x", "y", "w", "h", "frame")}}


def _number(values: Json, name: str) -> int:
    value = values.get(name, 0)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _box(run: Json) -> Box:
    return Box(run["x"], run["y"], run["w"], run["h"])


def _canonical(content: Json) -> bytes:
    """RFC 8785: keys are ASCII, numbers integers."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8", "replace")
