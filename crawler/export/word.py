"""What our Word documents share: fonts, page numbers, text that XML can hold, the same bytes twice.

Fonts are 宋体 for Chinese and Times New Roman for the rest, which every Word has. 宋体 goes by its other name,
SimSun: Word knows both, while LibreOffice without that font finds a serif face only for the latter (a sans-serif
one for 宋体).
"""

import io
import re
import zipfile
from typing import Any

from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Pt

from crawler import clock

_CHINESE, _LATIN = "SimSun", "Times New Roman"
NOT_XML = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")
_FONT_TABLE = "word/fontTable.xml"
_SONG = (
    '<w:font w:name="SimSun"><w:altName w:val="宋体"/><w:panose1 w:val="02010600030101010101"/>'
    '<w:charset w:val="86"/><w:family w:val="roman"/><w:pitch w:val="variable"/></w:font></w:fonts>'
)


def add_run(paragraph: Any, text: str, size: int, *, bold: bool = False) -> Any:
    """Text in our fonts, `size` points; returns its XML element."""
    run = paragraph.add_run(NOT_XML.sub("", text))
    run.bold, run.font.size = bold, Pt(size)
    set_fonts(run)
    return run._r


def set_fonts(styled: Any) -> None:
    """Chinese quotation marks count as Chinese: without the hint Word takes them from the Latin font."""
    styled.font.name = _LATIN
    fonts = styled._element.get_or_add_rPr().get_or_add_rFonts()
    fonts.set(qn("w:eastAsia"), _CHINESE)
    fonts.set(qn("w:hint"), "eastAsia")


def number_pages(section: Any, title: str) -> None:
    """ "TITLE 第 n 页，共 m 页" in the footer."""
    paragraph = section.footer.paragraphs[0]
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    for before, code in ((f"{title} 第 ", "PAGE"), (" 页，共 ", "NUMPAGES")):
        add_run(paragraph, before, 9)
        field = OxmlElement("w:fldSimple")
        field.set(qn("w:instr"), code)
        field.append(add_run(paragraph, "1", 9))
        paragraph._p.append(field)
    add_run(paragraph, " 页", 9)


def dated(document: Any, until: str) -> bytes:
    """The document's zip with fixed member times: two exports of one case are the same bytes."""
    written, fixed = io.BytesIO(), io.BytesIO()
    document.save(written)
    date = clock.parse(until).timetuple()[:6]
    with zipfile.ZipFile(written) as old, zipfile.ZipFile(fixed, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            entry = zipfile.ZipInfo(name, date)
            entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 3
            content = old.read(name)
            if name == _FONT_TABLE:
                content = content.replace(b"</w:fonts>", _SONG.encode())
            new.writestr(entry, content)
    return fixed.getvalue()
