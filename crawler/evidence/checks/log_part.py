"""The log's part of a bundle or a receipt: keys, checkpoints, tokens, witnesses, leaves and their proofs.

Whoever hands it over may have made all of it. What anchors it comes from the verifier: the TSA's roots and the
log's key, obtained elsewhere. Without them the checks show only that the part agrees with itself, and the check
`anchor` says so (not checked).
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from crawler.clock import BEIJING
from crawler.errors import FormatError, TimestampError
from crawler.evidence.bracket import Brackets
from crawler.evidence.bundle import public_pem
from crawler.evidence.bundle_signature import verify_bundle_signature
from crawler.evidence.checks.catalogue import Known
from crawler.evidence.checks.claims import Order, contradiction
from crawler.evidence.checks.inclusion import (
    Included,
    Part,
    check_consistency,
    check_originals,
    check_references,
    read_checkpoints,
    read_keys,
    read_leaves,
)
from crawler.evidence.checks.keys import KeyEvents, check_keys, choose_given
from crawler.evidence.checks.leaves import Leaf
from crawler.evidence.checks.notes import Note, own_keys
from crawler.evidence.checks.reading import read_small
from crawler.evidence.checks.stamps import (
    Anchors,
    Stamps,
    check_stamps,
    fingerprint,
    holds_roots,
    in_beijing,
    in_utc,
    signers,
)
from crawler.evidence.checks.validity import check_validity
from crawler.evidence.checks.witnesses import check_witnesses
from crawler.evidence.digest import digest
from crawler.evidence.note import Verifier
from crawler.evidence.renewal import good_at, tokens_named
from crawler.evidence.report import (
    NO_WORDS,
    CaptureTime,
    Check,
    Faults,
    KeyFacts,
    Words,
    failed,
    not_checked,
    passed,
)

ASK = Words("请索取另一份，并保留本份", "ask for another copy, and keep this one")
_SEALED = Words("请索取运行 `evidence seal` 之后导出的一份", "ask for a copy exported after `evidence seal`")
_COMPARE = Words(
    "将这些与日志所有人和时间戳机构公布的比对，再用 --trust 和 --vkey 给出",
    "compare these with what the log's owner and the authorities publish, then give --trust and --vkey",
)


class LogPart:
    """What has been read of a log's part. `trust` (a folder) and `vkey` (a line) are the verifier's own, or None."""

    def __init__(self, part: Part, trust: Path | None, vkey: str | None) -> None:
        self.part = part
        self.trust = trust
        self._own_roots = holds_roots(trust)
        names = ("signature", "consistency", "timestamps", "manifests", "inclusion")
        self._faults = {name: Faults(name) for name in names}
        self.verifiers = read_keys(part, self._faults["signature"])
        self.given, self._newer = choose_given(self._own_keys(vkey), self.verifiers)
        self._vouched = True
        self.notes: dict[int, Note] = read_checkpoints(part, self.verifiers, self._faults["signature"])
        self._pairs = check_consistency(part, self.notes, self._faults["consistency"])
        self.stamps = self._read_stamps()
        self.leaves: dict[int, Included] = read_leaves(
            part, self.notes, self._faults["manifests"], self._faults["inclusion"]
        )
        self.originals = check_originals(part, self.leaves, self.notes, self._faults["inclusion"])
        check_references(part, self.leaves, self.stamps.seals, self._faults["manifests"])

    @property
    def newest_key(self) -> Verifier | None:
        """The key that signs today: the one given from elsewhere where there is one of that name and id."""
        return self.verifiers[-1] if self.verifiers else None

    def checks(self, at: datetime | None) -> tuple[list[Check], tuple[KeyFacts, ...]]:
        """The checks from `signature` to `inclusion` in their order, and the keys that were seen."""
        keys, facts = check_keys(
            self._key_events(), self.verifiers, self.notes, self.given, newer=self._newer
        )
        self._vouched = keys.status == "passed"
        witnesses, witness_facts = check_witnesses(
            self.part.log / "cosignatures",
            self.notes,
            self.trust or self.part.root / "trust",
            pooled=self.trust is not None,
        )
        good = self._good()
        checks = [
            self._faults["signature"].check(good["signature"], ASK),
            keys,
            self._faults["consistency"].check(good["consistency"], ASK),
            self._timestamps(good["timestamps"]),
            check_validity(self.stamps, self._named(), at),
            witnesses,
            self._manifests(good["manifests"]),
            self._faults["inclusion"].check(good["inclusion"], ASK),
        ]
        return [check for check in checks if check is not None], (*facts, *witness_facts)

    def sealed(self) -> Check:
        """Whether a verified token covers every leaf."""
        stamped = {stamp.size for stamp in self.stamps.verified}
        left = [index for index, included in self.leaves.items() if included.size not in stamped]
        if left or not self.leaves:
            named = ", ".join(str(index) for index in left[:20])
            detail = Words(
                f"没有核验通过的时间戳覆盖日志序号 {named}", f"no verified timestamp covers leaves {named}"
            )
            return not_checked("sealed", detail, _SEALED)
        return passed("sealed", Words("各条均有核验通过的时间戳", "a verified timestamp covers every leaf"))

    def brackets(self, at: datetime | None) -> Brackets:
        """By the tokens that hold at that date; without one, by all that verified."""
        stamps = self.stamps.verified
        return Brackets(stamps if at is None else good_at(stamps, self._named(), at))

    def times(self, at: datetime | None) -> tuple[CaptureTime, ...]:
        """Between which trusted times each capture lies."""
        brackets = self.brackets(at)
        return tuple(
            brackets.of(index, included.leaf.after).to_facts(included.leaf.capture, index)
            for index, included in self.leaves.items()
            if included.leaf.capture is not None
        )

    def captures(self) -> dict[int, Known]:
        """The captures by leaf index, each with its bracket by all tokens that verified."""
        brackets = Brackets(self.stamps.verified)
        return {
            index: Known(included.leaf.capture, brackets.of(index, included.leaf.after))
            for index, included in self.leaves.items()
            if included.leaf.capture is not None
        }

    def bracket(self, at: datetime | None) -> Check:
        """Between which trusted times the captures lie; what they say of their own time must not contradict that."""
        brackets, faults, found = self.brackets(at), Faults("bracket"), []
        order, all_brackets = Order(), Brackets(self.stamps.verified)
        for index, included in self.leaves.items():
            leaf, name = included.leaf, f"{self.part.name('leaves')}/{index}.json, {included.leaf}"
            late = order.take(index, leaf, all_brackets.not_before(leaf.after))
            subject = leaf.capture or leaf.event
            own = brackets.of(index, leaf.after)
            wrong = None if subject is None else contradiction(subject, own)
            if wrong is not None or late is not None:
                faults.add(late or "" if wrong is None else f"{name}: {wrong}")
            if leaf.capture is not None:
                found.append(own)
        last = max((bracket.not_after.time for bracket in found if bracket.not_after), default=None)
        if last is None and not faults.count:
            nothing = Words("没有可信时间：没有核验通过的时间戳", "no trusted time: no token verified")
            return not_checked("bracket", nothing, _SEALED)
        known = [bracket.not_before.time for bracket in found if bracket.not_before]
        good = NO_WORDS if last is None else _span(min(known, default=None), last, len(found) - len(known))
        return faults.check(good, ASK)

    def anchor(self) -> Check:
        """Whether the key and the roots are the verifier's own."""
        missing: list[Words] = []
        if self.given is None or not self._vouched:
            missing.append(_named_key(self.newest_key))
        if not self._own_roots:
            missing += _root_fingerprints(self.part.root / "trust")
        if not missing:
            given = Words(
                "日志公钥和根证书与您自行取得的一致",
                "the log's key and the TSA roots are those that you gave",
            )
            return passed("anchor", given)
        detail = Words(
            f"公钥或者根证书取自所核验的内容本身，只能说明其前后一致：{'；'.join(one.zh for one in missing)}",
            f"taken from what is verified: {'; '.join(one.en for one in missing)}",
        )
        return not_checked("anchor", detail, _COMPARE)

    def _own_keys(self, vkey: str | None) -> tuple[Verifier, ...]:
        """The keys that the verifier got elsewhere, oldest first; none if there is no such thing."""
        try:
            return own_keys(self.trust, vkey)
        except FormatError as error:
            self._faults["signature"].add(f"the key you gave cannot be read: {error}")
            return ()

    def _read_stamps(self) -> Stamps:
        trust = self.part.root / "trust"
        own = self.trust if self._own_roots else None
        anchors = Anchors(trust) if own is None else Anchors(own, pooled=True)
        contents = {size: note.content for size, note in self.notes.items()}
        return check_stamps(self.part.root / "stamps", contents, anchors, self._faults["timestamps"])

    def _key_events(self) -> KeyEvents:
        events = KeyEvents()
        for index, included in self.leaves.items():
            if (event := included.leaf.event) is not None:
                events.add(index, event.act, event.details, event.time)
        return events

    def _named(self) -> Mapping[str, int]:
        """The smallest leaf that names each token. Only leaves that a proof binds to the log count."""
        named: dict[str, int] = {}
        for index, included in self.leaves.items():
            if included.size is not None:
                for token in _tokens_of(included.leaf):
                    named.setdefault(token, index)
        return named

    def _timestamps(self, good: Words) -> Check:
        faults = self._faults["timestamps"]
        if faults.count:
            return faults.check(good, ASK)
        if self.stamps.unjudged:
            told = "; ".join(self.stamps.unjudged[:5])
            return not_checked(
                "timestamps", Words(f"{good.zh}；无法判断：{told}", f"{good.en}; not judged: {told}")
            )
        if not self.stamps.verified:
            return not_checked("timestamps", Words("没有时间戳", "there is no timestamp token"), _SEALED)
        return passed("timestamps", good)

    def _manifests(self, good: Words) -> Check:
        faults = self._faults["manifests"]
        if not any(included.leaf.capture for included in self.leaves.values()):
            faults.add(f"{self.part.name('leaves')} holds no capture")
        return faults.check(good, ASK)

    def _good(self) -> dict[str, Words]:
        """What to say of each check that finds no fault."""
        notes, leaves, pairs = len(self.notes), len(self.leaves), self._pairs
        tools = "、".join(sorted({tool for stamp in self.stamps.verified for tool in stamp.verified_by}))
        tokens, now = len(self.stamps.verified), datetime.now(UTC)
        signed = signers(self.stamps.verified)
        whose = Words("您提供的根证书", "the given roots")
        if not self._own_roots:
            whose = Words("所附的根证书", "the roots that came along")
        return {
            "signature": Words(
                f"{notes} 个检查点的签名无误", f"{notes} checkpoint(s) are signed by the log's keys"
            ),
            "consistency": Words(
                f"{pairs + 1} 个检查点，后一个均以前一个的全部内容开头",
                f"{pairs + 1} checkpoint(s), each extends the one before it",
            ),
            "timestamps": Words(
                f"{tokens} 个时间戳以{whose.zh}核验无误（{tools}，{now.astimezone(BEIJING):%Y-%m-%d}）；"
                f"签发者：{signed.zh}",
                f"{tokens} token(s) verify against {whose.en} (by {tools}, {now:%Y-%m-%d}); signed by {signed.en}",
            ),
            "manifests": Words(f"日志中的 {leaves} 条", f"{leaves} leaves of the log"),
            "inclusion": self._included(),
        }

    def _included(self) -> Words:
        leaves, originals = len(self.leaves), len(self.originals)
        zh, en = f"{leaves} 条均在已签名的日志之中", f"{leaves} leaves are in the signed log"
        if not originals:
            return Words(zh, en)
        return Words(
            f"{zh}；脱敏副本所据的 {originals} 份原件未随本包交付，其摘要亦在日志之中",
            f"{en}; so are the {originals} originals of redacted captures, which are not handed over",
        )


