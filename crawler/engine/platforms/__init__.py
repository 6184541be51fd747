"""Site software that many sites share: base classes for spiders, one per software."""
