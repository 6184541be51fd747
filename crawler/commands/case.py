"""Cases: parties, exhibits, ledgers."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import click

from crawler import show_case
from crawler.commands.root import Group, as_json, evidence, open_index, show_result
from crawler.export.catalogue_layout import LAYOUTS
from crawler.export.model import group_names
from crawler.store import cases
from crawler.store.casefile import LEDGERS, ROLES, case_file, case_files
from crawler.store.session import Session

_CASE = click.argument("case_id", metavar="CASE")
_FIELDS = (
    click.option("--authority", help="受理的法院或者机关"),
    click.option("--conduct-from", metavar="DATE", help="行为起始日（北京时间），决定适用哪一版法律"),
    click.option("--conduct-until", metavar="DATE", help="行为终止日"),
    click.option("--request", "requests", multiple=True, help="诉讼请求或者诉求，可多次给出，按次序排列"),
)
_PERSON = (
    click.option("--identifier", help="统一社会信用代码、店铺或者账号标识"),
    click.option("--address", help="住所或者网址"),
    click.option("--contact", help="联系方式"),
)


Command = TypeVar("Command", bound=Callable[..., Any])


def _with(options: Sequence[Callable[[Command], Command]]) -> Callable[[Command], Command]:
    def add(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return add


@evidence.group(cls=Group)
def case() -> None:
    """案件：当事人、证据编号、履职与费用台账 / cases and exhibits. 每一处改动都是一条日志。

    \b
    evidence case new "某某美容店涉嫌组织虚假评价"
    evidence case show K1
    """


@case.command("new")
@click.argument("title")
@click.option("--cause", default="涉嫌虚假宣传", show_default=True, help="案由")
@click.option("--submitter", help="提交人；缺省为本证据库的组织")
@_with(_FIELDS)
@click.pass_obj
def case_new(archive: Path, /, title: str, submitter: str | None, **fields: Any) -> None:
    """新建案件 / begin a case.

    \b
    evidence case new "某某美容店涉嫌组织虚假评价" --cause 虚假宣传纠纷 --conduct-from 2026-03-01
    """
    with Session.open(archive) as session:
        submitter = submitter or session.archive.config.organisation
        made = cases.create_case(session, title=title, submitter=submitter, **_stated(fields))
    click.echo(f"案件已建立：{made}")


@case.command("set")
@_CASE
@click.option("--title", help="案件名称")
@click.option("--cause", help="案由")
@click.option("--submitter", help="提交人")
@_with(_FIELDS)
@click.option(
    "--catalogue",
    type=click.Choice(list(LAYOUTS)),
    help="证据目录的栏目，按法院模板：" + "、".join(f"{k} {v.title}" for k, v in LAYOUTS.items()),
)
@click.option(
    "--cleared", multiple=True, metavar="ARTICLE", help="已经核对原文、不再标“待核”的条文编号，可多次给出"
)
@click.pass_obj
def case_set(archive: Path, /, case_id: str, **fields: Any) -> None:
    """修改案件：只改所给的项 / change what is given, leave the rest.

    \b
    evidence case set K1 --authority 成都铁路运输第一法院 --request "判令被告停止组织虚假评价"
    evidence case set K1 --catalogue without-original
    """
    with Session.open(archive) as session:
        cases.change_case(session, case_id, **_stated(fields))
    click.echo(f"案件 {case_id} 已修改")


@case.command("party")
@_CASE
@click.argument("captures", nargs=-1)
@click.option(
    "--role",
    type=click.Choice(list(ROLES)),
    required=True,
    help="、".join(f"{k} {v}" for k, v in ROLES.items()),
)
@click.option("--name", required=True, help="名称，按营业执照或者页面所示")
@_with(_PERSON)
@click.pass_obj
def case_party(archive: Path, /, case_id: str, **party: Any) -> None:
    """加入当事人或者相关方，连同证明其主体的采集 / somebody in the case, with what shows who it is.

    \b
    evidence case party K1 3f9a1c --role operator --name 临江云岚家居用品有限公司 --identifier 91510100MA00000000
    """
    with Session.open(archive) as session:
        made = cases.add_party(session, case_id, **_stated(party))
    click.echo(f"已加入 {case_id}：{made}")


@case.command("add")
@_CASE
@click.argument("captures", nargs=-1)
@click.option(
    "--group", type=click.Choice(sorted(group_names())), default="D", show_default=True, help="目录分组"
)
@click.option("--title", required=True, help="证据名称")
@click.option("--purpose", default="", help="证明目的；给出 --finding 时可省去，由线索拟出，供修改")
@click.option(
    "--finding", "findings", multiple=True, metavar="ID", help="疑似线索，其所依据的采集一并加入；可多次给出"
)
@click.option(
    "--region",
    "regions",
    multiple=True,
    metavar="'CAPTURE PLACE'",
    help="只指页面的一处，位置见 evidence where",
)
@click.option("--source", default="", help="来源；缺省由采集记录生成")
@click.option("--original", default="", help="原件/载体；缺省由采集记录生成")
@click.option("--filed/--not-filed", default=True, show_default=True, help="是否列入提交的证据目录")
@click.option("--number", help="编号，例如 2-1；缺省为本组下一个")
@click.pass_obj
def case_add(archive: Path, /, case_id: str, **exhibit: Any) -> None:
    """把采集的网页或者疑似线索加入案件 / add captures or findings to a case as an exhibit.

    \b
    evidence case add K1 3f9a1c 77be02 --group B --title "招募帖" --purpose "初步证明存在有偿好评招募"
    evidence case add K1 --finding F3a9c --group B --title "招募帖"
    """
    with Session.open(archive) as session:
        number = cases.add_exhibit(session, cases.NewExhibit(case=case_id, **exhibit))
    click.echo(f"已加入 {case_id}，证据编号 {number}")


@case.command("change")
@_CASE
@click.argument("exhibit")
@click.option("--title", help="证据名称")
@click.option("--purpose", help="证明目的")
@click.option("--group", type=click.Choice(sorted(group_names())), help="移入另一组，得到该组的下一个编号")
@click.option("--capture", "captures", multiple=True, help="改为这些采集，可多次给出")
@click.option("--region", "regions", multiple=True, metavar="'CAPTURE PLACE'", help="改为页面的这些位置")
@click.option("--source", help="来源")
@click.option("--original", help="原件/载体")
@click.option("--filed/--not-filed", default=None, help="是否列入提交的证据目录")
@click.pass_obj
def case_change(archive: Path, /, case_id: str, exhibit: str, **changes: Any) -> None:
    """修改一件证据：用编号（2-1）或者不变的名称（E3）指明 / change an exhibit.

    \b
    evidence case change K1 2-1 --purpose "初步证明招募人以返还货款为条件要求五星好评"
    """
    with Session.open(archive) as session:
        cases.change_exhibit(session, case_id, exhibit, **_stated(changes))
    click.echo(f"{case_id} 证据 {exhibit} 已修改")


@case.command("remove")
@_CASE
@click.argument("exhibit")
@click.option("--reason", required=True, help="理由，记入日志")
@click.pass_obj
def case_remove(archive: Path, /, case_id: str, exhibit: str, reason: str) -> None:
    """把一件证据移出案件；采集本身不受影响 / take an exhibit out of a case.

    \b
    evidence case remove K1 2-3 --reason "与 2-1 重复"
    """
    with Session.open(archive) as session:
        cases.remove_exhibit(session, case_id, exhibit, reason)
    click.echo(f"{case_id} 已移出证据 {exhibit}")


@case.command("renumber")
@_CASE
@click.option(
    "--move", metavar="EXHIBIT", help="把这件证据移到 --before 之前；没有 --before 的，移到本组最后"
)
@click.option("--before", metavar="EXHIBIT")
@click.pass_obj
def case_renumber(archive: Path, /, case_id: str, move: str | None, before: str | None) -> None:
    """各组证据按次序重新编号；名称（E1、E2……）不变，引用不会错 / number the exhibits anew.

    \b
    evidence case renumber K1
    evidence case renumber K1 --move 2-3 --before 2-1
    """
    with Session.open(archive) as session:
        changed = cases.renumber(session, case_id, move=move, before=before)
        file = case_file(session.index, case_id)
    click.echo(f"改动编号 {len(changed)} 件\n{show_case.case(file)}")


@case.command("note")
@_CASE
@click.argument("ledger", type=click.Choice(list(LEDGERS)))
@click.argument("captures", nargs=-1)
@click.option("--date", "day", required=True, metavar="DATE", help="日期（北京时间）")
@click.option("--kind", required=True, help="事项：投诉受理、调查函、约谈、劝谕；公证费、工时……")
@click.option("--text", required=True, help="内容")
@click.option("--amount", default="", help="金额，元")
@click.option("--hours", default="", help="工时，小时")
@click.pass_obj
def case_note(archive: Path, /, case_id: str, ledger: str, **line: Any) -> None:
    """记入履职台账（duty）或者费用台账（cost） / a line in the ledger of public duty or of costs.

    \b
    evidence case note K1 duty --date 2026-11-02 --kind 投诉受理 --text "受理消费者投诉 12 件"
    evidence case note K1 cost --date 2026-11-05 --kind 公证费 --text "保全证据公证" --amount 1200
    """
    with Session.open(archive) as session:
        made = cases.note(session, case_id, ledger, **line)
    click.echo(f"已记入 {case_id}：{made}")


@case.command("strike")
@_CASE
@click.argument("line")
@click.option("--reason", required=True, help="理由，记入日志")
@click.pass_obj
def case_strike(archive: Path, /, case_id: str, line: str, reason: str) -> None:
    """划去台账的一行；日志保留原文与理由 / strike a line of a ledger.

    \b
    evidence case strike K1 L2 --reason "金额记错，另记 L3"
    """
    with Session.open(archive) as session:
        cases.strike(session, case_id, line, reason)
    click.echo(f"{case_id} 已划去 {line}")


@case.command("list")
@as_json
@click.pass_obj
def case_list(archive: Path, /, as_json: bool) -> None:
    """列出案件 / list cases.

    \b
    evidence case list
    """
    with open_index(archive) as index:
        found = case_files(index)
    show_result(as_json, [asdict(one) for one in found], show_case.cases(found))


@case.command("show")
@_CASE
@as_json
@click.pass_obj
def case_show(archive: Path, /, case_id: str, as_json: bool) -> None:
    """显示案件：当事人、证据、台账 / show a case.

    \b
    evidence case show K1
    """
    with open_index(archive) as index:
        found = case_file(index, case_id)
    show_result(as_json, asdict(found), show_case.case(found))


def _stated(fields: dict[str, Any]) -> dict[str, Any]:
    """What was given: an option that may be repeated and was not says nothing."""
    return {name: value for name, value in fields.items() if value is not None and value != ()}
