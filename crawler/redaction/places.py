"""Addresses of houses in a folded text: 福州市晋安区茶会路18号3栋2单元501室. Found by the number of the house."""

import re
from collections.abc import Iterator

_NUMBER = "[0-9甲乙丙丁一二三四五六七八九十百]{1,5}"
_HOUSE = re.compile(
    rf"(?:路|街|大道|巷|弄|胡同|道|村|里|苑|园|小区|花园|公寓|大厦|广场|新村|家属院)[ ]?"
    rf"{_NUMBER}(?:[-之附][0-9]{{1,4}})?[ ]?(?:号(?!线)|弄|幢|栋|座)"
)
_FLAT = re.compile(rf"{_NUMBER}[ ]?(?:号楼|幢|栋|座)[ ]?{_NUMBER}[ ]?(?:单元|门)")
_MORE = re.compile(
    rf"[ ,，-]?(?:[a-z0-9]{{1,6}}|{_NUMBER})[ ]?(?:号楼|号院|号|弄|幢|栋|座|单元|楼|层|室|房|户|门)"
)
_BACK = 30  # characters before the number: 省、市、区、街道、路
_STOPS = frozenset("在住到于是至从往去和与及的寄送址")
_MORE_PARTS = 6  # 号, 幢, 单元, 层, 室 …


def places(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of every address."""
    for pattern in (_HOUSE, _FLAT):
        for match in pattern.finditer(text):
            yield _beginning(text, match.start()), _end(text, match.end())


def _beginning(text: str, start: int) -> int:
    at = start
    while (
        at > 0
        and start - at < _BACK
        and (text[at - 1].isalnum() or text[at - 1] == "-")
        and text[at - 1] not in _STOPS
    ):
        at -= 1
    return at


def _end(text: str, end: int) -> int:
    for _ in range(_MORE_PARTS):
        match = _MORE.match(text, end)
        if match is None:
            break
        end = match.end()
    return end
