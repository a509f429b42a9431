# The commands of this project; each does its own set-up. `make help` lists them.

ifndef PYTHON
PYTHON := $(shell for p in python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo $$p; break; }; done)
endif
# A new machine may lack something: report it before anything else fails.
HAVE_PYTHON = $(PYTHON) -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 || { \
	echo "make: Python 3.11 or newer with its venv module is needed, but this was found: $(or $(PYTHON),no python3)" \
	"(Debian: apt install python3-venv; to use another Python: make $@ PYTHON=/path/to/python3)" >&2; exit 1; }
NO_INDEX = { echo "make: pip failed (see above). It needs a package index that it can reach; set PIP_INDEX_URL to use another one." >&2; exit 1; }
VENV := .venv
BIN := $(VENV)/bin
DOCS_VENV := .venv-docs
PIP := PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip --quiet

PAGES := README.md CONTRIBUTING.md CHANGELOG.md SECURITY.md docs changelog.d .github \
	$(wildcard plugins/*/README.md) benchmarks/dedupe-words.md
# The checks of `make lint`. Each of them is also a hook in .pre-commit-config.yaml.
LINTS := lint-format lint-code lint-pages lint-types lint-rooms lint-entries lint-generated lint-changelog

PREFIX ?= $(HOME)/.local
APP := $(PREFIX)/lib/fitglue
COMMAND := $(PREFIX)/bin/fitglue

.DEFAULT_GOAL := help
.PHONY: help demo test tests coverage test-long bench install uninstall generate record setup lint $(LINTS) docs hooks dist clean

help: ## list the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: setup ## show the main features with simulated accounts: no key, no network
	@$(BIN)/python tools/demo.py

# The tests start hundreds of processes. Where Python may not write bytecode, as in many containers,
# each of them would compile the packages again.
test: setup ## run all checks and tests (five minutes on two cores); prints the seconds by folder
	@$(BIN)/python -m compileall -q fitglue_registry plugins/*/fitglue_*
	@$(MAKE) --no-print-directory --jobs=2 tests lint

# The linters, most of which use one core, run beside the tests, which often wait.
tests: setup
	@$(BIN)/python -m pytest -n 3 --dist worksteal -m "not long" -q --by-folder

coverage: setup ## report the lines that `make test` does not cover (takes 50% longer)
	@$(BIN)/python -m pytest -n 2 --dist worksteal -m "not long" --cov --cov-report=term:skip-covered -q

lint: $(LINTS) ## run the checks of `make test` without the tests: style, types, rooms, entries, pages
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

test-long: setup docs ## run the slow tests and all fault tests; writes docs/reliability.md
	@rm -rf .reliability
	@FITGLUE_RELIABILITY=$(CURDIR)/.reliability $(BIN)/python -m pytest -n 2 --dist worksteal -q -m long --by-folder
	@FITGLUE_RELIABILITY=$(CURDIR)/.reliability $(BIN)/python -m pytest -n 2 --dist worksteal -q -m "not long" tests/faults
	@$(BIN)/python tools/reliability.py .reliability

bench: setup ## measure speed and size against a stand-in on loopback (half an hour); writes docs/performance.md and docs/scale.md
	@$(BIN)/python benchmarks/run.py

generate: setup ## write the files that are generated from the code and the registry
	@$(BIN)/python tools/generate.py

record: setup ## record the cassettes of live sources with your keys (FITGLUE_INTERVALS_API_KEY, FITGLUE_GARMIN_API_KEY), or with STAND_IN=1
	@$(BIN)/python tools/record.py $(if $(STAND_IN),--stand-in)

hooks: setup ## install a Git hook that runs the checks of `make lint` that a commit affects
	@$(BIN)/pre-commit install

dist: setup ## build the host and each plugin, as sdist and wheel, into dist/
	@for project in . plugins/*/; do $(BIN)/python -m build --no-isolation --outdir dist $$project || exit 1; done
	@ls dist

# The variable silences an advertisement of the theme, which fails the build in strict mode.
docs: $(DOCS_VENV)/.ready ## build docs/ with an API reference as a searchable site
	@NO_MKDOCS_2_WARNING=1 $(DOCS_VENV)/bin/mkdocs build --strict
	@echo "Built: site/index.html. To search the pages, serve them: $(DOCS_VENV)/bin/python -m http.server --bind 127.0.0.1 --directory site"
$(DOCS_VENV)/.ready: docs/requirements.txt
	@$(HAVE_PYTHON)
	@echo "Setting up $(DOCS_VENV) with $$($(PYTHON) --version) (once; half a minute) …"
	@$(PYTHON) -m venv $(DOCS_VENV)
	@PIP_DISABLE_PIP_VERSION_CHECK=1 $(DOCS_VENV)/bin/python -m pip --quiet install --requirement docs/requirements.txt || $(NO_INDEX)
	@touch $@

# One installation of the build backend serves all distributions, and the packages are compiled on
# all cores, of which pip would use one. Some packages contain files that are not meant to be compiled.
setup: $(VENV)/.ready
$(VENV)/.ready: pyproject.toml constraints.txt $(wildcard plugins/*/pyproject.toml)
	@$(HAVE_PYTHON)
	@echo "Setting up $(VENV) with $$($(PYTHON) --version) (once; about a minute) …"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --constraint constraints.txt editables hatchling || $(NO_INDEX)
	@$(PIP) install --constraint constraints.txt --no-build-isolation --no-compile --editable '.[dev,postgresql,testing]' \
		$(addprefix --editable ,$(wildcard plugins/*)) || $(NO_INDEX)
	@$(BIN)/python -m compileall -qq --workers 0 $(VENV)/lib || true
	@touch $@

install: ## install `fitglue` in its own virtual environment, and put it on your PATH
	@$(HAVE_PYTHON)
	@test ! -e "$(COMMAND)" || test -L "$(COMMAND)" || { echo "make: $(COMMAND) exists and was not installed by FitGlue;" \
		"move it, or install elsewhere: make install PREFIX=/some/folder" >&2; exit 1; }
	@echo "Installing into $(APP) with $$($(PYTHON) --version) (half a minute) …"
	@$(PYTHON) -m venv "$(APP)"
	@PIP_DISABLE_PIP_VERSION_CHECK=1 "$(APP)/bin/python" -m pip --quiet install --no-cache-dir --constraint constraints.txt \
		'.[watch]' ./plugins/fitglue-boosters ./plugins/fitglue-destinations ./plugins/fitglue-formats ./plugins/fitglue-garmin ./plugins/fitglue-intervals ./plugins/fitglue-files || $(NO_INDEX)
	@mkdir -p "$(PREFIX)/bin" && ln -sf "$(APP)/bin/fitglue" "$(COMMAND)"
	@echo "Installed: $(COMMAND) ($$("$(APP)/bin/fitglue" --version))"
	@case ":$$PATH:" in *":$(PREFIX)/bin:"*) ;; *) echo "$(PREFIX)/bin is not on your PATH yet; add this line to your shell's startup file:"; \
		echo '  export PATH="$(PREFIX)/bin:$$PATH"' ;; esac
	@echo "Next: fitglue connect intervals"

uninstall: ## remove the command and its plugins; your data stays
	@if ! test -x "$(APP)/bin/python"; then echo "FitGlue is not installed in $(APP)."; exit 0; fi; \
	home=$$("$(APP)/bin/python" -c 'import fitglue_registry; print(fitglue_registry.Host().home)' 2>/dev/null); \
	if test -e "$$home"; then database=$$("$(APP)/bin/fitglue" sql --path 2>/dev/null); fi; \
	if test "$$(readlink "$(COMMAND)")" = "$(APP)/bin/fitglue"; then rm "$(COMMAND)"; fi; \
	rm -rf "$(APP)"; rmdir "$(PREFIX)/lib" "$(PREFIX)/bin" 2>/dev/null; \
	echo "Removed: $(COMMAND) and $(APP)"; \
	if test -e "$$home"; then echo "Your data stays in $$home; delete that folder to remove it as well."; \
	else echo "No data was found in $$home."; fi; \
	case "$$database" in "$$home"/*|"") ;; *) echo "Your database stays: $$database" ;; esac

clean: ## remove the environments and everything that was built
	@rm -rf $(VENV) $(DOCS_VENV) .venv-bench site .demo dist build .coverage .mypy_cache .pytest_cache .ruff_cache .hypothesis
