"""附件目录: what lies in which part of a submission, with digests."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from crawler.attachment_limits import AttachmentLimits
from crawler.export.attachments.papers import BundlePapers
from crawler.export.attachments.pieces import LeftOut, Piece
from crawler.export.csv_text import csv_text
from crawler.export.papers.html import paragraph, table
from crawler.export.papers.pdf import pdf

_COLUMNS = ("部分", "文件", "内容", "页", "字节", "SHA-256", "SM3")
_WIDTHS = (5, 17, 20, 6, 8, 22, 22)
_STYLE = (
    "@page { size: A4 landscape; margin: 14mm 12mm 18mm; } table { font-size: 8pt; table-layout: fixed; }"
)
_DIVIDED = (
    "注明“第几份”的文件由原文件按页拆分，各页内容不变，但不带 PDF 签名和书签；"
    "原文件在证据介质的 papers 文件夹。"
)


@dataclass(frozen=True, slots=True)
class Kept:
    """A piece that is to be uploaded; its bytes lie at `path`."""

    piece: Piece
    path: Path
    size: int  # bytes
    sha256: str  # hex, as sm3
    sm3: str

    def name(self, number: int) -> str:
        """Of its file, the one with this number in its part."""
        return f"{number:02}-{self.piece.name}"


class Index:
    """The index of these parts: lists of what lies in each."""

    def __init__(self, parts: Sequence[Sequence[Kept]], left: Sequence[LeftOut]) -> None:
        self._parts = len(parts)
        self._left = left
        self._divided = any(one.piece.of > 1 for members in parts for one in members)
        self._rows = [
            _row(part, number, one)
            for part, members in enumerate(parts, 1)
            for number, one in enumerate(members, 1)
        ]

    def csv(self) -> bytes:
        """As a table; what is left out stands at its end."""
        left = [("—", one.paper, f"{one.title}：{one.why}", "", str(one.size), "", "") for one in self._left]
        return csv_text((_COLUMNS, *self._rows, *left))

    def pdf(self, about: BundlePapers, limits: AttachmentLimits) -> bytes:
        """To be uploaded with each part."""
        told = (
            f"以下 {len(self._rows)} 个文件分 {self._parts} 个部分提交（{limits.name}：每部分不超过"
            f" {limits.most_files} 个文件，单个文件不超过 {limits.most_bytes} 字节），各部分均附本目录。"
        )
        whole = f"完整证据包另以介质提交，其总摘要（tagmanifest-sha256.txt 的 SHA-256）为 {about.total}。"
        left = [(one.paper, str(one.size), one.why) for one in self._left]
        body = "".join(
            [
                f"<h1>附件目录</h1>{paragraph(f'案件：{about.case}')}{paragraph(told)}",
                paragraph(_DIVIDED, "note") if self._divided else "",
                paragraph(whole, "note"),
                table(_COLUMNS, self._rows, _WIDTHS),
                "<h2>未列入附件</h2>" if left else "",
                table(("文件", "字节", "原因"), left, (30, 15, 55)),
            ]
        )
        return pdf("附件目录", body, author="", until=f"{about.date}T00:00:00.000000Z", style=_STYLE)


def _row(part: int, number: int, one: Kept) -> tuple[str, ...]:
    piece = one.piece
    pages = "" if piece.pages is None else f"{piece.pages[0]}–{piece.pages[1]}"
    divided = f"（第 {piece.number} 份，共 {piece.of} 份）" if piece.of > 1 else ""
    return str(part), one.name(number), f"{piece.title}{divided}", pages, str(one.size), one.sha256, one.sm3
