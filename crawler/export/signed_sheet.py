"""The part of 核验说明 about papers that are signed inside by the organisation's certificate."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from crawler.evidence.checks.stamps import in_beijing

if TYPE_CHECKING:
    from crawler.export.pdf_signature import Stamping

_TEXT = """\
## {number}、文书内的机构电子签名

下列文书（在 `{folder}`）内含制作机构以数字证书所作的电子签名（PAdES，ISO 32000 和 ETSI EN 319 142），打印件上不显示：

{papers}

查看方法（任选其一）：

- 用 Adobe Acrobat Reader、福昕等阅读器打开，看“签名”面板：应当显示签名后文档未作修改，并显示签名人的证书；
- 装有 poppler-utils 的计算机，执行 `pdfsig {folder}/{first}`：应当显示 `Signature is Valid` 和
  `Total document signed`。

签名人的证书由哪一家机构签发、是否为您所信任，请向该机构核实：阅读器未安装其根证书时，会提示证书不受信任或者签名有效性未知，
这与内容有没有改动无关。签名中的时间戳由时间戳机构加盖；没有时间戳的，签名时间只是签名人计算机上的时间。
签名附加在文件末尾，文书本身未因签名而改变。
"""


def signed_text(papers: Mapping[str, "Stamping"], folder: str, number: str) -> str:
    """The section on the signed papers of this folder, by file name; empty where none is signed."""
    if not papers:
        return ""
    lines = [f"- `{name}`：{_stamped(stamping)}" for name, stamping in sorted(papers.items())]
    return _TEXT.format(number=number, folder=folder, papers="\n".join(lines), first=min(papers))


def _stamped(stamping: "Stamping") -> str:
    if stamping.gen_time is None:
        return "**没有时间戳**（签名时未能取得）"
    return f"时间戳由 {stamping.authority} 于 {in_beijing(stamping.gen_time)} 加盖"
