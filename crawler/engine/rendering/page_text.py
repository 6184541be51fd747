"""The text of a page with the place of every line: the artefact ``text``.

The browser is asked for its layout (`DOMSnapshot.captureSnapshot`), which has every piece of text as it was
laid out, line by line, of the page, of its frames and of shadow trees, whatever the page's scripts overrode.

Artefact ``text``, canonical JSON (RFC 8785; integers only, CSS pixels from the top left of the page)::

    {"version": 1, "width": 1366, "height": 36000, "scroll": [0, 0],
     "frames": [{"url": "https://…", "x": 0, "y": 0, "w": 1366, "h": 36000}, …],   # the page itself is number 0
     "runs": [{"text": "好评返现", "x": 10, "y": 20, "w": 64, "h": 19, "frame": 0}, …],
     "scrolled": [{"box": "div#list", "scroll_y": 900, "runs": […]}, …]}           # only where text came and went

`runs` leaves out what cannot be seen: not displayed, ``visibility: hidden``, opacity 0, no size, off the page.
A run with ``"clipped": true`` is in the page, but its box cuts it off: in a list that scrolls within the page, a
folded paragraph, or a carousel. The runs of `scrolled` are what stood in the window at that place. Text that
lies behind something else or has the colour of its background is kept: only the picture tells.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

from crawler.engine.rendering.look import Cdp, Json

STYLES = (
    "visibility",
    "opacity",
    "overflow-x",
    "overflow-y",
    "position",
    "transform",
    "border-left-width",
    "border-top-width",
    "padding-left",
    "padding-top",
)
SEEN_WIDTH = 3.0  # CSS pixels of a run that must be within its boxes' edges, else it is clipped
SEEN_HEIGHT = 1 / 3  # likewise, of its height
FAINT = 0.02  # less opacity cannot be seen
Rectangle = tuple[float, float, float, float]  # left, top, right, bottom


@dataclass(slots=True)
class PageText:
    """What the browser's layout holds. `closed`: backend ids of closed shadow roots, by frame id."""

    width: int
    height: int
    scroll: tuple[int, int]
    frames: list[Json]
    runs: list[Json]
    closed: dict[str, list[int]] = field(default_factory=dict)
    scrolled: list[Json] = field(default_factory=list)

    def seen(self, top: float, bottom: float) -> list[Json]:
        """The runs between these heights of the page that nothing cuts off."""
        return [
            run
            for run in self.runs
            if run["y"] < bottom and run["y"] + run["h"] > top and "clipped" not in run
        ]

    def content(self) -> bytes:
        """The artefact's bytes."""
        whole: Json = {"version": 1, "width": self.width, "height": self.height, "scroll": list(self.scroll)}
        whole |= {"frames": self.frames, "runs": self.runs}
        return canonical_bytes(whole | ({"scrolled": self.scrolled} if self.scrolled else {}))


async def read_text(cdp: Cdp) -> PageText:
    """The text of the page as it stands. Raises the driver's error when the browser refuses."""
    asked: Json = {"computedStyles": list(STYLES), "includePaintOrder": False, "includeDOMRects": False}
    return laid_out(await cdp.send("DOMSnapshot.captureSnapshot", asked))


def laid_out(snapshot: Json) -> PageText:
    """The text in an answer of `DOMSnapshot.captureSnapshot`."""
    strings: list[str] = snapshot["strings"]
    documents = [_Document(content, strings) for content in snapshot["documents"]]
    page = documents[0]
    size = (round(page.content["contentWidth"]), round(page.content["contentHeight"]))
    text = PageText(*size, (round(page.scroll[0]), round(page.scroll[1])), [], [])
    whole = (0.0, 0.0, float(size[0]), float(size[1]))
    _add(documents, 0, (0.0, 0.0), whole, text)
    text.runs.sort(key=lambda run: run["frame"])
    for document in documents:
        if roots := document.closed_roots():
            text.closed[document.frame_id] = roots
    return text


