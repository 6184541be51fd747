"""The disk fills up in mid-crawl: a clean stop, a clear message, and everything goes on after room is made."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler.demo.market import DetachedMarket
from crawler.demo.tsa import DemoAuthority
from tests.archives import nothing_failed
from tests.kill_crawls import (
    crawl_arguments,
    evidence,
    finish,
    make_archive,
    requests,
    run_of,
    verified,
    wait_for_requests,
)
from tests.test_resume import items

PAGES = 400
SMALL, LARGE = "13m", "64m"  # of which 8 MiB are the reserve


def mount(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["mount", *map(str, arguments)], capture_output=True, text=True, timeout=20, check=False
    )


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small tmpfs; skips where mounting is not permitted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("a small disk needs root: mount -t tmpfs is not permitted")
    mounted = mount("-t", "tmpfs", "-o", f"size={SMALL}", "tmpfs", folder)
    if mounted.returncode != 0:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], timeout=20, check=True)


def fill(disk: Path) -> None:
    """Write until not a byte fits any more."""
    with (disk / "filler").open("wb", buffering=0) as stream:
        for size in (1 << 16, 1):
            with contextlib.suppress(OSError):
                while stream.write(b"x" * size):
                    pass


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[DetachedMarket, Path]]:
    """The load area, and its access log."""
    access_log = tmp_path_factory.mktemp("market") / "access.log"
    with DetachedMarket(reviews=200, robots_delay=None, load_pages=PAGES, access_log=access_log) as market:
        yield market, access_log


def test_a_full_disk_ends_the_crawl_in_order_and_it_goes_on_when_there_is_room(
    tmp_path: Path, disk: Path, market: tuple[DetachedMarket, Path]
) -> None:
    server, access_log = market
    archive = disk / "证据 库"
    with DemoAuthority(tmp_path / "tsa", "tsa-a") as tsa:
        make_archive(archive, server.proxy, [tsa])
        code, printed = finish(evidence(archive, *crawl_arguments()))
        run = run_of(archive)
        assert run is not None
        assert code == 1, printed
        assert "磁盘已满" in printed
        assert "make room" in printed
        assert f"evidence crawl --resume {run}" in printed
        assert "Traceback" not in printed, printed
        nothing_failed(archive)
        listings, _, captured = items(archive)
        assert 10 < captured < PAGES
        assert captured - listings <= PAGES // 100 + 1, "what was recorded was read and stored, too"

        assert mount("-o", f"remount,size={LARGE}", disk).returncode == 0
        process = evidence(archive, *crawl_arguments(run))
        assert wait_for_requests(access_log, requests(access_log).total() + 60, process)
        fill(disk)  # somebody else takes all there is, the reserve too
        code, printed = finish(process)
        assert code == 1, printed
        assert "make room" in printed
        assert "Traceback" not in printed, printed
        (disk / "filler").unlink()
        assert finish(evidence(archive, "seal"))[0] == 0
        nothing_failed(archive)

        code, printed = finish(evidence(archive, *crawl_arguments(run)))
        assert code == 0, printed
        assert items(archive) == (PAGES, PAGES * 3, PAGES + PAGES // 100)
        code, found = verified(archive)
        assert code == 0, found
        assert finish(evidence(archive, "rebuild"))[0] == 0
    refetched = requests(access_log).total() - (PAGES + PAGES // 100)
    assert refetched <= 2 * 2 * 8, "only what could not be recorded was fetched again"


def test_a_disk_without_any_room_says_so_before_anything_is_fetched(
    tmp_path: Path, disk: Path, market: tuple[DetachedMarket, Path]
) -> None:
    server, access_log = market
    archive = disk / "a"
    make_archive(archive, server.proxy, [])
    fill(disk)
    before = requests(access_log).total()
    code, printed = finish(evidence(archive, *crawl_arguments()))
    assert code == 1, printed
    assert "make room" in printed
    assert "Traceback" not in printed, printed
    assert requests(access_log).total() == before
    (disk / "filler").unlink()
    code, printed = finish(evidence(archive, "seal"))
    assert code == 3, printed  # no authority is configured
    nothing_failed(archive)
