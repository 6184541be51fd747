"""The command `evidence`. Thin: parse, call, print, exit code.

Exit codes (docs/decisions/0009): 0 all is well · 1 something failed · 2 wrong usage · 3 nothing failed, but
something is not sealed or could not be checked.
"""

import fcntl
import json
import re
import string
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import quote, urlsplit

import click

from crawler import __version__, clock, show
from crawler.config import FILE as CONFIG_FILE
from crawler.config import AuthorityConfig, Config, parse_config, read_config
from crawler.engine import schedule as schedules
from crawler.engine.extract import rebuild
from crawler.engine.post import passphrase, post_query
from crawler.engine.run import SINGLE, Order, RunReport, crawl, known_sites, project_settings, resumable
from crawler.engine.schedule_history import history
from crawler.errors import ArchiveLocked, ConfigError, EvidenceError, FormatError, TimestampError, UsageError
from crawler.evidence.archive import LOCK_FILE, Archive
from crawler.evidence.checkpoint import parse_vkey
from crawler.evidence.durable import durable_write
from crawler.evidence.seal import seal
from crawler.evidence.timestamp import split_trust
from crawler.evidence.verify import verify
from crawler.export.bundle import export_bundle
from crawler.export.model import Case, Exhibit, group_names
from crawler.items import ITEM_TYPES
from crawler.store import cases, series
from crawler.store.check import check_index
from crawler.store.index import FILE as INDEX_FILE
from crawler.store.index import Index
from crawler.store.session import Session

NOT_SEALED = 3
_NUMBER_OR_BOOLEAN = re.compile(r"[0-9]+(\.[0-9]+)?|[Tt]rue|[Ff]alse")


class _Group(click.Group):
    """Commands in the order in which one meets them, not by the alphabet."""

    def list_commands(self, _context: click.Context) -> list[str]:
        """Names in the order of definition."""
        return list(self.commands)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
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


@evidence.command()
@click.argument("folder", type=click.Path(path_type=Path), required=False)
@click.option("--organisation", prompt="组织名称 / organisation", help="例如 某某市消费者委员会")
@click.option("--operator", prompt="操作人 / operator", help="取证人姓名，写入每一条日志")
@click.option("--contact", prompt="联系方式 / contact", help="电子邮件或网址，写入 User-Agent，便于网站联系")
@click.option("--origin", help="日志名称，用自己的域名，例如 evidence.example.org/log；以后不能更改")
@click.option(
    "--tsa", "authorities", multiple=True, metavar="NAME=URL=ROOT.pem", help="时间戳机构，可多次给出"
)
@click.option("--delay", type=float, default=5.0, show_default=True, help="对同一网站两次访问的间隔秒数")
@click.option("--proxy", default="", help="http://host:port，写入每一次采集的记录")
@click.pass_obj
def init(
    archive: Path, /, folder: Path | None, authorities: tuple[str, ...], delay: float, **who: Any
) -> None:
    """新建证据库并生成日志密钥 / make an archive and its key.

    \b
    evidence init 证据库 --organisation 某某市消费者委员会 --operator 张三 --contact wq@example.org \\
        --tsa freetsa=https://freetsa.org/tsr=freetsa-root.pem
    """
    path = folder or archive
    empty = [name for name in ("organisation", "operator", "contact") if not who[name].strip()]
    if empty:
        raise UsageError(f"{', '.join(empty)} must not be empty: each stands in every checkpoint or request")
    entries = [_authority(entry) for entry in authorities]
    config = Config(
        origin=who["origin"] or f"evidence.invalid/{_ascii(path.resolve().name)}",
        organisation=who["organisation"],
        operator=who["operator"],
        contact=who["contact"],
        delay_seconds=delay,
        proxy=who["proxy"],
        authorities=tuple(entry for entry, _ in entries),
    )
    try:
        parse_config(path / CONFIG_FILE, config.to_toml())
    except ConfigError as error:
        raise UsageError(str(error)) from error
    with Archive.create(path, config, passphrase=passphrase()) as made:
        for entry, roots in entries:
            durable_write(path / "trust" / f"{entry.name}.pem", roots)
        with Session.take(made):
            pass
    click.echo(f"证据库已建立：{path}")
    click.echo(f"日志公钥：{(path / 'trust/log.vkey').read_text().strip()}")
    if not who["origin"]:
        click.echo(
            f"日志名称为 {config.origin}，以后不能更改；正式使用请用 --origin 以自己的域名命名。", err=True
        )
    if not entries:
        click.echo(
            "尚未配置时间戳机构：请在 evidence.toml 中填写 [[authority]]，并把根证书放进 trust/。", err=True
        )


