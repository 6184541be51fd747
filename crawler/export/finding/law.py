"""The articles that a finding's conduct may come under, by its date, as HTML. What nobody checked shows 待核."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from crawler.errors import UsageError
from crawler.export.finding.plot_words import text
from crawler.law.articles import UNCHECKED, Article, NoLawForDate, articles_for, conducts, notes_for
from crawler.law.citation import citation

# A note of `notes_for` that lists the marks again; here each stands beside its article.
_REPEATED = "打印前须核对"


def law_section(content: Mapping[str, Any], *, gist: bool = True) -> list[str]:
    """For the conduct of a finding's JSON: what kind it is, the articles in force then, and what stands beside them.

    `gist`: with what each article says.
    Without a date of conduct the day of the oldest quoted capture stands for it, and that is said.
    """
    known = conducts().get(content["conduct"])
    if known is None:
        return [_doubt(f"条文表中没有行为类型 {content['conduct']}，须由律师查明")]
    start, until = content.get("conduct_from"), content.get("conduct_until")
    said = []
    if start is None:
        days = [quote["captured_at"] for quote in content.get("quotes", ())]
        if not days:
            return [_doubt("行为时间不明，不能列出条文")]
        start = until = min(days)
        said.append(_doubt("行为时间不明，暂按采集时间列出"))
    try:
        found, notes = articles_for(known.id, start, until), notes_for(known.id, start, until)
    except NoLawForDate:
        return [_doubt("行为发生在条文表所载最早日期之前，须由律师查明当时的条文")]
    except UsageError as error:  # an end before the start: a date that a page states wrongly
        return [_doubt(f"行为起止时间有误，不能列出条文（{error}）")]
    lines = "".join(
        f"<li>{_instrument(list(group), gist=gist)}</li>" for _, group in groupby(found, _edition)
    )
    told = "".join(f"<li>{text(note)}</li>" for note in notes if not note.startswith(_REPEATED))
    named = f"<p>行为类型：{text(known.name)}。是否适用由律师和有权机关判断。</p>"
    return [*said, named, f"<ul class=law>{lines}</ul>", f"<ul class=note>{told}</ul>" if told else ""]


def _edition(article: Article) -> tuple[str, str]:
    return article.instrument, article.doc_no


def _instrument(group: Sequence[Article], *, gist: bool) -> str:
    """Articles of one instrument, whose name stands once."""
    first = "第一条"
    name = citation(group[0].instrument, group[0].doc_no, "1").removesuffix(first)
    places = [each.citation.removeprefix(name) for each in group]
    told = [
        f"{text(place)}{_mark(each)}{f'：{text(each.gist)}' if gist else ''}"
        for place, each in zip(places, group, strict=True)
    ]
    return text(name) + ("；" if gist else "、").join(told)


def _mark(article: Article) -> str:
    return f" <span class=unchecked>{text(article.mark)}</span>" if article.mark else ""


def _doubt(words: str) -> str:
    return f"<p><span class=unchecked>〔{UNCHECKED}：{text(words)}〕</span></p>"
