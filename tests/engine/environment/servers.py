"""Real servers on loopback with known answers: time (SNTP), names (DNS), web pages with a Date of their own."""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

_TO_UNIX = 2_208_988_800
Records = Mapping[str, Mapping[str, Sequence[str]]]


@contextlib.contextmanager
def udp(answer: Callable[[bytes], bytes | None]) -> Iterator[str]:
    """A UDP server on loopback; its address as HOST:PORT."""
    wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    wire.bind(("127.0.0.1", 0))
    wire.settimeout(0.05)
    ended = threading.Event()

    def serve() -> None:
        while not ended.is_set():
            try:
                question, sender = wire.recvfrom(4096)
            except TimeoutError:
                continue
            if (reply := answer(question)) is not None:
                wire.sendto(reply, sender)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"127.0.0.1:{wire.getsockname()[1]}"
    finally:
        ended.set()
        thread.join()
        wire.close()


def stamp(unix: float) -> bytes:
    """An NTP timestamp of 64 bits; its seconds wrap around in 2036."""
    seconds = int(unix)
    return struct.pack("!II", (seconds + _TO_UNIX) % (1 << 32), int((unix - seconds) * (1 << 32)))


def time_server(
    ahead: float, *, stratum: int = 2, leap: int = 0, mode: int = 4, echo: bool = True
) -> contextlib.AbstractContextManager[str]:
    """An SNTP server whose clock is `ahead` seconds ahead of this machine's."""

    def answer(question: bytes) -> bytes:
        now = stamp(time.time() + ahead)
        origin = question[40:48] if echo else b"\x01" * 8
        head = struct.pack("!BBbb", leap << 6 | 4 << 3 | mode, stratum, 6, -20)
        return head + bytes(12) + now + origin + now + now

    return udp(answer)


def name_server(
    records: Records, rcode: dns.rcode.Rcode = dns.rcode.NOERROR
) -> contextlib.AbstractContextManager[str]:
    """A DNS server that knows these names: {"shop.test.": {"A": ["203.0.113.1"]}}; every other name is none."""

    def answer(question: bytes) -> bytes:
        asked = dns.message.from_wire(question)
        reply = dns.message.make_response(asked)
        reply.flags |= dns.flags.RA
        reply.set_rcode(rcode)
        name, kind = asked.question[0].name.to_text(), dns.rdatatype.to_text(asked.question[0].rdtype)
        if rcode == dns.rcode.NOERROR and name not in records:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        for alias in records.get(name, {}).get("CNAME", ()):
            reply.answer.append(dns.rrset.from_text(name, 60, "IN", "CNAME", alias))
            name = alias
        if found := records.get(name, {}).get(kind):
            reply.answer.append(dns.rrset.from_text(name, 60, "IN", kind, *found))
        return reply.to_wire()

    return udp(answer)


@contextlib.contextmanager
def web_server(
    *, ahead: float = 0.0, body: bytes = b"", headers: Mapping[str, str] | None = None, date: bool = True
) -> Iterator[tuple[str, list[str]]]:
    """A web server whose Date is `ahead` seconds ahead; its address, and the requests that came ("HEAD /x")."""
    seen: list[str] = []

    class Page(BaseHTTPRequestHandler):
        def answer(self) -> None:
            seen.append(f"{self.command} {self.path}")
            self.send_response_only(200)
            if date:
                self.send_header("Date", formatdate(time.time() + ahead, usegmt=True))
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_GET = do_HEAD = answer  # noqa: N815 - http.server's names

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextlib.contextmanager
def silent_server() -> Iterator[str]:
    """A TCP server that takes connections and never says anything; HOST:PORT."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"
