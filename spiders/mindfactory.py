"""Customer forum of the shop Mindfactory (German)."""

from crawler.engine.platforms.vbulletin import VBulletin


class Mindfactory(VBulletin):
    """Mindfactory's customer forum: threads about orders and support."""

    name = "mindfactory"
    domains = ("forum.mindfactory.de",)
    start_pages = {"post": ("https://forum.mindfactory.de/f42-bestellungen",)}
    expect = {"post": (1, 50_000)}
