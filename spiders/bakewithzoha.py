"""Bake with Zoha: recipes with reviews."""

from crawler.engine.platforms.jsonld import JsonLd


class BakeWithZoha(JsonLd):
    """Bake with Zoha: recipes with reviews."""

    name = "bakewithzoha"
    domains = ("bakewithzoha.com",)
    expect = {"listing": (1, 1000), "review": (1, 100_000)}
