"""What a check is told: the hosts it is about, whom to ask, how pages are shown, and where things lie."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from crawler.config import AuthorityConfig, Config, EnvironmentConfig


@dataclass(frozen=True, slots=True)
class Places:
    """Where a system keeps what is looked at. Tests have their own."""

    hosts: Path = Path("/etc/hosts")
    resolv: Path = Path("/etc/resolv.conf")
    release: Path = Path("/etc/os-release")
    boot: Path = Path("/proc/sys/kernel/random/boot_id")
    routes: Path = Path("/proc/net/route")
    routes6: Path = Path("/proc/net/ipv6_route")
    bundles: tuple[Path, ...] = (
        Path("/etc/ssl/certs/ca-certificates.crt"),  # Debian, Alpine
        Path("/etc/pki/tls/certs/ca-bundle.crt"),  # Fedora
        Path("/etc/ssl/ca-bundle.pem"),  # openSUSE
        Path("/etc/ssl/cert.pem"),  # macOS, BSD
    )
    added: tuple[Path, ...] = (
        Path("/usr/local/share/ca-certificates"),
        Path("/etc/pki/ca-trust/source/anchors"),
        Path("/etc/ca-certificates/trust-source/anchors"),
    )
    nss: Path = field(default_factory=lambda: Path.home() / ".pki/nssdb")
    policies: tuple[Path, ...] = (
        Path("/etc/chromium/policies/managed"),
        Path("/etc/chromium-browser/policies/managed"),
        Path("/etc/opt/chrome/policies/managed"),
    )
    browser_flags: Path = Path("/etc/chromium.d")
    container: tuple[Path, ...] = (Path("/.dockerenv"), Path("/run/.containerenv"))


@dataclass(frozen=True, slots=True)
class StatedTime:
    """A time that somebody else stated while we fetched a page: HTTP Date, and our own clock around it.

    All in milliseconds since 1970; `stated` has a resolution of one second. `source` is the host.
    """

    source: str
    stated: int
    began: int
    ended: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """All that a check depends on. The defaults are this machine, and nobody to ask.

    `hosts` are the target hosts, `dates` what their answers said in this run, `date_urls` whom to ask for a Date.
    """

    hosts: tuple[str, ...] = ()
    ntp: tuple[str, ...] = ()
    resolvers: tuple[str, ...] = ()
    egress: str = ""
    proxy: str = ""
    user_agent: str = "web-evidence"
    date_urls: tuple[str, ...] = ()
    dates: tuple[StatedTime, ...] = ()
    rendering: bool = False
    browser: str | None = None
    flags: tuple[str, ...] | None = None  # ours for the browser; None: we were not told
    profile: Literal["fresh", "persistent"] = "fresh"
    folder: Path = field(default_factory=Path)  # whose disk must have room
    archive: Path | None = None
    authorities: tuple[AuthorityConfig, ...] = ()
    probe_authorities: bool = False
    doctor: bool = False
    places: Places = field(default_factory=Places)
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))


def setting_of(
    config: Config | None,
    archive: Path | None,
    *,
    hosts: tuple[str, ...] = (),
    rendering: bool = False,
    doctor: bool = False,
    probe_authorities: bool = False,
    more_dates: tuple[str, ...] = (),
) -> Setting:
    """The setting for an archive; without one (`config` None) the defaults of [environment]."""
    environment = config.environment if config is not None else EnvironmentConfig()
    authorities = config.asked() if config is not None else ()
    return Setting(
        hosts=hosts,
        ntp=environment.ntp,
        resolvers=environment.resolvers,
        egress=environment.egress,
        proxy=config.proxy if config is not None else "",
        user_agent=config.user_agent if config is not None else "web-evidence",
        date_urls=((*(a.url for a in authorities), *more_dates) if environment.ntp else more_dates),
        rendering=rendering,
        folder=archive or Path(),
        archive=archive,
        authorities=authorities,
        probe_authorities=probe_authorities,
        doctor=doctor,
    )
