"""The same picture in the reviews of several accounts: by address, by equal bytes, or by what it shows.

Addresses are read off the captured page, within the node that holds the review and no other. Where the picture itself
was captured, its bytes and a perceptual digest stand for it: 64 signs of brightness differences between neighbours
of a 9 × 8 thumbnail (dHash; N. Krawetz, 2013), which scaling and another JPEG quality do not change. A picture that
is almost one colour has no such digest.
"""

import io
import json
import re
import struct
import warnings
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

import brotli
import parsel
from PIL import Image, UnidentifiedImageError

from crawler.detect.kit.corpus import Corpus, Review
from crawler.errors import FormatError, UsageError
from crawler.evidence.archive import Archive
from crawler.evidence.http import parse_head, payload
from crawler.evidence.manifest import Locator
from crawler.evidence.warc import decode
from crawler.quoted import ALSO, STEP

NEAR = 4  # differing bits of 64: another size or quality changes fewer, another picture about 32
_MOST_PIXELS = 40_000_000  # of one picture: a camera's; more is refused before it is decoded
_MOST_BYTES = 32 << 20  # of one page or picture
_MOST_PICTURES = 20  # of one review: sites allow nine
_FLAT = 3.0  # mean brightness difference of neighbours, of 255: below it the signs are noise
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
# To the first ending: what a site appends (size, quality) is another look at the same picture.
_PICTURE = re.compile(r"^[^\s?#]{1,500}?\.(?:jpe?g|png|webp|gif|bmp|svg|avif)", re.IGNORECASE)
_IN_NODE = (
    ".//img/@src | .//img/@data-src | .//img/@data-original | .//img/@data-lazy-src | .//img/@data-lazyload"
    " | .//a/@href"
)
_SIZE = re.compile(r"/s\d+x\d+_")  # JD: a thumbnail's folder


@dataclass(frozen=True, slots=True)
class SharedPicture:
    """One picture in the reviews of several accounts."""

    address: str  # one address of it
    reviews: tuple[str, ...]  # identifiers, sorted
    captures: tuple[str, ...]  # pages that show it, and captures of the picture itself; sorted
    basis: str  # Chinese: by what it is the same


@dataclass(slots=True)
class _Sightings:
    by_review: dict[str, list[str]]  # review → keys of its pictures
    address_of: dict[str, str]
    basis_of: dict[str, str]
    captures_of: dict[str, set[str]]


def shared_pictures(corpus: Corpus, members: Sequence[Review]) -> list[SharedPicture]:
    """Pictures that two or more accounts among the members show, most reviews first.

    What other reviews on the same pages show as well (badges, faces, icons of the site) is left out. Empty where
    the corpus has no archive to read pages from.
    """
    if corpus.archive is None:
        return []
    sightings, others = _sightings(corpus, corpus.archive, members)
    account = {review.identifier: review.author_alias or review.identifier for review in members}
    holders: dict[str, list[str]] = {}
    for review, keys in sorted(sightings.by_review.items()):
        for key in dict.fromkeys(keys):
            holders.setdefault(key, []).append(review)
    found = [
        SharedPicture(
            sightings.address_of[key],
            tuple(reviews),
            tuple(sorted(sightings.captures_of[key])),
            sightings.basis_of[key],
        )
        for key, reviews in holders.items()
        if len({account[review] for review in reviews}) > 1 and 5 * others.get(key, 0) <= len(reviews)
    ]
    return sorted(found, key=lambda each: (-len(each.reviews), each.address))


def perceptual_digest(picture: bytes) -> int | None:
    """64 bits; None for what is no picture, too large or almost one colour."""
    try:
        with _opened(picture) as image:
            if image.width * image.height > _MOST_PIXELS:
                return None
            image.draft("L", (64, 64))
            grey = image.convert("L").resize((9, 8), Image.Resampling.BILINEAR)
    except (
        UnidentifiedImageError,
        OSError,
        ValueError,
        SyntaxError,
        EOFError,
        OverflowError,
        IndexError,
        TypeError,
        struct.error,
        zlib.error,
        Image.DecompressionBombError,
    ):  # what Pillow raises for damaged pictures
        return None
    rows = [grey.tobytes()[9 * row : 9 * row + 9] for row in range(8)]
    steps = [row[place + 1] - row[place] for row in rows for place in range(8)]
    if sum(map(abs, steps)) < _FLAT * len(steps):
        return None
    return sum(1 << place for place, step in enumerate(steps) if step > 0)


