"""The machine's font for Chinese, as fontconfig names it, for pictures that carry words."""

import shutil
import subprocess
from functools import lru_cache
from pathlib import Path

from PIL import ImageFont

from crawler.errors import UsageError

# Where Debian, Fedora, macOS and Windows keep one, each with the index of Simplified Chinese in its collection.
PLACES = (
    ("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", 2),
    ("/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc", 2),
    ("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc", 0),
    ("/System/Library/Fonts/PingFang.ttc", 0),
    ("C:/Windows/Fonts/msyh.ttc", 0),
)
PATTERN = "Noto Sans CJK SC,sans-serif:lang=zh-cn"
WAIT = 10  # seconds for fc-match, which may have to build its cache first


@lru_cache(maxsize=8)
def chinese_font(size: int) -> ImageFont.FreeTypeFont:
    """A font with Chinese characters, `size` pixels high. Raises UsageError if this machine has none."""
    path, index = _found()
    try:
        # The basic layout looks the same whether or not libraqm is installed.
        return ImageFont.truetype(path, size, index, layout_engine=ImageFont.Layout.BASIC)
    except OSError as error:
        raise _missing(f"{path} cannot be read: {error}") from error


@lru_cache(maxsize=1)
def _found() -> tuple[str, int]:
    named = _named_by_fontconfig()
    known = [place for place in PLACES if Path(place[0]).is_file()]
    found = next(iter([*named, *known]), None)
    if found is None:
        raise _missing("no font with Chinese characters was found")
    return found


def _named_by_fontconfig() -> list[tuple[str, int]]:
    """What `fc-match` answers, if that knows Chinese: it always answers something."""
    command = shutil.which("fc-match")
    if command is None:
        return []
    asked = [command, "-f", "%{file}\\n%{index}\\n%{lang}", PATTERN]
    try:
        answer = subprocess.run(asked, capture_output=True, text=True, timeout=WAIT, check=False).stdout
    except subprocess.TimeoutExpired:  # a cache on a slow disk; the known places are left
        return []
    file, _, rest = answer.partition("\n")
    index, _, languages = rest.partition("\n")
    if "zh-cn" not in languages.split("|") or not Path(file).is_file():
        return []
    return [(file, int(index) & 0xFFFF if index.isdigit() else 0)]  # the upper half names a variable instance


def _missing(why: str) -> UsageError:
    return UsageError(f"{why}: install one (Debian: fonts-noto-cjk), then run this command again")
