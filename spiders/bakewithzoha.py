"""Bake with Zoha: recipes with reviews."""

from crawler.engine.platforms.schema_org import SchemaOrg


class BakeWithZoha(SchemaOrg):
    """Bake with Zoha: recipes with reviews."""

    name = "bakewithzoha"
    domains = ("bakewithzoha.com",)
    expect = {"listing": (1, 1000), "review": (1, 100_000)}
    version = 2  # texts with character references read; answers to reviews
