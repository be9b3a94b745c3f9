# make run: the leaderboard on http://127.0.0.1:7860    make test: everything that must hold    make check: style, types, imports
PYTHON ?= python3
# scispaCy knows Python up to 3.12.
UMLS_PYTHON ?= $(PYTHON)
VENV := .venv
UMLS_VENV := .venv-umls
TOOLS_VENV := .venv-tools
BIN := $(VENV)/bin
INDEX ?= https://pypi.org/simple
PERFORMANCE := docs/performance.md
BENCHES := order generation scoring endpoint ray
# Half as many tests again as there are cores, for most of their time is waiting; what a file's tests share is made once.
AT_ONCE = -n $(shell $(PYTHON) -c "import os; print((os.cpu_count() or 2) * 3 // 2)") --dist loadfile --no-loadscope-reorder

# The tests start this program hundreds of times: read from source each time, it takes half as long again to start.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup setup-dev setup-umls setup-tools browser bubblewrap run test check lock audit sbom bench bench-gpu clean

setup: $(VENV)/.run

setup-dev: $(VENV)/.dev

setup-umls: $(UMLS_VENV)/.umls

setup-tools: $(TOOLS_VENV)/.tools

run: setup
	exec $(BIN)/python app.py

test: setup-dev setup-umls browser bubblewrap
	$(BIN)/python -m pytest $(AT_ONCE)

check: setup-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# What `bench $(1)` measured is the section $(2), clean or not; `failed` is 1 afterwards unless it is clean.
MEASURE = $(BIN)/python app.py bench $(1) --json > $(VENV)/bench.json || failed=1; \
	test ! -s $(VENV)/bench.json \
	|| $(BIN)/python -m backend.bench.report $(PERFORMANCE) $(2) < $(VENV)/bench.json || failed=1;
ON_A_GPU := , on a GPU

# On a quiet machine, an hour or more; each bench writes its section of docs/performance.md.
bench: setup-dev
	failed=0; $(foreach each,$(BENCHES),$(call MEASURE,$(each),$(each))) exit $$failed

# On one GPU with 100 GB or more: all six tasks with a 7B model, then ours beside continuous batching.
bench-gpu: setup-dev
	failed=0; $(call MEASURE,whole,"whole$(ON_A_GPU)") \
	$(call MEASURE,generation --size 7b --rounds 1,"generation$(ON_A_GPU)") exit $$failed

# Each requirements file with all that it brings along, exact versions and hashes, for every platform.
lock: setup-tools
	mkdir -p locks
	for file in requirements*.txt; do \
		$(TOOLS_VENV)/bin/uv pip compile $$file --output-file locks/$$file --quiet --no-config --no-header \
			--generate-hashes --universal --python-version 3.11 --default-index $(INDEX) || exit 1; \
	done

# Known vulnerabilities in what is locked; asks PyPI, and fails as well where it cannot tell.
audit: setup-tools
	failed=0; for file in locks/requirements*.txt; do \
		echo "$$file"; $(TOOLS_VENV)/bin/pip-audit --strict --disable-pip --require-hashes --requirement $$file || failed=1; \
	done; exit $$failed

# What the images contain, as CycloneDX: all that any of the two locks installs.
sbom: setup-tools
	mkdir -p dist
	for each in requirements requirements-page; do \
		$(TOOLS_VENV)/bin/cyclonedx-py requirements --output-reproducible \
			--output-file dist/sbom-$$each.cdx.json locks/$$each.txt || exit 1; \
	done

browser: setup-dev
	$(BIN)/python -m tests.browser

bubblewrap: setup-dev
	$(BIN)/python -m tests.bubblewrap

clean:
	rm -rf $(VENV) $(UMLS_VENV) $(TOOLS_VENV) dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet -r requirements.txt
	touch $@

$(VENV)/.dev: requirements.txt requirements-ray.txt requirements-s3.txt requirements-dev.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet -r requirements-dev.txt
	touch $(VENV)/.run $@

$(UMLS_VENV)/.umls: requirements-umls.txt
	$(UMLS_PYTHON) -m venv $(UMLS_VENV)
	$(UMLS_VENV)/bin/python -m pip install --quiet -r requirements-umls.txt
	touch $@

$(TOOLS_VENV)/.tools: requirements-tools.txt
	$(PYTHON) -m venv $(TOOLS_VENV)
	$(TOOLS_VENV)/bin/python -m pip install --quiet -r requirements-tools.txt
	touch $@
