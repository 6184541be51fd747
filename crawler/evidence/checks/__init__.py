"""The checks behind `crawler.evidence.verify`: one idea per file, each returning `report.Check` values."""
