"""Recruiting posts: what is read together, and how a finding is worded."""
