"""Cookies and tokens never leave the sealed original: what is handed over is a derivative without them.

When a person's own browser recorded a page, its records hold what opens that person's account. `find_secrets`
collects it from the drafts of the page, `withhold` makes of them drafts without it, and further ones that hold the
untouched originals of what was altered (``withheld`` in their manifests: exports never carry those). Committed in
one batch, the log knows the originals' digests from the same moment, and a judge can be shown a sealed original
alone.

What is a secret is written in withholding.toml. The ways of spelling that are looked for: as it is, percent-encoded
(also twice), in JSON, HTML, JavaScript and CSS escapes, base64 at every alignment, hexadecimal, quoted-printable,
UTF-16, GB 18030, and within gzip, deflate, br and zstd bodies and MHTML parts. A content that still holds a secret
when all its escapes are undone is withheld as a whole: when in doubt, less is shown. What is beyond: a secret that
is encrypted, or recoded by a script in a way of its own; a picture whose text the page did not tell of.
"""

from crawler.withholding.derive import withhold
from crawler.withholding.search import Secret
from crawler.withholding.secrets import find_secrets

__all__ = ["Secret", "find_secrets", "withhold"]