def _add(
    documents: "list[_Document]", at: int, offset: tuple[float, float], edge: Rectangle, text: PageText
) -> None:
    """Put the runs of a document, and of the frames in it, at their places of the page."""
    waiting = [(at, offset, edge)]
    placed: set[int] = set()
    while waiting:
        at, offset, edge = waiting.pop(0)
        if at in placed or not 0 <= at < len(documents):
            continue
        placed.add(at)
        document, number = documents[at], len(text.frames)
        if number:  # a frame may be scrolled; the page's own places do not depend on that
            offset = (offset[0] - document.scroll[0], offset[1] - document.scroll[1])
        x, y, right, bottom = (round(side) for side in edge)
        text.frames.append({"url": document.url[:2000], "x": x, "y": y, "w": right - x, "h": bottom - y})
        text.runs += document.runs(offset, edge if at else None, text, number)
        waiting += document.inner_frames(offset, edge)


def canonical_bytes(content: Json) -> bytes:
    """RFC 8785 bytes of JSON whose keys are ASCII and whose numbers are integers; half a surrogate becomes U+FFFD."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return clean_utf8(text)


def clean_utf8(text: str) -> bytes:
    """UTF-8 of what a browser calls a string: halves of surrogate pairs, which no encoding has, become U+FFFD."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()


def _cut(one: Rectangle | None, other: Rectangle | None) -> Rectangle | None:
    """What both rectangles cover; None is everything."""
    if one is None or other is None:
        return one or other
    return max(one[0], other[0]), max(one[1], other[1]), min(one[2], other[2]), min(one[3], other[3])


@dataclass(slots=True)
class _Box:
    """What an element hands down to its children."""

    hidden: bool = False  # visibility
    opacity: float = 1.0
    flow: Rectangle | None = None  # what of children in the flow is seen
    absolute: Rectangle | None = None  # what of absolutely positioned ones is


