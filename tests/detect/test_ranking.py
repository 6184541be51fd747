"""The model that ranks recruiting posts. Texts are synthetic but for `detect_data`."""

import json
import math
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.detect.kit.detector import Example
from crawler.detect.kit.evaluation import folds
from crawler.detect.kit.measures import average_precision, recall_at
from crawler.detect.recruiting.labelled import RuleScorer, labelled
from crawler.detect.recruiting.ranked import worth_reading
from crawler.detect.recruitment import Recruitment
from crawler.detect.text.linear import decode
from crawler.detect.text.probe import swapped
from crawler.detect.text.ranking import KIND, LONGEST, RankScorer, features, shown
from crawler.detect.text.slots import best_reading
from crawler.errors import UsageError
from tests.detect.things import CorpusOf, post

RECRUITS = (
    "招刷单兼职，五星好评返本金，佣金{}元一单，加微信报名",
    "淘宝刷手招募，垫付{}元，好评截图后返款，有意私我",
    "招{}名体验官，拍下后五星好评晒图，本金全返，加群领任务",
)
OTHERS = (
    "警方提醒：刷单返佣都是诈骗，有人被骗{}元，谨防上当",
    "衣服质量很好，穿了{}天没有起球，物流也快",
    "门店招聘营业员{}名，月薪面议，包吃住，有意者面试",
)


