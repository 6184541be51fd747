"""Subjects: what a finding is about, as text that is equal where two findings concern the same.

Findings that share a subject are joined into a storyline. A subject never names a reviewer: accounts are aliases.
"""

import re
import unicodedata

_NOT_A_WORD = re.compile(r"[\W_]+")


def shop_subject(domain: str, seller: str) -> str:
    """A shop on a platform, by its id or its name as printed."""
    return f"shop:{domain}/{plain(seller)}"


def listing_subject(domain: str, identifier: str) -> str:
    """A product or service."""
    return f"listing:{domain}/{identifier}"


def post_subject(domain: str, identifier: str) -> str:
    """A thread or an article."""
    return f"post:{domain}/{identifier}"


def account_subject(site: str, alias: str) -> str:
    """An account, by its alias."""
    return f"account:{site}/{alias}"


def contact_subject(kind: str, value: str) -> str:
    """A way to reach an organiser: weixin, qq, phone, group."""
    return f"contact:{kind}/{plain(value)}"


def hotline_subject(number: str) -> str:
    """A telephone number, digits only."""
    return f"hotline:{re.sub('[^0-9]', '', number)}"


def brand_subject(name: str) -> str:
    """A brand or a shop's name, where the platform is not said."""
    return f"brand:{plain(name)}"


def plain(name: str) -> str:
    """A name without its spelling: NFKC, lower case, without blanks and marks."""
    return _NOT_A_WORD.sub("", unicodedata.normalize("NFKC", name).casefold())
