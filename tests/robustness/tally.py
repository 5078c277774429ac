"""How many inputs each target got, and what became of them; the terminal summary prints it."""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from compact_model.support.validation import ConvergenceError, InputError
from spice.ngspice.plot import SimulatorError

SENTENCE = re.compile(r"[^\n]+: expected [^\n]+, got [^\n]+\Z")
"""What a refusal says, on one line: 'name: expected ..., got ...'."""

COUNTS: dict[str, Counter[str]] = {}


def count(target: str, outcome: str) -> None:
    COUNTS.setdefault(target, Counter())[outcome] += 1


def add(counts: Mapping[str, Mapping[str, int]]) -> None:
    """The counts of another process as well."""
    for target, outcomes in counts.items():
        COUNTS.setdefault(target, Counter()).update(outcomes)


def attempt(target: str, action: Callable[[], Any]) -> Any:
    """The result, or None where it was refused in the way that users are promised; anything else fails the test."""
    count(target, "inputs")
    try:
        result = action()
    except InputError as refusal:
        if not SENTENCE.match(str(refusal)):
            count(target, "other")
            pytest.fail(f"{target}: expected 'name: expected ..., got ...' on one line, got {str(refusal)!r}")
        count(target, "refused")
        return None
    except (ConvergenceError, SimulatorError) as stop:
        if "\n" in str(stop):
            count(target, "other")
            pytest.fail(f"{target}: expected one line, got {str(stop)!r}")
        count(target, "stopped")
        return None
    except OSError:  # a file that cannot be read or written has the system's own words
        count(target, "refused")
        return None
    except BaseException as error:
        if isinstance(error, TypeError) and "unexpected keyword argument" in str(error):  # Python's own refusal
            count(target, "refused")
            return None
        count(target, "other")
        raise
    count(target, "accepted")
    return result


def table() -> list[str]:
    """One line for each target."""
    columns = ("inputs", "accepted", "refused", "stopped", "other")
    width = max(map(len, COUNTS), default=0)
    lines = [f"{'target':{width}}" + "".join(f"{name:>10}" for name in columns)]
    for target, counts in sorted(COUNTS.items()):
        lines.append(f"{target:{width}}" + "".join(f"{counts[name]:>10}" for name in columns))
    total: Counter[str] = sum(COUNTS.values(), Counter())
    return [*lines, f"{'all':{width}}" + "".join(f"{total[name]:>10}" for name in columns)]
