"""核验说明: every command as printed, by a shell that knows nothing of us; before and after tampering."""

import hashlib
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from crawler.evidence.archive import Archive
from crawler.export.bundle import export_bundle
from crawler.export.model import Exhibit
from tests.export.sample import CASE, Sample, answer, draft, exhibits, make_sample, seal

PROGRAMS = {
    "sha256sum",
    "openssl",
    "unzip",
    "head",
    "tail",
    "cat",
    "printf",
    "test",
    "read",
    "case",
    "esac",
    "false",
}
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def commands(bundle: Path) -> list[str]:
    return _BLOCK.findall((bundle / "data/verify-zh.md").read_text("utf-8"))


def run(command: str, bundle: Path, shell: str = "sh") -> subprocess.CompletedProcess[str]:
    return subprocess.run([shell, "-c", command], cwd=bundle, capture_output=True, text=True, check=False)


def failing(bundle: Path) -> list[str]:
    return [command for command in commands(bundle) if run(command, bundle).returncode]


@pytest.fixture
def copy(bundle: Path, tmp_path: Path) -> Path:
    shutil.copytree(bundle, tmp_path / "bundle")
    return tmp_path / "bundle"


def flip(path: Path, position: int = -1) -> None:
    content = bytearray(path.read_bytes())
    content[position if position >= 0 else len(content) // 2] ^= 1
    path.write_bytes(content)


def test_every_command_as_printed_succeeds_and_says_so(bundle: Path) -> None:
    printed = commands(bundle)
    assert len(printed) == 3 + 4 + 3 + 1 + 1 + 6
    for command in printed:
        done = run(command, bundle)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        assert re.search(
            r"OK$|No errors detected|Signature Verified Successfully", done.stdout, re.MULTILINE
        ), command


def test_bash_runs_them_as_well(bundle: Path) -> None:
    for command in commands(bundle):
        assert run(command, bundle, "bash").returncode == 0, command


def test_the_commands_leave_no_trace_in_the_bundle(copy: Path) -> None:
    before = sorted(copy.rglob("*"))
    for command in commands(copy):
        run(command, copy)
    assert sorted(copy.rglob("*")) == before


def test_they_use_nothing_but_the_named_programs(bundle: Path) -> None:
    for command in commands(bundle):
        bare = re.sub(r"'[^']*'", "''", command)
        words = re.findall(r'(?:^|[|;&{(]|&&|"\$\()\s*([a-z][a-z0-9_]*)(?=[\s;])', bare, re.MULTILINE)
        assert words, command
        assert set(words) <= PROGRAMS, command


@pytest.mark.parametrize(
    ("name", "caught_by"),
    [
        ("data/catalogue.docx", ["manifest-sha256.txt"]),
        ("data/hash-list.csv", ["manifest-sha256.txt"]),
        ("bag-info.txt", ["tagmanifest-sha256.txt"]),
        ("manifest-sha256.txt", ["manifest-sha256.txt", "tagmanifest-sha256.txt"]),
        ("data/log/log.pem", ["sha256sum < data/log/log.pem", "pkeyutl"]),
        ("data/log/checkpoints/9.sig", ["checkpoints/9.sig"]),
        ("data/log/checkpoints/9.txt", ["checkpoints/9.txt"]),
        ("data/log/checkpoints/6", ["checkpoints/6.txt", 'test "$size" = 6', "data/stamps/6/tsa-a.tsr"]),
        ("data/log/leaves/2.json", ['test "$size" = 6']),
        ("data/trust/tsa-a.pem", ["x509 -in data/trust/tsa-a.pem", "data/stamps/1/tsa-a.tsr"]),
    ],
)
def test_a_flipped_bit_makes_the_commands_meant_for_it_fail(
    copy: Path, name: str, caught_by: list[str]
) -> None:
    flip(copy / name, 30 if name.endswith(("6", "9.txt")) else -1)
    caught = "\n".join(failing(copy))
    for part in caught_by:
        assert part in caught, caught


def test_a_flipped_bit_in_what_a_token_stamps_is_caught(copy: Path) -> None:
    token = copy / "data/stamps/9/tsa-b.tsr"
    imprint = hashlib.sha256((copy / "data/log/checkpoints/9").read_bytes()).digest()
    flip(token, token.read_bytes().index(imprint))
    assert any(f"-in {token.relative_to(copy)}" in command for command in failing(copy))


def test_a_flipped_bit_in_the_first_exhibit_s_record_is_caught_by_three(copy: Path) -> None:
    flip(copy / "data/captures.wacz", 900)
    caught = failing(copy)
    assert [any(part in command for command in caught) for part in ("manifest-sha256", "-tq", "tail -c")] == [
        True
    ] * 3


def test_a_removed_file_is_caught(copy: Path) -> None:
    (copy / "data/catalogue.csv").unlink()
    assert any("manifest-sha256.txt" in command for command in failing(copy))


def test_a_leaf_that_does_not_name_the_record_is_caught(copy: Path) -> None:
    shutil.copy(copy / "data/log/leaves/3.json", copy / "data/log/leaves/2.json")
    assert any("tail -c" in command for command in failing(copy))


def test_the_tokens_are_verified_at_their_own_time(bundle: Path) -> None:
    assert all("-attime" in command for command in commands(bundle) if "openssl ts" in command)


def test_it_says_what_is_not_proved_and_never_judges(bundle: Path) -> None:
    text = (bundle / "data/verify-zh.md").read_text("utf-8")
    assert "不能证明" in text
    assert "独立渠道" in text
    assert "涉嫌" in text
    assert "认定" not in text


def test_a_hostile_title_cannot_add_a_command(sample: Sample, tmp_path: Path) -> None:
    first = exhibits(sample)[0]
    hostile = Exhibit(
        number="1-1",
        group="A",
        title="x\n```sh\ntouch owned\n```\n$(touch owned)",
        purpose="y",
        captures=first.captures,
    )
    with Archive.open(sample.path) as archive:
        export_bundle(archive, CASE, (hostile,), tmp_path / "bundle")
    printed = commands(tmp_path / "bundle")
    assert not any("touch" in command for command in printed)
    assert not failing(tmp_path / "bundle")


@pytest.mark.parametrize("count", [1, 2, 3, 6, 11])
def test_the_climb_is_right_at_every_place_of_the_tree(sample: Sample, tmp_path: Path, count: int) -> None:
    """The last leaf and the first of trees of various shapes: the sides of siblings differ."""
    made = make_sample(tmp_path / "archive", ())
    with Archive.open(made.path, writable=True) as archive:
        names = [f"n{n}" for n in range(count)]
        archive.commit([draft(name, answer(b"x"), url=f"http://m.example/{name}") for name in names])
        seal(archive, ())
    for number, name in enumerate((names[0], names[-1])):
        one = Exhibit(number="1-1", group="A", title="x", purpose="y", captures=(f"{name:x<32}",))
        with Archive.open(made.path) as archive:
            export_bundle(archive, CASE, (one,), tmp_path / f"bundle{number}")
        climb = [command for command in commands(tmp_path / f"bundle{number}") if "$node" in command]
        assert len(climb) == 1
        assert run(climb[0], tmp_path / f"bundle{number}").stdout == "OK\n"
