"""How well a detector does on labelled rows, and training its model on one's own."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from crawler import show
from crawler.commands.root import as_json, evidence, show_result
from crawler.config import read_config
from crawler.detect.kit import evaluation
from crawler.detect.kit.detector import Example, Scorer, detectors
from crawler.detect.kit.evaluation import Evaluation
from crawler.detect.kit.masking import masked
from crawler.detect.kit.measures import Figures, Scored
from crawler.errors import UsageError
from crawler.evidence.archive import Archive
from crawler.evidence.digest import digest
from crawler.evidence.durable import durable_write

MEASURES = {"precision": "查准率", "recall": "查全率", "f1": "F1", "average_precision": "平均精度"}
_DIGITS = 4  # of figures in JSON: the intervals are wider by far
_LONGEST_LINE = 1 << 20  # characters of one labelled row

_DETECTOR = click.argument("detector", metavar="DETECTOR")
_FILE = click.argument(
    "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE.jsonl"
)


@evidence.command("evaluate")
@_DETECTOR
@_FILE
@click.option("--folds", type=click.IntRange(2, 20), default=5, show_default=True, help="交叉验证分几份")
@click.option(
    "--shuffles", type=click.IntRange(1, 50), default=5, show_default=True, help="重新分份几次，取平均值"
)
@click.option(
    "--leave-out", metavar="SOURCE", help="只用其他来源训练，只在这个来源上检验；可只写名称的一部分"
)
@click.option(
    "--model",
    type=click.Path(dir_okay=False, path_type=Path),
    help="检验这个已训练的模型文件，不再训练",
)
@as_json
def evaluate_command(
    detector: str,
    file: Path,
    folds: int,
    shuffles: int,
    leave_out: str | None,
    model: Path | None,
    as_json: bool,
) -> None:
    """用已标注的材料检验检测器：查准率、查全率、F1、平均精度和全部错误 / judge a detector on labelled rows.

    FILE.jsonl 每行一条，格式同 docs/detectors.md 所列；标注者认为不明确的不计入。需要训练的，同一模板的文字不会同时
    用于训练和检验；材料来自几个来源的，另列“未见过的来源”的结果，
    这比随机分份更接近实际。错误原文中的号码以 ••• 代替。

    \b
    evidence evaluate recruitment 标注.jsonl
    evidence evaluate templates pairs.jsonl --json
    evidence evaluate recruitment 标注.jsonl --leave-out FBS
    evidence evaluate recruitment 标注.jsonl --model 证据库/models/recruitment.json
    """
    scorer = _scorer(detector)
    examples = scorer.examples(_rows(file))
    if model is not None:
        scorer = scorer.using(model)
    with show.progress("检验") as advance:
        if leave_out is not None:
            source = _source(examples, leave_out)
            whole, sources = evaluation.leave_out(scorer, examples, source), {}
            examples = [example for example in examples if example.source == source]
        else:
            whole = evaluation.evaluate(scorer, examples, count=folds, shuffles=shuffles, progress=advance)
            sources = evaluation.by_source(scorer, examples)
    rules = scorer.rules()
    alone = evaluation.evaluate(rules, examples) if rules else None
    result: dict[str, Any] = {
        "detector": detector, "file_sha256": digest(file.read_bytes()), "left_out": leave_out,
        "learnt": scorer.learns, "folds": folds if scorer.learns and not leave_out else None,
        **_figures(whole), "shuffles": [_rounded(figures) for figures in whole.shuffles],
        "rules_alone": _figures(alone) if alone else None,
        "unseen_sources": {name: _figures(one) for name, one in sources.items()},
        "errors": [_error(one, times) for one, times in whole.errors],
    }  # fmt: skip
    show_result(as_json, result, "\n".join(_lines(result)))


@evidence.command("train")
@_DETECTOR
@_FILE
@click.option(
    "--to", type=click.Path(dir_okay=False, path_type=Path), metavar="MODEL",
    help="写入的模型文件；不指明的，写入证据库的 models 文件夹",
)  # fmt: skip
@as_json
@click.pass_obj
def train_command(archive: Path, detector: str, file: Path, to: Path | None, as_json: bool) -> None:
    """用自己标注的材料训练检测器的排序模型 / train a detector's ranking model on your own labelled rows.

    模型只用来排列先后，不决定什么是线索；同样的材料总是得到同样的文件。模型会记住材料中的字串，材料不能公开的，
    模型也不要公开。需要安装 scikit-learn（pip install 'web-evidence[learn]'），使用模型则不需要。

    \b
    evidence train recruitment 标注.jsonl
    evidence train recruitment 标注.jsonl --to recruitment.json
    """
    if to is None:
        read_config(archive)  # a folder that is no archive gets no model
    scorer = _scorer(detector)
    examples = scorer.examples(_rows(file))
    about = {
        "file_sha256": digest(file.read_bytes()), "rows": len(examples),
        "positives": sum(example.truth for example in examples),
        "groups": len({example.group for example in examples}),
    }  # fmt: skip
    content = scorer.learnt(examples, evaluation.chosen_threshold(scorer, examples), about)
    if to is None:
        to = archive / "models" / f"{detector}.json"
        with Archive.open(archive, writable=True):  # on leaving, the digests of its state are written again
            to.parent.mkdir(exist_ok=True)
            durable_write(to, content)
    else:
        to.parent.mkdir(parents=True, exist_ok=True)
        durable_write(to, content)
    result = {"model": str(to), "model_sha256": digest(content), **about}
    text = (
        f"已用 {about['rows']} 条（其中正例 {about['positives']} 条）训练，写入 {to}（{len(content)} 字节）"
    )
    show_result(as_json, result, text)


def _scorer(name: str) -> Scorer:
    scorer = detectors([name])[0].scorer()
    if scorer is None:
        raise UsageError(f"the detector {name} has no format of labelled rows: it cannot be evaluated")
    return scorer


def _rows(file: Path) -> Iterator[Mapping[str, Any]]:
    """Rows of a file of JSON lines. Raises UsageError for anything else."""
    with file.open(encoding="utf-8") as lines:
        try:
            for number, line in enumerate(iter(lambda: lines.readline(_LONGEST_LINE), ""), 1):
                if line.strip():
                    row = json.loads(line)
                    if not isinstance(row, dict):
                        raise UsageError(f"{file}, line {number}: not a JSON object")
                    yield row
        except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
            raise UsageError(f"{file} is not a file of JSON lines in UTF-8: {error}") from error


def _source(examples: list[Example], wanted: str) -> str:
    """The one source whose name holds these letters, or is these. Raises UsageError for none or several."""
    known = sorted({example.source for example in examples})
    found = [name for name in known if name == wanted] or [
        name for name in known if wanted.casefold() in name.casefold()
    ]
    if len(found) != 1:
        raise UsageError(f"{wanted!r} names {len(found)} sources; the file has: {', '.join(known)}")
    return found[0]


def _figures(one: Evaluation) -> dict[str, Any]:
    low, high = one.interval
    return {
        "rows": one.rows, "positives": one.positives, "groups": one.groups,
        **{name: round(one.mean(name), _DIGITS) for name in MEASURES},
        "average_precision_95": [round(low, _DIGITS), round(high, _DIGITS)],
    }  # fmt: skip


def _rounded(figures: Figures) -> dict[str, float]:
    return {name: round(getattr(figures, name), _DIGITS) for name in MEASURES}


def _error(one: Scored, times: int) -> dict[str, Any]:
    return {
        "id": one.example.identifier, "source": one.example.source, "truth": one.example.truth,
        "score": round(one.score, _DIGITS), "threshold": round(one.threshold, _DIGITS), "times": times,
        "text": " ".join(masked(one.example.shown).split()),
    }  # fmt: skip


def _lines(result: Mapping[str, Any]) -> Iterator[str]:
    shuffles = len(result["shuffles"])
    how = "只用规则或已有模型，未在本文件上训练"
    if result["left_out"]:
        how = f"只在来源“{result['left_out']}”上检验" + ("，用其他来源训练" if result["learnt"] else "")
    elif result["learnt"]:
        how = f"按模板分组的 {result['folds']} 份交叉验证，重分 {shuffles} 次的平均值"
    yield f"{result['detector']}：{how}"
    yield _line("全部", result)
    if result["rules_alone"]:
        yield _line("只用规则", result["rules_alone"])
    for name, figures in result["unseen_sources"].items():
        yield _line(f"未见过的来源 {name}", figures)
    errors = result["errors"]
    yield f"错误 {len(errors)} 条" + ("：" if errors else "")
    for error in errors:
        kind = "漏检" if error["truth"] else "误报"
        times = f"，{shuffles} 次中 {error['times']} 次" if shuffles > 1 else ""
        yield f"  {kind}（{error['score']:.2f}{times}）{error['id']}　{error['text']}"
    if not result["learnt"]:
        yield "注意：规则或者模型如果是看着这些材料写成、训练的，以上数值偏高。"


def _line(title: str, figures: Mapping[str, Any]) -> str:
    measures = "　".join(f"{shown} {figures[name]:.3f}" for name, shown in MEASURES.items())
    low, high = figures["average_precision_95"]
    return (
        f"{title}：{figures['rows']} 条，正例 {figures['positives']} 条，{figures['groups']} 组\n"
        f"  {measures}（95% 区间 {low:.3f}–{high:.3f}）"
    )
