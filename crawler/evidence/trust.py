"""Which roots an archive accepts for an authority, and for which times: trust/NAME.pem and trust/roots.toml.

NAME.pem holds the certificates, old and new: when a TSA moves to another root, the new one is added and the old
tokens go on to verify under the old one. roots.toml says from when to when each root is accepted:

    [[root]]
    authority = "NAME"
    sha256 = "…"                          # of the DER certificate, lower-case hex
    subject = "…"
    not_before = 2016-03-13T01:52:13Z     # from the certificate
    not_after = 2041-03-07T01:52:13Z
    accept_until = 2026-03-11T00:00:00Z   # optional: tokens stamped later are refused under this root

A token counts under a root only if its genTime lies within. An authority without an entry has the dates of its
certificates alone; once it has one, roots of it that are not listed are refused.
"""

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from asn1crypto import x509

from crawler.errors import FormatError, TimestampError
from crawler.evidence.certificates import certificates_in, fingerprint, reading, split_trust
from crawler.evidence.checks.reading import read_small
from crawler.evidence.durable import durable_write

FILE = "roots.toml"
_LIMIT = 1 << 20  # bytes of roots.toml; an entry has some 300
_MOST_DOTS = 200  # in one line: tomllib takes the square of the parts of a dotted key
_FIELDS = ("authority", "sha256", "subject", "not_before", "not_after", "accept_until")


@dataclass(frozen=True, slots=True)
class Root:
    """One accepted root: times are UTC, `sha256` is over its DER."""

    authority: str
    sha256: str
    subject: str
    not_before: datetime
    not_after: datetime
    accept_until: datetime | None = None

    def accepts(self, moment: datetime) -> bool:
        """Whether a token of that genTime may count under this root."""
        end = self.not_after if self.accept_until is None else min(self.not_after, self.accept_until)
        return self.not_before <= moment <= end

    def to_toml(self) -> str:
        """Its section of roots.toml."""
        lines = [
            "[[root]]",
            f"authority = {_quoted(self.authority)}",
            f"sha256 = {_quoted(self.sha256)}",
            f"subject = {_quoted(self.subject)}",
            f"not_before = {_moment(self.not_before)}",
            f"not_after = {_moment(self.not_after)}",
        ]
        if self.accept_until is not None:
            lines.append(f"accept_until = {_moment(self.accept_until)}")
        return "\n".join(lines) + "\n"


def describe_roots(authority: str, trust: bytes) -> list[Root]:
    """The roots in a file of certificates, with their own dates. Raises TimestampError."""
    roots, _ = split_trust(trust)
    return [_describe(authority, pem) for pem in roots]


def read_roots(trust: Path) -> tuple[Root, ...]:
    """The entries of TRUST/roots.toml; none if there is no such file. Raises FormatError."""
    path = trust / FILE
    if not path.exists():
        return ()
    try:
        text = read_small(path, _LIMIT).decode("utf-8")
        if any(line.count(".") > _MOST_DOTS for line in text.split("\n")):
            raise FormatError(f"{FILE} has a line with more than {_MOST_DOTS} dots: refused")
        entries = tomllib.loads(text).get("root", [])
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{FILE} is not valid TOML: {error}") from error
    if not isinstance(entries, list):
        raise FormatError(f"{FILE}: expected sections [[root]]")
    return tuple(_entry(entry) for entry in entries)


def write_roots(trust: Path, roots: Iterable[Root]) -> None:
    """Durable. Raises OSError."""
    head = "# Accepted roots of time-stamping authorities: docs in `evidence authority --help`\n"
    durable_write(trust / FILE, "\n".join([head, *(root.to_toml() for root in roots)]).encode())


def add_roots(trust: Path, authority: str, content: bytes) -> list[Root]:
    """Add certificates to TRUST/AUTHORITY.pem and their roots to roots.toml; returns the roots that are new.

    What is there stays, so that tokens under an old root go on to verify. Raises TimestampError, FormatError.
    """
    path = trust / f"{authority}.pem"
    before = read_small(path) if path.exists() else b""
    roots, intermediates = split_trust(content)
    pems = [*(_pems(before) if before else ()), *roots, *intermediates]
    durable_write(path, b"".join(dict.fromkeys(pems)))
    listed = list(read_roots(trust))
    known = {(root.authority, root.sha256) for root in listed}
    fresh = [
        root for root in describe_roots(authority, path.read_bytes()) if (authority, root.sha256) not in known
    ]
    write_roots(trust, [*listed, *fresh])
    return fresh


def accepted(
    roots: Sequence[bytes], listed: Sequence[Root], authority: str | None, moment: datetime
) -> tuple[bytes, ...]:
    """Those of `roots` (PEM) under which a token of genTime `moment` may count. Raises TimestampError if none.

    `authority` None: entries of any name apply (a verifier's own folder, whose file names need not be ours).
    """
    entries = {root.sha256: root for root in listed if authority in (None, root.authority)}
    if not entries:
        return tuple(roots)
    kept = []
    for pem in roots:
        entry = entries.get(fingerprint(pem))
        # In a pooled folder an unlisted root belongs to an authority that roots.toml does not speak of.
        if (entry is None and authority is None) or (entry is not None and entry.accepts(moment)):
            kept.append(pem)
    if not kept:
        raise TimestampError(
            f"stamped at {moment:%Y-%m-%d %H:%M} UTC, when no root in trust/{FILE} is accepted for this authority;"
            " compare its dates with what the authority publishes, or add its new root: evidence authority add"
        )
    return tuple(kept)


def _describe(authority: str, pem: bytes) -> Root:
    with reading("certificate"):
        certificate = x509.Certificate.load(certificates_in(pem)[0])
        return Root(
            authority,
            fingerprint(pem),
            certificate.subject.human_friendly,
            certificate.not_valid_before.astimezone(UTC),
            certificate.not_valid_after.astimezone(UTC),
        )


def _pems(content: bytes) -> list[bytes]:
    roots, intermediates = split_trust(content)
    return [*roots, *intermediates]


def _entry(entry: object) -> Root:
    if not isinstance(entry, dict) or set(entry) - set(_FIELDS):
        raise FormatError(f"{FILE}: a root should have {', '.join(_FIELDS)}")
    texts = [entry.get(name) for name in _FIELDS[:3]]
    if not all(isinstance(text, str) and text for text in texts):
        raise FormatError(f"{FILE}: authority, sha256 and subject should be texts")
    begin, end = (_read_moment(entry, name) for name in ("not_before", "not_after"))
    until = _read_moment(entry, "accept_until") if "accept_until" in entry else None
    authority, sha256, subject = (str(text) for text in texts)
    return Root(authority, sha256.lower(), subject, begin, end, until)


def _read_moment(entry: dict[str, Any], name: str) -> datetime:
    """A TOML date-time with zone, or a date: then its last second, UTC."""
    value = entry.get(name)
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime.combine(value, time(23, 59, 59), UTC)
    raise FormatError(f"{FILE}: {name} = {value!r} should be a time with zone such as 2027-01-31T00:00:00Z")


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in escaped) + '"'
