# One word for each thing people do. `make bench PYTHON=python3.12` uses another interpreter, in a
# virtual environment of its own.

PYTHON ?= python3
VERSION := $(shell $(PYTHON) -c 'import platform; print(platform.python_version())' 2>/dev/null)
VENV   ?= .venv$(if $(filter-out python3,$(PYTHON)),-$(VERSION))
RUN     = $(VENV)/bin/python -P -m
CARGO   = PYO3_PYTHON="$(CURDIR)/$(VENV)/bin/python" cargo
# Makes the environment, the packages in it and the Rust module, as far as they are not up to date.
SET_UP  = $(PYTHON) -I nanogpt_rs/workshop/set_up.py --venv '$(VENV)'
# What is installed beside the package; EXTRAS=border leaves torch out.
EXTRAS ?= test

# The alias under which results of this machine are kept. Its host name is never recorded.
MACHINE ?= local
WHAT    ?= bench
RANGE   ?= HEAD^!
BASE    ?= HEAD^
PART    ?= 0.02
ASV         = PATH="$(CURDIR)/$(VENV)/bin:$$PATH" $(VENV)/bin/asv
ASV_OPTIONS = --machine $(MACHINE) --python $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')

.DEFAULT_GOAL := help
.PHONY: help bench bench-full selftest test lint lint-page format-page rust-test python-test timed-test \
	border-test build python torch clean \
	pytest-benchmark record splice publish asv asv-full asv-torch asv-smoke asv-continuous asv-publish asv-machine \
	rust-bench fuzz miri stubs schemas watch

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 26

# torch alone takes minutes to fetch, so it comes when everything that needs none is measured.
bench: python ## verify and measure three tasks against their baselines, then a whole job
	@$(SET_UP)
	@$(RUN) nanogpt_rs bench --summary
	@$(SET_UP) --extras torch
	@$(RUN) nanogpt_rs job measure --summary

bench-full: build ## measure all tasks on fifteen corpora, which takes hours; it says first how many
	@$(RUN) nanogpt_rs bench --full

selftest: build ## measure how often verdicts are wrong on this machine (PART=1: the whole set)
	@$(RUN) nanogpt_rs doctor --self-test --part $(PART)

test: lint rust-test python-test timed-test ## run everything that must pass before a commit

pytest-benchmark: build ## time the same implementations with pytest-benchmark, into results/local
	@$(RUN) pytest --benchmark-only

record: build ## promote the newest run of WHAT (bench) to results/, under MACHINE=alias
	@$(RUN) nanogpt_rs dev record $(MACHINE) $(WHAT)

splice: build ## fill in the tables of README and docs from the fullest run in results/bench
	@$(RUN) nanogpt_rs dev splice

publish: asv-machine ## write the site of everything in results/ into public/
	@$(RUN) nanogpt_rs dev publish

# asv measures each commit's own wheel with the suite of HEAD. RANGE is a range of commits as git
# spells it; A..B excludes A. Commits that were measured before are measured anew.

asv: asv-machine ## measure commits (RANGE, by default HEAD) into results/asv, under MACHINE=alias
	@$(ASV) run $(ASV_OPTIONS) '$(RANGE)'

asv-full: asv-machine ## measure commits with every implementation on 14 corpora
	@NANOGPT_RS_ASV=full $(ASV) run $(ASV_OPTIONS) '$(RANGE)'

asv-torch: asv-machine ## the same in an environment with torch, which takes minutes to install
	@NANOGPT_RS_ASV=full $(ASV) --config asv.torch.conf.json run $(ASV_OPTIONS) '$(RANGE)'

asv-smoke: asv-machine ## call each of asv's benchmarks once for HEAD, and save nothing
	@$(ASV) run $(ASV_OPTIONS) --quick --dry-run --show-stderr 'HEAD^!'

asv-continuous: asv-machine ## compare BASE (by default HEAD^) with HEAD, in alternating rounds
	@$(ASV) continuous $(ASV_OPTIONS) --interleave-rounds --factor 1.1 --show-stderr $(BASE) HEAD

asv-publish: asv-machine ## build asv's site from results/asv into .asv/html
	@$(ASV) publish

# asv drops a value that equals its own guess, so each of these says a little more than the guess.
asv-machine: build
	@$(ASV) machine --machine $(MACHINE) --os "$$(uname -s) $$(uname -m)" --ram '' \
		--cpu "$$($(VENV)/bin/python -P -c 'from nanogpt_rs.measuring import machine as m; print(m.cpu_model())'), $$(getconf _NPROCESSORS_ONLN) cores" >/dev/null

watch: build ## after each save, rebuild, test what was touched and compare it with before
	@$(RUN) nanogpt_rs dev watch

lint: build ## check format and types: rustfmt, clippy, ruff, mypy
	cargo fmt --check
	cargo fmt --check --all --manifest-path model_rs/Cargo.toml
	cargo fmt --check --manifest-path model_rs/tch/Cargo.toml
	cargo fmt --check --manifest-path model_rs/block/Cargo.toml
	cargo clippy --locked --all-targets -- -D warnings
	$(CARGO) clippy --locked --all-targets --all-features -- -D warnings
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy

