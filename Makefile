# `make test` and `make demo` set up all they need; `make help` lists the rest.
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

BIN := .venv/bin
DEMO_DIR ?= demo-out

.PHONY: help setup test mutations demo docs bench lock format clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 18

setup: ## .venv from requirements.lock, and what Debian gives; quick when nothing changed
	@scripts/setup

test: setup ## what CI runs: format, lint, strict types, tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder  # files side by side: the browser tests mostly wait

mutations: setup ## every damage we know of, and every byte of a small bundle: about fifteen minutes
	@$(BIN)/python -m tests.mutations
	MUTATIONS=all $(BIN)/pytest tests/test_archive_mutations.py

demo: setup ## the whole story on this machine alone; the result is in DEMO_DIR (demo-out)
	@$(BIN)/evidence demo "$(DEMO_DIR)"

docs: setup ## docs/cli.md from the commands' own help
	@$(BIN)/python -m tests.cli_docs

bench: setup ## speed and memory beside plain Scrapy, measured in one run
	@$(BIN)/python -m bench

lock: ## requirements.lock again, from pyproject.toml (needs uv)
	@scripts/lock

format: setup ## rewrite the code in the one format
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

clean: ## remove what make made: .venv, caches, demo-out
	rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis build demo-out *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
