"""Attachments of an online submission: nothing lost, every limit held, digests as openssl has them."""

import csv
import io
import json
import random
import shutil
import subprocess
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pypdf
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from crawler.attachment_limits import AttachmentLimits
from crawler.cli import evidence
from crawler.config import parse_config, read_config
from crawler.errors import ConfigError, FormatError, UsageError
from crawler.evidence.digest import digest
from crawler.export.attachments.parts import packed
from crawler.export.attachments.pieces import LeftOut, Piece, pieces
from crawler.export.attachments.write import write_attachments
from crawler.export.papers.pdf import pdf
from tests.export.sample import Sample
from tests.export.test_bundle import contents, copied

WHOLE = AttachmentLimits("large", 20, 50_000_000)
SMALL = AttachmentLimits("small", 3, 900_000, 1_800_000)


def text(content: bytes) -> list[str]:
    return [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages]


def rows(folder: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO((folder / "index.csv").read_text("utf-8-sig"))))[1:]


@given(
    sizes=st.lists(st.integers(0, 900), max_size=40),
    files=st.integers(2, 9),
    total=st.one_of(st.just(0), st.integers(1000, 3000)),
)
def test_packing_keeps_order_loses_nothing_and_holds_the_limits(
    sizes: list[int], files: int, total: int
) -> None:
    parts = packed(sizes, AttachmentLimits("x", files, 900, total), 100)
    assert [one for members in parts for one in members] == list(range(len(sizes)))
    for members in parts:
        assert 1 <= len(members) < files
        assert not total or 100 + sum(sizes[one] for one in members) <= total
    for before, after in pairwise(parts):  # nothing of the next would have fitted
        assert len(before) == files - 1 or (
            total and 100 + sum(sizes[one] for one in [*before, after[0]]) > total
        )


def test_an_index_that_leaves_no_room_is_refused() -> None:
    with pytest.raises(UsageError, match="max_total_megabytes"):
        packed([50], AttachmentLimits("x", 5, 100, 100), 60)


def test_large_limits_give_one_part_with_every_pdf_as_it_is(bundle: Path, tmp_path: Path) -> None:
    found = write_attachments(bundle, tmp_path / "a", WHOLE)
    assert found.parts == 1
    given_out = sorted((tmp_path / "a/part-01").iterdir())
    assert [path.name for path in given_out] == [
        "00-index.pdf", "01-catalogue.pdf", "02-report.pdf", "03-exhibit-1-1.pdf", "04-exhibit-2-1.pdf",
        "05-exhibit-2-2.pdf",
    ]  # fmt: skip
    for path in given_out[1:]:
        assert path.read_bytes() == (bundle / "data/papers" / path.name[3:]).read_bytes()
    assert {one.paper for one in found.left_out} >= {"tables.xlsx"}, "what the site does not take is said"
    listed = text(given_out[0].read_bytes())
    assert "未列入附件" in "".join(listed)
    assert [row[3] for row in rows(tmp_path / "a")][:1] == ["1–2"]


