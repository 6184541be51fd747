"""Plots: the same bytes for the same plot, in scale, readable, and safe whatever a page put into them."""

import re
import xml.etree.ElementTree as ElementTree
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.detect.kit.finding import Plot
from crawler.export.finding.plot import HEIGHT, WIDTH, plot_svg
from crawler.export.finding.plot_scale import places, printed, short, ticks

DAYS = ("2026-11-01", "2026-11-02", "2026-11-05")
SVG = "{http://www.w3.org/2000/svg}"
BAR, BAND, MARK = "#4f6d8f", "#e3ddc9", "#a3131f"


def plot(**fields: Any) -> dict[str, Any]:
    """As a stored finding has it."""
    made = Plot(**{"title": "每日评价", "x": DAYS, "x_label": "日期", "y_label": "条", **fields})
    return {name: getattr(made, name) for name in Plot.__dataclass_fields__}


def drawn(content: dict[str, Any]) -> ElementTree.Element:
    return ElementTree.fromstring(plot_svg(content))  # noqa: S314 - our own


def paths(svg: ElementTree.Element, **wanted: str) -> list[str]:
    return [
        each.get("d", "")
        for each in svg.iter(f"{SVG}path")
        if all(each.get(name) == value for name, value in wanted.items())
    ]


def bars(svg: ElementTree.Element) -> list[tuple[float, float, float]]:
    """Middle, width and height of each bar."""
    found = []
    for path in paths(svg, fill=BAR):
        for left, zero, top, right in re.findall(r"M([\d.]+) ([\d.]+)V([\d.]+)H([\d.]+)V", path):
            found.append(
                ((float(left) + float(right)) / 2, float(right) - float(left), float(zero) - float(top))
            )
    return found


def words(svg: ElementTree.Element) -> list[str]:
    return [each.text or "" for each in svg.iter(f"{SVG}text")]


def test_bars_are_in_scale_and_stand_at_their_days() -> None:
    first, second, third = bars(drawn(plot(bars=(2.0, 4.0, 8.0))))
    assert second[2] == pytest.approx(2 * first[2], abs=0.2)
    assert third[2] == pytest.approx(4 * first[2], abs=0.2)
    assert third[0] - second[0] == pytest.approx(3 * (second[0] - first[0]), abs=0.3), (
        "three days are thrice one"
    )
    assert all(width > 1 and 0 < at < WIDTH for at, width, _ in (first, second, third))


def test_the_band_lies_between_its_values_behind_the_bars() -> None:
    svg = drawn(plot(bars=(2.0, 4.0, 8.0), band=((2.0, 4.0),) * 3))
    (band,) = paths(svg, fill=BAND)
    top, bottom = (float(each) for each in re.findall(r"M[\d.]+ ([\d.]+)H[\d.]+V([\d.]+)", band)[0])
    low, high = (height for _, _, height in bars(svg)[:2])
    zero = float(re.findall(r"M[\d.]+ ([\d.]+)", paths(svg, fill=BAR)[0])[0])
    assert (zero - bottom, zero - top) == (pytest.approx(low, abs=0.2), pytest.approx(high, abs=0.2))
    shapes = [each.get("fill") for each in svg.iter(f"{SVG}path")]
    assert shapes.index(BAND) < shapes.index(BAR)


def test_a_line_breaks_where_there_is_no_value() -> None:
    svg = drawn(plot(lines={"销量": (1.0, None, 3.0)}))
    (line,) = paths(svg, fill="none", stroke="#1b1b1b", **{"stroke-width": "1.6"})
    assert (line.count("M"), line.count("L")) == (2, 0)
    assert len(list(svg.iter(f"{SVG}circle"))) == 2, "a value between two gaps is still seen"
    assert "销量" in words(svg)


def test_marks_stand_at_their_x_with_their_words_and_do_not_overlap() -> None:
    svg = drawn(
        plot(bars=(1.0, 1.0, 1.0), marks={DAYS[0]: "招募帖发布", DAYS[1]: "最多的一日", "2025-01-01": "别处"})
    )
    (lines,) = paths(svg, stroke=MARK)
    assert [float(each) for each in re.findall(r"M([\d.]+)", lines)] == [
        pytest.approx(at, abs=0.1) for at, _, _ in bars(svg)[:2]
    ]
    labels = [each for each in svg.iter(f"{SVG}text") if each.get("fill") == MARK]
    assert [each.text for each in labels] == ["招募帖发布", "最多的一日"]
    boxes = [(float(each.get("x", 0)), float(each.get("y", 0)), 11 * len(each.text or "")) for each in labels]
    (one, above, wide), (other, beside, _) = boxes
    assert above != beside or one + wide < other


