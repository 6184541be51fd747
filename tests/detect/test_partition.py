"""The index in parts on disk: the same runs as in memory, and nothing left behind."""

import errno
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from crawler.detect.text.normalise import normalised_texts
from crawler.detect.text.partition import runs_within
from crawler.detect.text.runs import Run, shared_runs
from crawler.errors import DiskFull
from tests.detect.test_runs import PARTS, TEXTS

TWO = [PARTS[0] + PARTS[1], PARTS[0] + PARTS[1] + "x"]


def in_parts(texts: list[str], part: int = 16) -> dict[str, Run]:
    """Runs from many small parts."""
    with runs_within(iter(texts), in_memory=0, part=part) as blocks:
        return {run.digest: run for runs in blocks for run in runs}


@given(TEXTS)
@settings(max_examples=40, deadline=None)
def test_parts_give_the_runs_that_memory_gives(texts: list[str]) -> None:
    assert in_parts(texts) == {run.digest: run for run in shared_runs(normalised_texts(texts))}


def test_the_number_of_parts_does_not_matter() -> None:
    texts = [PARTS[one] + PARTS[other] + str(one) for one in range(6) for other in range(6)] * 3
    assert in_parts(texts, 8) == in_parts(texts, 64) == in_parts(texts, 1 << 20)
    with runs_within(texts) as blocks:
        assert {run.digest: run for runs in blocks for run in runs} == in_parts(texts)


@pytest.mark.parametrize("texts", [[], [""], ["短"], ["", "！", ""]])
def test_nothing_to_share_is_no_error(texts: list[str]) -> None:
    assert not in_parts(texts)


def test_the_folder_is_gone_afterwards_and_after_an_error(tmp_path: Path) -> None:
    with runs_within(TWO, tmp_path, in_memory=0) as blocks:
        assert any(tmp_path.iterdir())
        assert sum(map(len, blocks)) == 1
    assert not any(tmp_path.iterdir())
    with pytest.raises(KeyboardInterrupt), runs_within(TWO, tmp_path, in_memory=0):
        raise KeyboardInterrupt
    assert not any(tmp_path.iterdir())


def test_a_full_disk_is_told_in_plain_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = Path.open

    def full(path: Path, mode: str = "r", *more: Any, **named: Any) -> Any:
        if mode == "ab" and path.name.startswith("keys"):
            raise OSError(errno.ENOSPC, "No space left on device")
        return opened(path, mode, *more, **named)

    monkeypatch.setattr(Path, "open", full)
    with (
        pytest.raises(DiskFull, match="TMPDIR"),
        runs_within(TWO, tmp_path, in_memory=0) as blocks,
    ):
        list(blocks)
    assert not any(tmp_path.iterdir())


def test_little_text_touches_no_disk(tmp_path: Path) -> None:
    with runs_within(TWO, tmp_path) as blocks:
        assert not any(tmp_path.iterdir())
        assert sum(map(len, blocks)) == 1
