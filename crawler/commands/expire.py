"""Retention: what is older than the archive keeps it."""

from pathlib import Path
from typing import Any

import click

from crawler import clock
from crawler.commands.root import as_json, evidence, show_result
from crawler.store.expiry import Plan, expire, plan_expiry
from crawler.store.session import Session

_NO_PERIOD = "evidence.toml 中 [retention] days = 0：全部长期保存，没有到期的采集。可用 --days 指定天数查看。"


@evidence.command("expire")
@click.option("--yes", is_flag=True, help="确认删除；不加时只列出，不做任何改动")
@click.option(
    "--days", type=click.IntRange(min=1), help="保存天数；缺省为 evidence.toml 中 [retention] 的 days"
)
@as_json
@click.pass_obj
def expire_command(archive: Path, yes: bool, days: int | None, as_json: bool) -> None:
    """列出或删除超过留存期限、不属于任何案件的采集 / list or remove what is older than the retention period.

    删除先记入日志，再改写 WARC 文件，最后清理数据库；摘要和删除记录永远留在日志中。案件中的采集从不删除。

    \b
    evidence expire
    evidence expire --days 365
    evidence expire --days 365 --yes
    """
    with Session.open(archive) as session:
        wanted = days if days is not None else session.archive.config.days
        if not wanted:
            show_result(as_json, {"days": 0, "captures": 0, "removed": False}, _NO_PERIOD)
            return
        plan = plan_expiry(session, wanted)
        removed = yes and bool(plan.captures)
        files = expire(session, plan) if yes else []
    content = {**plan.to_json(), "removed": removed, "files": files}
    show_result(as_json, content, _text(plan, content))


def _text(plan: Plan, content: dict[str, Any]) -> str:
    limit = f"{plan.days} 天（{clock.beijing(plan.before)}）以前"
    if not plan.captures:
        return f"没有到期的采集：{limit}的采集中，{plan.kept} 次属于案件，予以保留。"
    lines = [
        f"{'已删除' if content['removed'] else '到期、可删除'}："
        f"{limit}、不属于任何案件的采集 {len(plan.captures)} 次，"
        f"记录 {content['records']} 条，{content['bytes']} 字节",
        f"  最早 {clock.beijing(content['oldest'])}",
        f"  最晚 {clock.beijing(content['newest'])}",
        *(f"  {site}：{count} 次" for site, count in content["sites"].items()),
        f"  属于案件、予以保留：{plan.kept} 次",
    ]
    if content["removed"]:
        lines.append(
            f"  改写的文件：{'、'.join(content['files'])}。摘要和删除记录留在日志中；请运行 evidence seal。"
        )
    else:
        lines.append("  没有做任何改动。确认删除：加上 --yes；删除后不能恢复。")
    return "\n".join(lines)
