"""What people see in the terminal: Chinese, times as 北京时间. Text in, text out; only `progress` and `live` draw."""

from __future__ import annotations

import contextlib
import json
import shlex
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from crawler import clock
from crawler.errors import (
    ArchiveError,
    ArchiveLocked,
    ArchiveMissing,
    ConfigError,
    DiskFull,
    FormatError,
    LogError,
    RecordError,
    TimestampError,
    UsageError,
)
from crawler.evidence.report import STATES_ZH
from crawler.evidence.seal import NOBODY, Seal
from crawler.export.wording import obstacle

if TYPE_CHECKING:  # who only shows needs no Scrapy
    from crawler.engine.extraction import Extraction, SiteExtraction
    from crawler.engine.run import Live, RunReport
    from crawler.engine.schedule import ScheduledCrawl
    from crawler.engine.schedule_history import HistoryEntry
    from crawler.store.carrying import Carried
    from crawler.store.oddities import OddReason
    from crawler.store.timeline import Change, Point


class Advance(Protocol):
    """How much is done of how much; `shown` stands before the bar."""

    def __call__(self, done: int, total: int, shown: str = ...) -> None: ...


KINDS = {"listing": "商品", "review": "评价", "post": "帖文"}
CHANGES = {
    "vanished": "前次可见、后次未见",
    "gone": "页面不再存在",
    "unread": "页面变样，已读不出",
    "back": "页面恢复",
    "appeared": "新出现",
    "text": "文字改动",
    "counter": "数值变化",
}
FIELDS = {
    "name": "名称",
    "headline": "标题",
    "review_body": "评价内容",
    "article_body": "正文",
    "price": "价格",
    "list_price": "原价",
    "sales": "销量",
    "review_count": "评价数",
    "rating_value": "评分",
    "useful_count": "有用数",
    "comment_count": "回复数",
    "like_count": "点赞数",
    "share_count": "转发数",
    "view_count": "浏览数",
}
MOST_LINES = 12
REASONS = {
    "finished": "全部完成",
    "shutdown": "被操作人中止",
    "page-cap": "达到单次页数上限",
    "disk-full": "磁盘已满",
    "cannot-record": "无法固定证据",
}
# What an error means, for readers of Chinese; the first class that fits. The error itself names the value.
HINTS: tuple[tuple[type[Exception], str], ...] = (
    (UsageError, "命令的写法或者所给的值有误；加 --help 可以查看用法。"),
    (ConfigError, "evidence.toml 缺失、缺少某项或者有误，请按上面的提示处理。"),
    (ArchiveMissing, "没有找到证据库或者其中的文件：请检查 --archive 所指的文件夹，或者执行上面提示的命令。"),
    (ArchiveLocked, "另一条 evidence 命令正在写入这个证据库，请等它结束以后再试。"),
    (DiskFull, "磁盘空间不足：请腾出空间以后再试，已经写入的内容没有丢失。"),
    (ArchiveError, "证据库目前不能完成这一步：请按上面的提示处理，不要就地修改其中的文件。"),
    (LogError, "日志与先前签名的内容不符或者不完整：请停止使用，不要就地修改，与备份比对。"),
    (RecordError, "内容未能写入证据库，请按上面的提示处理。"),
    (TimestampError, "时间戳机构没有应答，或者应答未能核验。"),
    (FormatError, "文件内容不符合格式，可能已经损坏，请与备份比对。"),
    (OSError, "文件无法读写：请检查路径、权限和磁盘。"),
)
# More exact than the class: what a lawyer meets and has to decide upon. The first that fits.
_SAID = (
    (
        "EVIDENCE_CHROMIUM",
        "没有可用的 Chromium 浏览器：请安装（Debian：apt-get install chromium fonts-noto-cjk），"
        "或者用 EVIDENCE_CHROMIUM 指明位置；不需要截图的，用 --no-render。",
    ),
    (
        "needs its passphrase",
        "日志密钥有口令保护：请设置 EVIDENCE_PASSPHRASE，或者在终端中运行本命令并输入口令。",
    ),
    (
        "the passphrase is wrong",
        "日志密钥的口令不对：请重新输入；没有做任何改动。确已遗忘的，用 evidence key replace。",
    ),
    ("holds the retired key", "放回的是已停用的旧密钥：请换回现用密钥的文件；没有签署任何内容。"),
    ("keys/log.key is missing", "日志密钥文件不见了：先从备份恢复；确已遗失的，用 evidence key replace。"),
    ("the keyring", "操作系统的密钥环不能使用：请解锁或者安装密钥环，或者改用 EVIDENCE_PASSPHRASE。"),
    ("does not exist", "没有这个文件或文件夹：请检查路径。路径中有空格的，请加引号。"),
    ("is no date", "日期的写法不对：例如 2036-01-01。"),
    (
        "shows two histories",
        "对方的日志出示了两份不同的历史：没有联署，两份均已留存；请通知对方和其他见证人。",
    ),
    ("not cosigned (422)", "对方的日志与这里先前联署的不一致：没有联署；请与对方核对，不要代为修改。"),
    (
        "not cosigned (403)",
        "检查点不是由这里登记的密钥签名：对方可能换了密钥，请从可靠渠道核实以后运行 evidence witness trust。",
    ),
    (
        "not cosigned (404)",
        "这里没有登记对方的日志：请从可靠渠道取得对方的日志公钥，运行 evidence witness trust。",
    ),
    ("not cosigned (409)", "对方的请求不是从这里最近联署的检查点开始的：请对方按上面的提示重新提出请求。"),
)
# Why a page could not be read. Its refusal or error answer is a capture all the same, so "未采集" would be wrong.


