# Everything a newcomer needs; each target prepares what it uses in .venv or .venv-…
.DEFAULT_GOAL := help
PYTHON ?= python3
AIRFLOW ?= 3.3.2
STAGES ?= 3
MATRIX := 2.11.2 3.1.8
# Several at once, each file's tests in one process: most of the time a test waits for something.
PARALLEL ?= -n 3 --dist loadfile --no-loadscope-reorder
BIN := .venv/bin
READY := .venv/ready

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

test: lint test-huawei-client  ## Lint, types, import contracts and the tests, with a real scheduler and triggerer among them
	$(BIN)/pytest -m '(not chaos or quick) and not live and not matrix' $(PARALLEL)

test-media: $(READY)  ## Every media action of the emulator with every kind of odd clip
	$(BIN)/pytest tests/emulator/media $(PARALLEL)

test-live: $(READY)  ## The conformance requests against the real service: needs a key and a bucket, and is billed
	$(BIN)/pytest tests/live -m live -s -rs --timeout 7200

test-chaos: $(READY)  ## Break a real Airflow in every way we know, three times each; writes docs/reliability.md (STAGES=3)
	VIAPI_CHAOS_PLAYINGS=3 VIAPI_CHAOS_SECONDS=60 VIAPI_CHAOS_REPORT=docs/reliability.md \
		$(BIN)/pytest tests/chaos -m chaos -n $(STAGES) --dist worksteal --timeout 900

lint: $(READY)  ## ruff, mypy --strict and the import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY)  ## Let ruff mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

test-matrix: $(MATRIX:%=test-airflow-%)  ## The tests that need no running Airflow, on the other Airflows we support

test-airflow-%: .venv-%/ready
	.venv-$*/bin/pytest -m 'not airflow and not chaos and not live and not matrix' --ignore=tests/emulator \
		-p no:cacheprovider $(PARALLEL)

reference: $(READY)  ## Make docs/actions.md and docs/huawei-actions.md again from the service models
	$(BIN)/python scripts/make_reference.py
	$(BIN)/python scripts/make_huawei_reference.py

.venv-clients-%/ready: constraints/clients-%.txt
	$(PYTHON) -m venv .venv-clients-$*
	.venv-clients-$*/bin/pip install --quiet --disable-pip-version-check -r $<
	@touch $@

# Node's client is tried where there is a Node; without it its tests say that they were left out.
.venv-clients-today/node: .venv-clients-today/ready
	if command -v npm >/dev/null; then \
		npm install --silent --no-audit --no-fund --no-save --prefix .venv-clients-today @alicloud/pop-core@1.8.0; fi
	@touch $@

test-clients: $(READY) .venv-clients-today/node .venv-clients-earlier/ready test-huawei-client  ## The clouds' own, unchanged clients against the emulator
	.venv-clients-today/bin/pytest tests/clients
	.venv-clients-earlier/bin/pytest tests/clients

test-huawei-client: $(READY) .venv-clients-huawei/ready
	.venv-clients-huawei/bin/pytest tests/clients

.venv-bench/ready: constraints/bench.txt
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/pip install --quiet --disable-pip-version-check -r $<
	@touch $@

bench: $(READY) .venv-bench/ready  ## Measure what is promised, side by side with others; writes docs/performance.md
	$(BIN)/python benchmarks/run.py

constraints: $(READY) $(MATRIX:%=.venv-%/ready)  ## Pin what the environments hold now
	for version in $(AIRFLOW) $(MATRIX); do \
		environment=.venv-$$version; [ $$version = $(AIRFLOW) ] && environment=.venv; \
		{ echo "# What the tests ran with on Airflow $$version and Python 3.11; made by 'make constraints'."; \
		  $$environment/bin/pip freeze --exclude-editable | grep -E '^[A-Za-z0-9._-]+=='; } \
		> constraints/airflow-$$version.txt; \
	done

clean:  ## Remove environments and what runs left behind
	rm -rf .venv .venv-* demo-output .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.PHONY: help demo test test-media bench test-chaos lint format test-matrix test-clients test-huawei-client test-live reference constraints clean
.PRECIOUS: .venv-%/ready .venv-clients-%/ready
