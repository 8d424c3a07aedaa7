# `make run` and `make test` need Python 3.11 or newer and nothing else.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
CONFIG ?= pipeline.yaml

.PHONY: run demo test lint format bench bench-redaction bench-sampling lock clean

run: $(VENV)/run.stamp
	$(BIN)/winnow run --config $(CONFIG) $(ARGS)

demo: $(VENV)/run.stamp
	$(BIN)/winnow demo $(ARGS)

test: $(VENV)/dev.stamp
	$(BIN)/python -m pytest $(if $(CI),,-m "not long") $(ARGS)

lint: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/dev.stamp
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/run.stamp
	$(BIN)/python -m benchmarks $(ARGS)

bench-redaction: $(VENV)/run.stamp
	$(BIN)/python -m benchmarks.redaction

bench-sampling: $(VENV)/run.stamp
	$(BIN)/python -m benchmarks.open_traces $(ARGS)

# The locks are universal: one file for every Python and platform the ranges allow.
lock: $(VENV)/pip.stamp
	$(BIN)/pip install --quiet 'uv>=0.5'
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --extra demo --extra postgres pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --extra demo --extra postgres --group dev -c requirements.lock pyproject.toml -o requirements-dev.lock

clean:
	rm -rf $(VENV) build dist *.egg-info

$(VENV)/pip.stamp:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "winnow needs Python 3.11 or newer: try make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/run.stamp: requirements.lock pyproject.toml | $(VENV)/pip.stamp
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	touch $@

$(VENV)/dev.stamp: requirements-dev.lock $(VENV)/run.stamp
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	touch $@
