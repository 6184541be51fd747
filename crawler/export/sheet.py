"""核验说明: how anybody verifies a bundle with sha256sum, openssl and unzip, without our code.

Written once, as verify-zh.md, and as verify-zh.html for readers who do not know Markdown.

Every ```sh block is one command for a POSIX shell in the bundle's folder. It ends with status 0 if and only
if the thing holds; tests/export/test_sheet.py runs each one as printed, before and after tampering.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.evidence.archive import Archive
from crawler.evidence.bundle import (
    DATAPACKAGE,
    LOG,
    MANIFEST,
    SHEET,
    SHEET_PAGE,
    TAG_MANIFEST,
    VERIFIER_PAGE,
    WACZ,
    public_pem,
    signed_parts,
)
from crawler.evidence.checks.stamps import Stamp, in_beijing
from crawler.evidence.digest import digest
from crawler.evidence.manifest import Capture
from crawler.evidence.timestamp import split_trust
from crawler.export import shell
from crawler.export.html_page import html_page
from crawler.export.index_page import PAPERS
from crawler.export.kept_sheet import kept_text
from crawler.export.model import Case, Exhibit, in_order
from crawler.export.selection import Selected, Selection
from crawler.export.signed_sheet import signed_text
from crawler.export.wacz import PlacedRecord
from crawler.export.wording import plain

if TYPE_CHECKING:
    from crawler.export.pdf_signature import Stamping

ROOT = "data/"  # where the log's part lies, seen from the bundle's folder

_HEAD = """\
# 核验说明

案件：{title}（编号 {id}）　　提交人：{submitter}

（同一内容有两个文件：`{page}` 用浏览器打开，可以打印；`{sheet}` 是纯文本。另有 `{verifier}`：用浏览器打开，
选择本证据包的文件夹，即可自动核验其中大部分内容，不联网。本说明和该程序都由制作证据包的一方提供；不愿采信的，
可以从别处取得同一程序比对其 SHA-256，或者按本软件公开的通用步骤 docs/verify-by-hand.md 核验。）

任何人都可以在不使用采集软件的情况下核验本证据包。需要一台装有 `sha256sum`、`openssl`（3.0 以上）和 `unzip`
的计算机，无需联网：

- Linux：常见系统均已具备；
- Windows：请使用 WSL（适用于 Linux 的 Windows 子系统）或者 Git Bash（随 Git for Windows 安装，自带上述程序）。
  命令提示符和 PowerShell 不能执行下列命令。

打开终端，进入本证据包所在的文件夹（其中有 `bagit.txt`），逐条复制执行下列命令，一个方框为一条。

**怎样看结果**

- **通过**：显示 `OK`、`No errors detected`、`Signature Verified Successfully` 或者 `Verification: OK`。
- **未通过**：显示 `FAILED`、`Failure`、`error`、`bad`、`No such file` 等字样，或者没有任何显示。
- 未通过时 `sha256sum` 还会用英文汇总：`WARNING: 1 computed checksum did NOT match` 指 1 个文件的内容有改动，
  `WARNING: 1 listed file could not be read` 指 1 个文件缺失或者无法读取，
  `WARNING: 1 line is improperly formatted` 指清单本身有改动。全部通过时没有这些 WARNING。
- 下面两种提示是正常的，不表示未通过：`Using configuration from …`（openssl 说明其读取的配置文件）；
  `Warning: certificate from … is not a CA cert`（时间戳机构用于签名的证书本来就不是 CA 证书）。

## 一、能证明什么，不能证明什么

能证明：

1. 证据包中的每个文件与随包的清单一致，传递和保存过程中没有改动或者缺失，清单由日志密钥签名；
2. 每个网页的采集记录，其逐字节的摘要写入了一份只能追加、不能修改的日志，日志经 Ed25519 密钥签名；
3. 日志由时间戳机构加盖了 RFC 3161 可信时间戳，因此各网页记录**不晚于**该时间即已存在；
4. 采集清单（manifest，即每次采集的记录）写有此前一个时间戳的摘要的，还可以证明该清单写成的时间**不早于**那个时间戳。
   “不早于”是对采集清单而言：记录是在那个时间之后写成的；网页内容由网站于何时发布，不由此证明。

