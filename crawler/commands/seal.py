"""Signing and stamping."""

import sys
from pathlib import Path

import click

from crawler import show
from crawler.commands.root import NOT_SEALED, as_json, evidence, show_result
from crawler.engine.post import passphrase, post_query
from crawler.evidence.seal import seal
from crawler.store.session import Session


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
    show_result(as_json, found, show.sealed(state))
    if not state.sealed:
        sys.exit(NOT_SEALED)
