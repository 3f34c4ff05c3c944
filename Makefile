PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin

.PHONY: setup demo test lint bench image test-image test-cluster locks clean

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

image: setup  ## the serving image as an OCI layout; BASE_IMAGE=NAME@sha256:..., VARIANT=cpu or gpu
	@$(RUN)/python scripts/image.py

test-image: setup  ## build the serving image and run it
	@$(RUN)/python -m pytest tests/image -m image -n 0

test-cluster: setup  ## build a Kubernetes cluster, the first time, and test on it; needs Go
	@$(RUN)/python -m tests.cluster.bed build
	@$(RUN)/python -m pytest tests/cluster -m cluster -n $(or $(PYTEST_XDIST_AUTO_NUM_WORKERS),2)

locks: setup  ## renew requirements/ (needs the package index)
	@$(RUN)/python scripts/locks.py
