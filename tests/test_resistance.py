"""R(x, V): parallel conduction of two domains, the pad's share, the bias dependence of the TMR."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compact_model import (
    antiparallel_share,
    conductance,
    lequeux2016,
    position_for_resistance,
    resistance,
    voltage_at_current,
)

SHARES = st.floats(0.0, 1.0)


@pytest.mark.parametrize(("share", "ohms"), [(0.133, 38.5), (0.250, 41.0), (0.0, 36.0), (1.0, 70.2)])
def test_resistance_of_the_papers_states(device, share, ohms):
    assert 1.0 / conductance(device, share) == pytest.approx(ohms, abs=0.05)


def test_positive_x_is_towards_the_parallel_state(device):
    along = resistance(device, np.linspace(0.0, device.track_length, 11))
    assert (np.diff(along) < 0.0).all()
    assert along[-1] == pytest.approx(device.parallel_resistance)


def test_the_pad_is_parallel_once_a_wall_is_in_the_track(device):
    assert antiparallel_share(device, 0.0) == pytest.approx(0.1 / 0.1225)


def test_the_tmr_halves_at_its_half_voltage(device):
    at_half = 1.0 / conductance(device, 1.0, device.tmr_half_voltage)
    assert at_half / device.parallel_resistance - 1.0 == pytest.approx(0.5 * device.tmr)


def test_an_infinite_half_voltage_turns_the_bias_dependence_off(device):
    flat = device.replace(tmr_half_voltage=np.inf)
    assert conductance(flat, 0.5, 10.0) == conductance(flat, 0.5, 0.0)


@given(share=SHARES, voltage=st.floats(-3.0, 3.0), tmr=st.floats(0.01, 10.0), half=st.floats(0.05, 10.0))
def test_voltage_and_current_are_inverse_to_each_other(share, voltage, tmr, half):
    device = lequeux2016().replace(tmr=tmr, tmr_half_voltage=half)
    current = voltage * conductance(device, share, voltage)
    assert voltage_at_current(device, share, current) == pytest.approx(voltage, rel=1e-10, abs=1e-14)


@given(position=st.floats(0.0, 1e-6))
def test_position_and_resistance_are_inverse_to_each_other(position):
    device = lequeux2016()
    assert position_for_resistance(device, resistance(device, position)) == pytest.approx(position, abs=1e-18)
