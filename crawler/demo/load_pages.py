"""Load: item pages of about 36 kB (8 kB gzip) that cost the server next to nothing.

Sixty-four tails are made and deflated once. A page is its own head and one of the tails: the head is deflated
and fully flushed, so the stored deflate blocks of the tail can follow in the same gzip member.
"""

import struct
import zlib
from functools import lru_cache

from crawler.demo import text
from crawler.demo.dice import Dice

LINKS = 100
_TAILS = 64
_TARGET = 36_000
_GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"


class LoadPages:
    """`count` pages, ids 0 … count-1, and the lists that link them."""

    def __init__(self, seed: int, count: int) -> None:
        self.count = count
        self._seed = seed
        self._tail = lru_cache(maxsize=_TAILS)(self._make_tail)

    def _make_tail(self, number: int) -> tuple[bytes, bytes]:
        """(plain, deflated and ended) of one tail."""
        dice = Dice(self._seed, "load", number)
        categories = list(text.words()["category"])
        rows, size = [], 0
        limit = int(_TARGET * (0.55 + 0.9 * dice.unit()))
        while size < limit:
            body = text.written(dice.pick(categories), dice.pick((5, 5, 4, 1)), dice)
            row = _ROW.format(
                number=dice.bits(), uid=dice.bits(), stars=dice.between(1, 5), body=body
            ).encode()
            rows.append(row)
            size += len(row)
        plain = b"".join(rows) + b"</ol></body></html>\n"
        squeeze = zlib.compressobj(6, zlib.DEFLATED, -15)
        return plain, squeeze.compress(plain) + squeeze.flush()

    def _head(self, number: int) -> bytes:
        return (
            f'<!DOCTYPE html><html lang="zh-CN"><head><meta charset="utf-8"><title>商品 {number}</title></head><body>'
            f'<h1 class="product-title" data-id="{number}">压测商品 {number} 号</h1>'
            f'<span class="sales">月销{number % 997}</span><ol class="review-list">\n'
        ).encode()

    def page(self, number: int, gzip: bool) -> bytes | None:
        """Body of `/page/NUMBER.html`, or None if there is none."""
        if not 0 <= number < self.count:
            return None
        plain, deflated = self._tail(number % _TAILS)
        head = self._head(number)
        if not gzip:
            return head + plain
        squeeze = zlib.compressobj(1, zlib.DEFLATED, -15)
        front = squeeze.compress(head) + squeeze.flush(zlib.Z_FULL_FLUSH)
        check = zlib.crc32(plain, zlib.crc32(head))
        return (
            _GZIP_HEAD + front + deflated + struct.pack("<II", check, (len(head) + len(plain)) & 0xFFFFFFFF)
        )

    def list_page(self, number: int) -> bytes | None:
        """Body of `/list-NUMBER.html`: a hundred links, and one to the next list."""
        start = number * LINKS
        if not 0 <= start < max(1, self.count):
            return None
        end = min(self.count, start + LINKS)
        links = "".join(
            f'<li><a class="goods-link" href="/page/{i}.html">压测商品 {i} 号</a></li>'
            for i in range(start, end)
        )
        after = f'<a class="next" href="/list-{number + 1}.html">下一页</a>' if end < self.count else ""
        return (
            f'<!DOCTYPE html><html><head><meta charset="utf-8"><title>列表 {number}</title></head>'
            f'<body><ul class="goods-list">{links}</ul><div class="pager">{after}</div></body></html>'
        ).encode()


_ROW = (
    '<li class="review" id="r-{number:x}" data-uid="{uid:x}"><div class="reviewer">'
    '<a class="nick" href="/user/u1">小***7</a></div>'
    '<div class="rating star star-{stars}"></div><p class="body">{body}</p><div class="meta"><time class="when">'
    "2026-11-03 21:14</time></div></li>\n"
)
