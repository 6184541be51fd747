"""A screencast: what the page looked like while it loaded and was scrolled.

Artefact ``screencast``: a ZIP whose members are stored, not packed (JPEG is packed already), with fixed dates,
so that it follows from the frames alone: ``frames/00001.jpg`` … and ``frames.json``::

    {"version": 1, "frames": [{"name": "frames/00001.jpg", "time": "1763800000.123", "sha256": "…", "bytes": 51234,
     "scroll": [0, 900]}, …], "dropped": 0}

`time` is the browser's own clock, seconds since 1970. The browser sends a frame when what is shown changed,
and the next only after the last was acknowledged. What comes above the limits is acknowledged and counted as
`dropped`.
"""

import asyncio
import base64
import binascii
import hashlib
import io
import zipfile

from crawler.engine.rendering.look import Artefact, Cdp, Json
from crawler.engine.rendering.page_text import canonical_bytes
from crawler.errors import FormatError

FRAMES = 600
BYTES = 30 << 20  # of all frames
QUALITY = 60  # JPEG
SECONDS = 3.0  # for the browser to stop
_DATE = (1980, 1, 1, 0, 0, 0)


class Screencast:
    """The frames of one page. `broken`: the driver's errors; a page that is gone ends the screencast quietly."""

    def __init__(self, cdp: Cdp, *, broken: tuple[type[BaseException], ...] = ()) -> None:
        self._cdp = cdp
        self._broken = broken
        self._frames: list[tuple[Json, bytes]] = []
        self._bytes = 0
        self._dropped = 0
        self._running = False
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Begin. Raises the driver's error when the browser refuses."""
        self._cdp.on("Page.screencastFrame", self._frame)
        self._running = True
        asked: Json = {"format": "jpeg", "quality": QUALITY, "maxWidth": 1366, "maxHeight": 900}
        await self._cdp.send("Page.startScreencast", asked)

    async def stop(self) -> Artefact:
        """End, and give what there is. Raises FormatError if no frame came."""
        self._running = False
        refusals: tuple[type[BaseException], ...] = (TimeoutError, *self._broken)
        try:
            async with asyncio.timeout(SECONDS):
                await self._cdp.send("Page.stopScreencast")
                await asyncio.gather(*self._tasks)
        except refusals:
            self._dropped += len(self._tasks)  # the page is gone or hangs: the frames until then are kept
        if not self._frames:
            raise FormatError("browser sent no frame of a screencast")
        about: Json = {"frames": len(self._frames), "dropped": self._dropped}
        return Artefact("screencast", "application/zip", packed(self._frames, self._dropped), about)

    def _frame(self, event: Json) -> None:
        """Keep a frame, if there is room, and ask for the next one."""
        content = _decoded(str(event["data"]))
        if not self._running:
            return
        if content is None or len(self._frames) >= FRAMES or self._bytes + len(content) > BYTES:
            self._dropped += 1
        else:
            self._frames.append((event.get("metadata", {}), content))
            self._bytes += len(content)
        task = asyncio.ensure_future(self._acknowledge(int(event["sessionId"])))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _acknowledge(self, session: int) -> None:
        refusals: tuple[type[BaseException], ...] = (TimeoutError, *self._broken)
        try:
            await self._cdp.send("Page.screencastFrameAck", {"sessionId": session})
        except refusals:
            self._running = False  # without a page there is no next frame


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return None


def packed(frames: list[tuple[Json, bytes]], dropped: int) -> bytes:
    """The ZIP of these frames (metadata of `Page.screencastFrame`, JPEG)."""
    whole = io.BytesIO()
    listed = []
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_STORED) as archive:
        for number, (told, content) in enumerate(frames, 1):
            name = f"frames/{number:05d}.jpg"
            archive.writestr(zipfile.ZipInfo(name, _DATE), content)
            listed.append({"name": name, "bytes": len(content), **_facts(told, content)})
        index = canonical_bytes({"version": 1, "frames": listed, "dropped": dropped})
        archive.writestr(zipfile.ZipInfo("frames.json", _DATE), index)
    return whole.getvalue()


def _facts(told: Json, content: bytes) -> Json:
    """`time` is text, as canonical JSON is kept to integers here."""
    scroll = [round(told.get("scrollOffsetX", 0)), round(told.get("scrollOffsetY", 0))]
    when = f"{float(told.get('timestamp', 0)):.3f}"
    return {"time": when, "sha256": hashlib.sha256(content).hexdigest(), "scroll": scroll}
