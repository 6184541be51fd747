"""The forum's threads and floors: planted, look-alike and ordinary ones. Derived from the seed, not held."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path
from tomllib import loads
from typing import Any

from crawler.demo import text
from crawler.demo.clock import now_on
from crawler.demo.dice import Dice
from crawler.demo.plan import World

BOARDS = {2: "同城兼职", 36: "吃喝玩乐", 40: "网购交流"}
FIRST_TID = 20_001
_AGO = {
    "recruit-kettle": 12,
    "reverse-recruit": 5,
    "paid-endorsement": 11,
    "recruit-gone": 23,
    "tolerance": 2,
}
_TYPES = {2: "求职", 36: "闲聊", 40: "闲聊"}


@cache
def lines() -> dict[str, Any]:
    """The forum's texts in `forum.toml`."""
    return loads(Path(__file__).with_name("forum.toml").read_text("utf-8"))


@dataclass(frozen=True, slots=True)
class Thread:
    """A thread without its floors."""

    tid: int
    board: int
    key: str  # of `forum.toml`, with "#n" for a later copy; "" for an ordinary thread
    conduct: str | None
    lookalike: str | None
    type: str
    title: str
    moment: datetime
    uid: int
    replies: int  # on the first day
    views: int
    sticky: bool
    gone_from: date | None

    @property
    def url(self) -> str:
        """Its first page."""
        return f"http://bbs.example/thread-{self.tid}-1-1.html"


@dataclass(frozen=True, slots=True)
class Floor:
    """One post of a thread."""

    pid: int
    number: int
    uid: int
    author: str
    moment: datetime
    body: str  # paragraphs separated by newlines


def author_name(seed: int, uid: int) -> str:
    """A member's name."""
    names = lines()["names"]
    dice = Dice(seed, "member", uid)
    return str(dice.pick(names["first"]) + dice.pick(names["last"]) + dice.pick(("", "", "7", "_x", "99")))


