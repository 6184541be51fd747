"""The grades of a bundle: what each of them shows of people."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from crawler.errors import UsageError

Kind = Literal["review", "post", "listing"]  # what stands on a page

# Numbers that only their owner may hand on; no page needs them, whoever stands behind it.
_NEVER = frozenset(("id_card", "bank_card"))
_CONTACTS = frozenset(("mobile", "landline", "service", "email", "qq", "weixin", "account", "mention"))
_TRACES = frozenset(("plate", "parcel", "order", "address", "link"))
_OTHERS: tuple[Kind, ...] = (
    "post",
    "listing",
)  # a recruiter and a merchant offer their contacts to everybody


@dataclass(frozen=True, slots=True)
class Grade:
    """What a bundle of this grade shows.

    `aliases`: people appear under their alias, not as a mark that says nothing. `contacts`: telephone numbers and
    accounts of those who offer them to the public (recruiters, merchants) stay. `addresses`: links and addresses of
    pages stay. `needs_reader`: a page whose people no parser of ours names is not shown at all.
    """

    name: str
    redacts: bool
    aliases: bool
    contacts: bool
    addresses: bool
    needs_reader: bool

    def masked(self, kind: Kind | None) -> frozenset[str]:
        """The kinds of contacts (see contacts.py) that go out of a page of this kind; None: nobody knows which."""
        if not self.redacts:
            return frozenset()
        if not self.addresses:
            return _NEVER | _CONTACTS | _TRACES
        if self.contacts and kind in _OTHERS:
            return _NEVER | {"mention"}
        return _NEVER | _CONTACTS | {"plate", "parcel", "order"}


GRADES: Mapping[str, Grade] = MappingProxyType(
    {
        # The whole: a court has to see who said what.
        "court": Grade(
            "court", redacts=False, aliases=False, contacts=True, addresses=True, needs_reader=False
        ),
        # The platform knows its users by the address of a review; nobody else is to.
        "platform": Grade(
            "platform", redacts=True, aliases=True, contacts=True, addresses=True, needs_reader=False
        ),
        "public": Grade(
            "public", redacts=True, aliases=False, contacts=False, addresses=False, needs_reader=True
        ),
    }
)


def grade_named(name: str) -> Grade:
    """The grade of this name. Raises UsageError for another one."""
    if name not in GRADES:
        raise UsageError(f"no grade {name!r}: use one of {', '.join(GRADES)}")
    return GRADES[name]
