"""Noise of the sensed currents: its size, its seed, and what is left of it in programming."""

import numpy as np
import pytest
import xarray as xr

from compact_model import InputError, notched_device, notched_track
from crossbar import (
    ArraySimulation,
    Crossbar,
    DomainWalls,
    ReadAccess,
    Schedule,
    WriteAccess,
    even_levels,
    program,
    read,
)

DEVICE = notched_device()
TRACK = notched_track(DEVICE, 1)
QUIET = ReadAccess(calibrate=False)


def simulation():
    walls = DomainWalls(DEVICE, TRACK, np.full((2, 3), TRACK.wells[7].centre))
    return ArraySimulation(Crossbar(cells=walls, word_line_resistance=0.1, bit_line_resistance=0.1))


def test_noise_has_the_deviation_that_was_asked_for_and_is_that_of_its_seed():
    noisy = ReadAccess(calibrate=False, noise=2e-6, seed=5)
    one, other = simulation(), simulation()
    exact = read(one, access=QUIET).values
    readings = np.array([read(one, access=noisy).values for _ in range(100)])
    deviation = (readings - exact).std() * noisy.voltage
    # The standard error of a deviation from 600 numbers is 2.9 %.
    assert deviation == pytest.approx(2e-6, rel=0.12)
    assert abs((readings - exact).mean()) * noisy.voltage < 4 * 2e-6 / np.sqrt(readings.size)
    assert np.array_equal(read(other, access=noisy).values, readings[0])
    assert not np.array_equal(readings[0], readings[1])
    again = simulation()
    again.restore(other.state())
    assert np.array_equal(read(again, access=noisy).values, readings[1])


def test_programming_verifies_with_the_noise_and_goes_on_from_its_folder(tmp_path):
    noisy = ReadAccess(noise=2e-6, seed=1)
    levels = even_levels(simulation().devices, 8)
    options = {
        "schedule": Schedule(voltages=[1.3 * DEVICE.threshold_voltage], widths=4e-9, most_pulses=1),
        "tolerance": 60e-6,
        "write": WriteAccess(edge=2e-9, settle=0.0),
        "read": noisy,
    }
    whole = program(simulation(), np.full((2, 3), levels[4]), **options, store=tmp_path)
    (tmp_path / "pass_00_row_00001.nc").unlink()
    resumed = program(simulation(), np.full((2, 3), levels[4]), **options, store=tmp_path)
    xr.testing.assert_identical(whole.reading, resumed.reading)
    error = whole.reading - whole.verified
    assert 0.0 < np.abs(error * noisy.voltage).max() < 5 * 2e-6


def test_bad_noise_is_named():
    with pytest.raises(InputError, match="noise: expected a number of at least 0"):
        ReadAccess(noise=-1e-6)
    with pytest.raises(InputError, match="seed: expected a whole number"):
        ReadAccess(seed=-1)
