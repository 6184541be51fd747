"""Reading a text for recruitment: which blocks recruit, which slots they fill, which other readings were tested.

The rule is that of lexicon.toml: at least three criteria, from one author and one block, in the right stance; and one
of them must be what only this trade asks for (the act by name, praise tied to money, a buyer's account sought for
work, or a task sheet). Words alone never make a reading.
"""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from crawler.detect.text.criteria import NEAR, Hit, hits, near_pairs, settings
from crawler.detect.text.phrases import Read, read
from crawler.detect.text.speakers import Block, begin, between, blocks
from crawler.detect.text.stance import Cue, cues, stances
from crawler.law.lexicon import lexicon

Kind = Literal["recruitment", "agency", "rebate_card", "live_barrage", "reverse_brushing", "task_scam"]
SLOTS: dict[str, tuple[str, str]] = {  # slot → its criterion, its title
    "recruiter": ("R", "招募用语"),
    "act": ("A", "行为名称"),
    "platform": ("P", "平台或者店铺"),
    "task": ("T", "任务步骤"),
    "filter": ("F", "对账号的要求"),
    "praise": ("V", "要求的好评"),
    "reward": ("M", "报酬或者返还"),
    "contact": ("X", "联系方式"),
}
COUNTS = 0.6  # a weak term alone (招募, 佣金) fills no criterion
STRONG = 2  # criteria that need a strong term: one strong word among common ones is a mention
SHEET = 3  # different task steps that make a task sheet
_MARKS: tuple[tuple[Kind, tuple[str, ...]], ...] = (
    ("reverse_brushing", ("差评单", "接差评", "一星差评", "仅退款")),
    ("live_barrage", ("发弹幕", "弹幕…每场", "气氛组", "按群里发的话术", "招…气氛")),
    ("task_scam", ("三联单", "卡单", "冲量…接单", "下载app接单")),
    (
        "agency",
        (
            "各位掌柜", "工作室", "信誉托管", "托管…信誉", "信誉平台", "刷流量", "刷收藏", "提升…信誉", "提高…信誉",
            "评价…单价", "问大家…元", "空包", "素人笔记", "刷销量", "商家合作", "发布任务",
        ),
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reading:
    """One block that may recruit. `criteria`: those filled; `core`: why it can only be this trade, Chinese."""

    block: Block
    kind: Kind
    criteria: tuple[str, ...]
    core: tuple[str, ...]
    strong: int  # how many of them by a term that says much
    points: float
    tested: dict[str, list[str]]  # stance decided by the whole text → its cues
    seen: dict[str, list[str]]  # stance → its cues in the block, however few

    @property
    def found(self) -> bool:
        """Does the rule hold?"""
        enough = len(self.criteria) >= lexicon().min_criteria and self.strong >= STRONG
        # Beside paragraphs of another speaker (a report, a warning) a block must name its own contact.
        alone = not self.tested or "X" in self.criteria
        return bool(self.core) and enough and alone and not self.block.stances

    @property
    def score(self) -> float:
        """0…1 for ordering; at least .5 exactly where the rule holds. No measure of guilt."""
        weight = 1 / (1 + math.exp(2.5 - self.points))
        against = 0.25 if self.block.stances else 1.0
        return round(0.5 + weight / 2 if self.found else 0.5 * weight * against, 6)

    def slot(self, name: str) -> list[Hit]:
        """Terms that fill a slot, strongest first, then in order."""
        letter = SLOTS[name][0]
        own = [hit for hit in self.block.live if hit.criterion == letter]
        return sorted(own, key=lambda hit: (-hit.weight, hit.start))

    @property
    def evasive(self) -> list[str]:
        """Restored spellings within its terms: 薇信→微信（同音）."""
        return list(dict.fromkeys(str(each) for hit in self.block.live for each in hit.restored))


def best_reading(text: str) -> Reading:
    """The block that recruits most; of a text without any terms a reading without criteria."""
    return max(readings(text), key=lambda each: each.score)


def readings(text: str) -> list[Reading]:
    """One reading per block of `text`, in order; at least one."""
    source = read(text)
    told = sorted(cues(source), key=begin)
    tested = stances(told, len(source.text))
    cut = blocks(source, hits(text, source), told)
    return [_reading(block, tested, _seen(source, block, told)) for block in cut]


def _seen(source: Read, block: Block, told: Sequence[Cue]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    starts = source.folded.starts
    first, last = bisect_left(starts, block.start), bisect_left(starts, block.end)
    for cue in between(told, first, last):
        found.setdefault(cue.stance, []).append(cue.text)
    return {stance: list(dict.fromkeys(words)) for stance, words in found.items()}


def _reading(block: Block, tested: dict[str, list[str]], seen: dict[str, list[str]]) -> Reading:
    weights = dict.fromkeys("ARTFVMPX", 0.0)
    for hit in _told_once(block.live):
        weights[hit.criterion] = max(weights[hit.criterion], hit.weight)
    evasive = any(hit.restored for hit in block.live)
    merged = {
        **weights,
        "T": max(weights["T"], weights["F"]),
        "X": max(weights["X"], COUNTS if evasive else 0),
    }
    filled = tuple(letter for letter in "ARTVMPX" if merged[letter] >= COUNTS)
    bound = _bound(block.live)
    core = _core(block.live, weights, bound)
    points = (
        1.4 * weights["A"] + 0.8 * weights["R"] + 0.6 * merged["T"] + weights["V"] + 0.7 * weights["M"]
        + 0.4 * weights["P"] + 0.5 * merged["X"] + bound + 0.4 * len(core)
    )  # fmt: skip
    strong = sum(merged[letter] >= 1 for letter in filled)
    return Reading(block, _kind(block.live, filled, bound), filled, core, strong, points, tested, seen)


def _bound(found: list[Hit]) -> bool:
    """Is praise tied to money: close together, the praise in words that ask for it?"""
    tied = [hit for hit in found if hit.weight >= {"V": 1, "M": COUNTS}.get(hit.criterion, math.inf)]
    return ("V", "M") in near_pairs(tied)


def _told_once(found: list[Hit]) -> list[Hit]:
    """Without praise that is only part of the name of an act: 刷好评 is one thing said, not two."""
    acts = [(hit.at, hit.until) for hit in found if hit.criterion == "A"]
    ends = [until for _, until in acts]

    def within(hit: Hit) -> bool:
        place = bisect_left(ends, hit.until)
        return place < len(acts) and acts[place][0] <= hit.at

    return [hit for hit in found if hit.criterion != "V" or not within(hit)]


def _core(found: list[Hit], weights: dict[str, float], bound: bool) -> tuple[str, ...]:
    steps = {hit.term for hit in found if hit.criterion in "TF" and hit.weight >= 1}
    reasons = []
    if weights["A"] >= 1:
        reasons.append("写明刷单一类行为")
    if bound:
        reasons.append(f"好评要求与报酬相距不超过{NEAR}字")
    if weights["F"] >= 1 and weights["R"] >= 1 and max(weights["P"], weights["M"]) >= COUNTS:
        reasons.append("以账号的信誉、等级为条件招人")
    if len(steps) >= SHEET and weights["M"] >= 1:
        reasons.append(f"成套任务步骤（{len(steps)}项）并有返还或者佣金")
    return tuple(reasons)


def _kind(found: list[Hit], filled: tuple[str, ...], bound: bool) -> Kind:
    terms = {hit.term for hit in found}
    for kind, marks in _MARKS:
        if terms & set(marks):
            return kind
    recruits = any(hit.criterion == "R" and hit.weight >= 1 for hit in found) or "A" in filled
    return "rebate_card" if bound and not recruits else "recruitment"


def disclosed(text: str) -> bool:
    """Does the text carry a label as an advertisement?"""
    return any(word in text for word in settings()["disclosure"]["words"])
