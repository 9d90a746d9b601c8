# Two commands for a newcomer: `make demo` and `make test`. Each sets up what it needs (tools/setup).
#   YES=1          install missing system packages without asking
#   PYTHON=...     the Python (3.11 or newer) that .venv is made with
#   TESTS=...      what pytest gets: `make test TESTS="tests/evidence -x"`
#   JOBS=2         processes that the tests are dealt out to, by file

SHELL := /bin/bash
BIN := .venv/bin
JOBS ?= 2
export YES PYTHON

.PHONY: help demo test lint setup lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

demo: setup ## a whole study of templates/digits, without an API key, to its PDF
	@tools/demo

test: setup ## all tests
	$(BIN)/pytest -n $(JOBS) --dist loadfile $(TESTS)

lint: setup ## ruff, mypy, the import rules and the lock
	$(BIN)/ruff check .
	$(BIN)/mypy --strict agent
	$(BIN)/lint-imports
	tools/check-lock

setup: ## system packages, .venv with pinned requirements, and the command shoal
	@tools/setup

lock: ## write requirements.lock anew (needs uv)
	uv --no-config pip compile pyproject.toml --extra dev --universal --python-version 3.11 --upgrade \
	  --fork-strategy fewest --generate-hashes --no-emit-index-url --no-annotate --no-header --quiet \
	  --output-file requirements.lock
	tools/check-lock

clean: ## remove .venv and caches; runs and papers stay
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
