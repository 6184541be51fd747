"""The market's time: it always stands at 10:00 北京时间 of the shown day; how pages print moments."""

from datetime import UTC, date, datetime, time, timedelta, timezone

BEIJING = timezone(timedelta(hours=8), "北京时间")
FIRST_DAY = date(2026, 11, 20)  # the market's first day where nobody says otherwise
OPENING = time(10, 0)


def now_on(day: date) -> datetime:
    """The market's only moment of a day."""
    return datetime.combine(day, OPENING, BEIJING)


def minute(moment: datetime) -> str:
    """2026-11-03 21:14"""
    return f"{moment:%Y-%m-%d %H:%M}"


def second(moment: datetime) -> str:
    """2026-11-03 21:14:05"""
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def discuz(moment: datetime) -> str:
    """2026-11-3 21:14, without leading zeros in the date, as Discuz! prints it."""
    return f"{moment.year}-{moment.month}-{moment.day} {moment:%H:%M}"


def chinese(moment: datetime) -> str:
    """2026年11月03日 09:20"""
    return f"{moment:%Y年%m月%d日 %H:%M}"


def relative(moment: datetime, now: datetime) -> str:
    """今天 08:15, 昨天 12:30, 3天前, 11-02, 2025-12-30: what shops print in place of a date."""
    days = (now.date() - moment.date()).days
    if days <= 0:
        return f"今天 {moment:%H:%M}"
    if days == 1:
        return f"昨天 {moment:%H:%M}"
    if days <= 7:
        return f"{days}天前"
    return f"{moment:%m-%d}" if moment.year == now.year else f"{moment:%Y-%m-%d}"


def discuz_relative(moment: datetime, now: datetime) -> str | None:
    """3 小时前, 昨天 21:14, 3 天前 within a week, else None (then the forum prints the date)."""
    days = (now.date() - moment.date()).days
    if days <= 0:
        hours = int((now - moment).total_seconds() // 3600)
        return f"{hours}\u00a0小时前" if hours else "半小时前"
    if days <= 2:
        return f"{'昨天' if days == 1 else '前天'}\u00a0{moment:%H:%M}"
    return f"{days}\u00a0天前" if days <= 7 else None


def http_date(moment: datetime) -> str:
    """Fri, 20 Nov 2026 02:00:00 GMT (RFC 9110 5.6.7), independent of the locale."""
    utc = moment.astimezone(UTC)
    weekday = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[utc.weekday()]
    month = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")[
        utc.month - 1
    ]
    return f"{weekday}, {utc.day:02d} {month} {utc.year} {utc:%H:%M:%S} GMT"
