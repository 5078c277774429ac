"""Shared fixtures."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # its threads spin, on the cores that other tests need
os.environ.setdefault("DWMTJ_QUIET", "1")  # what a command says is compared; whether it had to compile is chance

import pytest
from hypothesis import settings
from robustness import tally

from compact_model import DeviceParameters, Landscape, lequeux2016, single_well

# The same examples in every run, and no time limit for one: the first may have to compile.  HYPOTHESIS_PROFILE=default
# searches anew.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))


# Files go to whichever worker is free, so the longest begin first, then the searches, and none is left over at the end.
LONGEST = ("test_main_job", "test_documentation", "test_array_commands", "test_command_line", "test_learning_examples")
SEARCHES = Path(__file__).parent / "robustness"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files."""
    rank = {name: place for place, name in enumerate(LONGEST)}

    def place(item: pytest.Item) -> int:
        return rank.get(item.path.stem, len(rank) + (item.path.parent != SEARCHES))

    items.sort(key=place)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In a worker, send what became of the inputs of searches."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["tally"] = {target: dict(counts) for target, counts in tally.COUNTS.items()}


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Add what a worker sent."""
    tally.add(getattr(node, "workeroutput", {}).get("tally", {}))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """What became of the inputs of searches."""
    if tally.COUNTS:
        terminalreporter.section("robustness: what became of the inputs")
        for line in tally.table():
            terminalreporter.write_line(line)


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    """Close what a test has drawn: matplotlib warns of the twenty-first open figure, and warnings are errors."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.fixture(scope="session")
def device() -> DeviceParameters:
    return lequeux2016()


@pytest.fixture(scope="session")
def paper_well(device: DeviceParameters) -> Landscape:
    return single_well(device, coercive_field=15e-4, half_width=100e-9)


@pytest.fixture(scope="session")
def ngspice() -> None:
    """Skips what needs ngspice where there is none; `make test` installs it where it may."""
    from spice.ngspice import installation
    from spice.ngspice.plot import SimulatorMissing

    try:
        installation.program()
    except SimulatorMissing as missing:
        pytest.skip(str(missing))
