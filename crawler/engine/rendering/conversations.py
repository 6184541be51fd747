"""What was said over the WebSockets of a recorded page, to be said again when it is replayed.

A socket's server speaks when it likes, and when the page has spoken. So what was received before the page's
first message is given at once, and each message of the page is answered by what followed the recorded one,
whatever it says.
"""

import base64
import json
from collections import defaultdict, deque

from crawler.engine.rendering.look import Json

Message = str | bytes
_TEXT, _BINARY = 1, 2  # opcodes of messages (RFC 6455, 5.2); others are between the two ends


class Conversation:
    """One address's messages in order. A page that connects again goes on where it was."""

    def __init__(self) -> None:
        self._left: deque[Json] = deque()

    def add(self, frame: Json) -> None:
        """The next recorded frame."""
        if frame["opcode"] in (_TEXT, _BINARY):
            self._left.append(frame)

    def opened(self) -> list[Message]:
        """What the server says of itself."""
        said: list[Message] = []
        while self._left and self._left[0]["direction"] == "received":
            said.append(_message(self._left.popleft()))
        return said

    def answer(self) -> list[Message]:
        """What the server says now that the page has sent a message."""
        if self._left:
            self._left.popleft()  # the page's own, as it was recorded
        return self.opened()


def conversations(artefact: bytes) -> dict[str, Conversation]:
    """The conversations of a page by address, from its artefact ``websocket`` (docs/formats.md)."""
    found: dict[str, Conversation] = defaultdict(Conversation)
    for line in artefact.decode().splitlines():
        frame = json.loads(line)
        found[frame["url"]].add(frame)
    return dict(found)


def _message(frame: Json) -> Message:
    return str(frame["text"]) if "text" in frame else base64.b64decode(frame["base64"])