@contextlib.contextmanager
def progress(what: str) -> Iterator[Advance]:
    """A bar on the terminal while something long runs; nothing where nobody watches."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    task = bar.add_task(what, total=None)

    def advance(done: int, total: int, shown: str = what) -> None:
        bar.update(task, completed=done, total=total, description=shown)

    with bar if sys.stderr.isatty() else contextlib.nullcontext():
        yield advance


@contextlib.contextmanager
def phases(what: str) -> Iterator[Callable[[str, int, int], None]]:
    """As `progress`, for work of several parts: a part's name, how much of it is done, how much it is."""
    with progress(what) as advance:
        yield lambda part, done, total: advance(done, total, f"{what}：{part}")


@contextlib.contextmanager
def live() -> Iterator[Callable[[Live], None]]:
    """A line with what the crawl has done so far; every ten seconds a line where there is no terminal."""
    if not sys.stderr.isatty():
        yield _Ticker()
        return
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    task = bar.add_task("准备采集")
    with bar:
        yield lambda now: bar.update(task, description=_line(now))


class _Ticker:
    """Prints every twentieth look, i.e. every ten seconds."""

    def __init__(self) -> None:
        self._looks = 0

    def __call__(self, now: Live) -> None:
        self._looks += 1
        if self._looks % 20 == 0:
            print(_line(now), file=sys.stderr, flush=True)


def failure(error: Exception) -> str:
    """An error on the way out: what it says, and under it what that means."""
    kind = "用法有误 / usage" if isinstance(error, UsageError) else "错误 / error"
    hints = [hint for part, hint in _SAID if part in str(error)]
    hints += [hint for kinds, hint in HINTS if isinstance(error, kinds)]
    return "\n".join([f"{kind}: {error}", *(f"    → {hint}" for hint in hints[:1])])


def runs(reports: Sequence[RunReport]) -> str:
    """One paragraph for each run: what was done, what was not, and what to do next."""
    return "\n".join(_run(report) for report in reports)


def sealed(state: Seal) -> str:
    """Who has stamped the newest checkpoint, and who has not."""
    lines = [f"检查点：日志前 {state.size} 条"]
    lines += [f"  时间戳 {name}：先前已盖章" for name in state.kept]
    lines += [f"  时间戳 {name}：{clock.beijing(when)}" for name, when in state.stamped.items()]
    lines += [
        f"  {_unsealed(reason)}" if reason == NOBODY else f"  未盖章 {name}：{unstamped(reason)}"
        for name, reason in state.missing.items()
    ]
    lines += [f"  {_unjudged(name, reason)}" for name, reason in state.unjudged.items()]
    lines.append(
        "已封存。" if state.sealed else "尚未封存（unsealed）：请排除上述问题后再次运行 evidence seal。"
    )
    return "\n".join(lines)


