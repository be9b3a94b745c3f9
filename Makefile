# make run: the leaderboard on http://127.0.0.1:7860    make test: everything that must hold    make check: style, types, imports
PYTHON ?= python3
# scispaCy knows Python up to 3.12.
UMLS_PYTHON ?= $(PYTHON)
VENV := .venv
UMLS_VENV := .venv-umls
BIN := $(VENV)/bin
# As many tests at once as there are cores; what a file's tests share is made once.
AT_ONCE := -n auto --dist loadfile --no-loadscope-reorder

.PHONY: setup setup-dev setup-umls browser run test check clean

setup: $(VENV)/.run

setup-dev: $(VENV)/.dev

setup-umls: $(UMLS_VENV)/.umls

run: setup
	exec $(BIN)/python app.py

test: setup-dev setup-umls browser
	$(BIN)/python -m pytest $(AT_ONCE)

check: setup-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

browser: setup-dev
	$(BIN)/python -m tests.browser

clean:
	rm -rf $(VENV) $(UMLS_VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet -r requirements.txt
	touch $@

$(VENV)/.dev: requirements.txt requirements-ray.txt requirements-dev.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet -r requirements-dev.txt
	touch $(VENV)/.run $@

$(UMLS_VENV)/.umls: requirements-umls.txt
	$(UMLS_PYTHON) -m venv $(UMLS_VENV)
	$(UMLS_VENV)/bin/python -m pip install --quiet -r requirements-umls.txt
	touch $@
