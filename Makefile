# One word for each thing people do. `make bench PYTHON=python3.12` takes another interpreter, in a
# virtual environment of its own.

PYTHON ?= python3
VENV   ?= .venv$(if $(filter-out python3,$(PYTHON)),-$(notdir $(PYTHON)))
RUN     = $(VENV)/bin/python -P -m
CARGO   = PYO3_PYTHON=$(abspath $(VENV)/bin/python) cargo
INSTALL = $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -e '.[test]'

# The alias under which results of this machine are kept; its host name is nobody's business.
MACHINE ?= local
RANGE   ?= HEAD^!
BASE    ?= HEAD^
ASV         = PATH="$(abspath $(VENV)/bin):$$PATH" $(VENV)/bin/asv
ASV_OPTIONS = --machine $(MACHINE) --python $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')

.DEFAULT_GOAL := help
.PHONY: help bench test lint rust-test python-test build tools clean pytest-benchmark record \
	asv asv-full asv-smoke asv-continuous asv-publish asv-machine

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 20

bench: build ## verify every implementation, time it, print the tables
	@$(RUN) harness bench

test: lint rust-test python-test ## everything that must pass before a commit

pytest-benchmark: build ## the same registry under pytest-benchmark, saved in results/local
	@$(RUN) pytest --benchmark-only

record: build ## promote the newest such run to results/, as MACHINE=alias
	@$(RUN) harness record $(MACHINE)

# asv measures each commit's own wheel with the suite of HEAD. RANGE is a range of commits as git
# spells it; A..B excludes A. What a commit measured before is measured anew.

asv: asv-machine ## measure commits (RANGE, HEAD by default) into results/asv, as MACHINE=alias
	@$(ASV) run $(ASV_OPTIONS) '$(RANGE)'

asv-full: asv-machine ## the same on every corpus
	@NANOGPT_RS_ASV=full $(ASV) run $(ASV_OPTIONS) '$(RANGE)'

asv-smoke: asv-machine ## call each benchmark of HEAD once, saving nothing
	@$(ASV) run $(ASV_OPTIONS) --quick --dry-run --show-stderr 'HEAD^!'

asv-continuous: asv-machine ## compare BASE (HEAD^ by default) with HEAD, rounds interleaved
	@$(ASV) continuous $(ASV_OPTIONS) --interleave-rounds --factor 1.1 --show-stderr $(BASE) HEAD

asv-publish: asv-machine ## build asv's site from results/asv into .asv/html
	@$(ASV) publish

asv-machine: build
	@$(ASV) machine --yes --machine $(MACHINE) >/dev/null

lint: build
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	$(CARGO) clippy --locked --all-targets --all-features -- -D warnings
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy

rust-test: build
	cargo test --locked --quiet

python-test: build
	$(RUN) pytest

build: $(VENV)/.installed ## (re)build the Rust module, in release, if it does not match its sources
	@$(VENV)/bin/python -P -c 'import benchmarks.provenance as p; p.check()' 2>/dev/null || \
		{ echo 'building the Rust module in release ...'; $(INSTALL); }

$(VENV)/.installed: pyproject.toml | tools
	@echo 'setting up $(VENV) (packages, and the Rust module in release; a minute or two) ...'
	@$(PYTHON) -m venv $(VENV)
	@$(INSTALL)
	@touch $@

tools:
	@command -v $(PYTHON) >/dev/null || \
		{ echo 'Python is missing: no $(PYTHON). Install Python 3.11 or newer from your package manager.'; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo '$(PYTHON) is too old: Python 3.11 or newer is needed (make ... PYTHON=python3.12).'; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo 'Python cannot make virtual environments. Debian and Ubuntu: apt-get install python3-venv.'; exit 1; }
	@command -v cargo >/dev/null || \
		{ echo 'Rust is missing: no cargo. Install it with rustup, https://rustup.rs.'; exit 1; }
	@command -v cc >/dev/null || command -v gcc >/dev/null || command -v clang >/dev/null || \
		{ echo 'A C linker is missing: no cc. Debian and Ubuntu: apt-get install build-essential; macOS: xcode-select --install.'; exit 1; }

clean: ## remove what was built here
	rm -rf $(VENV) target
