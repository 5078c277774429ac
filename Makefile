# `make run` does the main job, `make test` runs the tests; each sets up .venv first, once.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# What is set up: the packages of the main job, the compiled kernels, and the packages of the tests and of the site.
PACKAGES := $(VENV)/.packages
KERNELS := $(VENV)/.kernels
TEST_PACKAGES := $(VENV)/.packages-for-tests
DOCS_PACKAGES := $(VENV)/.packages-for-docs
INSTALL := scripts/install.py

# What does not wait for another thing goes beside it: downloads beside compilers, the types beside the tests.
MAKEFLAGS += --jobs=4

.PHONY: run test tests static test-oldest test-pythons benchmark robustness wheels verilog-a verilog-a-tools docs links \
	format clean ngspice chromium

run: $(KERNELS) ngspice
	$(BIN)/dwmtj run -o results

# Files of tests and of searches for hostile inputs go side by side, one worker for each core: with one more, all of
# them push one another out of the processor's caches.  The types are checked meanwhile.
WORKERS := $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)

test: static tests

static: $(TEST_PACKAGES)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

tests: $(TEST_PACKAGES) $(KERNELS) ngspice chromium verilog-a-tools
	$(BIN)/python -m pytest -q -n $(WORKERS) --maxprocesses 8 --dist loadfile --no-loadscope-reorder

# The tests that neither wait nor compile for long, with the oldest version of everything that pyproject.toml accepts.
# `make test` has the newest.  What other packages of that age warn of is no error here.  The first two compile for longest,
# each in a worker of its own.
FAST_TESTS := $(patsubst %,tests/test_%.py,crossbar solvers drive parameters resistance landscape loading netlist)

test-oldest: ngspice
	@$(PYTHON) -m venv .venv-oldest
	@$(PYTHON) scripts/oldest_versions.py > .venv-oldest/constraints.txt
	.venv-oldest/bin/python $(INSTALL) -c .venv-oldest/constraints.txt \
		-e '.[learn]' pytest pytest-xdist hypothesis
	.venv-oldest/bin/python -m pytest -q -n $(WORKERS) --maxprocesses 8 --dist loadfile -o filterwarnings=default \
		$(FAST_TESTS)

# The same tests with the other Pythons of this machine; PYTHONS="python3.12 ..." names some, each a program or its path.
PYTHONS ?= python3.12 python3.13 python3.14

test-pythons: ngspice
	@for python in $(PYTHONS); do \
		version=$$($$python -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) \
			|| { echo "make: no $$python on this machine, left out"; continue; }; \
		folder=.venv-$$version; echo "Python $$version"; \
		$$python -m venv $$folder \
			&& $$folder/bin/python $(INSTALL) -e '.[learn]' pytest pytest-xdist hypothesis \
			&& $$folder/bin/python -m pytest -q -n $(WORKERS) --maxprocesses 8 --dist loadfile $(FAST_TESTS) || exit 1; \
	done

benchmark: $(KERNELS) ngspice
	$(BIN)/python $(INSTALL) -e '.[learn,benchmark,explore,test]'
	@$(BIN)/python $(INSTALL) -e '.[badcrossbar]' 2>/dev/null || echo "make: badcrossbar could not be installed, its column stays" \
		"empty; it needs the headers of cairo (on Debian and Ubuntu: apt-get install libcairo2-dev pkg-config)"
	$(BIN)/python benchmarks/single_device.py
	$(BIN)/python benchmarks/thermal_ensemble.py
	$(BIN)/python benchmarks/start_up.py
	$(BIN)/python benchmarks/compile_time.py
	$(BIN)/python benchmarks/micromagnetics.py
	$(BIN)/python benchmarks/netlist.py
	$(BIN)/python benchmarks/netlist_options.py
	$(BIN)/python benchmarks/netlist_scale.py
	$(BIN)/python benchmarks/netlist_monte_carlo.py
	$(BIN)/python benchmarks/crossbar_solvers.py
	$(BIN)/python benchmarks/irregular_arrays.py
	$(BIN)/python benchmarks/nonlinear_arrays.py
	$(BIN)/python benchmarks/array_in_time.py
	$(BIN)/python benchmarks/programming.py
	$(BIN)/python benchmarks/studies.py
	$(BIN)/python benchmarks/learning.py
	$(BIN)/python benchmarks/learning_peers.py
	$(BIN)/python benchmarks/explorer.py
	$(BIN)/python benchmarks/first_minutes.py

