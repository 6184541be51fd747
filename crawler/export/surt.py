"""SURT: URLs as sort keys, host names from the right (``com,example)/path?a=1&b=2``), for CDXJ indexes."""

import re
from urllib.parse import quote, urlsplit

_WWW = re.compile(r"^www[0-9]*\.")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_SAFE = "".join(chr(code) for code in range(0x21, 0x7F))


def surt(url: str) -> str:
    """The key of an http or https URL; any other URI is its own key, with blanks escaped."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return quote(url, safe=_SAFE)
    if parts.scheme not in _DEFAULT_PORTS or not host:
        return quote(url, safe=_SAFE)
    key = ",".join(reversed(_ascii(_WWW.sub("", host)).split(".")))
    if port is not None and port != _DEFAULT_PORTS[parts.scheme]:
        key += f":{port}"
    path = parts.path.rstrip("/") or "/"
    query = "?" + "&".join(sorted(parts.query.split("&"))) if parts.query else ""
    return quote(f"{key}){path}{query}", safe=_SAFE).lower()


def _ascii(host: str) -> str:
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return host
