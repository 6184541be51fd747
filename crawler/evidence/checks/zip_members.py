"""A zip file of a stranger, read strictly: every byte lies in exactly one structure, and both directories agree.

Readers differ in what they see in a zip file: some follow the central directory, some the local headers, some
the first end record and some the last. Here a file is accepted only if there is nothing to differ about
(APPNOTE.TXT 6.3.10): members one after the other from byte 0, each local header equal to its line in the
central directory, then that directory, then the end records, then the end of the file.

Nothing is inflated or allocated because a header claims it: `Budget` bounds what one pass may produce.
"""

import os
import re
import stat
import struct
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from crawler.errors import FormatError
from crawler.evidence.checks import zip_form
from crawler.evidence.report import Faults

STORED, DEFLATED = 0, 8
MOST_MEMBERS = 100_000
PIECE = 1 << 20
_DIRECTORY_LIMIT = 64 << 20  # bytes of central directory that are read at once
_FREE, _RATIO = 256 << 20, 100  # inflated bytes that any file may have, and per byte of it besides
_DESCRIPTOR = 0x0008
_KNOWN_FLAGS = _DESCRIPTOR | 0x0006 | 0x0800  # sizes follow, deflate's level, UTF-8 name
_ZIP64_EXTRA = 0x0001
_KNOWN_EXTRAS = {
    _ZIP64_EXTRA,
    0x000A,
    0x5455,
    0x5855,
    0x7855,
    0x7875,
}  # Zip64, NTFS and Unix times and owners
_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_WIDE_END = struct.Struct("<4sQ2H2I4Q")
_LOCATOR = struct.Struct("<4sIQI")
_DRIVE = re.compile(r"[A-Za-z]:")


@dataclass(frozen=True, slots=True)
class Member:
    """One line of the central directory."""

    name: str
    raw_name: bytes
    line: bytes  # the line itself, as stored
    needed: int  # version needed to extract
    flags: int
    method: int
    stamp: tuple[int, int]  # time and date, in the format of MS-DOS
    crc: int
    stored: int  # bytes in the file
    size: int  # bytes inflated
    offset: int  # of its local header
    mode: int  # file mode and type, if made on Unix

    @property
    def is_folder(self) -> bool:
        """An empty entry for a folder: no file, and so nothing that a listing could name."""
        return self.name.endswith("/") and not self.size and not self.stored


class Budget:
    """How many inflated bytes one pass over a file may still produce; a bomb runs out of it."""

    def __init__(self, file_size: int) -> None:
        self.left = self.limit = _FREE + _RATIO * file_size

    def spend(self, count: int) -> None:
        """Raises FormatError when it is used up."""
        self.left -= count
        if self.left < 0:
            raise FormatError(f"it inflates to more than {self.limit} bytes: refused")


