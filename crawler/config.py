"""evidence.toml: who runs this archive, how politely it crawls, which authorities stamp it. No secrets."""

import ipaddress
import os
import re
import stat
import tomllib
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from crawler.attachment_limits import AttachmentLimits, attachment_limits
from crawler.errors import ArchiveMissing, ConfigError

FILE = "evidence.toml"

_TEMPLATE = """\
# 证据库设置。修改后运行 evidence seal，使新的内容进入日志和校验清单。
# Settings of this archive. No secrets here. After a change run: evidence seal

[archive]
origin = {origin}          # name of the log, in every checkpoint; never change it
organisation = {organisation}
operator = {operator}
contact = {contact}        # stands in the user agent, so that a site can reach you

[politeness]               # robots.txt is always obeyed and has no switch
delay_seconds = {delay}        # between two requests to one host; a longer Crawl-delay wins
jitter = 0.5               # the delay varies by this share
pages_per_run = {pages}       # a run stops after this many pages
timeout_seconds = 60
max_page_megabytes = 100   # a larger answer is cut, and its capture is partial

[render]                   # how the browser looks at pages (--render)
viewport_width = 1366
viewport_height = 900
device_scale = 1
page_seconds = 90          # for one page; then its capture is partial and says so
screens = 60               # scrolled at most
pages_at_once = 2

[sealing]
every_captures = 500       # sign and stamp a checkpoint after so many captures
every_minutes = 10         # and after so many minutes
passphrase = {passphrase}   # of keys/log.key: "none", "environment" (EVIDENCE_PASSPHRASE, or asked for) or "keyring"

[retention]
days = {days}                   # 0 = keep everything; else `evidence expire` removes older pages of no case

[network]
proxy = {proxy}                 # http://host:port, or "" for a direct connection; recorded in every capture
"""

_AUTHORITY = """
[[authority]]              # a time-stamping authority (RFC 3161); its roots are in trust/{name}.pem
name = "{name}"
url = {url}
"""

PASSPHRASES = ("none", "environment", "keyring")
IMPRINTS = ("sha256", "sm3")
_AUTHORITY_KEYS = ("name", "url", "policy", "imprint", "from", "until")
_HOST_PORT = re.compile(r"([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?")
_MOST_ASKED = 8  # time servers, and resolvers
_POLICY = re.compile(r"[0-2](\.[0-9]{1,39}){1,30}")

_WITNESS = """
[[witness]]                # cosigns our checkpoints (C2SP tlog-witness); its key is trust/witness-{name}.vkey
name = "{name}"
url = {url}                # where it takes checkpoints; "" for a witness reached by files only
"""

_CALENDARS = """
[opentimestamps]           # optional, never an anchor by itself; needs the extra [ots]
calendars = {urls}
"""

_ENVIRONMENT = """
[environment]              # state of the machine (清洁性检查), before and after each run; docs/environment.md
check = {check}
ntp = {ntp}   # time servers, HOST or HOST:PORT; [] asks nobody
resolvers = {resolvers}   # asked beside the system's own, by address; [] asks nobody
egress = {egress}                # a page that answers the caller's address; "" asks nobody
"""

_SECTIONS = {
    "archive": ("origin", "organisation", "operator", "contact"),
    "politeness": ("delay_seconds", "jitter", "pages_per_run", "timeout_seconds", "max_page_megabytes"),
    "render": (
        "viewport_width",
        "viewport_height",
        "device_scale",
        "page_seconds",
        "screens",
        "pages_at_once",
    ),
    "sealing": ("every_captures", "every_minutes", "passphrase"),
    "retention": ("days",),
    "network": ("proxy",),
}
_KNOWN = (*_SECTIONS, "authority", "witness", "opentimestamps", "environment", "attachments")


