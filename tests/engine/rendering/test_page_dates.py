"""The dates of a page: read off real pages, and every contradiction made by hand."""

import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.engine.rendering.page_dates import MOST, page_dates
from crawler.evidence.manifest import canonical

NOW = "2026-11-22T08:16:41.123456Z"  # 16:16 in Beijing, a Sunday


def meta(name: str, when: str) -> str:
    return f'<meta property="article:{name}_time" content="{when}">'


def linked(**fields: str) -> str:
    inner = ", ".join(f'"{name}": "{value}"' for name, value in fields.items())
    return f'<script type="application/ld+json">{{"@graph": [{{"@type": "Article", {inner}}}]}}</script>'


def words(html: str, *headers: tuple[str, str]) -> list[tuple[str, str]]:
    return [(found["what"], found["judgement"]) for found in page_dates(html, NOW, headers)]


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [  # Beijing days begin at 16:00 UTC
        ("发表于 2024-11-20", "2024-11-19T16:00:00", "2024-11-20T16:00:00"),
        ("发布时间：2024年11月20日 08:30", "2024-11-20T00:30:00", "2024-11-20T00:31:00"),
        ("更新于“两周前”", "2026-10-31T16:00:00", "2026-11-08T16:00:00"),
        ("更新于 2周前", "2026-10-31T16:00:00", "2026-11-08T16:00:00"),
        ("3天前", "2026-11-17T16:00:00", "2026-11-19T16:00:00"),
        ("3小时前更新", "2026-11-22T04:16:41", "2026-11-22T05:16:41"),
        ("最后编辑于 昨天", "2026-11-20T16:00:00", "2026-11-21T16:00:00"),
        ("昨天 12:30 来自手机", "2026-11-21T04:30:00", "2026-11-21T04:31:00"),
        ("Updated 1 week ago", "2026-11-07T16:00:00", "2026-11-15T16:00:00"),
        ("发布于 11-20", "2026-11-19T16:00:00", "2026-11-20T16:00:00"),
        ("2019-09-07 13:43:45　来源: 某报 举报", "2019-09-07T05:43:45", "2019-09-07T05:43:46"),
        ("一年前发布", "2024-11-21T16:00:00", "2025-11-22T16:00:00"),
    ],
)
def test_what_a_text_means(text: str, since: str, until: str) -> None:
    (found,) = page_dates(f"<p>{text}</p>", NOW)
    assert found["says"]["since"][:16] == since[:16]
    assert found["says"]["until"][:16] == until[:16]
    assert found["judgement"] == "fits"
    assert found["quote"] in text


@pytest.mark.parametrize(
    ("html", "source"),
    [
        (meta("published", "2024-11-20"), 'meta[property="article:published_time"]'),
        (linked(datePublished="2024-11-20"), "script[1]#/@graph/0/datePublished"),
        ('<time datetime="2024-11-20" class="published">x</time>', "(//time[@datetime])[1]"),
        ("<p>x</p><p>发表于 2024-11-20</p>", "line 2"),
    ],
)
def test_a_statement_names_its_place(html: str, source: str) -> None:
    (found,) = page_dates(html, NOW)
    assert (found["what"], found["source"]) == ("published", source)


@pytest.mark.parametrize(
    "html",
    [
        meta("published", "2026-12-20T00:00:00Z"),
        linked(datePublished="2027-01-01"),
        '<time datetime="2026-11-25">x</time>',
        "<p>更新于 2027年1月1日</p>",
    ],
)
def test_the_future_contradicts(html: str) -> None:
    (found,) = page_dates(html, NOW)
    assert found["judgement"] == "contradiction"
    assert "晚于采集时间约" in found["reason"]


def test_tomorrow_in_another_zone_does_not() -> None:
    assert words(meta("published", "2026-11-23")) == [("published", "fits")]


def test_worded_update_before_publication_contradicts_on_both_sides() -> None:
    found = page_dates(meta("published", "2026-11-20T10:00:00+08:00") + "<p>更新于 两周前</p>", NOW)
    assert [(one["what"], one["judgement"]) for one in found] == [
        ("published", "contradiction"),
        ("modified", "contradiction"),
    ]
    assert found[1]["reason"] == (
        "所述更新时间即2026年11月01日至2026年11月08日，早于本页另述的“2026-11-20T10:00:00+08:00”"
        "（2026年11月20日 10:00），相差约11天"
    )


def test_the_case_of_the_law_reference() -> None:
    """Published in April, "更新于两周前" in June: this fits, and the span is there for the lawyer to compare."""
    found = page_dates(
        meta("published", "2021-04-10") + '<p>更新于"两周前"</p>', "2021-06-06T02:00:00.000000Z"
    )
    assert {one["judgement"] for one in found} == {"fits"}
    assert found[1]["says"] == {
        "since": "2021-05-15T16:00:00.000000Z",
        "until": "2021-05-23T16:00:00.000000Z",
    }


@pytest.mark.parametrize(
    ("html", "judged"),
    [
        (linked(datePublished="2026-11-01", dateModified="2026-10-01"), {"contradiction"}),
        (linked(datePublished="2026-11-01", dateModified="2026-10-31"), {"fits"}),
        (linked(datePublished="2026-11-01", dateModified="2026-11-20"), {"fits"}),
        (meta("published", "2026-11-20") + "<p>发表于 3周前</p>", {"contradiction"}),
        (meta("published", "2026-11-20") + "<p>发表于 2天前</p>", {"fits"}),
        (meta("published", "2026-11-20") + "<p>3周前</p>", {"contradiction"}),
        (meta("published", "2026-10-20") + "<p>3周前</p>", {"fits"}),  # may be the update
        (meta("published", "2026-10-20") + linked(datePublished="2026-11-20"), {"doubtful"}),
        (meta("modified", "2026-11-20") + "<p>更新于 一个月前</p>", {"contradiction"}),
    ],
)
def test_the_page_against_itself(html: str, judged: set[str]) -> None:
    assert {found["judgement"] for found in page_dates(html, NOW)} == judged


