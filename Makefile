# Terrace. `make` alone prints what can be made.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3.14 python3 python; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { echo $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help setup dev run test faults check format lock audit-lock schema golden plans bench bench-write bench-api clean

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/.created:
	@test -n "$(PYTHON)" || { echo "Terrace needs Python 3.11 or newer on the PATH (or: make PYTHON=/path/to/python3)"; exit 1; }
	@echo "Creating $(VENV) with $(PYTHON)"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.runtime: $(VENV)/.created requirements/runtime.txt pyproject.toml
	@echo "Installing the pinned dependencies"
	@$(PIP_INSTALL) --require-hashes -r requirements/runtime.txt
	@$(PIP_INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements/dev.txt
	@echo "Installing the pinned development tools"
	@$(PIP_INSTALL) --require-hashes -r requirements/dev.txt
	@touch $@

setup: $(VENV)/.runtime ## Make the virtual environment; leaves .venv/bin/terrace

dev: $(VENV)/.dev ## The same, with the development tools

run: setup ## Start everything: servers, migrations, demo data, API, worker (ARGS="--port 9000")
	@exec $(BIN)/terrace up $(ARGS)

test: dev ## Run the whole test suite, two files at a time (ARGS="-k tiers"; ARGS="-n 0" for one)
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder --max-worker-restart 2 $(ARGS)

faults: dev ## Kill what can be killed, look at the books, write docs/operating/faults.md (ARGS="--resume", "--list")
	@$(BIN)/python -m tests.faults --report docs/operating $(ARGS)

check: dev ## Lint, formatting, strict types, import directions, SDL snapshot
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/terrace schema | diff -u schema.graphql - && echo "SDL snapshot is current"

format: dev ## Format and sort imports
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

schema: setup ## Write the SDL snapshot schema.graphql
	@$(BIN)/terrace schema > schema.graphql.new && mv schema.graphql.new schema.graphql

golden: dev ## Write the golden statements of tests/schema/golden anew, to be reviewed as a diff
	@$(BIN)/python -m tests.schema.golden

plans: dev ## How PostgreSQL runs the golden statements at 1,000,000 customers (ARGS="100000" for fewer)
	@$(BIN)/python -m tests.schema.at_scale $(ARGS)

bench: dev ## Run the benchmarks; tables on screen, figures in benchmarks/results/
	@$(BIN)/python -m benchmarks $(ARGS)

bench-write: dev ## The write path beside its peers and limits (ARGS="--quick" or "--million")
	@$(BIN)/python -m benchmarks.write $(ARGS)

PEER := benchmarks/postgraphile
$(PEER)/node_modules/.installed: $(PEER)/package.json $(PEER)/package-lock.json
	@command -v npm >/dev/null || { echo "npm, which installs PostGraphile, is not on the PATH"; exit 1; }
	@echo "Installing the pinned PostGraphile, and the Node it runs on"
	@cd $(PEER) && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

bench-api: dev $(PEER)/node_modules/.installed ## The read path beside PostGraphile (ARGS="--growth --million")
	@$(BIN)/python -m benchmarks.api $(ARGS)

lock: dev ## Resolve the dependencies again into requirements/*.txt
	@for extra in dev traces runtime; do \
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --no-emit-index-url --no-emit-find-links $$(case $$extra in dev) echo --upgrade --extra dev;; \
	  traces) echo --extra traces -c requirements/dev.txt;; *) echo -c requirements/dev.txt;; esac) \
	  requirements/build.in pyproject.toml -o requirements/$$extra.txt; done

audit-lock: dev ## Ask the public database of advisories about the lock (needs the network; not part of check)
	@$(BIN)/uvx pip-audit --require-hashes --disable-pip --requirement requirements/dev.txt $(ARGS)

clean: ## Remove the virtual environment and caches
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info
