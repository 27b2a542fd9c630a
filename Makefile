# The project's front door: `make serve` runs it, `make test` tests it.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
RUN    := $(VENV)/.installed
DEV    := $(VENV)/.installed-dev
# The message catalogues, compiled.
WORDS  := $(VENV)/.compiled
SAID   := $(shell find src/kalends/translation/catalogues -name '*.po*')
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet

# Many tests wait more than they work: six at a time keep two cores busy, and leave no request waiting
# for long.
AT_ONCE := 6
PYTEST  := $(BIN)/python -m pytest -n $(AT_ONCE)

.PHONY: serve install test test-fast coverage check format lint types layers messages bench lock clean

serve: $(WORDS)        ## Run it: API, pages and jobs, on http://127.0.0.1:8080
	@$(BIN)/kalends serve

install: $(WORDS)      ## Only set up .venv

test: $(DEV) $(WORDS)  ## Run every test, on a real PostgreSQL
	@$(PYTEST)

test-fast: $(DEV) $(WORDS) ## Run the tests that start nothing: no server, database or process
	@$(PYTEST) -m pure

coverage: $(DEV) $(WORDS) ## Run every test and tell which branches none of them takes
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest -n $(AT_ONCE); failed=$$?; \
	  $(BIN)/coverage combine --quiet && $(BIN)/coverage report && exit $$failed

check: $(DEV) lint types layers test ## What has to pass before anything lands

lint: $(DEV)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/codespell $$(git ls-files)
	@$(BIN)/python scripts/check_references.py
	@$(BIN)/python scripts/check_test_names.py
	@$(BIN)/python scripts/messages.py check --complete

types: $(DEV)
	@$(BIN)/mypy

layers: $(DEV)
	@$(BIN)/lint-imports

messages: $(RUN)       ## Extract the messages that people read, and compile the catalogues
	@$(BIN)/python scripts/messages.py update

format: $(DEV)         ## Format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(DEV)          ## Measure what a request costs, beside the least that would do the same
	@$(BIN)/python -m bench

# The tests hold what ships, but for python-dateutil: recurring-ical-events, which they compare with,
# wants one before 3.
lock: $(DEV)           ## Pin the dependencies anew
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate \
	  --upgrade pyproject.toml --extra build -o requirements.lock
	@awk '/^[a-z]/ { keep = !/^python-dateutil==/ } keep' requirements.lock > $(VENV)/constraints
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate \
	  --upgrade pyproject.toml --extra build --extra dev -c $(VENV)/constraints \
	  -o requirements-dev.lock

clean:
	rm -rf $(VENV) .coverage build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

$(VENV)/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Kalends needs Python 3.11 or newer; PYTHON=python3.12 make … names another one."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "Python's venv is missing. On Debian and Ubuntu: apt install python3-venv"; exit 1; }

$(RUN): requirements.lock pyproject.toml $(VENV)/pyvenv.cfg
	@echo "Setting up $(VENV) …"
	@$(PIP) install --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(WORDS): $(RUN) $(SAID) scripts/messages.py
	@$(BIN)/python scripts/messages.py compile
	@touch $@

$(DEV): requirements-dev.lock $(RUN)
	@echo "Adding what the tests need …"
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@
