# `make` lists the targets. Each one sets up what it needs, and only when something has changed.
SHELL := bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup sam run test conformance bench explore reliability lint format types docs build validate secure clean
# Two steps of a set-up at the same time would meet in .tools.
.NOTPARALLEL:

ARGS ?=
# One worker more than cores, four at most: each waits for its engine a good part of the time.
PYTEST_ARGS ?= -n $(shell n=$$(getconf _NPROCESSORS_ONLN); echo $$((n < 4 ? n + 1 : 4)))

BIN := .venv/bin
# Without bytecode, every start of the stack compiles its libraries anew, which takes seconds. The others make Python
# use libraries that are not this project's.
unexport PYTHONDONTWRITEBYTECODE PYTHONHOME PYTHONPATH

# Some tools fail without it. It is the user's, or / for a user without a name.
export HOME := $(or $(HOME),$(shell echo ~))

BUILT := .aws-sam/build/template.yaml
# Not there: tests of the local stack itself, of Kapso's client, and those that sweep over all faults of our own code.
ON_BOTH_ENGINES = tests/e2e $(addprefix tests/integration/,audit cost dispatch hostile large monitor races snapshot sweep \
  test_permissions.py verify) -k 'not killed and not trouble and not story'
# Folders are included, because only the folder changes when a file is removed.
SOURCES = template.yaml samconfig.toml pyproject.toml uv.lock \
  $(shell find functions layers -name __pycache__ -prune -o -print)

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo 'Variables: ARGS="…" goes to background-sync up, PYTEST_ARGS="…" to pytest, BENCH_ARGS="…" to bench.'

setup: ## the development environment, in .venv
	@tools/setup venv

sam:
	@tools/setup sam

run: setup ## the local stack: sweeps the demo and serves its health (Ctrl-C ends it; ARGS="--help" lists options)
	@BACKGROUND_SYNC_BY_MAKE=1 $(BIN)/background-sync up $(ARGS)

test: lint types build ## all checks: lint, types, tests
	$(BIN)/python -m pytest $(PYTEST_ARGS)

conformance: build ## the tests of what AWS holds, on a second engine (docs/conformance.md)
	@tools/setup ministack
	TEST_ENGINE=ministack $(BIN)/python -m pytest $(PYTEST_ARGS) $(ON_BOTH_ENGINES)

bench: build ## speed and cost beside the original algorithm, for some minutes; writes docs/performance.md
	@tools/setup ministack
	$(BIN)/python -m benchmarks $(BENCH_ARGS)

explore: setup ## property-based tests with many new random examples, for about an hour
	$(BIN)/python -m pytest $(PYTEST_ARGS) -m hypothesis --hypothesis-profile=explore

reliability: build ## each fault at each request, for some minutes; writes the figures of docs/reliability.md
	$(BIN)/python -m pytest $(PYTEST_ARGS) --exhaustive -p tests.figures

lint: setup ## style
	$(BIN)/ruff check
	$(BIN)/ruff format --check

format: setup ## style, fixed
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

types: setup ## types
	$(BIN)/mypy

docs: setup ## docs/configuration.md, from the code and the template
	$(BIN)/python -m background_sync_ops.reference

build: $(BUILT) ## what is deployed, in .aws-sam/build (sam build, without docker)

validate: sam ## template.yaml and docs/events.yaml, by sam and cfn-lint: each finds errors that the other does not
	.tools/bin/sam validate --lint
	.tools/bin/cfn-lint template.yaml docs/events.yaml

secure: ## template.yaml, by checkov: each exception stands in the template, with its reason
	@tools/setup checkov
	.tools/checkov/bin/checkov --framework cloudformation --file template.yaml --compact --quiet --skip-download

clean: ## as after a fresh clone
	rm -rf .venv .tools .aws-sam .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find functions layers ops tests benchmarks -name __pycache__ -prune -exec rm -rf {} +

$(BUILT): $(SOURCES) | setup sam
	.tools/bin/sam build