@evidence.command("crawl")
@click.argument("sites", nargs=-1)
@click.option("--url", help="从这个地址开始，代替起始页")
@click.option("--kind", type=click.Choice(list(ITEM_TYPES)), help="只采集这一类")
@click.option(
    "--pages", type=click.IntRange(min=1), help="最多采集这么多页（不含 robots.txt）；之后可用 --resume 继续"
)
@click.option("--resume", metavar="RUN", help="继续被中断的采集")
@click.option("--log-file", type=click.Path(path_type=Path), help="采集过程日志写入此文件")
@click.option("-s", "settings", multiple=True, metavar="NAME=VALUE", help="Scrapy 设置，写入日志")
@as_json
@click.pass_obj
def crawl_command(
    archive: Path,
    sites: tuple[str, ...],
    url: str | None,
    kind: str | None,
    pages: int | None,
    resume: str | None,
    log_file: Path | None,
    settings: tuple[str, ...],
    as_json: bool,
) -> None:
    """采集网站：先固定，后解析；始终遵守 robots.txt / crawl sites.

    \b
    evidence crawl tieba --url http://tieba.baidu.com/p/9119688421
    evidence crawl --resume 20261122T081641-3f9a
    """
    if resume is None and not sites:
        raise UsageError(f"which site? One of: {', '.join(known_sites())}")
    if resume and (sites or url is not None or kind):
        raise UsageError("--resume goes on with what was ordered then: give no site, --url or --kind with it")
    if url is not None:
        _require_address(url)
    orders = [resumable(archive, resume)] if resume else [Order(site, url, kind) for site in sites]
    _crawl(archive, orders, log_file, _settings(settings, pages), as_json)


@evidence.command()
@click.argument("urls", nargs=-1, required=True)
@click.option("--log-file", type=click.Path(path_type=Path), help="采集过程日志写入此文件")
@as_json
@click.pass_obj
def capture(archive: Path, urls: tuple[str, ...], log_file: Path | None, as_json: bool) -> None:
    """固定单个网页 / record single pages now (plain HTTP).

    \b
    evidence capture http://www.example.com/item/1 http://www.example.com/item/2
    """
    for url in urls:  # all before the first is fetched
        _require_address(url)
    _crawl(archive, [Order(SINGLE, url) for url in urls], log_file, {}, as_json)


@evidence.command()
@click.option("--run", help="只列这一次采集")
@click.option("--site", help="只列这个网站")
@click.option("--state", type=click.Choice(["complete", "partial", "blocked", "failed"]))
@click.option("--url", help="网址中含有的文字")
@click.option("--limit", default=50, show_default=True)
@as_json
@click.pass_obj
def captures(archive: Path, /, limit: int, as_json: bool, **wanted: str | None) -> None:
    """列出已固定的网页 / list captures.

    \b
    evidence captures --site tieba --state complete
    """
    given = {name: value for name, value in wanted.items() if value is not None}
    if "url" in given:  # addresses are kept percent-encoded
        given["url"] = quote(given["url"], safe=string.punctuation)
    where = " and ".join("instr(url, ?)" if name == "url" else f"{name} = ?" for name in given) or "1"
    sql = f"select * from capture where {where} order by leaf desc limit ?"  # noqa: S608 - names from our own options
    with _index(archive) as index:
        rows = [dict(row) for row in index.query(sql, (*given.values(), limit))]
    _print(as_json, rows, show.captures(rows))


@evidence.command("items")
@click.argument("kind", type=click.Choice(list(ITEM_TYPES)))
@click.option("--text", default="", help="内容中含有的文字")
@click.option("--limit", default=50, show_default=True)
@as_json
@click.pass_obj
def items_command(archive: Path, kind: str, text: str, limit: int, as_json: bool) -> None:
    """列出读出的商品、评价、帖文及其所在采集 / list what was read, and from which capture.

    \b
    evidence items post --text 体验官
    """
    with _index(archive) as index:
        rows = [dict(row) for row in series.items(index, kind, text, limit)]
    _print(as_json, rows, show.items(rows))