def captures(rows: Sequence[dict[str, Any]]) -> str:
    """One line for each capture, newest first."""
    return "\n".join(_capture(row) for row in rows) or "没有符合条件的采集。"


def items(rows: Sequence[dict[str, Any]]) -> str:
    """One line for each item."""
    return (
        "\n".join(
            f"{row['capture'][:12]}  {row['site']}  {row['identifier']}  {' '.join(row['text'].split())[:60]}"
            for row in rows
        )
        or "没有符合条件的内容。"
    )


def where(fields: Sequence[dict[str, Any]]) -> str:
    """For each field what is printed, the place on the page, and its first rectangles in the picture."""
    lines = []
    for one in fields:
        printed = " ".join(str(one["printed"] if one["printed"] is not None else "（化名处理）").split())[:40]
        lines.append(f"{one['field']}  “{printed}”  {one['place']}")
        for box in one["rectangles"][:MOST_LINES]:
            lines.append(f"    画面：左 {box['x']}、上 {box['y']}、宽 {box['w']}、高 {box['h']} 像素")
    return "\n".join(lines) or "没有记下位置。"


def changes(found: Sequence[Change]) -> str:
    """What changed between looks, sort by sort, each with the captures before and after."""
    lines: list[str] = []
    for what, title in CHANGES.items():
        those = [change for change in found if change.what == what]
        if those:
            lines += [
                f"{title} {len(those)} 处：",
                *(f"  {_change(change)}" for change in those[:MOST_LINES]),
            ]
    if not lines:
        return "没有发现变化。"
    if max(Counter(change.what for change in found).values()) > MOST_LINES:
        lines.append("（只列出一部分；全部内容请加 --json）")
    return "\n".join(lines)


def series(points: Sequence[Point]) -> str:
    """One line for each capture that shows the counter."""
    lines = [
        f"{clock.beijing(point.time)}  “{point.printed}”（采集 {point.capture[:12]}）" for point in points
    ]
    return "\n".join(lines) or "没有这样的数值。"


def exported(to: Path, summary: Any, beside: Sequence[Path] = ()) -> str:
    """Where the bundle is and how to look at it."""
    return (
        f"证据包：{to}（{summary.captures} 次采集，{summary.records} 条记录）\n"
        f"  打开：{to / 'data/index.html'}（证据、文书、说明）\n"
        f"  证据目录：{to / 'data/catalogue.docx'}\n"
        f"  核验说明：{to / 'data/verify-zh.html'}\n"
        f"  核验：evidence verify {shlex.quote(str(to))} --trust 文件夹（其中是自行取得的根证书）"
    ) + "".join(
        [f"\n  {line}" for line in _signed(summary.papers)] + [f"\n  另有：{path}" for path in beside]
    )


def _signed(papers: Mapping[str, Any]) -> list[str]:
    """What became of the papers that are signed inside; that one has no timestamp is said, with the reasons."""
    names: dict[str, list[str]] = {}
    for name, stamping in papers.items():
        reasons = "；".join(why if who == "-" else f"{who}：{why}" for who, why in stamping.missing.items())
        unstamped = f"警告：没有时间戳。{reasons}"
        came_to = unstamped if stamping.gen_time is None else f"时间戳 {stamping.authority}"
        names.setdefault(came_to, []).append(name)
    return [f"文内签名（{came_to}）：{'、'.join(signed)}" for came_to, signed in names.items()]


def schedule(scheduled: Sequence[ScheduledCrawl], past: Sequence[HistoryEntry]) -> str:
    """One line for each scheduled crawl, then what became of the last due times."""
    lines = [
        f"{crawl.number}：{crawl.cron}（北京时间）  {', '.join(crawl.watched or crawl.sites)}"
        for crawl in scheduled
    ]
    lines = lines or ["没有定时采集。"]
    return "\n".join([*lines, *(f"  {step}" for step in past)])


def rebuilt(differences: Sequence[str]) -> str:
    """Whether the rebuilt database equals the one before."""
    if not differences:
        return "数据库已重建，与原数据库一致。"
    return "\n".join(["数据库已重建，与原数据库不同：", *(f"  {difference}" for difference in differences)])


