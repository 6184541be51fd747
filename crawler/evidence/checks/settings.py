"""The check ``settings``: evidence.toml and the files in trust/ are what the log notes of them.

state-sha256.txt lists them too, but whoever can write it can make it fit; the log is signed and stamped.
"""

from pathlib import Path

from crawler.errors import FormatError
from crawler.evidence.checks.leaves import Leaf
from crawler.evidence.noted_settings import NOTED, noted_files, settings_files
from crawler.evidence.report import Check, Faults, Words

_SEAL_OR_RESTORE = Words(
    "如确系本单位所改，运行 `evidence seal`，由其记入日志；否则从副本恢复该文件",
    "if the change is yours, run `evidence seal`, which notes it; else restore the file from a copy",
)


def check_settings(archive: Path, noted: tuple[int, Leaf] | None) -> Check | None:
    """Compare the files with the newest event (leaf index, leaf).

    None where the log holds no such event: an earlier version did not write it.
    """
    if noted is None or noted[1].event is None:
        return None
    faults, (index, leaf) = Faults("settings"), noted
    try:
        wanted = noted_files(noted[1].event.details)
    except FormatError as error:
        faults.add(f"entry {index}, {leaf}: {error}")
        return faults.check(remedy=_SEAL_OR_RESTORE)
    try:
        found = settings_files(archive)
    except (FormatError, OSError) as error:
        faults.add(f"{error}; entry {index} of the log, {NOTED}, tells what should be there")
        return faults.check(remedy=_SEAL_OR_RESTORE)
    for name in sorted(set(wanted) | set(found)):
        _compare(name, wanted.get(name), found.get(name), index, faults)
    good = Words(
        f"evidence.toml 与 trust/ 中共 {len(found)} 个文件与日志序号 {index} 所记一致",
        f"evidence.toml and what is in trust/, {len(found)} file(s), are as entry {index} of the log notes them",
    )
    return faults.check(good, _SEAL_OR_RESTORE)


def _compare(name: str, wanted: str | None, found: str | None, index: int, faults: Faults) -> None:
    says = f"entry {index} of the log, {NOTED},"
    if found is None:
        faults.add(f"{name} is not there; {says} has {wanted}")
    elif wanted is None:
        faults.add(f"{name} is there with {found}; {says} does not name it")
    elif wanted != found:
        faults.add(f"{name} has {found}; {says} says {wanted}")
