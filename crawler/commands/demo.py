"""The whole story on this machine."""

import sys
from pathlib import Path

import click

from crawler.commands.root import evidence


@evidence.command()
@click.argument("folder", type=click.Path(path_type=Path), default="demo-out")
@click.option("--reviews", default=200, show_default=True, help="演示市场的评价条数")
@click.option("--pages", type=click.Path(path_type=Path), help="真实网页样本所在文件夹")
def demo(folder: Path, reviews: int, pages: Path | None) -> None:
    """在本机演示全过程：演示市场、两个时间戳机构、采集、证据包、核验 / the whole story on this machine.

    \b
    evidence demo demo-out
    """
    from crawler.demo.story import tell

    sys.exit(tell(folder, reviews=reviews, pages=pages, say=click.echo))
