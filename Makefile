# Commands for development. Each target prepares what it uses in .venv or .venv-…
.DEFAULT_GOAL := help
PYTHON ?= python3
AIRFLOW ?= 3.3.2
# Deployments (Airflow and emulator) that the chaos tests use in parallel.
DEPLOYMENTS ?= 3
# Page that test-production writes its table into; empty: none.
PRODUCTION_REPORT ?= docs/quota.md
# Pythons of the install tests; they must be on the PATH.
PYTHONS ?= 3.10 3.11 3.12 3.13
MATRIX := 2.11.2 3.0.6 3.1.8 3.2.2
AIRFLOWS := $(MATRIX) $(AIRFLOW)
PRERELEASE := 3.4.0b2
# Repetitions of each fault scenario in test-airflows, and the document that gets their table; empty: none.
REPEAT ?= 3
REPORT ?= docs/reliability.md
# Several processes, each file's tests in one: most of the time a test waits.
PARALLEL ?= -n 3 --dist loadfile --no-loadscope-reorder
# Compile each module once, as in an installed package, whatever the environment says.
export PYTHONDONTWRITEBYTECODE :=
BIN := .venv/bin
READY := .venv/ready
# Not empty: what failed is run once more, alone, since a test may fail because the machine is busy with other things.
# Not if a job was paid twice (exit code PAID_TWICE of tests/paid_jobs.py): that must never happen.
RETRY ?=
# Arguments: environment, selection, how to distribute the tests.
pytest = $(1)/bin/pytest -o cache_dir=$(1)/pytest-cache $(2) $(3) $(if $(RETRY),|| { [ $$? -ne 10 ] && \
	$(1)/bin/pytest -o cache_dir=$(1)/pytest-cache --last-failed --last-failed-no-failures none -rp $(2); })

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): pyproject.toml constraints/airflow-$(AIRFLOW).txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints/airflow-$(AIRFLOW).txt -e '.[dev]'
	@touch $@

.venv-%/ready: pyproject.toml constraints/airflow-%.txt
	$(PYTHON) -m venv .venv-$*
	.venv-$*/bin/pip install --quiet --disable-pip-version-check -c constraints/airflow-$*.txt \
		-e '.[dev]' 'apache-airflow==$*'
	@touch $@

demo: $(READY)  ## Run the example DAG on a real Airflow and the emulator (VIDEO=path, KEEP=1)
	$(BIN)/python scripts/demo.py $(if $(VIDEO),--video '$(VIDEO)') $(if $(KEEP),--keep)

test: lint test-huawei-client .venv-clients-today/ready  ## Run lint, types, import contracts and the tests, including a real scheduler and triggerer
	$(call pytest,.venv,-m '(not chaos or quick) and not live and not matrix and not production',$(PARALLEL))

test-media: $(READY)  ## Run every media action of the emulator with every kind of odd clip
	$(BIN)/pytest tests/emulator/media -m matrix $(PARALLEL)

test-live: $(READY)  ## Run the conformance requests against the real service: needs a key and a bucket, and is billed
	$(BIN)/pytest tests/live -m live -s -rs --timeout 7200

test-chaos: $(READY)  ## Run every fault scenario three times on a real Airflow with both stores; writes docs/reliability.md (DEPLOYMENTS=3)
	VIAPI_CHAOS_REPEAT=3 VIAPI_CHAOS_SECONDS=60 VIAPI_CHAOS_REPORT=docs/reliability.md \
		VIAPI_CHAOS_STORES='task_state_store state_path' \
		$(BIN)/pytest tests/chaos -m chaos -n $(DEPLOYMENTS) --dist worksteal --timeout 900

# Airflow 2.11 needs a PostgreSQL server at VIAPI_TEST_POSTGRES; without one its tests are skipped.
test-airflows: $(AIRFLOWS:%=test-airflows-%)  ## Run DAGs and the core fault scenarios on a real Airflow of each supported version; writes docs/reliability.md
	-$(MAKE) test-airflows-$(PRERELEASE)

test-airflows-%: export VIAPI_CHAOS_REPEAT = $(REPEAT)
test-airflows-%: export VIAPI_CHAOS_REPORT = $(REPORT)
test-airflows-%: export VIAPI_CHAOS_STORES = state_path
define test_airflow
	$(call pytest,$(1),tests/real_airflow/test_dags.py)
	$(call pytest,$(1),tests/chaos -m 'chaos and core' --timeout 900,-n $(DEPLOYMENTS) --dist worksteal)
endef

test-airflows-$(AIRFLOW): $(READY)
	$(call test_airflow,.venv)

test-airflows-%: .venv-%/ready
	$(call test_airflow,.venv-$*)

.venv-uv/ready:
	$(PYTHON) -m venv .venv-uv
	.venv-uv/bin/pip install --quiet --disable-pip-version-check 'uv>=0.5'
	@touch $@