@evidence.command()
@as_json
@click.pass_obj
def changes(archive: Path, as_json: bool) -> None:
    """同一网页前后两次采集的变化：计数、消失的评价 / what moved and what vanished between captures.

    \b
    evidence changes
    """
    with _index(archive) as index:
        moved, gone = series.moves(index), series.vanished(index)
    found = {"moves": [asdict(move) for move in moved], "vanished": [asdict(review) for review in gone]}
    _print(as_json, found, show.changes(moved, gone))


@evidence.command("seal")
@as_json
@click.pass_obj
def seal_command(archive: Path, as_json: bool) -> None:
    """签署检查点并加盖时间戳；补齐先前未成功的 / sign and stamp now; drains what is still missing.

    \b
    evidence seal
    """
    with Session.open(archive) as session:
        state = seal(session.archive, post_query, passphrase=passphrase())
    found = {"size": state.size, "stamped": state.stamped, "missing": state.missing}
    _print(as_json, found, show.sealed(state))
    if not state.sealed:
        sys.exit(NOT_SEALED)


@evidence.command("verify")
@click.argument("path", type=click.Path(path_type=Path), required=False)
@click.option("--trust", type=click.Path(path_type=Path), help="自行取得的 TSA 根证书所在文件夹（NAME.pem）")
@click.option("--vkey", help="自行取得的日志公钥")
@as_json
@click.pass_obj
def verify_command(
    archive: Path, path: Path | None, trust: Path | None, vkey: str | None, as_json: bool
) -> None:
    """核验证据库或证据包：逐项给出通过、未通过、未核验 / verify an archive or a bundle.

    \b
    evidence verify
    evidence verify 证据包 --trust 证据库/trust
    """
    target = path or archive
    _require_quiet(target)
    _require_anchors(trust, vkey)
    with show.progress("核验") as advance:
        report = verify(target, trust=trust, vkey=vkey, progress=advance)
    if (target / "evidence.toml").exists():
        report = replace(report, checks=(*report.checks, check_index(target)))
    click.echo(report.to_json() if as_json else report.to_text())
    sys.exit(report.exit_code)


@evidence.group(cls=_Group)
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
    with _index(archive) as index:
        rows = [dict(row) for row in cases.cases(index)]
    _print(as_json, rows, show.cases(rows))


@case.command("show")
@click.argument("case_id", metavar="CASE")
@as_json
@click.pass_obj
def case_show(archive: Path, case_id: str, as_json: bool) -> None:
    """显示案件的证据 / show a case and its exhibits.

    \b
    evidence case show K1
    """
    with _index(archive) as index:
        row = dict(cases.require_case(index, case_id))
        row["exhibits"] = [
            {**exhibit, "captures": cases.captures_of(exhibit)} for exhibit in _exhibit_rows(index, case_id)
        ]
    _print(as_json, row, show.case(row))


@evidence.command("export")
@click.argument("case_id", metavar="CASE")
@click.option(
    "--to", type=click.Path(path_type=Path), required=True, help="证据包写入的文件夹（须为空或不存在）"
)
@as_json
@click.pass_obj
def export_command(archive: Path, case_id: str, to: Path, as_json: bool) -> None:
    """导出证据包：网页存档、时间戳、证据目录、核验说明 / write a bundle that anyone can verify.

    \b
    evidence export K1 --to 证据包-K1
    """
    with Session.open(archive) as session:
        seal(session.archive, post_query, passphrase=passphrase())
        case, exhibits = _case(session.index, case_id)
        with show.progress("导出") as advance:
            summary = export_bundle(session.archive, case, exhibits, to, progress=advance)
        details = {"case": case_id, "grade": "court", "tagmanifest": summary.digest}
        session.record_event("bundle-exported", details)
        state = seal(session.archive, post_query, passphrase=passphrase())
    _print(
        as_json,
        {"bundle": str(to), "tagmanifest": summary.digest, "sealed": state.sealed},
        show.exported(to, summary),
    )
    if not state.sealed:
        sys.exit(NOT_SEALED)


