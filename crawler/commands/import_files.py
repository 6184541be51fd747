"""Importing what other recorders, or people, made."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from crawler import show
from crawler.commands.root import NOT_SEALED, as_json, evidence, show_result
from crawler.commands.sealing import seal_now
from crawler.engine.importers.intake import import_files
from crawler.engine.importers.report import FileReport, Statement
from crawler.engine.passphrase import passphrase
from crawler.errors import EvidenceError, UsageError
from crawler.evidence.report import STATES_ZH
from crawler.evidence.seal import Seal
from crawler.store.session import Session

_MOST_LINES = 12
_FORMATS = {
    "picture": "图片、录音录像或文档",
    "notes": "说明文件",
    "html": "单文件网页（HTML）",
}


@evidence.command("import")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@click.option("--origin", metavar="TEXT", help="来源说明：文件从何处、以何种方式取得，记入日志")
@click.option("--by", metavar="TEXT", help="由谁记录或者提供，记入日志")
@click.option("--url", help="网页的地址，仅用于自身没有写明地址的单文件网页（HTML）或接口返回（JSON）")
@click.option(
    "--trust",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="文件夹，其中是自行取得的根证书和公钥，用于核验 WACZ 的签名；缺省为证据库的 trust/",
)
@as_json
@click.pass_obj
def import_command(
    archive: Path,
    files: tuple[Path, ...],
    origin: str | None,
    by: str | None,
    url: str | None,
    trust: Path | None,
    as_json: bool,
) -> None:
    """导入他人或其他工具的记录：WARC、WACZ、HAR、MHTML、单文件网页，或者存放截图、照片、录音录像的文件夹 / import.

    原文件原样保存；其中的网页成为标明“导入”的采集，同时记下文件自述的时间和导入的时间。格式损坏的文件整体拒绝，
    移入隔离区。文件夹中可附 notes.txt、notes.csv 或 notes.json，写明每个文件的时间、地点、人员和内容。

    \b
    evidence import 页面.wacz --origin 消费者李某以 ArchiveWeb.page 录制 --by 李某
    evidence import 好评返现卡照片/ --origin 消费者李某提供的照片
    """
    _require_there(files)
    secret = passphrase(archive)
    with Session.open(archive) as session:
        reports: list[FileReport] = []
        with show.progress("导入") as advance:
            try:
                reports.extend(import_files(session, files, Statement(origin, by, url, trust), advance))
            except EvidenceError:  # the archive can take no more: what was imported until then is said first
                click.echo("\n".join(line for report in reports for line in _lines(report)), err=True)
                raise
        state = seal_now(session.archive, secret)
    found = {"files": [_as_json(report) for report in reports], "sealed": state.sealed}
    show_result(as_json, found, _text(reports, state))
    if not all(report.complete for report in reports):
        sys.exit(1)
    if not state.sealed:
        sys.exit(NOT_SEALED)


def _require_there(files: tuple[Path, ...]) -> None:
    """All of them before the first is copied. Raises UsageError."""
    for path in files:
        if not path.exists():
            raise UsageError(f"{path} does not exist: give the file or folder that you want to import")


def _as_json(report: FileReport) -> dict[str, Any]:
    return {**asdict(report), "complete": report.complete}


def _text(reports: list[FileReport], state: Seal) -> str:
    lines = [line for report in reports for line in _lines(report)]
    if not state.sealed:
        lines.append("尚未封存（unsealed）：请运行 evidence seal")
    return "\n".join(lines)


def _lines(report: FileReport) -> list[str]:
    if report.refused is not None:
        where = f"；已移入 {report.quarantined}" if report.quarantined else ""
        return [f"{report.name}：未导入{where}", f"  原因：{report.refused}"]
    kind = _FORMATS.get(report.format or "", (report.format or "").upper())
    lines = [f"{report.name}：{kind}，已原样保存为 {report.file}"]
    if report.again:
        lines.append("  同一文件先前已经导入，没有重复保存")
    states = "，".join(f"{STATES_ZH[name]} {count}" for name, count in report.captures.items())
    known = f"；先前已有 {report.known}" if report.known else ""
    if report.format != "notes":
        lines.append(f"  采集：{states or '无新增'}{known}；读出 {report.items} 条")
    lines += _claimed(report.claims)
    if report.problem_count:
        lines.append(f"  未采用的记录 {report.problem_count} 条：")
        lines += [f"    {problem}" for problem in report.problems[:_MOST_LINES]]
    return lines


def _claimed(claims: dict[str, Any]) -> list[str]:
    """What the file says of itself; nobody here vouches for it."""
    said = [
        f"{label} {claims[name]}"
        for name, label in (("software", "软件"), ("date", "时间"))
        if name in claims
    ]
    lines = [f"  文件自述：{'，'.join(said)}"] if said else []
    signature = claims.get("signature")
    if isinstance(signature, dict):
        words = {"passed": "核验通过", "failed": "未通过", "not-checked": "没有签名或者未核验"}
        status = signature["checks"].get("wacz-signature", "")
        lines.append(f"  WACZ 签名：{words.get(status, status)}")
    return lines
