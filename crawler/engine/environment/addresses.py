"""``host``, ``host:port`` and ``[IPv6]:port``, as evidence.toml writes them."""


def split_address(text: str, port: int) -> tuple[str, int]:
    """Host and port of an address; `port` where it has none. Raises ValueError for a port that is none."""
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        return host, int(rest.removeprefix(":") or port)
    if text.count(":") == 1:
        host, _, number = text.partition(":")
        return host, int(number)
    return text, port
