"""What is wrong with the dates of a page: in the future, contradicting each other, a clock that goes wrong.

Nothing here says that a page was set up: each judgement names what does not fit, and a person decides.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from crawler import clock
from crawler.engine.rendering.time_span import DAY, Span

FITS, DOUBTFUL, CONTRADICTION = "fits", "doubtful", "contradiction"
SLACK = DAY  # dates without zone and counted back are off by as much without meaning
CLOCK_SLACK = timedelta(minutes=5)


class Stated(Protocol):
    """See `crawler.engine.rendering.page_dates.Statement`."""

    @property
    def what(self) -> str: ...
    @property
    def quote(self) -> str: ...
    @property
    def says(self) -> Span: ...
    @property
    def own(self) -> bool: ...


class Judgement(NamedTuple):
    """FITS, DOUBTFUL or CONTRADICTION, and the reason for people."""

    word: str
    reason: str


def judge(statements: Sequence[Stated], captured: datetime, age: int = 0) -> list[Judgement]:
    """One judgement for each statement. `age`: seconds that the answer is said to have lain in a cache.

    - a day or more after the capture: a contradiction;
    - the server's clock more than five minutes off ours: a contradiction, but doubtful where it is slow, since
      a cache may have answered;
    - of the page's own dates: changed (or shown) more than a day before it was published: a contradiction, on both;
    - two dates of publication, or two of change, more than a day apart: a contradiction if one was counted back
      from today ("两周前"), else doubtful.
    """
    own = [stated for stated in statements if stated.own and stated.what != "served"]
    return [_one(stated, own, captured, age) for stated in statements]


def _one(stated: Stated, own: Sequence[Stated], captured: datetime, age: int) -> Judgement:
    if stated.what == "served":
        return _clock(stated.says.since + timedelta(seconds=age) - captured)
    ahead = stated.says.since - captured
    if ahead > SLACK:
        return Judgement(CONTRADICTION, f"所述时间晚于采集时间约{_long(ahead)}")
    against = [_against(stated, other) for other in own if stated.own and other is not stated]
    found = [judgement for judgement in against if judgement is not None]
    worst = next((judgement for judgement in found if judgement.word == CONTRADICTION), None)
    fits = Judgement(FITS, f"与采集时间不矛盾，即{_dates(stated.says)}")
    return worst or next(iter(found), fits)


def _clock(ahead: timedelta) -> Judgement:
    if abs(ahead) <= CLOCK_SLACK:
        return Judgement(FITS, "服务器时间与采集时间相差不超过5分钟")
    way = "快于" if ahead > timedelta() else "慢于"
    cached = "" if ahead > timedelta() else "，也可能是缓存的应答"
    word = CONTRADICTION if ahead > timedelta() else DOUBTFUL
    return Judgement(word, f"服务器时间{way}采集时间约{_long(abs(ahead))}{cached}")


def _against(stated: Stated, other: Stated) -> Judgement | None:
    """What is wrong between two of the page's own dates, from the side of the first."""
    quote = f"“{other.quote[:40]}”（{_dates(other.says)}）"
    first, later = (stated, other) if stated.what == "published" else (other, stated)
    kinds = {stated.what, other.what}
    if len(kinds) == 2 and first.what == "published" and later.says.gap_to(first.says) > SLACK:
        gap = _long(later.says.gap_to(first.says))
        which = "早于" if later is stated else "晚于"
        said = "所述更新时间" if later is stated and stated.what == "modified" else "所述时间"
        return Judgement(
            CONTRADICTION, f"{said}即{_dates(stated.says)}，{which}本页另述的{quote}，相差约{gap}"
        )
    apart = max(stated.says.gap_to(other.says), other.says.gap_to(stated.says))
    if len(kinds) == 1 and stated.what != "shown" and apart > SLACK:
        word = CONTRADICTION if stated.says.relative or other.says.relative else DOUBTFUL
        return Judgement(
            word, f"所述时间即{_dates(stated.says)}，与本页另述的{quote}不一致，相差约{_long(apart)}"
        )
    return None


def _dates(span: Span) -> str:
    """北京时间, to the minute or to the day."""
    since, last = (moment.astimezone(clock.BEIJING) for moment in (span.since, span.until))
    if span.until - span.since < DAY:
        return since.strftime("%Y年%m月%d日 %H:%M")
    last -= timedelta(seconds=1)
    first, end = since.strftime("%Y年%m月%d日"), last.strftime("%Y年%m月%d日")
    return first if first == end else f"{first}至{end}"


def _long(time: timedelta) -> str:
    if time >= DAY:
        return f"{time // DAY}天"
    if time >= timedelta(hours=1):
        return f"{time // timedelta(hours=1)}小时"
    return f"{time // timedelta(minutes=1)}分钟"