@dataclass(frozen=True, slots=True)
class AuthorityConfig:
    """One TSA: a short ASCII name (also its file name) and the URL that takes timestamp queries.

    `policy` is the OID that it must stamp under, `imprint` the digest that it is asked to stamp. It is asked from
    the day `since` on and up to the day `until`, both included (UTC); None: no such limit.
    """

    name: str
    url: str
    policy: str | None = None
    imprint: str = "sha256"
    since: date | None = None
    until: date | None = None

    def is_asked(self, on: date | None = None) -> bool:
        """Whether it is to stamp checkpoints of that day; today (UTC) by default."""
        day = on if on is not None else datetime.now(UTC).date()
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)

    def to_toml(self) -> str:
        """Its section of evidence.toml."""
        text = _AUTHORITY.format(name=self.name, url=_quoted(self.url))
        if self.policy is not None:
            text += f"policy = {_quoted(self.policy)}\n"
        if self.imprint != IMPRINTS[0]:
            text += f"imprint = {_quoted(self.imprint)}\n"
        if self.since is not None:
            text += f"from = {self.since.isoformat()}\n"
        if self.until is not None:
            text += f"until = {self.until.isoformat()}\n"
        return text


@dataclass(frozen=True, slots=True)
class WitnessConfig:
    """One witness: a short lower-case name (also its file name), and its submission prefix or ""."""

    name: str
    url: str = ""

    def to_toml(self) -> str:
        """Its section of evidence.toml."""
        return _WITNESS.format(name=self.name, url=_quoted(self.url))


