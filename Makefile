# Each command does its own set-up. UV_PROJECT_ENVIRONMENT moves the virtual environment, PORT the web server.

VENV := $(or $(UV_PROJECT_ENVIRONMENT),.venv)
PYTHON := $(VENV)/bin/python
PORT ?= 8000

APPS := workspaces experiments sprints api notices
SCRIPTS := bin/run bin/services

.PHONY: run test check bench

# A second start is quick because the first one has compiled all it needs. The compiled code is kept under var/,
# also where the environment asks Python to write none beside the sources.
run: $(VENV)/.quickno
	@PYTHONDONTWRITEBYTECODE= PYTHONPYCACHEPREFIX=$(CURDIR)/var/bytecode $(PYTHON) bin/run $(PORT)

test: $(VENV)/.quickno-dev
	bin/services bin/test

check: $(VENV)/.quickno-dev
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy config $(APPS) tests
	$(PYTHON) -m mypy $(SCRIPTS) bench
	$(VENV)/bin/lint-imports
	$(VENV)/bin/djlint --lint --quiet templates
	$(PYTHON) manage.py makemigrations --check --dry-run
	bin/check-production

bench: $(VENV)/.quickno-dev
	$(PYTHON) -m bench

# Marks of what is installed; a newer lock file makes them old.
$(VENV)/.quickno: uv.lock
	bin/setup --no-dev --inexact
	touch $@

$(VENV)/.quickno-dev: uv.lock
	bin/setup
	touch $@ $(VENV)/.quickno
