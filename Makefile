# `make` lists the targets. Each one sets up what it needs, and only when something has changed.
SHELL := bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup run test lint format types docs build validate clean

ARGS ?=
PYTEST_ARGS ?= -n auto --maxprocesses 4

UV := .tools/bin/uv
BIN := .venv/bin
export UV_PYTHON_DOWNLOADS := never
# Without bytecode, every start of the stack compiles its libraries anew, which takes seconds.
unexport PYTHONDONTWRITEBYTECODE
# Lambda's version of Python, or else the newest supported one.
PYTHON = $(shell $(UV) python find --system 3.13 2>/dev/null || $(UV) python find --system '>=3.11')

BUILT := .aws-sam/build/template.yaml
# Folders are included, because only the folder changes when a file is removed.
SOURCES = template.yaml samconfig.toml pyproject.toml uv.lock \
  $(shell find functions layers -name __pycache__ -prune -o -print)

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo 'Variables: ARGS="…" goes to background-sync up, PYTEST_ARGS="…" to pytest.'

setup: .venv/.ready ## the development environment, in .venv

run: setup ## the local stack: sweeps the demo and serves its health (Ctrl-C ends it; ARGS="--help" lists options)
	@$(BIN)/background-sync up $(ARGS)

test: lint types build ## all checks: lint, types, tests
	$(BIN)/python -m pytest $(PYTEST_ARGS)

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

validate: .tools/sam/.ready ## template.yaml, by sam and cfn-lint: each finds errors that the other does not
	.tools/bin/sam validate --lint
	.tools/bin/cfn-lint template.yaml

clean: ## as after a fresh clone
	rm -rf .venv .tools .aws-sam .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find functions layers ops tests -name __pycache__ -prune -exec rm -rf {} +

.tools/bin/uv:
	@tools/install-uv

.venv/.ready: pyproject.toml uv.lock .python-version | .tools/bin/uv
	@python="$(PYTHON)" && test -n "$$python" \
	  && { [[ "$$("$$python" -V)" == *" 3.13."* ]] || echo "No Python 3.13 (Lambda's) on this machine: using $$("$$python" -V)." >&2; } \
	  && $(UV) sync --frozen --python "$$python"
	@touch $@

.tools/sam/.ready: tools/sam/pyproject.toml tools/sam/uv.lock tools/sam/sam | .tools/bin/uv
	@UV_PROJECT_ENVIRONMENT="$(CURDIR)/.tools/sam" $(UV) sync --quiet --project tools/sam --frozen --python "$(PYTHON)"
	@ln -sf ../../tools/sam/sam ../sam/bin/cfn-lint .tools/bin/
	@touch $@

$(BUILT): $(SOURCES) | .venv/.ready .tools/sam/.ready
	.tools/bin/sam build