# In CI, which has npm. The version of the formatter stands in package.json; nothing is installed here.
PRETTIER   = prettier@$(shell sed -n 's/.*"prettier": "\([0-9.]*\)".*/\1/p' package.json)
PAGE_FILES = nanogpt_rs/reporting/page tests/page package.json

lint-page: ## check the format of the page's script and style, with npm's Prettier
	@command -v npx >/dev/null || \
		{ echo 'npm is missing, which fetches Prettier. Debian and Ubuntu: apt-get install npm'; exit 1; }
	npx --yes $(PRETTIER) --check $(PAGE_FILES)

format-page: ## format the page's script and style, with npm's Prettier
	npx --yes $(PRETTIER) --write $(PAGE_FILES)

rust-test: build ## test the kernels without Python
	cargo test --locked --quiet

rust-bench: ## time the kernels without Python
	cargo bench --locked --bench kernels

# A fuzzer makes up inputs for each family of kernels, for SECONDS each.
SECONDS ?= 30
FUZZ     = $(patsubst fuzz/targets/%.rs,%,$(wildcard fuzz/targets/*.rs))

fuzz: ## fuzz each family of kernels for SECONDS (30); takes a nightly Rust and cargo-fuzz
	@rustc +nightly --version >/dev/null 2>&1 || \
		{ echo 'A nightly Rust is missing, which the sanitizers need: rustup toolchain install nightly'; exit 1; }
	@cargo +nightly fuzz --version >/dev/null 2>&1 || \
		{ echo 'cargo-fuzz is missing: cargo install cargo-fuzz'; exit 1; }
	@command -v c++ >/dev/null || \
		{ echo 'A C++ compiler is missing, which libFuzzer is built with. Debian and Ubuntu: apt-get install build-essential'; exit 1; }
	@set -e; for target in $(FUZZ); do cargo +nightly fuzz run $$target -- -max_total_time=$(SECONDS); done

# Miri interprets the portable code paths and looks for undefined behaviour. It knows few of a
# processor's special instructions, and it cannot run Python or other foreign code.
miri: ## interpret the portable kernels' tests; takes a nightly Rust and its Miri
	@cargo +nightly miri --version >/dev/null 2>&1 || \
		{ echo 'Miri is missing: rustup toolchain install nightly --component miri --component rust-src'; exit 1; }
	PROPTEST_CASES=4 MIRIFLAGS=-Zmiri-disable-isolation cargo +nightly miri test --locked --lib --tests -- --skip rayon --skip every --skip long --skip all

schemas: build ## write the JSON schemas of the documents that --json prints, docs/schemas/
	@$(RUN) nanogpt_rs.commands.schemas

# They go to a folder of their own first, because maturin empties the one that it writes to. A debug
# build gives the same types sooner.
stubs: python ## write the Rust module's types, rust_impls/*.pyi, from its sources
	@$(SET_UP) --extras '$(EXTRAS)' --packages-only
	@$(RUN) maturin generate-stubs --quiet --locked --profile dev --features inspect \
		--interpreter $(VENV)/bin/python --out target/stubs
	@find rust_impls -name '*.pyi' -delete
	@cp -R target/stubs/rust_impls/. rust_impls/

# One process for each core, up to four. Each takes whole files, whose tests may share something
# costly. Tests that compare times come after all others, one by one.
PARALLEL = --numprocesses=logical --maxprocesses=4 --dist=loadfile --no-loadscope-reorder
# Tests of what depends on the version of Python: kernels at the border, the registry, oracles, types,
# imports and the worker processes. Texts are the same in all versions.
TEXTS    = tests/ruler/test_corpora.py tests/ruler/test_text_files.py
BORDER   = $(filter-out $(TEXTS),$(wildcard tests/ruler/test_*.py)) tests/rust tests/faults/test_faults.py

# They start Python hundreds of times, so bytecode is kept, whatever the environment says.
PYTEST   = env -u PYTHONDONTWRITEBYTECODE PYTHONPYCACHEPREFIX='$(CURDIR)/target/pycache' $(RUN) pytest

python-test: build ## run the Python tests that compare no times, several side by side
	$(PYTEST) $(PARALLEL) -m 'not timed'

# Only files that have such tests are read: to collect all tests takes as long as one of these.
timed-test: build ## run the Python tests that compare times, one by one
	$(PYTEST) -m timed $(shell grep -rl --include='*.py' 'mark\.timed' tests)

border-test: build ## run the tests that depend on the version of Python and need no torch
	$(PYTEST) $(PARALLEL) -m 'not timed and not slow and not torch' $(BORDER)

build: python ## set everything up; build the Rust module in release, unless it matches its sources
	@$(SET_UP) --extras '$(EXTRAS)'

torch: python ## add torch to the environment, for training and whole jobs
	@$(SET_UP) --extras torch

python:
	@$(PYTHON) -c '' 2>/dev/null || \
		{ echo 'Python is missing: $(PYTHON) does not run here. Install Python 3.11 or newer, or name one: make ... PYTHON=/path/to/python3.12'; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo '$(PYTHON) is Python $(VERSION), and 3.11 or newer is needed: make ... PYTHON=python3.12'; exit 1; }

clean: ## remove environments and everything that was built
	rm -rf .venv .venv-* target .asv
