"""`evidence authority`, `evidence seal --renew` and `--status`, and `init --tsa` with a profile."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler.commands import authority as commands
from crawler.commands.authority_option import parse_authority, warnings_for
from crawler.config import AuthorityConfig, read_config
from crawler.demo.tsa import DemoAuthority
from crawler.errors import UsageError
from crawler.evidence.certificates import fingerprint
from crawler.evidence.profiles import profiles
from crawler.evidence.trust import read_roots
from tests.commands import Printed, evidence

WHO = ("--organisation", "某消委会", "--operator", "张三", "--contact", "wq@example.org")
assert commands.authority.name == "authority"


@pytest.fixture(scope="module")
def tsa(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoAuthority]:
    with DemoAuthority(tmp_path_factory.mktemp("tsa") / "a", "tsa-a", signer_days=2) as running:
        yield running


class Door:
    """`evidence --archive A …`."""

    def __init__(self, capsys: pytest.CaptureFixture[str], archive: Path) -> None:
        self._capsys, self.archive = capsys, archive

    def __call__(self, *arguments: object) -> Printed:
        return evidence(self._capsys, "--archive", self.archive, *arguments)


@pytest.fixture
def door(tmp_path: Path, tsa: DemoAuthority, capsys: pytest.CaptureFixture[str]) -> Door:
    door = Door(capsys, tmp_path / "a")
    trusted = f"tsa-a={tsa.url}={tsa.folder / 'trust.pem'}"
    assert door("init", *WHO, "--tsa", trusted).code == 0
    return door


def test_init_lists_the_root_with_its_dates(door: Door, tsa: DemoAuthority) -> None:
    (root,) = read_roots(door.archive / "trust")
    assert (root.authority, root.sha256) == ("tsa-a", fingerprint(tsa.trust_pem))
    assert door("verify").code == 3  # unsealed, and nothing failed
    listed = door("authority", "list", "--json").json
    assert [entry["name"] for entry in listed["authorities"]] == ["tsa-a"]
    assert listed["authorities"][0]["roots"][0]["sha256"] == root.sha256
    assert {entry["name"] for entry in listed["profiles"]} >= {"unitrust", "freetsa", "digicert"}
    shown = door("authority", "list").out
    assert "北京时间" in shown
    assert root.sha256 in shown
    assert "联合信任" in shown


def test_a_new_root_is_added_beside_the_old_one(door: Door, tmp_path: Path, tsa: DemoAuthority) -> None:
    """A rotation: afterwards tokens under both verify, and the archive itself tells who was added when."""
    assert door("seal").code == 0
    rotated = DemoAuthority(tmp_path / "rotated", "tsa-a")
    added = door("authority", "add", f"tsa-a={rotated.folder / 'trust.pem'}", "--json")
    assert added.code == 0
    assert [root["sha256"] for root in added.json["roots"]] == [fingerprint(rotated.trust_pem)]
    assert len(read_roots(door.archive / "trust")) == 2
    assert read_config(door.archive).authorities == (AuthorityConfig("tsa-a", tsa.url),)
    assert door("seal").code == 0
    verified = door("verify")
    assert verified.code == 0, verified.out
    again = door("authority", "add", f"tsa-a={rotated.folder / 'trust.pem'}")
    assert "没有新的根证书" in again.out


def test_an_authority_is_added_without_touching_the_rest_of_the_settings(
    door: Door, tmp_path: Path, tsa: DemoAuthority
) -> None:
    path = door.archive / "evidence.toml"
    path.write_text(path.read_text("utf-8") + "# 张三的备注", "utf-8")
    before = path.read_text("utf-8")
    other = DemoAuthority(tmp_path / "b", "tsa-b")
    assert door("authority", "add", f"tsa-b=http://127.0.0.1:1/={other.folder / 'trust.pem'}").code == 0
    assert path.read_text("utf-8").startswith(before + "\n")
    assert [known.name for known in read_config(door.archive).authorities] == ["tsa-a", "tsa-b"]
    moved = door("authority", "add", f"tsa-b=http://127.0.0.1:2/={other.folder / 'trust.pem'}")
    assert moved.code == 2
    assert "by hand" in moved.err


def test_a_profile_knows_the_address(tmp_path: Path, tsa: DemoAuthority) -> None:
    pem = tsa.folder / "trust.pem"
    known, _ = parse_authority(f"freetsa={pem}")
    assert known == AuthorityConfig("freetsa", "https://freetsa.org/tsr"), (
        "an unverified policy is not enforced"
    )
    known, trust = parse_authority(f"identrust={pem}")
    assert known.policy == profiles()["identrust"].policy != ""
    assert "SHA-256 5d56499b" in warnings_for(known, trust)[0], "this is not the root that was measured"
    own, trust = parse_authority(f"tsa-x=http://tsa.invalid/={pem}")
    assert (own.policy, warnings_for(own, trust)) == (None, [])
    with pytest.raises(UsageError, match="须与服务商签约"):
        parse_authority(f"unitrust={pem}")
    with pytest.raises(UsageError, match="no address is known for 'nobody'"):
        parse_authority(f"nobody={pem}")
    for wrong in ("freetsa", "=x", f"机构=http://tsa.invalid/={pem}", "freetsa=nosuch.pem"):
        with pytest.raises(UsageError, match="expected NAME=URL=ROOT"):
            parse_authority(wrong)


def test_the_state_of_each_authority_is_shown(door: Door, tsa: DemoAuthority) -> None:
    assert "尚无记录" in door("seal", "--status").out
    assert door("seal").code == 0
    assert door("seal", "--status", "--json").json["authorities"]["tsa-a"]["failures"] == 0
    text = (door.archive / "evidence.toml").read_text("utf-8")
    (door.archive / "evidence.toml").write_text(text.replace(tsa.url, "http://127.0.0.1:1/"), "utf-8")
    assert door("authority", "add", f"tsa-a={tsa.folder / 'trust.pem'}").code == 0
    assert door("seal").code == 3
    shown = door("seal", "--status")
    assert shown.code == 0
    assert "连续失败 1 次，下次自动请求" in shown.out
    assert "北京时间" in shown.out
    assert "did not answer" in shown.out
    assert door("seal", "--status", "--json").json["authorities"]["tsa-a"]["next_attempt"]


def test_renewing_says_until_when_and_3_if_nobody_offers_more(door: Door, tsa: DemoAuthority) -> None:
    assert door("seal").code == 0
    assert door("seal", "--renew", "--days", "1").code == 0
    poor = door("seal", "--renew")
    assert poor.code == 3
    assert "没有一家时间戳机构提供期限足够长的证书" in poor.out
    assert "tsa-a：最新的时间戳有效至" in poor.out
    tsa.change_signer(400)
    good = door("seal", "--renew", "--json")
    assert (good.code, good.json["complete"]) == (0, True)
    assert len(good.json["renewed"]) >= 1
    assert door("seal", "--renew").out.startswith("没有需要续盖的时间戳")


@pytest.mark.parametrize("wrong", [("--days", "3"), ("--status", "--renew"), ("--renew", "--days", "-1")])
def test_options_that_do_not_go_together(door: Door, wrong: tuple[str, ...]) -> None:
    assert door("seal", *wrong).code == 2
