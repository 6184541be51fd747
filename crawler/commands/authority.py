"""Time-stamping authorities of an archive: adding one or its new root, and what is known of them."""

from pathlib import Path
from typing import Any

import click

from crawler import clock
from crawler.commands.authority_option import parse_authority, warnings_for
from crawler.commands.root import Group, as_json, evidence, show_result
from crawler.config import FILE as CONFIG_FILE
from crawler.config import AuthorityConfig, Config, parse_config, read_config
from crawler.errors import ConfigError, TimestampError, UsageError
from crawler.evidence.durable import durable_write
from crawler.evidence.profiles import Profile, profiles
from crawler.evidence.trust import Root, add_roots, describe_roots, read_roots
from crawler.store.session import Session


@evidence.group(cls=Group)
def authority() -> None:
    """时间戳机构及其根证书 / time-stamping authorities and their roots.

    \b
    evidence authority list
    evidence authority add freetsa=freetsa-root.pem
    """


@authority.command("add")
@click.argument("entry", metavar="NAME=URL=ROOT.pem")
@as_json
@click.pass_obj
def add_command(archive: Path, entry: str, as_json: bool) -> None:
    """添加时间戳机构，或为已有机构添加新的根证书（旧的保留） / add an authority, or its new root.

    已有的机构或内置资料中的机构可以省略 URL。根证书须自行从该机构取得并核对指纹。

    \b
    evidence authority add freetsa=https://freetsa.org/tsr=freetsa-root.pem
    evidence authority add freetsa=freetsa-root-2026.pem
    """
    config = read_config(archive)
    wanted, trust = parse_authority(entry, config)
    with Session.open(archive) as session:
        fresh = add_roots(archive / "trust", wanted.name, trust)
        _configure(archive, config, wanted)
        details = {
            "name": wanted.name,
            "url": wanted.url,
            "roots": [f"sha256:{root.sha256}" for root in fresh],
        }
        session.record_event("authority-added", details)
    show_result(
        as_json, {"name": wanted.name, "roots": [_root(root) for root in fresh]}, _added(wanted, fresh)
    )
    for warning in warnings_for(wanted, trust):
        click.echo(warning, err=True)


@authority.command("list")
@as_json
@click.pass_obj
def list_command(archive: Path, as_json: bool) -> None:
    """列出本库的时间戳机构、根证书及期限，以及内置资料 / configured authorities, their roots, known profiles.

    \b
    evidence authority list
    """
    config = read_config(archive)
    roots = {tsa.name: _roots_of(archive, tsa.name) for tsa in config.authorities}
    found = {
        "authorities": [_entry(tsa, roots[tsa.name]) for tsa in config.authorities],
        "profiles": [_profile(profile) for profile in profiles().values()],
    }
    show_result(as_json, found, _listed(config, roots))


def _configure(archive: Path, config: Config, wanted: AuthorityConfig) -> None:
    """Add its section to evidence.toml, if there is none. The file is a person's: nothing else in it changes."""
    known = {tsa.name: tsa for tsa in config.authorities}.get(wanted.name)
    if known is not None and known.url != wanted.url:
        raise UsageError(f"{wanted.name} has the address {known.url}: change it in {CONFIG_FILE} by hand")
    if known is not None:
        return
    path = archive / CONFIG_FILE
    text = path.read_text("utf-8")
    text += ("" if text.endswith("\n") else "\n") + wanted.to_toml()
    try:
        parse_config(path, text)
    except ConfigError as error:
        raise UsageError(str(error)) from error
    durable_write(path, text.encode())


def _roots_of(archive: Path, name: str) -> list[Root]:
    path = archive / "trust" / f"{name}.pem"
    if not path.is_file():
        return []
    listed = {root.sha256: root for root in read_roots(archive / "trust") if root.authority == name}
    try:
        return [listed.get(root.sha256, root) for root in describe_roots(name, path.read_bytes())]
    except TimestampError as error:
        raise ConfigError(f"{path}: {error}") from error


def _root(root: Root) -> dict[str, Any]:
    return {
        "sha256": root.sha256,
        "subject": root.subject,
        "not_before": clock.stamp(root.not_before),
        "not_after": clock.stamp(root.not_after),
        "accept_until": clock.stamp(root.accept_until) if root.accept_until else None,
    }


def _entry(tsa: AuthorityConfig, roots: list[Root]) -> dict[str, Any]:
    return {
        "name": tsa.name,
        "url": tsa.url,
        "policy": tsa.policy,
        "imprint": tsa.imprint,
        "from": tsa.since.isoformat() if tsa.since else None,
        "until": tsa.until.isoformat() if tsa.until else None,
        "asked_today": tsa.is_asked(),
        "roots": [_root(root) for root in roots],
    }


def _profile(profile: Profile) -> dict[str, Any]:
    names = ("name", "title", "url", "domestic", "paid", "verified", "policy", "root_subject", "root_sha256")
    return {name: getattr(profile, name) for name in (*names, "remark")}


def _added(wanted: AuthorityConfig, fresh: list[Root]) -> str:
    lines = [f"时间戳机构 {wanted.name}（{wanted.url}）"]
    lines += [f"  新的根证书：{_root_line(root)}" for root in fresh] or ["  没有新的根证书"]
    return "\n".join(lines)


def _listed(config: Config, roots: dict[str, list[Root]]) -> str:
    lines = ["本库的时间戳机构："] if config.authorities else ["本库未配置时间戳机构。"]
    for tsa in config.authorities:
        asked = "" if tsa.is_asked() else "（今天不在使用期内）"
        lines.append(f"  {tsa.name}{asked}  {tsa.url}  {tsa.imprint}  策略 {tsa.policy or '不限'}")
        lines += [f"    根证书：{_root_line(root)}" for root in roots[tsa.name]] or ["    缺少根证书"]
    lines.append("内置资料（根证书请自行取得）：")
    for profile in profiles().values():
        kind = f"{'国内' if profile.domestic else '境外'}、{'收费' if profile.paid else '免费'}"
        state = "已核" if profile.verified else "未核"
        lines.append(
            f"  {profile.name}  {profile.title}（{kind}、{state}）  {profile.url or '地址由合同约定'}"
        )
    return "\n".join(lines)


def _root_line(root: Root) -> str:
    end = min(root.not_after, root.accept_until) if root.accept_until else root.not_after
    return f"{root.subject}，接受至 {clock.beijing(clock.stamp(end))}，SHA-256 {root.sha256}"
