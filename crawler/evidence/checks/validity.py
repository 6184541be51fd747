"""Whether the timestamp tokens hold at a date: now, or the one that the reader gives.

A checkpoint holds as long as one of its tokens does: by its own certificate path, or renewed before that ended
(crawler.evidence.renewal). Tokens over it that hold no more do not count, and are told of.
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime

from crawler.evidence.checks.stamps import Stamps, in_beijing, in_utc
from crawler.evidence.renewal import good_until
from crawler.evidence.report import Check, Faults, Words, not_checked, passed

NAME = "validity"
_RENEW = Words(
    "证书到期前须运行 `evidence seal --renew` 续盖；已过期的只能以到期前留存的续盖为准，请从副本恢复",
    "run `evidence seal --renew` before certificates end; after that only what was renewed in time counts:"
    " restore it from a copy",
)

_LATER = Words("用 --at 给出较晚的日期，或者不用 --at", "give a later date with --at, or none")


def check_validity(stamps: Stamps, named: Mapping[str, int], at: datetime | None) -> Check:
    """Whether every stamped checkpoint still has a token that holds `at` that date (timezone-aware).

    `named` maps the digest of a .tsr to the smallest index of a leaf that names it (`renewal.tokens_named`).
    Without a date it is judged now, and what has ended is *not checked* instead of failed: at its genTime the
    token verified, which the check ``timestamps`` says.
    """
    moment = at if at is not None else datetime.now(UTC)
    early = _before_the_stamps(stamps, at)
    if early is not None:
        return early
    until = good_until(stamps.verified, named)
    by_size: dict[int, dict[str, datetime]] = defaultdict(dict)
    for stamp in stamps.verified:
        by_size[stamp.size][stamp.authority] = until[stamp.digest]
    if not by_size:
        return not_checked(NAME, Words("没有可核验的时间戳", "there is no token that verified"))
    ended = {size: ends for size, ends in by_size.items() if max(ends.values()) < moment}
    if not ended:
        return passed(NAME, _good(by_size, moment))
    faults = Faults(NAME)
    for size, ends in sorted(ended.items()):
        last = max(ends.values())
        faults.add(
            f"checkpoint {size}: no token holds at {moment:%Y-%m-%d}; the last ({_latest(ends)}) held until"
            f" {last:%Y-%m-%d %H:%M} UTC and was not renewed before"
        )
    if at is not None:
        return faults.check(remedy=_RENEW)
    detail = Words(
        f"{len(ended)} 个检查点的时间戳证书已到期且未在到期前续盖（加盖时有效）",
        f"{len(ended)} checkpoint(s) whose tokens' certificates have ended and were not renewed before"
        f" (they were valid when stamped): {'; '.join(faults.named[:3])}",
    )
    return not_checked(NAME, detail, _RENEW)


def _before_the_stamps(stamps: Stamps, at: datetime | None) -> Check | None:
    """Not checked where every token is younger than the date: it says nothing of a time before it existed."""
    first = min((stamp.gen_time for stamp in stamps.verified), default=None)
    if at is None or first is None or at >= first:
        return None
    words = Words(
        f"所给时点{in_beijing(at)}早于最早的时间戳（{in_beijing(first)}），当时尚无时间戳",
        f"the date given, {in_utc(at)}, is before the earliest token ({in_utc(first)}): there was none yet",
    )
    return not_checked(NAME, words, _LATER)


def _good(by_size: Mapping[int, Mapping[str, datetime]], moment: datetime) -> Words:
    """How long all of it holds, and how many tokens count no more."""
    first_end = min(max(ends.values()) for ends in by_size.values())
    lapsed = sum(end < moment for ends in by_size.values() for end in ends.values())
    zh = f"各检查点的时间戳至少有效至 {in_beijing(first_end)}"
    en = f"every stamped checkpoint holds until {in_utc(first_end)}"
    if lapsed:
        zh += f"；其中 {lapsed} 个时间戳已到期，不再计入"
        en += f"; {lapsed} token(s) have ended and do not count any more"
    return Words(zh, en)


def _latest(ends: Mapping[str, datetime]) -> str:
    return max(ends, key=lambda name: (ends[name], name))
