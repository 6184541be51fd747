"""requirements.lock: exact versions, each with a digest, of everything pyproject.toml asks for; no place."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LOCK = (ROOT / "requirements.lock").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
_PINNED = re.compile(r"(?P<name>[a-z0-9-]+)==(?P<version>[0-9][0-9A-Za-z.+!]*)(?: ; [^\\]+)?")
_DIGEST = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def requirements(lock: str) -> list[list[str]]:
    """The lock as requirements: each a list of the requirement and its options."""
    joined = lock.replace("\\\n", "\n    ")
    blocks = re.split(r"\n(?=\S)", joined.strip())
    return [[line.strip() for line in block.splitlines() if line.strip()] for block in blocks]


def asked_for() -> set[str]:
    """Names that pyproject.toml asks for: to run, to develop, to build."""
    wanted = [*PROJECT["project"]["dependencies"], *PROJECT["build-system"]["requires"]]
    for extra in PROJECT["project"]["optional-dependencies"].values():
        wanted += extra
    names = (re.match(r"[A-Za-z0-9._-]+", requirement) for requirement in wanted)
    return {re.sub(r"[._]", "-", name[0].lower()) for name in names if name}


@pytest.mark.parametrize("place", ["://", "/root", "/work", "/home", "file:", "--index", "--find-links"])
def test_lock_names_no_place(place: str) -> None:
    assert place not in LOCK


def test_every_requirement_is_exact_and_has_digests() -> None:
    for requirement, *options in requirements(LOCK):
        assert _PINNED.fullmatch(requirement.strip()), requirement
        assert options, requirement
        assert all(_DIGEST.fullmatch(option) for option in options), requirement


def test_lock_covers_what_the_project_asks_for() -> None:
    locked = {requirement.partition("==")[0] for requirement, *_ in requirements(LOCK)}
    assert asked_for() - locked == set()


def test_the_reader_sees_what_is_wrong() -> None:
    (loose, bare) = requirements("one>=1\ntwo==2\n")
    assert not _PINNED.fullmatch(loose[0])
    assert bare == ["two==2"]
