"""Files of OpenTimestamps: whether they are whole and over our checkpoints, and what they promise.

    OTS/<size>/<calendar host>.ots

Passed says that and no more: a file is no evidence of time before somebody has compared its block's Merkle root
with Bitcoin, which nothing here does. So it takes nothing from an archive whose authorities have stamped it, and
adds nothing to it either; the words say so. Not checked is what cannot be read for want of the library.
"""

import stat
from collections.abc import Mapping
from pathlib import Path

from crawler.errors import ConfigError, FormatError
from crawler.evidence.checks.notes import Note
from crawler.evidence.checks.reading import kind_of, read_small, walk
from crawler.evidence.durable import is_unfinished
from crawler.evidence.ots import INSTALL, MAX_OTS, Block, OtsState, read_state
from crawler.evidence.report import Check, Faults, Words, not_checked, passed

MOST_SHOWN = 3  # blocks that are named
_RESTORE = Words("从副本恢复", "restore it from a copy")
_WHOLE = Words(
    "{count} 份文件格式正确，确为对检查点所作；均未与比特币区块核对，不作为时间证据",
    "{count} file(s) are well formed and over their checkpoints; none is compared with Bitcoin, so none is evidence"
    " of time",
)
_PROMISES = Words(
    "；{count} 份待完成，仅为日历服务器的承诺，不能证明时间（几小时后可运行 `evidence ots upgrade`）",
    "; {count} pending: a calendar's promise only, it proves no time (some hours later run `evidence ots upgrade`)",
)
_BLOCKS = Words(
    "；{count} 份指向区块，可在比特币节点或区块浏览器中核对 Merkle 根：{named}",
    "; {count} lead to blocks, whose Merkle roots anybody can compare on a Bitcoin node or in a block explorer:"
    " {named}",
)


def check_ots(folder: Path, notes: Mapping[int, Note]) -> Check | None:
    """What the files in `folder` say of `notes` (by size). None where there are none."""
    faults = Faults("opentimestamps")
    found: list[tuple[int, OtsState]] = []
    files = (
        []
        if kind_of(folder) != stat.S_IFDIR
        else [one for one in walk(folder) if not is_unfinished(Path(one[0]))]
    )
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
    zh, en = _WHOLE.zh.format(count=len(found)), _WHOLE.en.format(count=len(found))
    if waiting:
        zh, en = zh + _PROMISES.zh.format(count=waiting), en + _PROMISES.en.format(count=waiting)
    if blocks:
        named = [_named(size, block) for size, block in blocks[-MOST_SHOWN:]]
        complete = len(found) - waiting
        zh += _BLOCKS.zh.format(count=complete, named="；".join(one.zh for one in named))
        en += _BLOCKS.en.format(count=complete, named="; ".join(one.en for one in named))
    return passed("opentimestamps", Words(zh, en))


def _named(size: int, block: Block) -> Words:
    return Words(
        f"检查点 {size}：区块 {block.height}，Merkle 根应为 {block.merkle_root}",
        f"checkpoint {size}: block {block.height} should have the Merkle root {block.merkle_root}",
    )