def carried(rows: Sequence[Carried]) -> list[str]:
    """What a rebuilt database took over from the one before."""
    return [
        f"  由原数据库转存（该版本的解析程序已不在）：{row.extractor} 第 {row.version} 版，"
        f"{row.pages} 页，{row.rows} 条"
        for row in rows
    ]


def extracted(found: Extraction) -> str:
    """One paragraph for each site: what was read, what it is beside the version before, what was not understood."""
    lines: list[str] = []
    for one in found.sites.values():
        items = "，".join(f"{KINDS[kind]} {n}" for kind, n in one.items.items()) or "无"
        before = f"，本版先前已读、未再读 {one.before} 页" if one.before else ""
        lines += [
            f"{one.site}（解析第 {one.version} 版）：读取 {one.read} 页{before}",
            f"  读出：{items}；未能读懂：可能漏掉内容 {one.lost} 处，细节 {one.details} 处",
            *_difference(one),
        ]
    lines += odd(found.odd)
    if found.unknown:
        lines.append(f"没有解析程序认识的采集：{found.unknown} 次（仍完整保存）")
    if found.interrupted:
        lines.append("已被操作人中止：再次运行同一命令即从中断处继续。")
    return "\n".join(lines) or "没有可以读取的采集。"


def odd(reasons: Sequence[OddReason]) -> list[str]:
    """What was not understood, by reason, each with one place."""
    lines = []
    for one in reasons[:MOST_LINES]:
        what = "可能漏掉内容" if one.lost else "细节"
        place = f"，位于 {one.place}" if one.place else ""
        lines.append(
            f"  未能读懂（{what}）{one.count} 处：{one.reason[:200]}"
            f"（例如采集 {one.capture[:12]} {one.url}{place[:160]}）"
        )
    if len(reasons) > MOST_LINES:
        lines.append(f"  另有 {len(reasons) - MOST_LINES} 种原因：全部内容请加 --json")
    return lines


def _difference(one: SiteExtraction) -> list[str]:
    if not one.compared:
        return []
    parts = [
        *(f"新读出{KINDS[kind]} {n}" for kind, n in one.difference.appeared.items()),
        *(f"不再读出{KINDS[kind]} {n}" for kind, n in one.difference.vanished.items()),
        *(f"{_field(name)}改变 {n}" for name, n in one.difference.changed.most_common()),
    ]
    return [f"  与前一版比较（{one.compared} 页）：{'，'.join(parts) or '没有不同'}"]


def _field(name: str) -> str:
    kind, _, column = name.partition(".")
    return f"{KINDS[kind]}的{FIELDS.get(column, column)}"


def _change(change: Change) -> str:
    captures = f"（采集 {change.capture_before[:12]} → {change.capture_after[:12]}）"
    if change.what in ("appeared", "vanished"):
        words = " ".join((change.after or change.before or change.identifier).split())[:40]
        return f"{change.site} {KINDS[change.kind]} {change.identifier[:20]}：{words}{captures}"
    if change.kind == "page":
        return f"{change.page_url}：{change.before} → {change.after}{captures}"
    named, before, after = (
        FIELDS[change.field or ""],
        *(" ".join((v or "").split())[:40] for v in (change.before, change.after)),
    )
    return (
        f"{change.site} {KINDS[change.kind]} {change.identifier[:20]}：{named}“{before}”→“{after}”{captures}"
    )


def _capture(row: dict[str, Any]) -> str:
    when = clock.beijing(row["started"]).partition("（")[0]
    removed = "（已按留存期限删除）" if row.get("removed") else ""
    beside = json.loads(row.get("look") or "{}").get("beside") or {}
    suspect = f"（{beside['reason']}）" if beside.get("verdict") == "differs" else ""
    state, status = STATES_ZH[row["state"]], row["status"] or "-"
    return f"{row['id'][:12]}  {when}  {state}  {status}  {row['url']}{removed}{suspect}"


def _line(now: Live) -> str:
    return f"{now.site}：已固定 {now.captures} 页，读出 {now.items} 条"


