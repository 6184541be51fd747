"""Wall-clock time as this project writes it: UTC, RFC 3339, microseconds; shown to people as 北京时间."""

from datetime import UTC, datetime, timedelta, timezone

BEIJING = timezone(timedelta(hours=8), "北京时间")


def now() -> str:
    """The current time, e.g. ``2026-11-22T08:16:41.123456Z``."""
    return stamp(datetime.now(UTC))


def stamp(moment: datetime) -> str:
    """A datetime with zone as UTC text with microseconds."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def parse(text: str) -> datetime:
    """Read back what `stamp` wrote."""
    return datetime.fromisoformat(text)


def beijing(text: str) -> str:
    """For people: ``2026年11月22日 16:16:41（北京时间 UTC+8）``."""
    local = parse(text).astimezone(BEIJING)
    return local.strftime("%Y年%m月%d日 %H:%M:%S") + "（北京时间 UTC+8）"
