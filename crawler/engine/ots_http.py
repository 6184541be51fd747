"""The way to the calendars of OpenTimestamps: POST a digest, GET what became of it."""

import time
import urllib.request
from http.client import HTTPException

from crawler.evidence.ots import MAX_ANSWER, MEDIA

SILENCE_SECONDS = 10.0  # without a byte
LIFETIME_SECONDS = 30.0  # of one question


def ask_calendar(url: str, body: bytes | None) -> bytes:
    """POST `body`, or GET without one; returns the answer. Raises OSError, also for 404: not there yet."""
    headers = {"Accept": MEDIA, "Content-Type": "application/x-www-form-urlencoded"}
    request = urllib.request.Request(url, data=body, headers=headers)  # noqa: S310
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    until = time.monotonic() + LIFETIME_SECONDS
    answer = b""
    try:
        with opener.open(request, timeout=SILENCE_SECONDS) as reply:
            while part := reply.read1(MAX_ANSWER + 1):
                answer += part
                if len(answer) > MAX_ANSWER or time.monotonic() > until:
                    raise OSError(f"{url} answered with more than a calendar does, or for too long")
    except HTTPException as error:
        raise OSError(f"{url} did not answer in HTTP: {error!r}") from error
    return answer
