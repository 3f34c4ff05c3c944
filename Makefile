PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin

.PHONY: setup demo test lint bench locks clean

setup:  ## .venv for working on the project
	@$(PYTHON) scripts/setup.py dev

demo:  ## one config to a running, checked endpoint
	@$(PYTHON) scripts/setup.py local
	@$(RUN)/python scripts/demo.py

test: setup  ## the whole suite that needs only Python
	@$(RUN)/python -m pytest

lint: setup  ## style, types, import contracts, generated files
	@$(RUN)/python scripts/lint.py

bench: setup  ## the figures of docs/benchmarks.md
	@$(RUN)/python tests/bench/run.py

locks: setup  ## renew requirements/ (needs the package index)
	@$(RUN)/python scripts/locks.py
