"""The way out: variables without their secrets, routes as the kernel writes them, our address as a page tells it."""

import json
from pathlib import Path

import pytest

from crawler.engine.environment.network import egress, proxy_setting, proxy_variables, route
from crawler.engine.environment.result import Judged
from crawler.engine.environment.rules import rules
from crawler.engine.environment.setting import Setting
from tests.engine.environment.places import ROUTES, clean_places, said
from tests.engine.environment.servers import silent_server, web_server


def variables(**environ: str) -> Judged:
    (judged,) = proxy_variables(Setting(environ=environ), rules()["proxy-variables"])
    return judged


def test_no_proxy_passes() -> None:
    assert variables(PATH="/bin", no_proxy="", https_proxy="").outcome == "passed"
    assert variables(no_proxy="localhost,.intern.example").value == {"no_proxy": 2}


@pytest.mark.parametrize("name", ["http_proxy", "HTTPS_PROXY", "ALL_PROXY", "ftp_proxy"])
def test_a_proxy_variable_fails_and_its_password_is_not_kept(name: str) -> None:
    judged = variables(**{name: "http://li:geheim@proxy.example:3128/x"})
    assert (judged.outcome, judged.value) == ("failed", {name: "http://proxy.example:3128"})
    assert name in said("proxy-variables", judged)
    assert variables(**{name: "li:geheim@proxy.example:3128"}).value == {name: "http://proxy.example:3128"}
    assert "geheim" not in json.dumps(variables(**{name: "http://li:geheim@[::1:99999"}).value)
    assert "geheim" not in json.dumps(variables(**{name: "li:geheim"}).value)


def test_the_proxy_of_the_archive_is_said() -> None:
    (judged,) = proxy_setting(Setting(proxy="http://127.0.0.1:8080"), rules()["proxy-setting"])
    assert judged.outcome == "passed"
    assert "http://127.0.0.1:8080" in said("proxy-setting", judged)


def routed(folder: Path, table: str, table6: str = "") -> Judged:
    places = clean_places(folder)
    places.routes.write_text(table)
    places.routes6.write_text(table6)
    (judged,) = route(Setting(places=places), rules()["route"])
    return judged


def test_the_default_route(tmp_path: Path) -> None:
    judged = routed(tmp_path, ROUTES.format(device="eth0"))
    assert judged.outcome == "passed"
    assert judged.value["default"] == [{"device": "eth0", "gateway": "192.0.2.1"}]
    assert "127.0.0.1" in judged.value["interfaces"]["lo"]


@pytest.mark.parametrize("device", ["tun0", "wg0", "ppp0", "tailscale0"])
def test_a_tunnel_fails(tmp_path: Path, device: str) -> None:
    judged = routed(tmp_path, ROUTES.format(device=device))
    assert (judged.outcome, device in said("route", judged)) == ("failed", True)


def test_a_tunnel_for_the_other_protocol_fails(tmp_path: Path) -> None:
    zero, gateway = "0" * 32, "fd000000000000000000000000000001"
    way = f"{zero} 00 {zero} 00 {{}} 00000400 00000001 00000000 00000003 {{}}\n"
    table6 = way.format(gateway, "wg0") + way.format(zero, "lo")
    judged = routed(tmp_path, ROUTES.format(device="eth0"), table6)
    assert judged.because == "tunnel"
    assert judged.value["default"][1:] == [{"device": "wg0", "gateway": "fd00::1"}], "lo only rejects"


def test_no_route_fails_and_no_table_is_skipped(tmp_path: Path) -> None:
    judged = routed(tmp_path / "a", ROUTES.splitlines()[0] + "\neth0 rubbish\n")
    assert judged.because == "no-route"
    places = clean_places(tmp_path / "b")
    places.routes.unlink()
    (judged,) = route(Setting(places=places), rules()["route"])
    assert judged.outcome == "skipped"


def outside(url: str, proxy: str = "") -> Judged:
    (judged,) = egress(Setting(egress=url, proxy=proxy), rules()["egress"])
    return judged


@pytest.mark.parametrize(
    ("body", "address"),
    [
        (b"203.0.113.9\n", "203.0.113.9"),
        (b'{"ip":"2001:db8::9","country":"CN"}', "2001:db8::9"),
        ("当前 IP：203.0.113.9  来自于：北京".encode(), "203.0.113.9"),
    ],
)
def test_our_address_outside(body: bytes, address: str) -> None:
    with web_server(body=body) as (url, seen):
        judged = outside(f"{url}/ip")
    assert (judged.outcome, judged.value["address"]) == ("passed", address)
    assert seen == ["GET /ip"]


def test_the_address_is_asked_for_the_way_pages_go() -> None:
    with web_server(body=b"203.0.113.9") as (proxy, seen):
        assert outside("http://ip.example/", proxy).outcome == "passed"
    assert seen == ["GET http://ip.example/"]


def test_no_address_is_skipped() -> None:
    assert outside("").because == "not-configured"
    with web_server(body=b"<html>" + b"9" * 100_000 + b" 203.0.113.9") as (url, _):
        assert outside(url).because == "no-address", "only the beginning is read"
    with silent_server() as server:
        assert outside(f"http://{server}/").because == "no-answer"
    assert outside("http://nosuch.invalid/").because == "no-answer"