class Package:
    """An open zip file. `members` in the order of the central directory; `tail` closes the file."""

    def __init__(self, path: Path, stream: IO[bytes]) -> None:
        """Reads the central directory. Raises FormatError: no zip file, or bytes before or behind it."""
        self.path = path
        self._stream = stream
        self.size = stream.seek(0, 2)
        count, self.directory, length = self._find_end()
        self.tail = self._bytes(self.directory + length, self.size - self.directory - length)
        self.members = tuple(self._read_directory(count, length))
        self._by_name = {member.name: member for member in self.members}

    def names(self) -> list[str]:
        """The names of the files in it, without entries for folders."""
        return [member.name for member in self.members if not member.is_folder]

    def member(self, name: str) -> Member:
        """The member of that exact name. Raises FormatError."""
        if name not in self._by_name:
            raise FormatError(f"{name} cannot be read: the zip file has no such member")
        return self._by_name[name]

    def pieces(self, name: str, budget: Budget | None = None, *, crc: bool = True) -> Iterator[bytes]:
        """The member's content, inflated, in pieces of at most 1 MiB.

        Raises FormatError: damaged, of another size than the directory says, over the budget; and, with `crc`,
        if the content has another CRC-32.
        """
        member = self.member(name)
        seen = checksum = 0
        for piece in self._inflated(member):
            seen += len(piece)
            if seen > member.size:
                raise FormatError(f"{name} has more than the {member.size} bytes that the zip file claims")
            if budget is not None:
                budget.spend(len(piece))
            if crc:
                checksum = zlib.crc32(piece, checksum)
            yield piece
        if seen != member.size or (crc and checksum != member.crc):
            raise FormatError(f"{name} does not have the size and CRC that the zip file claims")

    def read(self, name: str, limit: int) -> bytes:
        """A whole member of at most `limit` bytes. Raises FormatError."""
        if self.member(name).size > limit:
            raise FormatError(f"{name} has more than {limit} bytes: refused")
        return b"".join(self.pieces(name))

    def lines(self, name: str, budget: Budget | None = None, limit: int = 1 << 20) -> Iterator[bytes]:
        """The lines of a member without their newline. Raises FormatError, also for a last line that is not whole."""
        return whole_lines(self.pieces(name, budget), name, limit)

    def local_header(self, member: Member) -> bytes:
        """The local header with its name and extra field, as stored. Raises FormatError."""
        fixed = self._bytes(member.offset, _LOCAL.size)
        if len(fixed) < _LOCAL.size or fixed[:4] != b"PK\x03\x04":
            raise FormatError(f"{member.name}: the zip file has no member where its directory says")
        name_length, extra_length = _LOCAL.unpack(fixed)[-2:]
        return fixed + self._bytes(member.offset + _LOCAL.size, name_length + extra_length)

    def bytes_at(self, offset: int, size: int) -> bytes:
        """Some bytes of the file, fewer at its end; `size` is at most 1 MiB."""
        return self._bytes(offset, min(size, PIECE))

    def _bytes(self, offset: int, size: int) -> bytes:
        try:
            self._stream.seek(offset)
            return self._stream.read(max(min(size, self.size - offset), 0))
        except (OSError, ValueError, OverflowError) as error:
            raise FormatError(f"the zip file cannot be read at byte {offset}: {error}") from error

    def _stored(self, member: Member) -> Iterator[bytes]:
        position = member.offset + len(self.local_header(member))
        end = position + member.stored
        while position < end:
            piece = self._bytes(position, min(PIECE, end - position))
            if not piece:
                raise FormatError(f"{member.name}: the file ends inside it")
            yield piece
            position += len(piece)

    def _inflated(self, member: Member) -> Iterator[bytes]:
        if member.flags & 1 or member.method not in (STORED, DEFLATED):
            raise FormatError(
                f"{member.name} is encrypted or compressed in a way that WACZ readers do not know"
            )
        if member.method == STORED:
            yield from self._stored(member)
            return
        inflate = zlib.decompressobj(-15)
        try:
            for piece in self._stored(member):
                while piece and not inflate.eof:
                    yield inflate.decompress(piece, PIECE)
                    piece = inflate.unconsumed_tail
                if inflate.unused_data:
                    break
            while not inflate.eof and (piece := inflate.decompress(b"", PIECE)):
                yield piece
        except zlib.error as error:
            raise FormatError(f"{member.name} cannot be inflated: {error}") from error
        if not inflate.eof or inflate.unused_data:
            raise FormatError(f"{member.name}: its deflated bytes do not end where the member ends")

    def _find_end(self) -> tuple[int, int, int]:
        """Number of members, start and length of the central directory; they must reach to the end records."""
        position = self.size - _END.size
        record = self._bytes(position, _END.size) if position >= 0 else b""
        if len(record) < _END.size or record[:4] != b"PK\x05\x06":
            raise FormatError(
                "not a zip file that ends with its end record: cut, no zip file, or bytes behind it"
            )
        _, disk, first, here, count, length, start, comment = _END.unpack(record)
        wide = self._wide_end(position)
        if wide is not None:
            position, here, count, length, start = wide
        if disk not in (0, 0xFFFF) or first not in (0, 0xFFFF) or here != count or comment:
            raise FormatError("the zip file is a part of several, or has a comment: refused")
        if start + length != position:
            raise FormatError(
                f"the zip file's directory ends at byte {start + length}, its end record begins at {position}:"
                " bytes were put before or between"
            )
        if count > MOST_MEMBERS or length > _DIRECTORY_LIMIT:
            raise FormatError(f"the zip file has {count} members in {length} bytes of directory: refused")
        return count, start, length

    def _wide_end(self, position: int) -> tuple[int, int, int, int, int] | None:
        """The Zip64 end record, if its locator stands before the end record at `position`."""
        locator = self._bytes(position - _LOCATOR.size, _LOCATOR.size) if position >= _LOCATOR.size else b""
        if locator[:4] != b"PK\x06\x07":
            return None
        _, _, where, disks = _LOCATOR.unpack(locator)
        record = self._bytes(where, _WIDE_END.size)
        if disks != 1 or where + _WIDE_END.size != position - _LOCATOR.size or record[:4] != b"PK\x06\x06":
            raise FormatError("the Zip64 end record is not where its locator says")
        _, size, _, _, disk, first, here, count, length, start = _WIDE_END.unpack(record)
        if size != _WIDE_END.size - 12 or disk or first:
            raise FormatError("the Zip64 end record has parts that no reader knows")
        return where, here, count, length, start

    def _read_directory(self, count: int, length: int) -> Iterator[Member]:
        content, position = self._bytes(self.directory, length), 0
        for _ in range(count):
            fixed = content[position : position + _CENTRAL.size]
            if len(fixed) < _CENTRAL.size or fixed[:4] != b"PK\x01\x02":
                raise FormatError(f"the zip file's directory is damaged at byte {self.directory + position}")
            name_length, extra_length, comment_length = _CENTRAL.unpack(fixed)[10:13]
            end = position + _CENTRAL.size + name_length + extra_length + comment_length
            yield _member(content[position:end])
            position = end
        if position != len(content) or position != length:
            raise FormatError("the zip file's directory has another length than its lines together")


