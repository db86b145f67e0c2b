# Each command does its own set-up. UV_PROJECT_ENVIRONMENT moves the virtual environment, PORT the web server.

VENV := $(or $(UV_PROJECT_ENVIRONMENT),.venv)
PYTHON := $(VENV)/bin/python
PORT ?= 8000

APPS := workspaces experiments sprints api notices
SCRIPTS := bin/run bin/services bin/messages bin/screenshots
CATALOGUES := $(wildcard locale/*/LC_MESSAGES/*.po */locale/*/LC_MESSAGES/*.po)

.PHONY: run test check bench messages screenshots

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
	$(PYTHON) bin/messages --check
	bin/check-production

bench: $(VENV)/.quickno-dev
	$(PYTHON) -m bench

# Brings the catalogues to what code and templates say now.
messages: $(VENV)/.quickno-dev
	$(PYTHON) bin/messages

# The pictures of the guide, after the pages have changed.
screenshots: $(VENV)/.quickno-dev
	bin/services $(PYTHON) bin/screenshots

# Marks of what is installed and compiled; a newer lock file or catalogue makes them old.
$(VENV)/.quickno: uv.lock $(CATALOGUES)
	bin/setup --no-dev --inexact
	touch $@

$(VENV)/.quickno-dev: uv.lock $(CATALOGUES)
	bin/setup
	touch $@ $(VENV)/.quickno
