"""What sealing needs from outside: the way to the authorities, and the key's passphrase if it has one.

The one place outside the crawl that speaks to the network.
"""

import os
import urllib.request

from crawler.evidence.timestamp import MEDIA_QUERY

PASSPHRASE = "EVIDENCE_PASSPHRASE"  # noqa: S105 - the variable's name, not its value
TIMEOUT_SECONDS = 20
REPLY_LIMIT = 1 << 20


def passphrase() -> bytes | None:
    """The passphrase of the log's key from the environment; None for a key without one."""
    value = os.environ.get(PASSPHRASE)
    return value.encode() if value else None


def post_query(url: str, query: bytes) -> bytes:
    """POST a timestamp query; returns the reply's body. Raises OSError when there is none."""
    request = urllib.request.Request(url, data=query, headers={"Content-Type": MEDIA_QUERY})  # noqa: S310
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=TIMEOUT_SECONDS) as reply:
        body: bytes = reply.read(REPLY_LIMIT + 1)
    if len(body) > REPLY_LIMIT:
        raise OSError(f"{url} answered with more than {REPLY_LIMIT} bytes: not a timestamp")
    return body
