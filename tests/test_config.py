"""evidence.toml: what is written is read back; whatever else somebody types there is answered with a clear error."""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from crawler.config import AuthorityConfig, Config, EnvironmentConfig, read_config
from crawler.errors import ArchiveMissing, ConfigError

GOOD = Config(
    origin="evidence.example.org/log",
    organisation='某某市"消费者"委员会\\',
    operator="张三",
    contact="wq@example.org",
    delay_seconds=7.5,
    pages_per_run=12,
    proxy="http://127.0.0.1:8080",
    authorities=(AuthorityConfig("tsa-a", "https://tsa.example.org/tsr"),),
)

WHO = "[archive]\norigin = 'a'\norganisation = 'b'\noperator = 'c'\ncontact = 'd'\n"


def read(folder: Path, text: str) -> Config:
    (folder / "evidence.toml").write_text(text, "utf-8")
    return read_config(folder)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    assert read(tmp_path, GOOD.to_toml()) == GOOD


def test_an_authority_may_have_a_policy_an_imprint_and_dates(tmp_path: Path) -> None:
    since, until = date(2026, 1, 1), date(2027, 3, 31)
    dated = AuthorityConfig("tsa-b", 'http://b.invalid/?a="', "1.2.3.4", "sm3", since, until)
    config = replace(GOOD, authorities=(*GOOD.authorities, dated))
    assert read(tmp_path, config.to_toml()) == config
    assert [authority.name for authority in config.asked(date(2026, 5, 1))] == ["tsa-a", "tsa-b"]
    for day in (date(2025, 12, 31), date(2027, 4, 1)):
        assert [authority.name for authority in config.asked(day)] == ["tsa-a"]
    assert all(dated.is_asked(day) for day in (since, until))


def test_the_environment_check_is_off_unless_it_is_asked_for(tmp_path: Path) -> None:
    assert not GOOD.environment.check
    assert "[environment]" not in GOOD.to_toml()
    asked = EnvironmentConfig(
        True, ("ntp.example", "[::1]:123"), ("127.0.0.1:5353", "[::1]"), "http://ip.example/?a=1"
    )
    for environment in (asked, EnvironmentConfig(True, (), ()), replace(asked, check=False)):
        config = replace(GOOD, environment=environment)
        assert read(tmp_path, config.to_toml()) == config


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("policy = 'freetsa'", "should be an OID"),
        ("policy = 1", "should be an OID"),
        ("imprint = 'md5'", "sha256 or sm3"),
        ("from = '2026-01-01'", "should be a date such as from = 2027-01-31"),
        ("until = 2026-01-01T00:00:00Z", "should be a date"),
        ("from = 2026-01-02\nuntil = 2026-01-01", "is before from"),
        ("polcy = '1.2'", "unknown setting polcy; known: name, url"),
    ],
)
def test_an_authority_with_a_wrong_setting_is_refused(tmp_path: Path, line: str, message: str) -> None:
    text = WHO + f"[[authority]]\nname = 'tsa-a'\nurl = 'http://a.invalid/'\n{line}\n"
    with pytest.raises(ConfigError, match=message):
        read(tmp_path, text)


def test_the_user_agent_names_a_contact() -> None:
    assert "wq@example.org" in GOOD.user_agent


