"""The review queue: what was found, and what people decide about it."""

import shlex
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from crawler import show_findings
from crawler.commands.root import Group, as_json, evidence, open_index, show_result
from crawler.detect.kit.detector import discovered
from crawler.detect.kit.finding import GRADES, Finding
from crawler.detect.kit.storyline import storylines as storylines_of
from crawler.errors import UsageError
from crawler.evidence.digest import digest
from crawler.evidence.durable import durable_write
from crawler.export.finding.page import finding_html, finding_pdf
from crawler.export.finding.plot import plot_svg
from crawler.export.finding.sources import sources
from crawler.store.findings import StoredFinding, Verdict, captures_of, decide, one, stored
from crawler.store.session import Session

_ID = click.argument("finding_id", metavar="ID")
_REASON = click.option("--reason", required=True, help="理由，记入日志；不能改，只能另作决定")
_FORMS = (".pdf", ".html", ".svg")


@evidence.group(cls=Group)
def findings() -> None:
    """疑似线索：列出、核对、采用或者排除、导出 / the review queue. 每一个决定都是一条日志。

    \b
    evidence findings list
    evidence findings show F3a9c
    """


@findings.command("list")
@click.option("--detector", help="只列这个检测器的，例如 recruitment")
@click.option(
    "--grade", type=click.Choice(list(GRADES)), help="、".join(f"{k} {v}" for k, v in GRADES.items())
)
@click.option(
    "--state",
    type=click.Choice(["open", "confirmed", "rejected", "all"]),
    default="open",
    show_default=True,
    help="open 待核对，confirmed 已采用，rejected 已排除，all 全部",
)
@as_json
@click.pass_obj
def findings_list(archive: Path, detector: str | None, grade: str | None, state: str, as_json: bool) -> None:
    """列出疑似线索，强的在前 / list findings, strongest first.

    \b
    evidence findings list
    evidence findings list --detector templates --grade strong --state all
    """
    known = discovered()
    if detector is not None and detector not in known:
        raise UsageError(f"no detector {detector!r}; known: {', '.join(known)}")
    with open_index(archive) as index:
        every = stored(index, detector=detector)
    found = [each for each in every if _wanted(each, grade, state)]
    found.sort(key=show_findings.rank)
    titles = {name: each.title for name, each in known.items()}
    show_result(as_json, [_row(each) for each in found], show_findings.listed(found, every, titles))


@findings.command("show")
@_ID
@as_json
@click.pass_obj
def findings_show(archive: Path, finding_id: str, as_json: bool) -> None:
    """一条线索的全部内容：原文、事实、已检验的其他解释、局限、条文、决定 / all that a finding says.

    ID 可只写开头几位。

    \b
    evidence findings show F3a9c
    """
    with open_index(archive) as index:
        found = one(index, finding_id)
        captures = captures_of(index, found.id)
    content = {**asdict(found), "state": found.state, "captures": captures}
    show_result(as_json, content, show_findings.one(found, detector_title(found), captures))


@findings.command("confirm")
@_ID
@_REASON
@as_json
@click.pass_obj
def findings_confirm(archive: Path, finding_id: str, reason: str, as_json: bool) -> None:
    """采用一条线索：经人核对，值得继续查证 / a person has checked it and takes it up.

    所依据的采集从此不受留存期限影响。再次决定的，作为新的决定记入日志，先前的决定保留。

    \b
    evidence findings confirm F3a9c --reason "与招募帖要求的文字一致"
    """
    _decide(archive, finding_id, "confirmed", reason, as_json=as_json)


@findings.command("reject")
@_ID
@_REASON
@as_json
@click.pass_obj
def findings_reject(archive: Path, finding_id: str, reason: str, as_json: bool) -> None:
    """排除一条线索：经人核对，另有解释 / a person has checked it and puts it aside.

    \b
    evidence findings reject F3a9c --reason "该句为平台默认评价"
    """
    _decide(archive, finding_id, "rejected", reason, as_json=as_json)


@findings.command("storylines")
@as_json
@click.pass_obj
def findings_storylines(archive: Path, as_json: bool) -> None:
    """涉及同一店铺或者组织者的线索，按招募—消费—评价—返款排列，指明缺口 / findings joined, gaps named.

    已排除的线索不计入。

    \b
    evidence findings storylines
    """
    with open_index(archive) as index:
        kept = [each for each in stored(index) if each.state != "rejected"]
    stories = storylines_of([Finding.from_json(each.content) for each in kept if each.content is not None])
    gone = sum(each.content is None for each in kept)
    content = [{**asdict(story), "findings": story.findings, "gaps": story.gaps} for story in stories]
    show_result(as_json, content, show_findings.stories(stories, gone))


