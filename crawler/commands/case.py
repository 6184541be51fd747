"""Cases and exhibits."""

from pathlib import Path
from typing import Any

import click

from crawler import show
from crawler.commands.root import Group, as_json, evidence, open_index, show_result
from crawler.export.model import group_names
from crawler.store import cases
from crawler.store.index import Index
from crawler.store.session import Session


@evidence.group(cls=Group)
def case() -> None:
    """案件与证据编号 / cases and exhibits.

    \b
    evidence case new "某某美容店涉嫌组织虚假评价"
    evidence case list
    """


@case.command("new")
@click.argument("title")
@click.option("--cause", default="涉嫌虚假宣传", show_default=True, help="案由")
@click.option("--submitter", help="提交人；缺省为本证据库的组织")
@click.pass_obj
def case_new(archive: Path, title: str, cause: str, submitter: str | None) -> None:
    """新建案件 / begin a case.

    \b
    evidence case new "某某美容店涉嫌组织虚假评价" --cause 虚假宣传纠纷
    """
    with Session.open(archive) as session:
        submitter = submitter or session.archive.config.organisation
        made = cases.create_case(session, title=title, cause=cause, submitter=submitter)
    click.echo(f"案件已建立：{made}")


@case.command("add")
@click.argument("case_id", metavar="CASE")
@click.argument("captures", nargs=-1, required=True)
@click.option(
    "--group", type=click.Choice(sorted(group_names())), default="D", show_default=True, help="目录分组"
)
@click.option("--title", required=True, help="证据名称")
@click.option("--purpose", required=True, help="证明目的")
@click.option("--number", help="编号，例如 2-1；缺省为本组下一个")
@click.pass_obj
def case_add(archive: Path, /, case_id: str, **exhibit: Any) -> None:
    """把采集的网页加入案件 / add captures to a case as an exhibit.

    \b
    evidence case add K1 3f9a1c 77be02 --group B --title "招募帖" --purpose "初步证明存在有偿好评招募"
    """
    with Session.open(archive) as session:
        number = cases.add_exhibit(session, cases.NewExhibit(case=case_id, **exhibit))
    click.echo(f"已加入 {case_id}，证据编号 {number}")


@case.command("list")
@as_json
@click.pass_obj
def case_list(archive: Path, as_json: bool) -> None:
    """列出案件 / list cases.

    \b
    evidence case list
    """
    with open_index(archive) as index:
        rows = [dict(row) for row in cases.cases(index)]
    show_result(as_json, rows, show.cases(rows))


@case.command("show")
@click.argument("case_id", metavar="CASE")
@as_json
@click.pass_obj
def case_show(archive: Path, case_id: str, as_json: bool) -> None:
    """显示案件的证据 / show a case and its exhibits.

    \b
    evidence case show K1
    """
    with open_index(archive) as index:
        row = dict(cases.require_case(index, case_id))
        row["exhibits"] = [
            {**exhibit, "captures": cases.captures_of(exhibit)} for exhibit in _exhibit_rows(index, case_id)
        ]
    show_result(as_json, row, show.case(row))


def _exhibit_rows(index: Index, case_id: str) -> list[Any]:
    return [dict(row) for row in cases.exhibits_of(index, case_id)]
