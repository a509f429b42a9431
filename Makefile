# The commands of this project; each does its own set-up. `make help` lists them.

ifndef PYTHON
PYTHON := $(shell for p in python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo $$p; break; }; done)
endif
# A fresh machine may lack one of the few things that this needs: say which, before anything else fails.
HAVE_PYTHON = $(PYTHON) -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 || { \
	echo "make: $(or $(PYTHON),no python3 here) is not Python 3.11 or newer with its venv module (Debian: apt install python3-venv;" \
	"another one: make $@ PYTHON=/path/to/python3)" >&2; exit 1; }
NO_INDEX = { echo "make: pip failed, see above; it needs a package index that it can reach (PIP_INDEX_URL names another one)" >&2; exit 1; }
VENV := .venv
BIN := $(VENV)/bin
DOCS_VENV := .venv-docs
PIP := PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip --quiet

PAGES := README.md CONTRIBUTING.md CHANGELOG.md SECURITY.md docs changelog.d .github \
	$(wildcard plugins/*/README.md) benchmarks/dedupe-words.md
# The checks of `make lint`. Each is a hook in .pre-commit-config.yaml, too.
LINTS := lint-format lint-code lint-pages lint-types lint-rooms lint-entries lint-generated lint-changelog

PREFIX ?= $(HOME)/.local
APP := $(PREFIX)/lib/fitglue
COMMAND := $(PREFIX)/bin/fitglue

.DEFAULT_GOAL := help
.PHONY: help demo test coverage test-long bench install uninstall generate setup lint $(LINTS) docs hooks dist clean

help: ## list the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: setup ## the main job against the bundled stand-in: no key, no network
	@$(BIN)/python tools/demo.py

test: setup lint ## every check, four minutes on two cores; ends with the seconds by folder
	@$(BIN)/python -m pytest -n 2 --dist worksteal -m "not long" -q --by-folder

coverage: setup ## which lines `make test` does not reach; takes half as long again
	@$(BIN)/python -m pytest -n 2 --dist worksteal -m "not long" --cov --cov-report=term:skip-covered -q

lint: $(LINTS) ## the checks of `make test` without its tests: style, types, rooms, entries, pages
lint-format: setup
	@$(BIN)/ruff format --check --quiet .
lint-code: setup
	@$(BIN)/ruff check .
lint-pages: setup
	@$(BIN)/mdformat --check $(PAGES)
lint-types: setup
	@$(BIN)/mypy
lint-rooms: setup
	@$(BIN)/lint-imports --no-cache
lint-entries: setup
	@$(BIN)/fitglue registry check
	@$(BIN)/fitglue registry check plugins/fitglue-files/fitglue_files/registry
lint-generated: setup
	@$(BIN)/python tools/generate.py --check
lint-changelog: setup
	@draft=$$($(BIN)/towncrier build --draft --version next 2>&1) || { echo "$$draft"; exit 1; }

test-long: setup docs ## the tests that take their time, and all the faults; writes docs/reliability.md
	@rm -rf .reliability
	@FITGLUE_RELIABILITY=$(CURDIR)/.reliability $(BIN)/python -m pytest -n 2 --dist worksteal -q -m long --by-folder
	@FITGLUE_RELIABILITY=$(CURDIR)/.reliability $(BIN)/python -m pytest -n 2 --dist worksteal -q -m "not long" tests/faults
	@$(BIN)/python tools/reliability.py .reliability

bench: setup ## measure speed and size against a stand-in on loopback, half an hour; writes docs/performance.md and docs/scale.md
	@$(BIN)/python benchmarks/run.py

generate: setup ## write what is generated from code and registry
	@$(BIN)/python tools/generate.py

hooks: setup ## run the checks of `make lint` before each commit, where a file that they read has changed
	@$(BIN)/pre-commit install

dist: setup ## build the host and each plugin, as sdist and wheel, into dist/
	@for project in . plugins/*/; do $(BIN)/python -m build --no-isolation --outdir dist $$project || exit 1; done
	@ls dist

# The variable silences an advertisement of the theme, which would be a warning in strict mode.
docs: $(DOCS_VENV)/.ready ## build docs/ with an API reference as a site that can be searched
	@NO_MKDOCS_2_WARNING=1 $(DOCS_VENV)/bin/mkdocs build --strict
	@echo "Built: site/index.html. To search the pages, serve them: $(DOCS_VENV)/bin/python -m http.server --bind 127.0.0.1 --directory site"
$(DOCS_VENV)/.ready: docs/requirements.txt
	@$(HAVE_PYTHON)
	@echo "Setting up $(DOCS_VENV) with $$($(PYTHON) --version) (once; half a minute) …"
	@$(PYTHON) -m venv $(DOCS_VENV)
	@PIP_DISABLE_PIP_VERSION_CHECK=1 $(DOCS_VENV)/bin/python -m pip --quiet install --requirement docs/requirements.txt || $(NO_INDEX)
	@touch $@

setup: $(VENV)/.ready
$(VENV)/.ready: pyproject.toml constraints.txt $(wildcard plugins/*/pyproject.toml)
	@$(HAVE_PYTHON)
	@echo "Setting up $(VENV) with $$($(PYTHON) --version) (once; about a minute) …"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --constraint constraints.txt --editable '.[dev,postgresql,testing]' \
		--editable plugins/fitglue-formats \
		--editable plugins/fitglue-intervals \
		--editable plugins/fitglue-files || $(NO_INDEX)
	@touch $@

install: ## put `fitglue` on your PATH, in an environment of its own
	@$(HAVE_PYTHON)
	@test ! -e "$(COMMAND)" || test -L "$(COMMAND)" || { echo "make: $(COMMAND) is there and is not ours;" \
		"move it away, or install elsewhere: make install PREFIX=/some/folder" >&2; exit 1; }
	@echo "Installing into $(APP) with $$($(PYTHON) --version) (half a minute) …"
	@$(PYTHON) -m venv "$(APP)"
	@PIP_DISABLE_PIP_VERSION_CHECK=1 "$(APP)/bin/python" -m pip --quiet install --no-cache-dir --constraint constraints.txt \
		'.[watch]' ./plugins/fitglue-formats ./plugins/fitglue-intervals ./plugins/fitglue-files || $(NO_INDEX)
	@mkdir -p "$(PREFIX)/bin" && ln -sf "$(APP)/bin/fitglue" "$(COMMAND)"
	@echo "Installed: $(COMMAND) ($$("$(APP)/bin/fitglue" --version))"
	@case ":$$PATH:" in *":$(PREFIX)/bin:"*) ;; *) echo "$(PREFIX)/bin is not on your PATH yet; put this line into your shell's start file:"; \
		echo '  export PATH="$(PREFIX)/bin:$$PATH"' ;; esac
	@echo "Next: fitglue connect intervals"

uninstall: ## remove the command with its plugins; your data stays
	@if ! test -x "$(APP)/bin/python"; then echo "There is no fitglue in $(APP)."; exit 0; fi; \
	home=$$("$(APP)/bin/python" -c 'import fitglue_registry; print(fitglue_registry.Host().home)' 2>/dev/null); \
	if test -e "$$home"; then database=$$("$(APP)/bin/fitglue" sql --path 2>/dev/null); fi; \
	if test "$$(readlink "$(COMMAND)")" = "$(APP)/bin/fitglue"; then rm "$(COMMAND)"; fi; \
	rm -rf "$(APP)"; rmdir "$(PREFIX)/lib" "$(PREFIX)/bin" 2>/dev/null; \
	echo "Removed: $(COMMAND) and $(APP)"; \
	if test -e "$$home"; then echo "Your data is left in $$home; remove that folder, and nothing is left."; \
	else echo "There is no data in $$home."; fi; \
	case "$$database" in "$$home"/*|"") ;; *) echo "Your database is left: $$database" ;; esac

clean: ## remove the environment and everything that was built
	@rm -rf $(VENV) $(DOCS_VENV) .venv-bench site .demo dist build .coverage .mypy_cache .pytest_cache .ruff_cache .hypothesis
