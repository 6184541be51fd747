"""The server's side of a WebSocket (RFC 6455), as far as a page that is pushed reviews needs it."""

import base64
import hashlib
import struct

from tests.gallery.answers import Visit
from tests.gallery.words import review

PUSHED = 5
_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 section 1.3
_TEXT, _CLOSE = 0x1, 0x8


def push_reviews(visit: Visit) -> None:
    """Accept, echo what the page subscribes to, push reviews one by one, then hold the line until it is cut."""
    key = visit.fields["sec-websocket-key"] + _GUID
    accept = base64.b64encode(hashlib.sha1(key.encode(), usedforsecurity=False).digest()).decode()
    head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    visit.writing.write(f"{head}Sec-WebSocket-Accept: {accept}\r\n\r\n".encode())
    message = _message(visit)
    if message is not None:
        _send(visit, f"已订阅：{message}")
    for number in range(1, PUSHED + 1):
        visit.over.wait(0.05)
        _send(visit, review(number))
    while _message(visit) is not None:
        pass


def _send(visit: Visit, text: str) -> None:
    body = text.encode()
    size = bytes([len(body)]) if len(body) < 126 else struct.pack(">BH", 126, len(body))
    visit.writing.write(bytes([0x80 | _TEXT]) + size + body)


def _message(visit: Visit) -> str | None:
    """The next short frame that the page sends; None when it closes or hangs up."""
    head = visit.reading.read(2)
    if len(head) < 2 or head[0] & 0xF == _CLOSE:
        return None
    size = head[1] & 0x7F
    if size >= 126:
        raise ValueError(f"the gallery's page sends short messages only, this one says {size}")
    mask, body = visit.reading.read(4), visit.reading.read(size)
    return bytes(byte ^ mask[at % 4] for at, byte in enumerate(body)).decode()
