# The project's own commands. `make serve` and `make test` work from a clean clone with Python 3.11+, pip and make.

PYTHON ?= python3
# Where pip finds the CPU build of PyTorch, if not where it looks anyway: see "Install" in the README.
TORCH_INDEX ?=
HOST ?= 127.0.0.1
PORT ?= 8000

BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: serve test test-fast check openapi format article clean bench bench-peers

serve: .venv/installed
	$(BIN)/sourcespan serve --host $(HOST) --port $(PORT)

test: .venv/developing
	$(BIN)/python -m pytest

# without the real models and without a browser: seconds
test-fast: .venv/developing
	$(BIN)/python -m pytest -m "not model and not browser"

check: .venv/developing
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# the contract as it is committed; a test compares it with what is served
openapi: .venv/installed
	$(BIN)/sourcespan openapi > docs/openapi.json

format: .venv/developing
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

article: .venv/installed
	$(BIN)/sourcespan eval article

# what this machine does with it, as tables or, with OUT=folder, as JSON there: asking and indexing, clients at once, growing
# indexes, the latter with DATA=squad11_dev.json.gz of its paragraphs
SIZES := $(foreach size,100 1000 10000 100000,--passages $(size))
bench: .venv/installed
	$(if $(OUT),mkdir -p $(OUT))
	$(BIN)/sourcespan bench $(if $(OUT),--json > $(OUT)/asking.json)
	$(BIN)/sourcespan eval load --unbatched $(if $(OUT),--json > $(OUT)/clients.json)
	$(BIN)/sourcespan eval scale $(DATA) $(SIZES) $(if $(OUT),--json $(OUT)/growth.json)

# the same work through other programs: make bench-peers DATA=squad11_dev.json.gz
bench-peers: .venv/installed .venv-peers/haystack/installed .venv-peers/txtai/installed
	$(BIN)/python -m eval.peers.bench $(DATA) $(ARGS)

.venv-peers/%/installed: eval/peers/requirements-%.txt
	$(PYTHON) -m venv .venv-peers/$*
	.venv-peers/$*/bin/python -m pip install --quiet $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) torch==2.13.0
	.venv-peers/$*/bin/python -m pip install --quiet -r $<
	touch $@

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis

.venv/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Sourcespan needs Python 3.11 or newer: make PYTHON=python3.11 …")'
	$(PYTHON) -m venv .venv
	touch $@

# PyTorch first and by itself: any other way pip may choose a build with several GB of CUDA
.venv/torch: .venv/python constraints.txt
	@echo "Installing PyTorch and the libraries: a few minutes, once."
	$(PIP) $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) torch==2.13.0
	touch $@

.venv/installed: .venv/torch pyproject.toml constraints.txt
	$(PIP) --editable .
	touch $@

.venv/developing: .venv/installed
	$(PIP) --editable ".[dev]"
	touch $@
