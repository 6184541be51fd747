"""Brooklyn Brew Shop (Magento): products in microdata, with an empty template of a review beside each."""

from crawler.engine.platforms.schema_org import SchemaOrg


class BrooklynBrewShop(SchemaOrg):
    """Brooklyn Brew Shop: kits for brewing."""

    name = "brooklynbrewshop"
    domains = ("brooklynbrewshop.com",)
    numbered = r"//[^/]+/([\w/-]+)"
    expect = {"listing": (1, 100_000), "review": (0, 1_000_000)}
