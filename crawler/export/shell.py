"""Commands for a POSIX shell that check one thing each with sha256sum, openssl and unzip only.

Each command ends with status 0 if and only if the thing holds. `root` is the folder of the log's part as seen
from where the reader stands: ``data/`` in a bundle, empty in a receipt.
"""

import base64
from collections.abc import Sequence
from pathlib import Path

from crawler.errors import TimestampError
from crawler.evidence.checks.stamps import Stamp, fingerprint
from crawler.evidence.timestamp import BY_OPENSSL, split_trust, verify_token

_SHA256 = "openssl dgst -sha256 -binary | openssl base64 -A"
_DECODE = "openssl base64 -d -A"


def block(command: str) -> str:
    """A command as Markdown shows it."""
    return f"```sh\n{command}\n```"


def same(command: str, wanted: str) -> str:
    """That a command prints exactly this."""
    return f"test \"$({command})\" = '{wanted}' && printf 'OK\\n'"


def sums(name: str) -> str:
    """That every file in a list of SHA-256 digests is what the list says."""
    return f"sha256sum --strict --quiet -c {name} && printf 'OK\\n'"


def signed_by_log(name: str, pem: str) -> str:
    """That NAME.sig is the signature of the key in `pem` over the file NAME."""
    return f"openssl pkeyutl -verify -pubin -inkey {pem} -rawin -in {name} -sigfile {name}.sig"


def checkpoint_signature(root: str, size: int, key_id: str) -> str:
    """That the text is the head of the checkpoint, and the signature over it is that of this key."""
    note = f"{root}log/checkpoints/{size}"
    text = f'test "$(head -n 3 {note})" = "$(cat {note}.txt)"'
    pem = f"{root}log/keys/{key_id}.pem"
    return f"{text} &&\nopenssl pkeyutl -verify -pubin -inkey {pem} -rawin -in {note}.txt -sigfile {note}.sig"


def inclusion(root: str, index: int, size: int, path: Sequence[bytes]) -> str:
    """Climb from the leaf to the root, one line per level, and compare (RFC 9162 section 2.1.3.2)."""
    lines = [f"""node="$({{ printf '\\000'; cat {root}log/leaves/{index}.json; }} | {_SHA256})" &&"""]
    for sibling, on_the_left in zip(path, sides(index, size), strict=True):
        lines.append(_climb("node", sibling, on_the_left=on_the_left))
    return "\n".join([*lines, _is_root(f"{root}log/checkpoints/{size}", size, "node")])


def consistency(root: str, old: int, new: int, path: Sequence[bytes]) -> str:
    """Climb to the roots of both checkpoints from what they share (RFC 9162 section 2.1.4.2), and compare."""
    position, last = old - 1, new - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    siblings = list(path)
    if position:
        start = f"old='{base64.b64encode(siblings.pop(0)).decode()}'"
    else:  # the old tree is a complete subtree of the new one: its root is where the climb begins
        start = f"{{ read -r origin; read -r size; read -r old; }} < {root}log/checkpoints/{old}"
    lines = [f'{start} && new="$old" &&']
    for sibling in siblings:
        left = bool(position & 1) or position == last
        if left:
            lines.append(_climb("old", sibling, on_the_left=True))
            while position and not position & 1:
                position, last = position >> 1, last >> 1
        lines.append(_climb("new", sibling, on_the_left=left))
        position, last = position >> 1, last >> 1
    lines.append(
        _is_root(f"{root}log/checkpoints/{old}", old, "old").removesuffix(" && printf 'OK\\n'") + " &&"
    )
    return "\n".join([*lines, _is_root(f"{root}log/checkpoints/{new}", new, "new")])


def record_in_leaf(cut: str, leaf: str) -> str:
    """That the SHA-256 of what the command `cut` prints stands in the leaf."""
    found = (
        f"case \"$(cat {leaf})\" in *'\"sha256:'\"${{digest%% *}}\"'\"'*) printf 'OK\\n' ;; *) false ;; esac"
    )
    return f'digest="$({cut} | sha256sum)" &&\n{found}'


def token(base: Path, root: str, stamp: Stamp) -> str:
    """That a token stamps its checkpoint, by `openssl ts`, at its own time; `base` is where `root` lies."""
    name = f"{root}stamps/{stamp.size}/{stamp.authority}"
    return (
        f"openssl ts -verify -in {name}.tsr -data {root}log/checkpoints/{stamp.size}"
        f" -CAfile {root}trust/{stamp.authority}.pem{_untrusted(base, root, stamp)}"
        f" -attime {int(stamp.token.gen_time.timestamp())}"
    )


def root_fingerprint(pem_file: str, pem: bytes) -> str:
    """That the first certificate of a file has this fingerprint."""
    command = f"openssl x509 -in {pem_file} -noout -fingerprint -sha256"
    return same(command, f"sha256 Fingerprint={colons(pem)}")


def colons(pem: bytes) -> str:
    """A certificate's SHA-256 fingerprint as openssl prints it."""
    digits = fingerprint(pem).upper()
    return ":".join(digits[start : start + 2] for start in range(0, len(digits), 2))


def sides(index: int, size: int) -> list[bool]:
    """For each step of an inclusion path, whether the sibling stands on the left (RFC 9162, 2.1.3.2)."""
    found, position, last = [], index, size - 1
    while last:
        if position & 1 or position == last:
            found.append(True)
            while position and not position & 1:
                position, last = position >> 1, last >> 1
        else:
            found.append(False)
        position, last = position >> 1, last >> 1
    return found


def _climb(name: str, sibling: bytes, *, on_the_left: bool) -> str:
    own = f"""printf '%s' "${name}" | {_DECODE}"""
    other = f"printf '%s' '{base64.b64encode(sibling).decode()}' | {_DECODE}"
    left, right = (other, own) if on_the_left else (own, other)
    return f"""{name}="$({{ printf '\\001'; {left}; {right}; }} | {_SHA256})" &&"""


def _is_root(note: str, size: int, name: str) -> str:
    read = f"""{{ read -r origin; read -r size; read -r root; }} < {note} &&"""
    return f"""{read}\ntest "$size" = {size} && test "${name}" = "$root" && printf 'OK\\n'"""


def _untrusted(base: Path, root: str, stamp: Stamp) -> str:
    """The option with the token's chain, only if openssl needs it: it warns of the TSA's own certificate in there."""
    name = f"{root}stamps/{stamp.size}/{stamp.authority}"
    roots, _ = split_trust((base / f"{root}trust/{stamp.authority}.pem").read_bytes())
    note = (base / f"{root}log/checkpoints/{stamp.size}").read_bytes()
    try:
        verified = verify_token((base / f"{name}.tsr").read_bytes(), note, roots=roots)
    except TimestampError:
        return f" -untrusted {name}.chain.pem"  # intermediate certificates are not in the token itself
    return "" if BY_OPENSSL in verified.verified_by else f" -untrusted {name}.chain.pem"
