"""Making an archive, and its database again."""

import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click

from crawler import clock, show
from crawler.commands.authority_option import parse_authority, warnings_for
from crawler.commands.root import as_json, evidence, show_result
from crawler.config import FILE as CONFIG_FILE
from crawler.config import Config, EnvironmentConfig, parse_config
from crawler.engine.extract import rebuild_and_carry
from crawler.engine.passphrase import first_passphrase
from crawler.errors import ConfigError, UsageError
from crawler.evidence.archive import Archive
from crawler.evidence.trust import add_roots
from crawler.store.session import Session

# What `init --environment` writes; `none` leaves the section out.
_ENVIRONMENTS = {
    "full": EnvironmentConfig(check=True),
    "local": EnvironmentConfig(check=True, ntp=(), resolvers=()),
    "none": EnvironmentConfig(),
}


@evidence.command()
@click.argument("folder", type=click.Path(path_type=Path), required=False)
@click.option("--organisation", prompt="组织名称 / organisation", help="例如 某某市消费者委员会")
@click.option("--operator", prompt="操作人 / operator", help="取证人姓名，写入每一条日志")
@click.option("--contact", prompt="联系方式 / contact", help="电子邮件或网址，写入 User-Agent，便于网站联系")
@click.option("--origin", help="日志名称，用自己的域名，例如 evidence.example.org/log；以后不能更改")
@click.option(
    "--tsa",
    "authorities",
    multiple=True,
    metavar="NAME=URL=ROOT.pem",
    help="时间戳机构，可多次给出；已有资料的可省去 URL",
)
@click.option("--delay", type=float, default=5.0, show_default=True, help="对同一网站两次访问的间隔秒数")
@click.option("--proxy", default="", help="http://host:port，写入每一次采集的记录")
@click.option(
    "--environment",
    type=click.Choice(["full", "local", "none"]),
    default="full",
    show_default=True,
    help="每次采集前后的清洁性检查：full 全部；local 只看本机，不询问任何服务器；none 不检查",
)
@click.option("--keyring", is_flag=True, help="生成随机口令保护日志密钥，口令存入操作系统的密钥环")
@click.pass_obj
def init(
    archive: Path,
    /,
    folder: Path | None,
    authorities: tuple[str, ...],
    delay: float,
    keyring: bool,
    **who: Any,
) -> None:
    """新建证据库并生成日志密钥 / make an archive and its key.

    \b
    evidence init 证据库 --organisation 某某市消费者委员会 --operator 张三 --contact wq@example.org \\
        --tsa freetsa=freetsa-root.pem --tsa mytsa=https://tsa.example.org/tsr=mytsa-root.pem
    """
    path = folder or archive
    empty = [name for name in ("organisation", "operator", "contact") if not who[name].strip()]
    if empty:
        raise UsageError(f"{', '.join(empty)} must not be empty: each stands in every checkpoint or request")
    entries = [parse_authority(entry) for entry in authorities]
    config = Config(
        origin=who["origin"] or f"evidence.invalid/{_ascii(path.resolve().name)}",
        organisation=who["organisation"],
        operator=who["operator"],
        contact=who["contact"],
        delay_seconds=delay,
        proxy=who["proxy"],
        authorities=tuple(entry for entry, _ in entries),
        environment=_ENVIRONMENTS[who["environment"]],
    )
    try:
        parse_config(path / CONFIG_FILE, config.to_toml())
    except ConfigError as error:
        raise UsageError(str(error)) from error
    secret, kept = first_passphrase(config.origin, keyring=keyring)
    config = replace(config, passphrase=kept)
    with Archive.create(path, config, passphrase=secret) as made:
        for entry, roots in entries:
            add_roots(path / "trust", entry.name, roots)
        with Session.take(made):
            pass
    click.echo(f"证据库已建立：{path}")
    click.echo(f"日志公钥：{(path / 'trust/log.vkey').read_text().strip()}")
    click.echo(_environment_text(config.environment))
    if not who["origin"]:
        click.echo(
            f"日志名称为 {config.origin}，以后不能更改；正式使用请用 --origin 以自己的域名命名。", err=True
        )
    if secret is None:
        click.echo("日志密钥未设口令：请以文件权限和磁盘加密保护 keys/ 文件夹，并另存一份备份。", err=True)
    for warning in (line for entry, roots in entries for line in warnings_for(entry, roots)):
        click.echo(warning, err=True)
    if not entries:
        click.echo(
            "尚未配置时间戳机构：请在 evidence.toml 中填写 [[authority]]，并把根证书放进 trust/。", err=True
        )


@evidence.command("rebuild")
@as_json
@click.pass_obj
def rebuild_command(archive: Path, as_json: bool) -> None:
    """由网页存档和日志重建数据库，并与原数据库比对 / the database again from WARC and log.

    现行解析程序读不出、只有旧版解析程序读出的内容，由原数据库转存，并予说明。

    \b
    evidence rebuild
    """
    with show.progress("重建") as advance:
        made = rebuild_and_carry(archive, advance)
    text = "\n".join([show.rebuilt(made.differences), *show.carried(made.carried)])
    show_result(as_json, asdict(made), text)
    if made.differences:
        sys.exit(1)


def _environment_text(environment: EnvironmentConfig) -> str:
    if not environment.check:
        return "清洁性检查：未开启；在 evidence.toml 写 [environment] check = true 可以开启。"
    asked = "、".join((*environment.ntp, *environment.resolvers))
    whom = f"询问 {asked}" if asked else "只看本机，不询问任何服务器"
    return f"清洁性检查：已开启，每次采集前后各一次，写入日志；{whom}（evidence.toml [environment]）。"


def _ascii(name: str) -> str:
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "-.") else "-" for c in name).strip("-")
    return kept or f"archive-{clock.now()[:10]}"
