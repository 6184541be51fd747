"""Newegg (USA): products in microdata."""

from crawler.engine.platforms.schema_org import SchemaOrg


class Newegg(SchemaOrg):
    """Newegg: electronics; reviews come by JavaScript."""

    name = "newegg"
    domains = ("newegg.com",)
    numbered = r"(?:[?&]Item=|/p/)(\w+)"
    expect = {"listing": (1, 100_000), "review": (0, 1_000_000)}
