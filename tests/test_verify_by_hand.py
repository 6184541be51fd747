"""docs/verify-by-hand.md, followed literally: one shell, and on its PATH only coreutils, openssl and unzip."""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from crawler.evidence.archive import Archive
from crawler.export.bundle import export_bundle
from tests.export.sample import CASE, exhibits, make_authorities, make_sample

DOCUMENT = Path(__file__).parents[1] / "docs/verify-by-hand.md"
# GNU coreutils that the page uses; `printf`, `test`, `read` and the like are the shell's own.
TOOLS = ("basenc", "cat", "date", "head", "mktemp", "od", "rm", "sha256sum", "tail", "tr", "openssl", "unzip")


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("by-hand")
    sample = make_sample(folder / "archive", make_authorities(folder))
    with Archive.open(sample.path) as archive:
        return export_bundle(archive, CASE, exhibits(sample), folder / "bundle").path


@pytest.fixture
def bundle(original: Path, tmp_path: Path) -> Path:
    shutil.copytree(original, tmp_path / "a bundle")
    return tmp_path / "a bundle"


def follow(bundle: Path, tmp_path: Path, without: str = "\0") -> tuple[int, str]:
    """Paste every block into one shell, in an environment with nothing in it; but for those that hold `without`."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", DOCUMENT.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    blocks = [block for block in blocks if without not in block]
    path = tmp_path / "bin"
    path.mkdir(exist_ok=True)
    for tool in TOOLS:
        where = shutil.which(tool)
        assert where is not None, f"{tool} is needed for this test"
        if not (path / tool).exists():
            (path / tool).symlink_to(where)
    shell = shutil.which("sh")
    assert shell is not None
    answer = subprocess.run(
        [shell],
        input="".join(blocks),
        cwd=bundle,
        env={"PATH": str(path)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    return answer.returncode, answer.stdout + answer.stderr


def test_a_good_bundle_verifies(bundle: Path, tmp_path: Path) -> None:
    code, told = follow(bundle, tmp_path)
    assert code == 0, told
    assert "BAD" not in told
    for wanted in ("ok files", "ok signature over the bundle", "ok checkpoint", "ok consistency", "ok leaf"):
        assert wanted in told, told
    assert len(re.findall(r"^ok tsa-[ab] stamped", told, flags=re.MULTILINE)) >= 4
    assert re.search(r"came after data/stamps/", told)


def rewrite(bundle: Path, name: str, change: Callable[[bytes], bytes]) -> None:
    path = bundle / name
    path.write_bytes(change(path.read_bytes()))


def relist(bundle: Path) -> None:
    """What somebody does who changes a file and knows of the lists, but has no key."""
    for listing, pattern in (("manifest-sha256.txt", "data/**/*"), ("tagmanifest-sha256.txt", None)):
        names = (
            sorted(str(p.relative_to(bundle)) for p in bundle.glob(pattern) if p.is_file())
            if pattern
            else ["bag-info.txt", "bagit.txt", "manifest-sha256.txt"]
        )
        told = subprocess.run(["sha256sum", *names], cwd=bundle, capture_output=True, check=True)
        (bundle / listing).write_bytes(told.stdout)


def flip(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


@pytest.mark.parametrize(
    "name", ["data/captures.wacz", "data/log/log.pem", "data/catalogue.csv", "bag-info.txt"]
)
def test_a_changed_file_is_told(bundle: Path, tmp_path: Path, name: str) -> None:
    rewrite(bundle, name, flip)
    code, told = follow(bundle, tmp_path)
    assert code == 1, told
    assert "BAD" in told


def test_a_change_with_new_lists_fails_at_the_signature(bundle: Path, tmp_path: Path) -> None:
    rewrite(bundle, "data/catalogue.csv", flip)
    relist(bundle)
    code, told = follow(bundle, tmp_path)
    assert (code, "BAD signature over the bundle" in told) == (1, True), told
