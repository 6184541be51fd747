"""Juno Records (United Kingdom): products in microdata; the one "review" of each is the shop's own text."""

from crawler.engine.platforms.schema_org import SchemaOrg


class Juno(SchemaOrg):
    """Juno: records and equipment."""

    name = "juno"
    domains = ("juno.co.uk",)
    numbered = r"/products/[^/]+/(\d+-\d+)"
    expect = {"listing": (1, 100_000), "review": (0, 1_000_000)}
