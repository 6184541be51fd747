"""Sealing: what each authority answers, and what is kept of it."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crawler.config import AuthorityConfig
from crawler.demo.tsa import DemoAuthority
from crawler.errors import DiskFull, EvidenceError
from crawler.evidence import retry
from crawler.evidence import seal as sealing
from crawler.evidence.archive import Archive
from crawler.evidence.checks.stamps import Anchors, check_stamps
from crawler.evidence.manifest import parse_leaf
from crawler.evidence.report import Faults
from crawler.evidence.retry import read_attempts
from crawler.evidence.seal import NOBODY, authority, seal, unsealed
from crawler.evidence.timestamp import Send, make_request, read_token, split_trust
from crawler.evidence.trust import add_roots, read_roots, write_roots
from crawler.evidence.verify import verify
from tests.archives import config, make, nothing_failed, page, sender
from tests.sm2 import Sm2Authority


@pytest.fixture(scope="module")
def tsas(tmp_path_factory: pytest.TempPathFactory) -> tuple[DemoAuthority, DemoAuthority]:
    """Two authorities with different roots, one with an intermediate CA."""
    folder = tmp_path_factory.mktemp("tsas")
    return DemoAuthority(folder / "a", "tsa-a"), DemoAuthority(folder / "b", "tsa-b", intermediate=True)


@pytest.fixture
def archive(tmp_path: Path, tsas: tuple[DemoAuthority, DemoAuthority]) -> Iterator[Archive]:
    """An archive that trusts both, open for writing."""
    with Archive.open(make(tmp_path / "a", tsas), writable=True) as opened:
        yield opened


def stamps(archive: Archive) -> dict[str, list[str]]:
    folder = archive.path / "log/stamps"
    return {path.name: sorted(p.name for p in path.iterdir()) for path in folder.iterdir()}


def test_both_stamp_the_checkpoint_that_covers_everything(
    archive: Archive, tsas: tuple[DemoAuthority, ...]
) -> None:
    archive.commit([page()])
    state = seal(archive, sender(*tsas))
    assert state.sealed
    assert state.size == archive.log.size == 4  # with the event that notes the settings
    assert sorted(state.stamped) == ["tsa-a", "tsa-b"]
    endings = ("chain.pem", "tsq", "tsr")
    assert stamps(archive) == {"4": [f"{tsa}.{end}" for tsa in ("tsa-a", "tsa-b") for end in endings]}
    assert unsealed(archive) == []
    archive.write_state()
    assert nothing_failed(archive.path).exit_code == 0


def test_later_captures_commit_to_the_stamped_time(archive: Archive, tsas: tuple[DemoAuthority, ...]) -> None:
    seal(archive, sender(*tsas))
    ((index, capture),) = archive.commit([page()])
    assert capture.after is not None
    assert (capture.after.size, len(capture.after.tokens)) == (2, 2)
    archive.write_state()
    nothing_failed(archive.path)
    assert "after" not in parse_leaf(archive.log.leaf(0))
    assert index == 3


def test_a_capture_that_began_before_the_stamp_does_not_commit_to_it(
    archive: Archive, tsas: tuple[DemoAuthority, ...]
) -> None:
    """Its leaf came later; the page did not."""
    under_way = page()
    seal(archive, sender(*tsas))
    ((_, before), (_, after)) = archive.commit([under_way, page()])
    assert before.after is None
    assert after.after == archive.after is not None


def test_sealing_again_asks_nobody(archive: Archive, tsas: tuple[DemoAuthority, ...]) -> None:
    seal(archive, sender(*tsas))
    state = seal(archive, _refused)
    assert (state.sealed, state.stamped) == (True, {})


def test_two_dead_authorities_leave_a_signed_checkpoint_to_be_stamped_later(
    archive: Archive, tsas: tuple[DemoAuthority, ...]
) -> None:
    state = seal(archive, _refused)
    assert sorted(state.missing) == ["tsa-a", "tsa-b"]
    assert all("did not answer: connection refused" in reason for reason in state.missing.values())
    assert stamps(archive) == {}
    assert unsealed(archive) == [
        f"{name} has not stamped the newest checkpoint" for name in ("tsa-a", "tsa-b")
    ]
    archive.write_state()
    assert nothing_failed(archive.path).exit_code == 3
    assert seal(archive, sender(*tsas)).sealed


def test_one_dead_authority_is_asked_again_and_the_other_is_not(
    archive: Archive, tsas: tuple[DemoAuthority, ...]
) -> None:
    state = seal(archive, sender(tsas[0]))
    assert (list(state.stamped), list(state.missing)) == (["tsa-a"], ["tsa-b"])
    assert unsealed(archive) == ["tsa-b has not stamped the newest checkpoint"]
    archive.write_state()
    assert nothing_failed(archive.path).exit_code == 3
    state = seal(archive, sender(tsas[1]))
    assert (list(state.stamped), state.missing) == (["tsa-b"], {})


def test_what_came_since_is_not_signed_yet(archive: Archive, tsas: tuple[DemoAuthority, ...]) -> None:
    seal(archive, sender(*tsas))
    archive.commit([page()])
    assert unsealed(archive) == ["2 log entries are not signed yet"]


def _refused(url: str, _query: bytes) -> bytes:
    raise OSError("connection refused")


@pytest.fixture
def strange(tmp_path: Path, tsas: tuple[DemoAuthority, DemoAuthority]) -> dict[str, Send]:
    """Answers that must not count, by what is wrong with them."""
    honest = sender(*tsas)
    foreign = DemoAuthority(tmp_path / "foreign", "tsa-a")
    return {
        "no page": lambda _url, _query: b"",
        "a web page": lambda _url, _query: b"<html>504 Gateway Timeout</html>",
        "half a reply": lambda url, query: honest(url, query)[:-20],
        "a reply and more": lambda url, query: honest(url, query) + b"\n",
        "a rejection": lambda _url, _query: bytes.fromhex("30053003020102"),  # status 2, no token
        "another digest": lambda url, _query: honest(url, make_request(b"another page").tsq),
        "another query": lambda url, _query: honest(url, make_request(_note).tsq),
        "a foreign root": lambda _url, query: foreign.reply(query),
    }


_note = b"filled in by the test"

WRONG = {
    "no page": "not a readable TimeStampResp",
    "a web page": "not a readable TimeStampResp",
    "half a reply": "not a readable TimeStampResp",
    "a reply and more": "not a readable TimeStampResp",
    "a rejection": "the TSA refused: status rejection",
    "another digest": "the token is for other content",
    "another query": "nonce",
    "a foreign root": "refuses",
}


@pytest.mark.parametrize("what", WRONG)
def test_an_answer_that_does_not_verify_is_refused_and_said_why(
    archive: Archive, strange: dict[str, Send], what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{__name__}._note", archive.sign_checkpoint(sealing=True))
    state = seal(archive, strange[what])
    assert sorted(state.missing) == ["tsa-a", "tsa-b"]
    assert WRONG[what] in state.missing["tsa-a"]
    assert stamps(archive) == {}
    assert archive.after is None


def test_one_strange_answer_does_not_spoil_the_other(
    archive: Archive, strange: dict[str, Send], tsas: tuple[DemoAuthority, ...]
) -> None:
    honest = sender(*tsas)

    def send(url: str, query: bytes) -> bytes:
        return strange["a web page"](url, query) if "tsa-a" in url else honest(url, query)

    state = seal(archive, send)
    assert (list(state.stamped), list(state.missing)) == (["tsa-b"], ["tsa-a"])


def test_an_authority_without_its_root_is_missing(archive: Archive, tsas: tuple[DemoAuthority, ...]) -> None:
    (archive.path / "trust/tsa-b.pem").unlink()
    state = seal(archive, sender(*tsas))
    assert "put the root certificate of tsa-b there" in state.missing["tsa-b"]
    assert list(state.stamped) == ["tsa-a"]


def test_roots_and_intermediates_come_from_the_trust_folder(
    archive: Archive, tsas: tuple[DemoAuthority, ...]
) -> None:
    found = authority(archive.path, AuthorityConfig("tsa-b", "http://tsa-b.invalid/"))
    assert (len(found.roots), len(found.intermediates)) == (1, 1)


def test_without_an_authority_nothing_is_ever_sealed(tmp_path: Path) -> None:
    with Archive.create(tmp_path / "a", config()) as archive:
        state = seal(archive, _refused)
        assert (state.sealed, state.missing) == (False, {"-": NOBODY})
        assert unsealed(archive) == [NOBODY]


def test_a_key_with_a_passphrase_needs_it(tmp_path: Path, tsas: tuple[DemoAuthority, ...]) -> None:
    with Archive.create(tmp_path / "a", config(), passphrase="开门".encode()) as archive:
        for wrong in (None, b"shut"):
            with pytest.raises(EvidenceError, match="passphrase"):
                seal(archive, _refused, passphrase=wrong)
        assert seal(archive, _refused, passphrase="开门".encode()).size == 2


def test_a_token_that_cannot_be_kept_leaves_nothing_of_itself(
    archive: Archive, tsas: tuple[DemoAuthority, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = sealing.durable_write

    def full(path: Path, content: bytes, mode: int = 0o644) -> None:
        if path.suffix == ".tsr":
            raise OSError(28, "No space left on device")
        real(path, content, mode)

    monkeypatch.setattr(sealing, "durable_write", full)
    with pytest.raises(DiskFull, match="make room"):
        seal(archive, sender(*tsas))
    assert all(not names for names in stamps(archive).values())
    monkeypatch.undo()
    assert seal(archive, sender(*tsas)).sealed


def test_a_crash_while_a_token_is_kept_is_made_good(
    tmp_path: Path, tsas: tuple[DemoAuthority, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make(tmp_path / "a", tsas)
    real = sealing.durable_write

    def killed(target: Path, content: bytes, mode: int = 0o644) -> None:
        if target.suffix == ".tsr":
            raise KeyboardInterrupt
        real(target, content, mode)

    with monkeypatch.context() as patched, Archive.open(path, writable=True) as archive:
        patched.setattr(sealing, "durable_write", killed)
        with pytest.raises(KeyboardInterrupt):
            seal(archive, sender(*tsas))
    with Archive.open(path, writable=True) as archive:
        archive.commit([page()])  # a new entry: the checkpoint of the half-kept stamp is the newest no more
        assert seal(archive, sender(*tsas)).sealed
    assert nothing_failed(path).exit_code == 0


def test_two_seals_at_once_take_turns(archive: Archive, tsas: tuple[DemoAuthority, ...]) -> None:
    honest, inside, most = sender(*tsas), [], []

    def send(url: str, query: bytes) -> bytes:
        inside.append(url)
        most.append(inside.count(url))
        reply = honest(url, query)
        inside.remove(url)
        return reply

    threads = [threading.Thread(target=seal, args=(archive, send)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1, 1]  # each authority was asked once
    archive.write_state()
    assert nothing_failed(archive.path).exit_code == 0


# --- asking again


def test_a_failing_authority_is_left_alone_until_it_is_due_but_never_by_hand(
    archive: Archive, tsas: tuple[DemoAuthority, ...]
) -> None:
    asked: list[str] = []

    def down(url: str, _query: bytes) -> bytes:
        asked.append(url)
        raise OSError("connection refused")

    first = seal(archive, down, patient=True)
    assert len(asked) == 2
    assert first.retry_at is not None
    assert timedelta(seconds=50) < first.retry_at - datetime.now(UTC) <= timedelta(seconds=60)
    again = seal(archive, down, patient=True)
    assert len(asked) == 2, "nobody is asked before it is due"
    assert "failed 1 time(s) in a row, next attempt at" in again.missing["tsa-a"]
    assert "connection refused" in again.missing["tsa-a"]
    assert again.retry_at == first.retry_at
    seal(archive, down)
    assert len(asked) == 4, "by hand everybody is asked"
    known = read_attempts(archive.path)
    assert {name: tries.failures for name, tries in known.items()} == {"tsa-a": 2, "tsa-b": 2}
    state = seal(archive, sender(*tsas))
    assert (state.sealed, state.retry_at) == (True, None)
    assert {name: tries.failures for name, tries in read_attempts(archive.path).items()} == {
        "tsa-a": 0,
        "tsa-b": 0,
    }
    archive.write_state()
    assert "sealing.json" in (archive.path / "state-sha256.txt").read_text()


def test_when_it_is_due_a_patient_seal_asks(
    archive: Archive, tsas: tuple[DemoAuthority, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry, "FIRST_WAIT", timedelta(0))
    seal(archive, _refused, patient=True)
    assert seal(archive, sender(*tsas), patient=True).sealed


def test_one_that_fails_does_not_keep_the_other_from_being_asked(
    archive: Archive, tsas: tuple[DemoAuthority, ...]
) -> None:
    seal(archive, sender(tsas[0]), patient=True)
    archive.commit([page()])
    state = seal(archive, sender(*tsas), patient=True)
    assert (list(state.stamped), list(state.missing)) == (["tsa-a"], ["tsa-b"])


def test_a_damaged_schedule_does_not_keep_anybody_from_sealing(
    archive: Archive, tsas: tuple[DemoAuthority, ...]
) -> None:
    (archive.path / "sealing.json").write_text("{")
    assert seal(archive, sender(*tsas), patient=True).sealed
    assert read_attempts(archive.path)["tsa-a"].last_success is not None


# --- authorities as dated data


def test_an_authority_outside_its_dates_is_not_asked(tmp_path: Path, tsas: tuple[DemoAuthority, ...]) -> None:
    path = make(tmp_path / "b", tsas)
    toml, today = (path / "evidence.toml").read_text("utf-8"), datetime.now(UTC).date()
    head, _, tail = toml.rpartition("[[authority]]")
    retired = f"{tail.rstrip()}\nuntil = {today - timedelta(days=1)}\n"
    (path / "evidence.toml").write_text(f"{head}[[authority]]{retired}", "utf-8")
    with Archive.open(path, writable=True) as archive:
        state = seal(archive, sender(*tsas))
        assert (state.sealed, list(state.stamped)) == (True, ["tsa-a"])
        assert unsealed(archive) == []


def test_an_authority_is_asked_for_its_policy_and_imprint(
    tmp_path: Path, tsas: tuple[DemoAuthority, ...]
) -> None:
    path = make(tmp_path / "b", tsas)
    text = (path / "evidence.toml").read_text("utf-8")
    text = text.replace('"http://tsa-a.invalid/"', '"http://tsa-a.invalid/"\npolicy = "1.2.3"')
    text = text.replace('"http://tsa-b.invalid/"', '"http://tsa-b.invalid/"\nimprint = "sm3"')
    (path / "evidence.toml").write_text(text, "utf-8")
    with Archive.open(path, writable=True) as archive:
        state = seal(archive, sender(*tsas))
        assert "under policy 1.2.3.4.1, not under 1.2.3" in state.missing["tsa-a"]
        (tsr,) = (archive.path / "log/stamps").glob("*/tsa-b.tsr")
        assert read_token(tsr.read_bytes()).imprint_algorithm == "sm3"
    nothing_failed(path)


def test_after_its_root_is_no_longer_accepted_an_authority_needs_the_new_one(
    archive: Archive, tsas: tuple[DemoAuthority, ...], tmp_path: Path
) -> None:
    """A rotation as it happens: tokens under the old root go on to verify, new ones come under the new root."""
    seal(archive, sender(*tsas))
    trust, rotated = archive.path / "trust", DemoAuthority(tmp_path / "rotated", "tsa-a")
    (old,) = add_roots(trust, "tsa-a", b"".join(split_trust(tsas[0].trust_pem)[0]))
    write_roots(trust, [replace(old, accept_until=datetime.now(UTC))])
    archive.commit([page()])
    state = seal(archive, sender(tsas[0], tsas[1]))
    assert "no root in trust/roots.toml is accepted" in state.missing["tsa-a"]
    add_roots(trust, "tsa-a", rotated.trust_pem)
    assert seal(archive, sender(rotated, tsas[1])).sealed
    archive.write_state()
    assert nothing_failed(archive.path).check("timestamps").status == "passed"
    first, *others = read_roots(trust)
    write_roots(trust, [replace(first, accept_until=datetime.now(UTC) - timedelta(days=1)), *others])
    archive.write_state()
    problems = verify(archive.path).check("timestamps").problems
    assert [problem.partition(":")[0] for problem in problems] == ["stamps/2/tsa-a.tsr"]


# --- tokens that nobody here can judge


def test_an_sm2_token_is_kept_and_not_counted(tmp_path: Path, tsas: tuple[DemoAuthority, ...]) -> None:
    sm2 = Sm2Authority(tmp_path / "sm2")
    path = make(tmp_path / "b", (tsas[0],))
    text = (path / "evidence.toml").read_text("utf-8")
    text += '\n[[authority]]\nname = "tsa-sm2"\nurl = "http://tsa-sm2.invalid/"\n'
    (path / "evidence.toml").write_text(text, "utf-8")
    (path / "trust/tsa-sm2.pem").write_bytes(sm2.trust_pem)
    honest = sender(tsas[0])

    def send(url: str, query: bytes) -> bytes:
        return sm2.reply(query) if "sm2" in url else honest(url, query)

    with Archive.open(path, writable=True) as archive:
        state = seal(archive, send)
        assert (list(state.stamped), list(state.unjudged), state.missing) == (["tsa-a"], ["tsa-sm2"], {})
        assert not state.sealed
        assert "SM2" in state.unjudged["tsa-sm2"]
        again = seal(archive, _refused)
        assert (again.kept, again.unjudged, again.sealed) == (("tsa-a",), state.unjudged, False)
        assert "SM2" in unsealed(archive)[0]
        archive.commit([page()])
        assert archive.after is not None
        assert len(archive.after.tokens) == 2, "leaves name it all the same"
        notes = {size: archive.log.checkpoint_at(size)[1] for size in archive.log.checkpoint_sizes}
        faults = Faults("timestamps")
        found = check_stamps(path / "log/stamps", notes, Anchors(path / "trust"), faults)
        assert faults.named == []
        assert [made.authority for made in found.verified] == ["tsa-a"]
        assert len(found.unjudged) == 1
        assert f"stamps/{state.size}/tsa-sm2.tsr: nobody here can judge" in found.unjudged[0]
        assert set(found.seals[state.size].tokens.values()) == set(archive.after.tokens)
    assert nothing_failed(path).exit_code == 3
