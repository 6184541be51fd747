"""Names: the hosts file, the resolver list, and answers of real resolvers on loopback beside the machine's own."""

from pathlib import Path

import dns.rcode
import pytest

from crawler.engine.environment.names import (
    SYSTEM,
    Answer,
    agreement,
    ask_resolver,
    hosts_file,
    name_answers,
    resolvers,
)
from crawler.engine.environment.result import Judged
from crawler.engine.environment.rules import rules
from crawler.engine.environment.setting import Setting
from crawler.evidence.digest import digest
from tests.engine.environment.places import clean_places, said
from tests.engine.environment.servers import Records, name_server, silent_server, udp

LOCAL: Records = {"localhost.": {"A": ["127.0.0.1"], "AAAA": ["::1"]}}
OUTSIDE: Records = {"localhost.": {"A": ["8.8.8.8"]}}


def answers(setting: Setting) -> Judged:
    (judged,) = name_answers(setting, rules()["name-answers"])
    return judged


def test_a_clean_hosts_file(tmp_path: Path) -> None:
    places = clean_places(tmp_path)
    (judged,) = hosts_file(Setting(places=places, hosts=("shop.invalid", "localhost")), rules()["hosts-file"])
    assert judged.outcome == "passed"
    assert judged.value["sha256"] == digest(places.hosts.read_bytes())
    assert judged.value["content"] == ["127.0.0.1 localhost", "::1 localhost ip6-localhost"]


def test_a_hosts_file_that_answers_for_a_target(tmp_path: Path) -> None:
    places = clean_places(tmp_path)
    places.hosts.write_bytes(b"10.0.0.9\twww.Shop.invalid # ha\n#1.1.1.1 bbs.invalid\n\xff\xfe x\n")
    setting = Setting(places=places, hosts=("bbs.invalid", "www.shop.INVALID"))
    (judged,) = hosts_file(setting, rules()["hosts-file"])
    assert (judged.outcome, judged.because) == ("failed", "names-target")
    assert "www.shop.INVALID" in said("hosts-file", judged)
    assert "bbs" not in said("hosts-file", judged)


def test_a_hosts_file_of_many_lines_is_cut_and_its_digest_is_not(tmp_path: Path) -> None:
    places = clean_places(tmp_path)
    places.hosts.write_text("".join(f"0.0.0.0 ads{n}.invalid {'x' * 500}\n" for n in range(1000)))
    (judged,) = hosts_file(Setting(places=places), rules()["hosts-file"])
    assert (judged.value["entries"], len(judged.value["content"])) == (1000, 40)
    assert max(map(len, judged.value["content"])) <= 200


def test_the_resolvers_of_this_machine(tmp_path: Path) -> None:
    places = clean_places(tmp_path)
    (judged,) = resolvers(Setting(places=places), rules()["resolvers"])
    assert (judged.outcome, judged.value["resolvers"]) == ("passed", ["223.5.5.5", "::1"])
    places.resolv.write_text("search a.test\n")
    (judged,) = resolvers(Setting(places=places), rules()["resolvers"])
    assert judged.outcome == "failed"


def test_a_resolver_is_asked_for_both_sorts_of_address() -> None:
    records: Records = {
        "www.shop.test.": {"CNAME": ["cdn.shop.test."]},
        "cdn.shop.test.": {"A": ["203.0.113.2", "203.0.113.1"], "AAAA": ["2001:db8::1"]},
    }
    with name_server(records) as server:
        answer = ask_resolver("www.shop.test", server)
    assert answer == Answer(("2001:db8::1", "203.0.113.1", "203.0.113.2"), "cdn.shop.test")


def test_the_machine_and_two_resolvers_agree() -> None:
    with name_server(LOCAL) as one, name_server(LOCAL) as two:
        judged = answers(Setting(hosts=("localhost",), resolvers=(one, two)))
        assert (judged.outcome, judged.because, judged.subject) == ("passed", "same-address", "localhost")
        assert set(judged.value) == {SYSTEM, one, two, "agreement"}


def test_a_name_that_leads_inside_fails() -> None:
    with name_server(OUTSIDE) as server:
        judged = answers(Setting(hosts=("localhost",), resolvers=(server,)))
    assert (judged.outcome, judged.because) == ("failed", "points-inside")
    assert "localhost 解析到内部地址" in said("name-answers", judged)


def test_a_name_that_only_this_machine_knows_fails() -> None:
    with name_server({}) as server:
        judged = answers(Setting(hosts=("localhost",), resolvers=(server,)))
    assert (judged.outcome, judged.because) == ("failed", "only-system")


def test_a_name_that_this_machine_lacks_fails() -> None:
    with name_server({"shop.invalid.": {"A": ["8.8.8.8"]}}) as server:
        judged = answers(Setting(hosts=("shop.invalid",), resolvers=(server,)))
    assert (judged.outcome, judged.because) == ("failed", "system-lacks")


def test_a_name_that_nobody_knows_is_skipped() -> None:
    with name_server({}) as server:
        judged = answers(Setting(hosts=("shop.invalid",), resolvers=(server,)))
        assert (judged.outcome, judged.because) == ("skipped", "no-such-name")
        proxied = answers(Setting(hosts=("shop.invalid",), resolvers=(server,), proxy="http://127.0.0.1:1"))
        assert (proxied.outcome, proxied.because) == ("skipped", "proxy-resolves")


def test_resolvers_that_do_not_answer_are_named() -> None:
    with (
        udp(lambda _question: None) as mute,
        udp(lambda _question: b"rubbish") as rubbish,
        name_server({}, dns.rcode.REFUSED) as refusing,
        silent_server() as closed,
    ):
        asked = (mute, rubbish, refusing, closed)
        judged = answers(Setting(hosts=("localhost",), resolvers=asked))
        assert (judged.outcome, judged.because) == ("skipped", "too-few")
        assert all(judged.value[resolver]["problem"] for resolver in asked)
        assert "REFUSED" in judged.value[refusing]["problem"]


@pytest.mark.parametrize("host", ["a" * 70 + ".invalid", "..", "消协.invalid", "a b"])
def test_names_that_are_none_break_nothing(host: str) -> None:
    with name_server({}) as server:
        assert (
            answers(Setting(hosts=(host,), resolvers=(server,), proxy="http://p.invalid")).outcome
            == "skipped"
        )


def test_addresses_and_no_hosts_need_no_answer() -> None:
    assert answers(Setting(hosts=("203.0.113.9",))).because == "is-address"
    assert answers(Setting()).because == "no-hosts"


def test_large_sites_answer_by_region() -> None:
    """Different public addresses are no failure."""
    one, two = Answer(("8.8.8.8",), "cdn.test"), Answer(("1.1.1.1",), "cdn.test")
    assert agreement({SYSTEM: one, "a": two}, False) == ("passed", "same-alias")
    assert agreement({SYSTEM: one, "a": Answer(("1.1.1.1",), "other.test")}, False) == (
        "passed",
        "different-addresses",
    )
    assert agreement({SYSTEM: one}, False) == ("skipped", "too-few")
    assert agreement({"a": one, "b": two}, False) == ("failed", "system-lacks")
