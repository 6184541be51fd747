"""Stamps without a TSA, for arithmetic over many of them."""

from datetime import UTC, datetime, timedelta

from crawler.evidence.checks.stamps import Stamp
from crawler.evidence.digest import digest
from crawler.evidence.timestamp import VerifiedToken

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


def at(minutes: float) -> datetime:
    """So many minutes after the beginning."""
    return EPOCH + timedelta(minutes=minutes)


def stamp(size: int, minutes: float, authority: str = "a", until: float = 1e6) -> Stamp:
    """A token over the checkpoint of that size, whose path holds `until` so many minutes."""
    token = VerifiedToken(
        gen_time=at(minutes),
        policy="1.2.3",
        serial=size,
        tsa_name=authority,
        valid_until=at(until),
        verified_by=("openssl",),
        path_until=at(until),
    )
    return Stamp(size, authority, token, digest(f"{size} {authority} {minutes}".encode()))
