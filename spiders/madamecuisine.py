"""Madame Cuisine (German): recipes with reviews."""

from crawler.engine.platforms.schema_org import SchemaOrg


class MadameCuisine(SchemaOrg):
    """Madame Cuisine (German): recipes with reviews."""

    name = "madamecuisine"
    domains = ("madamecuisine.de",)
    expect = {"listing": (1, 1000), "review": (1, 100_000)}
    version = 2  # texts with character references read; answers to reviews
