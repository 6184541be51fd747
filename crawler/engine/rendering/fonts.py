"""Whether this browser can show Chinese. Without such a font, pictures show a box for every character."""

from typing import Any

from crawler.engine.rendering.look import Cdp
from crawler.errors import FormatError

SAMPLE = "好评返现"
_PAGE = f'<!DOCTYPE html><html lang="zh-CN"><meta charset="utf-8"><p id="sample">{SAMPLE}</p></html>'
# A character that a font lacks is drawn as the same box as any other that it lacks.
_DIFFERENT = """(() => {
  const drawn = (text) => {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 48;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.font = getComputedStyle(document.querySelector("#sample")).font.replace(/[\\d.]+px/, "32px");
    context.fillText(text, 4, 38);
    return String(context.getImageData(0, 0, 48, 48).data);
  };
  return new Set(["一", "鬱", "评", " "].map(drawn)).size === 4;
})()"""


async def check_cjk_font(cdp: Cdp) -> str:
    """The family of the font that Chinese text is shown in. Replaces what the page holds: use an empty one.

    Raises FormatError if there is none, and the driver's error when the browser refuses.
    """
    tree = await cdp.send("Page.getFrameTree")
    frame = tree["frameTree"]["frame"]["id"]
    await cdp.send("Page.setDocumentContent", {"frameId": frame, "html": _PAGE})
    judged = await cdp.send("Runtime.evaluate", {"expression": _DIFFERENT, "returnByValue": True})
    fonts = await _fonts_of_sample(cdp)
    if judged["result"].get("value") is not True or not fonts:
        used = ", ".join(sorted(str(font["familyName"]) for font in fonts)) or "none"
        raise FormatError(f"no CJK font (Chinese text was drawn with: {used}): install fonts-noto-cjk")
    return str(max(fonts, key=lambda font: float(font["glyphCount"]))["familyName"])


async def _fonts_of_sample(cdp: Cdp) -> list[dict[str, Any]]:
    await cdp.send("DOM.enable")
    await cdp.send("CSS.enable")
    root = await cdp.send("DOM.getDocument", {"depth": 0})
    asked = {"nodeId": root["root"]["nodeId"], "selector": "#sample"}
    node = await cdp.send("DOM.querySelector", asked)
    fonts = await cdp.send("CSS.getPlatformFontsForNode", {"nodeId": node["nodeId"]})
    await cdp.send("CSS.disable")
    await cdp.send("DOM.disable")
    return list(fonts["fonts"])
