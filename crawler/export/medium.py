"""What goes with a bundle on its way: one .zip of it, and the label for the disc or stick (光盘/U盘).

The label names the total digest, so it lies beside the bundle and not in it: a folder cannot hold its own digest.
"""

import zipfile
from pathlib import Path

from crawler import clock
from crawler.errors import UsageError
from crawler.evidence.bundle import TAG_MANIFEST
from crawler.evidence.digest import digest_file
from crawler.evidence.report import Progress
from crawler.export.model import Case
from crawler.export.papers.html import moment, paragraph, signed, table
from crawler.export.papers.pdf import pdf

_CHUNK = 1 << 20
_STYLE = """\
@page { size: A5 landscape; margin: 7mm 9mm 12mm; }
body { font-size: 8.5pt; line-height: 1.3; } h1 { font-size: 14pt; margin: 0; } .sign { margin-top: 4mm; }
"""


def write_zip(bundle: Path, to: Path, until: str, progress: Progress | None = None) -> Path:
    """The bundle as one file, stored and not compressed (its records are compressed already), member by member.

    Names keep the bundle's folder, so that it unpacks into one. `until` dates the members: the same bundle gives the
    same bytes. Raises UsageError if `to` is there already.
    """
    if to.exists():
        raise UsageError(f"{to} exists already: choose another name, or remove it")
    paths = sorted(path for path in bundle.rglob("*") if path.is_file())
    total, seen = sum(path.stat().st_size for path in paths), 0
    unfinished = to.with_name(f".{to.name}.unfinished")
    date = clock.parse(until).timetuple()[:6]
    try:
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_STORED, allowZip64=True) as package:
            for path in paths:
                entry = zipfile.ZipInfo(f"{bundle.name}/{path.relative_to(bundle).as_posix()}", date)
                entry.create_system, entry.external_attr = 3, 0o100644 << 16
                entry.file_size = path.stat().st_size  # above 2 GiB the member's head must know it
                with path.open("rb") as read, package.open(entry, "w") as written:
                    while chunk := read.read(_CHUNK):
                        written.write(chunk)
                        seen += len(chunk)
                        if progress is not None:
                            progress(seen, total)
        unfinished.replace(to)
    finally:
        unfinished.unlink(missing_ok=True)
    return to


def label(bundle: Path, case: Case, until: str, *, packed: Path | None = None) -> bytes:
    """The label sheet as PDF: 编号, 封存时间, 总摘要, 封存人; what a person fills in is left open."""
    rows = [
        ("案件编号、名称", f"{case.id}　{case.title}"),
        ("提交人", case.submitter),
        ("内容截至（北京时间）", moment(until)),
        ("总摘要 SHA-256", digest_file(bundle / TAG_MANIFEST).removeprefix("sha256:")),
        ("总摘要 SM3", digest_file(bundle / TAG_MANIFEST, "sm3").removeprefix("sm3:")),
        *([("压缩包 SHA-256", digest_file(packed).removeprefix("sha256:"))] if packed is not None else []),
        ("介质编号", "＿＿＿＿"),
        ("封存时间", "　　　年　　月　　日　　时　　分"),
    ]
    how = (
        f"总摘要是证据包中 {TAG_MANIFEST} 的摘要，该文件经由各级清单包含证据包的每一个字节。"
        f"核对：在证据包的文件夹中执行 sha256sum {TAG_MANIFEST}，再执行 sha256sum -c {TAG_MANIFEST}。"
    )
    told = table(("项目", "内容"), rows, (26, 74)) + paragraph(how, "note") + signed("封存人", "见证人")
    body = f"<h1>证据介质标签</h1>{told}"
    return pdf("证据介质标签", body, author=case.submitter, until=until, style=_STYLE)
