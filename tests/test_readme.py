"""The two READMEs say the same, and it works: commands parse, links lead somewhere, verification verifies."""

import re
import shlex
import subprocess
from pathlib import Path

import click
import pytest

from crawler.commands.root import evidence
from crawler.demo.tsa import DemoAuthority
from crawler.evidence.archive import Archive
from crawler.export.bundle import export_bundle
from tests.export.sample import CASE, exhibits, make_authorities, make_sample

ROOT = Path(__file__).parents[1]
ENGLISH, CHINESE = "README.md", "README.zh-CN.md"
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"(^|\s)#.*$", re.MULTILINE)


def text(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def blocks(markdown: str) -> list[str]:
    """The shell blocks."""
    return [code for language, code in _FENCE.findall(markdown) if language == "sh"]


def prose(markdown: str) -> str:
    return _FENCE.sub("", markdown)


def commands(markdown: str) -> list[list[str]]:
    """The words of every `evidence …` command, in blocks and in the running text."""
    lines = [line for code in blocks(markdown) for line in code.replace("\\\n", " ").splitlines()]
    lines += re.findall(r"`(evidence [^`]+)`", prose(markdown))
    return [shlex.split(line) for line in lines if line.startswith("evidence ")]


def bare(code: str) -> str:
    """A block without its comments, which are the only part that is translated."""
    return _COMMENT.sub("", code).strip()


def shape(markdown: str) -> list[str]:
    """What both languages share: heading levels, kinds of block, list items and table rows, in order."""
    marks = {"#": "heading", "-": "item", "|": "row", "!": "picture"}
    found = []
    for line in _FENCE.sub("CODE", markdown).splitlines():
        if line == "CODE":
            found.append("code")
        elif line[:1] in marks:
            found.append(marks[line[0]] + (line.split()[0] if line[0] == "#" else ""))
        elif re.match(r"\*\*\d\.", line):
            found.append(line[:4])
    return found


def section(markdown: str, title: str) -> str:
    found = re.search(rf"^## {title}\n(.*?)(?=^## )", markdown, re.MULTILINE | re.DOTALL)
    assert found, title
    return found[1]


def test_both_have_the_same_shape() -> None:
    assert shape(text(ENGLISH)) == shape(text(CHINESE))


def test_both_print_the_same_commands() -> None:
    assert [bare(code) for code in blocks(text(ENGLISH))] == [bare(code) for code in blocks(text(CHINESE))]


def test_both_name_the_same_things() -> None:
    """Files, options and addresses in the running text are not translated, so none was forgotten."""

    def names(markdown: str) -> set[str]:
        return set(re.findall(r"`([^`]+)`", prose(markdown)))

    assert names(text(ENGLISH)) == names(text(CHINESE))


@pytest.mark.parametrize(
    "words",
    [pytest.param(words, id=" ".join(words)[:60]) for words in commands(text(ENGLISH))],
)
def test_commands_parse(words: list[str]) -> None:
    parse(evidence, words[1:])


def parse(command: click.Command, words: list[str]) -> None:
    """Let click read the words, down to the last subcommand, and run nothing. Raises click.UsageError."""
    context = command.make_context(
        command.name, list(words), resilient_parsing=words == ["--help"], help_option_names=["-h", "--help"]
    )
    if isinstance(command, click.Group) and words != ["--help"]:
        name, found, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        assert found is not None, name
        parse(found, rest)


def test_a_wrong_command_would_be_noticed() -> None:
    with pytest.raises(click.UsageError):
        parse(evidence, ["crawl", "tieba", "--stealth"])
    with pytest.raises(click.UsageError):
        parse(evidence, ["case", "adopt", "K1"])


@pytest.mark.parametrize("name", [ENGLISH, CHINESE])
def test_make_targets_exist(name: str) -> None:
    targets = set(re.findall(r"^make ([a-z]+)", "".join(blocks(text(name))), re.MULTILINE))
    targets |= set(re.findall(r"`make ([a-z]+)`", prose(text(name))))
    makefile = text("Makefile")
    assert {"demo", "test"} <= targets
    assert [target for target in targets if not re.search(rf"^{target}:", makefile, re.MULTILINE)] == []


@pytest.mark.parametrize("name", [ENGLISH, CHINESE])
def test_links_lead_somewhere(name: str) -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", text(name))
    assert len(targets) > 6
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_pictures_are_small() -> None:
    pictures = list((ROOT / "docs/pictures").glob("*.png"))
    assert pictures
    assert [path.name for path in pictures if path.stat().st_size > 300_000] == []


def test_wording_leaves_judgement_to_people() -> None:
    chinese = text(CHINESE)
    assert "认定" not in chinese
    assert all(word in chinese for word in ("疑似", "涉嫌", "初步证据"))


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("readme")
    authorities: tuple[DemoAuthority, ...] = make_authorities(folder)
    sample = make_sample(folder / "archive", authorities)
    with Archive.open(sample.path) as archive:
        return export_bundle(archive, CASE, exhibits(sample), folder / "bundle").path


def verifying() -> list[str]:
    """The commands of the section on verification; the first block holds three, each on a line."""
    first, *loops = blocks(section(text(ENGLISH), "Verify without us"))
    return [*filter(None, bare(first).splitlines()), *loops]


def status(command: str, folder: Path) -> int:
    return subprocess.run(["sh", "-c", command], cwd=folder, capture_output=True, check=False).returncode


def test_verification_commands_pass_on_a_bundle(bundle: Path) -> None:
    assert len(verifying()) == 6
    assert [command for command in verifying() if status(command, bundle) != 0] == []


# A file of the bundle, where it is changed (as a share of its length), and the number (in `verifying`) of the
# command that must notice. A token ends with its signature; before that lies a certificate that chain.pem has too.
TOUCHED = [
    ("data/catalogue.csv", 0.5, 0),
    ("bag-info.txt", 0.5, 1),
    ("data/captures.wacz", 0.1, 2),
    ("tagmanifest-sha256.txt.sig", 0.5, 3),
    ("data/log/checkpoints/*.sig", 0.5, 4),
    ("data/log/checkpoints/*.txt", 0.5, 4),
    ("data/log/checkpoints/*[0-9]", 0.2, 4),
    ("data/stamps/*/tsa-a.tsr", 0.99, 5),
    ("data/stamps/*/tsa-b.tsr", 0.99, 5),
]


@pytest.mark.parametrize(("pattern", "where", "number"), TOUCHED)
def test_verification_commands_notice_a_changed_byte(
    bundle: Path, pattern: str, where: float, number: int
) -> None:
    command = verifying()[number]
    path = min(bundle.glob(pattern))
    content = path.read_bytes()
    changed = bytearray(content)
    changed[int(len(content) * where)] ^= 1
    path.write_bytes(changed)
    try:
        assert status(command, bundle) != 0
    finally:
        path.write_bytes(content)