不能证明：

1. 不能单独证明网站服务器确实发送过这些内容（TLS 协议不提供不可抵赖性）。这一点需要结合采集过程记录、
   重复采集、第三方见证或者向平台调取数据相互印证；
2. 不能证明网页内容本身真实；
3. 不对任何行为的性质作出判断。本证据包为初步证据，涉及的行为均为“涉嫌”。
"""

_ANCHORS = """\
## 二、请先自行取得信任依据

证据包里附有日志公钥和时间戳机构的根证书，是为了方便；**仅用包内自带的公钥和根证书核验，只能说明证据包自身前后一致。**
请通过独立渠道（时间戳机构官方网站、日志所有人公开的公钥）取得下列各项，并与本说明以及下列命令的显示逐一比对：

{list}
"""

_FILES = """\
## 三、文件没有改动

核对证据包的全部文件（任何一个文件被改动或者缺失都会显示 FAILED）：

{manifest}

核对清单文件本身：

{tags}

以上两条不检查是否多出文件。凡是 `{manifest_name}` 和 `{tag_name}` 没有列出的文件，都不属于本证据包
（`{tag_name}` 本身和对它的签名除外）。

核对日志密钥对整个证据包的签名（签名覆盖 `{tag_name}`，也就覆盖了每一个文件；公钥请先按第二部分比对）：

{signature}

## 四、网页存档（WACZ）内部一致

`{wacz}` 是国际通行的网页存档格式，可以用 ReplayWeb.page 打开浏览，可以不联网。
浏览时如果网页的开头或者中间显示出 `28;a=b` 之类的短行，那是浏览工具把网站分块传输时的分块长度（带扩展项的
chunk size）当作文字显示，是该工具的局限，不是网页内容，也不是改动；存档中的记录是正确的，以记录为准。

核对压缩包完整，且其内部清单与制作时相同：

{unzip}

{datapackage}
"""

_LOG = """\
## 五、日志的签名

本证据包使用的日志检查点共 {count} 个，文件名即其包含的记录条数（检查点 N 包含日志序号 0 至 N−1）。
`.txt` 是被签名的文本，`.sig` 是签名，公钥在 `{log}/keys`，文件名是密钥编号。

{signatures}

{consistency}
## 六、某一份证据确在日志之中（包含证明）

以证据 {number}《{title}》的采集清单（日志序号 {index}（从 0 起），`{leaf}`）为例。
叶子摘要是 SHA-256(字节 00 ‖ 清单)，逐级与相邻节点合并（SHA-256(字节 01 ‖ 左 ‖ 右)，RFC 6962），
结果应当等于检查点中的根：

{inclusion}

其他证据的清单在 `{log}/leaves`，证明文件在 `{log}/proofs`（C2SP tlog-proof 格式），方法相同。

## 七、采集清单与网页存档一致

仍以证据 {number} 为例：从网页存档中取出该网页的记录（{member} 第 {first} 字节起，共 {length} 字节），计算 SHA-256，
应当出现在上一步已经证明的采集清单里：

{record}

其他记录的位置、SHA-256 和 SM3 摘要见 `data/hash-list.csv`。
"""

_STAMPS_TEXT = """\
## {number}、可信时间戳

每个时间戳都是时间戳机构对检查点文件的签名。根证书取自 `{trust}`，请先按第二部分比对其指纹，
或者把命令中的 `-CAfile` 换成您自行取得的根证书。`-attime` 是加盖时间，这样在证书到期以后仍可核验。

