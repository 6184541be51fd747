"""Speed and memory of a crawl, as ratios measured side by side in one run: `python -m bench`, docs/bench.md."""
