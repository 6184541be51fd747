"""Spiders and their saved pages."""

import json
import sys
from dataclasses import asdict
from pathlib import Path

import click

from crawler import clock
from crawler.commands.crawl import crawl_and_report, require_address
from crawler.commands.root import Group, as_json, evidence, open_index, show_result
from crawler.engine.decoding import decoded
from crawler.engine.replay import response_of
from crawler.engine.run import SINGLE, Order, known_sites, project_settings
from crawler.engine.site_draft import draft, name_of
from crawler.engine.site_pages import FOLDER, META, PageCheck, check_page, response_at, saved_pages
from crawler.errors import UsageError
from crawler.evidence.archive import Archive
from crawler.evidence.manifest import Capture
from crawler.items import ITEM_TYPES

SPIDERS = Path(__file__).parents[2] / "spiders"
LARGEST = 64 << 20  # bytes of a page that a spider is drafted from
_WORDS = {"passed": "一致", "new": "首次读取，待核对", "changed": "与原先读出的不同"}


@evidence.group(cls=Group)
def site() -> None:
    """解析程序及其样例网页 / spiders and their saved pages.

    \b
    evidence site test
    """


@site.command("new")
@click.argument("url")
@click.option("--name", help="解析程序的名称（小写字母、数字、下划线）；缺省取自网址")
@click.option(
    "--kind",
    type=click.Choice(list(ITEM_TYPES)),
    default="review",
    show_default=True,
    help="网页上主要是什么",
)
@click.option(
    "--from", "source", metavar="FILE|CAPTURE", help="已保存的网页文件，或一次采集的编号；缺省为现在采集一次"
)
@click.option(
    "--spiders",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=SPIDERS,
    show_default="spiders",
    help="解析程序所在文件夹",
)
@click.option(
    "--pages",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=FOLDER,
    show_default="tests/spiders/pages",
    help="样例网页所在文件夹",
)
@click.pass_obj
def site_new(
    archive: Path, url: str, name: str | None, kind: str, source: str | None, spiders: Path, pages: Path
) -> None:
    """由一个网页起草解析程序，并保存该网页作为样例 / draft a spider from one page, and save the page.

    能认出网站所用软件（Discuz!、XenForo、schema.org 等）的，以该软件为基础；否则按网页上重复的部分推测，须人工核对。
    不覆盖已有文件。公开的仓库中只放自制的网页。

    \b
    evidence site new https://bbs.example.com/thread-1-1-1.html --kind post
    evidence site new https://shop.example.com/item/1/reviews --from 3f9a1c77be02
    """
    require_address(url)
    name = name or name_of(url)
    target, folder = spiders / f"{name}.py", pages / name / "first"
    if target.exists() or folder.exists() or name in known_sites():
        raise UsageError(
            f"there is a spider or a saved page named {name} already: choose another with --name"
        )
    body, media_type = _page(archive, url, source)
    page = response_at(url, media_type, body)
    made = draft(page, name, kind)
    folder.mkdir(parents=True)
    (folder / "page.html").write_bytes(body)
    meta = {"url": url, "media_type": media_type, "captured_at": clock.now()}
    (folder / META).write_text(json.dumps(meta, ensure_ascii=False) + "\n", "utf-8")
    target.write_text(made.source, "utf-8")
    how = f"认出软件 {made.software}" if made.software else f"推测出 {made.rows} 行，选择器均须核对"
    click.echo(f"已写入 {target}（{how}）\n已写入 {folder}\n下一步：核对后运行 evidence site test {name}")


def _page(archive: Path, url: str, source: str | None) -> tuple[bytes, str]:
    """Bytes, content coding undone, and media type: of a file, of a capture, or of one that is made now."""
    if source is not None and Path(source).is_file():
        return Path(source).read_bytes(), "text/html"
    if source is None:
        code = crawl_and_report(archive, [Order(SINGLE, url)], None, {}, as_json=False)
        if code not in (0, 3):
            raise UsageError(f"{url} could not be captured, see above: draft from a file with --from")
    with open_index(archive) as index:
        found = index.query("select id from capture where url = ? order by leaf desc limit 1", (url,))
        leaf = index.capture_row(source or (found[0]["id"] if found else url))["leaf"]
    with Archive.open(archive) as opened:
        capture = Capture.from_leaf(opened.log.leaf(leaf))
        if capture.reading is None:
            raise UsageError(
                f"capture {capture.id[:12]} holds no page: it is {capture.state}, {capture.reason}"
            )
        page = decoded(response_of(opened, capture.reading.locator, capture.url), LARGEST)
    return page.body, capture.media_type or "text/html"


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
