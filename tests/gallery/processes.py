"""Which processes a process started, from /proc: whether a browser is left over, and which part of it to end."""

from pathlib import Path

_TRACKER = "multiprocessing.resource_tracker"  # Python's own, of a test that ran before in this process


def descendants(of: int) -> dict[int, str]:
    """Process id → command line of all children, their children and so on; those that are only not yet reaped not."""
    parents, lines = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            # proc(5): pid (name) state parent …; the name may hold spaces and brackets.
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
            line = (folder / "cmdline").read_text("utf-8", "replace").replace("\0", " ")
        except OSError:
            continue  # it ended in this moment
        if state != "Z" and _TRACKER not in line:
            parents[int(folder.name)], lines[int(folder.name)] = int(parent), line
    found: dict[int, str] = {}
    wave = {of}
    while wave := {pid for pid, parent in parents.items() if parent in wave}:
        found |= {pid: lines[pid] for pid in wave}
    return found
