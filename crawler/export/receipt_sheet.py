"""核验说明 of a receipt: how anybody verifies one capture with sha256sum and openssl, without our code."""

from pathlib import Path

from crawler import clock
from crawler.evidence.archive import Archive
from crawler.evidence.bundle import RECEIPT_RECORDS, RECEIPT_SUMS
from crawler.evidence.checks.stamps import in_beijing
from crawler.evidence.manifest import Capture
from crawler.evidence.report import STATES_ZH
from crawler.export import shell
from crawler.export.html_page import html_page
from crawler.export.kept_sheet import kept_text
from crawler.export.selection import Selected, Selection
from crawler.export.sheet import anchors, checkpoints_text, inclusion_command, stamps_text
from crawler.export.wording import how_kept, plain

_TEXT = """\
# 采集回执

本文件夹是一次网页采集的回执：该次采集的原始记录，以及证明它何时已经存在、此后没有改动的材料。

- 网址：{url}
- 采集编号：{capture}
- 采集时间（采集机器的时钟）：{started}
- 结果：{state}{reason}
- 保存方式：{kept}
- 可信时间：{bracket}

任何人都可以在不使用采集软件的情况下核验。需要 `sha256sum` 和 `openssl`（3.0 以上），无需联网；Windows 请使用
WSL 或者 Git Bash。打开终端，进入本文件夹（其中有 `{sums}`），逐条复制执行下列命令，一个方框为一条。显示 `OK`、
`Signature Verified Successfully` 或者 `Verification: OK` 为通过，其他显示或者没有显示为未通过。

回执能够证明：`{records}` 中的记录，其逐字节的摘要写入了一份只能追加的日志，日志不晚于上述时间即已加盖可信时间戳。
不能单独证明网站服务器确实发送过这些内容，也不能证明网页内容本身真实。
{rest}
## 一、请先自行取得信任依据

**仅用文件夹内自带的公钥和根证书核验，只能说明回执自身前后一致。** 请通过独立渠道取得下列各项并比对：

{anchors}

## 二、文件没有改动

{files}

{signature}

没有列在 `{sums}` 中的文件不属于本回执（`{sums}` 本身和对它的签名除外）。

## 三、日志的签名

`.txt` 是被签名的文本，`.sig` 是签名，公钥在 `log/keys`，文件名是密钥编号。

{checkpoints}

{consistency}## 四、采集清单确在日志之中（包含证明）

采集清单是 `log/leaves/{index}.json`（日志序号 {index}，从 0 起）。叶子摘要是 SHA-256(字节 00 ‖ 清单)，逐级与相邻
节点合并（SHA-256(字节 01 ‖ 左 ‖ 右)，RFC 6962），结果应当等于检查点中的根：

{inclusion}

## 五、原始记录与采集清单一致

`{records}` 由以下记录依次相连而成，每条是一个 gzip 成员，解开后是 WARC 1.1
记录。各条的 SHA-256 应当出现在采集清单里：

{cuts}

整个文件可以解压：

{gzip}

"""

_REST = """
该网页载入时的其他请求（脚本、图片、接口等）保存在采集档案中，不在本回执内。
"""


def receipt_sheet(
    archive: Archive, selection: Selection, selected: Selected, folder: Path
) -> tuple[str, str]:
    """The text as Markdown and as HTML. The rest of the receipt is in `folder` already."""
    capture = selected.leaf.capture
    if capture is None:
        raise ValueError(f"leaf {selected.index} is no capture")
    signatures, consistency = checkpoints_text(archive, "", selection.sizes)
    text = _TEXT.format(
        url=f"`{plain(capture.url)}`",
        capture=capture.id,
        started=clock.beijing(capture.started),
        state=STATES_ZH[capture.state],
        reason=f"（{plain(capture.reason)}）" if capture.reason else "",
        kept=plain(how_kept(capture)),
        rest=_REST if capture.look is not None else "",
        bracket=_bracket(selected),
        sums=RECEIPT_SUMS,
        records=RECEIPT_RECORDS,
        anchors=anchors(archive, folder, "", selection.stamps),
        files=shell.block(shell.sums(RECEIPT_SUMS)),
        signature=shell.block(shell.signed_by_log(RECEIPT_SUMS, "log/log.pem")),
        checkpoints=signatures,
        consistency=f"{consistency}\n" if consistency else "",
        index=selected.index,
        inclusion=shell.block(inclusion_command(archive, "", selected)),
        cuts=_cuts(capture, selected.index),
        gzip=shell.block(f"gzip -t {RECEIPT_RECORDS} && printf 'OK\\n'"),
    )
    text += "\n".join(
        part for part in (stamps_text(folder, "", selection.stamps, "六"), kept_text([capture], "七")) if part
    )
    return text, html_page(text)


def _bracket(selected: Selected) -> str:
    since = f"不早于 {in_beijing(selected.not_before)}" if selected.not_before else "无下限"
    until = f"不晚于 {in_beijing(selected.not_after)}" if selected.not_after else "尚未加盖时间戳，无上限"
    return f"{since}，{until}"


def _cuts(capture: Capture, index: int) -> str:
    offset, blocks = 0, []
    for record in capture.records:
        length = record.locator.length
        cut = f"tail -c +{offset + 1} {RECEIPT_RECORDS} | head -c {length}"
        what = f"{record.type} 记录，第 {offset + 1} 字节起，共 {length} 字节："
        blocks.append(f"{what}\n\n{shell.block(shell.record_in_leaf(cut, f'log/leaves/{index}.json'))}")
        offset += length
    return "\n\n".join(blocks)
