"""One file per spider, with its saved pages and their facts."""
