"""Files of OpenTimestamps: what they are over, and what they promise. Never passed: only Bitcoin can tell.

OTS/<size>/<calendar host>.ots
"""

from collections.abc import Mapping
from pathlib import Path

from crawler.errors import ConfigError, FormatError
from crawler.evidence.checks.notes import Note
from crawler.evidence.checks.reading import read_small, walk
from crawler.evidence.durable import is_unfinished
from crawler.evidence.ots import INSTALL, MAX_OTS, Block, OtsState, read_state
from crawler.evidence.report import Check, Faults, Words, not_checked

MOST_SHOWN = 3  # blocks that are named
_RESTORE = Words("从副本恢复", "restore it from a copy")
_UPGRADE = Words(
    "几小时后运行 `evidence ots upgrade`，向日历服务器索取区块路径",
    "some hours later run `evidence ots upgrade`, which asks the calendars for the path to a block",
)
_COMPARE = Words(
    "在比特币节点或区块浏览器中，核对该高度区块的 Merkle 根",
    "compare with the Merkle root of that block, on a Bitcoin node or in a block explorer",
)


def check_ots(folder: Path, notes: Mapping[int, Note]) -> Check | None:
    """What the files in `folder` say of `notes` (by size). None where there are none."""
    faults = Faults("opentimestamps")
    found: list[tuple[int, OtsState]] = []
    files = [] if not folder.is_dir() else [one for one in walk(folder) if not is_unfinished(Path(one[0]))]
    if not files:
        return None
    for name, regular in files:
        size, _, rest = name.partition("/")
        note = notes.get(int(size)) if size.isascii() and size.isdecimal() and len(size) < 19 else None
        if note is None or not regular or not rest.endswith(".ots") or str(note.checkpoint.size) != size:
            faults.add(
                f"ots/{name}: there is no checkpoint of this size, or this is no file of OpenTimestamps"
            )
            continue
        try:
            found.append((note.checkpoint.size, read_state(read_small(folder / name, MAX_OTS), note.content)))
        except FormatError as error:
            faults.add(f"ots/{name}: {error}")
        except ConfigError:
            words = Words(f"{len(files)} 份，未安装读取所需的库", f"{len(files)} file(s); {INSTALL}")
            return not_checked("opentimestamps", words)
    return faults.check(remedy=_RESTORE) if faults.count else _verdict(found)


def _verdict(found: list[tuple[int, OtsState]]) -> Check:
    blocks = [(size, block) for size, state in found for block in state.blocks]
    waiting = sum(1 for _, state in found if not state.blocks)
    promises = Words(
        f"{waiting} 份待完成：仅为日历服务器的承诺，不能证明时间",
        f"{waiting} file(s) pending: a calendar's promise only, it proves no time",
    )
    if not blocks:
        return not_checked("opentimestamps", promises, _UPGRADE)
    named = [_named(size, block) for size, block in blocks[-MOST_SHOWN:]]
    words = Words(
        f"{len(blocks)} 份指向比特币区块，尚未与区块核对：{'；'.join(one.zh for one in named)}"
        + (f"；{promises.zh}" if waiting else ""),
        f"{len(blocks)} lead to Bitcoin blocks, not compared with them: {'; '.join(one.en for one in named)}"
        + (f"; {promises.en}" if waiting else ""),
    )
    return not_checked("opentimestamps", words, _COMPARE)


def _named(size: int, block: Block) -> Words:
    return Words(
        f"检查点 {size}：区块 {block.height}，Merkle 根应为 {block.merkle_root}",
        f"checkpoint {size}: block {block.height} should have the Merkle root {block.merkle_root}",
    )
