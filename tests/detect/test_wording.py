"""What detectors say in Chinese never passes judgement (law.md §7): read off the sources, sentence by sentence."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler.detect.kit.detector import discovered
from crawler.detect.kit.finding import VERDICTS

ROOT = Path(__file__).parents[2] / "crawler"
FILES = sorted([*(ROOT / "detect").rglob("*.py"), *(ROOT / "law").glob("*.py")])
HAN = re.compile("[一-鿿]")
# A sentence of ours: Chinese with a mark of a sentence, or long enough, or an f-string. What is shorter is a word to
# look for.
SENTENCE = re.compile("[，。；：]")
SENTENCE_LENGTH = 12
# Calls whose literals are patterns to find in pages, not words of ours.
PATTERNS = frozenset({"compile", "search", "match", "fullmatch", "finditer", "findall", "sub", "split"})
NAMES_OF_LAW = re.compile("《[^》]*》|〈[^〉]*〉|虚假宣传纠纷")
QUOTED = re.compile("“[^”]*”|「[^」]*」")
JUDGING = (*VERDICTS, "虚假", "假评", "造假", "违法", "犯罪", "欺诈")


def sentences(source: str) -> Iterator[tuple[int, str]]:
    """(line, text) of every Chinese string of ours; docstrings, patterns and lists of words are left out."""
    tree = ast.parse(source)
    left_out = {id(each) for node in ast.walk(tree) for each in _not_ours(node)}
    for node in ast.walk(tree):
        if id(node) in left_out:
            continue
        if isinstance(node, ast.JoinedStr):
            text = "…".join(each.value for each in node.values if isinstance(each, ast.Constant))
            if HAN.search(text):
                yield node.lineno, text
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
            if HAN.search(text) and (SENTENCE.search(text) or len(text) >= SENTENCE_LENGTH):
                yield node.lineno, text


def _not_ours(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Call) and _name(node.func) in PATTERNS:
        yield from ast.walk(node)
    elif isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        first = node.body[0] if node.body else None
        if isinstance(first, ast.Expr):
            yield first.value
    elif isinstance(node, ast.JoinedStr | ast.BinOp) and any(_is_pattern(each) for each in ast.walk(node)):
        yield from ast.walk(node)  # a part of an expression to search with


def _is_pattern(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and bool(re.search(r"\(\?|\[\^|\\", node.value))
    )


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def judged(text: str) -> list[str]:
    """Words of judgement in a sentence, outside names of laws and quotations."""
    plain = QUOTED.sub("", NAMES_OF_LAW.sub("", text))
    # What a person or an authority must decide may be named: 不作认定, 由…认定.
    plain = re.sub("(?:不作|不能|不得|不宜|不可|不|由[^，。；]{1,12})认定", "", plain)
    plain = plain.replace("不认为是违法", "")
    return [word for word in JUDGING if word in plain]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_sentence_passes_judgement(path: Path) -> None:
    found = [
        f"{path.name}:{line}: {', '.join(words)} in {text!r}"
        for line, text in sentences(path.read_text("utf-8"))
        if path.name != "finding.py" and (words := judged(text))
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", sorted(discovered()))
def test_titles_and_summaries_are_chinese(name: str) -> None:
    detector = discovered()[name]
    assert HAN.search(detector.title)
    assert len(detector.title) <= 12
    assert HAN.search(detector.summary)
    assert not re.search("[a-z]{4,}", detector.summary)
    assert not judged(detector.title)
    assert not judged(detector.summary)


def test_the_check_sees_what_it_should() -> None:
    assert judged("该店铺的评价系虚假评价")
    assert judged("足以认定其刷单")
    assert not judged("疑似好评返现，买家陈述“全是假评”")
    assert not judged("是否构成由律师认定")
    assert not judged("《关于办理利用信息网络实施诽谤等刑事案件适用法律若干问题的解释》")
    seen = list(
        sentences(
            '"""文档，不是句子。"""\nA = "造假的评价，很多。"\nB = re.compile("虚假，")\nC = f"共{A}条，造假。"\n'
        )
    )
    assert [line for line, _ in dict.fromkeys(seen)] == [2, 4, 4]  # the f-string, and its part
    assert list(sentences('A = f"{n}条造假{x}的"')) == [(1, "条造假…的")]
