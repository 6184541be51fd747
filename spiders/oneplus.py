"""The forum of the phone maker OnePlus."""

from crawler.engine.platforms.xenforo import XenForo


class OnePlus(XenForo):
    """OnePlus Forums: threads about phones, orders and shipping."""

    name = "oneplus"
    domains = ("forums.oneplus.net",)
    expect = {"post": (1, 1_000_000)}
