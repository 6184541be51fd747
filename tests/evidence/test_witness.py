"""The witness's rules, between two archives: what is cosigned, what is refused, and what a crash leaves."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from crawler.errors import LogError, UsageError
from crawler.evidence import witness as rules
from crawler.evidence.add_checkpoint import MAX_BODY, AddCheckpoint, parse_add_checkpoint
from crawler.evidence.archive import Archive
from crawler.evidence.checkpoint import Checkpoint, sign
from crawler.evidence.cosignature import note_text, parse_lines, verify_line
from crawler.evidence.durable import durable_write
from crawler.evidence.note import sign_note, vkey
from crawler.evidence.proof import consistency_path, leaf_digest, root
from crawler.evidence.signing_key import load_key, make_key
from crawler.evidence.witness import Answer, Record, Witness, make_witness, own_key, trust_log, watched
from tests.archives import make, nothing_failed

ORIGIN = "watched.example/log"
KEY = make_key()


class Leaves:
    """A log's leaf digests in memory, and the roots and paths over them."""

    def __init__(self, word: bytes) -> None:
        self.digests = [leaf_digest(b"%s %d" % (word, number)) for number in range(300)]

    def root(self, size: int) -> bytes:
        return root(self.digests[:size])

    def node(self, height: int, position: int) -> bytes:
        return root(self.digests[position << height : (position + 1) << height])

    def path(self, old: int, new: int) -> tuple[bytes, ...]:
        return tuple(consistency_path(self.node, old, new)) if old <= new else ()


TREE, FORKED = Leaves(b"leaf"), Leaves(b"other")


