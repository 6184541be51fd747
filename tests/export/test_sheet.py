"""核验说明: every command as printed, by a shell that knows nothing of us; before and after tampering."""

import hashlib
import html
import re
import shutil
import subprocess
from collections.abc import Callable
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


def append(path: Path, more: bytes) -> None:
    path.write_bytes(path.read_bytes() + more)


def test_every_command_as_printed_succeeds_and_says_so(bundle: Path) -> None:
    printed = commands(bundle)
    assert len(printed) == 3 + 5 + 3 + 2 + 1 + 1 + 6
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


def test_the_page_for_browsers_holds_the_same_commands(bundle: Path) -> None:
    page = (bundle / "data/verify-zh.html").read_text("utf-8")
    in_page = [html.unescape(code) + "\n" for code in re.findall(r"<pre>(.*?)</pre>", page, re.DOTALL)]
    assert in_page == commands(bundle)
    assert "涉嫌" in page
    assert "http" not in page.replace("http-equiv", "")


def stamping(bundle: Path, authority: str) -> list[str]:
    return [command for command in commands(bundle) if f"/{authority}.tsr" in command]


def test_openssl_gets_other_certificates_only_where_it_needs_them(bundle: Path) -> None:
    """tsa-b's tokens lack their intermediate certificate; for tsa-a the root is enough, and nothing is warned of."""
    assert len(stamping(bundle, "tsa-a")) == 3
    for command in stamping(bundle, "tsa-a"):
        assert "Warning" not in run(command, bundle).stderr
    for command in stamping(bundle, "tsa-b"):
        without = re.sub(r" -untrusted \S+", "", command)
        assert without != command
        assert run(without, bundle).returncode


def test_everything_that_is_printed_beside_the_verdict_is_explained(bundle: Path) -> None:
    text = (bundle / "data/verify-zh.md").read_text("utf-8")
    printed = "".join(run(command, bundle).stderr for command in commands(bundle))
    known = ("Using configuration from ", "Warning: certificate from ")
    assert {line for line in printed.splitlines() if not line.startswith(known)} == set()
    for wanted in (
        "`Using configuration from …`",
        "is not a CA cert",
        "WSL",
        "Git Bash",
        "分块",
        "采集清单（manifest",
    ):
        assert wanted in text


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda copy: flip(copy / "bag-info.txt"), "WARNING: 1 computed checksum did NOT match"),
        (lambda copy: (copy / "bag-info.txt").unlink(), "WARNING: 1 listed file could not be read"),
        (
            lambda copy: append(copy / "tagmanifest-sha256.txt", b"x\n"),
            "WARNING: 1 line is improperly formatted",
        ),
    ],
)
def test_a_fault_never_shows_ok_and_its_english_line_is_explained(
    copy: Path, spoil: Callable[[Path], object], said: str
) -> None:
    spoil(copy)
    command = next(command for command in commands(copy) if "-c tagmanifest-sha256.txt" in command)
    done = run(command, copy)
    assert done.returncode
    assert "OK" not in done.stdout
    assert said in done.stderr
    assert f"`{said}`" in (copy / "data/verify-zh.md").read_text("utf-8")


def test_log_indices_are_said_to_begin_at_zero(bundle: Path) -> None:
    text = (bundle / "data/verify-zh.md").read_text("utf-8")
    assert re.search(r"日志序号 \d+（从 0 起）", text)
    assert not re.search(r"第 \d+ 条", text)


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
