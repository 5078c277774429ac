"""Whatever is passed to a public function: a result without holes, or a refusal that says what to change."""

from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from numba.core import event
from numba.core.caching import NullCache
from public_calls import CALLS, MADE_OTHERWISE, Call, public_callables
from robustness.hostile import hostile
from robustness.searching import searching
from robustness.tally import attempt

SLOW = {
    "compact_model.checks.check_device",
    "compact_model.fit_pulses",
    "compact_model.fit_trace",
    "crossbar.animate",
    "crossbar.design_map",
}
"""Half a second each."""


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Any text may be taken for the name of a file or a folder."""
    monkeypatch.chdir(tmp_path)


def hole(value: Any, call: Call, name: str = "result") -> str | None:
    """Where a result has NaN, or an infinity that nothing was said of."""
    if isinstance(value, xr.Dataset):
        parts = ((str(key), value[key].values) for key in value.variables if key not in call.nan)
    elif isinstance(value, xr.DataArray):
        parts = ((name, value.values) for _ in range(1))
    elif hasattr(value, "__dataclass_fields__") and not isinstance(value, type):
        parts = ((key, getattr(value, key)) for key in value.__dataclass_fields__ if key not in call.nan)
    elif isinstance(value, list | tuple):
        parts = ((name, item) for item in value)
    elif isinstance(value, float | np.floating | np.ndarray) and np.asarray(value).dtype.kind in "fc":
        wrong = np.isnan(value) if call.infinite else ~np.isfinite(value)
        return f"{name}: {value}" if np.any(wrong) else None
    else:
        return None
    return next((found for key, item in parts if (found := hole(item, call, key))), None)


def compiled_in_vain(events: list[tuple[float, event.Event]]) -> list[str]:
    """What numba compiled for a call from Python and will not find again, as a part of kernels may by mistake."""
    depth, found = 0, []
    for _, each in events:
        if each.is_start and depth == 0 and type(each.data["dispatcher"]._cache) is NullCache:
            found.append(each.data["dispatcher"].py_func.__qualname__)
        depth += 1 if each.is_start else -1
    return found


def test_every_public_callable_is_a_target():
    assert public_callables() - MADE_OTHERWISE.keys() <= CALLS.keys()
    assert not MADE_OTHERWISE.keys() & CALLS.keys()


@pytest.mark.parametrize("name", CALLS)
def test_the_valid_call_is_valid(name, request):
    call = CALLS[name]
    if call.ngspice:
        request.getfixturevalue("ngspice")
    with event.install_recorder("numba:compile") as recorded:
        result = call.function(**call.arguments())
    assert hole(result, call) is None
    assert not compiled_in_vain(recorded.buffer)


@pytest.mark.parametrize("name", [name for name, call in CALLS.items() if call.arguments is not dict])
def test_hostile_arguments(name, request):
    call = CALLS[name]
    if call.ngspice:
        request.getfixturevalue("ngspice")

    @searching(3 if name in SLOW else 25)
    @given(st.data())
    def search(data):
        arguments = call.arguments()
        chosen = data.draw(st.lists(st.sampled_from(sorted(arguments)), min_size=1, max_size=2, unique=True))
        changed = {each: data.draw(hostile(arguments[each], slow=each in call.work), label=each) for each in chosen}
        result = attempt(name, lambda: call.function(**arguments | changed))
        assert hole(result, call) is None

    search()


@pytest.mark.parametrize("workers", [-1, 1.5, "two", None, 10**400])
def test_a_senseless_number_of_workers_is_refused(workers):
    call = CALLS["dwmtj.study.run.run_study"]
    assert attempt("workers", lambda: call.function(**call.arguments(), workers=workers)) is None


@pytest.mark.parametrize("scheduler", ["", " ", "tcp://a b", 5, b"tcp://", ["tcp://"], "tcp://x:\0", "nonsense://here"])
def test_what_is_no_schedulers_address_is_refused(scheduler):
    call = CALLS["dwmtj.study.run.run_study"]
    assert attempt("scheduler", lambda: call.function(**call.arguments(), scheduler=scheduler)) is None


@pytest.mark.parametrize("name", CALLS)
def test_wrong_names_of_arguments_are_refused(name):
    call = CALLS[name]
    with pytest.raises((TypeError, ValueError)):
        call.function(**call.arguments(), no_such_argument=1)