@evidence.command("rebuild")
@as_json
@click.pass_obj
def rebuild_command(archive: Path, as_json: bool) -> None:
    """由网页存档和日志重建数据库，并与原数据库比对 / the database again from WARC and log.

    \b
    evidence rebuild
    """
    with show.progress("重建") as advance:
        differences = rebuild(archive, advance)
    _print(as_json, {"differences": differences}, show.rebuilt(differences))
    if differences:
        sys.exit(1)


@evidence.group(cls=_Group)
def schedule() -> None:
    """定时采集 / scheduled crawls.

    \b
    evidence schedule add "30 2 * * 1-5" tieba douban_group
    evidence schedule run
    """


@schedule.command("add")
@click.argument("cron")
@click.argument("sites", nargs=-1, required=True)
@click.pass_obj
def schedule_add(archive: Path, cron: str, sites: tuple[str, ...]) -> None:
    """按 cron 表达式定时采集（北京时间） / crawl on schedule.

    \b
    evidence schedule add "30 2 * * 1-5" tieba douban_group
    """
    read_config(archive)
    unknown = [site for site in sites if site not in known_sites()]
    if unknown:
        raise UsageError(f"unknown site {', '.join(unknown)}; known: {', '.join(known_sites())}")
    added = schedules.add(archive, cron, list(sites))
    click.echo(f"已添加 {show.schedule([added], [])}")


@schedule.command("list")
@as_json
@click.pass_obj
def schedule_list(archive: Path, as_json: bool) -> None:
    """列出定时采集与最近的执行情况 / list schedules and what became of them.

    \b
    evidence schedule list
    """
    scheduled, past = schedules.scheduled(archive), history(archive)[-10:]
    found = {"scheduled": [asdict(crawl) for crawl in scheduled], "history": [asdict(step) for step in past]}
    _print(as_json, found, show.schedule(scheduled, past))


@schedule.command("remove")
@click.argument("number", type=int)
@click.pass_obj
def schedule_remove(archive: Path, number: int) -> None:
    """删除定时采集 / remove a schedule.

    \b
    evidence schedule remove 1
    """
    removed = schedules.remove(archive, number)
    click.echo(f"已删除 {show.schedule([removed], [])}")


