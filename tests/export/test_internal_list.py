"""The internal list has everything of a case, also what is not filed, and never lies in the bundle."""

import io
from dataclasses import replace
from pathlib import Path

import openpyxl

from crawler.export.internal_list import HEAD, internal_list
from crawler.export.model import Exhibit
from crawler.store.casefile import LedgerLine, Party
from crawler.store.session import Session
from tests.archives import drafted, make, page
from tests.export.sample import CASE


def test_everything_is_there_also_what_is_not_filed(tmp_path: Path) -> None:
    path = make(tmp_path / "archive")
    failed = page(url="http://shop.invalid/gone")
    with Session.open(path) as session:
        kept = session.record(drafted(page(url="http://shop.invalid/1"))).result().id
        gone = replace(failed.capture, state="failed", reason="http-404")
        session.record(drafted(replace(failed, capture=gone))).result()
        case = replace(
            CASE,
            exhibits=(
                Exhibit(ref="E1", number="1-1", group="B", title="提交的", purpose="x", captures=(kept,)),
                Exhibit(
                    ref="E2", number="1-2", group="B", title="=不利的", purpose="y", captures=(kept,), filed=False
                ),
            ),
            parties=(Party(ref="P1", role="client", name="李四", contact="13800000000"),),
            ledger=(LedgerLine(ref="L1", ledger="cost", date="2026-11-01", kind="公证费", text="z", amount="12"),),
        )  # fmt: skip
        content = internal_list(session.index, case, "2026-11-22T08:00:00.000000Z")
        assert content == internal_list(session.index, case, "2026-11-22T08:00:00.000000Z")
    book = openpyxl.load_workbook(io.BytesIO(content))
    rows = {sheet.title: [[cell.value for cell in row] for row in sheet] for sheet in book}
    assert HEAD in str(rows["证据"][0][0])
    assert [row[3] for row in rows["证据"][1:]] == ["提交的", "=不利的"]
    assert [row[5] for row in rows["证据"][1:]] == ["是", "否"]
    assert rows["未能取得"][1][0] == "http://shop.invalid/gone"
    assert rows["未能取得"][1][2] == "网站应答 HTTP 404"
    assert rows["当事人"][1][2] == "李四"
    assert rows["台账"][1][0] == "合理费用"