以最后一行的 `Verification: OK` 为准；其前的 `Using configuration from …`（每次都会显示）和
`Warning: certificate from … is not a CA cert`（有时显示）是正常的，见开头“怎样看结果”。
`Verification: FAILED` 表示未通过。

{stamps}
"""

_CONSISTENCY = """\
各检查点前后一致（后一个检查点的日志以前一个的全部内容开头，没有删改或者重排；证明见 `{log}/consistency`，
算法见 RFC 9162 第 2.1.4 节）：

{commands}
"""

_NO_STAMPS = """\
## {number}、可信时间戳

**尚未加盖时间戳。** 本证据包不能证明其内容在何时之前已经存在。
"""


def write_sheet(
    archive: Archive,
    case: Case,
    exhibits: Sequence[Exhibit],
    selection: Selection,
    placed: Sequence[PlacedRecord],
    datapackage: str,
    bag: Path,
    papers: Mapping[str, "Stamping"] | None = None,
) -> None:
    """Write data/verify-zh.md and data/verify-zh.html.

    `datapackage` is the digest of the WACZ's datapackage.json; `papers` are those that are signed inside, by name.
    """
    exhibit, place = _example(exhibits, selection, placed)
    kept = kept_text(_captures(exhibits, selection), "九")
    parts = [
        _head(case),
        _ANCHORS.format(list=anchors(archive, bag, ROOT, selection.stamps)),
        _files(datapackage),
        _log(archive, selection, exhibit, place),
        stamps_text(bag, ROOT, selection.stamps, "八"),
        kept,
        signed_text(papers or {}, PAPERS, "十" if kept else "九"),
    ]
    text = "\n".join(part for part in parts if part)
    (bag / SHEET).write_text(text, "utf-8")
    (bag / SHEET_PAGE).write_text(html_page(text), "utf-8")


def anchors(archive: Archive, base: Path, root: str, stamps: Sequence[Stamp]) -> str:
    """What the reader should obtain from elsewhere, each with a command that compares: a Markdown list."""
    newest = archive.log.verifiers[-1]
    sha256 = digest(public_pem(newest)).removeprefix("sha256:")
    lines = [
        f"- 日志公钥 `{root}log/log.pem`，文件的 SHA-256 为 `{sha256}`；C2SP 格式为 `{newest.line}`",
        "",
        shell.block(shell.same(f"sha256sum < {root}log/log.pem", f"{sha256}  -")),
    ]
    for authority in sorted({stamp.authority for stamp in stamps}):
        path = f"{root}trust/{authority}.pem"
        roots, _ = split_trust((base / path).read_bytes())
        lines += _root_lines(authority, path, roots)
    return "\n".join(lines)


def stamps_text(base: Path, root: str, stamps: Sequence[Stamp], number: str) -> str:
    """The section about the tokens, with one command for each."""
    if not stamps:
        return _NO_STAMPS.format(number=number)
    blocks = []
    for stamp in stamps:
        when = in_beijing(stamp.token.gen_time)
        about = f"{stamp.authority}，检查点 {stamp.size}，加盖时间 {when}，策略 {stamp.policy}："
        blocks.append(f"{about}\n\n{shell.block(shell.token(base, root, stamp))}")
    return _STAMPS_TEXT.format(number=number, trust=f"{root}trust", stamps="\n\n".join(blocks))


def checkpoints_text(archive: Archive, root: str, sizes: Sequence[int]) -> tuple[str, str]:
    """Commands for the signatures of these checkpoints, and the section that each extends the one before it."""
    signatures = [shell.block(_signature(archive, root, size)) for size in sizes]
    pairs = [(old, new) for old, new in pairwise(sizes) if old]
    commands = [
        shell.block(shell.consistency(root, old, new, archive.log.consistency(old, new)))
        for old, new in pairs
    ]
    extended = _CONSISTENCY.format(log=f"{root}log", commands="\n\n".join(commands)) if commands else ""
    return "\n\n".join(signatures), extended


def _head(case: Case) -> str:
    title, number, submitter = (plain(text) for text in (case.title, case.id, case.submitter))
    return _HEAD.format(
        title=title, id=number, submitter=submitter, page=SHEET_PAGE, sheet=SHEET, verifier=VERIFIER_PAGE
    )


def _captures(exhibits: Sequence[Exhibit], selection: Selection) -> list[Capture]:
    """The captures of the exhibits, each once, without those that only belong to them."""
    known = selection.captures()
    named = dict.fromkeys(identifier for exhibit in in_order(exhibits) for identifier in exhibit.captures)
    found = [known[identifier].leaf.capture for identifier in named]
    return [capture for capture in found if capture is not None]


def _example(
    exhibits: Sequence[Exhibit], selection: Selection, placed: Sequence[PlacedRecord]
) -> tuple[Exhibit, PlacedRecord]:
    """The first exhibit, and the page of its first capture (or whatever record that capture has)."""
    exhibit = in_order(exhibits)[0]
    index = selection.captures()[exhibit.captures[0]].index
    records = [place for place in placed if place.selected.index == index]
    return exhibit, min(records, key=lambda place: place.record.type not in ("response", "resource"))


def _root_lines(authority: str, path: str, roots: Sequence[bytes]) -> list[str]:
    lines = []
    for number, root in enumerate(roots, 1):
        which = f"（第 {number} 个，共 {len(roots)} 个）" if len(roots) > 1 else ""
        fingerprint = shell.colons(root)
        lines += [
            "",
            f"- 时间戳机构 {authority} 的根证书 `{path}`{which}，SHA-256 指纹：`{fingerprint}`",
            "",
        ]
    return [*lines, shell.block(shell.root_fingerprint(path, roots[0]))]


def _files(datapackage: str) -> str:
    sha256 = datapackage.removeprefix("sha256:")
    return _FILES.format(
        manifest=shell.block(shell.sums(MANIFEST)),
        tags=shell.block(shell.sums(TAG_MANIFEST)),
        signature=shell.block(shell.signed_by_log(TAG_MANIFEST, f"{LOG}/log.pem")),
        manifest_name=MANIFEST,
        tag_name=TAG_MANIFEST,
        wacz=WACZ,
        unzip=shell.block(f"unzip -tq {WACZ}"),
        datapackage=shell.block(shell.same(f"unzip -p {WACZ} {DATAPACKAGE} | sha256sum", f"{sha256}  -")),
    )


def _log(archive: Archive, selection: Selection, exhibit: Exhibit, place: PlacedRecord) -> str:
    selected, record = place.selected, place.record
    leaf = f"{LOG}/leaves/{selected.index}.json"
    cut = f"unzip -p {WACZ} {place.member} | tail -c +{place.offset + 1} | head -c {record.locator.length}"
    signatures, consistency = checkpoints_text(archive, ROOT, selection.sizes)
    return _LOG.format(
        count=len(selection.sizes),
        signatures=signatures,
        consistency=consistency,
        number=exhibit.number,
        title=plain(exhibit.title),
        index=selected.index,
        leaf=leaf,
        log=LOG,
        inclusion=shell.block(inclusion_command(archive, ROOT, selected)),
        member=place.member,
        first=place.offset + 1,
        length=record.locator.length,
        record=shell.block(shell.record_in_leaf(cut, leaf)),
    )


def inclusion_command(archive: Archive, root: str, selected: Selected) -> str:
    """The command that a leaf is in the log."""
    path = archive.log.prove(selected.index, selected.size)
    return shell.inclusion(root, selected.index, selected.size, path)


def _signature(archive: Archive, root: str, size: int) -> str:
    _, note = archive.log.checkpoint_at(size)
    signer = signed_parts(note, archive.log.verifiers).signer
    return shell.checkpoint_signature(root, size, signer.key_id.hex())
