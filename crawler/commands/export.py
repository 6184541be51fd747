"""Handing over."""

import sys
from pathlib import Path

import click

from crawler import show
from crawler.commands.root import NOT_SEALED, as_json, evidence, show_result
from crawler.engine.passphrase import passphrase
from crawler.engine.post import post_query
from crawler.evidence.seal import seal
from crawler.export.bundle import export_bundle
from crawler.export.model import Case, Exhibit
from crawler.store import cases
from crawler.store.index import Index
from crawler.store.session import Session


@evidence.command("export")
@click.argument("case_id", metavar="CASE")
@click.option(
    "--to", type=click.Path(path_type=Path), required=True, help="证据包写入的文件夹（须为空或不存在）"
)
@as_json
@click.pass_obj
def export_command(archive: Path, case_id: str, to: Path, as_json: bool) -> None:
    """导出证据包：网页存档、时间戳、证据目录、核验说明 / write a bundle that anyone can verify.

    \b
    evidence export K1 --to 证据包-K1
    """
    secret = passphrase(archive)
    with Session.open(archive) as session:
        seal(session.archive, post_query, passphrase=secret)
        case, exhibits = _case(session.index, case_id)
        with show.progress("导出") as advance:
            summary = export_bundle(session.archive, case, exhibits, to, progress=advance)
        details = {"case": case_id, "grade": "court", "tagmanifest": summary.digest}
        session.record_event("bundle-exported", details)
        state = seal(session.archive, post_query, passphrase=secret)
    show_result(
        as_json,
        {"bundle": str(to), "tagmanifest": summary.digest, "sealed": state.sealed},
        show.exported(to, summary),
    )
    if not state.sealed:
        sys.exit(NOT_SEALED)


def _case(index: Index, case_id: str) -> tuple[Case, list[Exhibit]]:
    row = cases.require_case(index, case_id)
    exhibits = [
        Exhibit(
            number=exhibit["number"],
            group=exhibit["group_letter"],
            title=exhibit["title"],
            purpose=exhibit["purpose"],
            captures=tuple(cases.captures_of(exhibit)),
        )
        for exhibit in cases.exhibits_of(index, case_id)
    ]
    return Case(**dict(row)), exhibits
