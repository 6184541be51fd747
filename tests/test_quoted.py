"""A value keeps its place through what parsers make of it, and loses it where it is no longer that value."""

import pickle
import sqlite3

from hypothesis import given
from hypothesis import strategies as st

from crawler.quoted import Quoted, joined, place_of, plain, quoted

PLACE = "/html/body/p[2]"


@given(st.text(max_size=30), st.text(min_size=1, max_size=3))
def test_pieces_are_those_of_the_text_and_keep_the_place(text: str, cut: str) -> None:
    value = Quoted(text, PLACE)
    made = [
        (value.strip(), text.strip()),
        (value.lstrip(cut), text.lstrip(cut)),
        (value.rstrip(cut), text.rstrip(cut)),
        (value.removeprefix(cut), text.removeprefix(cut)),
        (value.removesuffix(cut), text.removesuffix(cut)),
        (value.replace(cut, "x"), text.replace(cut, "x")),
        (value[1:3], text[1:3]),
        (str(value), text),
        *zip(value.partition(cut), text.partition(cut), strict=True),
        *zip(value.rpartition(cut), text.rpartition(cut), strict=True),
        *zip(value.split(cut), text.split(cut), strict=True),
        *zip(value.splitlines(), text.splitlines(), strict=True),
    ]
    for found, wanted in made:
        assert found == wanted
        assert place_of(found) == PLACE


def test_the_place_is_found_once_and_only_when_asked_for() -> None:
    asked: list[int] = []

    def find() -> str:
        asked.append(1)
        return PLACE

    value = Quoted("好评", find)
    piece = value[:1]
    assert asked == []
    assert (value.place, value.place, piece.place) == (PLACE, PLACE, PLACE)
    assert len(asked) == 2


def test_a_value_of_several_places_names_each_once() -> None:
    red, large = Quoted("红", "/a"), Quoted("大", "/b")
    together = joined(" ", [red, None, large, "", red])
    assert together == "红 大 红"
    assert place_of(together) == "/a | /b"
    assert joined(" ", [None, ""]) is None
    assert place_of(quoted("4", Quoted("star-40", "/s/@class"))) == "/s/@class"
    assert place_of(quoted("4", "of nowhere")) is None


def test_it_is_a_text_to_others() -> None:
    value = Quoted("好", PLACE)
    assert type(plain(value)) is str
    assert sqlite3.connect(":memory:").execute("select ?", (value,)).fetchone() == ("好",)
    assert place_of(pickle.loads(pickle.dumps(value))) == PLACE  # noqa: S301 - ours
    assert place_of("x" + value) is None