def _opened(picture: bytes) -> Image.Image:
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", Image.DecompressionBombWarning
        )  # its size is looked at before it is decoded
        return Image.open(io.BytesIO(picture), formats=_FORMATS)


def picture_addresses(page: "Page", node: str) -> list[str]:
    """Addresses of pictures within a node of a page (an XPath or a JSON pointer), absolute, without size marks."""
    if node.startswith("#"):
        values: Iterable[str] = _strings(_at(page.json, node))
    else:
        values = page.selector.xpath(node).xpath(_IN_NODE).getall()
    found = (_address(page.url, value) for value in values)
    return list(dict.fromkeys(address for address in found if address))[:_MOST_PICTURES]


def node_of(places: Iterable[str], others: Iterable[str]) -> str | None:
    """The node that holds all the places of one review, drawn up as far as it holds no place of others; None where
    there is no such node."""
    foreign = {_steps(each) for each in others}
    # What several reviews read off one place (the product's number, say) is not the review's own.
    own = [steps for each in places if (steps := _steps(each)) and steps not in foreign]
    if not own:
        return None
    common = own[0]
    for steps in own[1:]:
        same = [one == other for one, other in zip(common, steps, strict=False)]
        common = common[: same.index(False) if False in same else len(same)]
    if any(each[: len(common)] == common for each in foreign):
        return None
    if len(common) == max(map(len, own)):  # one field only: what stands around it belongs to it too
        while (
            len(common) > 1
            and foreign
            and not any(each[: len(common) - 1] == common[:-1] for each in foreign)
        ):
            common = common[:-1]
    return "/".join(common) or None


class Page:
    """A captured page as text: HTML for XPaths, JSON for pointers."""

    def __init__(self, url: str, body: bytes) -> None:
        self.url = url
        self._body = body
        self._selector: parsel.Selector | None = None
        self._json: Any = None

    @property
    def selector(self) -> parsel.Selector:
        """The page's nodes. Read as Latin-1: places and addresses are ASCII in every charset a page may have."""
        if self._selector is None:
            self._selector = parsel.Selector(self._body.decode("latin-1") or "<html/>", type="html")
        return self._selector

    @property
    def json(self) -> Any:
        """The page as JSON, also within the brackets of a call (JSONP); None where it is none."""
        if self._json is None:
            text = self._body.decode("utf-8", "replace").strip()
            for candidate in (text, text[text.find("(") + 1 : text.rfind(")")]):
                try:
                    self._json = json.loads(candidate)
                    break
                except (ValueError, RecursionError):
                    continue
        return self._json


def _sightings(
    corpus: Corpus, archive: Archive, members: Sequence[Review]
) -> tuple[_Sightings, Mapping[str, int]]:
    found = _Sightings({}, {}, {}, {})
    others: dict[str, int] = {}
    wanted = {review.identifier for review in members}
    keys = _Keys(corpus, archive)
    for capture in sorted({review.capture for review in members}):
        page = _page(corpus, archive, capture)
        if page is None:
            continue
        rows = corpus.query(
            "select distinct identifier, places from review_newest where capture = ? order by identifier",
            (capture,),
        )
        places = {row["identifier"]: _places(row["places"]) for row in rows}
        for identifier, own in places.items():
            foreign = [place for other, theirs in places.items() if other != identifier for place in theirs]
            node = node_of(own, foreign)
            for address in picture_addresses(page, node) if node else ():
                key, basis, shown = keys.of(address)
                if identifier not in wanted:
                    others[key] = others.get(key, 0) + 1
                    continue
                found.by_review.setdefault(identifier, []).append(key)
                found.address_of.setdefault(key, address)
                found.basis_of[key] = basis
                found.captures_of.setdefault(key, set()).update((capture, *shown))
    return found, others