@pytest.fixture(scope="module")
def pictured(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle with a print of seven pages that are pictures, as large as those of real pages."""
    path = tmp_path_factory.mktemp("pictured") / "bundle"
    shutil.copytree(bundle, path)
    pictures = {f"p{number}": _noise(number) for number in range(7)}
    body = "".join(
        f"<div style='break-after:page'>第 {name} 幅<img src='picture:{name}'></div>" for name in pictures
    )
    content = pdf("证据 3-1", body, author="某", until="2026-11-22T08:00:00.000000Z", pictures=pictures)
    (path / "data/papers/exhibit-3-1.pdf").write_bytes(content)
    with (path / "manifest-sha256.txt").open("a") as manifest:
        manifest.write(f"{digest(content).removeprefix('sha256:')}  data/papers/exhibit-3-1.pdf\n")
    return path


def _noise(number: int) -> bytes:
    kept = io.BytesIO()
    Image.frombytes("RGB", (300, 300), random.Random(number).randbytes(270_000)).save(kept, "PNG")
    return kept.getvalue()


def test_every_limit_is_held_and_pages_add_up(pictured: Path, tmp_path: Path) -> None:
    found = write_attachments(pictured, tmp_path / "a", SMALL)
    assert not [one for one in found.left_out if one.paper.endswith(".pdf")]
    folders = sorted((tmp_path / "a").glob("part-*"))
    assert found.parts == len(folders) > 2
    for folder in folders:
        sizes = [path.stat().st_size for path in folder.iterdir()]
        assert len(sizes) <= SMALL.most_files
        assert sum(sizes) <= SMALL.most_total
        assert max(sizes) <= SMALL.most_bytes
        assert (folder / "00-index.pdf").read_bytes() == (folders[0] / "00-index.pdf").read_bytes()
    whole = text((pictured / "data/papers/exhibit-3-1.pdf").read_bytes())
    cut = [path for folder in folders for path in sorted(folder.glob("*-exhibit-3-1.*"))]
    assert len(cut) > 1
    assert [page for path in cut for page in text(path.read_bytes())] == whole
    named = [row for row in rows(tmp_path / "a") if "exhibit-3-1" in row[1]]
    assert named[0][2] == f"证据 3-1（第 1 份，共 {len(cut)} 份）"
    assert named[0][3].startswith("1–")
    assert named[-1][3].endswith(f"–{len(whole)}")
    assert "不带PDF签名" in "".join("".join(text((folders[0] / "00-index.pdf").read_bytes())).split())


def test_digests_are_what_openssl_says(pictured: Path, tmp_path: Path) -> None:
    write_attachments(pictured, tmp_path / "a", SMALL)
    for part, name, _, _, size, *listed in (row for row in rows(tmp_path / "a") if row[0] != "—"):
        path = tmp_path / f"a/part-{int(part):02}" / name
        assert path.stat().st_size == int(size)
        for algorithm, expected in zip(("sha256", "sm3"), listed, strict=True):
            run = subprocess.run(
                ["openssl", "dgst", f"-{algorithm}", "-r", str(path)],
                capture_output=True,
                text=True,
                check=True,
            )
            assert run.stdout.split()[0] == expected


def test_the_same_bundle_and_limits_give_the_same_bytes(pictured: Path, tmp_path: Path) -> None:
    for name in "ab":
        write_attachments(pictured, tmp_path / name, SMALL)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_a_page_that_is_too_large_is_said_and_not_lost(bundle: Path) -> None:
    content = (bundle / "data/papers/report.pdf").read_bytes()
    (left,) = pieces("report.pdf", content, 3000)
    assert isinstance(left, LeftOut)
    assert "证据介质" in left.why
    (sheet,) = pieces("tables.xlsx", b"x" * 10, 9)
    assert isinstance(sheet, LeftOut)
    (whole,) = pieces("tables.xlsx", b"x" * 9, 9)
    assert isinstance(whole, Piece)
    with pytest.raises(FormatError, match=r"x\.pdf"):
        list(pieces("x.pdf", b"no pdf", 9))


@pytest.mark.parametrize(
    ("harm", "error", "said"),
    [
        (lambda to: (to / "data/papers/report.pdf").write_bytes(b"other"), FormatError, "report.pdf"),
        (lambda to: (to / "manifest-sha256.txt").unlink(), UsageError, "manifest-sha256"),
        (
            lambda to: (to / "manifest-sha256.txt").write_text(f"{'0' * 64}  data/papers/../../x.pdf\n"),
            UsageError,
            r"\.\./x\.pdf",
        ),
    ],
    ids=["altered", "no-list", "path"],
)
def test_a_bundle_that_is_not_whole_gives_nothing(
    bundle: Path, tmp_path: Path, harm: Callable[[Path], object], error: type[Exception], said: str
) -> None:
    shutil.copytree(bundle, tmp_path / "bundle")
    harm(tmp_path / "bundle")
    with pytest.raises(error, match=said):
        write_attachments(tmp_path / "bundle", tmp_path / "a", WHOLE)
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_limits_below_the_index_are_refused(bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="index alone"):
        write_attachments(bundle, tmp_path / "a", AttachmentLimits("tiny", 5, 9_000))


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("[attachments]\nx = 1", r"sections \[attachments.NAME\]"),
        ("[attachments.'A b']\nmax_files = 3\nmax_megabytes = 1", "lower-case"),
        ("[attachments.x]\nmax_megabytes = 1", "max_files = None"),
        ("[attachments.x]\nmax_files = 1\nmax_megabytes = 1", "max_files = 1 "),
        ("[attachments.x]\nmax_files = true\nmax_megabytes = 1", "max_files = True"),
        ("[attachments.x]\nmax_files = 3\nmax_megabytes = 0", "max_megabytes = 0 "),
        ("[attachments.x]\nmax_files = 3\nmax_megabytes = 'x'", "max_megabytes = 'x'"),
        ("[attachments.x]\nmax_files = 3\nmax_megabytes = 5\nmax_total_megabytes = 4", "max_total_megabytes"),
        ("[attachments.x]\nmax_files = 3\nmax_megabytes = 5\ntypes = ['exe']", "exe"),
        ("[attachments.x]\nmax_files = 3\nmax_megabytes = 5\ntypes = ['docx']", "lacks pdf"),
        ("[attachments.x]\nmax_files = 3\nmax_megabyte = 5", "unknown setting max_megabyte"),
    ],
)
def test_settings_that_cannot_be_are_refused_by_name(sample: Sample, table: str, said: str) -> None:
    path = sample.path / "evidence.toml"
    with pytest.raises(ConfigError, match=said):
        parse_config(path, path.read_text("utf-8") + "\n" + table)


def test_the_command(sample: Sample, bundle: Path, tmp_path: Path) -> None:
    archive = copied(sample, tmp_path / "archive")
    path = archive / "evidence.toml"
    run = CliRunner().invoke
    command = ["--archive", str(archive), "attachments", str(bundle), "--limits", "12315", "--to"]
    refused = run(evidence, [*command, str(tmp_path / "out")])
    assert refused.exit_code != 0
    path.write_text(
        path.read_text("utf-8")
        + '\n[attachments.12315]\nmax_files = 4\nmax_megabytes = 0.5\ntypes = ["pdf", "xlsx"]\n'
    )
    (limits,) = read_config(archive).attachments
    assert (limits.most_files, limits.most_bytes, limits.most_total, limits.types) == (
        4,
        500_000,
        0,
        ("pdf", "xlsx"),
    )
    done = run(evidence, [*command, str(tmp_path / "out"), "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["parts"] == len(list((tmp_path / "out").glob("part-*"))) == 2
    assert (tmp_path / "out/part-02/03-tables.xlsx").is_file()
    again = run(evidence, [*command, str(tmp_path / "out")])
    assert again.exit_code != 0
