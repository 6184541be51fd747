"""Pages that share a hotline, and what the archive knows of that number elsewhere."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from crawler.detect.doorways.signs import Signs, signs
from crawler.detect.kit.corpus import Corpus, Post
from crawler.detect.kit.finding import Quote
from crawler.detect.kit.pages import Page
from crawler.detect.kit.subject import plain
from crawler.detect.text.numbers import numbers

_LONGEST_QUOTE = 200  # characters


@dataclass(frozen=True, slots=True)
class Shown:
    """One page with its signs. `posts`: what was read from it, whose fields have places in the picture."""

    page: Page | Post
    text: str
    signs: Signs
    posts: tuple[Post, ...]

    def quote(self, start: int, end: int, label: str) -> Quote:
        """Words of the page: from a post's field where they stand there, else from the page's text."""
        words = self.text[start : min(end, start + _LONGEST_QUOTE)]
        for post in self.posts:
            for name in post.fields:
                at = (getattr(post, name) or "").find(words)
                if at >= 0:
                    return post.quote(name, at, at + len(words), label)
        return self.page.quote("text", start, start + len(words), label)


@dataclass(slots=True)
class Gathered:
    """`by_number`: pages that repeat a hotline for a brand; `domains`: where else each number stands."""

    by_number: dict[str, list[Shown]] = field(default_factory=dict)
    domains: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    owners: Mapping[str, frozenset[str]] = field(default_factory=dict)  # plain brand or shop → its domains

    def owned(self, brand: str) -> frozenset[str]:
        """Domains on which a shop or a listing bears this brand's name."""
        name = plain(brand)
        return frozenset(domain for owner, own in self.owners.items() if name in owner for domain in own)


def gathered(corpus: Corpus) -> Gathered:
    """Read every page once. Pages of one number come by address."""
    posts: dict[str, list[Post]] = defaultdict(list)
    for post in corpus.posts():
        posts[post.capture].append(post)
    found = Gathered(owners=_owners(corpus))
    for page, text, title in _texts(corpus, posts):
        for digits in {number.digits for number in numbers(text)}:
            found.domains[digits].add(page.domain)
        shown = signs(title, text)
        if shown is not None:
            own = tuple(posts.get(page.capture, ()))
            found.by_number.setdefault(shown.number, []).append(Shown(page, text, shown, own))
    return found


def _texts(corpus: Corpus, posts: Mapping[str, Sequence[Post]]) -> Iterator[tuple[Page | Post, str, str]]:
    """Pages; posts of captures whose page cannot be read stand for them."""
    seen = set()
    for page in corpus.pages():
        seen.add(page.capture)
        yield page, page.text, page.title
    for capture, read in posts.items():
        if capture not in seen:
            for post in read:
                yield post, f"{post.headline or ''}\n{post.article_body or ''}", post.headline or ""


def _owners(corpus: Corpus) -> dict[str, frozenset[str]]:
    domains: dict[str, set[str]] = defaultdict(set)
    for listing in corpus.listings():
        for name in (listing.brand, listing.seller):
            if name:
                domains[plain(name)].add(listing.domain)
    return {name: frozenset(own) for name, own in domains.items()}
