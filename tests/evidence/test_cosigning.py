"""Our side of witnessing, against the witness's real rules; and what `verify` says of the result."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from crawler.config import WitnessConfig
from crawler.errors import ConfigError, FormatError, LogError
from crawler.evidence import cosigning
from crawler.evidence import witness as rules
from crawler.evidence.archive import Archive
from crawler.evidence.checks.notes import Note
from crawler.evidence.checks.witnesses import check_witnesses
from crawler.evidence.cosignature import cosign, note_text, witness_vkey
from crawler.evidence.cosigning import (
    Post,
    Reply,
    collect_cosignatures,
    cosigned_size,
    keep_cosignatures,
    request,
)
from crawler.evidence.durable import durable_write
from crawler.evidence.note import parse_vkey
from crawler.evidence.report import Check, KeyFacts
from crawler.evidence.signing_key import load_key, make_key
from crawler.evidence.witness import Record, Witness, make_witness, trust_log
from tests.archives import config, make, nothing_failed, page


class Association:
    """A witness in a folder of its own, reached without a socket."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder, name
        (folder / "keys").mkdir(parents=True)
        self.vkey = make_witness(folder, f"{name}.example")
        self.witness = Witness(folder, load_key(folder / rules.KEY), self.opened)
        self.asked = 0

    @contextmanager
    def opened(self) -> Iterator[Record]:
        yield lambda _act, _details: 0

    def post(self, _url: str, body: bytes) -> Reply:
        self.asked += 1
        answer = self.witness.answer(body)
        return Reply(answer.status, answer.media_type, answer.body)


@pytest.fixture
def associations(tmp_path: Path) -> list[Association]:
    return [Association(tmp_path / name, name) for name in ("national", "provincial")]


@pytest.fixture
def archive(tmp_path: Path, associations: list[Association]) -> Iterator[Archive]:
    with Archive.open(make(tmp_path / "a"), writable=True) as opened:
        for one in associations:
            trust_log(one.folder, (opened.path / "trust/log.vkey").read_text())
            durable_write(cosigning.vkey_path(opened.path, one.name), one.vkey.encode())
        witnesses = tuple(WitnessConfig(one.name, f"http://{one.name}.invalid") for one in associations)
        opened.config = replace(config(), witnesses=witnesses)
        yield opened


def posting(associations: list[Association]) -> Post:
    by_url = {f"http://{one.name}.invalid": one for one in associations}
    return lambda url, body: by_url[url].post(url, body)


def grow(archive: Archive, captures: int = 1) -> int:
    archive.commit([page() for _ in range(captures)])
    archive.sign_checkpoint()
    return archive.log.latest_checkpoint()[0].size


def judged(archive: Archive, keys: Path | None = None) -> tuple[Check | None, tuple[KeyFacts, ...]]:
    verifier = parse_vkey((archive.path / "trust/log.vkey").read_text())
    notes = {size: Note(*archive.log.checkpoint_at(size), verifier) for size in archive.log.checkpoint_sizes}
    folder = archive.path / cosigning.FOLDER
    return check_witnesses(folder, notes, keys or archive.path / "trust", pooled=keys is not None)


def status(archive: Archive, keys: Path | None = None) -> str:
    check, _ = judged(archive, keys)
    assert check is not None
    return check.status


def test_both_cosign_every_checkpoint(archive: Archive, associations: list[Association]) -> None:
    for captures in (1, 300):
        size = grow(archive, captures)
        state = collect_cosignatures(archive, posting(associations))
        assert (state.size, sorted(state.signed), state.missing) == (size, ["national", "provincial"], {})
        assert [cosigned_size(archive.path, one.name) for one in associations] == [size, size]
    check, facts = judged(archive)
    assert check is not None
    assert check.status == "passed"
    assert f"检查点 {size} 由 2 个见证人签署" in check.detail_zh
    assert "北京时间" in check.detail_zh
    assert [(one.role, one.name) for one in facts] == [
        ("witness", "national.example"),
        ("witness", "provincial.example"),
    ]
    archive.write_state()
    report = nothing_failed(archive.path)
    assert "cosign" not in report.check("layout").detail  # it would be named as not known