def test_no_archive(tmp_path: Path) -> None:
    with pytest.raises(ArchiveMissing, match="evidence init"):
        read_config(tmp_path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("politeness = 5", "should be a section"),
        ("authority = 'x'", r"\[\[authority\]\]"),
        ("authority = [1]", r"\[\[authority\]\]"),
        ("[archive\n", "not valid TOML"),
        ("a" + ".a" * 400_000 + " = 1", "dots in a line: refused"),
        ("#" * (2 << 20), "bytes, more than 1048576: refused"),
        ("[politness]\ndelay_seconds = 1", "unknown section"),
        ("[politeness]\ndelay = 1", "unknown setting politeness.delay"),
        ("[politeness]\norigin = 'a'", "unknown setting politeness.origin"),
        ("[politeness]\ndelay_seconds = 'slow'", "should be of type float"),
        ("[politeness]\ndelay_seconds = -1", "should not be negative"),
        ("[politeness]\npages_per_run = true", "should be of type int"),
        ("[archive]\norigin = ''", "please fill in"),
        ("[archive]\norigin = 5", "should be of type str"),
        ("[network]\nproxy = 'http://user:secret@127.0.0.1:1'", "must hold no password"),
        ("[network]\nproxy = '127.0.0.1:1'", "should begin with http"),
        ("environment = 1", r"\[environment\] takes these settings: check, ntp"),
        ("[environment]\nntps = []", r"\[environment\] takes these settings: check, ntp"),
        ("[environment]\ncheck = 1", "true or false"),
        ("[environment]\nntp = 'a.example'", "environment.ntp should be a list"),
        ("[environment]\nntp = ['http://a.example']", "should be HOST or HOST:PORT"),
        ("[environment]\nntp = ['a.example:1234567']", "should be HOST or HOST:PORT"),
        ("[environment]\nresolvers = ['dns.example']", "should be an address such as 223.5.5.5"),
        ("[environment]\nresolvers = [1]", "environment.resolvers should be a list"),
        (f"[environment]\nntp = {[f'{n}.example' for n in range(9)]}", "has 9 entries; at most 8"),
        ("[environment]\negress = 'ftp://a.example'", "environment.egress"),
        ("[environment]\negress = 'http://li:x@a.example/'", "environment.egress"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, says: str) -> None:
    who = "" if "[archive" in text else WHO
    with pytest.raises(ConfigError, match=says):
        read(tmp_path, f"{text}\n{who}")


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    ("put", "says"),
    [
        (os.mkfifo, "is not a regular file"),
        (Path.mkdir, "is not a regular file"),
        (lambda path: path.symlink_to("/dev/zero"), "cannot be read"),
        (lambda path: path.symlink_to(path.name), "cannot be read"),
        (
            lambda path: (path.touch(), os.truncate(path, 3 << 30)),
            "3221225472 bytes, more than 1048576: refused",
        ),
        (lambda path: path.write_bytes(b"\xff"), "not valid TOML"),
    ],
)
def test_settings_that_are_no_small_file_are_refused(
    tmp_path: Path, put: Callable[[Path], object], says: str
) -> None:
    put(tmp_path / "evidence.toml")
    with pytest.raises(ConfigError, match=says):
        read_config(tmp_path)


def test_settings_are_missed_where_there_is_a_log(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    (tmp_path / "log/entries").touch()
    with pytest.raises(ArchiveMissing, match="make one with"):
        read_config(tmp_path)
    (tmp_path / "log/entries").write_bytes(b"x")
    with pytest.raises(ArchiveMissing, match="put back your copy"):
        read_config(tmp_path)
    (tmp_path / "log/entries").unlink()
    (tmp_path / "log/tile").mkdir()
    with pytest.raises(ArchiveMissing, match="put back your copy"):
        read_config(tmp_path)
    with pytest.raises(ArchiveMissing, match="make one with"):
        read_config(tmp_path / "nothing")


@pytest.mark.parametrize("name", ["", "a/b", "机构", "a b", "../a"])
def test_authority_names_are_file_names(tmp_path: Path, name: str) -> None:
    entry = f"\n[[authority]]\nname = '{name}'\nurl = 'https://a.example'\n"
    with pytest.raises(ConfigError, match="ASCII letters"):
        read(tmp_path, GOOD.to_toml() + entry)


def test_authorities_differ(tmp_path: Path) -> None:
    again = "\n[[authority]]\nname = 'tsa-a'\nurl = 'https://b.example'\n"
    with pytest.raises(ConfigError, match="should differ"):
        read(tmp_path, GOOD.to_toml() + again)


def test_control_characters_do_not_reach_the_file() -> None:
    with pytest.raises(ConfigError, match="control characters"):
        Config(origin="a", organisation="b\nc", operator="d", contact="e").to_toml()