.PHONY: wheel test-install test-install-rotation test-install-airflows test-package
wheel: .venv-uv/ready
	rm -rf dist
	.venv-uv/bin/uv build --quiet --out-dir dist

test-package: wheel test-without-extras test-install test-install-airflows  ## Check the files of the wheel and the sdist, and install the wheel in fresh environments
	$(PYTHON) scripts/check_install.py --contents dist/*.whl dist/*.tar.gz

test-without-extras: wheel
	.venv-uv/bin/uv venv --quiet --clear --python $(firstword $(PYTHONS)) --python-preference only-system .venv-without-extras
	VIRTUAL_ENV=.venv-without-extras .venv-uv/bin/uv pip install --quiet dist/*.whl
	.venv-without-extras/bin/python -I scripts/check_install.py --without-extras
	rm -rf .venv-without-extras

test-install: $(PYTHONS:%=test-install-%-highest) $(PYTHONS:%=test-install-%-lowest-direct)  ## Install the wheel without constraints, and with its lowest versions, on each Python of PYTHONS

# The stem is PYTHON-RESOLUTION. The script runs isolated (-I), so that it imports the installed package.
test-install-%: python = $(firstword $(subst -, ,$*))
test-install-%: wheel
	.venv-uv/bin/uv venv --quiet --clear --python $(python) --python-preference only-system .venv-install-$*
	.venv-uv/bin/uv pip compile --quiet --python-version $(python) --no-header --no-annotate \
		--extra emulator --extra quota --resolution $(patsubst $(python)-%,%,$*) -o .venv-install-$*/requirements.txt pyproject.toml
	VIRTUAL_ENV=.venv-install-$* .venv-uv/bin/uv pip install --quiet --strict \
		-r .venv-install-$*/requirements.txt dist/*.whl
	VIRTUAL_ENV=.venv-install-$* .venv-uv/bin/uv pip check
	.venv-install-$*/bin/python -I scripts/check_install.py
	rm -rf .venv-install-$*

# The other targets use pinned versions; this one those that pip would choose today.
test-install-rotation:  ## Install the wheel without constraints on one of PYTHONS that is on the PATH, another one for each commit
	$(if $(USABLE),$(MAKE) test-install-$(ROTATING_PYTHON)-highest,@echo 'Not tested: no Python of PYTHONS is on the PATH')

test-install-airflows: $(AIRFLOWS:%=test-install-airflow-%)  ## Install the sdist alone with each supported Airflow

test-install-airflow-%: wheel
	.venv-uv/bin/uv venv --quiet --clear --python 3.11 --python-preference only-system .venv-install-airflow-$*
	VIRTUAL_ENV=.venv-install-airflow-$* .venv-uv/bin/uv pip install --quiet --strict \
		-c constraints/airflow-$*.txt "$$(ls dist/*.tar.gz)[emulator,quota]" 'apache-airflow==$*'
	VIRTUAL_ENV=.venv-install-airflow-$* .venv-uv/bin/uv pip check
	.venv-install-airflow-$*/bin/python -I scripts/check_install.py
	rm -rf .venv-install-airflow-$*

.venv-production/ready: pyproject.toml constraints/production.txt
	$(PYTHON) -m venv .venv-production
	.venv-production/bin/pip install --quiet --disable-pip-version-check -c constraints/production.txt \
		-e '.[emulator,quota]' 'apache-airflow==$(AIRFLOW)' apache-airflow-providers-celery asyncpg httpx psutil \
		psycopg2-binary pytest pytest-timeout pytest-xdist
	@touch $@

test-production: export VIAPI_PRODUCTION_REPORT = $(PRODUCTION_REPORT)
test-production: .venv-production/ready  ## Run many jobs with Celery, Redis and PostgreSQL, and kill processes; writes docs/quota.md (VIAPI_PRODUCTION_SCALE=0.1)
	$(call pytest,.venv-production,tests/production -m production -n 0 -rs --timeout 3600)

lint: $(READY)  ## Run ruff, mypy --strict, the import contracts, the word check, and the check of the UI data
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python scripts/check_words.py
	$(BIN)/python scripts/make_ui_data.py --check

format: $(READY)  ## Fix what ruff can fix
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

test-matrix: $(MATRIX:%=test-airflow-%)  ## Run the tests without a running Airflow on the other supported versions

# The versions differ from commit to commit.
ROTATED := $(wordlist 2,9,$(MATRIX))
COUNT := $(shell git rev-list --count HEAD)
ROTATING = $(word $(shell expr $(COUNT) % $(words $(ROTATED)) + 1),$(ROTATED))
USABLE = $(foreach each,$(PYTHONS),$(if $(shell python$(each) --version 2>/dev/null),$(each)))
ROTATING_PYTHON = $(word $(shell expr $(COUNT) % $(words $(USABLE)) + 1),$(USABLE))
ROTATING_REAL = $(word $(shell expr $(COUNT) % $(words $(MATRIX)) + 1),$(MATRIX))

