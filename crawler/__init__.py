"""Web evidence: capture, prove, find, hand over."""

__version__ = "0.1.0"
