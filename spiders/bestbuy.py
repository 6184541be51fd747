"""Best Buy (USA): products and their latest reviews in microdata."""

from crawler.engine.platforms.schema_org import SchemaOrg


class BestBuy(SchemaOrg):
    """Best Buy: electronics."""

    name = "bestbuy"
    domains = ("bestbuy.com",)
    expect = {"listing": (1, 100_000), "review": (0, 1_000_000)}