def check_bundle_signature(name: str, folder: Path, verifier: Verifier | None) -> Check:
    """The log's newest key signed the list of files `name`: NAME.sig beside it."""
    if verifier is None:
        return failed("bundle-signature", "there is no key of the log to verify it with", ASK)
    try:
        verify_bundle_signature(read_small(folder / name), read_small(folder / f"{name}.sig"), verifier)
    except FormatError as error:
        return failed("bundle-signature", f"{name}.sig: {error}", ASK)
    detail = Words(
        f"日志密钥 {verifier.key_id.hex()} 签署了 {name}，覆盖每一个文件",
        f"key {verifier} of the log signed {name}, and so every file",
    )
    return passed("bundle-signature", detail)


def _named_key(newest: Verifier | None) -> Words:
    """The key as a reader can compare it: its DER as keys are printed, log.pem as `sha256sum` prints it."""
    if newest is None:
        return Words("日志公钥（无法读取）", "log key (unreadable)")
    pem = digest(public_pem(newest))[7:]
    return Words(
        f"日志公钥 {newest}（{newest.fingerprint}，log.pem 的 SHA-256 {pem}）",
        f"log key {newest} ({newest.fingerprint}; log.pem SHA-256 {pem})",
    )


def _tokens_of(leaf: Leaf) -> tuple[str, ...]:
    """The tokens that a leaf names; none where it names what are no tokens (the check `manifests` reads leaves)."""
    content: dict[str, Any] = {"after": {"tokens": list(leaf.after.tokens)} if leaf.after else None}
    if leaf.event is not None:
        content |= {"act": leaf.event.act, "details": leaf.event.details}
    try:
        return tokens_named(content)
    except FormatError:
        return ()


def _span(first: datetime | None, last: datetime, unbounded: int) -> Words:
    """The bracket in words; `unbounded` is the number of captures that commit to no earlier stamp."""
    if first is None:
        return Words(f"无下限，不晚于 {in_beijing(last)}", f"no lower bound, not after {in_utc(last)}")
    also = Words(f"；其中 {unbounded} 次采集无下限", f"; {unbounded} capture(s) commit to no earlier stamp")
    more = also if unbounded else NO_WORDS
    return Words(
        f"不早于 {in_beijing(first)}，不晚于 {in_beijing(last)}{more.zh}",
        f"not before {in_utc(first)}, not after {in_utc(last)}{more.en}",
    )


def _root_fingerprints(trust: Path) -> list[Words]:
    fingerprints: list[Words] = []
    for path in sorted(trust.glob("*.pem"))[:20]:
        try:
            roots, _ = Anchors(trust).roots(path.stem)
        except (FormatError, TimestampError, ValueError):
            continue  # named by the timestamps check
        fingerprints += [
            Words(
                f"根证书 {path.stem}（SHA-256 {fingerprint(root)}）",
                f"root {path.stem} (SHA-256 {fingerprint(root)})",
            )
            for root in roots
        ]
    return fingerprints
