"""Bitter Kittens, a talk forum."""

from crawler.engine.platforms.vanilla import Vanilla


class BitterKittens(Vanilla):
    """Bitter Kittens: a forum on Vanilla."""

    name = "bitterkittens"
    domains = ("bitterkittens.com",)
    start_pages = {"post": ("http://bitterkittens.com/discussions",)}
    expect = {"post": (1, 100_000)}
