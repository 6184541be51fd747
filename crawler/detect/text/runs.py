"""Shared runs: identical stretches of 15 characters or more in two or more texts, exactly and without chaining.

Method (detection.md 4.3, 6b): one 64-bit polynomial digest for every 15-gram that lies within one text; sort; equal
neighbours are candidates, and every candidate is compared with the text itself, so a digest collision can neither
make a run nor hide one. A class is all places of one gram. Classes of neighbouring grams whose places are the same,
moved on by one, are one run: so a run is what a set of places shares, not what a chain of look-alikes touches.
Time is that of one sort of 8 bytes for a character; memory about 20 bytes for a character.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crawler.detect.text.normalise import Codes, Places, Texts, as_text

K = 15  # detection.md 4.2: the threshold that cross-validation chooses (11–17, median 15)
Digests = NDArray[np.uint64]
_BASE = 0x9E3779B97F4A7C15  # any odd number whose bits look random: 2⁶⁴ ÷ golden ratio
_BLOCK = 1 << 18  # characters that are digested at once: stays in the processor's cache
_ROWS = 1 << 19  # grams that are compared with the text at once: 30 MB
_MOST_BITS = (
    40  # of a place: 24 bits of the digest remain, and with fewer nearly every gram would meet another
)
_WORD = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Occurrence:
    """Where one text has a run: [start, end) in the normalised text."""

    text: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch that two or more texts share, as long as all of them agree."""

    text: str
    occurrences: tuple[Occurrence, ...]  # the first in each text, by text

    @property
    def digest(self) -> str:
        """A name of the run that depends on its characters alone."""
        return hashlib.sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Runs:
    """Runs as arrays. Run i starts at `firsts[i]` in `texts.codes`, has at least `lengths[i]` characters, and its
    places are `places[bounds[i]:bounds[i + 1]]`, each the first in its text; `members` are the numbers of the texts.
    """

    texts: Texts
    firsts: Places
    lengths: Places
    bounds: Places
    places: Places
    members: Places

    def __len__(self) -> int:
        return len(self.firsts)

    @property
    def counts(self) -> Places:
        """In how many texts each run stands."""
        return np.diff(self.bounds)

    def run(self, number: int) -> Run:
        """One run, drawn out to both sides as far as all its texts agree."""
        low, high = int(self.bounds[number]), int(self.bounds[number + 1])
        places, members = self.places[low:high], self.members[low:high]
        begin = _agreeing(self.texts, places, members, -1)
        end = _agreeing(self.texts, places, members, int(self.lengths[number]))
        starts = (places - begin - self.texts.starts[members]).tolist()
        size = begin + int(self.lengths[number]) + end
        first = int(places[0]) - begin
        found = zip(members.tolist(), starts, strict=True)
        return Run(
            self.texts.text(first, first + size),
            tuple(Occurrence(text, start, start + size) for text, start in found),
        )

    def __iter__(self) -> Iterator[Run]:
        """Every run once."""
        seen: set[str] = set()
        for number in range(len(self)):
            run = self.run(number)
            # Two stretches of the same places, divided by a gram that others share too, draw out to one run.
            if run.digest not in seen:
                seen.add(run.digest)
                yield run


def shared_runs(texts: Texts) -> Runs:
    """Every run that two or more of the texts share. Raises ValueError for more than 2⁴⁰ characters."""
    bits = place_bits(len(texts.codes))
    keys = np.concatenate([*gram_keys(texts, bits)] or [np.zeros(0, np.uint64)])
    keys.sort()
    places, bounds = classes(texts.codes, keys, bits)
    del keys
    firsts, shapes = shapes_of(places, bounds)
    heads, grams = chains(firsts, np.diff(bounds), shapes)
    return runs_of(texts, places, bounds, heads, grams)


def place_bits(characters: int) -> int:
    """How many bits a place needs. Raises ValueError where too few would remain for the digest."""
    bits = max(1, characters.bit_length())
    if bits > _MOST_BITS:
        raise ValueError(f"{characters} characters are too many for one index: index fewer texts at once")
    return bits


def gram_keys(texts: Texts, bits: int) -> Iterator[Digests]:
    """Upper digest bits and, in the lowest `bits`, the place of every gram that lies in one text; block by block."""
    for start in range(0, max(0, len(texts.codes) - K + 1), _BLOCK):
        grams = gram_digests(texts.codes[start : start + _BLOCK + K - 1])
        within = np.flatnonzero(~near_an_end(texts, start, start + len(grams)))
        yield (grams[within] >> _u(bits) << _u(bits)) | (within + start).astype(np.uint64)