class Events:
    """The witness's own log, as far as these tests need it."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, dict[str, Any]]] = []

    @contextmanager
    def opened(self) -> Iterator[Record]:
        yield self.record

    def record(self, act: str, details: dict[str, Any]) -> int:
        self.seen.append((act, details))
        return len(self.seen) - 1


@pytest.fixture
def events() -> Events:
    return Events()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "keys").mkdir()
    make_witness(tmp_path, "national.example/witness")
    trust_log(tmp_path, vkey(ORIGIN, KEY.public_key()))
    return tmp_path


@pytest.fixture
def witness(home: Path, events: Events) -> Witness:
    return Witness(home, load_key(home / rules.KEY), events.opened)


def body(
    size: int, old: int = 0, *, tree: Leaves = TREE, path: Leaves | None = None, key: Any = KEY
) -> bytes:
    note = sign(Checkpoint(ORIGIN, size, tree.root(size)), ORIGIN, key)
    return AddCheckpoint(old, (path or tree).path(old, size), note).to_bytes()


def cosigned(witness: Witness, home: Path, request: bytes) -> bool:
    answer = witness.answer(request)
    if answer.status != 200:
        return False
    (line,) = parse_lines(answer.body)
    return verify_line(line, note_text(parse_add_checkpoint(request).note), [own_key(home)]) is not None


def told(answer: Answer) -> tuple[int, str, bytes]:
    return answer.status, answer.media_type, answer.body


def test_a_growing_log_is_cosigned_and_recorded(witness: Witness, home: Path, events: Events) -> None:
    assert cosigned(witness, home, body(3))
    assert cosigned(witness, home, body(257, 3))
    assert [(act, details["size"], details["root"]) for act, details in events.seen] == [
        ("checkpoint-cosigned", size, TREE.root(size).hex()) for size in (3, 257)
    ]
    (log,) = watched(home)
    assert (log.origin, log.newest, log.forks) == (ORIGIN, Checkpoint(ORIGIN, 257, TREE.root(257)), ())


def test_who_asks_again_gets_the_same_line_and_no_second_event(witness: Witness, events: Events) -> None:
    first = witness.answer(body(3))
    again = witness.answer(body(3, 3))
    assert (again.status, again.body) == (200, first.body)
    assert len(events.seen) == 1


def test_it_never_rolls_back(witness: Witness) -> None:
    witness.answer(body(257))
    for request in (body(3), body(3, 3), body(256), body(300, 3), body(300)):
        assert told(witness.answer(request)) == (409, "text/x.tlog.size", b"257\n")
    assert witness.answer(body(300, 257)).status == 200


def test_a_split_view_is_refused_and_kept_as_proof(witness: Witness, home: Path, events: Events) -> None:
    """Two logs with one key and different content at one size: the second never gets a cosignature."""
    assert cosigned(witness, home, body(257))
    for old in (0, 200, 257):
        answer = witness.answer(body(257, old, tree=FORKED))
        assert told(answer) == (409, "text/x.tlog.size", b"257\n")
        assert "two histories" in answer.reason
    # Grown further, from the size that the witness knows, with the only path that the forked log has.
    answer = witness.answer(body(300, 257, tree=FORKED))
    assert answer.status == 422
    assert "not consistent" in answer.reason
    assert witness.answer(body(300, 257, tree=FORKED, path=TREE)).status == 422
    assert [act for act, _ in events.seen] == ["checkpoint-cosigned", "fork-seen"]
    (log,) = watched(home)
    assert log.forks == (257,)
    folder = rules.log_folder(home / "witness", ORIGIN)
    assert (folder / "fork/257").read_bytes() == parse_add_checkpoint(body(257, tree=FORKED)).note


@pytest.mark.parametrize(
    ("request_body", "status", "why"),
    [
        (b"", 400, "no empty line"),
        (b"old 1\n\n", 400, "no empty line followed by a checkpoint"),
        (b"old 01\n\n" + body(3)[7:], 400, "expected a first line"),
        (b"old -1\n\n" + body(3)[7:], 400, "expected a first line"),
        (b"old 0\n" + b"AAAA\n" * 64 + b"\n" + body(3)[7:], 400, "64 proof lines"),
        (b"old 0\nAAAA\n\n" + body(3)[7:], 400, "3 bytes, not 32"),
        (b"old 0\n!\n\n" + body(3)[7:], 400, "not base64"),
        (b"old 0\n\n\xff\xff\n\n", 400, "UTF-8"),
        (b"x" * (MAX_BODY + 1), 400, "more than"),
        (b"old 0\n\nno note\n", 400, "no blank line"),
        (body(3, 4), 400, "larger than"),
        (body(3).replace(ORIGIN.encode(), b"stranger.example"), 404, "not watched"),
        (body(3, key=make_key()), 403, "not signed by a key trusted"),
        (body(3).replace(b"\n3\n", b"\n4\n"), 403, "signature of watched.example/log is wrong"),
    ],
)
def test_refusals(witness: Witness, events: Events, request_body: bytes, status: int, why: str) -> None:
    answer = witness.answer(request_body)
    assert (answer.status, why in answer.reason) == (status, True), answer.reason
    assert not events.seen


def test_a_proof_from_nothing_must_be_empty(witness: Witness) -> None:
    request = AddCheckpoint(0, (bytes(32),), parse_add_checkpoint(body(3)).note)
    assert witness.answer(request.to_bytes()).status == 422


def test_a_note_that_is_no_checkpoint_is_refused(witness: Witness) -> None:
    request = AddCheckpoint(0, (), sign_note(f"{ORIGIN}\nhello\n", ORIGIN, KEY))
    assert witness.answer(request.to_bytes()).status == 400


def test_signatures_of_strangers_are_not_kept(witness: Witness, home: Path) -> None:
    stranger = sign(Checkpoint(ORIGIN, 3, TREE.root(3)), "stranger.example", make_key()).rpartition(b"\n\n")[
        2
    ]
    assert cosigned(witness, home, body(3) + stranger)
    kept = (rules.log_folder(home / "witness", ORIGIN) / "cosigned").read_bytes()
    assert b"stranger" not in kept
    assert witness.answer(body(257, 3)).status == 200


def test_after_a_crash_before_the_event_the_same_line_and_the_event_come(
    witness: Witness, home: Path, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = witness.answer(body(3))
    (rules.log_folder(home / "witness", ORIGIN) / "recorded").unlink()
    events.seen.clear()
    monkeypatch.setattr(rules.time, "time", lambda: 2_000_000_000.0)
    assert witness.answer(body(3)).status == 409  # what it promised stands
    again = witness.answer(body(3, 3))
    assert (again.status, again.body) == (200, first.body)
    assert [act for act, _ in events.seen] == ["checkpoint-cosigned"]


def test_extension_lines_are_cosigned_as_they_are(
    witness: Witness, home: Path, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Same size and root, other text: the line that was given does not fit, and a new one is made and recorded."""
    first = witness.answer(body(3))
    monkeypatch.setattr(rules.time, "time", lambda: 2_000_000_000.0)
    assert witness.answer(body(3, 3)).body == first.body
    text = Checkpoint(ORIGIN, 3, TREE.root(3)).text() + "extension\n"
    request = AddCheckpoint(3, (), sign_note(text, ORIGIN, KEY)).to_bytes()
    assert cosigned(witness, home, request)
    assert [details["time"][:4] for _, details in events.seen][1:] == ["2033"]


