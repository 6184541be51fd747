"""Monster Pet Supplies (United Kingdom): products in microdata."""

from crawler.engine.platforms.schema_org import SchemaOrg


class MonsterPetSupplies(SchemaOrg):
    """Monster Pet Supplies: pet food and medicine; a range of prices per product."""

    name = "monsterpetsupplies"
    domains = ("monsterpetsupplies.co.uk",)
    expect = {"listing": (1, 100_000), "review": (0, 1_000_000)}
