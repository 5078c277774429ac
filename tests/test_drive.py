"""Waveforms and drives."""

import numpy as np
import pytest

from compact_model import Current, InputError, PiecewiseLinear, Sine, constant, pulses, ramp, staircase
from compact_model.drive import Drive
from compact_model.support.validation import ConvergenceError
from compact_model.track.piecewise import polynomial_rows


def test_pulses_are_on_for_their_width_and_off_until_the_next():
    train = pulses([1.0, -2.0], width=2e-9, period=10e-9)
    assert train([0.0, 1e-9, 2e-9, 5e-9, 10e-9, 11.9e-9, 12e-9, 50e-9]) == pytest.approx([1, 1, 0, 0, -2, -2, 0, 0])
    assert list(train.edges(0.0, 1e-6)) == pytest.approx([2e-9, 10e-9, 12e-9])


def test_back_to_back_pulses_are_a_staircase():
    train = pulses(np.arange(1.0, 40.0), width=0.7e-9, period=0.7e-9)
    stairs = staircase(np.arange(1.0, 40.0), dwell=0.7e-9)
    middle = 0.7e-9 * (np.arange(39) + 0.5)
    assert train(middle) == pytest.approx(stairs(middle))


def test_a_ramp_rises_and_stays():
    rising = ramp(2e9, 5e-9)
    assert rising([-1.0, 0.0, 2.5e-9, 5e-9, 1.0]) == pytest.approx([0, 0, 5, 10, 10])


def test_a_constant_and_a_sine():
    assert constant(3.0)([0.0, 1.0]) == pytest.approx([3, 3])
    assert Sine(2.0, 1e9, 1.0)(0.25e-9) == pytest.approx(3.0)


def test_unsorted_times_are_refused():
    with pytest.raises(InputError, match=r"times: expected non-decreasing values, got 2 before 1 at index 1"):
        PiecewiseLinear((0.0, 2.0, 1.0), (0.0, 1.0, 2.0))


def test_a_pulse_longer_than_its_period_is_refused():
    with pytest.raises(InputError, match="width: expected at most the period"):
        pulses([1.0], width=2.0, period=1.0)


def test_a_drive_says_what_it_drives():
    with pytest.raises(InputError, match="expected a Current, a Voltage or a CurrentDensity"):
        Drive(constant(1.0))
    assert Current.of(1e-3).unit == "A"


def test_a_function_that_no_polynomial_fits_is_refused_before_it_fills_the_memory():
    def rough(time):
        return np.modf(1e5 * np.sin(1e14 * time))[0]

    with pytest.raises(ConvergenceError, match="a function could not be fitted near"):
        polynomial_rows((rough, rough), [], [], (0.0, 1e-6))