def _obstacle(reason: str) -> str:
    """A reason of ours in Chinese; what a library said stays as it said it."""
    host, stopped, why = reason.partition(" was stopped in this run: ")
    if stopped:
        return f"{host} 已停止访问，未再请求：{_obstacle(why)}"
    if reason.startswith("not rendered: "):  # crawler.engine.render
        return f"浏览器未能看到（{reason.removeprefix('not rendered: ')}）"
    return obstacle(reason)


def _yields(report: RunReport) -> list[str]:
    """An alarm for what is outside the expected range, a warning for what has dropped by more than half."""
    lines = []
    for one in report.yields:
        last = f"上次采集 {one.before} 条，" if one.before is not None else ""
        if one in report.missed and one.expected is not None:
            least, most = one.expected
            lines.append(
                f"  【警报】{KINDS[one.kind]}：{last}这次 {one.now} 条，预期 {least} 至 {most} 条。网站可能已经改版，"
                f"或者显示的不是平常的页面：请运行 evidence captures --run {report.run} 查看已固定的网页，"
                f"改正 spiders/{report.site}.py 以后运行 evidence extract --site {report.site}"
            )
        elif one.dropped and report.reason == "finished":
            lines.append(
                f"  【注意】{KINDS[one.kind]}：{last}这次 {one.now} 条，少了一半以上。可能是网站删减了内容，"
                f"也可能是改版：请运行 evidence captures --run {report.run} 核对已固定的网页"
            )
    return lines


def _unsealed(reason: str) -> str:
    if reason == NOBODY:
        return "未配置时间戳机构，请先在 evidence.toml 中填写 [[authority]]，并把根证书放进 trust/"
    name, unstamped, _ = reason.partition(" has not stamped the newest checkpoint")
    if unstamped:
        return f"时间戳机构 {name} 还没有为最新的检查点盖章"
    count, unsigned, _ = reason.partition(" log entries are not signed yet")
    if unsigned:
        return f"日志中有 {count} 条尚未签名"
    name, judged, why = reason.partition(": ")
    return _unjudged(name, why) if judged else reason


def _unjudged(name: str, reason: str) -> str:
    """A token that is kept, but that nobody here can verify, such as one signed with SM2."""
    return f"时间戳机构 {name} 的时间戳已留存，但本软件不能核验，不计入（{reason}）"


def unstamped(reason: str) -> str:
    """Why a TSA gave no token: the usual reasons in Chinese, what it said behind that."""
    if " did not answer: " in reason:
        return f"没有应答，可能是网络不通或者该机构暂停服务（{reason}）"
    return reason


def _run(report: RunReport) -> str:
    states = "，".join(f"{STATES_ZH[state]} {n}" for state, n in report.counts.get("captures", {}).items())
    items = "，".join(f"{KINDS[kind]} {n}" for kind, n in report.items.items()) or "无"
    lines = [
        f"{report.site}（{report.run}）：{REASONS.get(report.reason, report.reason)}，用时 {report.seconds:.0f} 秒",
        f"  采集：{states or '无'}；读出：{items}",
    ]
    lines += [
        f"  未取得内容：{_obstacle(reason)}（{n}）" for reason, n in report.counts.get("reasons", {}).items()
    ]
    lines += [
        f"  已停止访问 {host}：{_obstacle(reason)}"
        for host, reason in report.counts.get("stopped_hosts", {}).items()
    ]
    if report.differing:
        lines.append(f"  疑似对不同访问方式显示不同内容：{report.differing} 页（见 evidence captures）")
    lines += _yields(report)
    if report.unread:
        lines.append(
            f"  未能读懂：{report.unread} 处可能漏掉了内容，原因如下；网页都已固定，改正以后运行 evidence extract"
        )
    lines += odd(report.odd)
    if report.errors:
        lines.append(f"  运行日志中有 {report.errors} 条错误：用 --log-file 可以查看")
    if report.stopped_by:
        lines.append(f"  原因：{report.stopped_by}")
    if report.left:
        lines.append(f"  未处理完的请求：{report.left} 个")
    if report.reason != "finished" or report.left:
        lines.append(f"  继续：evidence crawl --resume {report.run}")
    lines += [
        f"  尚未封存（unsealed）：{_unsealed(reason)}；请运行 evidence seal" for reason in report.unsealed
    ]
    return "\n".join(lines)
