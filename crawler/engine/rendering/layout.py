"""Where text stands: from the browser's layout (`DOMSnapshot.captureSnapshot`) to places of the page.

The layout has each document by itself. Here the documents of frames are put at their places, and what the edges
of boxes and frames cut off, and what styles hide, is found by walking from each element to those within it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from crawler.engine.rendering.look import Json
from crawler.engine.rendering.paths import Paths

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
CLOSED = 200  # nodes of closed shadow trees that are named
# Fields whose value is not what they show.
UNREADABLE = {"checkbox", "radio", "password", "file", "range", "color", "image", "hidden"}
SEEN_WIDTH = 3.0  # CSS pixels of a run that must be within its boxes' edges, else it is clipped
SEEN_HEIGHT = 1 / 3  # likewise, of its height
FAINT = 0.02  # less opacity cannot be seen
Rectangle = tuple[float, float, float, float]  # left, top, right, bottom


@dataclass(slots=True)
class Layout:
    """The text of a page. `closed`: by frame id, backend ids of nodes in closed shadow trees."""

    width: int
    height: int
    scroll: tuple[int, int]
    frames: list[Json] = field(default_factory=list)
    runs: list[Json] = field(default_factory=list)
    closed: dict[str, list[int]] = field(default_factory=dict)


def laid_out(snapshot: Json) -> Layout:
    """The text in an answer of `DOMSnapshot.captureSnapshot`."""
    strings: list[str] = snapshot["strings"]
    documents = [_Document(content, strings) for content in snapshot["documents"]]
    page = documents[0]
    size = (round(page.content["contentWidth"]), round(page.content["contentHeight"]))
    text = Layout(*size, (round(page.scroll[0]), round(page.scroll[1])))
    whole = (0.0, 0.0, float(size[0]), float(size[1]))
    _add(documents, 0, (0.0, 0.0), whole, text)
    text.runs.sort(key=lambda run: run["frame"])
    for document in documents:
        if nodes := document.closed_nodes():
            text.closed[document.frame_id] = nodes
    return text


def _add(
    documents: "list[_Document]", at: int, offset: tuple[float, float], edge: Rectangle, text: Layout
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
        self.paths = Paths(self.nodes, strings)

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
        self, offset: tuple[float, float], edge: Rectangle | None, page: Layout, number: int
    ) -> Iterator[Json]:
        """The pieces of text that may be seen, `offset` being where this document begins on the page."""
        for laid, (x, y, width, height), text in self._drawn():
            box = self.boxes[self.layout["nodeIndex"][laid]]
            if box.hidden or box.opacity < FAINT or width < 1 or height < 1 or not text.strip():
                continue
            left, top = x + offset[0], y + offset[1]
            clipped = _clipped((left, top, width, height), _cut(_moved(box.flow, offset), edge))
            off = left + width <= 0 or top + height <= 0 or left >= page.width or top >= page.height
            if off and not clipped:  # what a box cuts off may be scrolled to
                continue
            place = {"x": round(left), "y": round(top), "w": round(width), "h": round(height)}
            run: Json = {"text": text.strip(), **place, "frame": number}
            path = self.paths.of(self.layout["nodeIndex"][laid])
            yield run | ({"clipped": True} if clipped else {}) | ({"path": path} if path else {})

    def _drawn(self) -> Iterator[tuple[int, tuple[float, float, float, float], str]]:
        """Layout index, bounds and text of every piece."""
        drawn = self.content["textBoxes"]
        columns = zip(drawn["layoutIndex"], drawn["bounds"], drawn["start"], drawn["length"], strict=True)
        for laid, bounds, start, length in columns:
            yield laid, tuple(bounds), utf16_slice(self._string(self.layout["text"][laid]), start, length)
        for laid, value in self._typed():
            yield laid, tuple(self.layout["bounds"][laid]), value

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

    def closed_nodes(self) -> list[int]:
        """Backend ids of nodes by which the closed shadow trees can be entered, those below their hosts first.

        The snapshot marks the nodes of such trees and does not list the roots. A tree within another one cannot
        be told from the outer one here, so that more nodes follow.
        """
        rare = self.nodes.get("shadowRootType", {"index": [], "value": []})
        kinds = zip(rare["index"], rare["value"], strict=True)
        closed = {node for node, kind in kinds if self._string(kind) == "closed"}
        parents = self.nodes["parentIndex"]
        ordered = sorted(closed, key=lambda node: (parents[node] in closed, node))
        return [self.nodes["backendNodeId"][node] for node in ordered[:CLOSED]]

    def _typed(self) -> Iterator[tuple[int, str]]:
        """Layout index and text of each field that shows what was typed, or a button's label."""
        for kind in ("inputValue", "textValue"):
            rare = self.nodes.get(kind, {"index": [], "value": []})
            for node, value in zip(rare["index"], rare["value"], strict=True):
                if node in self.laid and self._attribute(node, "type") not in UNREADABLE:
                    yield self.laid[node], self._string(value)

    def _attribute(self, node: int, name: str) -> str:
        flat = [self._string(part) for part in self.nodes["attributes"][node]]
        return dict(zip(flat[::2], flat[1::2], strict=False)).get(name, "").lower()


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
