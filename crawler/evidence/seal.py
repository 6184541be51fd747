"""Sealing: sign the log as it stands, have every configured authority stamp it, keep all that they answer.

The retry queue is not a list of its own but a fact of the folder: an authority without a token on the newest
checkpoint is still to be asked, and log entries behind the newest checkpoint are still to be signed. So nothing
can be lost from it, and `evidence seal` drains it. Only *when* a failing authority is asked again by itself is
kept in a file (crawler.evidence.retry).
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from crawler import clock
from crawler.config import AuthorityConfig
from crawler.errors import ConfigError, FormatError, NotJudged, TimestampError
from crawler.evidence.archive import Archive
from crawler.evidence.durable import durable_write, sync_folder
from crawler.evidence.retry import Attempts, read_attempts, write_attempts
from crawler.evidence.timestamp import Authority, Send, Token, ask, read_token
from crawler.evidence.trust import accepted, read_roots

NOBODY = "no authority is configured: add an [[authority]] to evidence.toml and its roots to trust/"


@dataclass(frozen=True, slots=True)
class Seal:
    """The state of the newest checkpoint: its size, who has stamped it, who has not and why."""

    size: int
    stamped: dict[str, str]  # authority → genTime, for tokens that came now
    missing: dict[str, str]  # authority → reason
    kept: tuple[str, ...] = ()  # authorities that had stamped it before
    unjudged: dict[str, str] = field(default_factory=dict)  # authority → why nobody here can judge its token
    retry_at: datetime | None = None  # when the first of the missing is due again by itself

    @property
    def sealed(self) -> bool:
        """Whether every configured authority has stamped the newest checkpoint, with tokens that verify."""
        return not self.missing and not self.unjudged


def seal(archive: Archive, send: Send, *, passphrase: bytes | None = None, patient: bool = False) -> Seal:
    """Sign and stamp. A TSA that fails is reported in `missing`, never raised: the others' tokens count.

    `patient`: a TSA that failed lately is not asked before its next attempt is due (crawler.evidence.retry).
    Raises DiskFull or RecordError when a token cannot be kept.
    """
    with archive.sealing:
        return _seal(archive, send, passphrase, patient=patient)


def _seal(archive: Archive, send: Send, passphrase: bytes | None, *, patient: bool) -> Seal:
    note = archive.sign_checkpoint(passphrase, sealing=True)
    size = archive.log.latest_checkpoint()[0].size
    folder = archive.path / "log/stamps" / str(size)
    asked = archive.config.asked()
    waiting = [tsa for tsa in asked if not (folder / f"{tsa.name}.tsr").exists()]
    attempts = _attempts(archive.path)
    now = datetime.now(UTC)
    due = [tsa for tsa in waiting if not patient or attempts.get(tsa.name, Attempts()).is_due(now)]
    tokens, missing = _ask_all(archive.path, due, note, send)
    for name, token in tokens.items():
        with archive.refusals():
            keep(folder, name, token)
    _remember(archive, attempts, tokens, missing)
    missing |= {tsa.name: _postponed(attempts[tsa.name]) for tsa in waiting if tsa not in due}
    if not asked:
        missing["-"] = NOBODY
    archive.refresh_seal()
    unjudged = _unjudged(folder, [tsa.name for tsa in asked])
    return Seal(
        size,
        {name: t.verified.gen_time.isoformat() for name, t in tokens.items() if t.verified is not None},
        missing,
        tuple(tsa.name for tsa in asked if tsa not in waiting and tsa.name not in unjudged),
        unjudged,
        _retry_at(attempts, missing),
    )


def _ask_all(
    archive: Path, due: list[AuthorityConfig], note: bytes, send: Send
) -> tuple[dict[str, Token], dict[str, str]]:
    """Ask all at once: the tokens, and the reasons where there is none."""
    tokens: dict[str, Token] = {}
    missing: dict[str, str] = {}
    with ThreadPoolExecutor(max_workers=max(1, len(due))) as pool:
        answers = [(tsa, pool.submit(_ask, archive, tsa, note, send)) for tsa in due]
        for tsa, answer in answers:
            try:
                tokens[tsa.name] = answer.result()
            except (TimestampError, ConfigError, FormatError) as error:
                missing[tsa.name] = str(error)
    return tokens, missing


def unsealed(archive: Archive) -> list[str]:
    """Why the archive is not sealed: one reason each; empty when it is."""
    checkpoint, _ = archive.log.latest_checkpoint()
    reasons = []
    if archive.log.size > checkpoint.size:
        reasons.append(f"{archive.log.size - checkpoint.size} log entries are not signed yet")
    folder = archive.path / "log/stamps" / str(checkpoint.size)
    asked = archive.config.asked()
    reasons += [
        f"{tsa.name} has not stamped the newest checkpoint"
        for tsa in asked
        if not (folder / f"{tsa.name}.tsr").exists()
    ]
    names = [tsa.name for tsa in asked]
    reasons += [f"{name}: {reason}" for name, reason in _unjudged(folder, names).items()]
    if not asked:
        reasons.append(NOBODY)
    return reasons


def _unjudged(folder: Path, names: list[str]) -> dict[str, str]:
    """Authorities whose token on this checkpoint is kept but cannot be judged here, with the reason."""
    found = {}
    for name in names:
        path = folder / f"{name}.tsr"
        try:
            reason = read_token(path.read_bytes()).beyond_tools if path.exists() else None
        except NotJudged as error:
            reason = str(error)
        except TimestampError:
            reason = None  # damaged since it was kept: for `evidence verify` to tell
        if reason is not None:
            found[name] = f"the token is kept, but nobody here can judge it: {reason}"
    return found


def keep(folder: Path, name: str, token: Token) -> None:
    """Store one stamp. The .tsr comes last: a stamp without it does not count and is asked for again.

    After a crash in between, the next start removes the rest (Archive.open).
    """
    folder.mkdir(parents=True, exist_ok=True)
    sync_folder(folder.parent)
    parts = {".tsq": token.tsq, ".chain.pem": token.chain_pem, ".tsr": token.tsr}
    try:
        for ending, content in parts.items():
            durable_write(folder / f"{name}{ending}", content)
    except OSError:
        for ending in parts:
            (folder / f"{name}{ending}").unlink(missing_ok=True)
        raise


def authority(archive: Path, config: AuthorityConfig) -> Authority:
    """A configured TSA with its roots from trust/NAME.pem, those that roots.toml accepts today.

    Raises ConfigError if that file is missing, TimestampError or FormatError if it is unfit.
    """
    trust = archive / "trust"
    path = trust / f"{config.name}.pem"
    if not path.is_file():
        raise ConfigError(f"{path} is missing: put the root certificate of {config.name} there (PEM)")
    found = Authority.from_pem(config.name, config.url, path.read_bytes(), config.policy, config.imprint)
    roots = accepted(found.roots, read_roots(trust), config.name, datetime.now(UTC))
    return replace(found, roots=roots)


def _ask(archive: Path, config: AuthorityConfig, note: bytes, send: Send) -> Token:
    return ask(note, authority(archive, config), send)


def _attempts(archive: Path) -> dict[str, Attempts]:
    """What is known of earlier attempts."""
    try:
        return read_attempts(archive)
    except FormatError:
        # It only schedules: with nothing known everybody is due, and the file is written anew. That it was
        # damaged is for the state digests to tell.
        return {}


def _remember(
    archive: Archive, attempts: dict[str, Attempts], tokens: dict[str, Token], missing: dict[str, str]
) -> None:
    """Note how each authority answered. A crash before leaves the old times: somebody is asked again too soon."""
    if not tokens and not missing:
        return
    now = datetime.now(UTC)
    for name in tokens:
        attempts[name] = attempts.get(name, Attempts()).succeeded(now)
    for name, reason in missing.items():
        attempts[name] = attempts.get(name, Attempts()).failed(now, reason)
    with archive.refusals():
        write_attempts(archive.path, attempts)


def _postponed(attempts: Attempts) -> str:
    return (
        f"failed {attempts.failures} time(s) in a row, next attempt at {attempts.next_attempt}; last:"
        f" {attempts.reason}"
    )


def _retry_at(attempts: dict[str, Attempts], missing: dict[str, str]) -> datetime | None:
    times = [attempts[name].next_attempt for name in missing if name in attempts]
    return min((clock.parse(time) for time in times if time is not None), default=None)
