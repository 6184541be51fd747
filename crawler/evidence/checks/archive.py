"""Verify an archive folder: its files, its log, and every WARC record that the log names, on all cores.

Needs no database, no network and no lock; memory does not grow with the archive. A fault never ends the
pass: what follows is checked all the same, so that the report names everything.

What each check looks at, in the order of the report:

layout, state       the files of the folder, and those that no log covers
settings            evidence.toml and trust/ are as the log notes them
log                 entries, tiles and the root of every checkpoint (checks.pieces, entries, tree)
signature, keys, key   who signed the checkpoints, and the history of the log's keys
sealed              whether all of it is signed and stamped
manifests, coverage, records   what was captured (checks.entries, coverage, records)
retention, imports, quarantine      what was removed, what others recorded, what was set aside
timestamps, validity, witnesses, opentimestamps, bracket   when
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, tzinfo
from pathlib import Path

from crawler import clock
from crawler.config import read_config
from crawler.errors import ArchiveMissing, ConfigError, FormatError
from crawler.evidence.bracket import Brackets
from crawler.evidence.checks.closed import FileDigests, early_events, statements
from crawler.evidence.checks.coverage import Coverage
from crawler.evidence.checks.entries import Terms
from crawler.evidence.checks.imports import LoggedImports, check_imports, logged_imports
from crawler.evidence.checks.keys import check_keys, choose_given
from crawler.evidence.checks.layout import check_layout, check_quarantine, check_state
from crawler.evidence.checks.log_pass import LogPass
from crawler.evidence.checks.notes import Note, check_key, own_keys, read_notes, read_verifiers
from crawler.evidence.checks.ots import check_ots
from crawler.evidence.checks.passes import workers_for
from crawler.evidence.checks.pieces import count_bundles, tile_folder
from crawler.evidence.checks.retention import exhibited_captures
from crawler.evidence.checks.settings import check_settings
from crawler.evidence.checks.stamps import (
    Anchors,
    Stamp,
    Stamps,
    check_stamps,
    holds_roots,
    in_beijing,
    signers,
)
from crawler.evidence.checks.validity import check_validity
from crawler.evidence.checks.witnesses import check_witnesses
from crawler.evidence.digest import digest
from crawler.evidence.key_history import noted_checkpoint
from crawler.evidence.note import Verifier, split_note
from crawler.evidence.renewal import good_at
from crawler.evidence.report import (
    NO_WORDS,
    STATES_ZH,
    BoundFacts,
    CaptureTime,
    Check,
    Faults,
    KeyFacts,
    Progress,
    Report,
    Words,
    failed,
    not_checked,
    passed,
)
from crawler.evidence.retention import Removals

_RESTORE = Words(
    "与证据库的另一份副本比对；不要就地修改证据",
    "compare with another copy of the archive; never repair evidence in place",
)
_SEAL_NOW = Words(
    "时间戳机构可以访问时，运行 `evidence seal`", "run `evidence seal` when the authorities answer"
)
_RENEWED = Words("见上面“时间戳有效期”一项", "see the check `validity`")
_NO_TOKEN = Words("没有可信时间：没有核验通过的时间戳", "no trusted time: no token verified")
_NONE_HOLDS = Words(
    "没有可信时间：到所给时点，没有仍然有效的时间戳", "no trusted time: no token holds at the date given"
)
_IN_FULL = Words("去掉 --quick 再核验一次", "verify again without --quick")
_EXPIRE_AGAIN = Words("再次运行 `evidence expire`", "run `evidence expire` again")


def verify_archive(
    path: Path,
    *,
    trust: Path | None = None,
    vkey: str | None = None,
    at: datetime | None = None,
    quick: bool = False,
    times: bool = False,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Report:
    """Check an archive.

    `trust` is a folder of TSA roots to use in place of the archive's own (a log.vkey in it counts too), `vkey` the
    log's public key as the verifier got it elsewhere, `at` the date at which timestamp tokens must hold (default:
    now). `quick` digests files instead of reading the records in them, and says what it did not check. `times` lists
    between which trusted times each capture lies. `workers` is the number of processes (default: all cores; 1: this
    one only).
    """
    verification = _ArchiveVerification(path, trust, at, quick=quick, times=times)
    return verification.report(own_keys(trust, vkey), workers, progress or _silent)


class _ArchiveVerification:
    """What one verification has seen so far. Made from the outside in: later parts need the earlier ones."""

    def __init__(
        self, path: Path, trust: Path | None, at: datetime | None, *, quick: bool, times: bool
    ) -> None:
        self.path = path
        self.trust = trust
        self.at = at
        self.quick = quick
        self.times = times
        self.anchors = Anchors(path / "trust")
        if trust is not None and holds_roots(trust):
            self.anchors = Anchors(trust, pooled=True)
        self.signature = Faults("signature")
        self.timestamps = Faults("timestamps")
        self.retention = Faults("retention")
        self.statements = Faults("coverage")
        self.verifiers: tuple[Verifier, ...] = ()
        self.notes: dict[int, Note] = {}
        self.stamps = Stamps()
        self.removals = Removals()
        self.imports = LoggedImports()
        self.coverage = Coverage(path, self.removals)

    def report(self, own: Sequence[Verifier], workers: int | None, progress: Progress) -> Report:
        """All checks, in their fixed order."""
        layout, state = check_layout(self.path), check_state(self.path)
        self._read_notes()
        log = self._read_log(workers, progress)
        given, newer = choose_given(own, self.verifiers)
        keys, facts = check_keys(log.keys, self.verifiers, self.notes, given, log.entries, newer=newer)
        witnesses, witness_facts = check_witnesses(
            self.path / "log/cosignatures",
            self.notes,
            self.trust or self.path / "trust",
            pooled=self.trust is not None,
            configured=self._witness_names(),
        )
        self._check_noted_checkpoints(log)
        good = self._good(log)
        checks = (
            layout,
            state,
            check_settings(self.path, log.settings),
            log.log.check(good["log"], _RESTORE),
            self.signature.check(good["signature"], _RESTORE),
            keys,
            check_key(self.path, self.verifiers),
            self._sealed(log),
            self._unless_quick(log.manifests, good["manifests"]),
            self._coverage(log),
            self._unless_quick(log.records, good["records"]),
            self._retention(log),
            check_imports(self.path, self.imports, quick=self.quick),
            check_quarantine(self.path, [*log.recovered, *self.imports.refused]),
            self._timestamps(),
            check_validity(self.stamps, log.named, self.at),
            witnesses,
            check_ots(self.path / "log/ots", self.notes),
            self._bracket(log),
        )
        at = None if self.at is None else self.at.isoformat()
        return Report(
            str(self.path),
            tuple(check for check in checks if check is not None),
            "archive",
            _distinct((*facts, *witness_facts)),
            tuple(self._times(log)) if self.times else (),
            at,
        )

    def _read_notes(self) -> None:
        try:
            self.verifiers = read_verifiers(self.path / "trust/log.vkey")
        except FormatError as error:
            self.signature.add(f"trust/{error}")
        self.notes = read_notes(self.path / "log", self.verifiers, self.signature)
        for size, note in self.notes.items():
            lines = len(split_note(note.content)[1])
            if lines > 1:  # a log signs alone, and a witness's line has its own place, log/cosignatures
                self.signature.add(
                    f"log/checkpoints/{size} has {lines} signature lines; only the log's own belongs there"
                )
        contents = {size: note.content for size, note in self.notes.items()}
        self.stamps = check_stamps(self.path / "log/stamps", contents, self.anchors, self.timestamps)

    def _read_log(self, workers: int | None, progress: Progress) -> LogPass:
        folder = tile_folder(self.path)
        bundles = count_bundles(self.path, folder, max(self.notes, default=0))
        early = list(early_events(self.path, bundles))
        self.imports = logged_imports(self.path, bundles)
        self.removals = Removals.from_leaves(early, self.retention.add)
        closed = statements(early, self.removals, self.statements)
        self.coverage = Coverage(self.path, self.removals)
        self.coverage.expect(closed, fixed=self.quick)
        terms = Terms(
            archive=self.path,
            seals=self.stamps.seals,
            removals=self.removals,
            records=not self.quick,
            open_files=frozenset(self.coverage.present) - set(closed) if self.quick else frozenset(),
            times=self.times,
            brackets=None if self.quick else Brackets(self.stamps.verified),
            exhibited=exhibited_captures(early) if self.removals.events else None,
        )
        log = LogPass(terms, self.notes, self.coverage)
        # A file of another length is named by `coverage` too; in a full verification that is enough.
        sizes = self.coverage.present
        present = {
            name: closed[name]
            for name in sorted(closed)
            if name in sizes and (self.quick or sizes[name] == closed[name].length)
        }
        with FileDigests(self.path, present) as digests:
            if self.quick:
                log.run(folder, bundles, 1, _silent)
                digests.compare(self.statements, progress)
            else:
                log.run(folder, bundles, workers_for(self.coverage.size, workers), progress)
                digests.compare(self.statements, _silent)
        return log

    def _check_noted_checkpoints(self, log: LogPass) -> None:
        """The checkpoint that each change of keys names is there, with those very bytes."""
        for event in log.keys.events:
            try:
                noted = noted_checkpoint(event)
            except FormatError:
                continue  # the check `keys` names it
            if noted is None:
                continue
            name, note = f"log/checkpoints/{noted.size}", self.notes.get(noted.size)
            if note is None:
                self.signature.add(f"{name} is missing; entry {event.index}, {event.act}, names it")
            elif digest(note.content) != noted.sha256:
                self.signature.add(f"{name} is another than entry {event.index} names, {noted.sha256}")

    def _witness_names(self) -> tuple[str, ...]:
        """The witnesses that the settings name; none where they cannot be read, which the check `sealed` tells."""
        try:
            return tuple(witness.name for witness in read_config(self.path).witnesses)
        except (ConfigError, ArchiveMissing):
            return ()

    def _good(self, log: LogPass) -> dict[str, Words]:
        """What to say of each check that finds no fault."""
        entries, notes, captures = log.entries, len(self.notes), log.captures
        states, keys = _states(log), len(self.verifiers)
        read = "格式规范；" if not self.quick else ""
        form = "canonical; " if not self.quick else ""
        return {
            "log": Words(
                f"{entries} 条，{read}与各级树块一致；{notes} 个检查点的根均与之相符，"
                "因此每个检查点都是其后各检查点的开头部分",
                f"{entries} entries, {form}as in every tile; the roots of all {notes} checkpoint(s) are theirs,"
                " so each checkpoint is a prefix of every later one",
            ),
            "signature": Words(
                f"{notes} 个检查点由 trust/log.vkey 中的 {keys} 个密钥签名",
                f"{notes} checkpoint(s) signed by the {keys} key(s) in trust/log.vkey",
            ),
            "manifests": Words(f"{captures} 次采集：{states.zh}", f"{captures} capture(s): {states.en}"),
            "records": Words(
                f"{log.read} 条记录逐条解压，摘要和首部与采集清单一致",
                f"{log.read} record(s) inflated: digests and heads agree with their manifests",
            ),
        }

    def _unless_quick(self, faults: Faults, good: Words) -> Check:
        if faults.count or not self.quick:
            return faults.check(good, _RESTORE)
        skipped = Words(
            "快速核验：没有逐条读取采集清单和记录，只比对了文件摘要",
            "quick verification: manifests and records were not read one by one, only digests of files compared",
        )
        return not_checked(faults.name, skipped, _IN_FULL)

    def _coverage(self, log: LogPass) -> Check:
        if log.died:
            return failed("coverage", log.died, _RESTORE)
        return self.coverage.check(self.statements)

    def _retention(self, log: LogPass) -> Check | None:
        """Removed under retention is no damage; a removal of what was never logged is."""
        self.retention.merge(log.retention)
        if not self.removals.events and not self.retention.count:
            return None
        if not self.quick and not log.died and log.removed != self.removals.count:
            self.retention.add(
                f"removals name {self.removals.count} records, of which {log.removed} are logged as captured"
            )
        times = [event.time for event in self.removals.events]
        here, utc = _days(times, clock.BEIJING), _days(times, UTC)
        count, size = self.removals.count, self.removals.size
        good = Words(
            f"{count} 条记录（{size} 字节）已于 {here} 按保存期限删除，其摘要仍在日志中",
            f"{count} record(s), {size} bytes, removed under retention on {utc}; their digests are still in the log",
        )
        return self.retention.check(good, _EXPIRE_AGAIN)

    def _sealed(self, log: LogPass) -> Check:
        try:
            wanted = {authority.name for authority in read_config(self.path).asked(self._stamped_on())}
        except (ConfigError, ArchiveMissing) as error:
            restore = Words("从副本恢复 evidence.toml", "restore evidence.toml from a copy")
            return failed("sealed", str(error), restore)
        newest = max(self.notes, default=0)
        missing = list(_unsealed(newest, log.entries, wanted, self.stamps.verified))
        if missing:
            zh, en = "；".join(words.zh for words in missing), "; ".join(words.en for words in missing)
            return not_checked("sealed", Words(f"尚未封存：{zh}", f"unsealed: {en}"), _SEAL_NOW)
        names = sorted(wanted)
        detail = Words(
            f"检查点 {newest} 覆盖全部日志，已由 {'、'.join(names)} 加盖时间戳",
            f"checkpoint {newest} covers all entries and is stamped by {', '.join(names)}",
        )
        return passed("sealed", detail)

    def _stamped_on(self) -> date:
        """The day of the newest checkpoint's tokens: authorities are asked from one day until another."""
        newest = max(self.notes, default=0)
        moments = [stamp.gen_time for stamp in self.stamps.verified if stamp.size == newest]
        return max(moments, default=datetime.now(UTC)).date()

    def _timestamps(self) -> Check:
        verified, unjudged = self.stamps.verified, self.stamps.unjudged
        if not verified and not unjudged and not self.timestamps.count:
            return not_checked("timestamps", Words("没有时间戳", "there is no timestamp token"), _SEAL_NOW)
        tokens, sizes = len(verified), len({stamp.size for stamp in verified})
        given = Words("您提供的根证书", "the given roots")
        whose = given if self.anchors.pooled else Words("证据库 trust/ 中的根证书", "the archive's trust/")
        who, signed = _verified_by(verified), signers(verified)
        good = Words(
            f"{sizes} 个检查点的 {tokens} 个时间戳，以{whose.zh}核验无误（{who.zh}）；签发者：{signed.zh}",
            f"{tokens} token(s) over {sizes} checkpoint(s) verify against {whose.en} ({who.en});"
            f" signed by {signed.en}",
        )
        if not unjudged or self.timestamps.count:
            return self.timestamps.check(good, _RESTORE)
        told = "; ".join(unjudged[:5])
        return not_checked(
            "timestamps",
            Words(
                f"{good.zh}；另有 {len(unjudged)} 个无法判断，不计入：{told}",
                f"{good.en}; {len(unjudged)} could not be judged and do not count: {told}",
            ),
        )

    def _brackets(self, log: LogPass) -> Brackets:
        """By the tokens that hold at the given date; without one, by all that verified."""
        verified = self.stamps.verified
        return Brackets(verified if self.at is None else good_at(verified, log.named, self.at))

    def _bracket(self, log: LogPass) -> Check:
        brackets = self._brackets(log)
        last = max((stamp.size for stamp in self.stamps.verified), default=0)
        bounds = [brackets.not_after(0), brackets.not_after(last - 1)] if last else []
        times = [bound.time for bound in bounds if bound is not None]
        if not times and not log.bracket.count:
            nothing = _NO_TOKEN if self.at is None or not self.stamps.verified else _NONE_HOLDS
            return not_checked("bracket", nothing, _SEAL_NOW if nothing is _NO_TOKEN else _RENEWED)
        if not times:
            return log.bracket.check(remedy=_RESTORE)
        own = Words("；各次采集自述的时间与此不矛盾", "; no capture's own time contradicts this")
        also = NO_WORDS if self.quick else own
        detail = Words(
            f"日志序号 0 不晚于 {in_beijing(times[0])}，至序号 {last - 1} 不晚于 {in_beijing(times[-1])}{also.zh}",
            f"entry 0 existed by {clock.stamp(times[0])}, entries up to {last - 1} by {clock.stamp(times[-1])}"
            f"{also.en}",
        )
        return log.bracket.check(detail, _RESTORE)

    def _times(self, log: LogPass) -> Iterator[CaptureTime]:
        brackets = self._brackets(log)
        shared: dict[object, BoundFacts] = {}  # one object for all captures of a bound: memory
        for capture in log.captured:
            lower, upper = brackets.not_before(capture.after), brackets.not_after(capture.entry)
            if lower is not None and capture.after not in shared:
                shared[capture.after] = lower.to_facts()
            if upper is not None and upper.size not in shared:
                shared[upper.size] = upper.to_facts()
            yield CaptureTime(
                capture.capture,
                capture.entry,
                capture.url,
                capture.state,
                None if lower is None else shared[capture.after],
                None if upper is None else shared[upper.size],
            )


