# `make run` and `make test` need nothing but a Python (3.11 to 3.13) and make; everything else is installed below this folder.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= $(firstword $(foreach name,python3.11 python3.12 python3.13 python3,$(shell command -v $(name))))
PORT ?= 3000
SALES ?=
DATA ?=
EXIT ?=
PART ?=
PARTS ?=
# What `make build` builds for: the newest Python that is here. The local stack builds for this machine by itself.
RUNTIME ?= $(firstword $(foreach name,python3.13 python3.12 python3.11,$(shell $(name) -c 'print("$(name)")' 2>/dev/null)))
ARCH ?= arm64

VENV := .venv/bin/python
UV := .venv/bin/uv
UV_INSTALL := --quiet --disable-pip-version-check --require-hashes -r
INSTALL = VIRTUAL_ENV=$(abspath $(@D)) $(UV) pip sync --quiet --require-hashes
export SAM_CLI_TELEMETRY := 0
# The tools' bytecode is worth keeping, whatever the shell says: SAM starts in 2 s instead of 4.
unexport PYTHONDONTWRITEBYTECODE
export PATH := $(abspath .venv/bin):$(PATH)

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: .venv/dev.stamp .tools/sam/sam.stamp .tools/ministack/ministack.stamp ## install everything, below .venv and .tools

# uv installs the rest in seconds; Python's own pip only has to check and install uv. Some have none: then venv brings one.
.venv/uv.stamp: requirements/uv.txt
	@echo "  python environment ..."
	@"$(PYTHON)" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' \
		|| { echo "error: Python 3.11, 3.12 or 3.13 is needed; name one with PYTHON=" >&2; exit 1; }
	@"$(PYTHON)" -m venv --clear --without-pip .venv
	@"$(PYTHON)" -m pip --python $(VENV) install $(UV_INSTALL) $< 2>/dev/null \
		|| { "$(PYTHON)" -m venv --clear .venv && $(VENV) -m pip install $(UV_INSTALL) $<; }
	@touch $@

.venv/dev.stamp: requirements/dev.txt .venv/uv.stamp
	@echo "  packages of the project ..."
	@$(INSTALL) $< requirements/uv.txt
	@touch $@

.tools/sam/sam.stamp: requirements/sam.txt | .venv/uv.stamp
	@echo "  SAM ..."
	@$(UV) venv --quiet --clear --python $(abspath $(VENV)) $(@D)
	@$(INSTALL) $<
	@touch $@

.tools/ministack/ministack.stamp: requirements/ministack.txt | .venv/uv.stamp
	@echo "  emulator ..."
	@$(UV) venv --quiet --clear --python $(abspath $(VENV)) $(@D)
	@$(INSTALL) $<
	@touch $@

# The plain AWS CLI, for the tests that run the documents' commands.
.tools/awscli/awscli.stamp: requirements/awscli.txt | .venv/uv.stamp
	@echo "  AWS CLI ..."
	@$(UV) venv --quiet --clear --python $(abspath $(VENV)) $(@D)
	@$(INSTALL) $<
	@touch $@

# A generator of API clients, for the test that uses one against every host's OpenAPI document.
.tools/openapi_client/openapi_client.stamp: requirements/openapi_client.txt | .venv/uv.stamp
	@echo "  OpenAPI client generator ..."
	@$(UV) venv --quiet --clear --python $(abspath $(VENV)) $(@D)
	@$(INSTALL) $<
	@touch $@

run: setup ## start the stack, do the main job, show it (PORT= SALES=file.csv.gz DATA=dir EXIT=1)
	@exec $(VENV) -m local up --port $(PORT) --demo $(if $(DATA),--data "$(DATA)") $(if $(SALES),--sales "$(SALES)") $(if $(EXIT),--exit)

lint: setup ## ruff, mypy, and the template
	@$(MAKE) --no-print-directory --jobs=2 lint-python lint-template

lint-python:
	$(VENV) -m ruff check .
	$(VENV) -m ruff format --check .
	$(VENV) -m mypy layers/core/marquee local tests functions/*/app.py

lint-template:
	.tools/sam/bin/sam validate --region us-east-1 --template template.yaml
	.tools/sam/bin/sam validate --lint --region us-east-1 --template template.yaml

# Those that need a stack wait much of the time, so three go on two processors, a stack each, dealt out a file at a time.
test: lint .tools/awscli/awscli.stamp .tools/openapi_client/openapi_client.stamp ## lint, then every test: unit, api, workflows, infra, e2e
	$(VENV) -m pytest -n 2 tests/unit tests/api tests/infra
	$(VENV) -m pytest -n 3 --dist loadfile --no-loadscope-reorder tests/workflows tests/e2e

build: setup ## what goes to AWS, in .aws-sam/build (RUNTIME= ARCH=)
	.tools/sam/bin/sam build --cached --parallel --parameter-overrides PythonRuntime=$(RUNTIME) Architecture=$(ARCH)
	$(VENV) -m local.bytecode .aws-sam/build

bench: setup ## write docs/benchmarks.md (PARTS="cold_start warm_list")
	PYTHONPATH=layers/core $(VENV) -m tests.bench $(PARTS)

backtest: setup ## replay sales history: our forecasts beside the classical methods (DATA=file.csv.gz)
	PYTHONPATH=layers/core OPENBLAS_NUM_THREADS=1 $(VENV) -m local.backtest "$(DATA)"

lock: .venv/uv.stamp ## renew the pinned requirements
	@for name in uv sam ministack awscli openapi_client; do $(LOCK) requirements/$$name.in -o requirements/$$name.txt; done
	@$(LOCK) layers/deps/requirements.in -o layers/deps/requirements.txt
	@for file in functions/*/requirements.in; do [ -e "$$file" ] && $(LOCK) "$$file" -o "$${file%.in}.txt"; done || true
	@$(LOCK) requirements/dev.in -o requirements/dev.txt
LOCK = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate

clean: ## remove everything that was made, environments included
	rm -rf .venv .tools .aws-sam .marquee .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: help setup run lint lint-python lint-template test build bench backtest lock clean
