# The commands of this project; each does its own set-up. `make help` lists them.

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip --quiet

PREFIX ?= $(HOME)/.local
APP := $(PREFIX)/lib/fitglue

.DEFAULT_GOAL := help
.PHONY: help demo test test-long bench install uninstall generate setup lint clean

help: ## list the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: setup ## the main job against the bundled stand-in: no key, no network
	@$(BIN)/python tools/demo.py

test: setup lint ## every check, five minutes at most
	@$(BIN)/python -m pytest -n 2 --dist worksteal -m "not long" --cov --cov-report=term:skip-covered -q

lint: setup
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/fitglue registry check
	@$(BIN)/fitglue registry check plugins/fitglue-files/fitglue_files/registry
	@$(BIN)/python tools/generate.py --check

test-long: setup ## the tests that take their time
	@$(BIN)/python -m pytest -n 2 -m long -q

bench: setup ## measure speed and size against a stand-in on loopback
	@$(BIN)/python benchmarks/first_sync.py

generate: setup ## write what is generated from code and registry
	@$(BIN)/python tools/generate.py

# A fresh machine may lack one of the few things that this needs: say which, before anything else fails.
setup: $(VENV)/.ready
$(VENV)/.ready: pyproject.toml constraints.txt plugins/fitglue-intervals/pyproject.toml plugins/fitglue-files/pyproject.toml
	@test -n "$(PYTHON)" || { echo "make: this needs Python 3.11 or newer with its venv module (Debian: apt install python3-venv)" >&2; exit 1; }
	@$(PYTHON) -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "make: $(PYTHON) is older than Python 3.11, or lacks its venv module (Debian: apt install python3-venv)" >&2; exit 1; }
	@echo "Setting up $(VENV) with $$($(PYTHON) --version) (once; about a minute) …"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --constraint constraints.txt --editable '.[dev,postgresql,testing]' --editable plugins/fitglue-intervals \
		--editable plugins/fitglue-files || { echo "make: the package index could not be reached, or refused a package (see above)" >&2; exit 1; }
	@touch $@

install: ## put `fitglue` on your PATH, in an environment of its own
	@test -n "$(PYTHON)" || { echo "make: this needs Python 3.11 or newer with its venv module" >&2; exit 1; }
	@$(PYTHON) -m venv $(APP)
	@PIP_DISABLE_PIP_VERSION_CHECK=1 $(APP)/bin/python -m pip --quiet install --constraint constraints.txt . ./plugins/fitglue-intervals ./plugins/fitglue-files
	@mkdir -p $(PREFIX)/bin && ln -sf $(APP)/bin/fitglue $(PREFIX)/bin/fitglue
	@echo "Installed: $(PREFIX)/bin/fitglue ($$($(APP)/bin/fitglue --version))"
	@case ":$$PATH:" in *":$(PREFIX)/bin:"*) echo "Next: fitglue connect intervals" ;; \
		*) echo "$(PREFIX)/bin is not on your PATH; add this line to your shell's start file:"; echo '  export PATH="$(PREFIX)/bin:$$PATH"' ;; esac

uninstall: ## remove the command; your data stays
	@data=$$($(APP)/bin/fitglue sql --path 2>/dev/null || echo "where FITGLUE_HOME or FITGLUE_DATABASE pointed"); \
		rm -rf $(APP) $(PREFIX)/bin/fitglue; echo "Removed the command. Your data is left: $$data"

clean: ## remove the environment and everything that was built
	@rm -rf $(VENV) .demo dist build .coverage .mypy_cache .pytest_cache .ruff_cache .hypothesis
