"""Taking a picture, or another artefact, of a rendered page out of the archive."""

import errno
import shlex
from pathlib import Path
from typing import Any, NamedTuple

import click

from crawler.commands.root import as_json, evidence, open_index, show_result
from crawler.errors import ArchiveLocked, UsageError
from crawler.evidence.archive import Archive
from crawler.evidence.digest import digest
from crawler.evidence.durable import durable_write
from crawler.export.artefact import Taken, take_artefact
from crawler.export.stamped_picture import PictureFacts, stamped
from crawler.store.session import Session

SCREENSHOT = "screenshot"
_READ_ONLY = (errno.EROFS, errno.EACCES, errno.EPERM)


class _Wish(NamedTuple):
    artefact: str
    raw: bool
    exhibit: str | None
    to: Path


@evidence.command()
@click.argument("capture_id", metavar="CAPTURE")
@click.option(
    "--to", type=click.Path(dir_okay=False, path_type=Path), required=True, help="写入的文件（须不存在）"
)
@click.option(
    "--artefact", default=SCREENSHOT, show_default=True, help="screenshot、pdf、dom、mhtml、text 等"
)
@click.option("--raw", is_flag=True, help="原件，一字节不改；不加则为加注页边的截图副本")
@click.option("--exhibit", help="印在副本上的证据编号；不填则留空待填")
@as_json
@click.pass_obj
def picture(
    archive: Path, capture_id: str, to: Path, artefact: str, raw: bool, exhibit: str | None, as_json: bool
) -> None:
    """取出网页截图：加注网址、时间、摘要的副本，或原件 / a stamped copy of a screenshot, or the original.

    副本是派生件，供阅读和打印；原件仍在证据库中。取出后记入保管链。

    \b
    evidence picture 3f9a1c77be02 --to 截图.png --exhibit 证据3
    evidence picture 3f9a1c77be02 --to 原图.png --raw
    evidence picture 3f9a1c77be02 --to 网页.pdf --artefact pdf --raw
    """
    if not raw and artefact != SCREENSHOT:
        raise UsageError(f"only the screenshot is stamped: add --raw to take {artefact!r} as it is")
    if raw and exhibit:
        raise UsageError(
            "--exhibit is printed on the stamped copy, and --raw takes the original: leave out one"
        )
    if to.exists():
        raise UsageError(f"{to} exists: nothing is overwritten, choose a new name")
    found = _taken(archive, capture_id, _Wish(artefact, raw, exhibit, to))
    show_result(as_json, found, _text(found))


def _taken(path: Path, capture_id: str, wish: _Wish) -> dict[str, Any]:
    """Write the file and log that. While a crawl is writing, or on a read-only medium, it is taken all the same."""
    try:
        session = Session.open(path)
    except (ArchiveLocked, OSError) as error:
        if isinstance(error, OSError) and error.errno not in _READ_ONLY:
            raise
        with open_index(path) as index, Archive.open(path) as archive:
            found = _write(archive, int(index.capture_row(capture_id)["leaf"]), wish)
        return {**found, "logged": False}
    with session:
        found = _write(session.archive, int(session.index.capture_row(capture_id)["leaf"]), wish)
        details = {name: value for name, value in found.items() if name != "file" and value is not None}
        session.record_event("picture-copied", details)
    return {**found, "logged": True}


def _write(archive: Archive, entry: int, wish: _Wish) -> dict[str, Any]:
    taken = take_artefact(archive, entry, wish.artefact)
    content = taken.content if wish.raw else stamped(taken.content, _facts(taken, wish.exhibit))
    wish.to.parent.mkdir(parents=True, exist_ok=True)
    durable_write(wish.to, content)
    return {
        "file": str(wish.to),
        "capture": taken.capture.id,
        "artefact": wish.artefact,
        "form": "raw" if wish.raw else "stamped",
        "exhibit": wish.exhibit,
        "original": digest(taken.content),
        "sha256": digest(content),
    }


def _facts(taken: Taken, exhibit: str | None) -> PictureFacts:
    capture, look = taken.capture, taken.capture.look or {}
    return PictureFacts(
        url=capture.url,
        final_url=look.get("final_url"),
        title=str(look.get("title", "")),
        started=capture.started,
        ended=capture.ended,
        capture=capture.id,
        state=capture.state,
        reason=capture.reason,
        exhibit=exhibit,
    )


def _text(found: dict[str, Any]) -> str:
    what = "原件" if found["form"] == "raw" else "副本（派生件）"
    lines = [f"{what}：{found['file']}（采集 {found['capture']}，{found['artefact']}）"]
    lines.append(f"  SHA-256：{found['sha256'].removeprefix('sha256:')}")
    if found["form"] != "raw":
        lines.append(f"  原图 SHA-256：{found['original'].removeprefix('sha256:')}")
        lines.append(f"  取原图：evidence picture {shlex.quote(found['capture'])} --to 原图.png --raw")
    if not found["logged"]:
        lines.append("  未记入保管链：证据库正被另一命令写入，或者不可写。")
    return "\n".join(lines)
