"""HTML of ours as PDF/A-3b (ISO 19005-3): embedded fonts, page numbers, bookmarks from headings, attachments.

Nothing is loaded but what is handed over: no address, no file. The same input gives the same bytes: WeasyPrint takes
the times that it writes into fonts from SOURCE_DATE_EPOCH.
"""

import os
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from html import escape
from typing import Any

from crawler import clock
from crawler.errors import UsageError
from crawler.export.papers.glyphs import missing_glyphs, named

PAGE = """\
<!DOCTYPE html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<title>{title}</title>
<meta name="author" content="{author}">
<meta name="dcterms.created" content="{created}">
<style>
@page {{ size: A4; margin: 20mm 18mm 22mm; @bottom-center {{ font: 9pt {font}; content: "{title}　第 " counter(page)
  " 页，共 " counter(pages) " 页"; }} }}
body {{ font: 10.5pt/1.6 {font}; }}
h1 {{ font-size: 18pt; text-align: center; margin: 0 0 6mm; }}
h2 {{ font-size: 13pt; margin: 6mm 0 2mm; break-after: avoid; }}
h3 {{ font-size: 11pt; margin: 4mm 0 1mm; break-after: avoid; }}
table {{ border-collapse: collapse; width: 100%; margin: 2mm 0; }}
th, td {{ border: .5pt solid #555; padding: 1mm 1.5mm; vertical-align: top; text-align: left;
  overflow-wrap: anywhere; }}
th {{ background: #eee; font-weight: bold; }}
thead {{ display: table-header-group; }}
tr {{ break-inside: avoid; }}
code {{ font: 8.5pt "DejaVu Sans Mono", "Noto Sans Mono CJK SC", monospace; overflow-wrap: anywhere; }}
.note {{ font-size: 9pt; color: #333; }}
.unchecked {{ border: 1pt solid #b00; color: #b00; padding: 0 1mm; }}
.sign {{ margin-top: 12mm; display: flex; justify-content: space-between; }}
img {{ max-width: 100%; image-rendering: pixelated; }} /* smoothed is what PDF/A forbids: ISO 19005-3, 6.2.8 */
{style}
</style>
</head>
<body>
{body}
</body>
</html>
"""
FONT = '"Noto Serif CJK SC", SimSun, "Songti SC", serif'
_WITHOUT_FONT: set[int] = (
    set()
)  # characters that were found in no font here: so that they are sought only once
_ONE_AT_A_TIME = threading.Lock()  # the environment is the process's


def pdf(
    title: str,
    body: str,
    *,
    author: str,
    until: str,
    style: str = "",
    pictures: Mapping[str, bytes] | None = None,
    attachments: Mapping[str, bytes] | None = None,
) -> bytes:
    """A PDF/A-3b of a body of HTML. `pictures`: `picture:NAME` → bytes; `attachments` go into the file by name.

    `until` (UTC) dates it. A character that no font here has is printed as its number, 〔U+1F600〕. Raises UsageError
    where WeasyPrint's libraries are missing, or the body names a picture that was not handed over.
    """
    weasyprint = _weasyprint()
    page = PAGE.format(
        title=escape(title),
        author=escape(author),
        created=until[:19] + "Z",
        font=FONT,
        style=style,
        body=body,
    )
    moment = clock.parse(until)
    fetcher = _only(weasyprint, pictures or {})

    def made(page: str, missing: set[int]) -> bytes:
        kept = [
            weasyprint.Attachment(
                string=content, name=name, created=moment, modified=moment, relationship="Data"
            )
            for name, content in (attachments or {}).items()
        ]
        html = weasyprint.HTML(string=page, url_fetcher=fetcher)
        written: bytes = html.write_pdf(
            pdf_variant="pdf/a-3b",
            attachments=kept,
            pdf_identifier=until.encode(),
            finisher=lambda document, _: missing.update(missing_glyphs(document)),
        )
        return written

    with _dated(moment), warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # it leaves its colour profile to the collector
        try:
            missing: set[int] = set()
            content = made(named(page, _WITHOUT_FONT), missing)
            if not missing:
                return content
            _WITHOUT_FONT.update(missing)
            return made(named(page, _WITHOUT_FONT), set())
        except weasyprint.urls.FatalURLFetchingError as error:
            raise UsageError(f"{title}: {error} is not among its pictures") from error


def _only(weasyprint: Any, pictures: Mapping[str, bytes]) -> Any:
    """A fetcher of WeasyPrint's that knows these pictures and nothing else."""

    class Pictures(weasyprint.urls.URLFetcher):  # type: ignore[misc]
        def fetch(self, url: str, headers: object = None) -> Any:
            del headers  # there is nobody to send them to
            name = url.partition(":")[2]
            if not url.startswith("picture:") or name not in pictures:
                # WeasyPrint goes on without what cannot be fetched, unless it is told that this is fatal.
                raise weasyprint.urls.FatalURLFetchingError(url[:80])
            return weasyprint.urls.URLFetcherResponse(url, pictures[name], {"Content-Type": "image/png"})

    return Pictures()


@contextmanager
def _dated(moment: datetime) -> Iterator[None]:
    with _ONE_AT_A_TIME:
        before = os.environ.get("SOURCE_DATE_EPOCH")
        os.environ["SOURCE_DATE_EPOCH"] = str(int(moment.timestamp()))
        try:
            yield
        finally:
            if before is None:
                del os.environ["SOURCE_DATE_EPOCH"]
            else:
                os.environ["SOURCE_DATE_EPOCH"] = before


def _weasyprint() -> Any:
    """The library, imported late: it takes a second, and Pango must be on the machine."""
    try:
        import weasyprint
        from PIL import ImageFile
    except OSError as error:
        raise UsageError(
            f"PDF cannot be made, a library of Pango is missing ({error}):"
            " install Debian's libpango-1.0-0, libpangoft2-1.0-0 and libharfbuzz-subset0"
        ) from error
    # It tells Pillow, for the whole process, to take a damaged picture for a whole one: half a screenshot in grey.
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    return weasyprint
