# `make run` does the main job, `make test` runs the tests; each sets up .venv first, once.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# What the main job needs, what the tests need as well (they build the site, too), and what the site needs.
STAMP := $(VENV)/.installed
TEST_STAMP := $(VENV)/.installed-for-tests
DOCS_STAMP := $(VENV)/.installed-for-docs
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: run test test-oldest benchmark robustness wheels verilog-a verilog-a-tools docs links format clean ngspice

run: $(STAMP) ngspice
	$(BIN)/dwmtj run -o results

# The searches count what they met, in one process, while the types are checked and the tools for Verilog-A come.  All else
# goes side by side, a file at a time, with one worker more than there are cores: many tests wait for processes.
WORKERS := $(shell expr $$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1) + 1)

test: $(TEST_STAMP) ngspice
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@sh scripts/install_verilog_a_tools.sh $(BIN)/python & tools=$$!; \
		echo "$(BIN)/mypy"; $(BIN)/mypy & types=$$!; \
		echo "$(BIN)/python -m pytest -q tests/robustness"; $(BIN)/python -m pytest -q tests/robustness; ended=$$?; \
		wait $$types || ended=1; wait $$tools; exit $$ended
	$(BIN)/python -m pytest -q --ignore tests/robustness -n $(WORKERS) --maxprocesses 8 --dist loadfile --no-loadscope-reorder

# The tests that neither wait nor compile for long, with the oldest version of everything that pyproject.toml accepts.
# `make test` has the newest.  What other packages of that age warn of is no error here.
FAST_TESTS := $(patsubst %,tests/test_%.py,drive parameters resistance landscape loading solvers crossbar netlist)

test-oldest: ngspice
	@$(PYTHON) -m venv .venv-oldest
	@$(PYTHON) scripts/oldest_versions.py > .venv-oldest/constraints.txt
	.venv-oldest/bin/python -m pip install --quiet --disable-pip-version-check -c .venv-oldest/constraints.txt \
		-e '.[learn]' pytest pytest-xdist hypothesis
	.venv-oldest/bin/python -m pytest -q -n $(WORKERS) --maxprocesses 8 -o filterwarnings=default $(FAST_TESTS)

benchmark: $(STAMP) ngspice
	$(INSTALL) -e '.[learn,benchmark,explore,test]'
	@$(INSTALL) -e '.[badcrossbar]' 2>/dev/null || echo "make: badcrossbar could not be installed, its column stays" \
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
robustness: $(TEST_STAMP) ngspice
	ROBUSTNESS_FACTOR=$(ROBUSTNESS_FACTOR) $(BIN)/python -m pytest -q tests/robustness

# Both distributions, and the wheel in an environment of its own with dependencies from the index, away from here.
wheels: $(TEST_STAMP)
	rm -rf dist
	$(BIN)/python -m build
	sh scripts/try_wheel.sh $(PYTHON) dist/*.whl

# The tests of the Verilog-A module use a compiler and simulators of 100 MB; where these cannot be had, they are skipped.
verilog-a-tools: $(TEST_STAMP)
	@sh scripts/install_verilog_a_tools.sh $(BIN)/python

verilog-a: $(TEST_STAMP) ngspice verilog-a-tools
	$(BIN)/python -m pytest -q tests/test_verilog_a.py tests/test_netlist_in_decks.py

# The site, in docs/_build/html: runs the notebooks and the examples, but only those that a change has made stale.
SPHINX := $(BIN)/python -m sphinx --nitpicky --fail-on-warning --keep-going --quiet -d docs/_build/doctrees

docs: $(DOCS_STAMP) ngspice
	$(SPHINX) -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

# Whether the links to other sites still lead somewhere; needs the network.
links: $(DOCS_STAMP)
	$(SPHINX) -b linkcheck docs docs/_build/links

format: $(TEST_STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Real ngspice, through the system's package manager where that is allowed; without it both commands do everything else.
ngspice:
	@sh scripts/install_ngspice.sh

# ngspice comes while pip works.  The kernels are compiled here, in two processes, and not in the main job, in one.
$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "make: expected Python 3.11 or newer as PYTHON, got $$($(PYTHON) --version); try make PYTHON=python3.12"; exit 2; }
	@$(PYTHON) -m venv $(VENV) \
		|| { echo "make: Python's venv module is missing; on Debian and Ubuntu: apt-get install python3-venv"; exit 2; }
	@sh scripts/install_ngspice.sh & \
		echo "$(INSTALL) -e '.[learn]'"; $(INSTALL) -e '.[learn]'; ended=$$?; wait; exit $$ended
	@echo "compiling the kernels, once ..."
	@DWMTJ_QUIET=1 $(BIN)/python -m compact_model.warm_up & \
		DWMTJ_QUIET=1 $(BIN)/python -m crossbar.warm_up; ended=$$?; wait; exit $$ended
	@touch $@

$(TEST_STAMP): $(STAMP)
	$(INSTALL) -e '.[test,docs,studies,learn,explore]'
	@touch $@

$(DOCS_STAMP): $(STAMP)
	$(INSTALL) -e '.[docs,studies,learn,explore]'
	@touch $@

clean:
	rm -rf $(VENV) .venv-oldest results dist docs/_build .pytest_cache .mypy_cache .ruff_cache .hypothesis
