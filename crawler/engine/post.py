"""The way to the time-stamping authorities: the one place outside the crawl that speaks to the network."""

import urllib.request

from crawler.evidence.timestamp import MEDIA_QUERY

TIMEOUT_SECONDS = 20
REPLY_LIMIT = 1 << 20


def post_query(url: str, query: bytes) -> bytes:
    """POST a timestamp query; returns the reply's body. Raises OSError when there is none."""
    request = urllib.request.Request(url, data=query, headers={"Content-Type": MEDIA_QUERY})  # noqa: S310
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=TIMEOUT_SECONDS) as reply:
        body: bytes = reply.read(REPLY_LIMIT + 1)
    if len(body) > REPLY_LIMIT:
        raise OSError(f"{url} answered with more than {REPLY_LIMIT} bytes: not a timestamp")
    return body
