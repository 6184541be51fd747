"""The traffic of a tab that stays open: what belongs to the page that is shown now, and to no other."""

import time
from dataclasses import replace

from crawler.engine.rendering.hop import Hop
from crawler.engine.rendering.look import Cdp, Seen, Viewing
from crawler.engine.rendering.traffic import Traffic

_NOTES = 50  # of the pages before that are kept: some are of the newest page already when it is shown


class TabTraffic(Traffic):
    """As `Traffic`, for page after page. `document`: the request id of the page that is shown (its loader)."""

    def __init__(
        self, cdp: Cdp, viewing: Viewing, target: str, *, broken: tuple[type[BaseException], ...]
    ) -> None:
        super().__init__(cdp, viewing, broken=broken)
        self.document: str | None = None
        self._ledger.main_frame = target  # known before the tab answers: its first request counts

    def navigated(self, document: str | None) -> None:
        """Another document is shown: let go of what belongs to those before."""
        if document == self.document:
            return
        self.document = document
        newest = self._ledger.of_newest_page()
        if (
            newest and newest[0].seen.id == document
        ):  # else somebody is about to go on already: kept until then
            self._ledger.forget_earlier()
            self._bodies.refill(self._viewing)
        self._taken.clear()
        self.frames.clear()
        del self.notes[:-_NOTES]

    async def so_far(self, at_most: float) -> list[Seen]:
        """Copies of the exchanges of the document that is shown; listening goes on.

        A download, or a page that is only asked for, is none of them. Raises what our own code raised while it
        listened.
        """
        await self._tasks_until(time.monotonic() + at_most)
        if self._wrong:
            raise self._wrong[0]
        return [*(self._copy(hop) for hop in self._of_document()), *self._taken]

    def _of_document(self) -> list[Hop]:
        hops = self._ledger.hops
        first = next((number for number, hop in enumerate(hops) if hop.seen.id == self.document), None)
        return self._ledger.of_newest_page() if first is None else hops[first:]

    def _copy(self, hop: Hop) -> Seen:
        """What is still under way is cut in the copy and goes on in the page."""
        seen = replace(hop.seen, main=hop.seen.main and hop.seen.id == self.document)
        if seen.status is None and seen.failed is None:
            seen.failed = "no answer when the page was captured"
        elif seen.body is None and seen.failed is None and seen.truncated is None:
            seen.truncated = "time"
        return seen