# The search for inputs that break promises, so many times as long as in the tests and with new inputs each time.
# 30 times takes about half an hour; `make robustness ROBUSTNESS_FACTOR=300` goes on for hours.
robustness: ROBUSTNESS_FACTOR ?= 30
robustness: $(TEST_PACKAGES) $(KERNELS) ngspice
	ROBUSTNESS_FACTOR=$(ROBUSTNESS_FACTOR) $(BIN)/python -m pytest -q -n $(WORKERS) --maxprocesses 8 tests/robustness

# Both distributions, and the wheel in an environment of its own with dependencies from the index, away from here.
wheels: $(TEST_PACKAGES)
	rm -rf dist
	$(BIN)/python -m build
	sh scripts/try_wheel.sh $(PYTHON) dist/*.whl

# The tests of the Verilog-A module use a compiler and simulators of 100 MB; where these cannot be had, they are skipped.
verilog-a-tools: $(TEST_PACKAGES)
	@sh scripts/install_verilog_a_tools.sh $(BIN)/python

verilog-a: $(TEST_PACKAGES) $(KERNELS) ngspice verilog-a-tools
	$(BIN)/python -m pytest -q tests/test_verilog_a.py tests/test_netlist_in_decks.py

# The site, in docs/_build/html: runs the notebooks and the examples, but only those that a change has made stale.
SPHINX := $(BIN)/python -m sphinx --nitpicky --fail-on-warning --keep-going --quiet -d docs/_build/doctrees

docs: $(DOCS_PACKAGES) $(KERNELS) ngspice
	$(SPHINX) -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

# Whether the links to other sites still lead somewhere; needs the network.
links: $(DOCS_PACKAGES)
	$(SPHINX) -b linkcheck docs docs/_build/links

format: $(TEST_PACKAGES)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Real ngspice, through the system's package manager where that is allowed; without it both commands do everything else.
ngspice:
	@sh scripts/install_program.sh ngspice

# For the tests of the explorer; after ngspice, since two installations by the system's manager exclude one another.
chromium: ngspice
	@sh scripts/install_program.sh chromium

$(PACKAGES): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "make: expected Python 3.11 or newer as PYTHON, got $$($(PYTHON) --version); try make PYTHON=python3.12"; exit 2; }
	@$(PYTHON) -m venv $(VENV) \
		|| { echo "make: Python's venv module is missing; on Debian and Ubuntu: apt-get install python3-venv"; exit 2; }
	$(BIN)/python $(INSTALL) -e '.[learn]'
	@touch $@

# In two processes, where the main job would compile in one.
$(KERNELS): $(PACKAGES)
	@echo "compiling the kernels, once ..."
	@DWMTJ_QUIET=1 $(BIN)/python -m compact_model.warm_up & \
		DWMTJ_QUIET=1 $(BIN)/python -m crossbar.warm_up; ended=$$?; wait; exit $$ended
	@touch $@

$(TEST_PACKAGES): $(PACKAGES)
	$(BIN)/python $(INSTALL) -e '.[test,docs,studies,learn,explore]'
	@touch $@

$(DOCS_PACKAGES): $(PACKAGES)
	$(BIN)/python $(INSTALL) -e '.[docs,studies,learn,explore]'
	@touch $@

clean:
	rm -rf $(VENV) .venv-* results dist docs/_build .pytest_cache .mypy_cache .ruff_cache .hypothesis
