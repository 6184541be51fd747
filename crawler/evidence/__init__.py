"""The pure room: bytes in, verdicts out. No Scrapy, no Playwright, no SQLite, no network of its own."""
