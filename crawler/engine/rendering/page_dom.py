"""The document as the browser holds it: the artefact ``dom``, and ``dom-frame-01`` … for the frames in it.

HTML with doctype, UTF-8, serialized by the browser (`Element.getHTML`). Shadow trees are in it as declarative
shadow DOM (``<template shadowrootmode="open">``), the closed ones too. What a person typed into a field and
what is drawn on a canvas is no part of a document: the pictures have that.
"""

import asyncio
from collections.abc import Iterator

from crawler.engine.rendering.isolated import World
from crawler.engine.rendering.look import Artefact, Cdp, Json
from crawler.engine.rendering.page_text import clean_utf8
from crawler.errors import FormatError

FRAMES = 50  # whose documents are kept
SECONDS = 15.0
FRAME_SECONDS = 3.0
MEDIA_TYPE = "text/html; charset=utf-8"
# getHTML gives what is within an element, so the root's own tag is put around it.
_SERIALIZE = """function (...inside) {
  const rootsOf = inside.map((node) => Reflect.apply(Node.prototype.getRootNode, node, []));
  const closed = [...new Set(rootsOf)].filter((root) => root instanceof ShadowRoot && root.mode === "closed");
  const read = (owner, name, of) =>
    Reflect.apply(Object.getOwnPropertyDescriptor(owner.prototype, name).get, of, []);
  const root = read(Document, "documentElement", document);
  const kind = read(Document, "doctype", document);
  if (!root) return { html: "", url: location.href };
  const open = [];
  const look = (top) => {
    for (const element of top.querySelectorAll("*")) {
      const shadow = read(Element, "shadowRoot", element);
      if (shadow) { open.push(shadow); look(shadow); }
    }
  };
  look(root);
  closed.forEach(look);
  const shadowRoots = [...open, ...closed];
  const tag = read(Element, "outerHTML", Reflect.apply(Node.prototype.cloneNode, root, [false]));
  const end = tag.lastIndexOf("</");
  const inner = Reflect.apply(Element.prototype.getHTML, root, [{ serializableShadowRoots: true, shadowRoots }]);
  const doctype = kind ? new XMLSerializer().serializeToString(kind) + "\\n" : "";
  return { html: doctype + (end < 0 ? tag : tag.slice(0, end) + inner + tag.slice(end)), url: location.href,
    base: read(Node, "baseURI", document), charset: read(Document, "characterSet", document),
    mode: read(Document, "compatMode", document), type: read(Document, "contentType", document),
    shadow_roots: shadowRoots.length, closed_roots: closed.length,
    empty: !kind && !/<(body|frameset)[^>]*>[^]*?\\S[^]*<\\/(body|frameset)>/.test(inner) };
}"""


async def doms(
    cdp: Cdp, broken: tuple[type[BaseException], ...], closed: dict[str, list[int]]
) -> tuple[list[Artefact], dict[str, str]]:
    """``dom`` first, then the frames' documents; and why frames are missing.

    `closed`: by frame id, backend ids of nodes in closed shadow trees, as `page_text` found them.
    Raises FormatError or the driver's error if the page's own document cannot be had.
    """
    top, *inner = frames((await cdp.send("Page.getFrameTree"))["frameTree"])
    content = await _serialize(World(cdp, broken=broken, frame=top["id"]), closed.get(top["id"], []), SECONDS)
    made, missing = [], {}
    for number, frame in enumerate(inner, 1):
        name = f"dom-frame-{number:02d}"
        if number > FRAMES:
            missing["dom-frames"] = f"only the first {FRAMES} of {len(inner)} frames were kept"
            break
        try:
            world = World(cdp, broken=broken, frame=frame["id"])
            framed = await _serialize(world, closed.get(frame["id"], []), FRAME_SECONDS)
        except (FormatError, TimeoutError) as error:
            missing[name] = f"{frame['url'][:200]}: {error or 'no answer in time'}"
            continue
        if not framed["empty"]:
            made.append(_artefact(name, framed, {"frame": frame["id"]}))
    names = {artefact.name: str(artefact.about["url"])[:500] for artefact in made}
    return [_artefact("dom", content, {"frames": names} if names else {}), *made], missing


def frames(tree: Json) -> Iterator[Json]:
    """The frames of an answer of `Page.getFrameTree`, each before those in it."""
    yield tree["frame"]
    for child in tree.get("childFrames", []):
        yield from frames(child)


async def _serialize(world: World, closed: list[int], seconds: float) -> Json:
    async with asyncio.timeout(seconds):
        await world.open()
        try:
            return dict(await world.call(_SERIALIZE, closed, seconds=seconds))
        except FormatError:
            if not closed:
                raise
        # A shadow root went away meanwhile: the document without closed ones, which `about` then counts as 0.
        return dict(await world.call(_SERIALIZE, [], seconds=seconds))


def _artefact(name: str, content: Json, about: Json) -> Artefact:
    facts: Json = {key: content[key] for key in ("charset", "mode", "type", "shadow_roots") if key in content}
    if content.get("closed_roots"):
        facts["closed_roots"] = content["closed_roots"]
    url = clean_utf8(str(content["url"])[:2000]).decode()
    return Artefact(name, MEDIA_TYPE, clean_utf8(content["html"]), {"url": url} | facts | about)