class _Keys:
    """What stands for a picture: its perceptual digest, its bytes, or its address."""

    def __init__(self, corpus: Corpus, archive: Archive) -> None:
        self._corpus = corpus
        self._archive = archive
        self._known: dict[str, tuple[str, str, tuple[str, ...]]] = {}
        self._digests: list[int] = []

    def of(self, address: str) -> tuple[str, str, tuple[str, ...]]:
        """(key, basis in Chinese, captures of the picture itself)."""
        if address not in self._known:
            self._known[address] = self._look_up(address)
        return self._known[address]

    def _look_up(self, address: str) -> tuple[str, str, tuple[str, ...]]:
        rows = self._corpus.query(
            "select id, payload_digest from capture where url = ? and state = 'complete'"
            " and media_type like 'image/%' and removed is null order by leaf limit 1",
            (address,),
        )
        if not rows:
            return f"address:{address}", "图片网址相同", ()
        capture = rows[0]["id"]
        body = _body(self._corpus, self._archive, capture)
        digest = perceptual_digest(body) if body else None
        if digest is None:
            return f"bytes:{rows[0]['payload_digest']}", "图片文件逐字节相同", (capture,)
        for known in self._digests:
            if (known ^ digest).bit_count() <= NEAR:
                return f"shows:{known:016x}", "图片内容相同（感知摘要相差不超过4位）", (capture,)
        self._digests.append(digest)
        return f"shows:{digest:016x}", "图片内容相同（感知摘要相差不超过4位）", (capture,)


def _page(corpus: Corpus, archive: Archive, capture: str) -> Page | None:
    body = _body(corpus, archive, capture)
    url = corpus.query("select url from capture where id = ?", (capture,))
    return Page(url[0]["url"], body) if body and url else None


def _body(corpus: Corpus, archive: Archive, capture: str) -> bytes | None:
    """The content of a capture; None where it was removed, never was there, or cannot be decoded."""
    rows = corpus.query(
        "select file, offset, length from capture where id = ? and file is not null", (capture,)
    )
    if not rows:
        return None
    try:
        record = decode(archive.stored(Locator(rows[0]["file"], rows[0]["offset"], rows[0]["length"])))
        if record.type != "response":
            return record.block[:_MOST_BYTES]
        head = parse_head(record.block)
        codings = b",".join(head.values(b"content-encoding")).lower().replace(b" ", b"").split(b",")
        return _decoded(
            payload(record.block), [coding for coding in codings if coding not in (b"", b"identity")]
        )
    except (UsageError, FormatError, OSError, zlib.error, brotli.error):
        return None


def _decoded(body: bytes, codings: Sequence[bytes]) -> bytes | None:
    """Content codings undone, at most _MOST_BYTES; None for one that is not known."""
    for coding in reversed(codings):
        if coding in (b"gzip", b"x-gzip"):
            body = zlib.decompressobj(31).decompress(body, _MOST_BYTES)
        elif coding == b"deflate":
            body = zlib.decompressobj().decompress(body, _MOST_BYTES)
        elif coding == b"br":
            body = brotli.Decompressor().process(body, output_buffer_limit=_MOST_BYTES)
        else:
            return None
    return body[:_MOST_BYTES]


def _places(stored: str | None) -> list[str]:
    """The places of a review's fields, those that stand in one step on the page."""
    if not stored:
        return []
    fields = json.loads(stored)
    return [one for place in fields.values() for one in place.split(ALSO) if STEP not in one]


def _steps(place: str) -> tuple[str, ...]:
    steps = place.split("/")
    return tuple(steps[:-1] if steps[-1].startswith(("@", "text()")) else steps)


def _at(content: Any, pointer: str) -> Any:
    """What a JSON pointer names (RFC 6901, as URI fragment); None where there is nothing."""
    for step in pointer.removeprefix("#").split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(content, list) and name.isdigit() and int(name) < len(content):
            content = content[int(name)]
        elif isinstance(content, dict) and name in content:
            content = content[name]
        else:
            return None
    return content


def _strings(content: Any) -> Iterator[str]:
    """Every string in a JSON value, in order, without recursion."""
    waiting = [content]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            waiting.extend(reversed(list(value.values())))
        elif isinstance(value, list):
            waiting.extend(reversed(value))


def _address(base: str, value: str) -> str | None:
    shown = _PICTURE.match(value.strip())
    if shown is None:
        return None
    try:
        return _SIZE.sub("/", urljoin(base, shown[0]))
    except ValueError:  # a broken IPv6 host
        return None
