"""What the log says of the runs that captures come from: settings, environment checks, hosts that said no."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from crawler.evidence.manifest import event_beginning, parse_leaf
from crawler.export.papers.facts import CaseFacts, Json, capture_of

MOMENTS = {"before": "采集前", "after": "采集后"}
_ACTS = ("run-started", "run-resumed", "run-closed", "environment-checked", "host-stopped")


@dataclass(slots=True)
class Run:
    """One run, as its entries tell of it; `stopped`: host → reason."""

    id: str
    by: str = ""
    started: str = ""
    ended: str = ""
    begun: Json = field(default_factory=dict)
    closed: Json = field(default_factory=dict)
    checks: list[Json] = field(default_factory=list)  # details of environment-checked: before, after
    stopped: dict[str, str] = field(default_factory=dict)


def runs_of(facts: CaseFacts) -> list[Run]:
    """The runs of the captures that are handed over, in order of their beginning."""
    wanted = {capture_of(one).run for one in facts.captures.values()}
    found = {name: Run(name) for name in sorted(wanted)}
    for content in _events(facts, _ACTS):
        run = found.get(content["details"].get("run", ""))
        if run is not None:
            _add(run, content)
    return sorted(found.values(), key=lambda run: (run.started, run.id))


def _add(run: Run, content: Json) -> None:
    act, details = content["act"], content["details"]
    if act == "environment-checked":
        run.checks.append({**details, "time": content["time"]})
    elif act == "host-stopped":
        run.stopped[details["host"]] = details["reason"]
    elif act == "run-closed":
        run.ended, run.closed = content["time"], details
    elif not run.started:
        run.started, run.by, run.begun = content["time"], content["by"], details


def _events(facts: CaseFacts, acts: Sequence[str]) -> Iterator[Json]:
    beginnings = tuple(event_beginning(act) for act in acts)
    for entry in facts.archive.entries():
        if entry.leaf.startswith(beginnings):
            yield parse_leaf(entry.leaf)
