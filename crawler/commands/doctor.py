"""What works on this machine, and what to do about the rest: the environment check, on the screen."""

import re
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from crawler.commands.root import as_json, evidence, show_result
from crawler.config import read_config
from crawler.engine.environment.check import check_environment
from crawler.engine.environment.result import Outcome, Result
from crawler.engine.environment.rules import families, rules
from crawler.engine.environment.setting import setting_of
from crawler.errors import ArchiveMissing, UsageError

_HOST = re.compile(r"[\w.-]{1,253}(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:[0-9]{1,5})?")
_MOST_HOSTS = 8
_OUTCOMES: dict[Outcome, str] = {"passed": "通过", "failed": "未通过", "skipped": "跳过"}
_MARKS = {"passed": "✓", "failed": "✗", "skipped": "–"}


@evidence.command()
@click.option(
    "--host", "hosts", multiple=True, metavar="HOST", help="要检查的网站，可多次给出；HOST 或 HOST:PORT"
)
@click.option("--tsa", "probe", is_flag=True, help="让每家时间戳机构试盖一次章（不保存）")
@as_json
@click.pass_obj
def doctor(archive: Path, /, hosts: tuple[str, ...], probe: bool, as_json: bool) -> None:
    """检查本机：浏览器、字体、时钟、域名、代理、证书、磁盘、时间戳机构 / what works on this machine.

    \b
    evidence doctor
    evidence doctor --host www.example.com --tsa
    """
    for host in hosts:
        if not _HOST.fullmatch(host):
            raise UsageError(f"--host {host!r}: expected a host such as www.example.com, without http://")
    if len(hosts) > _MOST_HOSTS:
        raise UsageError(f"--host was given {len(hosts)} times: ask for at most {_MOST_HOSTS} hosts at once")
    results = look(archive, hosts, probe)
    counts = Counter(result.outcome for result in results)
    report: dict[str, Any] = {
        "counts": {outcome: counts[outcome] for outcome in _OUTCOMES},
        "results": [result.to_json() for result in results],
    }
    show_result(as_json, report, as_text(results))
    sys.exit(1 if counts["failed"] else 0)


def look(archive: Path, hosts: Sequence[str], probe: bool) -> list[Result]:
    """All checks, of the archive as well if there is one. Raises ConfigError for broken settings."""
    try:
        config, found = read_config(archive), archive
    except ArchiveMissing:
        config, found = None, None
    return check_environment(
        setting_of(
            config,
            found,
            hosts=tuple(_name(host) for host in hosts),
            more_dates=tuple(_robots(host) for host in hosts),
            rendering=True,
            doctor=True,
            probe_authorities=probe,
        )
    )


def _name(host: str) -> str:
    return host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]


def _robots(host: str) -> str:
    """The one page of a host that anybody may always ask for; its answer has a Date."""
    with_port = bool(re.search(r":[0-9]+$", host)) and not host.endswith("]")
    return f"{'http' if with_port else 'https'}://{host}/robots.txt"


def as_text(results: Sequence[Result]) -> str:
    """One line for each check under its family; under what is not passed, why, and what to do."""
    lines = []
    for family, title in families().items():
        of_family = [result for result in results if rules()[result.name].family == family]
        lines += [title, *(line for result in of_family for line in _lines(result))] if of_family else []
    counts = Counter(result.outcome for result in results)
    lines.append("  ".join(f"{_OUTCOMES[outcome]} {counts[outcome]}" for outcome in _OUTCOMES))
    return "\n".join(lines)


def _lines(result: Result) -> list[str]:
    subject = f"（{result.subject}）" if result.subject else ""
    reason = f"：{result.reason}" if result.reason else ""
    head = f"  {_MARKS[result.outcome]} {_OUTCOMES[result.outcome]}  {result.title_zh}{subject}{reason}"
    return [head, f"      → {result.remedy}"] if result.remedy else [head]
