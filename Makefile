# Two commands matter: `make run` and `make test`. Both set everything up first.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
ORDERS ?= 2000
SEED   ?= 1

.PHONY: help setup setup-dev run test lint check bench soak format lock migration bpmn-report clean

help:  ## list the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: $(VENV)/.product  ## the set-up alone: virtual environment, dependencies, front end, words
	@$(BIN)/python -m app.web.build || true

setup-dev: setup $(VENV)/.development

$(VENV)/.product: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Jieban needs Python 3.11 or newer; say make PYTHON=/path/to/python3.11"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.development: requirements-dev.txt $(VENV)/.product
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

run: setup  ## set up, load the demo city once, and serve the product
	@$(BIN)/jieban serve

test: setup-dev  ## set up and run every test
	@$(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

lint: setup-dev  ## format, lint, types, contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test  ## everything CI asks (outlines and the migration head are tests)

bench: setup-dev  ## measure; prints a table and writes var/bench.json
	@$(BIN)/python -m bench

soak: setup-dev  ## let a random office live for three years, or go on: make soak ORDERS=20000 SEED=1
	@$(BIN)/python -m tests.soak --orders $(ORDERS) --seed $(SEED) $(if $(FRESH),--fresh)

bpmn-report: setup-dev  ## what the engine accepts, refuses and gets right, over the corpus
	@$(BIN)/python -m tests.engine.corpus.report

format: setup-dev  ## put the code into shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: setup-dev  ## pin the dependencies anew from the .in files
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header -q requirements.in -o requirements.txt
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header -q requirements-dev.in -o requirements-dev.txt

migration: setup-dev  ## write the next numbered migration from the models: make migration WORDS="add x"
	@$(BIN)/python migrations/new.py "$(WORDS)"

clean:  ## remove what was built; keeps var/ with the database
	rm -rf $(VENV) node_modules app/web/static/build