def test_who_has_cosigned_is_not_asked_again(archive: Archive, associations: list[Association]) -> None:
    grow(archive)
    collect_cosignatures(archive, posting(associations))
    state = collect_cosignatures(archive, posting(associations))
    assert (state.signed, state.missing, [one.asked for one in associations]) == ({}, {}, [1, 1])


def test_a_lost_answer_is_asked_for_again_from_the_told_size(
    archive: Archive, associations: list[Association]
) -> None:
    """The witness knows a size that we do not know it knows: its 409 says so, and the second try fits."""
    grow(archive)
    for one in associations:
        one.witness.answer(request(archive, one.name).to_bytes())
    grow(archive, 5)
    state = collect_cosignatures(archive, posting(associations))
    assert state.complete
    assert [one.asked for one in associations] == [2, 2]


def test_failures_are_told_and_not_fatal(archive: Archive, associations: list[Association]) -> None:
    grow(archive)
    answers: dict[str, Callable[[bytes], Reply]] = {
        "http://national.invalid": lambda _: Reply(503, "text/plain", b"busy\n"),
        "http://provincial.invalid": lambda _: Reply(200, "text/plain", b"<html>hello"),
    }
    state = collect_cosignatures(archive, lambda url, body: answers[url](body))
    assert (state.signed, state.complete) == ({}, False)
    assert "503" in state.missing["national"]
    assert "whole signature lines" in state.missing["provincial"]
    assert not (archive.path / cosigning.FOLDER).exists()
    assert status(archive) == "not-checked"

    def refuse(_url: str, _body: bytes) -> Reply:
        raise OSError("connection refused")

    assert "refused" in collect_cosignatures(archive, refuse).missing["national"]


def test_an_answer_over_something_else_is_not_kept(archive: Archive, associations: list[Association]) -> None:
    size = grow(archive)
    key = load_key(associations[0].folder / rules.KEY)
    text = note_text(archive.log.checkpoint_at(size)[1])
    wrong = cosign(text.replace(f"\n{size}\n", f"\n{size + 1}\n"), "national.example", key, 5).text()
    unknown = cosign(text, "national.example", make_key(), 5).text()
    for line, why in ((wrong, "is wrong"), (unknown, "without a signature by a key")):
        reply = Reply(200, "text/plain", line.encode())
        state = collect_cosignatures(archive, lambda _url, _body, reply=reply: reply)
        assert why in state.missing["national"]
    assert not (archive.path / cosigning.FOLDER).exists()


def test_a_split_view_is_named(tmp_path: Path, archive: Archive, associations: list[Association]) -> None:
    """An old copy put back and written to: same key, same size, other content. The witness notices."""
    shutil.copytree(archive.path, tmp_path / "copy", ignore=shutil.ignore_patterns(".lock"))
    size = grow(archive)
    assert collect_cosignatures(archive, posting(associations)).complete
    with Archive.open(tmp_path / "copy", writable=True) as forked:
        forked.config = archive.config
        assert grow(forked) == size
        state = collect_cosignatures(forked, posting(associations))
        assert not state.signed
        assert "another history" in state.missing["national"]
        grow(forked, 3)
        state = collect_cosignatures(forked, posting(associations))
        assert "422" in state.missing["national"]
    (log,) = rules.watched(associations[0].folder)
    assert log.forks == (size,)


def test_an_archive_older_than_what_the_witness_saw(
    archive: Archive, associations: list[Association]
) -> None:
    grow(archive)
    with pytest.raises(LogError, match="older than what the witness saw"):
        request(archive, "national", 99)
    told = Reply(409, "text/x.tlog.size", b"99\n")
    assert "older than" in collect_cosignatures(archive, lambda *_: told).missing["national"]


