"""A masker for tests: two people, one credential."""

from crawler.redaction.grade import Kind, grade_named
from crawler.redaction.masker import Masker
from crawler.redaction.person import Person
from crawler.redaction.seal import Seal

KEY = bytes(range(32))
NAME, ACCOUNT, TOKEN = "云上清风徐来", "tb_88120946", "s3cr3t-c00kie-9f2a"
OTHER = "Marlene Dietrich"
PEOPLE = (
    Person(NAME, ACCOUNT, "评价人-0123456789abcdef"),
    Person(OTHER, None, "评价人-fedcba9876543210"),
)


def masker(
    grade: str = "public", kind: Kind | None = "review", *, capture: str = "c1", key: bytes = KEY
) -> Masker:
    """The masks of one capture."""
    return Masker(grade_named(grade), PEOPLE, [TOKEN], Seal(key, capture, grade), kind=kind)
