"""LINUX DO, a Chinese forum about computing, with many offers of accounts and services."""

from crawler.engine.platforms.discourse import Discourse


class Linuxdo(Discourse):
    """LINUX DO: a forum on Discourse."""

    name = "linuxdo"
    domains = ("linux.do",)
    start_pages = {"post": ("https://linux.do/latest.json",)}
    expect = {"post": (1, 1_000_000)}
