"""The hunter finds what is planted, wherever and however: else that it finds nothing would say nothing."""

import base64
import gzip
import html
import io
import json
import random
import re
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import brotli
import pytest
from PIL import Image, PngImagePlugin

from crawler.evidence.warc import Record, encode, new_record_id
from crawler.export.papers.pdf import pdf
from tests.export.hunt import hunt, hunt_bytes

NAME = "云上清风徐来"
PLAIN = NAME.encode()
UNTIL = "2026-11-22T08:00:00.000000Z"
NOISE = random.Random(7).randbytes(3000)


def zipped(content: bytes) -> bytes:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("a/b.txt", content)
    return kept.getvalue()


def answered(body: bytes, *fields: str) -> bytes:
    head = "\r\n".join(["HTTP/1.1 200 OK", *fields]).encode()
    block = head + b"\r\n\r\n" + body
    record = Record(
        type="response", id=new_record_id(), date=UNTIL, content_type="application/http;msgtype=response",
        block=block, target_uri="http://x.invalid/",
    )  # fmt: skip
    return encode(record).stored


def png(told: str) -> bytes:
    kept, info = io.BytesIO(), PngImagePlugin.PngInfo()
    info.add_text("Comment", told, zip=True)
    Image.new("RGB", (9, 9)).save(kept, "PNG", pnginfo=info)
    return kept.getvalue()


def printed(body: str, **attached: bytes) -> bytes:
    return pdf("题", body, author="某", until=UNTIL, attachments=attached)


MIME = (
    b"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=x\r\n\r\n"
    b"--x\r\nContent-Transfer-Encoding: base64\r\n\r\n"
)
CODINGS: dict[str, Callable[[], bytes]] = {
    "plain": lambda: PLAIN,
    "utf-16-le": lambda: NAME.encode("utf-16-le"),
    "utf-16-be": lambda: NAME.encode("utf-16-be"),
    "gb18030": lambda: NAME.encode("gb18030"),
    "percent": lambda: quote(NAME).encode(),
    "percent-twice": lambda: quote(quote(NAME)).encode(),
    "entities": lambda: "".join(f"&#{ord(each)};" for each in NAME).encode(),
    "entities-hex": lambda: "".join(f"&#x{ord(each):X};" for each in NAME).encode(),
    "json": lambda: json.dumps({"a": NAME}).encode(),
    "json-in-attribute": lambda: html.escape(json.dumps({"a": NAME})).encode(),
    "js-braces": lambda: "".join(f"\\u{{{ord(each):x}}}" for each in NAME).encode(),
    "base64": lambda: b"data:," + base64.b64encode(b"x" + PLAIN),
    "base64url": lambda: base64.urlsafe_b64encode(b"xy" + PLAIN),
    "hexadecimal": lambda: PLAIN.hex().encode(),
    "quoted-printable": lambda: b"".join(b"=%02X" % each for each in PLAIN),
    "tags-between": lambda: "<i>".join(NAME).encode(),
    "zip": lambda: zipped(PLAIN),
    "zip-in-zip": lambda: zipped(zipped(PLAIN)),
    "gzip": lambda: gzip.compress(PLAIN),
    "warc": lambda: answered(PLAIN),
    "warc-gzip": lambda: answered(gzip.compress(PLAIN), "Content-Encoding: gzip"),
    "warc-br": lambda: answered(brotli.compress(PLAIN), "Content-Encoding: br"),
    "warc-deflate": lambda: answered(zlib.compress(PLAIN), "Content-Encoding: deflate"),
    "warc-chunked": lambda: answered(
        b"%x\r\n%b\r\n0\r\n\r\n" % (len(PLAIN), PLAIN), "Transfer-Encoding: chunked"
    ),
    "warc-in-zip": lambda: zipped(
        answered(gzip.compress(json.dumps(NAME).encode()), "Content-Encoding: gzip")
    ),
    "mime": lambda: MIME + base64.b64encode(PLAIN) + b"\r\n--x--\r\n",
    "pdf-text": lambda: printed(f"<p>{NAME}"),
    "pdf-property": lambda: pdf("题", "<p>空", author=NAME, until=UNTIL),
    "pdf-attachment": lambda: printed("<p>空", a=PLAIN),
    "png-text": lambda: png(NAME),
}


@pytest.mark.parametrize("name", CODINGS)
def test_a_planted_value_is_found(name: str) -> None:
    assert hunt_bytes(CODINGS[name](), [NAME, "别的名字"])
    assert {value for _, value in hunt_bytes(CODINGS[name](), [NAME, "别的名字"])} == {NAME}


@pytest.mark.parametrize(
    "content", [NOISE, gzip.compress(NOISE, mtime=0), zipped(NOISE), b"<p>" + "清风".encode(), b"PK\x03\x04"]
)
def test_what_holds_nothing_is_clean(content: bytes) -> None:
    assert hunt_bytes(content, [NAME, "tb_88120946"]) == []


def test_a_short_value_in_what_is_compressed_is_chance() -> None:
    """Three bytes stand somewhere in any megabyte of compressed bytes; in what these hold they count."""
    packed = gzip.compress(random.Random(1).randbytes(100_000).hex().encode(), mtime=0)
    letters = re.findall(
        rb"[g-z]{3}", packed
    )  # no hexadecimal digits: they stand only in the compressed bytes
    assert letters
    assert hunt_bytes(packed, [letters[0].decode()]) == []
    assert hunt_bytes(gzip.compress(b"x abc x"), ["abc"]) == [("/gzip 0", "abc")]


def test_names_of_files_and_folders_of_files_are_looked_at(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / f"{NAME}.txt").write_bytes(b"")
    (tmp_path / "b.txt").write_bytes(PLAIN)
    assert len(hunt(tmp_path, [NAME])) == 2
