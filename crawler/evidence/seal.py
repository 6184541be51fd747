"""Sealing: sign the log as it stands, have every configured authority stamp it, keep all that they answer.

The retry queue is not a list of its own but a fact of the folder: an authority without a token on the newest
checkpoint is still to be asked, and log entries behind the newest checkpoint are still to be signed. So nothing
can be lost from it, and `evidence seal` drains it.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from crawler.config import AuthorityConfig
from crawler.errors import ConfigError, TimestampError
from crawler.evidence.archive import Archive
from crawler.evidence.durable import durable_write, sync_folder
from crawler.evidence.timestamp import Authority, Send, Token, ask

NOBODY = "no authority is configured: add an [[authority]] to evidence.toml and its roots to trust/"


@dataclass(frozen=True, slots=True)
class Seal:
    """The state of the newest checkpoint: its size, who has stamped it, who has not and why."""

    size: int
    stamped: dict[str, str]  # authority → genTime, for tokens that came now
    missing: dict[str, str]  # authority → reason
    kept: tuple[str, ...] = ()  # authorities that had stamped it before

    @property
    def sealed(self) -> bool:
        """Whether every configured authority has stamped the newest checkpoint."""
        return not self.missing


def seal(archive: Archive, send: Send, *, passphrase: bytes | None = None) -> Seal:
    """Sign and stamp. A TSA that fails is reported in `missing`, never raised: the others' tokens count.

    Raises DiskFull or RecordError when a token cannot be kept.
    """
    with archive.sealing:
        return _seal(archive, send, passphrase)


def _seal(archive: Archive, send: Send, passphrase: bytes | None) -> Seal:
    note = archive.sign_checkpoint(passphrase)
    size = archive.log.latest_checkpoint()[0].size
    folder = archive.path / "log/stamps" / str(size)
    waiting = [tsa for tsa in archive.config.authorities if not (folder / f"{tsa.name}.tsr").exists()]
    stamped, missing = {}, {}
    with ThreadPoolExecutor(max_workers=max(1, len(waiting))) as pool:
        asked = [(tsa, pool.submit(_ask, archive.path, tsa, note, send)) for tsa in waiting]
        for tsa, answer in asked:
            try:
                token = answer.result()
            except (TimestampError, ConfigError) as error:
                missing[tsa.name] = str(error)
            else:
                with archive.refusals():
                    keep(folder, tsa.name, token)
                stamped[tsa.name] = token.verified.gen_time.isoformat()
    if not archive.config.authorities:
        missing["-"] = NOBODY
    archive.refresh_seal()
    kept = tuple(tsa.name for tsa in archive.config.authorities if tsa not in waiting)
    return Seal(size, stamped, missing, kept)


def unsealed(archive: Archive) -> list[str]:
    """Why the archive is not sealed: one reason each; empty when it is."""
    checkpoint, _ = archive.log.latest_checkpoint()
    reasons = []
    if archive.log.size > checkpoint.size:
        reasons.append(f"{archive.log.size - checkpoint.size} log entries are not signed yet")
    folder = archive.path / "log/stamps" / str(checkpoint.size)
    reasons += [
        f"{tsa.name} has not stamped the newest checkpoint"
        for tsa in archive.config.authorities
        if not (folder / f"{tsa.name}.tsr").exists()
    ]
    if not archive.config.authorities:
        reasons.append(NOBODY)
    return reasons


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
    """A configured TSA with its roots from trust/NAME.pem. Raises ConfigError if that file is missing."""
    path = archive / "trust" / f"{config.name}.pem"
    if not path.is_file():
        raise ConfigError(f"{path} is missing: put the root certificate of {config.name} there (PEM)")
    return Authority.from_pem(config.name, config.url, path.read_bytes())


def _ask(archive: Path, config: AuthorityConfig, note: bytes, send: Send) -> Token:
    return ask(note, authority(archive, config), send)
