"""Folders of photos and recordings with notes: one capture for each file, what was noted kept as a claim."""

import json
import os
import re
import struct
from pathlib import Path

import pytest

from crawler.engine.importers import pictures
from tests.archives import nothing_failed
from tests.engine.importers.imported import captures, events, record, take
from tests.engine.importers.served import PNG

NOTE = {"when": "2026-11-20 14:03", "where": "某某超市门口", "who": "李某", "what": "好评返现卡正面"}


def jpeg(date: bytes = b"2026:11:20 14:03:11") -> bytes:
    """A JPEG's beginning with an Exif date."""
    ifd = struct.pack("<HHHIII", 1, 0x8769, 4, 1, 26, 0)
    exif = struct.pack("<HHHIII", 1, 0x9003, 2, 20, 44, 0)
    tiff = b"II*\x00" + struct.pack("<I", 8) + ifd + exif + date + b"\x00"
    return b"\xff\xd8\xff\xe1" + struct.pack(">H", len(tiff) + 8) + b"Exif\x00\x00" + tiff + b"\xff\xd9"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two photos and a recording, without notes."""
    folder = tmp_path / "返现卡 照片"
    folder.mkdir()
    (folder / "正面.jpg").write_bytes(jpeg())
    (folder / "b.png").write_bytes(PNG)
    (folder / "c.m4a").write_bytes(b"\x00\x00\x00\x20ftypM4A \x00\x00\x00\x00")
    return folder


def written_json(folder: Path) -> None:
    (folder / "notes.json").write_text(json.dumps([{"file": "正面.jpg", **NOTE}]), "utf-8")


def written_csv(folder: Path) -> None:
    lines = "文件,时间,地点,人员,说明\n正面.jpg," + ",".join(NOTE.values()) + "\n"
    (folder / "notes.csv").write_bytes(lines.encode("gb18030"))


def written_txt(folder: Path) -> None:
    about = "\n".join(f"{name}: {value}" for name, value in NOTE.items())
    (folder / "notes.txt").write_text(f"文件：正面.jpg\n{about}\n\n", "utf-8")


@pytest.mark.parametrize("write", [written_json, written_csv, written_txt])
def test_each_file_is_a_capture_with_what_was_noted(write, archive: Path, folder: Path) -> None:  # type: ignore[no-untyped-def]
    write(folder)
    reports = take(archive, folder, origin="消费者李某提供")
    assert all(report.complete for report in reports)
    found = {capture.media_type: capture for capture in captures(archive)}
    assert set(found) == {"image/jpeg", "image/png", "audio/mp4"}
    photo = found["image/jpeg"]
    assert photo.imported is not None
    claimed = photo.imported["claimed"]
    assert claimed == {
        "date": NOTE["when"],
        "where": NOTE["where"],
        "who": NOTE["who"],
        "what": NOTE["what"],
        "exif_date": "2026:11:20 14:03:11",
    }
    assert photo.url == f"urn:evidence:import:{photo.imported['file'].removeprefix('sha256:')}"
    assert record(archive, photo, "resource").block == jpeg()
    kept = {event["name"]: event for event in events(archive, "file-imported")}
    assert len(kept) == 4
    assert {event["origin"] for event in kept.values()} == {"消费者李某提供"}
    assert next(event for event in kept.values() if event["format"] == "notes")["pages"] == 0
    nothing_failed(archive)


def test_notes_about_all_files_and_about_one_that_is_not_there(archive: Path, folder: Path) -> None:
    (folder / "notes.txt").write_text("在商场门口拍摄\nwho: 王某\nfile: 没有.jpg\nwhen: 昨天\n", "utf-8")
    reports = take(archive, folder)
    assert [report.name for report in reports if report.refused] == ["没有.jpg"]
    claimed = [capture.imported["claimed"] for capture in captures(archive) if capture.imported]
    assert all(claim["what"] == "在商场门口拍摄" and claim["who"] == "王某" for claim in claimed)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("notes.json", b"{"),
        ("notes.json", b"[" * 100_000),
        ("notes.txt", b"\xff\xff\xff"),
        ("notes.csv", b"file\n" + b'"' + b"x" * 200_000),
    ],
)
def test_notes_that_cannot_be_read_are_said_so(
    name: str, content: bytes, archive: Path, folder: Path
) -> None:
    (folder / name).write_bytes(content)
    reports = take(archive, folder)
    assert [report.name for report in reports if report.refused] == [name]
    assert len(captures(archive)) == 3


def test_links_pipes_and_unknown_files_in_a_folder_are_refused(archive: Path, folder: Path) -> None:
    os.mkfifo(folder / "pipe.jpg")
    (folder / "d.docx").write_bytes(b"PK\x03\x04 word")
    (folder / "sub").mkdir()
    (folder / "link.jpg").symlink_to(folder / "正面.jpg")
    reports = {report.name: report for report in take(archive, folder)}
    assert [name for name, report in reports.items() if report.refused] == [
        "d.docx",
        "link.jpg",
        "pipe.jpg",
        "sub",
    ]
    assert len(captures(archive)) == 3
    nothing_failed(archive)


def test_a_recording_too_large_for_a_record_is_kept_and_partial(
    archive: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "LIMIT", 1)
    settings = (archive / "evidence.toml").read_text("utf-8")
    assert "max_page_megabytes" in settings
    small = re.sub(r"max_page_megabytes = \S+", "max_page_megabytes = 0.00002", settings)
    (archive / "evidence.toml").write_text(small, "utf-8")
    (report,) = take(archive, folder / "正面.jpg")
    assert report.captures == {"partial": 1}
    (capture,) = captures(archive)
    assert [stored.type for stored in capture.records] == ["metadata"]
    assert report.file is not None
    assert (archive / report.file).read_bytes() == jpeg()


@pytest.mark.parametrize("cut", range(4, 80, 7))
def test_a_cut_exif_is_no_date_and_no_fault(cut: int, archive: Path, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg()[:cut])
    (report,) = take(archive, tmp_path / "a.jpg")
    assert report.captures == {"complete": 1}