def gram_digests(codes: Codes) -> Digests:
    """The digest of every K-gram: Σ code · base^(K−1−i) mod 2⁶⁴ by doubling (15 = 8 + 4 + 2 + 1), then mixed."""
    one = codes.astype(np.uint64)
    two = one[:-1] * _power(1) + one[1:]
    four = two[:-2] * _power(2) + two[2:]
    eight = four[:-4] * _power(4) + four[4:]
    count = len(codes) - K + 1
    grams = eight[:count] * _power(7)
    grams += four[8 : 8 + count] * _power(3)
    grams += two[12 : 12 + count] * _power(1)
    grams += one[14 : 14 + count]
    return mixed(grams)


def near_an_end(texts: Texts, start: int, end: int) -> NDArray[np.bool_]:
    """For the places [start, end): True where fewer than K characters of the text remain."""
    ending = np.zeros(end - start, bool)
    low, high = np.searchsorted(texts.starts, (start, end + K))
    for back in range(1, K):
        near = texts.starts[low:high] - back - start
        ending[near[(near >= 0) & (near < end - start)]] = True
    return ending


def mixed(values: Digests) -> Digests:
    """Every bit of a value spread over all bits (the finaliser of splitmix64); works in place."""
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        values ^= values >> _u(shift)
        values *= _u(factor)
    values ^= values >> _u(31)
    return values


def classes(codes: Codes, keys: Digests, bits: int) -> tuple[Places, Places]:
    """Places of grams that occur twice or more, class after class, and the bounds of the classes.

    `keys` are sorted. Grams of equal digest and unequal text are told apart here.
    """
    same = (keys[1:] >> _u(bits)) == (keys[:-1] >> _u(bits))
    starts = np.concatenate((np.ones(1, bool), ~same))[: len(keys)]
    alone = starts & np.concatenate((~same, np.ones(1, bool)))[: len(keys)]
    starts = starts[~alone]
    places = (keys[~alone] & _u((1 << bits) - 1)).astype(np.int64)
    wrong = _unequal(codes, places, starts)
    if len(wrong):
        places, starts = _told_apart(codes, places, starts, wrong)
    return places, np.append(np.flatnonzero(starts), len(places))


def shapes_of(places: Places, bounds: Places) -> tuple[Places, Digests]:
    """First place of each class, and a digest of where the others stand relative to it: equal for classes whose
    places are the same, moved."""
    if not len(places):
        return np.zeros(0, np.int64), np.zeros(0, np.uint64)
    firsts = places[bounds[:-1]]
    shapes = np.empty(len(firsts), np.uint64)
    for low, high in blocks(bounds, _ROWS):
        within = bounds[low : high + 1] - bounds[low]
        apart = places[bounds[low] : bounds[high]] - np.repeat(firsts[low:high], np.diff(within))
        shapes[low:high] = np.add.reduceat(mixed(apart.astype(np.uint64)), within[:-1])
    return firsts, shapes


def chains(firsts: Places, counts: Places, shapes: Digests) -> tuple[Places, Places]:
    """Stretches of neighbouring classes with the same places: number of the first class, and how many classes."""
    order = np.argsort(firsts)
    ahead, behind = order[1:], order[:-1]
    linked = (
        (firsts[ahead] == firsts[behind] + 1)
        & (counts[ahead] == counts[behind])
        & (shapes[ahead] == shapes[behind])
    )
    heads = np.flatnonzero(np.concatenate((np.ones(1, bool), ~linked))[: len(order)])
    return order[heads], np.diff(heads, append=len(order))


def runs_of(texts: Texts, places: Places, bounds: Places, heads: Places, grams: Places) -> Runs:
    """The runs that begin with the classes `heads`; those of a single text fall out."""
    counts = bounds[heads + 1] - bounds[heads]
    chosen = places[_ranges(bounds[heads], counts)]
    owner = np.repeat(np.arange(len(heads)), counts)
    members = np.searchsorted(texts.starts, chosen, "right") - 1
    again = np.zeros(len(chosen), bool)
    again[1:] = (members[1:] == members[:-1]) & (owner[1:] == owner[:-1])
    enough = np.bincount(owner[~again], minlength=len(heads)) > 1
    kept = ~again & enough[owner]
    sizes = np.bincount(owner[kept], minlength=len(heads))[enough]
    runs = np.concatenate((np.zeros(1, np.int64), np.cumsum(sizes)))
    return Runs(
        texts, places[bounds[heads]][enough], grams[enough] + K - 1, runs, chosen[kept], members[kept]
    )


