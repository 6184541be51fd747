"""NAME=URL=ROOT.pem: how a time-stamping authority is given on the command line."""

import re
from pathlib import Path

from crawler.config import AuthorityConfig, Config
from crawler.errors import TimestampError, UsageError
from crawler.evidence.profiles import profiles
from crawler.evidence.trust import describe_roots

_NAME = re.compile(r"[A-Za-z0-9-]+")


def parse_authority(entry: str, config: Config | None = None) -> tuple[AuthorityConfig, bytes]:
    """NAME=URL=ROOT.pem, or NAME=ROOT.pem for an authority that `config` or a profile knows.

    Returns the authority and the certificates. Raises UsageError saying what is wrong.
    """
    name, _, rest = entry.partition("=")
    url, _, path = rest.rpartition("=")
    if not (_NAME.fullmatch(name) and Path(path).is_file()):
        raise UsageError(
            f"{entry!r}: expected NAME=URL=ROOT.pem; NAME takes ASCII letters, digits and hyphens, and ROOT.pem"
            " must exist"
        )
    known = next((tsa for tsa in config.authorities if tsa.name == name), None) if config else None
    profile = profiles().get(name)
    address = url or (known.url if known else "") or (profile.url if profile else "")
    if not address.startswith(("http://", "https://")):
        asked = f" {profile.remark}" if profile is not None else ""
        raise UsageError(f"{entry!r}: URL begins with http; no address is known for {name!r}.{asked}")
    trust = Path(path).read_bytes()
    try:
        describe_roots(name, trust)
    except TimestampError as error:
        raise UsageError(f"{entry!r}: {path}: {error}") from error
    if known is not None:
        return known if known.url == address else AuthorityConfig(name, address, known.policy), trust
    policy = profile.policy if profile is not None and profile.verified and profile.url == address else None
    return AuthorityConfig(name, address, policy or None), trust


def warnings_for(wanted: AuthorityConfig, trust: bytes) -> list[str]:
    """What the profile of that name says against, or to be asked about, these certificates."""
    profile = profiles().get(wanted.name)
    if profile is None:
        return []
    found = []
    if profile.root_sha256 and profile.root_sha256 not in {r.sha256 for r in describe_roots("", trust)}:
        found.append(
            f"注意：所给根证书与内置资料中 {profile.title} 的根证书（SHA-256 {profile.root_sha256}）不同，请核对。"
        )
    if not profile.verified:
        found.append(f"注意：{profile.title} 的内置资料未经实际核验，请与该机构公布的比对。")
    return found