test-rotation: test-airflow-$(firstword $(MATRIX)) test-airflow-$(ROTATING)  ## Run the tests without a running Airflow on the oldest supported version and on another one for each commit

test-real-rotation: test-airflows-$(ROTATING_REAL)  ## Run DAGs and the core fault scenarios on a real Airflow of one of these versions

test-airflow-%: .venv-%/ready
	$(call pytest,.venv-$*,-m 'not airflow and not chaos and not live and not matrix and not production' --ignore=tests/emulator,$(PARALLEL))

reference: $(READY)  ## Generate docs/actions.md, docs/huawei-actions.md and what the UI knows of them
	$(BIN)/python scripts/make_reference.py
	$(BIN)/python scripts/make_huawei_reference.py
	$(BIN)/python scripts/make_ui_data.py

ui/node_modules/ready: ui/package.json
	cd ui && npm install --silent --no-package-lock
	@touch $@

ui: $(READY) ui/node_modules/ready  ## Build the tab in Airflow's UI from ui/ into the package (needs npm)
	$(BIN)/python scripts/make_ui_data.py
	cd ui && npm run --silent build
	$(BIN)/python scripts/make_ui_data.py --built

test-ui-code: ui/node_modules/ready  ## Run the unit tests of the code in ui/ (needs npm)
	cd ui && npm test --silent

test-ui: $(READY)  ## Look at the tab in headless Chromium on a real Airflow; writes docs/pictures/ui-*.jpg (needs chromium)
	$(BIN)/pip install --quiet --disable-pip-version-check playwright==1.65.2
	mkdir -p demo-output/ui
	VIAPI_UI_SCREENSHOTS=demo-output/ui $(BIN)/pytest tests/ui --timeout 900
	for name in $$(grep -o 'ui-[a-z-]*\.jpg' docs/ui.md); do cp demo-output/ui/$$name docs/pictures/; done

operators: $(READY)  ## Generate the typed operators of services whose models are data
	$(BIN)/python scripts/make_operators.py

.venv-clients-%/ready: constraints/clients-%.txt
	$(PYTHON) -m venv .venv-clients-$*
	.venv-clients-$*/bin/pip install --quiet --disable-pip-version-check -r $<
	@touch $@

# Node's client is tested if npm is installed; otherwise its tests report that they are skipped.
.venv-clients-today/node: .venv-clients-today/ready
	if command -v npm >/dev/null; then \
		npm install --silent --no-audit --no-fund --no-save --prefix .venv-clients-today @alicloud/pop-core@1.8.0; fi
	@touch $@

test-clients: $(READY) .venv-clients-today/node .venv-clients-earlier/ready test-huawei-client  ## Run the vendors' own, unchanged clients against the emulator
	.venv-clients-today/bin/pytest tests/clients
	.venv-clients-earlier/bin/pytest tests/clients

test-huawei-client: $(READY) .venv-clients-huawei/ready
	.venv-clients-huawei/bin/pytest tests/clients

.venv-docs/ready: constraints/docs.txt
	$(PYTHON) -m venv .venv-docs
	.venv-docs/bin/pip install --quiet --disable-pip-version-check -r $<
	@touch $@

docs: .venv-docs/ready  ## Build the documentation site into docs/_build/html; a warning is an error
	.venv-docs/bin/sphinx-build --fail-on-warning --keep-going --quiet -b html docs docs/_build/html

.venv-release/ready: constraints/release.txt
	$(PYTHON) -m venv .venv-release
	.venv-release/bin/pip install --quiet --disable-pip-version-check -r $<
	@touch $@

release: .venv-release/ready  ## Build, check and tag a release; uploads nothing (VERSION=1.2.0)
	.venv-release/bin/python scripts/release.py '$(VERSION)'

.venv-bench/ready: constraints/bench.txt
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/pip install --quiet --disable-pip-version-check -r $<
	@touch $@

bench: $(READY) .venv-bench/ready  ## Measure the promises and compare with others; writes docs/performance.md
	$(BIN)/python benchmarks/run.py

constraints: $(READY) $(MATRIX:%=.venv-%/ready) .venv-$(PRERELEASE)/ready  ## Pin the packages that the environments contain
	for version in $(AIRFLOWS) $(PRERELEASE); do \
		environment=.venv-$$version; [ $$version = $(AIRFLOW) ] && environment=.venv; \
		{ echo "# Test environment with Airflow $$version and Python 3.11; written by 'make constraints'."; \
		  $$environment/bin/pip freeze --exclude-editable | grep -E '^[A-Za-z0-9._-]+=='; } \
		> constraints/airflow-$$version.txt; \
	done

clean:  ## Remove environments and generated files
	rm -rf .venv .venv-* demo-output docs/_build docs/reference .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.PHONY: help test-rotation test-real-rotation ui test-ui test-ui-code demo docs release test bench test-chaos test-airflows test-production test-without-extras lint format test-matrix test-media test-clients test-huawei-client test-live reference operators constraints clean
.PRECIOUS: .venv-%/ready .venv-clients-%/ready
