"""A limit of time for each target, and the table of counts at the end."""

import faulthandler
from collections.abc import Iterator
from pathlib import Path

import pytest
from robustness import tally
from robustness.searching import FACTOR

TIME_LIMIT = 120.0
"""s for one target in the short run, compilation included; beyond it the whole run ends with a traceback."""


@pytest.fixture(autouse=True)
def no_hang() -> Iterator[None]:
    faulthandler.dump_traceback_later(TIME_LIMIT * FACTOR, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if tally.COUNTS:
        terminalreporter.section("robustness: what became of the inputs")
        for line in tally.table():
            terminalreporter.write_line(line)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Inputs out of all range are what is tried here, so that it is no news that they are."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("ignore::compact_model.support.model_range.ModelRangeWarning"))
