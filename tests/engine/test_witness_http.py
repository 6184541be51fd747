"""The witness over HTTP, on loopback: the protocol's statuses, its limits, and clients that misbehave."""

import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from crawler.engine import witness_http
from crawler.engine.witness_http import MOST_CONNECTIONS, WitnessServer, post_checkpoint
from crawler.errors import ArchiveLocked, LogError
from crawler.evidence.add_checkpoint import MAX_BODY
from crawler.evidence.witness import MEDIA_SIZE, MEDIA_TEXT, Answer


@contextmanager
def serving(
    judge: Callable[[bytes], Answer], *, lifetime: float = 5.0, silence: float = 2.0
) -> Iterator[WitnessServer]:
    with WitnessServer(("127.0.0.1", 0), judge, lambda line: seen.append(line)) as server:
        server.lifetime, server.silence = lifetime, silence
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


seen: list[str] = []


def echo(body: bytes) -> Answer:
    return Answer(200, b"%d\n" % len(body), MEDIA_TEXT, "cosigned")


def connected(server: WitnessServer) -> socket.socket:
    return socket.create_connection(server.server_address[:2], timeout=10)


def raw(server: WitnessServer, head: bytes) -> bytes:
    with connected(server) as connection:
        connection.sendall(head)
        connection.shutdown(socket.SHUT_WR)
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
        return b"".join(parts)


@contextmanager
def answering(status: bytes) -> Iterator[str]:
    """A server that answers one request with these words."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        thread.join()


def drip(connection: socket.socket, until: float) -> None:
    while time.monotonic() < until:
        connection.sendall(b"x")
        time.sleep(0.1)


@pytest.mark.parametrize(
    ("answer"),
    [
        Answer(200, "— w AAAA\n".encode(), MEDIA_TEXT, "cosigned"),
        Answer(409, b"17\n", MEDIA_SIZE, "other size"),
        Answer(422, b"no\n", MEDIA_TEXT, "not consistent"),
    ],
)
def test_an_answer_goes_over_as_it_is(answer: Answer) -> None:
    with serving(lambda _: answer) as server:
        for prefix in (server.url, server.url + "/"):
            reply = post_checkpoint(prefix, b"old 0\n\nx")
            assert (reply.status, reply.media_type, reply.body) == (
                answer.status,
                answer.media_type,
                answer.body,
            )


def test_several_requests_over_one_connection() -> None:
    with serving(echo) as server:
        client = http.client.HTTPConnection(*server.server_address[:2], timeout=5)
        for size in (1, MAX_BODY):
            client.request("POST", "/add-checkpoint", b"x" * size)
            answer = client.getresponse()
            assert (answer.status, answer.read()) == (200, b"%d\n" % size)
        client.close()


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"404"),
        (b"GET /add-checkpoint HTTP/1.1\r\nHost: x\r\n\r\n", b"405"),
        (b"POST /other HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx", b"404"),
        (b"POST /add-checkpoint HTTP/1.1\r\nHost: x\r\n\r\n", b"411"),
        (b"POST /add-checkpoint HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", b"411"),
        (b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"411"),
        (b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (MAX_BODY + 1), b"413"),
        (b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: %s\r\n\r\n" % (b"9" * 5000), b"413"),
        (b"PUT /add-checkpoint HTTP/1.1\r\nHost: x\r\n\r\n", b"501"),
        (b"POST " + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", b"414"),
        (b"POST /add-checkpoint HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n", b"431"),
    ],
)
def test_what_is_not_a_request_is_refused_and_the_connection_ends(head: bytes, status: bytes) -> None:
    with serving(echo) as server:
        answer = raw(server, head)
        assert answer.split(b" ", 2)[1] == status, answer[:200]
        assert answer.count(b"HTTP/1.1") == 1


def test_a_body_that_ends_early_is_not_judged() -> None:
    judged: list[bytes] = []

    def judge(body: bytes) -> Answer:
        judged.append(body)
        return echo(body)

    with serving(judge) as server:
        assert raw(server, b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 9\r\n\r\nold 0") == b""
    assert judged == []


def test_slow_clients_lose_their_place() -> None:
    """One says nothing, one drips a byte now and then: both are cut off, and others are served meanwhile."""
    with serving(echo, lifetime=20.0, silence=0.4) as server, connected(server) as mute:
        assert post_checkpoint(server.url, b"x").status == 200
        began = time.monotonic()
        assert mute.recv(1) == b""
        assert time.monotonic() - began < 5
    with serving(echo, lifetime=1.0, silence=5.0) as server, connected(server) as slow:
        slow.sendall(b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 1000\r\n\r\n")
        began = time.monotonic()
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            drip(slow, until=began + 8)
        assert 0.5 < time.monotonic() - began < 5


def test_more_connections_than_places_are_turned_away() -> None:
    with serving(echo) as server:
        held = [connected(server) for _ in range(MOST_CONNECTIONS)]
        time.sleep(0.3)
        with pytest.raises(OSError, match=r"."):
            post_checkpoint(server.url, b"x")
        for connection in held:
            connection.close()
        time.sleep(0.3)
        assert post_checkpoint(server.url, b"x").status == 200


@pytest.mark.parametrize(("error", "status"), [(ArchiveLocked("/secret"), 503), (LogError("/secret"), 500)])
def test_our_own_trouble_is_told_to_us_only(error: Exception, status: int) -> None:
    def judge(_body: bytes) -> Answer:
        raise error

    seen.clear()
    with serving(judge) as server:
        reply = post_checkpoint(server.url, b"x")
    assert (reply.status, b"/secret" in reply.body) == (status, False)
    assert "/secret" in seen[0]


def test_a_witness_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Redirects are not followed; too much, too slow and no HTTP are errors of the connection."""
    with serving(echo) as elsewhere, answering(b"303 See\r\nLocation: %s/" % elsewhere.url.encode()) as url:
        assert post_checkpoint(url, b"x").status == 303
    with answering(b"x\r\nnonsense") as url, pytest.raises(OSError, match="did not answer in HTTP"):
        post_checkpoint(url, b"x")
    with (
        serving(lambda _: Answer(200, b"x" * (1 << 20), MEDIA_TEXT, "much")) as server,
        pytest.raises(OSError, match="more than"),
    ):
        post_checkpoint(server.url, b"x")
    monkeypatch.setattr(witness_http, "SILENCE_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as mute, pytest.raises(OSError, match="timed out"):
        post_checkpoint(f"http://127.0.0.1:{mute.getsockname()[1]}", b"x")
    with pytest.raises(OSError, match=r"refused|unreachable"):
        post_checkpoint("http://127.0.0.1:9", b"x")