def test_it_is_told_in_words_too() -> None:
    svg = drawn(
        plot(
            bars=(1.0, 7.0, 2.0),
            band=((0.0, 3.0),) * 3,
            marks={DAYS[1]: "招募帖"},
            lines={"全店": (1.0,) * 3},
        )
    )
    title, description = svg.find(f"{SVG}title"), svg.find(f"{SVG}desc")
    assert title is not None
    assert description is not None
    assert title.text == "每日评价"
    said = description.text or ""
    for each in (
        "2026-11-01 至 2026-11-05",
        "最大值 7（2026-11-02）",
        "预期范围",
        "2026-11-02 招募帖",
        "线：全店",
    ):
        assert each in said
    assert svg.get("role") == "img"
    assert (svg.get("aria-labelledby") or "").split() == [title.get("id"), description.get("id")]


def test_the_same_plot_gives_the_same_bytes_in_any_order_of_its_mappings() -> None:
    one = plot(lines={"甲": (1.0, 2.0, 3.0), "乙": (3.0, 2.0, 1.0)}, marks={DAYS[0]: "a", DAYS[1]: "b"})
    other = {
        **one,
        "lines": dict(reversed(one["lines"].items())),
        "marks": dict(reversed(one["marks"].items())),
    }
    assert plot_svg(one) == plot_svg(other)


def test_an_empty_plot_says_so() -> None:
    assert "没有数值" in words(drawn(plot(x=())))


def test_words_of_pages_stay_words() -> None:
    hostile = '</title><script>alert(1)</script>"\x00\ud800'
    svg = drawn(
        plot(
            title=hostile,
            bars=(1.0,) * 3,
            marks={DAYS[0]: hostile},
            x_label=hostile,
            lines={hostile: (1.0,) * 3},
        )
    )
    assert {each.tag.removeprefix(SVG) for each in svg.iter()} <= {
        "svg", "title", "desc", "rect", "path", "text", "g", "circle",
    }  # fmt: skip


VALUES = st.one_of(st.floats(), st.integers(-(10**18), 10**18), st.floats(0, 100))
TEXTS = st.one_of(st.text(max_size=60), st.sampled_from(DAYS), st.integers(0, 9).map(str))


@settings(max_examples=80, deadline=None)
@given(
    x=st.lists(TEXTS, max_size=30).map(tuple),
    bars=st.lists(VALUES, max_size=30).map(tuple),
    band=st.lists(st.tuples(VALUES, VALUES), max_size=30).map(tuple),
    lines=st.dictionaries(TEXTS, st.lists(st.none() | VALUES, max_size=30).map(tuple), max_size=8),
    marks=st.dictionaries(TEXTS, TEXTS, max_size=8),
)
def test_whatever_the_numbers_are_it_is_a_picture_within_its_frame(**fields: Any) -> None:
    fields["marks"] |= dict.fromkeys(fields["x"][:2], "标记")
    svg = drawn(plot(**fields))
    for path in svg.iter(f"{SVG}path"):
        if path.get("d", "").startswith(("M0 -4", "M-")):
            continue  # a swatch of the legend
        for across, along in re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", path.get("d", "")):
            assert 0 <= float(across) <= WIDTH
            assert 0 <= float(along) <= HEIGHT


@given(low=st.floats(-1e15, 1e15), span=st.floats(0, 1e15), most=st.integers(2, 10))
def test_ticks_enclose_the_values_and_are_few(low: float, span: float, most: int) -> None:
    found = ticks(low, low + span, most)
    slack = 1e-9 * max(span, abs(low), 1)  # far less than a pixel
    assert found[0] <= low + slack
    assert found[-1] >= low + span - slack
    assert 2 <= len(found) <= most + 2
    assert found == sorted(set(found))


def test_scales_and_labels() -> None:
    assert places(["1", "10", "30"]) == [1.0, 10.0, 30.0]
    assert places(["b", "a"]) == [0.0, 1.0]
    assert places(["2026-11-02", "2026-11-01"]) == [0.0, 1.0], "not in order: as they come"
    assert places(["2026-11-01", "2026-11-01T12:00:00"])[1] % 1 == 0.5
    assert short("2026-11-20T02:00:00Z") == "2026-11-20 10:00"
    assert [printed(each) for each in (0.0, 1200.0, 0.25, 30_000.0, 12_500.0)] == [
        "0",
        "1200",
        "0.25",
        "3万",
        "1.25万",
    ]
