"""Verifying an archive, a bundle, a receipt or a WACZ file."""

import fcntl
import re
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from crawler import clock, show
from crawler.commands.root import as_json, evidence
from crawler.errors import ArchiveLocked, FormatError, TimestampError, UsageError
from crawler.evidence.archive import LOCK_FILE
from crawler.evidence.certificates import split_trust
from crawler.evidence.note import parse_vkey
from crawler.evidence.report import Lang, Report
from crawler.evidence.verify import verify
from crawler.store.check import check_index
from crawler.store.session import Session

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z", re.ASCII)
_FINGERPRINT = re.compile(r"sha256:[0-9a-f]{64}")  # names the key of a WACZ signature
_ANCHORS = ("*.pem", "log.vkey", "witness-*.vkey", "domain/*.pem")  # what a folder of --trust may hold
_PUBLIC_KEY = b"-----BEGIN PUBLIC KEY-----"


@evidence.command("verify")
@click.argument("path", type=click.Path(path_type=Path), required=False)
@click.option(
    "--trust",
    type=click.Path(path_type=Path),
    help="文件夹，其中是自行取得的根证书（NAME.pem）、见证人公钥（witness-NAME.vkey）、WACZ 签名公钥",
)
@click.option("--vkey", help="自行取得的日志公钥（WACZ 文件：签名公钥的 sha256 指纹）")
@click.option(
    "--at",
    metavar="DATE",
    help="按这一日期（当天结束，北京时间；或 UTC 时间 2036-01-01T08:00:00Z）判断时间戳是否仍然有效；缺省为现在",
)
@click.option(
    "--sealed",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="证据包的封存件（export --sealed）：核对脱敏副本确由这些原件制成",
)
@click.option(
    "--with",
    "earlier",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="本包所补充的先前证据包（export --supplement-to）：核对二者出自同一日志",
)
@click.option("--quick", is_flag=True, help="快速：只比对文件摘要、日志和时间戳，不逐条读取记录")
@click.option("--times", is_flag=True, help="列出每次采集的可信时间区间")
@click.option("--lang", type=click.Choice(["zh", "en", "both"]), default="both", help="报告的语言")
@click.option("--record", is_flag=True, help="把本次核验记入日志（只用于自己的证据库；之后需 evidence seal）")
@click.option("--workers", type=click.IntRange(min=1), help="进程数，缺省为全部处理器")
@as_json
@click.pass_obj
def verify_command(
    archive: Path,
    path: Path | None,
    trust: Path | None,
    vkey: str | None,
    at: str | None,
    sealed: Path | None,
    earlier: Path | None,
    quick: bool,
    times: bool,
    lang: Lang,
    record: bool,
    workers: int | None,
    as_json: bool,
) -> None:
    """核验证据库、证据包、回执或 WACZ：逐项给出通过、未通过、未核验 / verify an archive, bundle, receipt or WACZ.

    \b
    evidence verify
    evidence verify --quick
    evidence verify 证据包 --trust 自行取得的根证书 --vkey 日志公钥 --lang zh
    evidence verify 证据包 --at 2036-01-01
    evidence verify 公开-K1 --sealed 封存件-K1
    evidence verify 补充-K1 --with 证据包-K1
    evidence verify --times --record
    """
    target = path or archive
    if record and target.resolve() != archive.resolve():
        raise UsageError(
            f"--record writes into your own archive ({archive}); {target} is another: leave it out"
        )
    moment = None if at is None else _moment(at)
    _require_there(target)
    _require_quiet(target)
    _require_anchors(trust, vkey)
    with show.progress("核验") as advance:
        report = verify(
            target,
            trust=trust,
            vkey=vkey,
            at=moment,
            quick=quick,
            times=times,
            workers=workers,
            sealed=sealed,
            earlier=earlier,
            progress=advance,
        )
    if report.kind == "archive" and (target / "evidence.toml").exists():
        report = replace(report, checks=(*report.checks, check_index(target)))
    if record:
        _record(archive, report, quick=quick)
    click.echo(report.to_json() if as_json else report.to_text(lang), nl=as_json)
    sys.exit(report.exit_code)


def _record(archive: Path, report: Report, *, quick: bool) -> None:
    """Write into the log that this verification was made, and what it found."""
    checks = {check.name: check.status for check in report.checks}
    with Session.open(archive) as session:
        session.record_event("archive-verified", {"result": report.status, "checks": checks, "quick": quick})


def _moment(at: str) -> datetime:
    """A date means the end of that day in Beijing; a whole time is UTC, as its Z says. Raises UsageError."""
    try:
        if _DAY.fullmatch(at):
            day = datetime.fromisoformat(at).replace(tzinfo=clock.BEIJING)
            return (day + timedelta(days=1, seconds=-1)).astimezone(UTC)
        if _INSTANT.fullmatch(at):
            return datetime.fromisoformat(at).astimezone(UTC)
    except (ValueError, OverflowError):
        pass  # a month 13, or the year 9999: said below, as for what is no date at all
    raise UsageError(f"--at {at!r} is no date: expected 2036-01-01, or a time in UTC as 2036-01-01T08:00:00Z")


def _require_there(path: Path) -> None:
    """Raise UsageError for a path that is nothing, or that we may not look at."""
    try:
        path.stat()
    except FileNotFoundError as error:
        raise UsageError(f"{path} does not exist: give the folder or file that you want to verify") from error
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error


def _require_quiet(archive: Path) -> None:
    """Raise ArchiveLocked while somebody writes: a half-written entry would look like damage."""
    try:
        if not (archive / LOCK_FILE).is_file():
            return
        with (archive / LOCK_FILE).open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise ArchiveLocked(
            f"{archive} is being written by another evidence command: verify it when that has ended"
        ) from error
    except OSError as error:
        raise UsageError(f"{archive / LOCK_FILE} cannot be read: {error.strerror}") from error


def _require_anchors(trust: Path | None, vkey: str | None) -> None:
    """Refuse roots and keys that cannot be read: that is no fault of what is verified."""
    if vkey is not None and not _FINGERPRINT.fullmatch(vkey):
        try:
            parse_vkey(vkey.strip())
        except FormatError as error:
            raise UsageError(
                f"--vkey: {error}; give the whole line, as `evidence init` printed it; for a WACZ file the"
                " fingerprint of its signer's key, sha256: and 64 hex digits"
            ) from error
    if trust is None:
        return
    if not any(path for pattern in _ANCHORS for path in trust.glob(pattern)):
        raise UsageError(
            f"--trust {trust}: expected a folder with what you obtained yourself: root certificates (one NAME.pem"
            " for each TSA, organisation.pem, domain/NAME.pem), log.vkey, witness-NAME.vkey, or public keys of"
            " WACZ signers (PEM)"
        )
    for path in sorted(trust.glob("*.pem")):
        _require_readable(trust, path)


def _require_readable(trust: Path, path: Path) -> None:
    """A PEM file must hold certificates, or the public key of a WACZ signer. Raises UsageError."""
    try:
        content = path.read_bytes()
        if _PUBLIC_KEY in content:
            load_pem_public_key(content)
        else:
            split_trust(content)
    except OSError as error:
        raise UsageError(f"--trust {trust}: {path.name} cannot be read: {error.strerror}") from error
    except (TimestampError, ValueError, UnsupportedAlgorithm) as error:
        raise UsageError(f"--trust {trust}: {path.name}: {error}") from error
