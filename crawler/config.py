"""evidence.toml: who runs this archive, how politely it crawls, which authorities stamp it. No secrets."""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

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

[sealing]
every_captures = 500       # sign and stamp a checkpoint after so many captures
every_minutes = 10         # and after so many minutes

[network]
proxy = {proxy}                 # http://host:port, or "" for a direct connection; recorded in every capture
"""

_AUTHORITY = """
[[authority]]              # a time-stamping authority (RFC 3161); its roots are in trust/{name}.pem
name = "{name}"
url = "{url}"
"""


_SECTIONS = {
    "archive": ("origin", "organisation", "operator", "contact"),
    "politeness": ("delay_seconds", "jitter", "pages_per_run", "timeout_seconds", "max_page_megabytes"),
    "sealing": ("every_captures", "every_minutes"),
    "network": ("proxy",),
}


@dataclass(frozen=True, slots=True)
class AuthorityConfig:
    """One TSA: a short ASCII name (also its file name) and the URL that takes timestamp queries."""

    name: str
    url: str


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
    every_captures: int = 500
    every_minutes: float = 10.0
    proxy: str = ""
    authorities: tuple[AuthorityConfig, ...] = field(default=())

    def to_toml(self) -> str:
        """The text of evidence.toml."""
        text = _TEMPLATE.format(
            origin=_quoted(self.origin),
            organisation=_quoted(self.organisation),
            operator=_quoted(self.operator),
            contact=_quoted(self.contact),
            delay=self.delay_seconds,
            pages=self.pages_per_run,
            proxy=_quoted(self.proxy),
        )
        return text + "".join(_AUTHORITY.format(name=a.name, url=a.url) for a in self.authorities)

    @property
    def user_agent(self) -> str:
        """Honest, with a contact (law.md §8.1)."""
        return f"web-evidence/0.1 (consumer-protection evidence; contact: {self.contact})"


def read_config(archive: Path) -> Config:
    """Read ARCHIVE/evidence.toml. Raises ArchiveMissing or ConfigError (with the key and what is expected)."""
    path = archive / FILE
    if not path.is_file():
        entries = archive / "log/entries"
        if entries.is_file() and entries.stat().st_size > 0:
            raise ArchiveMissing(
                f"{path} is missing, but there is a log: put back your copy of that file (no `evidence init`)"
            )
        raise ArchiveMissing(f"no archive at {archive}: make one with `evidence init {archive}`")
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error
    return parse_config(path, text)


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
    return Config(**values, authorities=authorities)


def _parsed(path: Path, text: str) -> dict[str, Any]:
    try:
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error
    unknown = [section for section in content if section not in (*_SECTIONS, "authority")]
    if unknown:
        raise ConfigError(f"{path}: unknown section [{unknown[0]}]; known: {', '.join(_SECTIONS)}, authority")
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
    return AuthorityConfig(name, url)


def _quoted(text: str) -> str:
    if any(ord(character) < 32 or character == "\x7f" for character in text):
        raise ConfigError(f"{text!r}: control characters cannot stand in evidence.toml")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
