"""Real strings: each is read as a person reads it, or left alone for a stated reason; the results are documented."""

import codecs
import html
import re
import unicodedata
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from tests.printed.table import BEGIN, DOCUMENT, END, NOTHING, READ, Row, document, measured, rows

ROWS = rows()
ENCODINGS = ("utf-8", "gb18030", "iso-8859-15")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.kind}:{row.printed}")
def test_a_string_is_read_as_it_is_meant_or_left_alone_for_a_reason(row: Row) -> None:
    assert row.answer() == (NOTHING if row.left else row.meant)


def test_the_table_is_large_and_has_every_kind_and_both_outcomes() -> None:
    assert len(ROWS) >= 300
    assert len({(row.kind, row.printed, row.file) for row in ROWS}) == len(ROWS)
    kinds = Counter((row.kind, row.meant == NOTHING) for row in ROWS)
    assert all(kinds[kind, True] >= 5 and kinds[kind, False] >= 20 for kind in READ), kinds


def test_a_reason_is_given_only_for_what_means_something() -> None:
    assert [row for row in ROWS if row.left and row.meant == NOTHING] == []


def test_the_table_holds_short_facts_and_no_texts() -> None:
    assert max(len(row.printed) for row in ROWS) <= 44


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.file}:{row.printed}")
def test_a_string_stands_in_its_file(row: Row, pages: Path) -> None:
    shown = re.escape(squeezed(row.printed))
    # A number counts only as a whole: 28 does not stand in 1286 or 28.5.
    before = r"(?<!\d)(?<!\d[.,])" if row.printed[0].isdigit() else ""
    after = r"(?!\d|[.,]\d)" if row.printed[-1].isdigit() else ""
    assert any(re.search(before + shown + after, text) for text in shown_by(pages / row.file))


def test_the_document_holds_the_results_of_this_table() -> None:
    text = DOCUMENT.read_text("utf-8")
    assert BEGIN in text
    assert END in text
    assert document(text) == text, "python -m tests.printed.table writes the results"


def test_wrong_and_missing_answers_lower_the_results() -> None:
    right = Row("number", "1.2万+", "", "12000+", "", "x")
    wrong = Row("number", "12", "", "13", "", "x")
    missing = Row("number", "壹", "", "1", "", "x")
    negative = Row("number", "1-2", "", NOTHING, "", "x")
    every_kind = [
        Row("money", "¥1", "", "1.00 CNY", "", "x"),
        Row("rating", "4/5", "", "4/5", "", "x"),
        Row("moment", "2024-01-01", "2024-01-02 12:00", "2024-01-01", "", "x"),
        Row("region", "江苏", "", "江苏", "", "x"),
    ]
    table = measured([right, wrong, missing, negative, *every_kind])
    assert "| number | 4 | 3 | 2 | 1 | 50.0% | 33.3% |" in table
    assert "| all | 8 | 7 | 6 | 5 | 83.3% | 71.4% |" in table


@cache
def shown_by(path: Path) -> tuple[str, ...]:
    """What a file says, in the ways a reader may see it: as it is, entities and escapes resolved, without tags."""
    text = decoded(path.read_bytes())
    resolved = re.sub(r"\\u([0-9a-fA-F]{4})", lambda escape: chr(int(escape[1], 16)), html.unescape(text))
    return tuple(squeezed(form) for form in (resolved, re.sub(r"<[^>]*>", "", resolved)))


def decoded(content: bytes) -> str:
    """The text of a saved page, whatever its encoding."""
    if content.startswith(codecs.BOM_UTF16_LE):
        return content.decode("utf-16")
    for encoding in ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise AssertionError("no encoding fits")


def squeezed(text: str) -> str:
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text))
