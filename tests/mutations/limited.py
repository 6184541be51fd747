"""Verify in a process of its own that may use so much time and memory: `python -m tests.mutations.limited …`.

What it prints is a line of JSON: the report's exit code, its failed checks with their problems, seconds, megabytes.
"""

import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from crawler.evidence.verify import verify_bundle, verify_receipt, verify_wacz

SECONDS, MEGABYTES = 10, 500


def verified(subject: str, path: Path) -> dict[str, Any]:
    """The verdict, and what it took. Raises AssertionError if it crashed or did not end."""
    command = [sys.executable, "-m", "tests.mutations.limited", subject, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=10 * SECONDS, check=False)
    if done.returncode:
        raise AssertionError(f"the verifier crashed:\n{done.stderr[-2000:]}")
    return dict(json.loads(done.stdout))


def _peak() -> float:
    """Megabytes at most, of this program alone (ru_maxrss would be that of the parent too)."""
    status = Path("/proc/self/status").read_text("ascii", "replace")
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) / 1024


def _main(subject: str, path: Path) -> None:
    start = time.monotonic()
    verify = {"bundle": verify_bundle, "receipt": verify_receipt, "wacz": verify_wacz}[subject]
    report = verify(path, trust=None)
    told = {
        "exit_code": report.exit_code,
        "checks": {c.name: [c.status, *c.problems, c.detail] for c in report.checks},
        "seconds": time.monotonic() - start,
        "megabytes": _peak(),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    _main(sys.argv[1], Path(sys.argv[2]))
