"""Whom this machine believes: the system's certificates, those that were added, those of the browser's user."""

import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from crawler.engine.environment.bounded import plain, plain_path, read_bounded, run_command
from crawler.engine.environment.result import Json, Judged, failed, passed, skipped
from crawler.engine.environment.rules import Rule
from crawler.engine.environment.setting import Setting
from crawler.evidence.digest import digest

_BUNDLE_LIMIT = 16 << 20
_BEGIN = b"-----BEGIN CERTIFICATE-----"
_MOST = 32  # certificates that are named
_TRUST = re.compile(
    r"\s([A-Za-z]*),[A-Za-z]*,[A-Za-z]*\s*$", re.MULTILINE
)  # of `certutil -L`: SSL, S/MIME, code


def system_certificates(setting: Setting, _rule: Rule) -> Sequence[Judged]:
    """Digest and number of the authorities that the system trusts."""
    path = _bundle(setting)
    if path is None:
        return [failed({}, "no-bundle")]
    content = read_bounded(path, _BUNDLE_LIMIT)
    value: Json = {
        "file": plain_path(path),
        "sha256": digest(content),
        "certificates": content.count(_BEGIN),
    }
    return [passed(value)]


def _bundle(setting: Setting) -> Path | None:
    return next((path for path in setting.places.bundles if path.is_file()), None)


def added_certificates(setting: Setting, _rule: Rule) -> Sequence[Judged]:
    """Authorities that somebody added to those of the system: who holds one can show us pages of any site."""
    files = sorted(file for folder in setting.places.added if folder.is_dir() for file in folder.rglob("*"))
    certificates: list[Json] = []
    unreadable = 0
    for file in [file for file in files if file.is_file()][:_MOST]:
        try:
            certificates += _named(read_bounded(file))
        except (OSError, ValueError):
            unreadable += 1
    value: Json = {
        "count": len(certificates),
        "unreadable": unreadable,
        "certificates": certificates[:_MOST],
    }
    if certificates or unreadable:
        names = "、".join(str(entry["subject"]) for entry in certificates[:3])
        return [failed(value, "added", count=len(certificates) + unreadable, names=names)]
    return [passed(value)]


def _named(content: bytes) -> list[Json]:
    """Fingerprint and subject of each certificate in PEM, or of the one in DER. Raises ValueError."""
    loaded = (
        x509.load_pem_x509_certificates(content)
        if _BEGIN in content
        else [x509.load_der_x509_certificate(content)]
    )
    return [
        {
            "sha256": f"sha256:{entry.fingerprint(SHA256()).hex()}",
            "subject": plain(entry.subject.rfc4514_string(), 120),
        }
        for entry in loaded[:_MOST]
    ]


def browser_certificates(setting: Setting, rule: Rule) -> Sequence[Judged]:
    """The browser's own store (NSS), which belongs to the user: no authority may be trusted there.

    Only numbers and a digest are kept: nicknames in it may be people's.
    """
    store = setting.places.nss / "cert9.db"
    if not store.is_file():
        return [passed({"present": False})]
    value: Json = {"present": True, "sha256": digest(read_bounded(store, _BUNDLE_LIMIT))}
    tool = shutil.which("certutil", path=setting.environ.get("PATH"))
    if tool is None:
        return [skipped("no-certutil", value)]
    try:
        listed = run_command((tool, "-L", "-d", f"sql:{setting.places.nss}"), rule.seconds - 0.5)
    except OSError as error:
        return [skipped("unreadable", value, problem=plain(error, 120))]
    trusted = trusted_in(listed)
    value["trusted"] = trusted
    return [failed(value, "trusted", count=trusted) if trusted else passed(value)]


def trusted_in(listed: str) -> int:
    """How many entries of `certutil -L` may vouch for web sites (C or T in the first column)."""
    return sum(1 for flags in _TRUST.findall(listed) if set(flags) & set("CT"))


def certificate_variables(setting: Setting, _rule: Rule) -> Sequence[Judged]:
    """Variables that put other certificates in the place of the system's, or write TLS secrets to a file."""
    value: Json = {}
    foreign: list[str] = []
    for name, same in (("SSL_CERT_FILE", _same_file), ("SSL_CERT_DIR", _same_folder)):
        if text := setting.environ.get(name):
            usual = same(setting, text)
            value[name] = {"path": plain_path(text), "is_system": usual}
            foreign += [] if usual else [name]
    if setting.environ.get("SSLKEYLOGFILE"):
        value["SSLKEYLOGFILE"] = {"set": True}
        return [failed(value, "key-log")]
    return [failed(value, "other-certificates", names="、".join(foreign)) if foreign else passed(value)]


def _same_file(setting: Setting, text: str) -> bool:
    """Whether the file holds exactly what the system's bundle holds."""
    path, bundle = Path(text), _bundle(setting)
    if bundle is None or not path.is_file():
        return False
    return path.samefile(bundle) or read_bounded(path, _BUNDLE_LIMIT) == read_bounded(bundle, _BUNDLE_LIMIT)


def _same_folder(setting: Setting, text: str) -> bool:
    """Whether every folder named is one that the system's bundle lies in."""
    usual = {bundle.parent.resolve() for bundle in setting.places.bundles}
    return all(Path(part).resolve() in usual for part in text.split(os.pathsep) if part)
