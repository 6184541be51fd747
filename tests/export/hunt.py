"""Looks for values in everything that is handed over: every file, member, record and body, however it is coded.

On purpose it shares no code with what cuts the values out. It opens whatever opens (zip, gzip, WARC records, HTTP
bodies, MIME parts, PDF streams, base64) and compares texts with all their escapes undone. For tests only.
"""

import base64
import email
import email.policy
import html
import io
import re
import subprocess
import zipfile
import zlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote_to_bytes

import ahocorasick
import brotli

DEEP = 6  # containers within one another
_PACKED = (b"PK\x03\x04", b"\x1f\x8b", b"%PDF-", b"\x89PNG")  # opened, and what is in them is looked at apart
_SURE = 7  # bytes: a hundred values of fewer stand by chance in some megabytes of what is compressed
_RUN = re.compile(rb"[A-Za-z0-9+/_\-]{8,}={0,2}")
_DRAWN = re.compile(rb"/Subtype\s*/(?:Image|OpenType|CIDFontType0C|Type1C)|/Length1")
_HEAD = re.compile(rb"(?:HTTP/1\.[01] [0-9]{3}|[A-Z]{3,9} \S+ HTTP/1\.[01]).*?\r\n\r\n", re.DOTALL)


def hunt(path: Path, values: list[str]) -> list[str]:
    """Where one of these values stands in a file, or in a folder of them: the way to it and the value."""
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    return [
        f"{file.name}{place}: {value}"
        for file in files
        for place, value in hunt_bytes(file.read_bytes(), values)
    ] + [f"name of {file}: {value}" for file in files for value in values if value in file.name]


def hunt_bytes(content: bytes, values: list[str]) -> list[tuple[str, str]]:
    """The same in one content."""
    found: list[tuple[str, str]] = []
    if not values:
        return found
    sought = _sought(tuple(values))
    for way, opened in _opened(content, "", DEEP):
        packed = opened.startswith(_PACKED)
        least = _SURE if packed else 0
        held = {
            value
            for text in ([opened] if packed else _texts(opened))  # compressed bytes have no escapes
            for _, (value, length) in sought.iter(text.decode("latin-1"))
            if length >= least
        }
        found += [(way, value) for value in values if value in held]
    return found


@lru_cache(maxsize=4)
def _sought(values: tuple[str, ...]) -> ahocorasick.Automaton:
    """Finds every value in every coding at once; bytes are looked at as the characters of Latin-1."""
    sought = ahocorasick.Automaton()
    for value in values:
        raw = value.encode()
        hexadecimal = (raw.hex().encode(), raw.hex().upper().encode())
        wide = (value.encode("utf-16-le"), value.encode("utf-16-be"), value.encode("gb18030"))
        for spelled in (raw, *wide, *hexadecimal):
            sought.add_word(spelled.decode("latin-1"), (value, len(spelled)))
    sought.make_automaton()
    return sought


def _opened(content: bytes, way: str, depth: int) -> Iterator[tuple[str, bytes]]:
    yield way, content
    if depth == 0:
        return
    for name, inner in _inner(content):
        yield from _opened(inner, f"{way}/{name}", depth - 1)


def _inner(content: bytes) -> Iterator[tuple[str, bytes]]:
    if content[:4] == b"PK\x03\x04" and zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            yield from ((name, package.read(name)) for name in package.namelist())
    elif content[:2] == b"\x1f\x8b":
        yield from _members(content)
    elif content[:5] == b"WARC/":
        head, _, block = content.partition(b"\r\n\r\n")
        length = re.search(rb"^Content-Length: (\d+)", head, re.MULTILINE)
        yield "block", block[: int(length[1])] if length else block
    elif (message := _HEAD.match(content)) is not None:
        yield from _body(message[0], content[message.end() :])
    elif content[:5] == b"%PDF-":
        yield from _streams(content)
        yield "text", _printed(content)
    elif content[:8] == b"\x89PNG\r\n\x1a\n":
        yield from _chunks_of_picture(content)
    elif re.match(rb"[\w-]+: .{0,2000}^Content-Type: multipart/", content, re.DOTALL | re.MULTILINE):
        for number, part in enumerate(email.message_from_bytes(content, policy=email.policy.default).walk()):
            payload = part.get_payload(decode=True)
            yield f"MIME part {number}", payload if isinstance(payload, bytes) else b""
            yield (
                f"MIME head {number}",
                "\n".join(f"{k}: {v}" for k, v in part.items()).encode("utf-8", "replace"),
            )


