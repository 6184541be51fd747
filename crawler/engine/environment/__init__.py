"""The environment check (清洁性检查): what the machine was like before and after a run.

One file for each family of checks; `rules.toml` says in data which checks there are, what each is for, its limits,
and what a failure means and needs. `check.py` makes them all at once, `differences.py` compares two moments, and
`run_check.py` writes both moments of a run to the log. What is collected, and what is not: docs/environment.md.
"""
