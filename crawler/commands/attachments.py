"""Attachments of an online submission."""

from pathlib import Path

import click

from crawler import show
from crawler.commands.root import as_json, evidence, show_result
from crawler.config import FILE, read_config
from crawler.errors import UsageError
from crawler.export.attachments.write import Written, write_attachments


@evidence.command()
@click.argument("bundle", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--limits", "name", metavar="NAME", required=True, help="evidence.toml 中 [attachments.NAME] 的限制"
)
@click.option(
    "--to", type=click.Path(path_type=Path), required=True, help="附件写入的文件夹（须为空或不存在）"
)
@as_json
@click.pass_obj
def attachments(archive: Path, bundle: Path, name: str, to: Path, as_json: bool) -> None:
    """网上提交用的附件：按网站的大小和数量限制分份、编目录 / papers of a bundle, divided for an online form.

    限制由使用人查明以后写入 evidence.toml，例如：

    \b
    [attachments.12315]
    max_files = 10            # 一次提交的文件数，含目录
    max_megabytes = 5         # 单个文件
    max_total_megabytes = 30  # 一次提交合计；可以不写
    types = ["pdf"]           # 另可 docx、xlsx、csv

    \b
    evidence attachments 证据包-K1 --limits 12315 --to 附件-K1
    """
    known = {one.name: one for one in read_config(archive).attachments}
    if name not in known:
        written = "、".join(known) or "none"
        raise UsageError(
            f"no [attachments.{name}] in {archive / FILE} (there: {written}): write max_files and max_megabytes there"
        )
    with show.progress("附件") as advance:
        found = write_attachments(bundle, to, known[name], advance)
    content = {
        "attachments": str(to),
        "parts": found.parts,
        "files": found.files,
        "left_out": [{"paper": one.paper, "bytes": one.size, "why": one.why} for one in found.left_out],
    }
    show_result(as_json, content, _text(to, found))


def _text(to: Path, found: Written) -> str:
    left = "".join(f"\n  未列入：{one.paper}（{one.size} 字节）：{one.why}" for one in found.left_out)
    return f"附件：{to}，{found.parts} 个部分，{found.files} 个文件，各部分附目录 00-index.pdf{left}"
