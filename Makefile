# Every command of this repository. Each does its own set-up; `make help` lists them.

PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python3.14; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --require-virtualenv --disable-pip-version-check --quiet
READY := $(VENV)/.ready
DATABASE ?= fanfold.db
ARGS ?=
PYTEST := $(BIN)/python -m pytest
COVERED := engine limits dialects

.DEFAULT_GOAL := help
.PHONY: help setup serve demo check test fuzz test-services faults faults-long coverage bench docs format lock clean

help: ## list the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F '\t' '{ printf "  make %-14s %s\n", $$1, $$2 }'

setup: $(READY) ## make .venv with the locked dependencies (the other commands do it by themselves)

# The stamp is written last: an interrupted set-up is done again, a finished one needs no network.
$(READY): requirements.lock requirements-sdk.lock pyproject.toml
	@test -n "$(PYTHON)" && $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Fanfold needs Python 3.11 or newer. Is it under another name? Then: make PYTHON=/path/to/python3 ..."; exit 2; }
	@$(BIN)/python -c 'import pip, sys; sys.exit(sys.prefix == sys.base_prefix)' 2>/dev/null || \
		{ echo "Setting up $(VENV) with $$($(PYTHON) --version), once."; $(PYTHON) -m venv $(VENV); } || \
		{ rm -rf $(VENV); echo "This Python cannot make virtual environments; on Debian and Ubuntu: apt install python3-venv"; exit 2; }
	@$(PIP) install --no-deps --require-hashes --requirement requirements.lock
	@$(PIP) install --no-deps --require-hashes --ignore-requires-python --requirement requirements-sdk.lock
	@$(PIP) install --no-deps --no-build-isolation --no-index --editable .
	@touch $@

serve: $(READY) ## keep a server running on DATABASE (fanfold.db); more flags in ARGS
	@$(BIN)/fanfold serve --db $(DATABASE) $(ARGS)

demo: $(READY) ## start a server with demo data, send it one batch of ten, show the ten results
	@$(BIN)/fanfold demo $(ARGS)

check: $(READY) ## format, lint, types, architecture
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(PYTEST) -q tests/test_architecture.py tests/test_exports.py tests/test_docs.py

test: $(READY) ## all tests that need nothing but this machine
	@$(PYTEST) -q -n auto --maxprocesses 8 --dist loadscope -m "not services and not fuzz" $(ARGS)

fuzz: $(READY) ## ten thousand made-up requests after the API description: no crash, no undocumented answer
	@$(PYTEST) -q -s -m fuzz tests/fuzz $(ARGS)

test-services: $(READY) ## the tests that talk to PostgreSQL and Redis, and those of the work API once more over PostgreSQL
	@$(PYTEST) -q -m services $(ARGS)
	@$(BIN)/python -m tests.databases; case $$? in \
		0) FANFOLD_TEST_DB=postgresql $(PYTEST) -q -n auto --maxprocesses 8 -m "not services" $(ARGS) tests/work ;; \
		3) ;; \
		*) exit 1 ;; esac

faults: $(READY) ## break servers in every way that is known, and compare: some five minutes
	@$(BIN)/python -m faults $(ARGS)

faults-long: $(READY) ## the same as often as the figures in docs/reliability.md say; hours. PostgreSQL: ARGS="--db postgres"
	@$(BIN)/python -m faults --tier long $(ARGS)

coverage: $(READY) ## branches covered of the parts where 95 % is the bar
	@$(PYTEST) -q -n auto --maxprocesses 8 $(COVERED:%=--cov=fanfold.%) --cov-report= $(COVERED:%=tests/%)
	@for room in $(COVERED); do $(BIN)/coverage report --include="src/fanfold/$$room/*" --fail-under=95 || exit 1; done

bench: $(READY) ## the benchmarks, as JSON lines
	@for script in $(wildcard benchmarks/[a-z]*.py); do $(BIN)/python $$script $(ARGS) || exit 1; done

docs: $(READY) ## write the reference pages, prove that the documentation is true
	@$(BIN)/python docs/generate.py
	@$(PYTEST) -q tests/test_docs.py tests/test_reference.py

format: $(READY) ## put every file in the house style
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lock: $(READY) ## choose versions anew for requirements.lock, and those of them that the image needs
	@$(PIP) install uv
	@$(BIN)/uv pip compile pyproject.toml --extra all --group dev --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" --quiet --upgrade --output-file requirements.lock
	@$(BIN)/uv pip compile pyproject.toml --extra all --group build --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" --quiet --constraint requirements.lock \
		--upgrade --output-file deploy/requirements.lock

clean: ## remove what set-up and caches made
	rm -rf $(VENV) .hypothesis .mypy_cache .pytest_cache .ruff_cache .coverage dist
