"""Verifying an archive or a bundle."""

import fcntl
import sys
from dataclasses import replace
from pathlib import Path

import click

from crawler import show
from crawler.commands.root import as_json, evidence
from crawler.errors import ArchiveLocked, FormatError, TimestampError, UsageError
from crawler.evidence.archive import LOCK_FILE
from crawler.evidence.checkpoint import parse_vkey
from crawler.evidence.timestamp import split_trust
from crawler.evidence.verify import verify
from crawler.store.check import check_index


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