@findings.command("export")
@_ID
@click.option(
    "--to",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="写入的文件（须不存在）：.pdf、.html 为全文，.svg 为图表",
)
@click.option("--one-page", is_flag=True, help="只用一页（仅 PDF）：不带附件，放不下的注明数目")
@as_json
@click.pass_obj
def findings_export(archive: Path, finding_id: str, to: Path, one_page: bool, as_json: bool) -> None:
    """把一条线索导出为可打印的文件 / a finding to print: PDF, HTML, or its plots as SVG.

    引文处有网页截图的，附截图局部并框出引文。导出的是派生件，记入保管链；原始记录仍在证据库中。

    \b
    evidence findings export F3a9c --to 线索.pdf
    evidence findings export F3a9c --to 一页.pdf --one-page
    evidence findings export F3a9c --to 图表.svg
    """
    if to.suffix.lower() not in _FORMS:
        raise UsageError(f"{to}: the name must end with {', '.join(_FORMS)}")
    if one_page and to.suffix.lower() != ".pdf":
        raise UsageError("--one-page is for a PDF: the other forms have no pages")
    with Session.open(archive) as session:
        found = one(session.index, finding_id)
        if found.content is None:
            raise UsageError(
                f"what {found.id} says is not kept any more: run `evidence detect --again` first"
            )
        files = _files(session, found, to, one_page=one_page)
        existing = next((file for file in files if file.exists()), None)
        if existing is not None:
            raise UsageError(f"{existing} exists: nothing is overwritten, choose a new name")
        for file, made in files.items():
            file.parent.mkdir(parents=True, exist_ok=True)
            durable_write(file, made)
        sums = [digest(made) for made in files.values()]
        session.record_event(
            "finding-exported", {"finding": found.id, "form": to.suffix.lower()[1:], "sha256": sums}
        )
    told = {"finding": found.id, "files": [str(file) for file in files], "sha256": sums}
    show_result(as_json, told, _exported(told))


def _files(session: Session, found: StoredFinding, to: Path, *, one_page: bool) -> dict[Path, bytes]:
    """What is written, by file. Raises UsageError where a finding without a plot is wanted as SVG."""
    form = to.suffix.lower()
    if form == ".svg":
        plots = (found.content or {})["plots"]
        if not plots:
            raise UsageError(f"{found.id} has no plot: export it as .pdf or .html")
        names = [to, *(to.with_name(f"{to.stem}-{n}{to.suffix}") for n in range(2, len(plots) + 1))]
        return {name: plot_svg(plot).encode() for name, plot in zip(names, plots, strict=True)}
    read = sources(session.archive, session.index, found)
    if form == ".html":
        return {to: finding_html(found, read, detector=detector_title(found)).encode()}
    author = session.archive.config.organisation
    return {to: finding_pdf(found, read, detector=detector_title(found), author=author, one_page=one_page)}


def _exported(told: dict[str, Any]) -> str:
    lines = [f"线索 {told['finding']} 已导出（派生件）："]
    for file, sha256 in zip(told["files"], told["sha256"], strict=True):
        lines += [f"  {shlex.quote(file)}", f"    SHA-256：{sha256.removeprefix('sha256:')}"]
    return "\n".join(lines)


def _decide(path: Path, finding: str, verdict: Verdict, reason: str, *, as_json: bool) -> None:
    with Session.open(path) as session:
        found = decide(session, finding, verdict, reason)
    show_result(as_json, _row(found), show_findings.decided(found))


def _wanted(finding: StoredFinding, grade: str | None, state: str) -> bool:
    graded = grade is None or (finding.content is not None and finding.content["grade"] == grade)
    return graded and state in ("all", finding.state)


def detector_title(finding: StoredFinding) -> str:
    """Its detector's Chinese title; the name where that detector is no longer there."""
    known = discovered().get(finding.detector)
    return known.title if known is not None else finding.detector


def _row(finding: StoredFinding) -> dict[str, Any]:
    content = finding.content or {}
    told = {name: content.get(name) for name in ("grade", "link", "claim", "conduct", "subjects")}
    names = ("id", "detector", "version", "key", "digest", "made", "state", "current")
    decisions = [asdict(each) for each in finding.decisions]
    return {**{name: getattr(finding, name) for name in names}, **told, "decisions": decisions}
