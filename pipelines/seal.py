"""This step signs the log and has it stamped: every so many captures or minutes, and at the end of the run."""

import asyncio
import logging
from datetime import UTC, datetime
from typing import Self

from scrapy.crawler import Crawler

from crawler.errors import EvidenceError
from crawler.evidence.seal import Seal as SealState
from crawler.evidence.seal import seal
from crawler.items import Item
from crawler.store.session import Session, session_of

LOOK_EVERY_SECONDS = 2.0
logger = logging.getLogger(__name__)


class Seal:
    """Seals in the background, so that a slow authority does not hold up the crawl."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._config = session.archive.config
        self._task: asyncio.Task[None] | None = None
        self._ending = asyncio.Event()
        self._sealed_captures = 0
        self._retry_at: datetime | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Takes the session of this crawl; the last seal runs when the session closes."""
        step = cls(session_of(crawler, crawler.settings["EVIDENCE_ARCHIVE"]))
        step._session.on_closing.append(step._finish)
        return step

    async def open_spider(self) -> None:
        """Seal what was there before, so that this run's captures commit to a stamped time; then watch."""
        await self._seal(patient=True)
        self._task = asyncio.create_task(self._watch())

    def process_item(self, item: Item) -> Item:
        """Items pass unchanged; what is sealed is the log."""
        return item

    async def _watch(self) -> None:
        waited = 0.0
        while not await self._ends_within(LOOK_EVERY_SECONDS):
            waited += LOOK_EVERY_SECONDS
            new = self._session.captures - self._sealed_captures
            if new >= self._config.every_captures or (new and waited >= 60 * self._config.every_minutes):
                waited = 0.0
                await self._seal(patient=True)
            elif self._retry_at is not None and self._retry_at <= datetime.now(UTC):
                await self._seal(patient=True)

    async def _ends_within(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self._ending.wait(), seconds)
        except TimeoutError:
            return False
        return True

    async def _finish(self) -> None:
        # Not cancelled: a seal under way goes on in its thread, and must not write when the archive is closed.
        self._ending.set()
        if self._task is not None:
            await self._task
        await self._seal()

    async def _seal(self, *, patient: bool = False) -> SealState | None:
        """`patient`: leave an authority that failed lately alone until its next attempt is due."""
        self._sealed_captures = self._session.captures
        self._retry_at = None
        try:
            session = self._session
            state = await asyncio.to_thread(
                seal, session.archive, session.sender, passphrase=session.passphrase, patient=patient
            )
            others = await asyncio.to_thread(session.after_seal, session.archive)
        except EvidenceError as error:
            # The archive stays `unsealed` and says so; the run's exit code tells, `evidence seal` mends it.
            logger.error("could not seal: %s", error)
            return None
        self._retry_at = state.retry_at
        for name, reason in state.missing.items():
            logger.warning("not stamped by %s: %s", name, reason)
        for problem in others:
            logger.warning("not cosigned or not taken: %s", problem)
        return state
