"""A receipt: one page's proof in one small folder."""

import shlex
import sys
from pathlib import Path

import click

from crawler.commands.root import NOT_SEALED, as_json, evidence, show_result
from crawler.commands.sealing import seal_now
from crawler.engine.passphrase import passphrase
from crawler.evidence.bundle import RECEIPT_PAGE, RECEIPT_SUMS
from crawler.evidence.checks.stamps import in_beijing
from crawler.evidence.digest import digest_file
from crawler.export.receipt import ReceiptSummary, export_receipt
from crawler.store.session import Session


@evidence.command()
@click.argument("capture_id", metavar="CAPTURE")
@click.option(
    "--to", type=click.Path(path_type=Path), required=True, help="回执写入的文件夹（须为空或不存在）"
)
@as_json
@click.pass_obj
def receipt(archive: Path, capture_id: str, to: Path, as_json: bool) -> None:
    """单个网页的回执：原始记录、包含证明、签名、时间戳 / one capture's proof in one small folder.

    \b
    evidence receipt 3f9a1c77be02 --to 回执
    evidence verify 回执 --trust 自行取得的根证书
    """
    secret = passphrase(archive)
    with Session.open(archive) as session:
        capture = session.index.capture_row(capture_id)["id"]
        seal_now(session.archive, secret)
        summary = export_receipt(session.archive, capture, to, passphrase=secret)
        sm3 = digest_file(to / RECEIPT_SUMS, "sm3")
        session.record_event("receipt-written", {"capture": capture, "sums": summary.digest, "sums_sm3": sm3})
        state = seal_now(session.archive, secret)
    found = {"receipt": str(to), "capture": capture, "sums": summary.digest, "sealed": state.sealed}
    show_result(as_json, found, _text(summary))
    if not state.sealed:
        sys.exit(NOT_SEALED)


def _text(summary: ReceiptSummary) -> str:
    since = f"不早于 {in_beijing(summary.not_before)}" if summary.not_before else "无下限"
    until = f"不晚于 {in_beijing(summary.not_after)}" if summary.not_after else "尚未加盖时间戳，无上限"
    return (
        f"回执：{summary.path}（采集 {summary.capture}）\n"
        f"  可信时间：{since}，{until}\n"
        f"  核验说明：{summary.path / RECEIPT_PAGE}\n"
        f"  核验：evidence verify {shlex.quote(str(summary.path))} --trust 文件夹（其中是自行取得的根证书）"
    )
