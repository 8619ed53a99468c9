# Everything a checkout needs. `make rehearse` and `make test` do all set-up themselves.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: help rehearse test check format bench lock clean
help:
	@echo "make rehearse  the wizard on a simulated machine room (headless without a terminal)"
	@echo "make test      the tests"
	@echo "make check     the gate: format, lint, types, import contracts, tests"
	@echo "make bench     the benchmarks"
	@echo "make lock      resolve requirements.lock anew from pyproject.toml"

# The lock decides every version and hash; the checkout itself is installed without asking any index.
$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	$(BIN)/python -m compileall -q c3tui screens
	touch $(READY)

rehearse: $(READY)
	$(BIN)/python -m c3tui rehearse

test: $(READY)
	$(BIN)/python -m pytest

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest

format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(READY)
	@for file in bench/*.py; do echo "== $$file"; $(BIN)/python $$file; done

lock:
	UV_CUSTOM_COMPILE_COMMAND="make lock" uv pip compile pyproject.toml --extra dev --universal \
	  --python-version 3.11 --generate-hashes --no-emit-index-url --quiet -o requirements.lock

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