def test_by_file(archive: Archive, associations: list[Association]) -> None:
    first = grow(archive)
    body = request(archive, "national").to_bytes()
    answer = associations[0].witness.answer(body)
    grow(archive, 2)  # meanwhile the log went on: the line is over an older checkpoint
    ((name, (size, moment)),) = keep_cosignatures(archive, answer.body).items()
    assert (name, size) == ("national", first)
    assert moment.startswith("20")
    assert request(archive, "national").old == first
    check, _ = judged(archive)
    assert check is not None
    assert "has no cosignature yet" in check.detail
    line = cosign("other\n1\n\n", "national.example", load_key(associations[0].folder / rules.KEY), 5)
    with pytest.raises(FormatError, match="over no checkpoint of this log"):
        keep_cosignatures(archive, line.text().encode())
    with pytest.raises(FormatError, match="no key for it"):
        keep_cosignatures(archive, cosign("x\n", "stranger.example", make_key(), 5).text().encode())


def test_no_witness_no_check(tmp_path: Path) -> None:
    with Archive.open(make(tmp_path / "a"), writable=True) as archive:
        assert judged(archive) == (None, ())
        assert collect_cosignatures(archive, lambda *_: Reply(200, "", b"")).complete
        with pytest.raises(ConfigError, match="evidence witness add"):
            cosigning.witness_keys(archive.path, "national")


def test_every_altered_byte_of_a_cosignature_fails(archive: Archive, associations: list[Association]) -> None:
    size = grow(archive)
    collect_cosignatures(archive, posting(associations))
    path = archive.path / cosigning.FOLDER / str(size) / "national"
    good = path.read_bytes()
    for place in range(len(good)):
        path.write_bytes(good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :])
        assert status(archive) == "failed", place
    for bad in (b"", good[:-1], good + b"\n", good + good[3:]):
        path.write_bytes(bad)
        assert status(archive) == "failed"
    path.write_bytes(good)
    assert status(archive) == "passed"


def test_a_cosignature_at_the_wrong_size_or_of_nobody_fails(
    archive: Archive, associations: list[Association]
) -> None:
    size = grow(archive)
    collect_cosignatures(archive, posting(associations))
    folder = archive.path / cosigning.FOLDER
    for wrong in ("0", f"0{size}", "x", str(size + 1)):
        (folder / wrong).mkdir()
        (folder / wrong / "national").write_bytes((folder / str(size) / "national").read_bytes())
        assert status(archive) == "failed", wrong
        (folder / wrong / "national").unlink()
    assert status(archive) == "passed"
    (folder / str(size) / "link").symlink_to(folder / str(size) / "national")
    assert status(archive) == "failed"
    (folder / str(size) / "link").unlink()
    cosigning.vkey_path(archive.path, "national").unlink()
    check, _ = judged(archive)
    assert check is not None
    assert check.problems == ("cosignatures: signed by national.example: no key for it in trust/",)


def test_the_verifiers_own_keys(tmp_path: Path, archive: Archive, associations: list[Association]) -> None:
    grow(archive)
    collect_cosignatures(archive, posting(associations))
    own = tmp_path / "own"
    own.mkdir()
    assert status(archive, own) == "not-checked"
    (own / "witness-whatever.vkey").write_text(associations[1].vkey + "\n")
    check, facts = judged(archive, own)
    assert check is not None
    assert (check.status, [one.name for one in facts]) == ("passed", ["provincial.example"])
    assert "1 more witness(es) not among the given keys" in check.detail
    (own / "witness-whatever.vkey").write_text(witness_vkey("provincial.example", make_key().public_key()))
    assert status(archive, own) == "not-checked"
    (own / "witness-whatever.vkey").write_text("nonsense")
    assert status(archive, own) == "failed"
