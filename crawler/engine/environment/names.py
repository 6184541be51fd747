"""Name resolution: the hosts file, the resolvers, and what several of them answer for the target hosts."""

import ipaddress
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import dns.exception
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype

from crawler.engine.environment.addresses import split_address
from crawler.engine.environment.bounded import Ended, plain, read_bounded, run_each
from crawler.engine.environment.result import Json, Judged, failed, passed, skipped
from crawler.engine.environment.rules import Rule
from crawler.engine.environment.setting import Setting
from crawler.evidence.digest import digest

SYSTEM = "system"
_MOST_LINES = 40  # of the hosts file
_MOST_ADDRESSES = 16  # of one answer
_FIRST, _SECOND = 1.5, 0.8  # seconds for the A and the AAAA question
_TOGETHER = 2.6  # seconds for one source


@dataclass(frozen=True, slots=True)
class Answer:
    """What one source says about a host: its addresses (none: no such name), and the name they belong to."""

    addresses: tuple[str, ...]
    alias: str = ""

    def to_json(self) -> Json:
        """For a result."""
        return {"addresses": list(self.addresses[:_MOST_ADDRESSES]), "alias": self.alias}


def hosts_file(setting: Setting, _rule: Rule) -> Sequence[Judged]:
    """Content and digest of the hosts file; it must not answer for a target host."""
    path = setting.places.hosts
    if not path.is_file():
        return [skipped("no-file")]
    content = read_bounded(path)
    lines = _entries(content)
    value: Json = {
        "sha256": digest(content),
        "entries": len(lines),
        "content": [plain(" ".join(line)) for line in lines[:_MOST_LINES]],
    }
    named = [host for host in setting.hosts if host.lower() in _named(lines)]
    if named:
        return [failed(value, "names-target", hosts="、".join(named))]
    return [passed(value)]


def _entries(content: bytes) -> list[list[str]]:
    """Address and names of each line (hosts(5))."""
    lines = content.decode("utf-8", "replace").splitlines()
    return [words for line in lines if len(words := line.partition("#")[0].split()) > 1]


def _named(lines: list[list[str]]) -> set[str]:
    return {name.lower() for _, *names in lines for name in names} - {"localhost"}


def resolvers(setting: Setting, _rule: Rule) -> Sequence[Judged]:
    """Which resolvers this machine asks (resolv.conf(5))."""
    path = setting.places.resolv
    if not path.is_file():
        return [skipped("no-file")]
    content = read_bounded(path)
    words = [line.split() for line in content.decode("utf-8", "replace").splitlines()]
    found = [plain(line[1], 60) for line in words if len(line) > 1 and line[0] == "nameserver"][:8]
    value: Json = {"sha256": digest(content), "resolvers": found, "asked": list(setting.resolvers)}
    return [passed(value)] if found else [failed(value, "none")]


def name_answers(setting: Setting, _rule: Rule) -> Sequence[Judged]:
    """For each target host: what this machine's own lookup says beside each configured resolver."""
    if not setting.hosts:
        return [skipped("no-hosts")]
    names = tuple(host for host in setting.hosts if not _is_address(host))
    questions: dict[tuple[str, str], Callable[[], Answer]] = {}
    for host in names:
        questions[host, SYSTEM] = lambda host=host: system_answer(host)  # type: ignore[misc]
        for resolver in setting.resolvers:
            questions[host, resolver] = lambda host=host, at=resolver: ask_resolver(host, at)  # type: ignore[misc]
    ended = run_each(questions, lambda _key: _TOGETHER)
    judged = [passed({}, "is-address", host) for host in setting.hosts if host not in names]
    for host in names:
        found = {source: ended[host, source] for source in (SYSTEM, *setting.resolvers)}
        judged.append(_compared(host, found, bool(setting.proxy)))
    return judged


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def system_answer(host: str) -> Answer:
    """As every program of this machine finds the host: hosts file, resolver, whatever is configured."""
    flags = socket.AI_CANONNAME
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=flags)
    except socket.gaierror as error:
        if error.errno in (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)):
            return Answer(())
        raise
    addresses = sorted({str(entry[4][0]).partition("%")[0] for entry in found})
    alias = next((entry[3] for entry in found if entry[3]), "")
    return Answer(tuple(addresses), _alias(alias))


def ask_resolver(host: str, resolver: str) -> Answer:
    """What a resolver says: A and AAAA. Raises OSError or DNSException if it does not answer, or refuses."""
    where, port = split_address(resolver, 53)
    first, alias = _asked(host, "A", where, port, _FIRST)
    second, _ = _asked(host, "AAAA", where, port, _SECOND)
    return Answer(tuple(sorted({*first, *second})), alias)


def _asked(host: str, kind: str, where: str, port: int, seconds: float) -> tuple[list[str], str]:
    query = dns.message.make_query(dns.name.from_text(host), kind)
    reply, _ = dns.query.udp_with_fallback(query, where, timeout=seconds, port=port)
    if reply.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        raise OSError(f"answered {dns.rcode.to_text(reply.rcode())}")
    if reply.rcode() == dns.rcode.NXDOMAIN or not isinstance(reply, dns.message.QueryMessage):
        return [], ""
    chain = reply.resolve_chaining()
    if chain.answer is None:
        return [], ""
    return [record.to_text() for record in chain.answer], _alias(chain.canonical_name.to_text())


def _alias(name: str) -> str:
    return plain(name.rstrip(".").lower())


def _compared(host: str, ended: Mapping[str, Ended[Answer]], proxied: bool) -> Judged:
    answers = {source: end.value for source, end in ended.items() if end.value is not None}
    value: Json = {
        source: end.value.to_json() if end.value is not None else {"problem": _problem(end)}
        for source, end in ended.items()
    }
    outcome, because = agreement(answers, proxied)
    value["agreement"] = because
    facts: dict[str, object] = {"host": host, "answered": len(answers)}
    return Judged(outcome, value, because, facts, host)  # type: ignore[arg-type]


def agreement(answers: Mapping[str, Answer], proxied: bool) -> tuple[str, str]:
    """Outcome and code for what the sources say about one host.

    Different public addresses are no failure: large sites answer by region. An address inside this network, a name
    that only this machine knows, or one that only this machine lacks, is what a redirected lookup looks like.
    """
    own = answers.get(SYSTEM)
    theirs = [answer for source, answer in answers.items() if source != SYSTEM]
    known = [answer for answer in theirs if answer.addresses]
    if proxied and not (own and own.addresses):
        return "skipped", "proxy-resolves"
    if len(answers) < 2 or not theirs:
        return "skipped", "too-few"
    if own is None or not own.addresses:
        return ("failed", "system-lacks") if known else ("skipped", "no-such-name")
    if not known:
        return "failed", "only-system"
    if not _public(own) and any(_public(answer) for answer in known):
        return "failed", "points-inside"
    if any(set(own.addresses) & set(answer.addresses) for answer in known):
        return "passed", "same-address"
    if any(own.alias and own.alias == answer.alias for answer in known):
        return "passed", "same-alias"
    return "passed", "different-addresses"


def _public(answer: Answer) -> bool:
    return any(ipaddress.ip_address(address).is_global for address in answer.addresses)


def _problem(end: Ended[Answer]) -> str:
    if end.error is None:
        return f"no answer within {end.seconds:g} s"
    if isinstance(end.error, dns.exception.Timeout):
        return "no answer in time"
    return plain(f"{type(end.error).__name__}: {end.error}", 120)
