"""What a picture shows, by its colours."""

from functools import cached_property
from io import BytesIO

from PIL import Image

from tests.gallery.pictures import Colour

_MOST = 200_000_000  # pixels: Pillow refuses what is larger, and the tall page has 82 million


class Pixels:
    """The pixels of a PNG."""

    def __init__(self, png: bytes) -> None:
        Image.MAX_IMAGE_PIXELS = _MOST
        self._image = Image.open(BytesIO(png)).convert("RGB")
        self.size = self._image.size

    def count(self, colour: Colour, near: int = 1) -> int:
        """How many pixels have this colour, each channel give or take `near`."""
        return sum(count for count, seen in self._colours if _alike(seen, colour, near))

    def at(self, x: int, y: int, colour: Colour) -> bool:
        """Whether there is this colour at a point; False outside the picture."""
        inside = x < self.size[0] and y < self.size[1]
        return inside and _alike(self._image.getpixel((x, y)), colour, 1)

    @cached_property
    def _colours(self) -> list[tuple[int, object]]:
        return list(self._image.getcolors(self.size[0] * self.size[1]) or ())


def _alike(seen: object, colour: Colour, near: int) -> bool:
    assert isinstance(seen, tuple)
    return all(abs(one - other) <= near for one, other in zip(seen, colour, strict=True))
