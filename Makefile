# `make run` starts the service, `make test` proves it. Both set up what they need, once.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input --quiet

# Without cached bytecode, each of the hundreds of processes that tests start would compile the program again.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help setup run test quick coverage shuffle check docs faults power api years fuzz mutants wapiti audit edition format wheel sbom release reproduce lock golden pictures font lighthouse engines clean scale fetching bench bench-check bench-docs profile peers

help: ## Say what there is
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/'

setup: $(READY) ## Make .venv with the pinned dependencies

$(READY): requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Digest needs Python 3.11 or newer: make PYTHON=python3.12 …")'
	@echo "Setting up $(VENV), once; that takes a minute or two …"
	@$(PYTHON) -m venv --clear $(VENV) || { echo "On Debian: apt-get install python3-venv" >&2; exit 1; }
	@$(PYTHON) .ci/install $(VENV) requirements-dev.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

run: $(READY) ## Start the demo on http://127.0.0.1:8080: an invented blog, apart from your own
	@exec $(BIN)/digest demo

# Each worker takes tests from one that has many left; what shares a server stays together where it can.
PYTEST := $(BIN)/python -m pytest
WORKERS := -n $(shell expr $$(nproc) + 1) --maxprocesses 4 --dist worksteal

test: $(READY) ## Run all tests
	$(PYTEST) $(WORKERS)

quick: $(READY) ## Run what answers at once: the unit tests, and the contract of the stores on SQLite
	DIGEST_TEST_EXAMPLES=8 $(PYTEST) $(WORKERS) -q tests/unit tests/contract -k "not postgresql"

coverage: $(READY) ## Run all tests and see what they reach; takes twice as long
	$(PYTEST) $(WORKERS) --cov --cov-report=term:skip-covered

shuffle: $(READY) ## Run all tests RUNS=20 times in random order, up to the first failure
	@for run in $$(seq $${RUNS:-20}); do \
	    seed=$$(od -An -N4 -tu4 /dev/urandom | tr -d ' '); \
	    seed=$${SEED:-$$seed}; echo "run $$run: again with make shuffle RUNS=1 SEED=$$seed"; \
	    $(PYTEST) $(WORKERS) -q -p randomly --randomly-seed $$seed || exit 1; \
	done

check: $(READY) ## Lint, types, layers, sizes, words, dangerous code, pins and licences
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tests.sizes
	$(BIN)/python -m tests.prose
	$(BIN)/python -m tests.reviewed
	$(BIN)/python .ci/supply.py check

format: $(READY) ## Write the code as the formatter wants it
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

faults: $(READY) ## Kill, starve and confuse it at every occurrence; writes the table of docs/reliability.md
	DIGEST_TEST_FAULTS=all DIGEST_TEST_REQUIRE_ALL=1 DIGEST_FAULTS_PAGE=1 $(BIN)/python -m pytest tests/faults

power: $(READY) ## Cut the power at every system call, with every loss; writes the table of docs/reliability.md
	DIGEST_TEST_POWER=all DIGEST_TEST_REQUIRE_ALL=1 DIGEST_TEST_POWER_PAGE=1 $(BIN)/python -m pytest tests/power

api: $(READY) ## Send fifty requests of every kind to every operation of the API, as schemathesis invents them
	DIGEST_TEST_EXAMPLES=50 $(BIN)/python -m pytest tests/integration/api/test_schemathesis.py

years: $(READY) ## Crawl 300 random sites for two years each, or SITES=…; writes the table of docs/reliability.md
	$(BIN)/python -m tests.years $(SITES)

edition: $(READY) ## Send an edition to 5,000 readers, or READERS=…, through a server with every refusal and limit
	DIGEST_TEST_READERS=$${READERS:-5000} $(BIN)/python -m pytest tests/integration/mail/test_mixed_world.py

fuzz: $(READY) ## Feed every reader with nonsense, drive the whole through any course, for long
	DIGEST_FUZZ_EXAMPLES=20000 $(BIN)/python -m pytest tests/fuzz
	DIGEST_TEST_EXAMPLES=1000 $(BIN)/python -m pytest -m hypothesis --timeout 3600 tests/unit tests/contract tests/integration tests/security

