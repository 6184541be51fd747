"""Whether a removal fits the capture that it removed: all of its records, by one event, after it was logged."""

from crawler.evidence.checks.leaves import Leaf
from crawler.evidence.retention import Removals


def removal_fault(removals: Removals, index: int, leaf: Leaf) -> str | None:
    """What is wrong with the removal of this leaf's records; None when nothing is, or none was removed.

    Our own tool removes captures as a whole and names their entries; anything else hides a part of one.
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
    return None
