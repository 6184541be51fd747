"""Settings that depend on the archive: where it is, how politely it crawls, who it says it is.

The archive is the setting EVIDENCE_ARCHIVE, else the environment's, else ./archive; so `scrapy crawl NAME`
records just as `evidence crawl NAME` does.
"""

import os
import secrets
from datetime import UTC, datetime
from pathlib import Path

from scrapy.settings import BaseSettings, Settings

from crawler.config import read_config
from crawler.errors import ConfigError

DEFAULT_ARCHIVE = "archive"
_PRIORITY = "addon"


class EvidenceAddon:
    """Scrapy addon; reads evidence.toml. Raises ArchiveMissing or ConfigError before anything is fetched."""

    def update_settings(self, settings: Settings) -> None:
        """Fill in what settings.py leaves open. Values given on the command line win and are logged."""
        archive = Path(
            settings.get("EVIDENCE_ARCHIVE") or os.environ.get("EVIDENCE_ARCHIVE") or DEFAULT_ARCHIVE
        )
        config = read_config(archive)
        require_robots(settings)
        values: dict[str, object] = {
            "EVIDENCE_ARCHIVE": str(archive.resolve()),
            "EVIDENCE_RUN": settings.get("EVIDENCE_RUN") or new_run(),
            "EVIDENCE_PROXY": config.proxy,
            "USER_AGENT": config.user_agent,
            "DOWNLOAD_DELAY": config.delay_seconds,
            "DOWNLOAD_DELAY_JITTER": config.jitter,
            "DOWNLOAD_TIMEOUT": config.timeout_seconds,
            "DOWNLOAD_MAXSIZE": int(config.max_page_megabytes * (1 << 20)),
            "DOWNLOAD_WARNSIZE": 0,
            "EVIDENCE_PAGES": config.pages_per_run,
            "EVIDENCE_ENVIRONMENT": config.environment.check,
        }
        for name, value in values.items():
            settings.set(name, value, _PRIORITY)


def new_run() -> str:
    """A run's name: UTC start and 4 random hex digits, e.g. ``20261122T081641-3f9a``."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(2)}"


def require_robots(settings: BaseSettings) -> None:
    """Raise ConfigError where somebody has tried to switch robots.txt off."""
    if not settings.getbool("ROBOTSTXT_OBEY"):
        raise ConfigError(
            "ROBOTSTXT_OBEY cannot be switched off: robots.txt is always obeyed (DESIGN §1); remove the setting"
        )