mutants: $(READY) ## Plant bugs that the tests have to find
	$(BIN)/python -m tests.mutants

wapiti: $(READY) ## Let wapiti attack the pages
	.ci/wapiti

audit: ## Ask PyPI's advisories about every pinned dependency (needs the network)
	.ci/audit

# All files of an archive have the time of the commit, so that everybody who builds it gets the same bytes.
EPOCH = $(or $(SOURCE_DATE_EPOCH),$(shell git log -1 --format=%ct 2>/dev/null),1580601600)

wheel: $(READY) ## Build the wheel into dist/, the same bytes from the same commit
	@rm -rf dist
	SOURCE_DATE_EPOCH=$(EPOCH) $(BIN)/python -m hatchling build --target wheel

sbom: wheel ## The wheel, and its parts with hashes and licences as CycloneDX beside it; IMAGE=… too (needs the network)
	SOURCE_DATE_EPOCH=$(EPOCH) .ci/sbom $(BIN)/python $(IMAGE)

release: sbom ## All files of a release into dist/: wheel, source archive, lists of parts, checksums
	SOURCE_DATE_EPOCH=$(EPOCH) $(BIN)/python -m hatchling build --target sdist
	cd dist && LC_ALL=C sha256sum -- *.whl *.tar.gz *.json >SHA256SUMS

reproduce: ## Build the image twice and compare the files of each layer; the first goes to IMAGE=…
	.ci/reproduce $(IMAGE)

lock: ## Pin the dependencies anew (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --upgrade pyproject.toml -o requirements.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --upgrade pyproject.toml --group dev -o requirements-dev.txt
	echo hatchling | uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --upgrade - -o requirements-build.txt

docs: $(READY) ## Write docs/commands.md and the tables of docs/settings.md from the program
	$(BIN)/python -m tests.command_page
	$(BIN)/python -m tests.settings_page

golden: $(READY) ## Write the golden mails of the tests anew
	$(BIN)/python -m tests.golden.mails

scale: $(READY) ## Measure 1, 2 and 4 workers on PostgreSQL, write the table of docs/scale.md
	PYTHONPATH=. $(BIN)/python -m benchmarks.scale

fetching: $(READY) ## Measure 1,000 sources by address on one process and on PostgreSQL, write the table of docs/scale.md
	PYTHONPATH=. $(BIN)/python -m benchmarks.fetching --docs

pictures: $(VENV)/.ready ## Make the pictures of docs/ and README anew (needs Chromium)
	PYTHONPATH=. $(VENV)/bin/python docs/pictures.py

font: $(READY) ## Cut the font of formulas anew, SOURCE=latinmodern-math.otf (by default that of Debian's fonts-lmodern)
	$(PIP) install fonttools==4.68.0
	$(BIN)/python -m tests.formula_font $(SOURCE)

lighthouse: $(READY) ## Ask Lighthouse about home, entries and an edition; fails below 95 (needs Chromium and npm)
	npm ci --silent --prefix tests/npm/lighthouse
	$(BIN)/python -m tests.lighthouse

engines: $(READY) ## Look at the pages in Firefox and WebKit (needs firefox-esr, webkit2gtk-driver and xvfb)
	DIGEST_TEST_ENGINES=1 $(PYTEST) tests/browser/test_engines.py

bench: $(READY) ## Measure against the limit, GROUP="dumps web …" for some (needs nginx and wrk)
	$(BIN)/python -m benchmarks $(GROUP)

bench-check: $(READY) ## The same in short; fails where half a floor is missed that was met
	BENCH_SIZE=small BENCH_SLACK=$${BENCH_SLACK:-0.5} $(BIN)/python -m benchmarks --check $(GROUP)

bench-docs: $(READY) ## The same in full, and write the table of docs/performance.md
	$(BIN)/python -m benchmarks --docs

profile: $(READY) ## Where the time goes, WHAT=cut|structure|refresh|feed|"edition rsa"|"usual rsa"
	$(BIN)/python -m benchmarks.profiles $(WHAT)

peers: $(READY) ## Run what people would use instead on the same work (needs rss2email, nginx and postfix), write its table
	$(BIN)/python -m benchmarks peers --docs

clean: ## Remove what was built, keep var/
	rm -rf $(VENV) build dist .coverage .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
