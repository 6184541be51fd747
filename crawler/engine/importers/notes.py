"""What a person wrote down about pictures and recordings: notes.json, notes.csv or notes.txt beside them.

For each file: when, where, who and what. All of it is what somebody says, and is kept as such.

    notes.json   [{"file": "IMG_1.jpg", "when": "2026-11-20 14:03", "where": "…", "who": "…", "what": "…"}, …]
    notes.csv    a heading line with these names, then one line for each file
    notes.txt    lines `file: …`, `when: …`, …; `file:` begins the next one. Lines before the first are about all
"""

import csv
import io
import json
import re
from collections.abc import Iterable
from pathlib import Path

from crawler.engine.importers.found import claim
from crawler.errors import FormatError
from crawler.evidence.checks.reading import read_small

NAMES = ("notes.json", "notes.csv", "notes.txt")  # the first one that is there
_LIMIT = 4 << 20  # bytes
_MOST = 100_000  # entries
_WORDS = {
    "file": "file", "文件": "file", "文件名": "file",
    "when": "when", "date": "when", "time": "when", "时间": "when", "日期": "when",
    "where": "where", "地点": "where", "来源": "where",
    "who": "who", "人员": "who", "拍摄人": "who", "提供人": "who",
    "what": "what", "内容": "what", "说明": "what",
}  # fmt: skip
_LINE = re.compile(r"\s*([\w ]{1,20}?)\s*[:：]\s*(.+)")

Note = dict[str, str]  # when, where, who, what


def read_notes(path: Path) -> dict[str, Note]:
    """Notes by file name; what is about all files is under the name "". Raises FormatError."""
    text = _decoded(read_small(path, _LIMIT), path.name)
    try:
        if path.suffix == ".json":
            return _collected(_from_json(text))
        if path.suffix == ".csv":
            return _collected(csv.DictReader(io.StringIO(text, newline="")))
    except (ValueError, RecursionError, csv.Error) as error:
        raise FormatError(f"{path.name} cannot be read: {error}") from error
    return _from_lines(text)


def note_for(notes: dict[str, Note], name: str) -> Note:
    """What is noted about a file, and about all."""
    return {**notes.get("", {}), **notes.get(name, {})}


def _from_json(text: str) -> Iterable[dict[str, object]]:
    content = json.loads(text)
    if isinstance(content, dict):  # {"IMG_1.jpg": {…}} says the same
        content = [{"file": name, **about} for name, about in content.items() if isinstance(about, dict)]
    if not isinstance(content, list):
        raise ValueError("expected a list of notes")
    return [entry for entry in content if isinstance(entry, dict)]


def _collected(entries: Iterable[dict[str, object]]) -> dict[str, Note]:
    notes: dict[str, Note] = {}
    for number, entry in enumerate(entries):
        if number >= _MOST:
            raise ValueError(f"more than {_MOST} notes")
        known = {_WORDS.get(str(name).strip().lower()): claim(value) for name, value in entry.items()}
        name = known.pop("file", None) or ""
        note = {word: text for word, text in known.items() if word is not None and text is not None}
        notes.setdefault(name, {}).update(note)
    return notes


def _from_lines(text: str) -> dict[str, Note]:
    notes: dict[str, Note] = {}
    current = ""
    for line in text.splitlines():
        found = _LINE.fullmatch(line)
        word = _WORDS.get(found[1].strip().lower()) if found else None
        if word == "file" and found:
            current = found[2].strip()
            notes.setdefault(current, {})
        elif word is not None and found:
            notes.setdefault(current, {})[word] = claim(found[2]) or ""
        elif line.strip():
            note = notes.setdefault(current, {})
            note["what"] = claim(f"{note.get('what', '')} {line}") or ""
    return notes


def _decoded(content: bytes, name: str) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise FormatError(f"{name} is neither UTF-8 nor GB 18030: save it as UTF-8")
