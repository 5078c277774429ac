"""Shared fixtures, and a guard against stale compiled code."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("MPLBACKEND", "Agg")

import pytest
from hypothesis import settings

import compact_model
import crossbar
from compact_model import DeviceParameters, Landscape, lequeux2016, single_well

# The same examples in every run, and no time limit for one: the first may have to compile.  HYPOTHESIS_PROFILE=default
# searches anew.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))


def pytest_sessionstart() -> None:
    """numba keeps compiled code by the file of each function; drop it where a file it inlines is newer."""
    newest = 0.0
    for package in (compact_model, crossbar):  # in this order: the second inlines functions of the first
        kernels = Path(package.__file__).parent / "kernels"
        newest = max(newest, *(path.stat().st_mtime for path in kernels.glob("*.py")))
        for cached in (kernels / "__pycache__").glob("*.nb?"):
            if cached.stat().st_mtime < newest:
                cached.unlink()


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
