"""This step replaces the names of reviewers and posters by keyed aliases.

An alias is HMAC-SHA256 over site and account under a key of this archive: the same account is the same
alias in every crawl and every bundle of the archive, and nobody without the key can go from a name to its
alias. The key stays in the archive (``keys/alias.key``) and never goes into a bundle.
"""

import hmac
from dataclasses import replace
from pathlib import Path
from typing import Self

from scrapy.crawler import Crawler

from crawler.errors import FormatError
from crawler.evidence.alias_key import read_key
from crawler.items import Item, Post, Review

KEY_LENGTH = 32
NAMELESS = frozenset(("匿名", "匿名用户", "匿名买家", "匿名网友", "anonymous", "guest", "游客"))


class Pseudonymize:
    """Item pipeline: author and account out, alias in.

    ``评价人-…`` and ``发帖人-…`` stand for one account or one full name. ``隐名评价人-…`` (``隐名发帖人-…``)
    stands for a name that the site itself masks ("j***珂"): several people may share it, so equal aliases of
    this form do not show that it was one person. An anonymous author has no alias.
    """

    def __init__(self, key: bytes) -> None:
        """`key`: 32 bytes. Raises FormatError for another length."""
        if len(key) != KEY_LENGTH:
            raise FormatError(f"the alias key must have {KEY_LENGTH} bytes; this one has {len(key)}")
        self._key = key

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """With the key of the archive that the setting EVIDENCE_ARCHIVE names; see `read_key`."""
        return cls(read_key(Path(str(crawler.settings["EVIDENCE_ARCHIVE"]))))

    def process_item(self, item: Item) -> Item:
        """The item with an alias in place of its author; a Listing as it is (a shop is no private person)."""
        if not isinstance(item, Review | Post):
            return item
        alias = self.alias(item, "评价人" if isinstance(item, Review) else "发帖人")
        return replace(item, author=None, author_identifier=None, author_alias=alias)

    def alias(self, item: Review | Post, role: str) -> str | None:
        """The alias of an item's author, `role` as its first part; None if there is nobody to name."""
        name, account = (item.author or "").strip(), (item.author_identifier or "").strip()
        if account:
            return f"{role}-{self._code(item.site, 'account', account)}"
        if not name or name.lower() in NAMELESS:
            return None
        return f"{'隐名' if '*' in name else ''}{role}-{self._code(item.site, 'name', name)}"

    def _code(self, *parts: str) -> str:
        message = b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in parts)
        return hmac.new(self._key, message, "sha256").hexdigest()[:12]
