# Two commands do everything: `make study` and `make test`. Both make the environment first, in .venv.
# Another interpreter: make PYTHON=python3.13 study

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
ENV ?= .venv
BIN := $(ENV)/bin
STAMP := $(ENV)/.installed
EXTRAS := --extra test --extra lint --extra build

.PHONY: help study wiod test test-slow test-lowest lint format bench lock clean

help:
	@echo "make study      make the environment and run the demonstration study into results/demo"
	@echo "make test       ruff, mypy and the default tests"
	@echo "make test-slow  the simulations of size and coverage, and the real studies (an hour or so)"
	@echo "make wiod       run the WIOD 2000-2011 study; GVCPOS_SHARED names the data folder"
	@echo "make bench      time the accounts, the panel models and the draws of flows against LAPACK, spreg or one solution"
	@echo "make format     let ruff rewrite the code"
	@echo "make lock       renew requirements.lock (needs uv)"
	@echo "make clean      remove the environment and the caches"

$(STAMP): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "gvcpos needs Python 3.11 or newer; name one with make PYTHON=..."; exit 1; }
	$(PYTHON) -m venv $(ENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

study: $(STAMP)
	$(BIN)/gvcpos run demo --out results/demo

wiod: $(STAMP)
	$(BIN)/gvcpos run wiod2013 --out results/wiod2013

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Two workers, a thread each: threads of linear algebra that wait for one another take the second worker's core.
test: lint
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2

test-slow: $(STAMP)
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist loadgroup -m slow

# The oldest versions that pyproject.toml admits, in an environment of their own (needs uv).
test-lowest:
	uv venv --quiet --python 3.11 .venv-lowest
	uv pip install --quiet --python .venv-lowest --resolution lowest-direct -e '.[test]'
	.venv-lowest/bin/python -m pytest -n 2

bench: $(STAMP)
	$(BIN)/python benchmarks/vector_indices.py
	$(BIN)/python benchmarks/accounts_suite.py --check
	$(BIN)/python benchmarks/panel_fit.py --check
	$(BIN)/python benchmarks/panel_peers.py
	$(BIN)/python benchmarks/flows_montecarlo.py --check

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--quiet $(EXTRAS) pyproject.toml -o requirements.lock

clean:
	rm -rf $(ENV) .venv-lowest .pytest_cache .mypy_cache .ruff_cache .hypothesis
