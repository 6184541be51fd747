"""The way out: proxies of the environment and of evidence.toml, interfaces and default route, our address outside."""

import ipaddress
import re
import socket
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from crawler.engine.environment.asking import ask
from crawler.engine.environment.bounded import plain, read_bounded
from crawler.engine.environment.result import Json, Judged, failed, passed, skipped
from crawler.engine.environment.rules import Rule
from crawler.engine.environment.setting import Setting

_MOST_INTERFACES = 16
_EGRESS_BYTES = 4096
_ADDRESS = re.compile(r"[0-9A-Fa-f:.]{3,45}")


def proxy_variables(setting: Setting, rule: Rule) -> Sequence[Judged]:
    """Variables that would lead a program through a proxy. User names and passwords in them are left out."""
    watched = {name for plain_name in rule.limits["variables"] for name in (plain_name, plain_name.upper())}
    found = {name: setting.environ[name] for name in sorted(watched) if setting.environ.get(name)}
    exceptions = [name for name in found if name.lower() == "no_proxy"]
    value: Json = {
        name: _without_secret(text) if name not in exceptions else len(text.split(","))
        for name, text in found.items()
    }
    set_ = [name for name in found if name not in exceptions]
    return [failed(value, "set", names="、".join(set_))] if set_ else [passed(value)]


def _without_secret(text: str) -> str:
    """Scheme, host and port of a proxy's address."""
    try:
        parts = urlsplit(text if "://" in text else f"//{text}")
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "unreadable"
    return plain(f"{parts.scheme or 'http'}://{parts.hostname or ''}{port}")


def proxy_setting(setting: Setting, _rule: Rule) -> Sequence[Judged]:
    """The proxy of evidence.toml, which stands in every capture as well."""
    value: Json = {"proxy": _without_secret(setting.proxy) if setting.proxy else ""}
    return [passed(value, "declared", proxy=value["proxy"]) if setting.proxy else passed(value)]


def route(setting: Setting, rule: Rule) -> Sequence[Judged]:
    """Interfaces that are up, with their addresses (no hardware addresses), and the default route.

    A tunnel as the default route (a VPN) fails. From /proc/net/route, so on Linux only.
    """
    places = setting.places
    if not places.routes.is_file():
        return [skipped("not-linux")]
    ways = [*_default_v4(places.routes), *_default_v6(places.routes6)]
    interfaces = _interfaces()
    value: Json = {"default": ways[:8], "interfaces": interfaces}
    tunnels = tuple(rule.limits["tunnels"])
    through = sorted({str(way["device"]) for way in ways if str(way["device"]).startswith(tunnels)})
    if through:
        return [failed(value, "tunnel", devices="、".join(through))]
    if not ways:
        return [failed(value, "no-route")]
    beside = [name for name in interfaces if name.startswith(tunnels)]
    return [passed(value, "tunnel-beside" if beside else None, devices="、".join(beside))]


def _default_v4(path: Path) -> list[Json]:
    """Default routes in the form of /proc/net/route: hexadecimal, bytes in the machine's order."""
    rows = [line.split() for line in read_bounded(path).decode("ascii", "replace").splitlines()[1:]]
    return [
        {"device": plain(row[0], 32), "gateway": _v4(row[2])}
        for row in rows
        if len(row) >= 8 and row[1] == row[7] == "00000000"
    ]


def _v4(text: str) -> str:
    return socket.inet_ntoa(bytes.fromhex(text)[::-1])


def _default_v6(path: Path) -> list[Json]:
    """Default routes in the form of /proc/net/ipv6_route; the one that rejects everything does not count."""
    if not path.is_file():
        return []
    rows = [line.split() for line in read_bounded(path).decode("ascii", "replace").splitlines()]
    return [
        {"device": plain(row[9], 32), "gateway": str(ipaddress.IPv6Address(int(row[4], 16)))}
        for row in rows
        if len(row) >= 10 and row[0] == "0" * 32 and row[1] == "00" and row[9] != "lo"
    ]


def _interfaces() -> dict[str, list[str]]:
    up = {name for name, state in psutil.net_if_stats().items() if state.isup}
    found: dict[str, list[str]] = {}
    for name, addresses in sorted(psutil.net_if_addrs().items()):
        kept = [a.address for a in addresses if a.family in (socket.AF_INET, socket.AF_INET6)]
        shown = [text for text in kept if not ipaddress.ip_address(text.partition("%")[0]).is_link_local]
        if name in up and shown and len(found) < _MOST_INTERFACES:
            found[plain(name, 32)] = shown[:8]
    return found


def egress(setting: Setting, _rule: Rule) -> Sequence[Judged]:
    """The address that others see us with, if evidence.toml names a page that tells it."""
    if not setting.egress:
        return [skipped("not-configured")]
    host = urlsplit(setting.egress).hostname or ""
    try:
        answer = ask(setting.egress, setting, method="GET", most=_EGRESS_BYTES)
    except OSError as error:
        return [skipped("no-answer", {"asked": host}, host=host, problem=plain(error, 120))]
    address = _address_in(answer.body)
    if address is None:
        return [skipped("no-address", {"asked": host}, host=host)]
    return [passed({"address": address, "asked": host})]


def _address_in(body: bytes) -> str | None:
    for found in _ADDRESS.findall(body.decode("ascii", "replace")):
        try:
            return str(ipaddress.ip_address(found.strip(".:") if "." in found else found))
        except ValueError:
            continue
    return None
