"""What every command that seals does: stamp, then ask witnesses and calendars, and say who did not answer."""

import click

from crawler.commands.witness import cosigned_text
from crawler.engine.post import post_query
from crawler.engine.sealing import ask_others
from crawler.evidence.archive import Archive
from crawler.evidence.seal import Seal, seal


def seal_now(archive: Archive, secret: bytes | None) -> Seal:
    """Sign and stamp; then tell on stderr what witnesses and calendars answered."""
    state = seal(archive, post_query, passphrase=secret)
    tell_others(archive)
    return state


def tell_others(archive: Archive) -> None:
    """Ask witnesses and calendars about the newest checkpoint."""
    others = ask_others(archive)
    if text := cosigned_text(others.cosigned):
        click.echo(text, err=True)
    for calendar in others.submitted.kept:
        click.echo(f"OpenTimestamps：{calendar} 已接收检查点 {others.submitted.size}（待确认）", err=True)
    for calendar, reason in others.submitted.missing.items():
        click.echo(f"OpenTimestamps：{calendar} 未接收：{reason}", err=True)
