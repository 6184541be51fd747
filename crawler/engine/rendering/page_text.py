"""The text of a page with the place of every line: the artefact ``text``.

The browser is asked for its layout (`DOMSnapshot.captureSnapshot`), which has every piece of text as it was
laid out, line by line, of the page, of its frames and of shadow trees, whatever the page's scripts overrode.

Artefact ``text``, canonical JSON (RFC 8785; integers only, CSS pixels from the top left of the page)::

    {"version": 1, "width": 1366, "height": 36000, "scroll": [0, 0],
     "frames": [{"url": "https://…", "x": 0, "y": 0, "w": 1366, "h": 36000}, …],   # the page itself is number 0
     "runs": [{"text": "好评返现", "x": 10, "y": 20, "w": 64, "h": 19, "frame": 0, "path": "/html/body/p[2]"}, …],
     "scrolled": [{"box": "div#list", "scroll_y": 900, "runs": […]}, …]}           # only where text came and went

`path` is that of the element in the artefact ``dom`` (``dom-frame-…``); a shadow tree has none.
`runs` leaves out what cannot be seen: not displayed, ``visibility: hidden``, opacity 0, no size, off the page.
A run with ``"clipped": true`` is in the page, but its box cuts it off: in a list that scrolls within the page, a
folded paragraph, or a carousel. What was typed into a field is a run with the place of the field. The runs of
`scrolled` are what stood in the window at that place. Text that lies behind something else or has the colour of
its background is kept: only the picture tells.
"""

import json
from dataclasses import dataclass, field

from crawler.engine.rendering.layout import STYLES, Layout, laid_out
from crawler.engine.rendering.look import Cdp, Json


@dataclass(slots=True)
class PageText:
    """The text of a page at rest; `scrolled` is filled by whoever walked along what scrolls."""

    layout: Layout
    scrolled: list[Json] = field(default_factory=list)

    @property
    def runs(self) -> list[Json]:
        return self.layout.runs

    def plain(self) -> list[Json]:
        """The runs that nothing cuts off."""
        return [run for run in self.runs if "clipped" not in run]

    def seen(self, top: float, bottom: float) -> list[Json]:
        """Of these, what stands between two heights of the page."""
        return [run for run in self.plain() if run["y"] < bottom and run["y"] + run["h"] > top]

    def content(self) -> bytes:
        """The artefact's bytes."""
        page = self.layout
        whole: Json = {"version": 1, "width": page.width, "height": page.height, "scroll": list(page.scroll)}
        whole |= {"frames": page.frames, "runs": page.runs}
        return canonical_bytes(whole | ({"scrolled": self.scrolled} if self.scrolled else {}))


async def read_text(cdp: Cdp) -> PageText:
    """The text of the page as it stands. Raises the driver's error when the browser refuses."""
    asked: Json = {"computedStyles": list(STYLES), "includePaintOrder": False, "includeDOMRects": False}
    return PageText(laid_out(await cdp.send("DOMSnapshot.captureSnapshot", asked)))


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