@dataclass(frozen=True, slots=True)
class EnvironmentConfig:
    """Whether runs check the machine before and after, and whom they ask for it (the addresses have no scheme)."""

    check: bool = False
    ntp: tuple[str, ...] = ("ntp.ntsc.ac.cn", "ntp.aliyun.com", "time.cloudflare.com")
    resolvers: tuple[str, ...] = ("223.5.5.5", "119.29.29.29")
    egress: str = ""

    def to_toml(self) -> str:
        """Its section of evidence.toml; none for the defaults."""
        if self == EnvironmentConfig():
            return ""
        return _ENVIRONMENT.format(
            check="true" if self.check else "false",
            ntp=_listed(self.ntp),
            resolvers=_listed(self.resolvers),
            egress=_quoted(self.egress),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The settings of one archive, as read from evidence.toml."""

    origin: str
    organisation: str
    operator: str
    contact: str
    delay_seconds: float = 5.0
    jitter: float = 0.5
    pages_per_run: int = 2000
    timeout_seconds: float = 60.0
    max_page_megabytes: float = 100.0
    viewport_width: int = 1366
    viewport_height: int = 900
    device_scale: int = 1
    page_seconds: float = 90.0
    screens: int = 60
    pages_at_once: int = 2
    every_captures: int = 500
    every_minutes: float = 10.0
    passphrase: str = "environment"  # noqa: S105 - where that of the log's key comes from: one of PASSPHRASES
    days: int = 0  # [retention]: how long captures that belong to no case are kept; 0 = for ever
    proxy: str = ""
    authorities: tuple[AuthorityConfig, ...] = field(default=())
    witnesses: tuple[WitnessConfig, ...] = field(default=())
    calendars: tuple[str, ...] = field(default=())  # of OpenTimestamps; none unless asked for
    environment: EnvironmentConfig = field(default_factory=EnvironmentConfig)
    attachments: tuple[AttachmentLimits, ...] = field(default=())  # what sites take, written by a person

    def to_toml(self) -> str:
        """The text of evidence.toml."""
        text = _TEMPLATE.format(
            origin=_quoted(self.origin),
            organisation=_quoted(self.organisation),
            operator=_quoted(self.operator),
            contact=_quoted(self.contact),
            delay=self.delay_seconds,
            pages=self.pages_per_run,
            days=self.days,
            proxy=_quoted(self.proxy),
            passphrase=_quoted(self.passphrase),
        )
        text += "".join(authority.to_toml() for authority in self.authorities)
        text += "".join(witness.to_toml() for witness in self.witnesses)
        text += _CALENDARS.format(urls=_listed(self.calendars)) if self.calendars else ""
        return text + self.environment.to_toml()

    def asked(self, on: date | None = None) -> tuple[AuthorityConfig, ...]:
        """The authorities that stamp checkpoints of that day; today (UTC) by default."""
        return tuple(authority for authority in self.authorities if authority.is_asked(on))

    @property
    def user_agent(self) -> str:
        """Honest, with a contact (law.md §8.1)."""
        return f"web-evidence/0.1 (consumer-protection evidence; contact: {self.contact})"


_LONGEST = 1 << 20  # bytes of evidence.toml, and characters
_MOST_DOTS = 1000  # in one of its lines


def read_config(archive: Path) -> Config:
    """Read ARCHIVE/evidence.toml. Raises ArchiveMissing or ConfigError (with the key and what is expected)."""
    path = archive / FILE
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise _missing(archive) from error
    except OSError as error:
        raise ConfigError(f"{path} cannot be read (links are not followed): {error.strerror}") from error
    try:
        text = _read(path, descriptor).decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    finally:
        os.close(descriptor)
    return parse_config(path, text)


def _missing(archive: Path) -> ArchiveMissing:
    if _holds_log(archive):
        return ArchiveMissing(
            f"{archive / FILE} is missing, but there is a log: put back your copy of that file (no `evidence init`)"
        )
    return ArchiveMissing(f"no archive at {archive}: make one with `evidence init {archive}`")


def _holds_log(archive: Path) -> bool:
    try:
        return (archive / "log/tile").is_dir() or (archive / "log/entries").stat().st_size > 0
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:  # nobody may look: then something is there, and nothing new belongs in its place
        return True


def _read(path: Path, descriptor: int) -> bytes:
    """All of a regular file. An archive may be a stranger's, its settings a pipe, or of gigabytes."""
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise ConfigError(f"{path} is not a regular file: put back your copy of it")
    if status.st_size > _LONGEST:
        raise ConfigError(
            f"{path} has {status.st_size} bytes, more than {_LONGEST}: refused; put back your copy"
        )
    return os.pread(descriptor, status.st_size, 0)


def parse_config(path: Path, text: str) -> Config:
    """The settings in the text of `path` (named in messages only). Raises ConfigError."""
    content = _parsed(path, text)
    authorities = _authorities(path, content)
    values: dict[str, Any] = {
        key: _of_type(path, f"{section}.{key}", value, Config.__annotations__[key])
        for section in _SECTIONS
        for key, value in _table(path, content, section).items()
    }
    missing = [key for key in ("origin", "organisation", "operator", "contact") if not values.get(key)]
    if missing:
        raise ConfigError(f"{path}: please fill in [archive] {', '.join(missing)}")
    _require_open_proxy(path, values.get("proxy", ""))
    if values.get("passphrase", PASSPHRASES[0]) not in PASSPHRASES:
        raise ConfigError(f"{path}: sealing.passphrase should be one of: {', '.join(PASSPHRASES)}; no secret")
    witnesses, calendars = _witnesses(path, content), _calendars(path, content)
    environment = _environment(path, content)
    return Config(
        **values,
        authorities=authorities,
        witnesses=witnesses,
        calendars=calendars,
        environment=environment,
        attachments=attachment_limits(path, content),
    )


def _parsed(path: Path, text: str) -> dict[str, Any]:
    # An archive may be a stranger's, and tomllib takes the square of the parts of a dotted key.
    if len(text) > _LONGEST or any(line.count(".") > _MOST_DOTS for line in text.split("\n")):
        raise ConfigError(
            f"{path} has over {_LONGEST} characters, or over {_MOST_DOTS} dots in a line: refused"
        )
    try:
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error
    unknown = [section for section in content if section not in _KNOWN]
    if unknown:
        raise ConfigError(f"{path}: unknown section [{unknown[0]}]; known: {', '.join(_KNOWN)}")
    return content


def _table(path: Path, content: dict[str, Any], section: str) -> dict[str, Any]:
    table = content.get(section, {})
    if not isinstance(table, dict):
        raise ConfigError(f"{path}: {section} = {table!r} should be a section [{section}]")
    unknown = [key for key in table if key not in _SECTIONS[section]]
    if unknown:
        known = ", ".join(_SECTIONS[section])
        raise ConfigError(f"{path}: unknown setting {section}.{unknown[0]}; known: {known}")
    return table


def _require_open_proxy(path: Path, proxy: str) -> None:
    if proxy and not proxy.startswith(("http://", "https://")):
        raise ConfigError(f"{path}: network.proxy = {proxy!r} should begin with http:// or https://")
    if "@" in proxy:
        raise ConfigError(f"{path}: network.proxy must hold no password: it is recorded in every capture")


def _authorities(path: Path, content: dict[str, Any]) -> tuple[AuthorityConfig, ...]:
    entries = content.get("authority", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ConfigError(f"{path}: authority should be sections [[authority]] with name and url")
    found = tuple(_authority(path, entry) for entry in entries)
    names = [authority.name for authority in found]
    if len(set(names)) < len(names):
        raise ConfigError(f"{path}: authority names should differ: {', '.join(names)}")
    return found


def _witnesses(path: Path, content: dict[str, Any]) -> tuple[WitnessConfig, ...]:
    entries = content.get("witness", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ConfigError(f"{path}: witness should be sections [[witness]] with name and url")
    found = tuple(_witness(path, entry) for entry in entries)
    names = [witness.name for witness in found]
    if len(set(names)) < len(names):
        raise ConfigError(f"{path}: witness names should differ: {', '.join(names)}")
    return found


def _witness(path: Path, entry: dict[str, Any]) -> WitnessConfig:
    name, url = entry.get("name", ""), entry.get("url", "")
    if unknown := sorted(set(entry) - {"name", "url"}):
        raise ConfigError(f"{path}: unknown setting witness.{unknown[0]}; known: name, url")
    if not (isinstance(name, str) and re.fullmatch(r"[a-z0-9-]{1,64}", name)):
        raise ConfigError(f"{path}: witness name {name!r} should be lower-case letters, digits and hyphens")
    if not (isinstance(url, str) and (not url or url.startswith(("http://", "https://")))):
        raise ConfigError(
            f'{path}: witness {name}: url {url!r} should begin with http:// or https://, or be ""'
        )
    return WitnessConfig(name, url)


def _calendars(path: Path, content: dict[str, Any]) -> tuple[str, ...]:
    table = content.get("opentimestamps", {})
    if not isinstance(table, dict) or set(table) - {"calendars"}:
        raise ConfigError(f"{path}: [opentimestamps] takes one setting: calendars, a list of addresses")
    urls = table.get("calendars", [])
    if not isinstance(urls, list) or not all(isinstance(url, str) for url in urls):
        raise ConfigError(f"{path}: opentimestamps.calendars should be a list of addresses")
    if strange := [url for url in urls if not re.fullmatch(r"https?://[A-Za-z0-9.:/_~-]+", url)]:
        raise ConfigError(f"{path}: calendar {strange[0]!r} should begin with http:// or https://")
    return tuple(urls)


def _environment(path: Path, content: dict[str, Any]) -> EnvironmentConfig:
    table = content.get("environment", {})
    known = ("check", "ntp", "resolvers", "egress")
    if not isinstance(table, dict) or set(table) - set(known):
        raise ConfigError(f"{path}: [environment] takes these settings: {', '.join(known)}")
    found = EnvironmentConfig()
    check, egress = table.get("check", found.check), table.get("egress", found.egress)
    if not isinstance(check, bool):
        raise ConfigError(f"{path}: environment.check = {check!r} should be true or false")
    if not isinstance(egress, str) or not re.fullmatch(r"(https?://[A-Za-z0-9.:/_~?=&\[\]-]+)?", egress):
        raise ConfigError(f'{path}: environment.egress = {egress!r} should be an http(s) address, or ""')
    ntp = _addresses(path, "ntp", table.get("ntp", list(found.ntp)))
    resolvers = _addresses(path, "resolvers", table.get("resolvers", list(found.resolvers)))
    if named := [entry for entry in resolvers if not _is_numeric(entry)]:
        raise ConfigError(
            f"{path}: environment.resolvers: {named[0]!r} should be an address such as 223.5.5.5"
        )
    return EnvironmentConfig(check, ntp, resolvers, egress)


def _addresses(path: Path, key: str, entries: object) -> tuple[str, ...]:
    """Up to eight of HOST, HOST:PORT, [IPv6] and [IPv6]:PORT."""
    if not isinstance(entries, list) or not all(isinstance(entry, str) for entry in entries):
        raise ConfigError(f"{path}: environment.{key} should be a list of addresses")
    if strange := [entry for entry in entries if not _HOST_PORT.fullmatch(entry)]:
        raise ConfigError(f"{path}: environment.{key}: {strange[0]!r} should be HOST or HOST:PORT")
    if len(entries) > _MOST_ASKED:
        raise ConfigError(f"{path}: environment.{key} has {len(entries)} entries; at most {_MOST_ASKED}")
    return tuple(dict.fromkeys(entries))


def _is_numeric(entry: str) -> bool:
    host = entry[1:].partition("]")[0] if entry.startswith("[") else entry.partition(":")[0]
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _listed(urls: tuple[str, ...]) -> str:
    return f"[{', '.join(_quoted(url) for url in urls)}]"


def _of_type(path: Path, key: str, value: object, kind: type) -> object:
    accepted = (int, float) if kind is float else (kind,)
    if not isinstance(value, accepted) or isinstance(value, bool):
        raise ConfigError(f"{path}: {key} = {value!r} should be of type {kind.__name__}")
    if isinstance(value, int | float) and value < 0:
        raise ConfigError(f"{path}: {key} = {value!r} should not be negative")
    return value


def _authority(path: Path, entry: dict[str, Any]) -> AuthorityConfig:
    name, url = entry.get("name", ""), entry.get("url", "")
    if not (isinstance(name, str) and name.isascii() and name.replace("-", "").isalnum()):
        raise ConfigError(f"{path}: authority name {name!r} should be ASCII letters, digits and hyphens")
    if not (isinstance(url, str) and url.startswith(("http://", "https://"))):
        raise ConfigError(f"{path}: authority {name}: url {url!r} should begin with http:// or https://")
    unknown = [key for key in entry if key not in _AUTHORITY_KEYS]
    if unknown:
        known = ", ".join(_AUTHORITY_KEYS)
        raise ConfigError(f"{path}: authority {name}: unknown setting {unknown[0]}; known: {known}")
    policy, imprint = entry.get("policy"), entry.get("imprint", IMPRINTS[0])
    if policy is not None and not (isinstance(policy, str) and _POLICY.fullmatch(policy)):
        raise ConfigError(f"{path}: authority {name}: policy {policy!r} should be an OID such as 1.2.3.4")
    if imprint not in IMPRINTS:
        raise ConfigError(f"{path}: authority {name}: imprint {imprint!r} should be sha256 or sm3")
    since, until = (_day(path, name, key, entry.get(key)) for key in ("from", "until"))
    if since is not None and until is not None and until < since:
        raise ConfigError(f"{path}: authority {name}: until {until} is before from {since}")
    return AuthorityConfig(name, url, policy, imprint, since, until)


def _day(path: Path, name: str, key: str, value: object) -> date | None:
    if value is None:
        return None
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    raise ConfigError(
        f"{path}: authority {name}: {key} = {value!r} should be a date such as {key} = 2027-01-31"
    )


def _quoted(text: str) -> str:
    if any(ord(character) < 32 or character == "\x7f" for character in text):
        raise ConfigError(f"{text!r}: control characters cannot stand in evidence.toml")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
