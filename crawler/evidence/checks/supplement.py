"""A supplement beside the bundle that it refers to: is it that bundle, and one log?"""

import re
from pathlib import Path

from crawler.errors import FormatError
from crawler.evidence.bundle import BAG_INFO, LOG, SUPPLEMENT_TO, TAG_MANIFEST
from crawler.evidence.checks.reading import read_small
from crawler.evidence.digest import digest
from crawler.evidence.note import split_note
from crawler.evidence.report import Check, Faults, Words

_LINE = re.compile(rf"^{SUPPLEMENT_TO}: (sha256:[0-9a-f]{{64}})$", re.MULTILINE)
_ASK = Words("请索取本包所补充的那个证据包", "ask for the bundle that this one supplements")


def check_supplement(bundle: Path, earlier: Path) -> Check:
    """`earlier` is the bundle that `bundle` names, and its newest checkpoint is among those of `bundle`.

    That each of these extends the one before is the check `consistency`. Never raises.
    """
    faults = Faults("supplement")
    try:
        named = _LINE.search(read_small(bundle / BAG_INFO).decode("utf-8", "replace"))
        found = digest(read_small(earlier / TAG_MANIFEST))
        if named is None:
            faults.add(f"{BAG_INFO} does not say that this is a supplement")
        elif named[1] != found:
            faults.add(f"it supplements the bundle {named[1]}; {earlier} is {found}")
        text, _ = split_note(read_small(earlier / LOG / "checkpoint"))
        size = text.split("\n")[1] if text.count("\n") > 1 else ""
        ours, _ = split_note(read_small(bundle / LOG / "checkpoints" / (size if size.isdecimal() else "0")))
        if ours != text:
            faults.add(f"the newest checkpoint of {earlier} (size {size}) is not among those of this bundle")
    except FormatError as error:
        faults.add(str(error))
    good = Words(
        f"本包是 {earlier} 的补充，二者出自同一日志", f"this supplements {earlier}, and both are of one log"
    )
    return faults.check(good, _ASK)