class ByteStream:
    """Pieces as one run of bytes, to be taken in any amounts."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    def take(self, count: int) -> bytes:
        """The next `count` bytes, fewer only at the end. Raises FormatError as the pieces do."""
        kept, left = [self._rest], count - len(self._rest)
        while left > 0 and (piece := next(self._pieces, b"")):
            kept.append(piece)
            left -= len(piece)
        content = b"".join(kept)
        self._rest = content[count:]
        return content[:count]


@contextmanager
def open_package(path: Path) -> Iterator[Package]:
    """Open a zip file. Raises FormatError when it is none, or cannot be read at all; never waits for a pipe."""
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise FormatError(f"{path.name} is not a regular file")
            yield Package(path, stream)
    except (OSError, struct.error) as error:
        raise FormatError(f"{path.name} is not a readable zip file: {error}") from error


def whole_lines(pieces: Iterator[bytes], name: str, limit: int) -> Iterator[bytes]:
    """Lines out of pieces, without their newline. Raises FormatError for one that is not whole or too long."""
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        yield from lines
        if len(rest) > limit:
            raise FormatError(f"{name}: a line is not whole, or is longer than {limit} bytes")
    if rest:
        raise FormatError(f"{name}: the last line is not whole")


def check_structure(package: Package, faults: Faults) -> None:
    """Names, kinds and sizes are harmless; local headers agree; no byte is between members or in two of them."""
    names = Counter(member.name for member in package.members)
    for name in (name for name, times in names.items() if times > 1):
        faults.add(f"{name}: the name occurs twice in the zip file")
    for member, end in _with_ends(package):
        for problem in (*_name_problems(member), *_kind_problems(member)):
            faults.add(f"{member.name}: {problem}")
        try:
            _check_local(package, member, end)
        except (FormatError, struct.error) as error:
            faults.add(str(error))
    first = min((member.offset for member in package.members), default=package.directory)
    if first:
        faults.add(f"the first member begins at byte {first}: what is before it belongs to none")
    budget = Budget(package.size)
    if sum(member.size for member in package.members) > budget.limit:
        faults.add(f"the members claim to inflate to more than {budget.limit} bytes: refused")


def check_form(package: Package, stamp: tuple[int, int], faults: Faults) -> None:
    """Every byte that is not content is as `zip_form` writes it. For files of our own exporter only."""
    for member in package.members:
        try:
            entry = zip_form.Entry(member.name, member.size, member.crc, member.offset)
            local = package.local_header(member) == zip_form.local_header(entry, stamp)
            if not local or member.line != zip_form.central_header(entry, stamp):
                raise FormatError("its zip headers are not those of our exporter")
        except (FormatError, UnicodeEncodeError) as error:
            faults.add(f"{member.name}: {error}")
    offsets = [member.offset for member in package.members]
    if offsets != sorted(offsets):
        faults.add("the members do not lie in the order of the zip file's directory")
    length = sum(len(member.line) for member in package.members)
    if package.tail != zip_form.end_records(len(package.members), package.directory, length):
        faults.add("the zip file's end record is not that of our exporter")


def _with_ends(package: Package) -> Iterator[tuple[Member, int]]:
    """Members as they lie in the file, each with the byte where the next one (or the directory) begins."""
    ordered = sorted(package.members, key=lambda member: member.offset)
    starts = [member.offset for member in ordered[1:]]
    yield from zip(ordered, [*starts, package.directory], strict=False)


def _check_local(package: Package, member: Member, end: int) -> None:
    header = package.local_header(member)
    _, needed, flags, method, time, date, crc, stored, size, name_length, _ = _LOCAL.unpack_from(header)
    extra = header[_LOCAL.size + name_length :]
    size, stored = _widen(extra, member.name, [size, stored])
    if header[_LOCAL.size :][:name_length] != member.raw_name:
        raise FormatError(f"{member.name}: its local header has another name")
    if (needed, flags, method, (time, date)) != (member.needed, member.flags, member.method, member.stamp):
        raise FormatError(f"{member.name}: its local header contradicts the directory")
    rest = package.bytes_at(member.offset + len(header) + member.stored, 32)
    rest = rest[: max(end - member.offset - len(header) - member.stored, 0)]
    told: tuple[int, ...] = (crc, stored, size)
    wanted = (member.crc, member.stored, member.size)
    if flags & _DESCRIPTOR:
        told = tuple(value or true for value, true in zip(told, wanted, strict=True))
        wide, narrow = struct.pack("<IQQ", *wanted), b""
        if max(wanted) <= zip_form.BIG:
            narrow = struct.pack("<III", *wanted)
        if rest not in (b"PK\x07\x08" + wide, b"PK\x07\x08" + narrow, wide, narrow) or not rest:
            raise FormatError(f"{member.name}: what follows it is not its data descriptor")
    elif member.offset + len(header) + member.stored != end:
        raise FormatError(
            f"{member.name}: it does not end where the next part begins: they overlap, or bytes lie between"
        )
    if told != wanted:
        raise FormatError(f"{member.name}: its local header contradicts the directory on size or CRC")


def _member(line: bytes) -> Member:
    fields = _CENTRAL.unpack_from(line)
    made_by, needed, flags, method, time, date, crc, stored, size, name_length, extra_length = fields[1:12]
    attributes, offset = fields[-2:]
    raw_name = line[_CENTRAL.size :][:name_length]
    extra = line[_CENTRAL.size + name_length :][:extra_length]
    name = _decode(raw_name, flags)
    size, stored, offset = _widen(extra, name, [size, stored, offset])
    mode = attributes >> 16 if made_by >> 8 == 3 else 0
    return Member(
        name, raw_name, line, needed, flags, method, (time, date), crc, stored, size, offset, mode
    )  # fmt: skip


def _decode(raw_name: bytes, flags: int) -> str:
    """UTF-8, as every WACZ writer has it, whether the flag says so or not; what is not, is told byte by byte."""
    try:
        return raw_name.decode("utf-8" if flags & 0x0800 or raw_name.isascii() else "cp437")
    except UnicodeDecodeError:
        return raw_name.decode("utf-8", "backslashreplace")


def _widen(extra: bytes, name: str, values: list[int]) -> list[int]:
    """Sizes and offset with what the Zip64 extra field says instead (section 4.5.3). Raises FormatError."""
    position, seen = 0, set()
    while position < len(extra):
        if position + 4 > len(extra):
            raise FormatError(f"{name}: its extra field is damaged")
        kind, length = struct.unpack_from("<HH", extra, position)
        content = extra[position + 4 : position + 4 + length]
        if kind in seen or kind not in _KNOWN_EXTRAS or len(content) != length:
            raise FormatError(
                f"{name}: extra field {kind:#06x} is damaged, repeated or one that could hide bytes"
            )
        seen.add(kind)
        if kind == _ZIP64_EXTRA:
            values = _wide_values(content, values, name)
        position += 4 + length
    return values


def _wide_values(content: bytes, values: list[int], name: str) -> list[int]:
    wanted = sum(value == zip_form.BIG for value in values)
    # A writer that streams reserves 16 bytes for sizes that it may not need (local header only).
    if len(content) not in (8 * wanted, 16, 24, 28) or len(content) < 8 * wanted:
        raise FormatError(f"{name}: its Zip64 field does not hold the values that are missing")
    wide = iter(struct.unpack_from(f"<{wanted}Q", content))
    return [next(wide) if value == zip_form.BIG else value for value in values]


def _name_problems(member: Member) -> Iterator[str]:
    name = member.name.removesuffix("/") if member.is_folder else member.name
    parts = name.split("/")
    if ".." in parts or "." in parts or "" in parts or "\\" in name or _DRIVE.match(name):
        yield "a name that leads out of the package, or means different files to different readers"
    if not name.isprintable():
        yield "a name with control characters"
    if not member.raw_name.isascii() and not member.flags & 0x0800:
        yield "a name in no known encoding"


def _kind_problems(member: Member) -> Iterator[str]:
    kind = stat.S_IFMT(member.mode)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR) or (kind == stat.S_IFDIR and not member.is_folder):
        yield "it is a link or a special file, not a regular one"
    if member.flags & ~_KNOWN_FLAGS:
        yield f"flags {member.flags:#06x}: it is encrypted or patched"
    if member.method not in (STORED, DEFLATED):
        yield f"compression method {member.method} is not one that WACZ readers know"
    if member.method == STORED and member.stored != member.size:
        yield f"it is stored, but has {member.stored} bytes for {member.size}"
    if len(member.line) != _CENTRAL.size + len(member.raw_name) + _CENTRAL.unpack_from(member.line)[11]:
        yield "it has a comment, which nothing lists"
