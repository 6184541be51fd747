"""Handing over."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crawler import show
from crawler.commands.findings import detector_title
from crawler.commands.redacting import Published, originals, publish, withheld_originals
from crawler.commands.root import NOT_SEALED, as_json, evidence, show_result
from crawler.commands.sealing import seal_now
from crawler.engine.passphrase import passphrase
from crawler.engine.post import post_query
from crawler.errors import UsageError
from crawler.evidence.archive import Archive
from crawler.evidence.bundle import TAG_MANIFEST
from crawler.evidence.checks.bundle import verify_bundle
from crawler.evidence.digest import digest_file
from crawler.evidence.organisation import Identity, read_identity
from crawler.evidence.report import Report
from crawler.evidence.wacz_auth import certificate_fingerprint
from crawler.export.bundle import BundleSummary, export_bundle
from crawler.export.finding.page import finding_pdf
from crawler.export.finding.sources import sources
from crawler.export.internal_list import internal_list
from crawler.export.medium import label, write_zip
from crawler.export.model import Case, Exhibit
from crawler.export.papers.facts import COURT
from crawler.export.sealed import Original, write_sealed
from crawler.export.supplement import earlier_bundle
from crawler.redaction.grade import GRADES
from crawler.store import findings
from crawler.store.casefile import case_file
from crawler.store.index import Index
from crawler.store.session import Session

if TYPE_CHECKING:
    from crawler.export.pdf_signature import Signatory

CERTIFICATE_PASSPHRASE = "EVIDENCE_CERTIFICATE_PASSPHRASE"  # noqa: S105 - the variable's name, not its value


@evidence.command("export")
@click.argument("case_id", metavar="CASE")
@click.option(
    "--to", type=click.Path(path_type=Path), required=True, help="证据包写入的文件夹（须为空或不存在）"
)
@click.option(
    "--certificate",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="另以机构证书签名（整包，以及证据目录、取证报告等 PDF 之内）：PKCS#12 文件，或者 PEM 证书链",
)
@click.option(
    "--certificate-key",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="PEM 证书的私钥，若不在同一文件",
)
@click.option(
    "--grade",
    type=click.Choice(GRADES),
    default=COURT,
    show_default=True,
    help="court：完整；platform：评价人以代号表示，保留网址；public：不含个人信息，画面模糊处理",
)
@click.option(
    "--sealed",
    type=click.Path(path_type=Path),
    help="把脱敏所据的原件另行写入这个文件夹（封存于单独介质，只供法官查阅）",
)
@click.option(
    "--supplement-to",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="先前交出的证据包：只写它没有的采集，作为它的补充",
)
@click.option("--zip", "packed", is_flag=True, help="另写一个 .zip，内容与文件夹相同，便于传送")
@as_json
@click.pass_obj
def export_command(
    archive: Path,
    case_id: str,
    to: Path,
    certificate: Path | None,
    certificate_key: Path | None,
    grade: str,
    sealed: Path | None,
    supplement_to: Path | None,
    packed: bool,
    as_json: bool,
) -> None:
    """导出证据包：网页存档、时间戳、证据目录、核验说明 / write a bundle that anyone can verify.

    证据包由日志密钥签名；写成以后立即核验，结果记入日志。platform 和 public 两级交出的是脱敏副本：
    每份副本与原件在同一日志之中，隐去的内容以加盐的承诺值代替，可以凭 --sealed 的封存件单独向法官启封。
    导出中断（断电、磁盘已满、Ctrl-C）后再次执行同一命令，已经制成的文书不再重做。

    \b
    evidence export K1 --to 证据包-K1
    evidence export K1 --to 证据包-K1 --zip
    evidence export K1 --to 证据包-K1 --certificate 机构证书.p12
    evidence export K1 --to 公开-K1 --grade public --sealed 封存件-K1
    evidence export K1 --to 补充-K1 --supplement-to 证据包-K1
    """
    if certificate_key is not None and certificate is None:
        raise UsageError("--certificate-key goes with --certificate")
    if sealed is not None:
        _require_apart(sealed, to)
    identity = None if certificate is None else _identity(certificate, certificate_key)
    secret = passphrase(archive)
    with Session.open(archive) as session:
        seal_now(session.archive, secret)
        signatory = None if identity is None else _signatory(identity, session.archive)
        case, exhibits = _case(session.index, case_id)
        named = {name for exhibit in exhibits for name in exhibit.findings}
        said: Mapping[str, Any] = {
            name: findings.one(session.index, name).content or {} for name in sorted(named)
        }
        published = None
        if grade != COURT:
            published = publish(session, archive, case, said, grade)
            seal_now(session.archive, secret)  # the copies are to be stamped before they are handed over
            case, exhibits, said = published.case, published.exhibits, published.findings
        earlier = None if supplement_to is None else earlier_bundle(supplement_to, session.archive)
        with show.phases("导出") as watch:
            summary = export_bundle(
                session.archive, case, exhibits, to,
                passphrase=secret, identity=identity, signatory=signatory, findings=said, grade=grade,
                sheet=_sheets(session) if grade == COURT else None, earlier=earlier, watch=watch,
            )  # fmt: skip
        with show.progress("核验") as advance:
            report = verify_bundle(
                to, trust=archive / "trust", vkey=session.archive.log.verifier.line, progress=advance
            )
        beside = _beside(to, case, summary, packed=packed)
        if grade == COURT:
            sheet = to.with_name(f"{to.name}-internal.xlsx")
            sheet.write_bytes(internal_list(session.index, case, summary.until))
            beside.append(sheet)
        details = _details(case_id, grade, to, summary, report, identity)
        if earlier is not None:
            details["supplements"] = earlier.digest
        if sealed is not None:
            kept = _kept_apart(session, published, exhibits)
            details["sealed_originals"] = write_sealed(session.archive, kept, sealed, passphrase=secret)
            beside.append(sealed)
        session.record_event("bundle-exported", details)
        state = seal_now(session.archive, secret)
    found = {
        "bundle": str(to),
        "beside": [str(path) for path in beside],
        "tagmanifest": summary.digest,
        "sealed": state.sealed,
        "verified": report.status,
        "papers": {name: one.to_json() for name, one in summary.papers.items()},
    }
    show_result(as_json, found, show.exported(to, summary, beside))
    if report.status == "failed":
        click.echo(report.to_text("zh"), err=True, nl=False)
        sys.exit(1)
    if not state.sealed:
        sys.exit(NOT_SEALED)


def _sheets(session: Session) -> Callable[[str], bytes]:
    """Prints a finding, by its id."""

    def printed(name: str) -> bytes:
        found = findings.one(session.index, name)
        read = sources(session.archive, session.index, found)
        author = session.archive.config.organisation
        return finding_pdf(found, read, detector=detector_title(found), author=author)

    return printed


def _beside(to: Path, case: Case, summary: BundleSummary, *, packed: bool) -> list[Path]:
    """The label for the medium, and the .zip where it is wanted: beside the bundle, under its name."""
    archive_file = None
    if packed:
        with show.progress("打包") as advance:
            archive_file = write_zip(to, to.with_name(f"{to.name}.zip"), summary.until, advance)
    sheet = to.with_name(f"{to.name}-label.pdf")
    sheet.write_bytes(label(to, case, summary.until, packed=archive_file))
    return [sheet, *([archive_file] if archive_file is not None else [])]


def _require_apart(sealed: Path, to: Path) -> None:
    """Raise UsageError for a folder of originals that lies in the bundle, or that holds something."""
    if sealed.resolve().is_relative_to(to.resolve()):
        raise UsageError(f"--sealed {sealed} lies in the bundle {to}: the originals go onto another medium")
    if sealed.exists() and (not sealed.is_dir() or any(sealed.iterdir())):
        raise UsageError(f"--sealed {sealed} is not empty: choose a new folder")


def _kept_apart(
    session: Session, published: Published | None, exhibits: Sequence[Exhibit]
) -> Iterator[Original]:
    """What goes onto a medium of its own: originals of redacted captures; in court those that hold secrets."""
    if published is not None:
        return originals(session, published)
    return withheld_originals(session, [name for one in exhibits for name in one.captures])


def _details(
    case_id: str, grade: str, to: Path, summary: BundleSummary, report: Report, identity: Identity | None
) -> dict[str, Any]:
    """What the log keeps of an export: the digests stand for every byte of the bundle."""
    signed = {} if identity is None else {"certificate": certificate_fingerprint(identity.certificate)}
    return {
        **signed,
        "case": case_id,
        "grade": grade,
        "tagmanifest": summary.digest,
        "tagmanifest_sm3": digest_file(to / TAG_MANIFEST, "sm3"),
        "verified": _verified(report),
    }


def _verified(report: Report) -> str:
    """What the checks came to. That no root of the organisation's CA is known here says nothing of the bundle."""
    judged = [check for check in report.checks if check.name != "organisation-signature"]
    return replace(report, checks=tuple(judged)).status


def _identity(certificate: Path, key: Path | None) -> Identity:
    """The organisation's certificate; its passphrase from the environment or a person at the terminal."""
    given = os.environ.get(CERTIFICATE_PASSPHRASE)
    if given is None and sys.stdin.isatty():
        given = click.prompt(
            "机构证书的口令（没有则直接回车）", hide_input=True, default="", show_default=False
        )
    return read_identity(
        certificate.read_bytes(), given.encode() if given else None, key.read_bytes() if key else None
    )


def _signatory(identity: Identity, archive: Archive) -> "Signatory":
    """Signs PDFs, and has the archive's authorities stamp that."""
    from crawler.export.pdf_signature import Signatory  # a second to load, and few exports need it

    return Signatory(identity, archive, post_query)


def _case(index: Index, case_id: str) -> tuple[Case, list[Exhibit]]:
    case = case_file(index, case_id)
    return case, [exhibit for exhibit in case.exhibits if exhibit.filed]
