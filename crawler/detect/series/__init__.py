"""Counts over time: how many a day, how many were to be expected, and whether what came is made up otherwise."""
