"""Running the detectors."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import click

from crawler import show, show_findings
from crawler.commands.root import as_json, evidence, show_result
from crawler.config import read_config
from crawler.detect.kit.corpus import Corpus
from crawler.detect.kit.detecting import detect
from crawler.detect.kit.detector import detectors
from crawler.detect.recruiting.ranked import MODEL, Suggestion, worth_reading
from crawler.store.session import Session


@evidence.command("detect")
@click.argument("names", nargs=-1, metavar="[DETECTOR]…")
@click.option("--again", is_flag=True, help="重新检测全部内容，包括本版检测器已经看过的")
@as_json
@click.pass_obj
def detect_command(archive: Path, names: tuple[str, ...], again: bool, as_json: bool) -> None:
    """在证据库中查找疑似线索 / run detectors, write findings.

    不指明检测器的，全部运行；逐条检测的只看新采集的内容，需要相互比较的每次全部比较。检测只读数据库，不访问网络；
    线索只是提示，由人核对后用 evidence findings confirm 或 reject 作出决定。同样的内容总是得到同样编号的线索。
    证据库中有 models/recruitment.json（evidence train recruitment）的，另列模型认为值得先读的帖文，它们不是线索。

    \b
    evidence detect
    evidence detect recruitment templates
    """
    read_config(archive)
    chosen = detectors(names)
    with Session.open(archive) as session, show.progress("检测") as advance:
        found = detect(session, chosen, again=again, progress=advance)
        model = archive / MODEL
        ranks = "recruitment" in found and model.is_file()
        next_ = worth_reading(Corpus(session.index, archive=session.archive), model) if ranks else []
    result = {name: asdict(one) for name, one in found.items()}
    if ranks:
        result["recruitment"]["worth_reading"] = [asdict(each) for each in next_]
    show_result(as_json, result, "\n".join([show_findings.detected(found), *_worth_reading(next_)]))


def _worth_reading(found: Sequence[Suggestion]) -> Iterator[str]:
    if found:
        yield "自己训练的模型另外排在前面的帖文，规则没有列为线索，仅供决定先读什么："
    for each in found:
        yield f"  {each.score:.2f}　{each.url}　采集 {each.capture[:12]}　{'、'.join(each.reasons)}"
