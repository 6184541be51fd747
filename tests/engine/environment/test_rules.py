"""rules.toml and the code agree: every check has code and words, every word is used."""

import ast
import functools
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler.engine.environment import check, names
from crawler.engine.environment.rules import Rule, families, rules

FOLDER = Path(check.__file__).parent
COMMON = ("too-slow", "broken")


@functools.cache
def codes() -> dict[tuple[str, str], set[str]]:
    """Module and code → names of the facts that every call of passed, failed and skipped gives."""
    found = {(names.__name__, code): {"host", "answered"} for code in agreements()}
    for path in FOLDER.glob("*.py"):
        module = f"{check.__name__.rpartition('.')[0]}.{path.stem}"
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                at = {"passed": 1, "failed": 1, "skipped": 0}.get(node.func.id)
                facts = {word.arg for word in node.keywords if word.arg} - {"value", "subject"}
                for code in constants(node.args[at]) if at is not None and len(node.args) > at else ():
                    found[module, code] = found.get((module, code), facts) & facts
    return found


def constants(node: ast.expr) -> Iterator[str]:
    """The codes that an argument can be: a text, or the two of a condition."""
    if isinstance(node, ast.IfExp):
        yield from (*constants(node.body), *constants(node.orelse))
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


def facts_of(rule: Rule, code: str) -> set[str]:
    module = check.__name__ if code in COMMON else check.CHECKS[rule.name].__module__
    return codes()[module, code]


def agreements() -> set[str]:
    """The codes that `names.agreement` returns: second part of each pair."""
    (function,) = (
        node
        for node in ast.walk(ast.parse(Path(names.__file__).read_text("utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name == "agreement"
    )
    pairs = [node for node in ast.walk(function) if isinstance(node, ast.Tuple) and len(node.elts) == 2]
    return {str(pair.elts[1].value) for pair in pairs if isinstance(pair.elts[1], ast.Constant)}


def test_every_check_has_its_code() -> None:
    assert set(rules()) == set(check.CHECKS)


def test_every_code_has_words_and_the_other_way() -> None:
    worded = {
        (check.__name__ if code in COMMON else check.CHECKS[rule.name].__module__, code)
        for rule in rules().values()
        for code in rule.because
    }
    assert worded == set(codes())


@pytest.mark.parametrize("rule", rules().values(), ids=lambda rule: rule.name)
def test_the_gaps_in_the_words_are_facts(rule: Rule) -> None:
    for code, words in rule.because.items():
        for text in (words.reason, words.remedy):
            gaps = {gap for _, gap, _, _ in string.Formatter().parse(text) if gap}
            assert gaps <= facts_of(rule, code), f"{rule.name}: {code}"


@pytest.mark.parametrize("rule", rules().values(), ids=lambda rule: rule.name)
def test_a_rule_says_what_it_is_for(rule: Rule) -> None:
    assert rule.family in families()
    assert rule.title
    assert rule.purpose
    assert rule.law in (
        "identity",
        "device",
        "processes",
        "browser",
        "name resolution",
        "network",
        "time",
        "fixing",
    )
    assert 0 < rule.seconds <= 15
    only_said = {"runs-as-root", "persistent", "declared", "tunnel-beside", "is-address"}
    only_said |= {"same-address", "same-alias", "different-addresses"}
    without = {code for code, words in rule.because.items() if not words.remedy}
    assert without - only_said <= {"not-rendering"}, "whatever can fail has a remedy"
