"""Does the record replay? A rendered page is opened once more from its own records, and compared with its capture.

The browser asks for the same things and is answered from the WARC alone; what it then shows is compared in text and
in pixels with what was captured. The scores are an entry in the log (`replay-checked`): whoever relies on the record
knows how much of the page it holds, and which requests it could not answer.
"""

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from crawler.engine.browser import Browser
from crawler.engine.rendering.answers import Answers, Recorded
from crawler.engine.rendering.likeness import pixel_likeness, text_likeness
from crawler.engine.rendering.look import Look, Viewing
from crawler.evidence import warc
from crawler.evidence.archive import Archive
from crawler.evidence.manifest import Capture
from crawler.store.index import Index
from crawler.store.session import Session

CHECKED = "replay-checked"  # act of the custody event
GOOD = 980  # permille of the text
_MOST_MISSING = 20  # addresses named in the event


@dataclass(frozen=True, slots=True)
class ReplayScore:
    """How like the replay is to the capture, in permille; None where one of the two was not made."""

    capture: str
    text: int | None
    pixels: int | None
    refused: tuple[str, ...]  # addresses that the record could not answer

    @property
    def good(self) -> bool:
        """Whether the text is all but equal."""
        return self.text is not None and self.text >= GOOD


async def check_replay(session: Session, browser: Browser, identifier: str) -> ReplayScore:
    """Replay one rendered page and log the scores. Raises what reading the archive and recording raise."""
    captures = await asyncio.to_thread(_captures, session.archive, session.index, identifier)
    page = captures[0]
    frames = await asyncio.to_thread(_kept, session.archive, page, "websocket")
    answers = await asyncio.to_thread(lambda: Answers(_exchanges(session.archive, captures), frames or b""))
    look = await browser.replay(_address(page), answers, page.started, _viewing(page, browser.viewing))
    score = await asyncio.to_thread(_scored, session.archive, page, look, answers)
    details = {
        "capture": score.capture,
        "text": score.text,
        "pixels": score.pixels,
        "refused": list(score.refused[:_MOST_MISSING]),
    }
    await asyncio.to_thread(
        session.record_event, CHECKED, {name: value for name, value in details.items() if value is not None}
    )
    return score


def _captures(archive: Archive, index: Index, identifier: str) -> list[Capture]:
    """The page capture, then those of its exchanges, in the order of the log."""
    rows = index.query(
        "select leaf from capture where id = ? or page = ? order by id != ?, leaf", (identifier,) * 3
    )
    return [Capture.from_leaf(archive.log.leaf(row["leaf"])) for row in rows]


def _address(page: Capture) -> str:
    """Where the page stood: requests carry no fragment, and many pages show by it what they show."""
    asked = (page.look or {}).get("asked")
    _, mark, fragment = asked.partition("#") if isinstance(asked, str) else ("", "", "")
    return page.url if "#" in page.url else f"{page.url}{mark}{fragment}"


def _viewing(page: Capture, today: Viewing) -> Viewing:
    """The window of the capture, and as many presses of "load more"; what a page has no note of is as it is today."""
    look = page.look or {}
    window = re.fullmatch(r"(\d{1,5})x(\d{1,5})@(\d)", str(look.get("viewport")))
    width, height, scale = (
        map(int, window.groups()) if window else (today.width, today.height, today.device_scale)
    )
    more = look.get("more") or {}
    return replace(
        today,
        width=width,
        height=height,
        device_scale=scale,
        more=more.get("press"),
        more_clicks=more.get("times", 0),
    )


def _exchanges(archive: Archive, captures: list[Capture]) -> Iterator[Recorded]:
    for capture in sorted(captures, key=lambda capture: capture.started):
        answered = next((record for record in capture.records if record.type == "response"), None)
        if capture.withheld or answered is None:
            continue
        asked = next((record for record in capture.records if record.type == "request"), None)
        body = asked.payload_digest if asked is not None and asked.payload_length else None
        yield Recorded(capture.method, warc.decode(archive.stored(answered.locator)), body)


def _scored(archive: Archive, page: Capture, look: Look, answers: Answers) -> ReplayScore:
    made = {artefact.name: artefact.content for artefact in look.artefacts}
    text, picture = (_kept(archive, page, name) for name in ("text", "screenshot"))
    return ReplayScore(
        page.id,
        text_likeness(_texts(text), _texts(made["text"])) if text and "text" in made else None,
        pixel_likeness(picture, made["screenshot"]) if picture and "screenshot" in made else None,
        tuple(answers.refused),
    )


def _kept(archive: Archive, page: Capture, name: str) -> bytes | None:
    record = page.artefact(name)
    return None if record is None else warc.decode(archive.stored(record.locator)).block


def _texts(content: bytes) -> list[str]:
    return [run["text"] for run in json.loads(content)["runs"]]
