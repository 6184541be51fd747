"""What all tests share: no connection leaves this machine, and what may be absent is skipped by name."""

import ipaddress
import os
import shutil
import socket
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

PAGES = Path(__file__).parents[2] / "shared" / "pages"
REPLAY = Path(__file__).parents[1] / ".cache" / "replaywebpage"
# Answered "no such name" as real DNS does (RFC 6761), so that a test can see a name fail.
_NEVER_RESOLVED = (".invalid", ".test")
_LONGEST = "test_demo.py"
_LOCAL_NAMES = ("", "localhost")


class OutsideConnection(RuntimeError):
    """A test tried to reach another machine; not an OSError, so that no code under test takes it for a fact."""


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "saved_pages: needs the saved real pages in ../shared/pages")
    config.addinivalue_line("markers", "browser: needs Chromium")
    _guard_sockets()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The file that runs longest begins first, then those with many tests: the last ones decide when all have ended.

    Workers are told not to reorder (`--no-loadscope-reorder`): they begin files with few tests last, however long.
    """
    counts = Counter(item.path for item in items)
    items.sort(key=lambda item: (item.path.name != _LONGEST, -counts[item.path]))


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("saved_pages") and not (PAGES / "INDEX.jsonl").is_file():
        pytest.skip(f"saved pages not found: {PAGES.name} should lie in ../shared beside the repository")
    if item.get_closest_marker("browser") and find_chromium() is None:
        pytest.skip("Chromium not found: Debian's packages are chromium and fonts-noto-cjk")


@pytest.fixture(scope="session")
def pages() -> Path:
    """The folder of saved real pages; skips where it is absent."""
    if not (PAGES / "INDEX.jsonl").is_file():
        pytest.skip(f"saved pages not found: {PAGES.name} should lie in ../shared beside the repository")
    return PAGES


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium; skips where there is none."""
    path = find_chromium()
    if path is None:
        pytest.skip("Chromium not found: Debian's packages are chromium and fonts-noto-cjk")
    return path


@pytest.fixture(scope="session")
def replay_viewer() -> Path:
    """The folder with ReplayWeb.page's ui.js and sw.js; skips where it could not be fetched."""
    if not (REPLAY / "ui.js").is_file():
        pytest.skip("ReplayWeb.page not found: scripts/fetch-replay fetches it (needs npm)")
    return REPLAY


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    """A screen of its own that nobody sees, in DISPLAY; skips where there is no Xvfb."""
    if shutil.which("Xvfb") is None:
        pytest.skip("Xvfb not found: Debian's package is xvfb")
    reading, writing = os.pipe()
    screen = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1800x1000x24", "-nolisten", "tcp"],
        pass_fds=[writing],
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DISPLAY", ":" + os.read(reading, 16).decode().strip())  # waits until it is there
        patch.delenv("WAYLAND_DISPLAY", raising=False)
        yield os.environ["DISPLAY"]
    os.close(reading)
    screen.terminate()
    screen.wait()


def find_chromium() -> str | None:
    """The first Chromium on PATH."""
    names = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
    return next((path for name in names if (path := shutil.which(name))), None)


def is_local(host: object) -> bool:
    """Whether a host, as given to a socket call, means this machine."""
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
    if name is None or name in _LOCAL_NAMES:
        return True
    try:
        return ipaddress.ip_address(str(name).partition("%")[0]).is_loopback
    except ValueError:
        return False


def _guard_sockets() -> None:
    """Let sockets of this process reach loopback and Unix sockets only. Subprocesses are not covered."""
    for name in ("connect", "connect_ex", "sendto"):
        setattr(socket.socket, name, _guarded(getattr(socket.socket, name)))
    resolve = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        if is_local(host):
            return resolve(host, *args, **kwargs)
        if str(host).endswith(_NEVER_RESOLVED):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        raise OutsideConnection(f"a test asked for the address of {host!r}: tests use loopback only")

    socket.getaddrinfo = getaddrinfo


def _guarded(original: Callable[..., Any]) -> Callable[..., Any]:
    def call(self: socket.socket, *args: Any) -> Any:
        address = args[-1]
        internet = self.family in (socket.AF_INET, socket.AF_INET6) and isinstance(address, tuple)
        if internet and not is_local(address[0]):
            raise OutsideConnection(f"a test tried to reach {address!r}: tests use loopback only")
        return original(self, *args)

    return call
