"""What the browser itself makes of a page: accessibility tree, MHTML, PDF."""

import base64
import json

from crawler.engine.rendering.look import Artefact, Cdp, Json
from crawler.engine.rendering.page_dom import FRAMES, frames
from crawler.engine.rendering.page_text import clean_utf8
from crawler.errors import FormatError

A4 = (8.27, 11.69)  # inches
PIECE = 1 << 20  # bytes of a stream that are read at once
LARGEST = 64 << 20  # bytes of a stream


async def accessibility(cdp: Cdp, broken: tuple[type[BaseException], ...]) -> list[Artefact]:
    """What a screen reader is told, for each frame: ``{"version": 1, "frames": [{"url", "nodes": […]}]}``.

    The nodes are as `Accessibility.getFullAXTree` gives them. Raises the driver's error.
    """
    top, *inner = list(frames((await cdp.send("Page.getFrameTree"))["frameTree"]))[:FRAMES]
    trees = [await _tree(cdp, top)]
    for frame in inner:
        try:
            trees.append(await _tree(cdp, frame))
        except broken as error:
            trees.append({"url": frame["url"], "missing": str(error)[:300]})
    await cdp.send("Accessibility.disable")
    content: Json = {"version": 1, "frames": trees}
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    about = {"nodes": sum(len(tree.get("nodes", [])) for tree in trees), "frames": len(trees)}
    return [Artefact("accessibility", "application/json", clean_utf8(text), about)]


async def _tree(cdp: Cdp, frame: Json) -> Json:
    answer = await cdp.send("Accessibility.getFullAXTree", {"frameId": frame["id"]})
    return {"url": frame["url"], "nodes": answer["nodes"]}


async def mhtml(cdp: Cdp) -> list[Artefact]:
    """The page with what it is made of in one file, RFC 2557. Raises FormatError if it is none."""
    content = clean_utf8((await cdp.send("Page.captureSnapshot", {"format": "mhtml"}))["data"])
    if b"multipart/related" not in content[:4096]:
        raise FormatError("browser's MHTML has no parts")
    return [Artefact("mhtml", "multipart/related", content)]


async def pdf(cdp: Cdp) -> list[Artefact]:
    """The page as it prints, A4, with backgrounds. Raises FormatError if it is not a whole PDF or too large.

    Two prints of one page differ (dates, ids): never verify by printing again.
    """
    # Without tags: with them 30,000 nodes took over 35 s, without 2 s (measured). The accessibility tree is kept.
    asked: Json = {"printBackground": True, "generateTaggedPDF": False}
    asked |= {"paperWidth": A4[0], "paperHeight": A4[1]}
    answer = await cdp.send("Page.printToPDF", asked | {"transferMode": "ReturnAsStream"})
    content = await _stream(cdp, answer["stream"])
    if not content.startswith(b"%PDF-") or b"%%EOF" not in content[-1024:]:
        raise FormatError("browser's PDF is not whole")
    return [Artefact("pdf", "application/pdf", content, {"paper": "A4"})]


async def _stream(cdp: Cdp, handle: str) -> bytes:
    """The bytes behind a stream handle. Raises FormatError above the limit."""
    content = bytearray()
    try:
        while True:
            piece = await cdp.send("IO.read", {"handle": handle, "size": PIECE})
            content += (
                base64.b64decode(piece["data"]) if piece.get("base64Encoded") else piece["data"].encode()
            )
            if piece.get("eof"):
                return bytes(content)
            if len(content) > LARGEST:
                raise FormatError(f"browser's stream is over the limit of {LARGEST} bytes")
    finally:
        await cdp.send("IO.close", {"handle": handle})
