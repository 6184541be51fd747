"""Dead or strange time-stamping authorities: the crawl succeeds, everything says `unsealed`, `seal` repairs it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler.demo.market import Market
from crawler.demo.plan import World
from crawler.demo.tsa import DemoAuthority
from tests.commands import Printed, evidence

PERSON = ("--organisation", "某消委会", "--operator", "张三", "--contact", "wq@example.org")
WHO = (*PERSON, "--delay", "0", "--environment", "none")


@pytest.fixture(scope="module")
def market() -> Iterator[Market]:
    """Pages to capture."""
    with Market(World(seed=7, reviews=200), robots_delay=None, load_pages=5) as market:
        yield market


@pytest.fixture
def tsas(tmp_path: Path) -> Iterator[tuple[DemoAuthority, DemoAuthority]]:
    """Two authorities that have an address and are down."""
    tsas = (
        DemoAuthority(tmp_path / "ta", "tsa-a"),
        DemoAuthority(tmp_path / "tb", "tsa-b", intermediate=True),
    )
    yield tsas
    for tsa in tsas:
        tsa.stop()


class Door:
    """`evidence --archive A …`."""

    def __init__(self, capsys: pytest.CaptureFixture[str], archive: Path) -> None:
        self._capsys = capsys
        self._archive = archive

    def __call__(self, *arguments: object) -> Printed:
        return evidence(self._capsys, "--archive", self._archive, *arguments)


@pytest.fixture
def door(
    tmp_path: Path,
    market: Market,
    tsas: tuple[DemoAuthority, DemoAuthority],
    capsys: pytest.CaptureFixture[str],
) -> Door:
    """An archive that has a page captured while both authorities were down."""
    door = Door(capsys, tmp_path / "a")
    trusted = []
    for tsa in tsas:
        tsa.start()
        trusted += ["--tsa", f"{tsa.name}={tsa.url}={tsa.folder / 'trust.pem'}"]
        tsa.stop()
    assert door("init", *WHO, "--proxy", market.proxy, *trusted).code == 0
    return door


def capture(door: Door) -> Printed:
    return door("capture", "--no-render", "http://load.example/page/1.html")


def status(door: Door, check: str) -> str:
    checks = {found["name"]: found["status"] for found in door("verify", "--json").json["checks"]}
    return str(checks[check])


def test_both_dead_is_said_by_crawl_and_verify_and_repaired_by_seal(
    door: Door, tsas: tuple[DemoAuthority, DemoAuthority]
) -> None:
    crawled = capture(door)
    assert crawled.code == 3
    assert "全部完成" in crawled.out
    for tsa in tsas:
        assert f"尚未封存（unsealed）：时间戳机构 {tsa.name} 还没有" in crawled.out
    assert crawled.out.count("evidence seal") == 2
    verified = door("verify")
    assert verified.code == 3
    assert "unsealed" in verified.out
    assert "未通过" not in verified.out
    sealed = door("seal")
    assert sealed.code == 3
    assert sealed.out.count("did not answer") == 2
    for tsa in tsas:
        tsa.start()
    sealed = door("seal")
    assert (sealed.code, "已封存" in sealed.out) == (0, True)
    verified = door("verify")
    assert verified.code == 0, verified.out
    assert door("seal").code == 0, "there is nothing left to do"
    assert capture(door).code == 0


def test_one_dead_is_one_missing(door: Door, tsas: tuple[DemoAuthority, DemoAuthority]) -> None:
    tsas[0].start()
    crawled = capture(door)
    assert crawled.code == 3
    assert "tsa-b 还没有" in crawled.out
    assert "tsa-a has not stamped" not in crawled.out
    assert door("verify").code == 3
    assert (status(door, "timestamps"), status(door, "sealed")) == ("passed", "not-checked")
    tsas[1].start()
    sealed = door("seal", "--json")
    assert (sealed.code, list(sealed.json["stamped"]), sealed.json["missing"]) == (0, ["tsa-b"], {})
    assert door("verify").code == 0


def test_an_authority_with_other_keys_is_refused_and_named(
    door: Door, tsas: tuple[DemoAuthority, DemoAuthority], tmp_path: Path
) -> None:
    tsas[0].start()
    port = _port(tsas[1])
    with DemoAuthority(tmp_path / "impostor", "tsa-b", port=port):
        crawled = capture(door)
        assert crawled.code == 3
        sealed = door("seal")
    assert sealed.code == 3
    assert "refuses" in sealed.out
    assert "tsa-b" in sealed.out
    assert door("verify").code == 3, "nothing of the foreign token was kept"


def _port(tsa: DemoAuthority) -> int:
    tsa.start()
    port = int(tsa.url.rstrip("/").rpartition(":")[2])
    tsa.stop()
    return port


def test_an_answer_that_is_no_token_is_refused_and_named(
    door: Door, tsas: tuple[DemoAuthority, DemoAuthority], monkeypatch: pytest.MonkeyPatch
) -> None:
    for tsa, answer in zip(tsas, (b"<html>502</html>", bytes.fromhex("30053003020102")), strict=True):
        monkeypatch.setattr(tsa, "reply", lambda _query, answer=answer: answer)
        tsa.start()
    crawled = capture(door)
    assert crawled.code == 3
    sealed = door("seal")
    assert sealed.code == 3
    assert "not a readable TimeStampResp" in sealed.out
    assert "the TSA refused: status rejection" in sealed.out
    assert status(door, "timestamps") == "not-checked"


def test_no_authority_at_all_is_never_sealed(
    tmp_path: Path, market: Market, capsys: pytest.CaptureFixture[str]
) -> None:
    door = Door(capsys, tmp_path / "b")
    made = door("init", *WHO, "--proxy", market.proxy)
    assert "尚未配置时间戳机构" in made.err
    assert capture(door).code == 3
    assert door("seal").code == 3
    assert door("verify").code == 3
