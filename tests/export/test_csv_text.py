"""CSV that a spreadsheet shows and never runs."""

import csv
import io

import pytest

from crawler.export.csv_text import csv_text, guarded


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", " \t=1"])
def test_what_a_spreadsheet_would_calculate_is_led_by_an_apostrophe(cell: str) -> None:
    assert guarded(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "评价", "a=b", "1-1", "http://a.example/?a=1", "'=1"])
def test_other_cells_stay_as_they_are(cell: str) -> None:
    assert guarded(cell) == cell


def test_it_begins_with_a_bom_and_reads_back() -> None:
    rows = [("序号", "文件"), ("1", 'a,"b"\nc')]
    content = csv_text(rows)
    assert content.startswith(b"\xef\xbb\xbf")
    assert content.count(b"\r\n") == 2
    text = content.decode("utf-8-sig")
    assert [tuple(row) for row in csv.reader(io.StringIO(text, newline=""))] == rows
