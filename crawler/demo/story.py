"""The whole story on one machine: every step is a real `evidence` command, run as a user would run it.

The market and the two time-stamping authorities live in this process, on loopback; the commands are processes of
their own. Nothing here looks into an archive except through the commands' own output.
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from crawler.demo.filing import build_case
from crawler.demo.market import Market
from crawler.demo.plan import World
from crawler.demo.saved import saved_urls
from crawler.demo.tsa import DemoAuthority
from crawler.errors import EvidenceError, UsageError

SEED = 20261122
ROBOTS_DELAY = 0.02  # seconds; the robots.txt of the market asks for it, and the crawl obeys
MARKET_SITES = ("market_shop", "market_bbs", "market_news", "market_doorway")
SAVED_SITES = {  # spider → the saved page it reads (file in the pages folder)
    "tieba": ("tieba/thread-2.html", "tieba/listing-1.html"),
    "douban_group": ("douban/listing-1.html",),
    "mindfactory": ("forum-vbulletin/listing-1.html",),
    "polishfoodies": ("jsonld/reviews-1.html",),
    "jd_reviews": ("jd/reviews-1.json",),
}
# The market's clock stands at ten in the morning of the day shown: no page may be newer than its capture.
MARKET_HOUR = timedelta(hours=10)
BEIJING = timezone(timedelta(hours=8))
Say = Callable[[str], None]


@dataclass(slots=True)
class Stage:
    """Where the story plays, and how it runs a command."""

    folder: Path
    say: Say
    steps: int = field(default=0)

    @property
    def archive(self) -> Path:
        """The archive of the story."""
        return self.folder / "archive"

    @property
    def bundle(self) -> Path:
        """The bundle that is handed over."""
        return self.folder / "bundle-K1"

    def step(self, title: str) -> None:
        """Announce a chapter."""
        self.steps += 1
        self.say(f"\n【{self.steps}】{title}")

    def run(self, *words: str, expect: int = 0) -> None:
        """Run a command with its output on the screen. Raises EvidenceError if it does not end as expected."""
        self.say("$ " + _printable(words))
        done = subprocess.run(_command(self.archive, words), check=False)
        if done.returncode != expect:
            raise EvidenceError(
                f"`{_printable(words)}` ended with {done.returncode} instead of {expect}: see above"
            )

    def ask(self, *words: str) -> Any:
        """The JSON that a command prints."""
        done = subprocess.run(_command(self.archive, (*words, "--json")), check=True, stdout=subprocess.PIPE)
        return json.loads(done.stdout)


def tell(folder: Path, *, reviews: int, pages: Path | None, say: Say) -> int:
    """Tell the story in a new folder below `folder`; returns the exit code.

    Raises UsageError for a folder of saved pages that does not exist, EvidenceError when a step fails.
    """
    if pages is not None and not (pages / "INDEX.jsonl").is_file():
        raise UsageError(f"no saved pages at {pages}: the folder must hold INDEX.jsonl; or leave --pages out")
    second_day = (datetime.now(BEIJING) - MARKET_HOUR).date()
    first_day = second_day - timedelta(days=1)
    stage = Stage(folder / datetime.now(BEIJING).strftime("%Y%m%d-%H%M%S"), say)
    stage.folder.mkdir(parents=True)
    saved = pages or _beside_the_project()
    with ExitStack() as stack:
        stage.step("启动演示市场与两个时间戳机构（均在本机）")
        world = World(SEED, reviews, today=first_day)
        market = stack.enter_context(Market(world, day=first_day, robots_delay=ROBOTS_DELAY, pages=saved))
        authorities = _authorities(stack, stage.folder)
        say(f"演示市场：{len(market.hosts)} 个网站，经本机代理 {market.proxy} 访问；时间戳机构：2 个")
        if saved is None:
            say("未找到真实网页样本（../shared/pages），以下只用演示市场。")
        _make_archive(stage, market, authorities)
        _first_day(stage, saved)
        _next_day(stage, market, second_day)
        build_case(stage)
        _hand_over(stage)
        _show_damage(stage)
    _summary(stage)
    return 0


def _authorities(stack: ExitStack, folder: Path) -> list[DemoAuthority]:
    one = DemoAuthority(folder / "tsa-one", "tsa-one", intermediate=False)
    two = DemoAuthority(folder / "tsa-two", "tsa-two", intermediate=True, policy="1.2.3.4.2")
    return [stack.enter_context(one), stack.enter_context(two)]


def _make_archive(stage: Stage, market: Market, authorities: list[DemoAuthority]) -> None:
    stage.step("建立证据库（evidence init）")
    options = []
    for authority in authorities:
        root = stage.folder / f"{authority.name}-root.pem"
        root.write_bytes(authority.trust_pem)
        options += ["--tsa", f"{authority.name}={authority.url}={root}"]
    stage.run(
        *(
            "init",
            "--organisation",
            "演示市消费者委员会",
            "--operator",
            "演示员",
            "--contact",
            "demo@example.org",
        ),
        *("--origin", "demo.example/log", "--delay", "0.02", "--proxy", market.proxy, *options),
        *("--environment", "local"),  # the story asks nobody outside
    )


def _first_day(stage: Stage, saved: Path | None) -> None:
    stage.step("第一天：采集商品、评价与招募帖（四个演示网站）")
    stage.run("crawl", *MARKET_SITES)
    if saved is None:
        return
    stage.step("采集真实网页样本（由本机代理按原网址提供）")
    addresses = {file: url for _site, _kind, url, file in saved_urls(saved)}
    for site, files in SAVED_SITES.items():
        for file in files:
            stage.run("crawl", site, "--url", addresses[file], "--pages", "1")


def _next_day(stage: Stage, market: Market, day: date) -> None:
    stage.step(f"模拟第二天：演示市场的日期改为 {day:%Y-%m-%d}（本机时钟不变），再次采集同样的网页")
    market.set_day(day)
    stage.run("crawl", *MARKET_SITES)
    stage.step("两天之间有什么变化（evidence watch changes）")
    stage.run("watch", "changes")
    stage.say("无法取得的页面同样记录在案：")
    stage.run("captures", "--state", "blocked", "--limit", "6")


def _hand_over(stage: Stage) -> None:
    stage.step("导出证据包：提交法院的（court）、供平台核查的（platform）、可以公开的（public）")
    stage.run("export", "K1", "--to", str(stage.bundle))
    stage.run("export", "K1", "--to", str(stage.folder / "bundle-K1-platform"), "--grade", "platform")
    public, sealed = stage.folder / "bundle-K1-public", stage.folder / "sealed-K1"
    stage.run("export", "K1", "--to", str(public), "--grade", "public", "--sealed", str(sealed))
    stage.step("核验证据包与证据库；由日志和网页存档重建数据库并比对")
    trust = str(stage.archive / "trust")
    stage.run("verify", str(stage.bundle), "--trust", trust)
    stage.run("verify", str(public), "--trust", trust, "--sealed", str(sealed))
    stage.run("verify")
    stage.run("rebuild")


def _show_damage(stage: Stage) -> None:
    stage.step("把证据包复制一份，改动其中一个字节，再核验：应当指出改动之处")
    copy = stage.folder / "bundle-altered"
    shutil.copytree(stage.bundle, copy)
    wacz = copy / "data/captures.wacz"
    content = bytearray(wacz.read_bytes())
    content[len(content) // 2] ^= 1
    wacz.write_bytes(content)
    stage.run("verify", str(copy), "--trust", str(stage.archive / "trust"), expect=1)


def _summary(stage: Stage) -> None:
    where = stage.folder
    stage.say(
        f"""
