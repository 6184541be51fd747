"""The check of the 证据目录: what the owner of the log writes there beside the log is named, by row."""

import shutil
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crawler.evidence.archive import Archive
from crawler.evidence.bracket import Bound, Bracket
from crawler.evidence.bundle import CATALOGUE_CSV, CATALOGUE_DOCX
from crawler.evidence.checks.catalogue import Known, check_catalogue
from crawler.evidence.checks.inclusion import Part
from crawler.evidence.checks.log_part import LogPart
from crawler.evidence.report import Faults
from crawler.export.bundle import export_bundle
from tests.export.sample import CASE, Sample, exhibits, make_authorities, make_sample

WORD = "word/document.xml"


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    folder = tmp_path_factory.mktemp("sample")
    return make_sample(folder / "archive", make_authorities(folder)[:1])


@pytest.fixture(scope="module")
def original(sample: Sample) -> Path:
    with Archive.open(sample.path) as archive:
        return export_bundle(archive, CASE, exhibits(sample), sample.path.parent / "bundle").path


@pytest.fixture(scope="module")
def known(original: Path) -> dict[int, Known]:
    return LogPart(Part(original / "data", "data/"), None, None).captures()


@pytest.fixture
def bundle(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "bundle"))


def found(bundle: Path, known: dict[int, Known]) -> list[str]:
    faults = Faults("documents")
    check_catalogue(bundle, known, faults)
    return faults.named


def edit_csv(bundle: Path, change: Callable[[str], str]) -> None:
    path = bundle / CATALOGUE_CSV
    before = path.read_bytes().decode()
    assert change(before) != before
    path.write_bytes(change(before).encode())


def edit_word(bundle: Path, change: Callable[[str], str]) -> None:
    path = bundle / CATALOGUE_DOCX
    with zipfile.ZipFile(path) as package:
        members = {name: package.read(name) for name in package.namelist()}
    before = members[WORD].decode()
    assert change(before) != before
    members[WORD] = change(before).encode()
    with zipfile.ZipFile(path, "w") as package:
        for name, content in members.items():
            package.writestr(name, content)


def test_what_the_exporter_writes_is_true(bundle: Path, known: dict[int, Known]) -> None:
    assert len(known) == 5
    assert found(bundle, known) == []


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("采集 20", "采集 19", "says 采集 19"),
        ("不晚于 20", "不晚于 19", "which no token over capture"),
        ("不早于 20", "不早于 21", "which no token that capture"),
        (
            "日志序号 1；",
            "日志序号 777；",
            "is no capture of this bundle",
        ),  # replaced below where it stands last
        (
            "market.example/forum",
            "market.example/never",
            "is not the address of a capture that the row names",
        ),
        ("；日志序号", "；序号", "names no capture, or a time"),
        ("采集 20", "采集于 20", "names no capture, or a time"),
    ],
)
def test_a_lie_in_both_files_is_named(
    bundle: Path, known: dict[int, Known], old: str, new: str, says: str
) -> None:
    if old == "日志序号 1；":
        index = min(known)
        old, new = f"日志序号 {index}", f"日志序号 777{index}"
    edit_csv(bundle, lambda text: text.replace(old, new))
    edit_word(bundle, lambda text: text.replace(old.strip("；"), new.strip("；")))
    problems = found(bundle, known)
    assert says in "\n".join(problems), problems
    assert problems[0].startswith(f"{CATALOGUE_CSV} row ")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("采集 20", "采集 19", "does not state the same times"),
        ("不早于 20", "不早于 21", "does not state the same times"),
        ("market.example/forum", "market.example/never", "lacks the address"),
    ],
)
def test_a_lie_in_the_word_document_alone_is_named(
    bundle: Path, known: dict[int, Known], old: str, new: str, says: str
) -> None:
    edit_word(bundle, lambda text: text.replace(old, new))
    assert says in "\n".join(found(bundle, known))


def test_words_of_a_person_are_theirs(bundle: Path, known: dict[int, Known]) -> None:
    edit_csv(bundle, lambda text: text.replace("招募帖", "采集1队的招募帖"))
    edit_word(bundle, lambda text: text.replace("招募帖", "采集1队的招募帖"))
    assert found(bundle, known) == []


def test_an_exhibit_of_two_thousand_captures_is_read(bundle: Path, known: dict[int, Known]) -> None:
    text = (bundle / CATALOGUE_CSV).read_bytes().decode()
    begin = text.index("采集 20")
    claim = text[begin : text.index("日志序号", begin)] + f"日志序号 {min(known)}"
    edit_csv(bundle, lambda text: text[:begin] + f"{claim}\n" * 2000 + text[begin:])
    assert "cannot be read" not in "\n".join(found(bundle, known))


@pytest.mark.parametrize("content", [b"", b"x", b"\xff\xfe", b'\xef\xbb\xbf"', b"a,b\r\n", b"h\r\na,b\r\n"])
def test_what_is_no_catalogue_is_named(bundle: Path, known: dict[int, Known], content: bytes) -> None:
    (bundle / CATALOGUE_CSV).write_bytes(content)
    assert "cannot be read" in found(bundle, known)[0]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_word_document_is_named(bundle: Path, known: dict[int, Known], content: bytes) -> None:
    (bundle / CATALOGUE_DOCX).write_bytes(content)
    assert "is not a Word document" in found(bundle, known)[0]


def test_a_wider_interval_than_the_tokens_give_is_no_lie(bundle: Path, known: dict[int, Known]) -> None:
    edges = (datetime(2099, 1, 1, tzinfo=UTC), datetime(2000, 1, 1, tzinfo=UTC))
    lower, upper = (Bound(time, 1, ()) for time in edges)
    narrower = {index: one._replace(bracket=Bracket(lower, upper)) for index, one in known.items()}
    assert found(bundle, narrower) == []
    unknown = {index: one._replace(bracket=Bracket(None, None)) for index, one in known.items()}
    assert found(bundle, unknown) == [], "no token verified: other checks tell"