def blocks(bounds: Places, most: int) -> Iterator[tuple[int, int]]:
    """Numbers [low, high) of classes that hold about `most` places together; at least one class each."""
    low = 0
    while low < len(bounds) - 1:
        high = int(np.searchsorted(bounds, bounds[low] + most, "right")) - 1
        high = max(low + 1, high)
        yield low, high
        low = high


def longest_shared(first: str, second: str) -> tuple[int, int, int]:
    """Length of the longest stretch that two normalised texts share, and where it begins in each.

    By bisection over the length with a set of stretches: n log n; ties go to the first place in `first`.
    """
    low, high, found = 0, min(len(first), len(second)), (0, 0, 0)
    while low < high:
        size = (low + high + 1) // 2
        known = {first[start : start + size]: start for start in range(len(first) - size, -1, -1)}
        hits = [
            (known[part], start)
            for start in range(len(second) - size + 1)
            if (part := second[start : start + size]) in known
        ]
        if hits:
            low, found = size, (size, *min(hits))
        else:
            high = size - 1
    return found


def _unequal(codes: Codes, places: Places, starts: NDArray[np.bool_]) -> Places:
    """Numbers of places whose gram differs from that of the place before in the same class."""
    if not len(places):
        return np.zeros(0, np.int64)
    # Overlapping windows as plain bytes: taken and compared at once, not character by character.
    grams = np.ndarray(
        len(codes) - K + 1, np.dtype((np.void, K * codes.itemsize)), codes, strides=(codes.itemsize,)
    )
    wrong = []
    for low in range(1, len(places), _ROWS):
        high = min(low + _ROWS, len(places))
        taken = grams[places[low - 1 : high]]
        differ = (taken[1:] != taken[:-1]) & ~starts[low:high]
        wrong.append(np.flatnonzero(differ) + low)
    return np.concatenate(wrong) if wrong else np.zeros(0, np.int64)


def _told_apart(
    codes: Codes, places: Places, starts: NDArray[np.bool_], wrong: Places
) -> tuple[Places, NDArray[np.bool_]]:
    """Classes that hold several grams, sorted into one class for each gram; grams left alone fall out."""
    firsts = np.flatnonzero(starts)
    ends = np.append(firsts[1:], len(places))
    kept = np.ones(len(places), bool)
    places, starts = places.copy(), starts.copy()
    for number in np.unique(np.searchsorted(firsts, wrong, "right") - 1).tolist():
        low, high = int(firsts[number]), int(ends[number])
        by_gram: dict[str, list[int]] = {}
        for place in places[low:high].tolist():
            by_gram.setdefault(as_text(codes[place : place + K]), []).append(place)
        at = low
        for same in sorted(by_gram.values()):
            places[at : at + len(same)] = same
            starts[at : at + len(same)] = [True] + [False] * (len(same) - 1)
            kept[at : at + len(same)] = len(same) > 1
            at += len(same)
    return places[kept], starts[kept]


def _agreeing(texts: Texts, places: Places, members: Places, offset: int) -> int:
    """How many characters from `places + offset` on all texts agree; backwards for a negative offset."""
    step = -1 if offset < 0 else 1
    room = (places - texts.starts[members]) if offset < 0 else texts.starts[members + 1] - places - offset
    most, agreed = int(room.min()), 0
    while agreed < most:
        codes = texts.codes[places + offset + step * agreed]
        if (codes != codes[0]).any():
            break
        agreed += 1
    return agreed


def _ranges(starts: Places, counts: Places) -> Places:
    """All numbers of the ranges [start, start + count), end to end."""
    ends = np.cumsum(counts)
    shifts = np.repeat(starts - (ends - counts), counts)
    numbers: Places = np.arange(len(shifts)) + shifts
    return numbers


def _power(exponent: int) -> np.uint64:
    return _u(pow(_BASE, exponent, 1 << 64))


def _u(value: int) -> np.uint64:
    return np.uint64(value & _WORD)
