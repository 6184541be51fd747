"""`evidence evaluate` and `evidence train` on small synthetic files."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.archives import make
from tests.commands import evidence

Capsys = pytest.CaptureFixture[str]
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
MISSED = "手机就可以做的事情，详情找我13800138000"


def rows() -> list[dict[str, Any]]:
    made = [
        {"id": f"{label}{number}", "template": f"{label}{number}", "label": label,
         "text": texts[number % 3].format(number),
         "source": "github:one/first@abc line 1" if number % 2 else "github:two/second@abc"}
        for label, texts in (("recruit", RECRUITS), ("other", OTHERS))
        for number in range(10)
    ]  # fmt: skip
    made.append(
        {
            "id": "hard",
            "template": "hard",
            "label": "recruit",
            "text": MISSED,
            "source": "github:one/first@abc",
        }
    )
    made.append({"id": "unsure", "label": "recruit", "text": "刷单？", "ambiguous": True, "source": "x"})
    return made


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "labelled.jsonl"
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows()), "utf-8")
    return path


def test_cross_validation_beside_the_rules_and_unseen_sources(capsys: Capsys, file: Path) -> None:
    pytest.importorskip("sklearn")
    printed = evidence(capsys, "evaluate", "recruitment", file, "--json", "--shuffles", 2)
    assert printed.code == 0
    told = printed.json
    assert (told["rows"], told["positives"], told["learnt"], len(told["shuffles"])) == (21, 11, True, 2)
    assert told["f1"] > 0.8
    assert set(told["unseen_sources"]) == {"github:one/first", "github:two/second"}
    assert told["rules_alone"]["precision"] == 1.0
    [error] = [each for each in told["errors"] if each["id"] == "hard"]
    assert error["truth"] is True
    assert error["text"] == "手机就可以做的事情,详情找我•••"
    again = evidence(capsys, "evaluate", "recruitment", file, "--json", "--shuffles", 2)
    assert again.out == printed.out


def test_text_names_figures_and_masks_numbers(capsys: Capsys, file: Path) -> None:
    pytest.importorskip("sklearn")
    printed = evidence(capsys, "evaluate", "recruitment", file, "--shuffles", 1, "--folds", 3)
    assert printed.code == 0
    assert "3 份交叉验证" in printed.out
    assert "查准率" in printed.out
    assert "只用规则：21 条" in printed.out
    assert "未见过的来源 github:one/first" in printed.out
    assert "漏检" in printed.out
    assert "13800138000" not in printed.out


def test_one_source_left_out(capsys: Capsys, file: Path) -> None:
    pytest.importorskip("sklearn")
    told = evidence(capsys, "evaluate", "recruitment", file, "--json", "--leave-out", "first").json
    assert (told["left_out"], told["rows"], told["positives"]) == ("first", 11, 6)
    printed = evidence(capsys, "evaluate", "recruitment", file, "--leave-out", "github")
    assert printed.code == 2
    assert "names 2 sources" in printed.err


def test_a_model_is_trained_kept_and_used(capsys: Capsys, file: Path, tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    kept = tmp_path / "models" / "own.json"
    first = evidence(capsys, "train", "recruitment", file, "--to", kept, "--json")
    assert first.code == 0
    assert (first.json["rows"], first.json["positives"], first.json["groups"]) == (21, 11, 21)
    content = kept.read_bytes()
    assert b"13800138000" not in content
    evidence(capsys, "train", "recruitment", file, "--to", kept)
    assert kept.read_bytes() == content
    told = evidence(capsys, "evaluate", "recruitment", file, "--model", kept)
    assert told.code == 0
    assert "数值偏高" in told.out  # it was trained on these very rows


def test_a_model_in_the_archive_is_covered_by_its_state(capsys: Capsys, file: Path, tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    assert (
        "evidence init" in evidence(capsys, "--archive", tmp_path / "none", "train", "recruitment", file).err
    )
    assert not (tmp_path / "none").exists()
    archive = make(tmp_path / "archive")
    assert evidence(capsys, "--archive", archive, "train", "recruitment", file).code == 0
    assert (archive / "models/recruitment.json").is_file()
    assert "models/recruitment.json" in (archive / "state-sha256.txt").read_text("utf-8")
    told = evidence(capsys, "--archive", archive, "detect", "recruitment", "--json")
    assert (told.code, told.json["recruitment"]["worth_reading"]) == (0, [])
    assert (
        "worth_reading"
        not in evidence(capsys, "--archive", archive, "detect", "rebate", "--json").json["rebate"]
    )


def test_a_detector_of_rules_is_judged_plainly(capsys: Capsys, tmp_path: Path) -> None:
    run = "这款空气炸锅容量很大，炸出来的鸡翅外酥里嫩，家里老人孩子都爱吃"
    texts = [("yes", run + "！"), ("no", "物流很快")]
    pairs = [
        {
            "id": same,
            "group": same,
            "same_template": same,
            "a": {"src": "x", "text": run},
            "b": {"src": "x", "text": other},
        }
        for same, other in texts
    ]
    file = tmp_path / "pairs.jsonl"
    file.write_text("\n".join(json.dumps(pair, ensure_ascii=False) for pair in pairs), "utf-8")
    told = evidence(capsys, "evaluate", "templates", file, "--json").json
    assert (told["f1"], told["learnt"], told["errors"], told["unseen_sources"]) == (1.0, False, [], {})
    assert evidence(capsys, "evaluate", "templates", file, "--model", file).code == 2
    printed = evidence(capsys, "train", "templates", file, "--to", tmp_path / "m.json")
    assert printed.code == 2
    assert "rules alone" in printed.err
    assert not (tmp_path / "m.json").exists()


@pytest.mark.parametrize(
    ("content", "why"),
    [("{", "JSON lines"), ("[1]", "not a JSON object"), ('{"text": "x"}', "label"), ("[" * 100_000, "JSON lines"),
     ("", "nothing to measure"), ('{"text": "x", "label": "other"}', "nothing to measure")],
)  # fmt: skip
def test_a_file_of_another_format_is_refused(capsys: Capsys, tmp_path: Path, content: str, why: str) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text(content, "utf-8")
    printed = evidence(capsys, "evaluate", "recruitment", file)
    assert printed.code == 2
    assert why in printed.err


def test_an_unknown_detector_and_one_without_rows_are_refused(capsys: Capsys, file: Path) -> None:
    assert "no detector nothing" in evidence(capsys, "evaluate", "nothing", file).err
    assert "cannot be evaluated" in evidence(capsys, "evaluate", "doorway", file).err
