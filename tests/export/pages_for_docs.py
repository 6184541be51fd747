"""Pictures of the papers for docs/bundle.md: ``python -m tests.export.pages_for_docs DEMO-FOLDER`` (needs pdftoppm).

The folder is one that `evidence demo` made. Each picture is a row of pages of one paper, small.
"""

import io
import subprocess
import sys
from pathlib import Path

from PIL import Image

DOCS = Path(__file__).parents[2] / "docs/pictures"
RESOLUTION, MOST = 50, 6  # dots per inch; pages in a picture
PAPERS = {
    "bundle-catalogue": "bundle-K1/data/papers/catalogue.pdf",
    "bundle-report": "bundle-K1/data/papers/report.pdf",
    "bundle-print": "bundle-K1/data/papers/exhibit-2-1.pdf",
    "bundle-marked": "bundle-K1/data/papers/exhibit-2-1-marked.pdf",
    "bundle-print-public": "bundle-K1-public/data/papers/exhibit-2-1.pdf",
}


def pages(paper: Path) -> list[Image.Image]:
    """The first pages of a PDF."""
    command = ["pdftoppm", "-r", str(RESOLUTION), "-l", str(MOST), "-png", str(paper)]
    content = subprocess.run(command, capture_output=True, check=True).stdout
    found = content.split(b"\x89PNG\r\n\x1a\n")[1:]
    return [Image.open(io.BytesIO(b"\x89PNG\r\n\x1a\n" + one)).convert("L") for one in found]


def main(folder: Path) -> None:
    """Write all of them."""
    for name, paper in PAPERS.items():
        shown = pages(folder / paper)
        width, height = sum(one.width + 6 for one in shown), max(one.height for one in shown)
        sheet = Image.new("L", (width, height + 6), 120)
        at = 3
        for one in shown:
            sheet.paste(one, (at, 3))
            at += one.width + 6
        sheet.quantize(16).save(DOCS / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
