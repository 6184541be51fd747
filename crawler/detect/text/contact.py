"""Contacts that a text names: a word of contact with an account, a number or a group behind it."""

import re
from dataclasses import dataclass

from crawler.detect.text.folding import Folded

# Read in folded text, so 薇信, V信, +薇 and 扣扣 are there as 微信 and qq. Bounded runs only: linear.
_CONTACT = re.compile(
    r"(微信|加微|qq群|q群|加群|进群|群号|qq|加扣|扣扣|电话|手机号?|加)"
    r"[^a-z0-9\n。!?]{0,8}([a-z][a-z0-9_\-]{4,23}|[0-9]{5,12})(?![a-z0-9])"
)
_KINDS = {
    "微信": "weixin", "加微": "weixin", "qq群": "group", "q群": "group", "加群": "group", "进群": "group",
    "群号": "group", "qq": "qq", "加扣": "qq", "扣扣": "qq", "电话": "phone", "手机": "phone", "手机号": "phone",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Contact:
    """An account at original offsets `start:end`, the word of contact included."""

    kind: str  # weixin, qq, group, phone; account where the word does not say
    value: str
    start: int
    end: int
    restored: str | None = None  # plain form of a disguised word of contact


def _kind(written: str) -> str:
    """By the last word of contact: 加 微信 demo is weixin."""
    last = max(
        _KINDS, key=lambda word: (written.rfind(word) + len(word) if word in written else -1, len(word))
    )
    return _KINDS[last] if last in written else "account"


def contacts(folded: Folded) -> list[Contact]:
    """Every contact, in order."""
    found = []
    for match in _CONTACT.finditer(folded.text):
        start, end = folded.span(*match.span())
        restored = "；".join(map(str, folded.restored_in(*match.span()))) or None
        found.append(Contact(_kind(match[0]), match[2], start, end, restored))
    return found
