# One word for each thing people do. `make bench PYTHON=python3.12` takes another interpreter, in a
# virtual environment of its own.

PYTHON ?= python3
VENV   ?= .venv$(if $(filter-out python3,$(PYTHON)),-$(notdir $(PYTHON)))
RUN     = $(VENV)/bin/python -P -m
CARGO   = PYO3_PYTHON=$(abspath $(VENV)/bin/python) cargo
INSTALL = $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -e '.[test]'

.DEFAULT_GOAL := help
.PHONY: help bench test lint rust-test python-test build tools clean

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 20

bench: build ## verify every implementation, time it, print the tables
	@$(RUN) harness bench

test: lint rust-test python-test ## everything that must pass before a commit

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
