"""The second half of folding: words written so that a search does not find them, and the plain words they stand for.

Four kinds, all found in one pass of an automaton each: forms listed in spellings.toml; forms made from vocabulary.tsv
by writing a character in pinyin, as a look-alike or in its two parts; words that sound the same; and short forms of
contact (V, 卫星) that mean a contact only beside a word or an account of contact. An ordinary word that sounds like a
listed one (common_words.tsv) stands for itself.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from tomllib import loads
from typing import Any

import ahocorasick

from crawler.detect.text.tables import rows

PLAIN = ""  # `how` of a spelling that disguises nothing
_BESIDE = 3  # characters between a word of contact and its short form: "加一下我V"
_ACCOUNT = 4  # letters and digits in a row that look like an account
_READING = 4  # near sounds of one group that show another reading, not an odd entry of the list
_LONGEST_SHORT = (
    2  # words up to here have chance homophones: each different character must be a listed near sound
)


@dataclass(frozen=True, slots=True)
class Spelling:
    """Folded characters `start:end` stand for `plain`. `core`: nobody writes so by a slip of typing."""

    start: int
    end: int
    plain: str
    how: str  # 同音, 形近, 拼音 …; PLAIN where it is only another plain form
    core: bool


def spellings(text: str) -> list[Spelling]:
    """Which runs of `text` (folded character by character) stand for another word, in order, not overlapping."""
    found = sorted(_candidates(text), key=lambda each: (each.start, -each.end))
    chosen: list[Spelling] = []
    until = 0
    for each in found:
        if each.start >= until:
            chosen.append(each)
            until = each.end
    return [each for each in chosen if text[each.start : each.end] != each.plain]


@cache
def meaningful_marks() -> frozenset[str]:
    """Marks and emoji that a listed form holds."""
    return frozenset(c for form in _listed() for c in form if not c.isalnum())


@cache
def homophone_table() -> dict[int, str]:
    """For `str.translate`: every character that has homophones → the first character of its group."""
    return {ord(character): group[0][0] for group in rows("homophones.tsv") for character in group[0]}


def _candidates(text: str) -> Iterator[Spelling]:
    taken = bytearray(len(text) + 1)
    for end, (form, plain, how, core, framed) in _forms().iter(text):
        start = end + 1 - len(form)
        if (form[0].isascii() or form[-1].isascii()) and not _is_word(text, start, end + 1, form):
            continue
        if framed and not _has_frame(text, start, end + 1):
            continue
        taken[start : end + 1] = b"\1" * (end + 1 - start)  # the word itself or a listed form: no mere sound
        yield Spelling(start, end + 1, plain, how or PLAIN, core)
    for each in _sounding(text):
        if each.end - each.start > _LONGEST_SHORT or 1 not in taken[each.start : each.end]:
            yield each


def _sounding(text: str) -> Iterator[Spelling]:
    near = _near_sounds()
    for end, words in _sounds().iter(text.translate(homophone_table())):
        for word, core in words:
            start = end + 1 - len(word)
            written = text[start : end + 1]
            if written == word:
                continue
            different = [(a, b) for a, b in zip(word, written, strict=True) if a != b]
            if len(word) > _LONGEST_SHORT or all(b in near.get(a, "") for a, b in different):
                # A word of which no character is left says nothing of intent: it may be chance.
                yield Spelling(start, end + 1, word, "同音", core and len(different) < len(word))


def _is_word(text: str, start: int, end: int, form: str) -> bool:
    """Letters and digits at the border of a form do not continue a longer run of them."""
    before = start > 0 and form[0].isascii() and _joined(text[start - 1]) and _joined(form[0])
    after = end < len(text) and form[-1].isascii() and _joined(text[end]) and _joined(form[-1])
    # 加v13800000000 is a short form with its account behind it.
    return not before and not (after and not (form[-1].isalpha() and text[end].isdigit()))


def _joined(character: str) -> bool:
    return character.isascii() and character.isalnum()


def _has_frame(text: str, start: int, end: int) -> bool:
    before = text[max(0, start - _BESIDE) : start]
    if any(frame in before for frame in _frames()):
        return True
    behind = text[end : end + _BESIDE + _ACCOUNT].lstrip(" :;,号是-—")
    return len(behind) >= _ACCOUNT and all(
        c.isascii() and (c.isalnum() or c in "-_") for c in behind[:_ACCOUNT]
    )


@cache
def _file() -> dict[str, Any]:
    return loads(Path(__file__).with_name("spellings.toml").read_text("utf-8"))


@cache
def _frames() -> tuple[str, ...]:
    return tuple(frame for group in _file()["framed"] for frame in group["frames"])


@cache
def _listed() -> dict[str, tuple[str, str, bool]]:
    """form → plain, how, framed."""
    known = {form: (plain, PLAIN, False) for form, plain in _file()["plain"]["forms"].items()}
    for name in ("always", "framed"):
        for group in _file()[name]:
            known |= {form: (plain, group["how"], name == "framed") for form, plain in group["forms"].items()}
    return {form.casefold(): (plain.casefold(), how, framed) for form, (plain, how, framed) in known.items()}


@cache
def _words() -> dict[str, tuple[tuple[str, ...], bool]]:
    """word → its syllables, core."""
    return {
        word: (tuple(pinyin.split(" ")), weight == "core") for word, pinyin, weight in rows("vocabulary.tsv")
    }


@cache
def _common() -> frozenset[str]:
    known = set(_words())
    return frozenset(
        word for row in rows("common_words.tsv") for word in row[0].split(" ") if word not in known
    )


@cache
def _near_sounds() -> dict[str, str]:
    return {row[0]: row[1] for row in rows("near_sounds.tsv")}


@cache
def _forms() -> ahocorasick.Automaton:
    forms: dict[str, tuple[str, str, str | None, bool, bool]] = {}
    for word, (syllables, core) in _words().items():
        for form, how in _made(word, syllables):
            if form not in _common():
                forms.setdefault(form, (form, word, how, core, False))
    forms |= {form: (form, plain, how, True, framed) for form, (plain, how, framed) in _listed().items()}
    forms |= {word: (word, word, None, False, False) for word in _words()}
    forms |= {word: (word, word, None, False, False) for word in _common()}
    return automaton(forms.items())


def _made(word: str, syllables: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Ways to write a word with some characters in pinyin, or one as a look-alike or in its parts."""
    if len(syllables) <= 4:  # 2⁴ forms; longer words are not written so
        for form in product(*zip(word, syllables, strict=True)):
            if not all(part.isascii() for part in form):
                yield "".join(form), "拼音"
    for place, character in enumerate(word):
        for name, how in (("lookalikes.tsv", "形近"), ("splits.tsv", "拆字")):
            for other in _others(name).get(character, ()):
                yield word[:place] + other + word[place + 1 :], how


