"""The group `evidence`, and what its commands share."""

import importlib
import json
from pathlib import Path
from typing import Any

import click

from crawler import __version__
from crawler.config import read_config
from crawler.store.index import FILE as INDEX_FILE
from crawler.store.index import Index

NOT_SEALED = 3


# In which file a command is, in the order in which `evidence --help` lists them.
HOMES = {
    "init": "archive",
    "crawl": "crawl",
    "capture": "crawl",
    "import": "import_files",
    "assist": "assist",
    "replay": "replay",
    "extract": "extract",
    "captures": "look",
    "picture": "picture",
    "items": "look",
    "where": "where",
    "watch": "watch",
    "detect": "detect",
    "findings": "findings",
    "evaluate": "evaluate",
    "train": "evaluate",
    "seal": "seal",
    "case": "case",
    "export": "export",
    "attachments": "attachments",
    "receipt": "receipt",
    "verify": "verify",
    "custody": "custody",
    "key": "key",
    "authority": "authority",
    "witness": "witness",
    "ots": "ots",
    "expire": "expire",
    "rebuild": "archive",
    "schedule": "schedule",
    "site": "site",
    "doctor": "doctor",
    "demo": "demo",
}


class Group(click.Group):
    """Commands in the order in which one meets them, not by the alphabet."""

    def list_commands(self, _context: click.Context) -> list[str]:
        """Names in the order of definition."""
        return list(self.commands)


class Door(click.Group):
    """Imports a command's file when the command is asked for: `evidence verify` needs no Scrapy."""

    def list_commands(self, _context: click.Context) -> list[str]:
        """Every command, as HOMES lists them."""
        return list(HOMES)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """The command of that name, or None."""
        if name in HOMES:
            importlib.import_module(f"crawler.commands.{HOMES[name]}")
        return super().get_command(context, name)


@click.group(cls=Door, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="evidence")
@click.option(
    "--archive",
    type=click.Path(path_type=Path),
    envvar="EVIDENCE_ARCHIVE",
    default="archive",
    show_default=True,
    help="证据库所在文件夹 / folder of the archive",
)
@click.pass_context
def evidence(context: click.Context, archive: Path) -> None:
    """网页证据：采集、固定、查证、移交。Web evidence: capture, prove, find, hand over.

    \b
    evidence init 证据库 --organisation 某某市消费者委员会 --operator 张三 --contact wq@example.org
    evidence --archive 证据库 crawl tieba --url http://tieba.baidu.com/p/9119688421
    evidence --archive 证据库 verify
    """
    context.obj = archive


as_json = click.option("--json", "as_json", is_flag=True, help="输出 JSON，供程序读取 / for machines")


def show_result(as_json: bool, content: Any, text: str) -> None:
    click.echo(json.dumps(content, ensure_ascii=False, indent=2) if as_json else text)


def open_index(archive: Path) -> Index:
    read_config(archive)  # a missing archive is said to be one
    return Index(archive / INDEX_FILE, writable=False)
