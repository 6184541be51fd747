"""What a capture says of its own time, against the trusted times around it.

A capture names the tokens that were there when it began, and a later checkpoint covers it. Its clock proves
nothing, but it must not contradict these: that is how a capture that was dated back, or forward, is seen.
"""

from datetime import datetime, timedelta

from crawler.evidence.bracket import Bracket
from crawler.evidence.manifest import Capture

TOLERANCE = timedelta(minutes=10)  # by which the clock of a collecting machine may be wrong


def contradiction(capture: Capture, bracket: Bracket) -> str | None:
    """Why the times that a capture states cannot be true; None if they can."""
    try:
        started, ended = datetime.fromisoformat(capture.started), datetime.fromisoformat(capture.ended)
    except ValueError:
        return f"its times are none: {capture.started[:40]!r}, {capture.ended[:40]!r}"
    if started.tzinfo is None or ended.tzinfo is None:
        return f"its times have no zone: {capture.started[:40]!r}, {capture.ended[:40]!r}"
    lower, upper = bracket.not_before, bracket.not_after
    if lower is not None and started < lower.time - TOLERANCE:
        return f"says it began at {capture.started}, but names a token of {lower.time:%Y-%m-%dT%H:%M:%SZ}"
    if upper is not None and max(started, ended) > upper.time + TOLERANCE:
        return (
            f"says it began at {capture.started} and ended at {capture.ended}, but was stamped at"
            f" {upper.time:%Y-%m-%dT%H:%M:%SZ}"
        )
    return None