完成。/ Done.
  证据库      {stage.archive}
  证据包      {stage.bundle}
    从这里看  {stage.bundle / "data/index.html"}（用浏览器打开：证据、文书、说明）
    证据目录  {stage.bundle / "data/catalogue.docx"}（用 Word 或 LibreOffice 打开）
    核验说明  {stage.bundle / "data/verify-zh.html"}（用浏览器打开；只用 sha256sum、openssl、unzip）
    网页存档  {stage.bundle / "data/captures.wacz"}（用 ReplayWeb.page 打开，可离线）
  另两级      {where / "bundle-K1-platform"}、{where / "bundle-K1-public"}（脱敏副本；原件在 {where / "sealed-K1"}）
  自行核验：
    cd {stage.bundle} && sha256sum --strict --quiet -c manifest-sha256.txt && echo 全部一致
    {Path(sys.executable).parent / "evidence"} verify {stage.bundle} --trust {stage.archive / "trust"}
  以上均在 {where} 内；删除该文件夹即可清除演示。"""
    )


def _beside_the_project() -> Path | None:
    pages = Path(__file__).resolve().parents[3] / "shared" / "pages"
    return pages if (pages / "INDEX.jsonl").is_file() else None


def _command(archive: Path, words: tuple[str, ...]) -> list[str]:
    return [sys.executable, "-m", "crawler", "--archive", os.fspath(archive), *words]


def _printable(words: tuple[str, ...]) -> str:
    return "evidence " + shlex.join(words)
