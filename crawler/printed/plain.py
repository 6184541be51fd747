"""What all readers of printed values begin with: the text in plain characters, and bounds against hostile ones."""

import re
import unicodedata

LARGEST = 10**15  # more is a telephone number or an attack, not a count
LONGEST = 200  # characters; a longer text is no value, and would make the patterns slow
GROUPED = re.compile(r"(?<=\d)[\u00a0\u2009\u202f](?=\d{3}(?!\d))")
HAN = re.compile("[\u4e00-\u9fff]")


def plain(text: str | None) -> str:
    """Compatibility forms made plain (full-width digits, "￥", "：", nbsp), ends stripped; "" if too long.

    A no-break space within a number groups its thousands ("1 192" in French and Russian); it becomes a comma,
    because after this it would look like the space between two numbers. Not so in Chinese, which has no such
    groups, but pages that keep two numbers apart with it.
    """
    if not text or len(text) > LONGEST:
        return ""
    joined = text if HAN.search(text) else GROUPED.sub(",", text)
    return unicodedata.normalize("NFKC", joined).strip()
