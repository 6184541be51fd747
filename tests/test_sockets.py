"""The guard in conftest.py: nothing but loopback."""

import socket

import pytest


def test_loopback_is_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as client:
        client.connect(server.getsockname())
        assert client.getpeername() == server.getsockname()


@pytest.mark.parametrize("name", ["connect", "connect_ex"])
def test_another_machine_is_refused(name: str) -> None:
    with socket.socket() as client, pytest.raises(RuntimeError, match="loopback only"):
        getattr(client, name)(("192.0.2.1", 80))


def test_a_datagram_to_another_machine_is_refused() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as client, pytest.raises(RuntimeError, match="loopback only"):
        client.sendto(b"x", ("192.0.2.1", 53))


def test_names_of_other_machines_are_refused() -> None:
    with pytest.raises(RuntimeError, match="loopback only"):
        socket.getaddrinfo("example.com", 80)


def test_a_name_that_cannot_exist_fails_as_in_dns() -> None:
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("shop.invalid", 80)
