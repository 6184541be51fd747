"""The forum of the demo market, where reviewers are recruited."""

from crawler.engine.platforms.discuz import Discuz


class MarketBbs(Discuz):
    """Demo market: 临江论坛, a Discuz! forum in GBK."""

    name = "market_bbs"
    domains = ("bbs.example",)
    start_pages = {"post": ("http://bbs.example/",)}
    expect = {"post": (1, 1_000_000)}
