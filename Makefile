# The commands of this project. They need a Python of at least 3.11 and nothing else.

# A name on the PATH is not yet a Python: version managers leave stand-ins that only print an error. So each
# candidate must run before it is taken; the machine's own python3 is asked first.
CANDIDATES = python3 python3.11 python3.12 python3.13 python3.14
RUNS = -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
PYTHON ?= $(shell for name in $(CANDIDATES); do $$name $(RUNS) && echo $$name && exit; done; command -v python3)
ENVIRONMENT = @$(or $(PYTHON),$(error Python 3.11 or newer is needed: install the package python3)) scripts/environment.py
VENV = .venv/bin

.DEFAULT_GOAL := help
.PHONY: help run test test-fast check lock

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' Makefile

run:  ## start everything with demo data on http://127.0.0.1:8000 (PORT=… to change)
	$(ENVIRONMENT) run
	@exec $(VENV)/python manage.py up --demo

test:  ## run every test: SQLite, PostgreSQL with Redis, browser
	$(ENVIRONMENT) dev
	@$(VENV)/python scripts/test.py all

test-fast:  ## run the tests that take milliseconds, on SQLite
	$(ENVIRONMENT) dev
	@$(VENV)/python scripts/test.py fast

check:  ## check format, types, imports, migrations, templates
	$(ENVIRONMENT) dev
	@$(VENV)/python scripts/check.py

lock:  ## write requirements/*.txt anew from pyproject.toml
	$(ENVIRONMENT) dev
	@$(VENV)/python scripts/lock.py
