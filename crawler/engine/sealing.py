"""After a seal: ask the witnesses to cosign the checkpoint, and the calendars to take it. Neither makes it sealed."""

from dataclasses import dataclass

from crawler.engine.ots_http import ask_calendar
from crawler.engine.witness_http import post_checkpoint
from crawler.errors import ConfigError
from crawler.evidence.archive import Archive
from crawler.evidence.cosigning import Cosigned, collect_cosignatures
from crawler.evidence.ots import INSTALL, Submitted, installed, submit_newest


@dataclass(frozen=True, slots=True)
class Others:
    """What witnesses and calendars answered."""

    cosigned: Cosigned
    submitted: Submitted

    @property
    def warnings(self) -> list[str]:
        """Who did not, and why."""
        missing = {**self.cosigned.missing, **self.submitted.missing}
        return [f"{name}: {reason}" for name, reason in missing.items()]


def ask_others(archive: Archive) -> Others:
    """Ask whoever is configured. Failures are told, never raised: the archive is sealed by its authorities alone.

    Raises DiskFull or RecordError when an answer cannot be kept.
    """
    cosigned = collect_cosignatures(archive, post_checkpoint)
    return Others(cosigned, _submit(archive, cosigned.size))


def _submit(archive: Archive, size: int) -> Submitted:
    calendars = archive.config.calendars
    if not calendars:
        return Submitted(size, (), {})
    if not installed():
        return Submitted(size, (), dict.fromkeys(calendars, INSTALL))
    try:
        return submit_newest(archive, ask_calendar)
    except ConfigError as error:  # a library that is there but cannot be loaded
        return Submitted(size, (), dict.fromkeys(calendars, str(error)))
