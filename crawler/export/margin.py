"""The margins of a stamped picture: a table of what it shows, black on pale grey, which few pages have."""

from collections.abc import Iterator
from typing import Protocol

from PIL import Image, ImageDraw, ImageFont

from crawler import clock
from crawler.evidence.report import STATES_ZH
from crawler.export.cjk_font import chinese_font

SMALLEST, LARGEST = 14, 36  # pixels of a letter
MOST_URL, MOST_TITLE = 4000, 300  # characters
MOST_LINES = 40  # of one value
INK, PALE, RULE, PAPER = (17, 17, 17), (85, 85, 85), (150, 150, 150), (244, 244, 244)

HEADING = "网页截图副本"
DERIVED = "派生件，供阅读、打印；原图另存，未作改动"
END = "以上为网页截图全图，至此为止。上下两栏文字为制作副本时所加，不在原图之内。"


class Facts(Protocol):
    """See `crawler.export.stamped_picture.PictureFacts`."""

    @property
    def url(self) -> str: ...
    @property
    def final_url(self) -> str | None: ...
    @property
    def title(self) -> str: ...
    @property
    def started(self) -> str: ...
    @property
    def ended(self) -> str: ...
    @property
    def capture(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def reason(self) -> str | None: ...
    @property
    def exhibit(self) -> str | None: ...


def top_margin(facts: Facts, size: tuple[int, int], digest: str, width: int) -> Image.Image:
    """The table above a picture of `size`, `width` pixels wide. `digest`: hex SHA-256 of the raw picture."""
    sheet = _Sheet(width)
    sheet.heading(
        HEADING, DERIVED, f"证据编号：{_printable(facts.exhibit)}" if facts.exhibit else "证据编号：＿＿＿＿"
    )
    for label, value in _values(facts, size, digest):
        sheet.row(label, value)
    return sheet.finished(rule_at_end=True)


def bottom_margin(digest: str, width: int) -> Image.Image:
    """The lines below a picture, so that nobody takes a cut copy for a whole one."""
    sheet = _Sheet(width)
    sheet.space()
    sheet.text(END)
    sheet.row("原图 SHA-256", digest)
    return sheet.finished(rule_at_end=False)


def _values(facts: Facts, size: tuple[int, int], digest: str) -> Iterator[tuple[str, str]]:
    yield "网址", _cut(facts.url, MOST_URL)
    if facts.final_url not in (None, facts.url):
        yield "地址栏", _cut(facts.final_url or "", MOST_URL)
    yield "标题", _cut(facts.title, MOST_TITLE) or "（无标题）"
    yield "采集开始", clock.beijing(facts.started)
    yield "采集结束", clock.beijing(facts.ended)
    if facts.state != "complete":
        yield "状态", STATES_ZH[facts.state] + (f"：{_cut(facts.reason, MOST_TITLE)}" if facts.reason else "")
    yield "采集号", _printable(facts.capture)
    yield "原图", f"PNG，{size[0]} × {size[1]} 像素"
    yield "原图 SHA-256", digest


def _cut(text: str, most: int) -> str:
    plain = _printable(text)
    return plain if len(plain) <= most else f"{plain[:most]}……（共 {len(plain)} 字符，此处未全部印出）"


def _printable(text: str) -> str:
    """Without line breaks and without marks that turn the direction of writing."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in " ".join(text.split()))


class _Sheet:
    """Paper of a given width that grows downwards. First it is laid out, then drawn, so that it fits."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._size = min(LARGEST, max(SMALLEST, width // 76))
        self._font = chinese_font(self._size)
        self._pad = self._size * 3 // 2
        self._labels = self._pad + round(self._font.getlength("原图 SHA-256")) + self._size
        self._step = self._size * 8 // 5
        self._y = self._size
        self._words: list[tuple[int, int, str, ImageFont.FreeTypeFont, tuple[int, int, int]]] = []
        self._rules: list[int] = []

    def heading(self, title: str, small: str, right: str) -> None:
        """A title with a note under it, and at the right, if there is room, the number of the exhibit."""
        large = chinese_font(self._size * 3 // 2)
        self._word(self._pad, title, large)
        free = self._width - 2 * self._pad - round(large.getlength(title)) - self._size
        if self._font.getlength(right) <= free:
            x = self._width - self._pad - round(self._font.getlength(right))
            self._words.append((x, self._y + self._size // 3, right, self._font, INK))
            self._y += self._step * 3 // 2
        else:
            self._y += self._step * 3 // 2
            self.text(right)
        self.text(small, PALE)
        self._y += self._size // 2
        self.rule()

    def row(self, label: str, value: str) -> None:
        """A label, and its value beside it on as many lines as it takes."""
        self._word(self._pad, label, self._font, PALE)
        for line in self._wrapped(value, self._width - self._labels - self._pad):
            self._word(self._labels, line, self._font)
            self._y += self._step

    def text(self, text: str, ink: tuple[int, int, int] = INK) -> None:
        """A paragraph over the whole width."""
        for line in self._wrapped(text, self._width - 2 * self._pad):
            self._word(self._pad, line, self._font, ink)
            self._y += self._step

    def rule(self) -> None:
        """A line across."""
        self._rules.append(self._y)
        self._y += self._size

    def space(self) -> None:
        """A little room."""
        self._y += self._size // 4

    def finished(self, *, rule_at_end: bool) -> Image.Image:
        """The drawn sheet. A heavy rule at its end, else at its beginning, keeps it apart from the picture."""
        height = self._y + self._size * 3 // 4
        paper = Image.new("RGB", (self._width, height), PAPER)
        draw = ImageDraw.Draw(paper)
        for y in self._rules:
            draw.line((self._pad, y, self._width - self._pad, y), fill=RULE)
        edge = height - 2 if rule_at_end else 0
        draw.rectangle((0, edge, self._width, edge + 1), fill=INK)
        for x, y, text, font, ink in self._words:
            draw.text((x, y), text, font=font, fill=ink)
        return paper

    def _word(self, x: int, text: str, font: ImageFont.FreeTypeFont, ink: tuple[int, int, int] = INK) -> None:
        self._words.append((x, self._y, text, font, ink))

    def _wrapped(self, text: str, room: int) -> list[str]:
        """Broken anywhere: addresses and Chinese have no blanks to break at."""
        made, line, used = [], "", 0.0
        for letter in text:
            wide = self._font.getlength(letter)
            if line and used + wide > room:
                made.append(line)
                line, used = "", 0.0
            line, used = line + letter, used + wide
        made.append(line)
        return made if len(made) <= MOST_LINES else [*made[: MOST_LINES - 1], "……（此处未全部印出）"]