def _days(times: Iterable[str], zone: tzinfo) -> str:
    """The first and the last day of these events, in that zone."""
    days = sorted({_day(time, zone) for time in times})
    return " – ".join(dict.fromkeys((*days[:1], *days[-1:])))


def _day(time: str, zone: tzinfo) -> str:
    """As it is written where it is no time: whoever wrote the log may have written anything."""
    try:
        return f"{clock.parse(time).astimezone(zone):%Y-%m-%d}"
    except (ValueError, OverflowError):
        return time[:10]


def _unsealed(newest: int, entries: int, wanted: set[str], stamps: Sequence[Stamp]) -> Iterator[Words]:
    """What keeps an archive from being sealed; nothing when it is."""
    if newest < entries:
        yield Words(
            f"日志序号 {newest} 至 {entries - 1} 尚未列入已签名的检查点",
            f"entries {newest} to {entries - 1} are in no signed checkpoint",
        )
    if not wanted:
        yield Words(
            "evidence.toml 未配置时间戳机构", "no time-stamping authority is configured in evidence.toml"
        )
    for name in sorted(wanted - {stamp.authority for stamp in stamps if stamp.size == newest}):
        yield Words(f"检查点 {newest} 尚无 {name} 的时间戳", f"checkpoint {newest} has no token of {name}")


def _states(log: LogPass) -> Words:
    counts = sorted(log.states.items())
    return Words(
        "，".join(f"{STATES_ZH[state]} {count}" for state, count in counts) or "无",
        ", ".join(f"{count} {state}" for state, count in counts) or "none",
    )


def _verified_by(stamps: Sequence[Stamp]) -> Words:
    """Which tools said yes to how many tokens."""
    counts: dict[tuple[str, ...], int] = {}
    for stamp in stamps:
        counts[stamp.verified_by] = counts.get(stamp.verified_by, 0) + 1
    told = [(" + ".join(tools) or "?", count) for tools, count in sorted(counts.items())]
    return Words(
        "，".join(f"{tools} 核验 {count} 个" for tools, count in told) or "无",
        ", ".join(f"{count} by {tools}" for tools, count in told) or "none",
    )


def _distinct(keys: tuple[KeyFacts, ...]) -> tuple[KeyFacts, ...]:
    return tuple(dict.fromkeys(keys))


def _silent(_seen: int, _total: int) -> None:
    """Progress that nobody watches."""
