# The only list of commands: people, hooks and CI call the same targets.
# Needs Python 3.11 or newer, pip, make and git; everything else is installed into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
CHROMIUM := $(VENV)/.chromium
TEST_JOBS ?= 2
# what is compiled is kept, whatever the machine is set to: the tests start Python some hundred times
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help setup test nightly test-fast check lint types contracts fix demo schema schema-check openapi catalog look migration bench clean lock

help:  ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(STAMP)  ## Make .venv and install everything into it

# uv is quick; where it cannot be had, pip does the same from the same hashes: the lock is whole, so nothing is resolved
$(STAMP): requirements/dev.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv || echo "uv is not available, going on with pip"
	if [ -x $(BIN)/uv ]; then \
	  UV_PYTHON_DOWNLOADS=never $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements/dev.lock; \
	else $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/dev.lock; fi
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $(STAMP)

# the tests that look through a browser use the Chromium of the machine, without a window where it has that; as root on Debian it is fetched
$(CHROMIUM): | $(STAMP)
	command -v $${REGIE_CHROMIUM:-chromium-headless-shell} >/dev/null || \
	  { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && export DEBIAN_FRONTEND=noninteractive && \
	    { apt-get install -y -qq --no-install-recommends chromium-headless-shell fonts-dejavu-core >/dev/null || \
	      apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null; }; } || \
	  command -v chromium >/dev/null || { echo "install Chromium for the browser tests, or name it in REGIE_CHROMIUM" >&2; exit 1; }
	touch $@

test: $(STAMP) $(CHROMIUM)  ## Run all tests, with everything required
	REGIE_HYPOTHESIS=repeatable REGIE_REQUIRE_ALL=1 $(BIN)/python -m pytest -n $(TEST_JOBS) --dist loadgroup --ignore tests/browser
	REGIE_REQUIRE_ALL=1 $(BIN)/python -m pytest -n $(TEST_JOBS) tests/browser  # apart: the browser keeps an event loop running where it was

nightly: $(STAMP)  ## Run the tests that look further: more examples, all thirty years through the store
	REGIE_HYPOTHESIS=nightly REGIE_REQUIRE_ALL=1 $(BIN)/python -m pytest -n $(TEST_JOBS) --dist loadgroup --timeout 3600 \
	  tests/core/test_plan_properties.py tests/reliability

test-fast: $(STAMP)  ## Run the tests of the core and the definitions
	$(BIN)/python -m pytest -q -n $(TEST_JOBS) tests/core tests/definitions

check: lint types contracts schema-check test  ## Everything that CI runs

lint: $(STAMP)  ## Format and lint, changing nothing
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(STAMP)  ## Check the types
	$(BIN)/mypy

contracts: $(STAMP)  ## Check who imports whom
	$(BIN)/lint-imports

fix: $(STAMP)  ## Format and mend what can be mended
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

demo: $(STAMP)  ## Live a whole traject through in about a minute
	$(BIN)/regie demo

schema: $(STAMP)  ## Publish the JSON Schema of the file format
	$(BIN)/regie definition schema --write

schema-check: $(STAMP)
	$(BIN)/regie definition schema --check

openapi: $(STAMP)  ## Publish the OpenAPI document of the API
	$(BIN)/python -m tools.openapi

catalog: $(STAMP)  ## Bring the translations of the pages up to date, and compile them
	$(BIN)/python -m tools.catalog

pictures: $(STAMP) $(CHROMIUM)  ## Make the pictures of the pages again, in pictures/, and those of the README
	REGIE_PICTURES=pictures $(BIN)/python -m pytest -q -n $(TEST_JOBS) tests/browser/test_pages.py
	mkdir -p docs/images && cp pictures/readme-*.png docs/images/

look: $(STAMP)  ## Fetch the pinned CSS and htmx again; needs npm
	$(BIN)/python -m tools.vendor_css

migration: $(STAMP)  ## Write a database migration: make migration m="what changes"
	$(BIN)/python -m regie.store.migrations "$(m)"

bench: $(STAMP)  ## Measure, against raw SQL in the same run
	$(BIN)/python -m bench

lock: $(STAMP)  ## Resolve the versions again
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header pyproject.toml --upgrade -o requirements/run.lock
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header pyproject.toml --group dev --upgrade -o requirements/dev.lock

clean:  ## Remove everything that was made here
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache demo-uit regie-data pictures
