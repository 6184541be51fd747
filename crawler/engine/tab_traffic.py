"""The traffic of a tab that stays open: what belongs to the page that is shown now, and to no other."""

import time
from dataclasses import replace

from crawler.engine.rendering.hop import ENDLESS_KINDS, Hop
from crawler.engine.rendering.look import Cdp, Json, Seen, Viewing
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
        earlier = self._ledger.hops[: len(self._ledger.hops) - len(newest)]
        if newest and newest[0].seen.id == document:
            self.forget_earlier()  # else somebody is about to go on already: kept until then
            for hop in earlier:
                self._ledger.close(
                    hop
                )  # what a page left open when it went keeps no other from being at rest
        self._taken.clear()
        self.frames.clear()
        del self.notes[:-_NOTES]

    async def so_far(self, at_most: float) -> list[Seen]:
        """As `Traffic.so_far`, of the document that is shown. A download, or a page that is only asked for, is none.

        Raises what our own code raised while it listened.
        """
        await self._tasks_until(time.monotonic() + at_most)
        if self._wrong:
            raise self._wrong[0]
        return [*(self._copy(hop) for hop in self._of_document()), *self._taken]

    def _paused(self, event: Json) -> None:
        super()._paused(event)
        hop = self._ledger.last(event.get("networkId") or f"held {event['requestId']}")
        if hop is not None and hop.unannounced and hop.seen.kind in ENDLESS_KINDS:
            hop.endless = True  # a beacon that a page sent as it went: nobody will ever announce it

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
