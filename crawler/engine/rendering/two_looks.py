"""What the plain and the rendered look at one page say together, and what the page says of its own dates."""

import json
from dataclasses import dataclass
from typing import Any

from scrapy.http import Response, TextResponse

from crawler.engine.rendering.comparison import compare
from crawler.engine.rendering.look import Look
from crawler.engine.rendering.page_dates import page_dates

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Judged:
    """`beside`: as `Comparison.to_json` has it, None where there is nothing to compare; `dates`: see `page_dates`."""

    beside: Json | None
    dates: list[Json]


def judge(plain: Response, rendered: Response | None, look: Look) -> Judged:
    """Compare and look for dates. Takes CPU: call it beside the event loop."""
    if not isinstance(plain, TextResponse) or not isinstance(rendered, TextResponse):
        return Judged(None, [])
    fields = [
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, values in plain.headers.items()
        for value in values
    ]
    seen = visible(look)
    shown = seen is None or any(text.strip() for text in seen)
    return Judged(
        compare(plain.text, rendered.text, seen).to_json() if shown else None,
        page_dates(rendered.text, look.started, fields),
    )


def visible(look: Look) -> list[str] | None:
    """The texts that were to be seen, in reading order; None where the ``text`` artefact is missing."""
    text = next((artefact for artefact in look.artefacts if artefact.name == "text"), None)
    return None if text is None else [run["text"] for run in json.loads(text.content)["runs"]]
