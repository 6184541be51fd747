"""XPaths of the nodes of a layout, as lxml writes them: so a value read in the stored DOM has a place in the picture.

``/html/body/div[2]/p``; a number only where siblings share a name. What is in a shadow tree has none: in the stored
DOM it stands within a ``template``.
"""

import re
from collections import Counter
from collections.abc import Sequence

from crawler.engine.rendering.look import Json

_ELEMENT, _DOCUMENT = 1, 9
_NAME = re.compile(r"[a-z_][\w.-]*")  # what an XPath can name without prefixes
MOST = 500  # characters; what is nested deeper has none


class Paths:
    """The paths of one document's nodes, as `DOMSnapshot.captureSnapshot` gives them: parents before children."""

    def __init__(self, nodes: Json, strings: Sequence[str]) -> None:
        self._paths: list[str | None] = []
        parents, kinds = nodes["parentIndex"], nodes["nodeType"]
        rare = nodes.get("shadowRootType", {"index": []})
        shadowed = set(rare["index"])
        names = [strings[name].lower() if name >= 0 else "" for name in nodes["nodeName"]]
        pseudo = {number for number, name in enumerate(names) if name.startswith("::")}  # generated content
        elements = [number for number, kind in enumerate(kinds) if kind == _ELEMENT and number not in pseudo]
        shared = Counter((parents[number], names[number]) for number in elements)
        seen: Counter[tuple[int, str]] = Counter()
        for number, kind in enumerate(kinds):
            parent = parents[number]
            above = self._paths[parent] if 0 <= parent < number else ""
            if kind == _DOCUMENT:
                self._paths.append("")
            elif kind != _ELEMENT or number in shadowed or number in pseudo:
                self._paths.append(
                    None if number in shadowed else above
                )  # a text stands where its element does
            else:
                key = (parent, names[number])
                seen[key] += 1
                step = f"/{names[number]}[{seen[key]}]" if shared[key] > 1 else f"/{names[number]}"
                path = None if above is None or not _NAME.fullmatch(names[number]) else above + step
                self._paths.append(path if path is None or len(path) <= MOST else None)

    def of(self, node: int) -> str | None:
        """The path of an element, or of the element in which a text stands; None where there is none."""
        return self._paths[node] or None
