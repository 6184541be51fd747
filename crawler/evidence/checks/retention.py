"""Whether a removal fits the capture that it removed: all of its records, by one event, when its time was over.

And what is an exhibit of a case is never removed, however old it is.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

from crawler.errors import FormatError
from crawler.evidence.checks.leaves import Leaf, read_leaf
from crawler.evidence.manifest import Capture, event_beginning
from crawler.evidence.retention import RemovalEvent, Removals

EXHIBIT = "exhibit-added"
_BEGINNING = event_beginning(EXHIBIT)


def exhibited_captures(leaves: Iterable[tuple[int, bytes]]) -> dict[str, int]:
    """The captures that ``exhibit-added`` events among (index, leaf) name, each with the first such entry.

    What cannot be read is passed over: the check of the log names it.
    """
    found: dict[str, int] = {}
    for index, content in leaves:
        if not content.startswith(_BEGINNING):
            continue
        try:
            event = read_leaf(content).event
        except FormatError:
            continue
        captures = event.details.get("captures") if event is not None else None
        for capture in captures if isinstance(captures, list) else ():
            if isinstance(capture, str):
                found.setdefault(capture, index)
    return found


def removal_fault(
    removals: Removals, index: int, leaf: Leaf, exhibited: Mapping[str, int] = MappingProxyType({})
) -> str | None:
    """What is wrong with the removal of this leaf's records; None when nothing is, or none was removed.

    Our own tool removes captures as a whole and names their entries; anything else hides a part of one. `exhibited`:
    see `exhibited_captures`; a capture may become an exhibit after its records were removed, but not before.
    """
    found = [removals.removal(record.locator.file, record.locator.offset) for record in leaf.records]
    removed = [removal for removal in found if removal is not None]
    if not removed:
        return None
    if leaf.capture is None:
        return f"{removed[0].locator} was removed, but it is a warcinfo record, which always stays"
    events = {removal.event.entry for removal in removed}
    if len(removed) < len(found) or len(events) > 1:
        return f"capture {leaf.capture.id} was removed in part: {len(removed)} of its {len(found)} records"
    if [removal.locator for removal in removed] != [record.locator for record in leaf.records]:
        return f"capture {leaf.capture.id}: the removal of {removed[0].locator} names another length"
    event = removed[0].event
    if index not in event.details["entries"]:
        return (
            f"capture {leaf.capture.id} was removed by entry {event.entry}, which does not name entry {index}"
        )
    exhibit = exhibited.get(leaf.capture.id)
    if exhibit is not None and exhibit < event.entry:
        return (
            f"capture {leaf.capture.id} was removed by entry {event.entry}, though entry {exhibit} had made it an"
            " exhibit of a case, and those are kept"
        )
    return _too_early(leaf.capture, event)


def _too_early(capture: Capture, event: RemovalEvent) -> str | None:
    """The retention period that the event states must have been over: else this is no retention but removal."""
    try:
        kept = datetime.fromisoformat(event.time) - datetime.fromisoformat(capture.started)
    except (ValueError, TypeError):
        return f"capture {capture.id} was removed by entry {event.entry}: the times of the two cannot be compared"
    days = event.details["days"]
    if kept >= timedelta(days=min(days, timedelta.max.days)):
        return None
    return (
        f"capture {capture.id} of {capture.started} was removed by entry {event.entry} at {event.time}, before the"
        f" {days} days were over that the entry states"
    )