def test_comments_lists_and_dates_without_year_contradict_nothing() -> None:
    published = meta("published", "2026-11-20")
    comments = "".join(f"<p>发表于 2025-0{month}-11</p>" for month in range(1, 6))
    times = "".join(f'<time datetime="2025-0{month}-11">x</time>' for month in range(1, 6))
    review = '{"@type": "Product", "review": [{"@type": "Review", "datePublished": "2020-01-01"}]}'
    related = "".join(f"<p>12-2{day} 18:40</p>" for day in range(3))
    for html in (comments, times, f'<script type="application/ld+json">{review}</script>', related):
        assert {judgement for _, judgement in words(published + html)} == {"fits"}


@pytest.mark.parametrize(
    ("date", "age", "judged"),
    [
        ("Sun, 22 Nov 2026 08:16:42 GMT", None, "fits"),
        ("Sun, 22 Nov 2026 08:21:00 GMT", None, "fits"),
        ("Sun, 22 Nov 2026 08:22:30 GMT", None, "contradiction"),
        ("Sun, 22 Nov 2026 08:10:00 GMT", None, "doubtful"),
        ("Sun, 22 Nov 2026 07:16:41 GMT", "3600", "fits"),
    ],
)
def test_the_clock_of_the_server(date: str, age: str | None, judged: str) -> None:
    headers = [("Date", date), *([("Age", age)] if age else [])]
    (found,) = page_dates("", NOW, headers)
    assert (found["what"], found["source"], found["judgement"]) == ("served", "header Date", judged)


def test_last_modified_is_read_and_not_held_against_the_article() -> None:
    headers = ("Last-Modified", "Mon, 01 Jan 2018 00:00:00 GMT")
    assert words(meta("published", "2026-11-20"), headers) == [("modified", "fits"), ("published", "fits")]
    assert words("", ("last-modified", "Mon, 01 Jan 2029 00:00:00 GMT")) == [("modified", "contradiction")]


EXPECTED = {
    "163": ("published", "2019-09-07T05:43:45"),
    "people": ("published", "2019-06-14T16:00:00"),
    "thepaper": ("shown", "2019-08-13T06:07:00"),
    "wechat": ("shown", "2026-11-20T16:00:00"),
    "hexun": ("shown", "2019-09-26T02:56:28"),
    "xinhuanet": ("shown", "2020-07-08T10:00:55"),
    "csdn": ("published", "2020-07-02T00:25:00"),
    "baijiahao": ("published", "2026-10-08T04:00:00"),
}


@pytest.mark.saved_pages
@pytest.mark.parametrize("site", EXPECTED)
def test_real_articles(pages: Path, site: str) -> None:
    found = page_dates(_read(pages / site / "article-1.html"), NOW)
    assert (found[0]["what"], found[0]["says"]["since"][:19]) == EXPECTED[site]
    assert {one["judgement"] for one in found} == {"fits"}


@pytest.mark.saved_pages
def test_a_real_page_captured_before_its_date_contradicts(pages: Path) -> None:
    found = page_dates(_read(pages / "163/article-1.html"), "2019-09-01T00:00:00.000000Z")
    assert found[0]["judgement"] == "contradiction"


@pytest.mark.saved_pages
@pytest.mark.parametrize("number", [1, 3, 4])
def test_reviews_in_json_ld_are_not_the_pages_own(pages: Path, number: int) -> None:
    found = page_dates(_read(pages / f"jsonld/reviews-{number}.html"), NOW)
    reviews = [one for one in found if "/review/" in one["source"]]
    assert len(reviews) >= 8
    assert {one["judgement"] for one in reviews} == {"fits"}
    assert "contradiction" not in {one["judgement"] for one in found}


def _read(path: Path) -> str:
    content = path.read_bytes()
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("gb18030", "replace")


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="发表于更新前天周月年0123456789-:： ago中<>p", max_size=120), st.text(max_size=60))
def test_nothing_a_page_holds_raises(text: str, header: str) -> None:
    html = (
        f"<p>{text}</p>{meta('published', text)}{linked(datePublished=text)}<time datetime='{text}'>x</time>"
    )
    found: list[Any] = page_dates(html, NOW, [("Date", header), ("Last-Modified", text), ("Age", header)])
    for one in found:
        canonical(one)


@pytest.mark.parametrize(
    "years", ["9999-12-31", "0001-01-01", "发表于 9999年前", "发表于 9999个月前", "2024-02-29"]
)
def test_ends_of_the_calendar(years: str) -> None:
    page_dates(f"<p>{years}</p>{meta('published', years)}", NOW)
    page_dates(f"<p>{years}</p>{meta('published', years + 'T00:00:00+14:00')}", NOW)
    page_dates(meta("published", years + "T23:59:59-12:00"), NOW)


def test_hostile_pages_are_bounded() -> None:
    began = time.process_time()
    for html in (
        "<p>发表于 2024-11-20</p>" * 20_000,
        "<p>" + "发表于 " * 100_000,
        '<time datetime="2024-11-20">' * 20_000,
        '<meta name="date" content="2024-11-20">' * 20_000,
    ):
        assert len(page_dates(html, NOW)) <= MOST
    assert time.process_time() - began < 10