@cache
def _others(name: str) -> dict[str, tuple[str, ...]]:
    """character → its look-alikes (one row of characters), or its split forms (one row each)."""
    found: dict[str, tuple[str, ...]] = {}
    for character, others in rows(name):
        new = tuple(others) if name == "lookalikes.tsv" else (others,)
        found[character] = found.get(character, ()) + new
    return found


@cache
def _sounds() -> ahocorasick.Automaton:
    by_sound: dict[str, list[tuple[str, bool]]] = {}
    for word, (_, core) in _words().items():
        readings = [_readings(character) if core else _readings(character)[:1] for character in word]
        for heard in product(*readings):
            by_sound.setdefault("".join(heard), []).append((word, core))
    return automaton((heard, tuple(words)) for heard, words in by_sound.items())


@cache
def _readings(character: str) -> tuple[str, ...]:
    """Its own group of sound, and groups of its other readings: 单 sounds like 担, 善 and 缠."""
    table = homophone_table()
    own = table.get(ord(character), character)
    near = Counter(table.get(ord(other), other) for other in _near_sounds().get(character, ""))
    others = sorted(group for group, count in near.items() if group != own and count >= _READING)
    return (own, *others)


def automaton(entries: Iterable[tuple[str, Any]]) -> ahocorasick.Automaton:
    """An automaton that gives a value for each word."""
    made = ahocorasick.Automaton()
    for word, value in entries:
        made.add_word(word, value)
    made.make_automaton()
    return made
