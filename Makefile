# People and CI run the same lines.  `make demo` shows Homeward, `make test` proves it.
PYTHON ?= python3
BIN := .venv/bin
UV := $(shell command -v uv 2>/dev/null)

export OMP_NUM_THREADS ?= 1
export MLFLOW_DISABLE_TELEMETRY = true
export DO_NOT_TRACK = true
export BENTOML_DO_NOT_TRACK = true
# Many containers set it; then every process compiles thousands of modules again, for seconds.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test prove proven nightly environment format lint types tests chromium pictures lock clean
.DEFAULT_GOAL := demo

demo: environment
	@$(BIN)/python -m serving demo

test: .venv/development lint types tests

# Measures each line of proof in full and keeps it; LINE=G20,T5 takes ids or their beginnings, a whole id anew.
prove: .venv/development
	@$(BIN)/python tests/prove $(LINE)

# Writes what was found into tests/prove/PROOF.md and the README.
proven: .venv/development
	@$(BIN)/python tests/prove/page.py

# A night's work, for cron: the census and the board, predictions, the watch and, when the rules say so, a challenger.
# It never promotes.  EXTRACT names the folder of the extract, SOURCE its kind.
SOURCE ?= extract
nightly:
	@test -n "$(EXTRACT)" || (echo "nightly: name the folder of the extract: make nightly EXTRACT=my-hospital"; exit 2)
	@$(MAKE) --no-print-directory environment
	@$(BIN)/python -m serving ingest --source $(SOURCE) --path "$(EXTRACT)"
	@$(BIN)/python -m serving score
	@$(BIN)/python -m training nightly --source $(SOURCE) --path "$(EXTRACT)"

environment: .venv/runtime

# Stock pip is enough; uv, where it is present, is ten times as quick.
define install
	@test -x $(BIN)/python || (echo "environment: creating .venv" && $(PYTHON) -m venv .venv)
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Homeward needs Python 3.11 or later")'
	@echo "environment: installing $(1) (a few minutes the first time)"
	@$(if $(UV),VIRTUAL_ENV=.venv $(UV) pip install --quiet --require-hashes --no-deps -r $(1),$(BIN)/python -m pip install --quiet --progress-bar on --disable-pip-version-check --require-hashes --no-deps -r $(1))
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
endef

.venv/runtime: requirements.txt pyproject.toml
	$(call install,requirements.txt)
	@touch $@

.venv/development: requirements-dev.txt pyproject.toml
	$(call install,requirements-dev.txt)
	@touch $@ .venv/runtime

format: .venv/development
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: .venv/development
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: .venv/development
	$(BIN)/mypy

tests: .venv/development chromium
	$(BIN)/python -m pytest -n 2 --dist worksteal

# The tests use pages in a real browser; without one they are skipped, and under CI=true that is a failure.
chromium:
	@command -v chromium > /dev/null || if [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; then \
		echo "tests: installing Chromium" && apt-get -o Acquire::Retries=3 update -qq && \
		DEBIAN_FRONTEND=noninteractive apt-get -o Acquire::Retries=3 install -y -qq --no-install-recommends chromium > /dev/null; \
	else echo "tests: for those in a browser, sudo apt-get install chromium"; test "$$CI" != true; fi

# Hashes and no addresses, so that the lock says nothing about where it was made.
COMPILE = printf 'hatchling\neditables\n' | $(BIN)/uv pip compile pyproject.toml - --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-header --no-annotate --quiet
lock: .venv/development
	$(COMPILE) --extra training -o requirements.txt
	$(COMPILE) --extra dev -c requirements.txt -o requirements-dev.txt

# The README's pictures, of the demonstration that runs in another terminal.
pictures: .venv/development chromium
	@PYTHONPATH=. $(BIN)/python tests/pictures.py

clean:
	rm -rf .homeward .mypy_cache .pytest_cache .ruff_cache
