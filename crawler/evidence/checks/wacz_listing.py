"""datapackage.json of a WACZ: read it, compare it with what is in the zip file, digest every file it lists.

Two forms occur: ``{name, path, hash, bytes}`` of WACZ 1.1.1, and ``{path, stats: {hash, bytes}, hashing}`` of
1.0.0. What is tolerated in a stranger's file is said in `remarks`; for a file of our own each remark is a fault.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from crawler.errors import FormatError
from crawler.evidence.bundle import DATAPACKAGE, DATAPACKAGE_DIGEST, MANIFEST_LIMIT, PAGES, WACZ_VERSION
from crawler.evidence.checks.json_text import parse_object
from crawler.evidence.checks.zip_members import Budget, Package
from crawler.evidence.report import Faults

OUR_SOFTWARE = "web-evidence/"
_OLD_VERSIONS = ("1.0.0", "1.1.0")
_STRONG, _WEAK = {"sha256": 64, "sha512": 128}, {"md5": 32, "sha1": 40}
_HEXADECIMAL = re.compile(r"[0-9a-f]+")
_FIELDS = {"name", "path", "hash", "bytes"}


@dataclass(frozen=True, slots=True)
class Resource:
    """A listed file: its digest in lower-case hex, and its size in bytes."""

    path: str
    algorithm: str
    hexdigest: str
    size: int


@dataclass(frozen=True, slots=True)
class Listing:
    """What datapackage.json says. `digest` is the SHA-256 of the file itself."""

    digest: str  # sha256:<hex>
    resources: tuple[Resource, ...]
    version: str
    software: str
    created: str
    remarks: tuple[str, ...]

    @property
    def ours(self) -> bool:
        """Whether it says that our exporter wrote it."""
        return self.software.startswith(OUR_SOFTWARE)


def read_listing(package: Package) -> Listing:
    """Read datapackage.json. Raises FormatError: unreadable, not a WACZ's, or ill-formed."""
    content = package.read(DATAPACKAGE, MANIFEST_LIMIT)
    fields = parse_object(content, DATAPACKAGE)
    version, remarks = _version(fields)
    listed = fields.get("resources")
    if not isinstance(listed, list):
        raise FormatError(f"{DATAPACKAGE} has no list of resources")
    resources = tuple(_resource(entry) for entry in listed)
    if any(set(entry) != _FIELDS for entry in listed):
        remarks.append("resources with other fields than name, path, hash and bytes")
    texts = {name: fields.get(name, "") for name in ("software", "created")}
    if any(not isinstance(value, str) for value in texts.values()):
        raise FormatError(f"{DATAPACKAGE}: software and created must be text")
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    return Listing(digest, resources, version, **texts, remarks=tuple(remarks))


def check_listed(package: Package, listing: Listing, faults: Faults) -> None:
    """Every file of the package is listed exactly once, and every listed file is there."""
    listed = Counter(resource.path for resource in listing.resources)
    for name in sorted(name for name, times in listed.items() if times > 1):
        faults.add(f"{name} is listed more than once in {DATAPACKAGE}")
    own = set(package.names()) - {DATAPACKAGE, DATAPACKAGE_DIGEST}
    for name in sorted(own - set(listed)):
        faults.add(f"{name} is in the WACZ but not listed in {DATAPACKAGE}")
    for name in sorted(set(listed) - own):
        faults.add(f"{name} is listed in {DATAPACKAGE} but not in the WACZ")


def check_resources(
    package: Package, listing: Listing, faults: Faults, step: Callable[[int], None] = lambda _: None
) -> int:
    """Digest every listed file that is there; returns how many have a digest that is too weak to prove anything."""
    present, weak, budget = set(package.names()), 0, Budget(package.size)
    for resource in listing.resources:
        if resource.path not in present:
            continue
        weak += resource.algorithm in _WEAK
        try:
            size, hexdigest = _digest(package, resource, budget)
        except FormatError as error:
            faults.add(f"{resource.path} cannot be read: {error}")
            continue
        if (size, hexdigest) != (resource.size, resource.hexdigest):
            faults.add(
                f"{resource.path} is not what {DATAPACKAGE} says: {resource.size} bytes,"
                f" {resource.algorithm}:{resource.hexdigest}"
            )
        step(package.member(resource.path).stored)
    return weak


def missing_parts(names: list[str]) -> Iterator[str]:
    """Which of the parts that every WACZ must have are not there (WACZ 1.1.1, section 4)."""
    if not warc_names(names):
        yield "archive/ has no WARC file"
    if not any(name.startswith("indexes/") for name in names):
        yield "indexes/ is missing or empty"
    for name in (PAGES, DATAPACKAGE):
        if name not in names:
            yield f"{name} is missing"


def warc_names(names: list[str]) -> list[str]:
    """The WARC files among the members."""
    return [name for name in names if name.startswith("archive/") and name.endswith((".warc", ".warc.gz"))]


def _digest(package: Package, resource: Resource, budget: Budget) -> tuple[int, str]:
    hasher, size = hashlib.new(resource.algorithm, usedforsecurity=False), 0
    for piece in package.pieces(
        resource.path, budget, crc=False
    ):  # a wrong digest says more than a wrong CRC
        hasher.update(piece)
        size += len(piece)
    return size, hasher.hexdigest()


def _version(fields: dict[str, Any]) -> tuple[str, list[str]]:
    profile, version = fields.get("profile"), fields.get("wacz_version")
    if profile == "wacz" and version is None:
        return "1.2.0", ["the draft profile 1.2.0"]
    if profile != "data-package":
        raise FormatError(f"{DATAPACKAGE} is not a data package (profile {str(profile)[:40]!r})")
    if version == WACZ_VERSION:
        return version, []
    if version in _OLD_VERSIONS:
        return str(version), [f"the old version {version}"]
    raise FormatError(f"{DATAPACKAGE}: wacz_version is {str(version)[:40]!r}, not {WACZ_VERSION}")


def _resource(entry: Any) -> Resource:
    told = entry
    if isinstance(entry, dict) and isinstance(entry.get("stats"), dict):
        told = {**entry, **entry["stats"]}
    if not isinstance(told, dict) or any(
        type(told.get(key)) is not kind for key, kind in (("path", str), ("hash", str), ("bytes", int))
    ):
        raise FormatError(
            f"{DATAPACKAGE}: a resource has missing, unknown or ill-typed fields: {str(entry)[:120]}"
        )
    algorithm, colon, value = told["hash"].partition(":")
    if not colon:
        algorithm, value = str(told.get("hashing", "")), told["hash"]
    algorithm = algorithm.replace("-", "").lower()
    if (_STRONG | _WEAK).get(algorithm) != len(value) or not _HEXADECIMAL.fullmatch(value):
        raise FormatError(f"{DATAPACKAGE}: {told['path'][:80]}: not a known digest: {told['hash'][:100]!r}")
    if told["bytes"] < 0:
        raise FormatError(f"{DATAPACKAGE}: {told['path'][:80]} has {told['bytes']} bytes")
    return Resource(told["path"], algorithm, value, told["bytes"])
