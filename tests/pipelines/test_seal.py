"""The sealing step: in the background, every so many captures, and done before the archive closes."""

import asyncio
import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from crawler.demo.tsa import DemoAuthority
from crawler.evidence import retry
from crawler.evidence.seal import unsealed
from crawler.store.session import Session
from pipelines import seal as step_module
from pipelines.seal import Seal
from tests.archives import config, drafted, make, nothing_failed, page, sender


@pytest.fixture(scope="module")
def tsa(tmp_path_factory: pytest.TempPathFactory) -> DemoAuthority:
    """One authority."""
    return DemoAuthority(tmp_path_factory.mktemp("tsa") / "a", "tsa-a")


@pytest.fixture
def session(tmp_path: Path, tsa: DemoAuthority, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    """A session whose archive is to be sealed after every three captures."""
    path = make(tmp_path / "a", [tsa])
    toml = (path / "evidence.toml").read_text().replace("every_captures = 500", "every_captures = 3")
    (path / "evidence.toml").write_text(toml)
    monkeypatch.setattr(step_module, "LOOK_EVERY_SECONDS", 0.01)
    session = Session.open(path)
    session.sender = sender(tsa)
    yield session
    if session._thread.is_alive():
        session.close()


def checkpoints(session: Session) -> list[int]:
    return session.archive.log.checkpoint_sizes


def test_a_run_begins_with_a_seal_and_its_captures_commit_to_it(session: Session) -> None:
    async def run() -> None:
        step = Seal(session)
        await step.open_spider()
        begun = max(checkpoints(session))
        capture = session.record(drafted(page())).result()
        assert begun > 0
        assert capture.after is not None
        assert capture.after.size == begun
        await step._finish()

    asyncio.run(run())
    assert unsealed(session.archive) == []


def test_it_seals_after_so_many_captures(session: Session) -> None:
    async def run() -> None:
        step = Seal(session)
        await step.open_spider()
        begun = max(checkpoints(session))
        for _ in range(3):
            session.record(drafted(page())).result()
        for _ in range(500):
            if max(checkpoints(session)) > begun:
                break
            await asyncio.sleep(0.01)
        assert max(checkpoints(session)) == begun + 4  # a WARC file was opened, and three captures
        await step._finish()

    asyncio.run(run())


def test_the_end_waits_for_a_seal_under_way(session: Session, tsa: DemoAuthority) -> None:
    asked, answer = threading.Event(), threading.Event()

    def slow(url: str, query: bytes) -> bytes:
        asked.set()
        answer.wait(10)
        return sender(tsa)(url, query)

    async def run() -> None:
        step = Seal(session)
        await step.open_spider()
        session.sender = slow
        for _ in range(3):
            session.record(drafted(page())).result()
        while not asked.is_set():
            await asyncio.sleep(0.01)
        ending = asyncio.create_task(step._finish())
        await asyncio.sleep(0.1)
        assert not ending.done()
        answer.set()
        await ending

    asyncio.run(run())
    session.close()
    assert nothing_failed(session.archive.path).exit_code == 0, "nothing was written after the close"


def test_dead_authorities_do_not_stop_a_run(session: Session, caplog: pytest.LogCaptureFixture) -> None:
    def dead(_url: str, _query: bytes) -> bytes:
        raise OSError("connection refused")

    async def run() -> None:
        step = Seal(session)
        session.sender = dead
        await step.open_spider()
        session.record(drafted(page())).result()
        await step._finish()

    with caplog.at_level(logging.WARNING, "pipelines.seal"):
        asyncio.run(run())
    assert "not stamped by tsa-a" in caplog.text
    assert unsealed(session.archive) == ["tsa-a has not stamped the newest checkpoint"]


def test_a_failing_authority_is_asked_again_when_due_and_once_more_at_the_end(
    session: Session, tsa: DemoAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[float] = []

    def dead(_url: str, _query: bytes) -> bytes:
        asked.append(time.monotonic())
        raise OSError("connection refused")

    monkeypatch.setattr(retry, "FIRST_WAIT", timedelta(seconds=0.4))

    async def run() -> None:
        step = Seal(session)
        session.sender = dead
        await step.open_spider()
        assert len(asked) == 1
        for _ in range(3):
            session.record(drafted(page())).result()  # enough for a seal, but nobody is due
        for _ in range(500):
            if len(asked) > 1:
                break
            await asyncio.sleep(0.01)
        assert asked[1] - asked[0] >= 0.4, "not before it was due, and then without any new capture"
        session.sender = sender(tsa)
        assert unsealed(session.archive)
        await step._finish()  # not due before 0.8 seconds, but this is the end

    asyncio.run(run())
    assert unsealed(session.archive) == []


def test_a_default_run_seals_every_ten_minutes() -> None:
    """What makes the brackets minutes wide: below by the last seal, above by the next."""
    assert (config().every_minutes, config().every_captures) == (10.0, 500)


def test_it_seals_after_so_many_minutes(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step_module, "LOOK_EVERY_SECONDS", 0.05)

    async def run() -> None:
        step = Seal(session)
        step._config = replace(step._config, every_minutes=0.2 / 60)
        await step.open_spider()
        first = max(checkpoints(session))
        session.record(drafted(page())).result()  # fewer than every_captures
        await asyncio.sleep(0.7)
        assert max(checkpoints(session)) > first
        await step._finish()

    asyncio.run(run())
