"""Limits of time for each target."""

import faulthandler
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from robustness.searching import FACTOR

PROCESSOR_LIMIT = 120.0
"""s of the processor for one target in the short run, compilation included; a busy machine changes nothing in it."""
WAITING_LIMIT = 1500.0
"""s for one target that waits, whatever for.  Beyond either limit the run ends, with the traceback of every thread."""

_standard_error = pytest.StashKey[int]()


def pytest_configure(config: pytest.Config) -> None:
    """Keep the way to the terminal: pytest's own standard error is lost with a run that is ended from outside."""
    with config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        config.stash[_standard_error] = os.dup(2)
    # By default this signal ends the process; neither it nor the traceback needs Python, which a kernel may hold.
    faulthandler.register(signal.SIGPROF, file=config.stash[_standard_error], all_threads=True, chain=True)


@pytest.fixture(autouse=True)
def no_hang(pytestconfig: pytest.Config) -> Iterator[None]:
    signal.setitimer(signal.ITIMER_PROF, PROCESSOR_LIMIT * FACTOR)
    faulthandler.dump_traceback_later(WAITING_LIMIT * FACTOR, exit=True, file=pytestconfig.stash[_standard_error])
    yield
    faulthandler.cancel_dump_traceback_later()
    signal.setitimer(signal.ITIMER_PROF, 0.0)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Inputs out of all range are what is tried here, so that it is no news that they are."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("ignore::compact_model.support.model_range.ModelRangeWarning"))