def synthetic() -> list[dict[str, object]]:
    return [
        {"id": f"{label}{number}", "template": f"{label}{number}", "label": label, "source": "synthetic",
         "text": texts[number % 3].format(number + 5) + "啊哦呀嗯"[number % 4]}
        for label, texts in (("recruit", RECRUITS), ("other", OTHERS))
        for number in range(12)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def trained() -> RankScorer:
    pytest.importorskip("sklearn")
    scorer = RankScorer()
    return scorer.train(scorer.examples(synthetic()))


def test_evasive_spelling_has_the_features_of_the_plain() -> None:
    plain, evasive = features("招刷单兼职，加微信"), features("招 刷*单 兼职，加薇信")
    grams = {name for name in plain if name.startswith(("c:", "h:"))}
    assert grams == {name for name in evasive if name.startswith(("c:", "h:"))}
    assert "c:刷单兼" in grams
    assert evasive["r:evasive"] > 0
    assert "r:evasive" not in plain


def test_sounds_stay_where_characters_are_swapped() -> None:
    first, second = features("上门安装空调"), features("上门鞍装空调")
    assert {name for name in first if name.startswith("h:")} == {
        name for name in second if name.startswith("h:")
    }
    assert {name for name in first if name.startswith("c:")} != {
        name for name in second if name.startswith("c:")
    }


def test_numbers_are_no_features() -> None:
    assert features("加群12345678领5元") == features("加群87654321领9元")
    assert not any(character.isdigit() for name in features("电话13800138000") for character in name)


@given(st.text())
def test_any_text_has_finite_features(text: str) -> None:
    found = features(text)
    assert all(math.isfinite(value) for value in found.values())
    json.dumps(found).encode()


@pytest.mark.parametrize("text", ["刷" * 1_000_000, "(" * 100_000, "\ud800" * 1000, "", "刷单" * 300_000])
def test_hostile_text_is_bounded(text: str) -> None:
    began = time.process_time()
    found = features(text)
    assert time.process_time() - began < 10  # a bound against explosion, no measurement
    assert len(found) < 5 * LONGEST + 200
    assert all(name.encode() for name in found)


def test_it_ranks_and_explains(trained: RankScorer) -> None:
    recruiting = "诚招刷单人员，五星好评后返本金和佣金，加微信报名"
    warning = "警方提醒：不要相信刷单返佣，都是诈骗"
    assert trained.model is not None
    assert trained.model.score(features(recruiting)) > 0.5 > trained.model.score(features(warning))
    parts = trained.model.reasons(features(recruiting))
    assert trained.model.bias + sum(parts.values()) == pytest.approx(
        trained.model.margin(features(recruiting))
    )
    assert shown("c:刷单") == "字串“刷单”"
    assert all(shown(name) for name in parts)


def test_the_model_file_scores_the_same(trained: RankScorer, tmp_path: Path) -> None:
    scorer = RankScorer()
    examples = scorer.examples(synthetic())
    file = tmp_path / "recruitment.json"
    file.write_bytes(scorer.learnt(examples, 0.4375, {"rows": len(examples)}))
    used = RankScorer().using(file)
    assert not used.learns
    assert used.threshold == 0.4375
    assert used.scores(examples) == trained.scores(examples)
    assert decode(file.read_bytes()).kind == KIND
    assert scorer.learnt(examples, 0.4375, {"rows": len(examples)}) == file.read_bytes()


def test_the_model_only_says_what_to_read_next(trained: RankScorer, tmp_path: Path) -> None:
    found, missed = "招刷单兼职，五星好评返本金，佣金8元一单，加微信报名", "有意的，好评截图，私我领任务"
    assert best_reading(found).found
    assert not best_reading(missed).found
    corpus = CorpusOf(
        posts=[
            post("found", found), post("missed", missed), post("paper", missed, publisher="某某日报"),
            post("warning", OTHERS[0].format(9)), post("review", OTHERS[1].format(9)),
        ]
    )  # fmt: skip
    file = tmp_path / "recruitment.json"
    file.write_bytes(RankScorer().learnt(labelled(synthetic()), 0.3, {}))
    [told] = worth_reading(corpus, file)
    assert told.identifier == "missed"
    assert told.score >= 0.3
    assert told.reasons
    assert worth_reading(corpus, file, most=0) == []
    assert [finding.key for finding in Recruitment().detect(corpus)] == ["shop.example/found"]


def test_the_detector_is_judged_by_it() -> None:
    scorer = Recruitment().scorer()
    assert isinstance(scorer, RankScorer)
    assert scorer.learns
    assert isinstance(scorer.rules(), RuleScorer)
    with pytest.raises(UsageError, match="trained before"):
        scorer.scores(scorer.examples(synthetic()))


@pytest.mark.parametrize("row", [{"text": "x"}, {"label": "other"}, {"text": "x", "label": "yes"}])
def test_rows_of_another_format_are_refused(row: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        labelled([row])


@given(st.text(alphabet="招刷单兼职佣金返现微信报名abc12，"), st.floats(0, 1))
def test_a_swap_keeps_length_and_sound(text: str, share: float) -> None:
    attacked = swapped(text, share, "seed")
    assert attacked == swapped(text, share, "seed")
    assert len(attacked) == len(text)
    assert swapped(text, 0, "seed") == text


def test_on_real_rows_half_a_set_teaches_the_other(detect_data: Path) -> None:
    """One split, so that it stays fast: the figures of the issue are `evidence evaluate`'s and bench/ranking.py's."""
    pytest.importorskip("sklearn")
    lines = (detect_data / "eval_recruit_dev.jsonl").read_text("utf-8").splitlines()
    scorer = RankScorer()
    examples = scorer.examples(json.loads(line) for line in lines)
    training, held = ([examples[each] for each in fold] for fold in folds(examples, 2, 0))
    learnt = scorer.train(training)
    truths = [example.truth for example in held]
    clean = learnt.scores(held)
    assert average_precision(clean, truths) > 0.95
    attacked = [
        Example(
            identifier=each.identifier, truth=each.truth, group=each.group, source=each.source, shown="",
            content={"text": swapped(str(each.content["text"]), 0.4, each.identifier)},
        )
        for each in held
    ]  # fmt: skip
    swaps = learnt.scores(attacked)
    assert recall_at(0.01, swaps, truths) >= recall_at(0.01, clean, truths) - 0.1
