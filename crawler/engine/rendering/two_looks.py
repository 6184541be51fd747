"""What the plain and the rendered look at one page say together: for the manifest of the page capture."""

import json
from typing import Any

from crawler.engine.rendering.comparison import compare
from crawler.engine.rendering.look import Look


def two_looks(plain: str, rendered: str, look: Look) -> dict[str, Any]:
    """How the two differ, as `Comparison.to_json` has it. Takes CPU: call it beside the event loop."""
    return compare(plain, rendered, visible(look)).to_json()


def visible(look: Look) -> list[str] | None:
    """The texts that were to be seen, in reading order; None where the ``text`` artefact is missing."""
    text = next((artefact for artefact in look.artefacts if artefact.name == "text"), None)
    return None if text is None else [run["text"] for run in json.loads(text.content)["runs"]]
