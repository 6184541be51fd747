"""Spiders and their saved pages."""

import sys
from dataclasses import asdict
from pathlib import Path

import click

from crawler.commands.root import Group, as_json, evidence, show_result
from crawler.engine.run import project_settings
from crawler.engine.site_pages import FOLDER, PageCheck, check_page, saved_pages

_WORDS = {"passed": "一致", "new": "首次读取，待核对", "changed": "与原先读出的不同"}


@evidence.group(cls=Group)
def site() -> None:
    """解析程序及其样例网页 / spiders and their saved pages.

    \b
    evidence site test
    """


@site.command("test")
@click.argument("sites", nargs=-1)
@click.option(
    "--pages",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=FOLDER,
    show_default="tests/spiders/pages",
    help="样例网页所在文件夹，其中为 网站/网页/",
)
@as_json
def site_test(sites: tuple[str, ...], pages: Path, as_json: bool) -> None:
    """用样例网页检验解析程序，列出读出内容的变化 / run saved pages, show what is read otherwise.

    没有 items.json 的，写入本次读出的内容，请人工核对后再次运行。读出内容有变化而没有提高 version 的，予以指出。

    \b
    evidence site test
    evidence site test market_shop
    """
    settings = project_settings(Path())
    checks = [check_page(folder, settings) for folder in saved_pages(pages, sites)]
    text = "\n".join(_text(check) for check in checks) or f"{pages} 中没有样例网页。"
    show_result(as_json, [asdict(check) for check in checks], text)
    if not checks or not all(check.passed for check in checks):
        sys.exit(1)


def _text(check: PageCheck) -> str:
    lines = [f"{check.site}/{check.page}：{_WORDS[check.status]}", *(f"  {line}" for line in check.lines)]
    return "\n".join(lines)
