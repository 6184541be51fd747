"""The same picture: by what it shows, by its bytes, by its address within a review's own node."""

import io
import random
import time
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image, ImageDraw

from crawler.detect.text import pictures
from crawler.detect.text.pictures import (
    NEAR,
    Page,
    node_of,
    perceptual_digest,
    picture_addresses,
    shared_pictures,
)
from tests.detect.things import CorpusOf, review


def drawn(seed: int, size: int = 300) -> Image.Image:
    dice = random.Random(seed)
    image = Image.new("RGB", (300, 300), "#ddd")
    pen = ImageDraw.Draw(image)
    for _ in range(8):
        left, top, wide = dice.randrange(200), dice.randrange(200), dice.randrange(40, 150)
        pen.ellipse((left, top, left + wide, top + wide), fill=tuple(dice.randrange(256) for _ in range(3)))
    return image.resize((size, size))


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def apart(one: bytes, other: bytes) -> int:
    first, second = perceptual_digest(one), perceptual_digest(other)
    assert first is not None
    assert second is not None
    return (first ^ second).bit_count()


def test_size_format_and_quality_do_not_change_what_a_picture_shows() -> None:
    original = saved(drawn(1), "PNG")
    assert apart(original, saved(drawn(1, 120), "JPEG", quality=40)) <= NEAR
    assert apart(original, saved(drawn(1, 800), "WEBP", quality=60)) <= NEAR


def test_other_pictures_are_far_apart() -> None:
    originals = [saved(drawn(seed), "PNG") for seed in range(2, 10)]
    assert min(apart(one, other) for one in originals for other in originals if one is not other) > 2 * NEAR


def test_what_is_flat_broken_or_huge_has_no_digest() -> None:
    png = saved(drawn(1), "PNG")
    bomb = saved(Image.new("1", (12_000, 12_000)), "PNG")
    for content in (saved(Image.new("L", (99, 99), 200), "PNG"), b"", b"GIF89a", png[:200], b"<svg/>", bomb):
        assert perceptual_digest(content) is None
    dice = random.Random(5)
    for _ in range(200):
        damaged = bytearray(png)
        for _ in range(9):
            damaged[dice.randrange(len(damaged))] = dice.randrange(256)
        perceptual_digest(bytes(damaged))


HTML = b"""<html><body><img src="/logo.png"><ol>
<li><p>one</p><img src="/i/7.jpg!q70"><img data-src="//img.example/s80x80_jfs/9.png?x=1"><a href="/user/3">a</a></li>
<li><p>two</p><a href="/i/7.jpg"><img src="/badge.gif"></a></li></ol></body></html>"""


def test_addresses_are_those_of_the_reviews_own_node() -> None:
    page = Page("http://shop.example/item/1", HTML)
    first, second = "/html/body/ol/li[1]/p", "/html/body/ol/li[2]/p"
    node = node_of([first, "/html/body/h1"], [second, "/html/body/h1"])
    assert node == "/html/body/ol/li[1]"
    assert picture_addresses(page, node) == [
        "http://shop.example/i/7.jpg",
        "http://img.example/jfs/9.png",
    ]
    assert node_of([first], [first]) is None
    assert node_of([], [first]) is None


def test_addresses_in_json() -> None:
    page = Page(
        "http://api.example/r",
        b'cb({"l":[{"t":"x","pics":["/p/1.webp",{"u":"//a.example/2.jpg_80x80.jpg"}]},{"t":"y"}]})',
    )
    assert picture_addresses(page, "#/l/0") == ["http://api.example/p/1.webp", "http://a.example/2.jpg"]
    assert picture_addresses(page, "#/l/1") == picture_addresses(page, "#/l/9/none") == []


def test_hostile_pages_are_read_in_time() -> None:
    start = time.perf_counter()
    for body in (b"(" * 100_000, b"[" * 100_000, b"<div>" * 50_000, b"\xff" * 1_000_000, b""):
        page = Page("http://x.example/", body)
        picture_addresses(page, "#/a/b")
        picture_addresses(page, "/html/body")
    assert time.perf_counter() - start < 10


class Pages(CorpusOf):
    """Reviews on one page, which answers the two questions that are asked of the database."""

    def __init__(self, reviews: list[Any], shown: list[Any]) -> None:
        super().__init__(reviews=reviews)
        self.archive = SimpleNamespace()  # type: ignore[assignment]
        self._shown = shown

    def query(self, sql: str, values: tuple[object, ...] = ()) -> list[Any]:
        if "review_newest" in sql:
            return [{"identifier": each.identifier, "places": each.places} for each in self._shown]
        return [{"url": "http://shop.example/1"}] if sql.startswith("select url") else []


def test_a_picture_is_shared_by_accounts_and_not_by_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = "".join(
        f'<li><p>r{number}</p><img src="/badge.png"><img src="/{"same" if number < 3 else number}.jpg"></li>'
        for number in range(8)
    )
    monkeypatch.setattr(pictures, "_body", lambda *_: f"<html><body><ol>{rows}</ol></body></html>".encode())
    everybody = [
        review(
            f"r{number}", author=f"a{max(1, number)}", capture="c",
            places=f'{{"review_body": "/html/body/ol/li[{number + 1}]/p"}}',
        )
        for number in range(8)
    ]  # fmt: skip
    found = shared_pictures(Pages(everybody[:4], everybody), everybody[:4])
    assert [(each.address, each.reviews) for each in found] == [
        ("http://shop.example/same.jpg", ("r0", "r1", "r2"))
    ]
    assert found[0].captures == ("c",)
    assert not shared_pictures(Pages(everybody[:2], everybody), everybody[:2])  # one account
    assert not shared_pictures(CorpusOf(reviews=everybody), everybody)  # no archive
