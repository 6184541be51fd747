"""Numbers and accounts of people out of a text that is shown or learnt from. Linear time."""

import re
import unicodedata

MASK = "•••"
# Five digits or more, also with single blanks or hyphens between; seven or more numerals in words; accounts: five or
# more letters, digits, _ and - in a row with a digit among them; mail addresses.
_DIGITS = re.compile(r"\d(?:[ \-.]?\d){4,}")
_WORDS = re.compile(r"[〇零一二三四五六七八九壹贰叁肆伍陆柒捌玖幺两\d]{7,}")
_ACCOUNTS = re.compile(r"[A-Za-z0-9_@\-]{5,}")


def masked(text: str) -> str:
    """The text in NFKC, with telephone and QQ numbers, accounts and mail addresses as •••."""
    plain = unicodedata.normalize("NFKC", text)
    plain = _WORDS.sub(MASK, _DIGITS.sub(MASK, plain))
    return _ACCOUNTS.sub(_account, plain)


def _account(found: re.Match[str]) -> str:
    word = found[0]
    return MASK if "@" in word or any(character.isdigit() for character in word) else word
