"""The check ``keys``: how the log's keys followed each other, and that each checkpoint has the right one's signature.

A verification feeds `KeyEvents` with every event while it reads the log (or a bundle's leaves), in log order, and
then asks `check_keys` once.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from crawler.errors import FormatError
from crawler.evidence.checks.notes import Note
from crawler.evidence.key_history import (
    KEY_ACTS,
    REPLACED,
    ROTATED,
    KeyEvent,
    KeyTerm,
    facts,
    first_term,
    in_force,
    key_facts,
    next_term,
)
from crawler.evidence.note import MAX_KEYS, Verifier
from crawler.evidence.report import Check, Faults, KeyFacts, Words, failed, not_checked

NAME = "keys"
_RESTORE = Words(
    "与证据库的另一份副本比对；不要就地修改证据",
    "compare with another copy of the archive; never repair evidence in place",
)
_ASK_NEWEST = Words(
    "向日志所有人另行取得最新的公钥，再用 --vkey 给出",
    "get the newest key from the log's owner on another way, then give it with --vkey",
)


_COMPARE_TIMES = Words(
    "比对其时间戳与日志所有人公布的密钥更换时间，或索取更换之后的一份",
    "compare its tokens' times with when the owner says that the key changed, or ask for a copy made after that",
)


class KeyEvents:
    """Collects the events about keys of one log. Keeps at most `MAX_KEYS`: a log with more is no log of ours."""

    def __init__(self) -> None:
        self.events: list[KeyEvent] = []
        self.left_out = 0

    def add(self, index: int, act: str, details: Mapping[str, Any], time: str) -> None:
        """Take one event of the log, in log order; events that do not speak of keys are passed over."""
        if act not in KEY_ACTS:
            return
        if len(self.events) < MAX_KEYS:
            self.events.append(KeyEvent(index, act, details, time))
        else:
            self.left_out += 1


def check_keys(
    events: KeyEvents,
    verifiers: Sequence[Verifier],
    notes: Mapping[int, Note],
    given: Verifier | None = None,
    entries: int | None = None,
    *,
    newer: Verifier | None = None,
) -> tuple[Check, tuple[KeyFacts, ...]]:
    """Judge the keys of a log; returns the check and every key for the report.

    `verifiers` are the lines of log.vkey, `notes` the checkpoints with their signers, `given` the key that the
    verifier got elsewhere, `entries` how many leaves the log has (for the facts only; else the newest note's size),
    `newer` a key that the verifier has besides and that came after `given` (see `choose_given`).

    Failed: a statement or signature is wrong, keys are missing from or added to log.vkey, a checkpoint is signed by
    another key than the one in force for its size, the given key is none of them. Not checked: the given key is
    older than a break (a lost key), so that nothing it signed vouches for what came after; or the verifier knows of
    a newer key, so that the given one is retired, and whoever holds it could have made all this afterwards.
    """
    if not verifiers:
        return failed(NAME, "the list of public keys, log.vkey, cannot be read", _RESTORE), ()
    faults = Faults(NAME)
    terms = _read_terms(events, faults)
    if terms is None:
        _require_known(given, verifiers, faults)
        return faults.check(remedy=_RESTORE), tuple(key_facts(verifier, "log") for verifier in verifiers)
    _compare_list(terms, verifiers, faults)
    _check_signers(terms, notes, faults)
    _require_known(given, [term.verifier for term in terms], faults)
    found = facts(terms, max(notes, default=0) if entries is None else entries)
    broken = _break_after(terms, given)
    if broken is not None and not faults.count:
        return not_checked(NAME, _unanchored(terms, broken), _ASK_NEWEST), found
    if newer is not None and given is not None and not faults.count:
        return not_checked(NAME, _retired(given, newer), _COMPARE_TIMES), found
    return faults.check(_story(terms), _RESTORE), found


def _read_terms(events: KeyEvents, faults: Faults) -> list[KeyTerm] | None:
    """The terms of all keys; None once an event is not good: what follows it would rest on nothing."""
    if not events.events:
        faults.add("the log holds no archive-created event that names its first key")
        return None
    if events.left_out:
        faults.add(f"more than {MAX_KEYS} events about keys: the rest is not read")
        return None
    terms: list[KeyTerm] = []
    for event in events.events:
        try:
            terms.append(next_term(event, terms) if terms else first_term(event))
        except FormatError as error:
            faults.add(f"entry {event.index}, {event.act}: {error}")
            return None
    return terms


def _compare_list(terms: Sequence[KeyTerm], verifiers: Sequence[Verifier], faults: Faults) -> None:
    logged = [term.verifier for term in terms]
    if list(verifiers) == logged:
        return
    for verifier in verifiers:
        if verifier not in logged:
            faults.add(f"log.vkey holds key {verifier}, which no event of the log put in force")
    for verifier in logged:
        if verifier not in verifiers:
            faults.add(f"log.vkey lacks key {verifier}, which the log put in force")
    if not faults.count:
        faults.add("log.vkey does not list the keys in the order in which the log put them in force")


def _check_signers(terms: Sequence[KeyTerm], notes: Mapping[int, Note], faults: Faults) -> None:
    for size, note in sorted(notes.items()):
        wanted = in_force(terms, size).verifier
        if note.signer != wanted:
            faults.add(
                f"checkpoints/{size} is signed by {note.signer.key_id.hex()}; the key in force for it is"
                f" {wanted.key_id.hex()}"
            )


def _require_known(given: Verifier | None, known: Sequence[Verifier], faults: Faults) -> None:
    if given is not None and given not in known:
        names = ", ".join(str(verifier) for verifier in known[:5])
        faults.add(f"the key that you gave, {given}, is none of this log's ({names})")


def choose_given(
    own: Sequence[Verifier], listed: Sequence[Verifier]
) -> tuple[Verifier | None, Verifier | None]:
    """Of the keys that the verifier has, oldest first: the newest that the log knows too, and the newest of all.

    The second is None when it is the first: a log that ends before a key came in force does not know that key.
    """
    if not own:
        return None, None
    given = next((key for key in reversed(own) if key in listed), own[-1])
    return given, None if given == own[-1] else own[-1]


def _break_after(terms: Sequence[KeyTerm], given: Verifier | None) -> KeyTerm | None:
    """The first replacement of a lost key after the given key's term, if any."""
    position = next((number for number, term in enumerate(terms) if term.verifier == given), len(terms))
    return next((term for term in terms[position + 1 :] if term.act == REPLACED), None)


def _unanchored(terms: Sequence[KeyTerm], broken: KeyTerm) -> Words:
    story, at = _story(terms), broken.index
    return Words(
        f"您给出的公钥早于序号 {at} 处的密钥更换（原密钥遗失），不能为其后的签名作证；{story.zh}",
        f"the key you gave is older than the break at entry {at}, where a lost key was replaced: it vouches for no"
        f" signature after it; {story.en}",
    )


def _retired(given: Verifier, newer: Verifier) -> Words:
    old, new = given.key_id.hex(), newer.key_id.hex()
    return Words(
        f"所核验的内容只到密钥 {old} 为止，而您提供的公钥中还有更新的 {new}：它可能成于更换之前，也可能由"
        "持有旧密钥的人在更换之后制作",
        f"what is verified ends with key {old}, and you gave a newer one, {new}: it may be from before that change,"
        " or made after it by whoever holds the old key",
    )


def _story(terms: Sequence[KeyTerm]) -> Words:
    """All keys in a sentence, with every break stated."""
    rotated = sum(term.act == ROTATED for term in terms)
    lost = [term for term in terms if term.act == REPLACED]
    newest = terms[-1].verifier.key_id.hex()
    zh = f"{len(terms)} 个密钥，其中由新旧两个密钥共同签名轮换 {rotated} 次；现用 {newest}"
    en = f"{len(terms)} key(s), {rotated} handed over under both signatures; in force now: {newest}"
    breaks_zh = "".join(
        f"；序号 {term.index} 处原密钥遗失后更换，连续性在此中断（{term.reason}）" for term in lost
    )
    breaks_en = "".join(
        f"; a break at entry {term.index}: a lost key was replaced ({term.reason})" for term in lost
    )
    return Words(zh + breaks_zh, en + breaks_en)
