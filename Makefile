# The project's own commands. `make serve` and `make test` work from a clean clone with Python 3.11+, pip and make.

PYTHON ?= python3
# Where pip finds the CPU build of PyTorch, if not where it looks anyway: see "Start" in the README.
TORCH_INDEX ?=
HOST ?= 127.0.0.1
PORT ?= 8000

BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: serve test test-fast check audit dependencies sbom docs docs-settings openapi format article clean bench bench-peers

serve: .venv/installed
	$(BIN)/sourcespan serve --host $(HOST) --port $(PORT)

# one process for each core, four at most, since many tests start servers; a file's tests share one
test: .venv/developing .venv-clients/installed
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile

# without the real models and without a browser: seconds
test-fast: .venv/developing
	$(BIN)/python -m pytest -m "not model and not browser"

check: .venv/developing
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mypy deploy/dependencies.py
	$(BIN)/lint-imports

# known vulnerabilities of what is installed; where the data cannot be reached it says so, and that is no failure
audit: .venv/developing
	$(BIN)/python deploy/dependencies.py audit

# docs/dependencies.md: every package with version, licence and why, as of today
dependencies: .venv/developing
	$(BIN)/python deploy/dependencies.py list

# what is installed, the tools for development too, as a CycloneDX bill of materials
sbom: .venv/developing
	$(BIN)/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible --output-format JSON \
		--output-file sourcespan.cdx.json --validate .venv

# the site, in build/site: every page, the Python and the HTTP reference; links are checked
docs: .venv/documenting
	$(BIN)/python -m docs.site build/pages
	$(BIN)/zensical build --strict
	@echo "The site is at build/site/index.html"

# docs/settings.md from the descriptions in api/settings.py; a test compares them
docs-settings: .venv/installed
	$(BIN)/python -m docs.settings_page > docs/settings.md

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

# clients of other makes, for the tests: it sees the packages of .venv, and has others where it needs others
.venv-clients/installed: tests/clients/requirements.txt .venv/developing
	$(PYTHON) -m venv .venv-clients
	$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' > $$(echo .venv-clients/lib/python*/site-packages)/venv.pth
	.venv-clients/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	touch $@

clean:
	rm -rf build .cache .venv .venv-clients .mypy_cache .ruff_cache .pytest_cache .hypothesis

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

.venv/documenting: .venv/installed
	$(PIP) --editable ".[docs]"
	touch $@
