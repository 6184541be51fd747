"""Looking at what is in the archive."""

import string
from dataclasses import asdict
from pathlib import Path
from urllib.parse import quote

import click

from crawler import show
from crawler.commands.root import as_json, evidence, open_index, show_result
from crawler.items import ITEM_TYPES
from crawler.store import series


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
    where += " and page is null and not withheld"  # the exchanges of a rendered page are not pages
    sql = f"select * from capture where {where} order by leaf desc limit ?"  # noqa: S608 - names from our own options
    with open_index(archive) as index:
        rows = [dict(row) for row in index.query(sql, (*given.values(), limit))]
    show_result(as_json, rows, show.captures(rows))


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
    with open_index(archive) as index:
        rows = [dict(row) for row in series.items(index, kind, text, limit)]
    show_result(as_json, rows, show.items(rows))


@evidence.command()
@as_json
@click.pass_obj
def changes(archive: Path, as_json: bool) -> None:
    """同一网页前后两次采集的变化：计数、消失的评价 / what moved and what vanished between captures.

    \b
    evidence changes
    """
    with open_index(archive) as index:
        moved, gone = series.moves(index), series.vanished(index)
    found = {"moves": [asdict(move) for move in moved], "vanished": [asdict(review) for review in gone]}
    show_result(as_json, found, show.changes(moved, gone))
