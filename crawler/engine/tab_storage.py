"""The tokens that a page keeps in the browser: localStorage and sessionStorage of all its frames.

Only what is a token by its name or its looks: a page also keeps there what was searched for and looked at, and
that may be the evidence.
"""

import asyncio
import re
from collections.abc import Iterator
from typing import Any

from crawler.engine.rendering.isolated import World
from crawler.engine.rendering.look import Cdp
from crawler.engine.rendering.page_dom import FRAMES, frames
from crawler.errors import FormatError
from crawler.withholding.rules import rules

_SECONDS = 2.0
_VALUE = 8192  # characters
_NAME = 200
_MOST = 400
# Letters and digits without a blank, long enough that nobody types it: `session ids, JWT, base64`.
_TOKEN = re.compile(r"(?=[^\s]*[0-9])(?=[^\s]*[A-Za-z])[A-Za-z0-9+/=_.~%|:-]{20,}")
_QUOTED = re.compile(r'"([^"\\]{1,200})"\s*:\s*"((?:[^"\\]|\\.){1,8192})"')
_READ = f"""(() => {{
  const found = [];
  for (const name of ["localStorage", "sessionStorage"]) {{
    try {{
      const storage = globalThis[name];
      for (let at = 0; at < Math.min(storage.length, {_MOST}); at += 1) {{
        const key = storage.key(at);
        found.push([key.slice(0, {_NAME}), storage.getItem(key).slice(0, {_VALUE})]);
      }}
    }} catch {{ /* a frame without storage */ }}
  }}
  return found;
}})()"""


async def stored_secrets(cdp: Cdp, *, broken: tuple[type[BaseException], ...]) -> list[tuple[str, str]]:
    """Names and values. What a frame does not tell within seconds is left out: it is looked for by name elsewhere."""
    gone: tuple[type[BaseException], ...] = (TimeoutError, *broken)
    try:
        async with asyncio.timeout(_SECONDS):
            tree = (await cdp.send("Page.getFrameTree"))["frameTree"]
    except gone:
        return []
    found: list[tuple[str, str]] = []
    for frame in list(frames(tree))[:FRAMES]:
        try:
            async with asyncio.timeout(_SECONDS):
                pairs = await World(cdp, broken=broken, frame=frame["id"]).run(_READ, seconds=_SECONDS)
        except (FormatError, TimeoutError):
            continue
        found += list(secrets_of(pairs))
    return found


def secrets_of(pairs: Any) -> Iterator[tuple[str, str]]:
    """Those of the names and values, and of what is written in values as JSON, that are secrets."""
    for name, value in pairs:
        if _is_secret(name, value):
            yield name, value
        for inner, text in _QUOTED.findall(value):
            if _is_secret(inner, text):
                yield inner, text


def _is_secret(name: str, value: str) -> bool:
    if value.lstrip()[:1] in ("{", "["):  # an object: what is in it has names of its own
        return False
    named = rules().key(name) or rules().parameter(name)
    return named is not None or _TOKEN.fullmatch(value) is not None
