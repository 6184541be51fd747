"""How articles are cited in Chinese print: 《中华人民共和国反不正当竞争法》（2019年修正）第八条第二款."""

import re

_DIGITS = "零一二三四五六七八九"


def citation(
    instrument: str, doc_no: str, article: str, paragraph: str | None = None, item: str | None = None
) -> str:
    """The citation of an article. Several paragraphs or items are separated by 、; items are given in Chinese."""
    name, edition = _edition(instrument, doc_no)
    place = _number(article)
    if paragraph:
        place += "、".join(f"第{chinese(int(each))}款" for each in paragraph.split("、"))
    if item:
        place += "、".join(f"第（{each}）项" for each in item.split("、"))
    inner = name.replace("《", "〈").replace("》", "〉")
    return f"《{inner}》（{edition}）{place}"


def chinese(number: int) -> str:
    """A number from 1 to 999 as articles are numbered: 10 → 十, 25 → 二十五, 106 → 一百零六.

    Raises ValueError outside of that.
    """
    if not 0 < number < 1000:
        raise ValueError(f"no article number: {number}")
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    written = f"{_DIGITS[hundreds]}百" if hundreds else ""
    if tens:
        # 十二, but 一百一十二: the 一 is dropped only at the beginning.
        written += "十" if tens == 1 and not hundreds else f"{_DIGITS[tens]}十"
    elif hundreds and ones:
        written += "零"
    return written + (_DIGITS[ones] if ones else "")


def _edition(instrument: str, doc_no: str) -> tuple[str, str]:
    """(name, edition): 2025年6月27日第二次修订 → 2025年修订; a number of issue is kept, with its year of change."""
    name, in_name = _parenthesis(instrument)
    number, in_number = _parenthesis(doc_no)
    if number == "现行条文":
        return name, number
    parts = [in_name, _short(number), _short(in_number)]
    return name, "，".join(part for part in parts if part)


def _parenthesis(text: str) -> tuple[str, str]:
    """A name and the year of change in brackets behind it; brackets of other content, as （一）, stay in the name."""
    match = re.fullmatch(r"(.+)（(\d{4}年[^）]+|含[^）]+)）", text)
    return (match[1], match[2]) if match else (text, "")


def _short(text: str) -> str:
    return re.sub(r"(\d{4}年)\d+月\d+日(?:第[一二三四五六七八九十]+次)?(\w+)", r"\1\2", text)


def _number(text: str) -> str:
    """8 → 第八条, 287之一 → 第二百八十七条之一."""
    number, mark, rest = text.partition("之")
    return f"第{chinese(int(number))}条{mark}{rest}"
