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
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote_to_bytes

import brotli

DEEP = 6  # containers within one another
_RUN = re.compile(rb"[A-Za-z0-9+/_\-]{8,}={0,2}")
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
    found = []
    for way, opened in _opened(content, "", DEEP):
        texts = list(_texts(opened))
        found += [(way, value) for value in values if any(_is_in(value, text) for text in texts)]
    return found


def _is_in(value: str, text: bytes) -> bool:
    raw = value.encode()
    codings = (raw, value.encode("utf-16-le"), value.encode("utf-16-be"), value.encode("gb18030"))
    return any(spelled in text for spelled in codings) or raw.hex().encode() in text.lower()


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
        try:
            yield f"stream {number}", zlib.decompressobj().decompress(content[found.end() :])
        except zlib.error:
            continue


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