def test_of_many_at_once_one_wins_and_nothing_goes_back(witness: Witness, home: Path, events: Events) -> None:
    witness.answer(body(3))
    answers: dict[int, int] = {}
    sizes = range(4, 36)
    barrier = threading.Barrier(len(sizes))

    def ask(size: int) -> None:
        request = body(size, 3)
        barrier.wait()
        answers[size] = witness.answer(request).status

    threads = [threading.Thread(target=ask, args=(size,)) for size in sizes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winners = [size for size, status in answers.items() if status == 200]
    assert len(winners) == 1
    assert set(answers.values()) == {200, 409}
    (log,) = watched(home)
    assert log.newest is not None
    assert log.newest.size == winners[0]
    assert len(events.seen) == 2


def test_damaged_state_stops_it(witness: Witness, home: Path) -> None:
    """Neither an older state nor an edited one may be built upon."""
    witness.answer(body(3))
    path = rules.log_folder(home / "witness", ORIGIN) / "cosigned"
    durable_write(path, parse_add_checkpoint(body(2)).note)
    with pytest.raises(LogError, match="own cosignature"):
        witness.answer(body(257, 3))
    with pytest.raises(LogError, match="own cosignature"):
        watched(home)


def test_a_second_key_of_a_log_is_added(witness: Witness, home: Path) -> None:
    rotated = make_key()
    witness.answer(body(3))
    assert witness.answer(body(257, 3, key=rotated)).status == 403
    trust_log(home, vkey(ORIGIN, rotated.public_key()))
    trust_log(home, vkey(ORIGIN, rotated.public_key()))
    assert witness.answer(body(257, 3, key=rotated)).status == 200
    (log,) = watched(home)
    assert len(log.keys) == 2


def test_a_witness_is_made_once_with_a_key_for_its_owner_only(home: Path) -> None:
    assert (home / rules.KEY).stat().st_mode & 0o777 == 0o600
    with pytest.raises(UsageError, match="a witness already"):
        make_witness(home, "national.example/witness")
    with pytest.raises(UsageError, match="whole line"):
        trust_log(home, "nonsense")


def test_a_half_made_witness_is_finished(home: Path) -> None:
    (home / "witness/witness.vkey").unlink()
    with pytest.raises(UsageError, match="evidence witness init"):
        own_key(home)
    make_witness(home, "national.example/witness")
    assert own_key(home).public_key == load_key(home / rules.KEY).public_key()


def test_a_key_that_is_not_the_witnesss_own_is_refused(home: Path, events: Events) -> None:
    with pytest.raises(LogError, match="does not belong"):
        Witness(home, make_key(), events.opened)


def test_the_state_lies_in_an_archive_that_verifies(tmp_path: Path) -> None:
    """Layout and state digests know what a witness keeps."""
    path = make(tmp_path / "a")
    make_witness(path, "national.example/witness")
    trust_log(path, vkey(ORIGIN, KEY.public_key()))
    with Archive.open(path, writable=True) as archive:

        @contextmanager
        def opened() -> Iterator[Record]:
            yield archive.record_event

        witness = Witness(path, load_key(path / rules.KEY), opened)
        assert witness.answer(body(3)).status == 200
        assert witness.answer(body(3, tree=FORKED)).status == 409
    layout = nothing_failed(path).check("layout")
    assert "witness" not in layout.detail  # it would be named as not known
