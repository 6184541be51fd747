"""What only `evidence doctor` looks at: is the archive's database intact, do its time-stamping authorities answer?"""

import secrets
from collections.abc import Sequence

from crawler import clock
from crawler.config import AuthorityConfig
from crawler.engine.environment.bounded import plain, run_each
from crawler.engine.environment.result import Json, Judged, failed, passed, skipped
from crawler.engine.environment.rules import Rule
from crawler.engine.environment.setting import Setting
from crawler.engine.post import post_query
from crawler.errors import EvidenceError
from crawler.evidence.timestamp import Authority, ask
from crawler.store.index import FILE, Index

_PROBLEMS = 20  # that SQLite lists


def database(setting: Setting, _rule: Rule) -> Sequence[Judged]:
    """SQLite's own check of evidence.db (``pragma integrity_check``)."""
    if setting.archive is None:
        return [skipped("no-archive")]
    try:
        with Index(setting.archive / FILE, writable=False) as index:
            found = [str(row[0]) for row in index.query(f"pragma integrity_check({_PROBLEMS})")]
    except EvidenceError as error:
        return [failed({}, "unreadable", problem=plain(error))]
    if found != ["ok"]:
        return [failed({"problems": len(found)}, "damaged", count=len(found), problem=plain(found[0], 120))]
    return [passed({"problems": 0})]


def authorities(setting: Setting, rule: Rule) -> Sequence[Judged]:
    """With `--tsa`: each authority stamps a random number, and its token is verified. Nothing of it is kept."""
    if setting.archive is None:
        return [skipped("no-archive")]
    if not setting.authorities:
        return [failed({}, "none")]
    if not setting.probe_authorities:
        return [
            skipped("not-asked", {"authorities": len(setting.authorities)}, count=len(setting.authorities))
        ]
    tasks = {entry.name: (lambda entry=entry: _probe(setting, entry)) for entry in setting.authorities}
    judged = []
    for name, ended in run_each(tasks, lambda _name: rule.seconds - 0.5).items():
        if ended.value is not None:
            judged.append(passed(ended.value, None, name))
        else:
            problem = plain(ended.error) if ended.error is not None else f"{ended.seconds:g} s"
            judged.append(failed({}, "no-token", name, name=name, problem=problem))
    return judged


def _probe(setting: Setting, entry: AuthorityConfig) -> Json:
    """Raises EvidenceError or OSError if there is no good token."""
    trust = (setting.archive or setting.folder) / f"trust/{entry.name}.pem"
    authority = Authority.from_pem(entry.name, entry.url, trust.read_bytes(), entry.policy, entry.imprint)
    token = ask(secrets.token_bytes(32), authority, post_query)
    if token.verified is None:
        return {"unjudged": plain(token.unjudged)}
    return {"stamped": clock.stamp(token.verified.gen_time)}