class _Document:
    """One document of a snapshot."""

    def __init__(self, content: Json, strings: list[str]) -> None:
        self.content = content
        self.strings = strings
        self.url = self._string(content["documentURL"])
        self.frame_id = self._string(content["frameId"])
        self.scroll = (float(content["scrollOffsetX"]), float(content["scrollOffsetY"]))
        self.nodes, self.layout = content["nodes"], content["layout"]
        self.laid: dict[int, int] = {}
        for index, node in enumerate(self.layout["nodeIndex"]):
            self.laid.setdefault(node, index)
        self.boxes = self._boxes()

    def _string(self, index: int) -> str:
        return self.strings[index] if index >= 0 else ""

    def _style(self, laid: int) -> dict[str, str]:
        return dict(zip(STYLES, map(self._string, self.layout["styles"][laid]), strict=False))

    def _bounds(self, laid: int) -> Rectangle:
        x, y, width, height = self.layout["bounds"][laid]
        return x, y, x + width, y + height

    def _boxes(self) -> list[_Box]:
        """For each node what its children get; parents come before their children."""
        boxes: list[_Box] = []
        root_clips = False
        for node, parent in enumerate(self.nodes["parentIndex"]):
            above = boxes[parent] if 0 <= parent < node else _Box()
            laid = self.laid.get(node)
            style = self._style(laid) if laid is not None else {}
            if laid is None or not style:
                boxes.append(above)
                continue
            name = self._string(self.nodes["nodeName"][node])
            clips = "visible" not in (style["overflow-x"], style["overflow-y"])
            if name == "HTML":  # its overflow is that of the window, and so is the body's in its place
                root_clips, clips = clips, False
            elif name == "BODY" and not root_clips:
                clips = False
            boxes.append(_inside(above, style, self._bounds(laid) if clips else None))
        return boxes

    def runs(
        self, offset: tuple[float, float], edge: Rectangle | None, page: PageText, number: int
    ) -> Iterator[Json]:
        """The pieces of text that may be seen, `offset` being where this document begins on the page."""
        drawn = self.content["textBoxes"]
        columns = zip(drawn["layoutIndex"], drawn["bounds"], drawn["start"], drawn["length"], strict=True)
        for laid, (x, y, width, height), start, length in columns:
            box = self.boxes[self.layout["nodeIndex"][laid]]
            text = utf16_slice(self._string(self.layout["text"][laid]), start, length)
            if box.hidden or box.opacity < FAINT or width < 1 or height < 1 or not text.strip():
                continue
            left, top = x + offset[0], y + offset[1]
            if left + width <= 0 or top + height <= 0 or left >= page.width or top >= page.height:
                continue
            seen = _cut(_moved(box.flow, offset), edge)
            place = {"x": round(left), "y": round(top), "w": round(width), "h": round(height)}
            run: Json = {"text": text.strip(), **place, "frame": number}
            yield run | ({"clipped": True} if _clipped((left, top, width, height), seen) else {})

    def inner_frames(
        self, offset: tuple[float, float], edge: Rectangle
    ) -> Iterator[tuple[int, tuple[float, float], Rectangle]]:
        """Number, place and edges of each document that is shown in a frame of this one."""
        inner = self.nodes.get("contentDocumentIndex", {"index": [], "value": []})
        for node, at in zip(inner["index"], inner["value"], strict=True):
            laid, box = self.laid.get(node), self.boxes[node]
            if laid is None or box.hidden or box.opacity < FAINT:
                continue
            style, (left, top, right, bottom) = self._style(laid), self._bounds(laid)
            inset = [_pixels(style[side]) for side in STYLES[-4:]]
            x, y = left + inset[0] + inset[2] + offset[0], top + inset[1] + inset[3] + offset[1]
            frame = (x, y, right - inset[0] - inset[2] + offset[0], bottom - inset[1] - inset[3] + offset[1])
            seen = _cut(_cut(frame, _moved(box.flow, offset)), edge)
            if seen and seen[2] - seen[0] >= 1 and seen[3] - seen[1] >= 1:
                yield at, (x, y), seen

    def closed_roots(self) -> list[int]:
        """Backend ids of the closed shadow roots that a page's author made."""
        rare = self.nodes.get("shadowRootType", {"index": [], "value": []})
        kinds = zip(rare["index"], rare["value"], strict=True)
        closed = [node for node, kind in kinds if self._string(kind) == "closed"]
        return [self.nodes["backendNodeId"][node] for node in closed]


def _inside(above: _Box, style: dict[str, str], bounds: Rectangle | None) -> _Box:
    """What an element of this style hands down; `bounds` if it cuts off what overflows them."""
    position = style["position"]
    own = above.absolute if position == "absolute" else None if position == "fixed" else above.flow
    if bounds is not None:
        own = _cut(own, bounds)
    holds = position != "static" or style["transform"] != "none"  # what is absolute within is placed by it
    opacity = above.opacity * _pixels(style["opacity"])
    return _Box(style["visibility"] != "visible", opacity, own, own if holds else above.absolute)


def _pixels(value: str) -> float:
    """The number that a computed length or opacity begins with; 0 without one."""
    try:
        return float(value.removesuffix("px"))
    except ValueError:
        return 0.0


def _moved(one: Rectangle | None, by: tuple[float, float]) -> Rectangle | None:
    return one and (one[0] + by[0], one[1] + by[1], one[2] + by[0], one[3] + by[1])


def _clipped(run: Rectangle, seen: Rectangle | None) -> bool:
    """Whether hardly anything of a run (left, top, width, height) is within `seen`."""
    if seen is None:
        return False
    left, top, width, height = run
    across = min(left + width, seen[2]) - max(left, seen[0])
    down = min(top + height, seen[3]) - max(top, seen[1])
    return across < min(SEEN_WIDTH, width) or down < height * SEEN_HEIGHT


def utf16_slice(text: str, start: int, length: int) -> str:
    """A piece of a string whose places are counted in UTF-16 units, as browsers do."""
    if text.isascii() or max(text) < "\U00010000":
        return text[start : start + length]
    units = text.encode("utf-16-le", "surrogatepass")
    return units[2 * start : 2 * (start + length)].decode("utf-16-le", "surrogatepass")