class Forum:
    """All boards of a world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._members = 60 + world.reviews // 20
        drafts = self._planted() + self._ordinary(90 + min(3000, world.reviews // 150))
        drafts.sort(key=lambda draft: draft["moment"])
        self.threads = {tid: Thread(tid=tid, **draft) for tid, draft in enumerate(drafts, FIRST_TID)}
        self.board = lru_cache(maxsize=16)(self._board)

    def _planted(self) -> list[dict[str, Any]]:
        drafts = []
        for row in lines()["planted"] + lines()["lookalike"]:
            copies = 1 + (self._world.reviews // 20_000 if row.get("conduct") == "recruitment" else 0)
            drafts += [self._planted_draft(row, copy) for copy in range(copies)]
        return drafts

    def _planted_draft(self, row: dict[str, Any], copy: int) -> dict[str, Any]:
        world, key = self._world, row["key"] + (f"#{copy}" if copy else "")
        dice = Dice(world.seed, "thread", key)
        ago = timedelta(days=_AGO.get(key, dice.between(2, 25)), minutes=dice.below(900))
        gone = world.today + timedelta(days=1) if key == "recruit-gone" else None
        return {
            "board": row["board"], "key": key, "conduct": row.get("conduct"), "lookalike": row.get("lookalike"),
            "type": row["type"], "title": text.expand(row["title"], dice), "moment": now_on(world.today) - ago,
            "uid": dice.below(self._members), "replies": dice.between(3, 16), "views": dice.between(90, 2400),
            "sticky": bool(row.get("sticky")), "gone_from": gone,
        }  # fmt: skip

    def _ordinary(self, count: int) -> list[dict[str, Any]]:
        return [self._ordinary_draft(number) for number in range(count)]

    def _ordinary_draft(self, number: int) -> dict[str, Any]:
        world = self._world
        dice = Dice(world.seed, "ordinary", number)
        board = dice.weighted([(2, 2.0), (36, 4.0), (40, 3.0)])
        ago = timedelta(days=dice.between(1, 90), minutes=dice.below(1000))
        return {
            "board": board, "key": "", "conduct": None, "lookalike": None, "type": _TYPES[board],
            "title": text.one_of(lines()["ordinary"]["titles"], dice), "moment": now_on(world.today) - ago,
            "uid": dice.below(self._members),
            "replies": dice.weighted([(dice.between(0, 8), 8.0), (dice.between(9, 45), 2.0)]),
            "views": dice.between(20, 900), "sticky": False, "gone_from": None,
        }  # fmt: skip

    def reply_moments(self, thread: Thread, day: date) -> list[datetime]:
        """When the replies that are visible on a day were written, oldest first."""
        world = self._world
        dice = Dice(world.seed, "replies", thread.tid)
        now = now_on(world.today)
        span = int(min(now - thread.moment, timedelta(days=9)).total_seconds()) - 60
        offsets = sorted(60 + dice.below(span) for _ in range(thread.replies))
        moments = [thread.moment + timedelta(seconds=offset) for offset in offsets]
        for passed in range(1, (day - world.today).days + 1):
            later = Dice(world.seed, "later replies", thread.tid, passed)
            count = later.below(4) if thread.key else later.weighted([(0, 8.0), (1, 2.0), (2, 1.0)])
            start = now + timedelta(days=passed - 1)
            moments += sorted(start + timedelta(seconds=60 + later.below(86_000)) for _ in range(count))
        return moments

    def floors(self, thread: Thread, day: date) -> list[Floor]:
        """All floors of a thread on a day."""
        moments = [thread.moment, *self.reply_moments(thread, day)]
        return [self._floor(thread, number, moment) for number, moment in enumerate(moments, 1)]

    def _floor(self, thread: Thread, number: int, moment: datetime) -> Floor:
        dice = Dice(self._world.seed, "floor", thread.tid, number)
        uid = self.author_of(thread, number)
        name = author_name(self._world.seed, uid)
        return Floor(thread.tid * 1000 + number, number, uid, name, moment, self._body(thread, number, dice))

    def author_of(self, thread: Thread, number: int) -> int:
        """The member who wrote a floor; now and then the thread's author answers."""
        dice = Dice(self._world.seed, "floor author", thread.tid, number)
        return thread.uid if number == 1 or dice.chance(0.1) else dice.below(self._members)

    def _body(self, thread: Thread, number: int, dice: Dice) -> str:
        row = _row(thread.key)
        ordinary = lines()["ordinary"]
        if number == 1:
            if row:
                return "\n".join(text.expand(paragraph, dice) for paragraph in row["body"])
            return "\n".join(text.one_of(ordinary["bodies"], dice) for _ in range(dice.between(1, 3)))
        if row and dice.chance(0.75):
            return text.one_of(row["replies"], dice)
        return text.one_of(ordinary["replies"], dice)

    def _board(self, number: int, day: date) -> list[Thread]:
        """The threads of a board as listed on a day: sticky ones first, then by last reply, newest first."""
        shown = [
            thread
            for thread in self.threads.values()
            if thread.board == number and not self.gone(thread, day)
        ]
        return sorted(shown, key=lambda thread: (thread.sticky, self.last_moment(thread, day)), reverse=True)

    def last_moment(self, thread: Thread, day: date) -> datetime:
        """When the thread was last written to."""
        return [thread.moment, *self.reply_moments(thread, day)][-1]

    def gone(self, thread: Thread, day: date) -> bool:
        """Whether the thread has been taken down by that day."""
        return thread.gone_from is not None and day >= thread.gone_from


@cache
def _row(key: str) -> dict[str, Any] | None:
    """The texts of a planted or look-alike thread."""
    name = key.partition("#")[0]
    rows: list[dict[str, Any]] = lines()["planted"] + lines()["lookalike"]
    return next((row for row in rows if row["key"] == name), None)
