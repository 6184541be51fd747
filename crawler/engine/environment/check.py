"""All checks at once, each with its own deadline; whatever one of them meets ends as its result."""

from collections.abc import Callable, Mapping, Sequence

from crawler.engine.environment import (
    archive_check,
    browser_check,
    clock_check,
    machine,
    names,
    network,
    programs,
    software,
    trust_store,
)
from crawler.engine.environment.bounded import Ended, plain, run_each
from crawler.engine.environment.result import Judged, Result, skipped
from crawler.engine.environment.rules import Rule, rules
from crawler.engine.environment.setting import Setting

Check = Callable[[Setting, Rule], Sequence[Judged]]

# The code of each check of rules.toml.
CHECKS: Mapping[str, Check] = {
    "operating-system": machine.operating_system,
    "users": machine.users,
    "uptime": machine.uptime,
    "disk-space": machine.disk_space,
    "programs": programs.programs,
    "software": software.software,
    "dependencies": software.dependencies,
    "browser-binary": browser_check.browser_binary,
    "browser-flags": browser_check.browser_flags,
    "browser-policies": browser_check.browser_policies,
    "browser-profile": browser_check.browser_profile,
    "fonts": browser_check.fonts,
    "hosts-file": names.hosts_file,
    "resolvers": names.resolvers,
    "name-answers": names.name_answers,
    "proxy-variables": network.proxy_variables,
    "proxy-setting": network.proxy_setting,
    "route": network.route,
    "egress": network.egress,
    "system-certificates": trust_store.system_certificates,
    "added-certificates": trust_store.added_certificates,
    "browser-certificates": trust_store.browser_certificates,
    "certificate-variables": trust_store.certificate_variables,
    "clock": clock_check.clock,
    "database": archive_check.database,
    "authorities": archive_check.authorities,
}


def check_environment(setting: Setting) -> list[Result]:
    """Every check of rules.toml, in its order. Raises nothing for what it finds, or cannot find.

    Takes as long as the slowest check may: 3 s, the digest of a browser that was not yet read 10 s.
    """
    wanted = {name: rule for name, rule in rules().items() if setting.doctor or not rule.only_doctor}
    tasks = {
        name: (lambda check=CHECKS[name], rule=rule: check(setting, rule)) for name, rule in wanted.items()
    }
    ended = run_each(tasks, lambda name: wanted[name].seconds)
    return [
        wanted[name].result(judged)
        for name, end in ended.items()
        for judged in (end.value if end.value is not None else [_not_made(end)])
    ]


def _not_made(end: Ended[Sequence[Judged]]) -> Judged:
    """A check that broke or hung is a fact to be written down, not the end of a run."""
    if end.error is None:
        return skipped("too-slow", seconds=f"{end.seconds:g}")
    return skipped("broken", problem=plain(f"{type(end.error).__name__}: {end.error}", 160))
