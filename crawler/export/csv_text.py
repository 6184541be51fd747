"""CSV as spreadsheets of Chinese offices open it: UTF-8 with BOM, CRLF, and no cell that is run as a formula."""

import csv
import io
from collections.abc import Iterable, Sequence

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_text(rows: Iterable[Sequence[str]]) -> bytes:
    """The bytes of a CSV file. A cell that a spreadsheet would calculate is led by an apostrophe."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    for row in rows:
        writer.writerow([guarded(cell) for cell in row])
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def guarded(cell: str) -> str:
    """The cell as it may stand in a CSV file (OWASP, CSV injection). Blanks before the sign do not help it."""
    return f"'{cell}" if cell.startswith(_FORMULA) or cell.lstrip(" ").startswith(_FORMULA) else cell
