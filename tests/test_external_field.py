"""One meaning of the external field: None cancels the stray field, a number is added to it, the result says which."""

import inspect

import numpy as np
import pytest
import xarray as xr
from public_calls import PACKAGES

from compact_model import (
    Voltage,
    constant,
    lequeux2016,
    pulse_table,
    pulse_train,
    pulses,
    ramp,
    resistance_loop,
    retention,
    simulate,
    simulate_ensemble,
    single_well,
    write_window,
)
from compact_model.experiments.write_windows import WriteConditions
from dwmtj.study.measures.levels import LEVELS

DEVICE = lequeux2016()
TRACK = single_well(DEVICE, coercive_field=15e-4, half_width=100e-9)
DEEP = DEVICE.resized(track_length=120e-9)
DEEP_TRACK = single_well(DEEP, coercive_field=300e-4, half_width=59e-9)
COMPENSATING = 85e-4
TIMES = np.linspace(0.0, 10e-9, 11)
PULSE = Voltage(pulses([0.1], width=5e-9, period=20e-9))
EXPERIMENTS = {
    "simulate": lambda **field: simulate(DEVICE, TRACK, PULSE, TIMES, **field),
    "simulate_ensemble": lambda **field: simulate_ensemble(DEVICE, TRACK, PULSE, TIMES, devices=2, **field),
    "resistance_loop": lambda **field: resistance_loop(
        DEVICE, TRACK, amplitude=2e-3, points=8, dwell=5e-9, initial_position=5e-7, **field
    ),
    "pulse_train": lambda **field: pulse_train(DEVICE, TRACK, [0.1, -0.1], width=5e-9, period=20e-9, **field),
    "retention": lambda **field: retention(DEVICE, TRACK, duration=5e-9, devices=2, **field),
    "pulse_table": lambda **field: pulse_table(DEEP, DEEP_TRACK, [0.1], width=5e-9, samples=4, **field),
    "write_window": lambda **field: write_window(DEVICE, TRACK, WriteConditions(temperature=0.0), **field),
}


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_none_is_the_field_that_cancels_the_stray_field(name):
    run = EXPERIMENTS[name]
    silent = run()
    assert silent.attrs["external_field"] == COMPENSATING
    xr.testing.assert_allclose(silent, run(external_field=COMPENSATING), rtol=1e-9, atol=0.0)
    assert run(external_field=COMPENSATING + 2e-4).attrs["external_field"] == COMPENSATING + 2e-4


def test_without_a_field_of_its_own_a_wall_at_rest_stays_where_it_is():
    still = simulate(DEVICE, TRACK, Voltage(0.0), TIMES)
    assert still.net_field.values == pytest.approx(0.0, abs=1e-18)
    assert still.position.values == pytest.approx(TRACK.wells[0].centre, abs=1e-15)
    pushed = simulate(DEVICE, TRACK, Voltage(0.0), TIMES, external_field=0.0)
    assert pushed.net_field.values == pytest.approx(-COMPENSATING)
    assert pushed.position[-1] < TRACK.wells[0].centre - 1e-9


def test_devices_of_different_stray_fields_have_each_theirs_cancelled():
    devices = [DEVICE, DEVICE.replace(stray_field=-20e-4)]
    found = simulate_ensemble(devices, TRACK, PULSE, TIMES)
    assert found.net_field.values == pytest.approx(0.0, abs=1e-18)
    assert found.attrs["external_field"] == [COMPENSATING, 20e-4]
    assert found.position[0].values == pytest.approx(found.position[1].values, abs=1e-13)


def test_a_field_that_changes_is_written_down_as_text():
    fields = {"one": ramp(1e5, 1e-8), "two": [constant(1e-4), ramp(1e5, 1e-8)]}
    for field in fields.values():
        count = len(field) if isinstance(field, list) else 1
        found = simulate_ensemble(DEVICE, TRACK, PULSE, TIMES, devices=count, external_field=field)
        assert "PiecewiseLinear" in found.attrs["external_field"]


def test_every_public_function_that_takes_it_cancels_the_stray_field_by_default():
    for package in PACKAGES:
        for name in package.__all__:
            value = getattr(package, name)
            if not callable(value) or name == "ConvergenceError":
                continue
            try:
                taken = inspect.signature(value).parameters
            except (TypeError, ValueError):
                continue
            if "external_field" in taken:
                assert taken["external_field"].default is None, f"{package.__name__}.{name}"
    assert {item.name: item.default for item in LEVELS.settings}["external_field"] is None