def _members(content: bytes) -> Iterator[tuple[str, bytes]]:
    number = 0
    while content[:2] == b"\x1f\x8b":
        member = zlib.decompressobj(31)
        yield f"gzip {number}", member.decompress(content)
        content, number = member.unused_data, number + 1


def _body(head: bytes, body: bytes) -> Iterator[tuple[str, bytes]]:
    fields = head.lower()
    if re.search(rb"^transfer-encoding: *chunked", fields, re.MULTILINE):
        body = b"".join(_chunks(body))
        yield "dechunked", body
    yield "body", body  # gzip is opened for what it is
    if re.search(rb"^content-encoding: *br", fields, re.MULTILINE):
        yield "br", brotli.decompress(body)
    elif re.search(rb"^content-encoding: *deflate", fields, re.MULTILINE):
        yield "deflated", zlib.decompressobj().decompress(body)


def _chunks(body: bytes) -> Iterator[bytes]:
    while (line := body.partition(b"\r\n"))[1] and int(line[0].split(b";")[0], 16):
        size = int(line[0].split(b";")[0], 16)
        yield line[2][:size]
        body = line[2][size + 2 :]


def _streams(content: bytes) -> Iterator[tuple[str, bytes]]:
    for number, found in enumerate(re.finditer(rb"stream\r?\n", content)):
        if _DRAWN.search(content, content.rfind(b" obj", 0, found.start()), found.start()):
            continue  # pixels, as of a PNG, and glyphs: three grey dots and a darker one read "yyy7"
        try:
            yield f"stream {number}", zlib.decompressobj().decompress(content[found.end() :])
        except zlib.error:
            continue


def _printed(content: bytes) -> bytes:
    """What a reader of a PDF can copy out of it, with its properties."""
    told = [
        subprocess.run(command, input=content, capture_output=True, check=False).stdout
        for command in (["pdftotext", "-q", "-", "-"], ["pdfinfo", "-"], ["pdfinfo", "-meta", "-"])
    ]
    # Words that were broken at the end of a line are whole again without the blanks.
    return b"\n".join((*told, re.sub(rb"\s+", b"", told[0])))


def _chunks_of_picture(content: bytes) -> Iterator[tuple[str, bytes]]:
    """The chunks of a PNG that hold no pixels; texts in them may be deflated."""
    at = 8
    while at + 8 <= len(content):
        length, name = int.from_bytes(content[at : at + 4], "big"), content[at + 4 : at + 8]
        held = content[at + 8 : at + 8 + length]
        if name != b"IDAT":
            yield name.decode("latin-1"), held
            for start in (match.end() for match in re.finditer(rb"\0", held[:200])):
                try:
                    yield "deflated", zlib.decompressobj().decompress(held[start:])
                except zlib.error:
                    continue
        at += length + 12


def _texts(content: bytes) -> Iterator[bytes]:
    """The content; its escapes undone again and again, each order of two; and what its base64 says."""
    pending, seen = [content], {content}
    for _ in range(3):
        following = []
        for text in pending:
            for undo in (_entities, _backslashes, unquote_to_bytes, _quoted, _tags, _unwrapped):
                undone = undo(text)
                if undone not in seen:
                    seen.add(undone)
                    following.append(undone)
        pending = following
    for text in list(seen):
        yield text
        for run in _RUN.findall(text):
            for skipped in range(4):
                yield _base64(run[skipped:])


def _base64(run: bytes) -> bytes:
    plain = run.rstrip(b"=").replace(b"-", b"+").replace(b"_", b"/")
    plain = plain[: len(plain) - 1] if len(plain) % 4 == 1 else plain
    return base64.b64decode(plain + b"=" * (-len(plain) % 4))


def _entities(content: bytes) -> bytes:
    return html.unescape(content.decode("utf-8", "surrogateescape")).encode(
        "utf-8", "surrogateescape" if b"&" not in content else "replace"
    )


def _backslashes(content: bytes) -> bytes:
    text = re.sub(rb"\\u\{?([0-9a-fA-F]{4})\}?|\\x([0-9a-fA-F]{2})", _character, content)
    return text.replace(b"\\", b"")


def _character(found: re.Match[bytes]) -> bytes:
    return chr(int(found[1] or found[2], 16)).encode("utf-8", "replace")


def _quoted(content: bytes) -> bytes:
    soft = re.sub(rb"=[ \t]*\r?\n", b"", content)
    return re.sub(rb"=([0-9A-F]{2})", lambda found: bytes([int(found[1], 16)]), soft)


def _tags(content: bytes) -> bytes:
    return re.sub(rb"<[^<>]*>", b"", content)


def _unwrapped(content: bytes) -> bytes:
    return re.sub(rb"(?<=[A-Za-z0-9+/]{20})\r?\n", b"", content)