@schedule.command("run")
@click.pass_obj
def schedule_run(archive: Path) -> None:
    """在前台执行定时采集，按 Ctrl-C 结束 / run the scheduler in the foreground.

    \b
    evidence schedule run
    """
    schedules.run(archive, command=[sys.executable, "-m", "crawler"], report=click.echo)


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


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Entry point: errors that we raise on purpose become one clear line and an exit code."""
    try:
        evidence.main(args=arguments, prog_name="evidence", standalone_mode=True)
    except UsageError as error:
        click.echo(show.failure(error), err=True)
        sys.exit(2)
    except (EvidenceError, OSError) as error:
        click.echo(show.failure(error), err=True)
        sys.exit(1)
    sys.exit(0)


def _crawl(
    archive: Path, orders: list[Order], log_file: Path | None, settings: dict[str, str], as_json: bool
) -> None:
    with show.live() as watch:
        try:
            reports = crawl(archive, orders, watch=watch, log_file=log_file, **settings)
        except ValueError as error:
            if not settings:
                raise
            # Scrapy reads a setting where it needs it, before anything is fetched.
            given = ", ".join(f"{name}={value}" for name, value in settings.items())
            raise UsageError(f"a setting has a wrong value ({given}): {error}") from error
    _print(as_json, [_as_json(report) for report in reports], show.runs(reports))
    sys.exit(_worst(reports, len(orders)))


def _worst(reports: list[RunReport], ordered: int) -> int:
    codes = {report.exit_code for report in reports} | ({1} if len(reports) < ordered else set())
    return 1 if 1 in codes else max(codes, default=0)


def _as_json(report: RunReport) -> dict[str, Any]:
    fields = {name: getattr(report, name) for name in report.__slots__}
    return {**fields, "complete": report.complete, "exit_code": report.exit_code}


def _print(as_json: bool, content: Any, text: str) -> None:
    click.echo(json.dumps(content, ensure_ascii=False, indent=2) if as_json else text)


def _case(index: Index, case_id: str) -> tuple[Case, list[Exhibit]]:
    row = cases.require_case(index, case_id)
    exhibits = [
        Exhibit(
            number=exhibit["number"],
            group=exhibit["group_letter"],
            title=exhibit["title"],
            purpose=exhibit["purpose"],
            captures=tuple(cases.captures_of(exhibit)),
        )
        for exhibit in cases.exhibits_of(index, case_id)
    ]
    return Case(**dict(row)), exhibits


def _exhibit_rows(index: Index, case_id: str) -> list[Any]:
    return [dict(row) for row in cases.exhibits_of(index, case_id)]


def _authority(entry: str) -> tuple[AuthorityConfig, bytes]:
    name, _, rest = entry.partition("=")
    url, _, roots = rest.rpartition("=")
    if not (name and url and Path(roots).is_file()):
        raise UsageError(f"--tsa {entry!r}: expected NAME=URL=ROOT.pem, and ROOT.pem must exist")
    if not (name.isascii() and name.replace("-", "").isalnum() and url.startswith(("http://", "https://"))):
        raise UsageError(
            f"--tsa {entry!r}: NAME takes ASCII letters, digits and hyphens; URL begins with http"
        )
    trust = Path(roots).read_bytes()
    try:
        split_trust(trust)
    except (TimestampError, ValueError) as error:
        raise UsageError(f"--tsa {entry!r}: {roots}: {error}") from error
    return AuthorityConfig(name, url), trust


def _require_address(url: str) -> None:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is none, an IPv6 address that is none
        usable = False
    if not usable:
        raise UsageError(
            f"{url!r} is not the address of a web page: expected http://HOST/… or https://HOST/…"
        )
    if "@" in parts.netloc:
        raise UsageError(
            f"the address on {parts.hostname} must hold no user name or password: it is recorded"
        )


def _require_quiet(archive: Path) -> None:
    """Raise ArchiveLocked while somebody writes: a half-written entry would look like damage."""
    if not (archive / LOCK_FILE).is_file():
        return
    with (archive / LOCK_FILE).open("rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ArchiveLocked(
                f"{archive} is being written by another evidence command: verify it when that has ended"
            ) from error


def _require_anchors(trust: Path | None, vkey: str | None) -> None:
    """Refuse roots and keys that cannot be read: that is no fault of what is verified."""
    if vkey is not None:
        try:
            parse_vkey(vkey)
        except FormatError as error:
            raise UsageError(
                f"--vkey: {error}; give the whole line, as `evidence init` printed it"
            ) from error
    if trust is None:
        return
    roots = sorted(trust.glob("*.pem"))
    if not roots and not (trust / "log.vkey").is_file():
        raise UsageError(
            f"--trust {trust}: expected a folder with root certificates, one NAME.pem for each TSA"
        )
    for root in roots:
        try:
            split_trust(root.read_bytes())
        except (TimestampError, ValueError) as error:
            raise UsageError(f"--trust {trust}: {root.name}: {error}") from error


def _index(archive: Path) -> Index:
    read_config(archive)  # a missing archive is said to be one
    return Index(archive / INDEX_FILE, writable=False)


def _settings(given: tuple[str, ...], pages: int | None) -> dict[str, str]:
    wrong = [entry for entry in given if not re.fullmatch(r"[A-Z][A-Z0-9_]*=.*", entry)]
    if wrong:
        raise UsageError(f"-s {wrong[0]!r}: expected NAME=VALUE, as in -s DOWNLOAD_DELAY=10")
    values = {name: value for name, _, value in (entry.partition("=") for entry in given)}
    known = project_settings(Path())
    for name, value in values.items():
        if isinstance(known.get(name), int | float) and not _NUMBER_OR_BOOLEAN.fullmatch(value):
            raise UsageError(f"-s {name}={value}: expected a number, or True or False")
    return {**({} if pages is None else {"EVIDENCE_PAGES": str(pages)}), **values}


def _ascii(name: str) -> str:
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "-.") else "-" for c in name).strip("-")
    return kept or f"archive-{clock.now()[:10]}"
