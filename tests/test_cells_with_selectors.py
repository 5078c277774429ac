"""A selector in series with a device: against the inverse laws, V = V_selector(I) + I R, from the faintest currents."""

import numpy as np
import pytest

import crossbar.series
from compact_model import notched_device
from compact_model.support.model_range import ModelRangeWarning
from crossbar import (
    Crossbar,
    DiodeSelector,
    ExponentialSelector,
    Junctions,
    Resistors,
    Selected,
    Selector,
    ThresholdSelector,
    Transistor,
)

THERMAL = 1.380649e-23 * 300.0 / 1.602176634e-19


def exponential_inverse(current, law):
    reduced = current / law.saturation_current
    root = np.sqrt(1.0 + reduced**2)
    return law.voltage_scale * np.arcsinh(reduced), law.voltage_scale / (law.saturation_current * root)


def diode_inverse(current, law):
    scale = law.ideality * THERMAL
    return scale * np.log1p(current / law.saturation_current), scale / (law.saturation_current + current)


INVERSES = {ExponentialSelector: exponential_inverse, DiodeSelector: diode_inverse}
LAWS = [
    ExponentialSelector(saturation_current=1e-6, voltage_scale=0.05),
    ExponentialSelector(saturation_current=1e-15, voltage_scale=0.02),
    DiodeSelector(saturation_current=1e-12, ideality=1.3),
    DiodeSelector(saturation_current=1e-5),
]


def check_against_inverse(law, ohms, voltage, current, slope):
    on_selector, selector_ohms = INVERSES[type(law)](current, law)
    assert on_selector + current * ohms == pytest.approx(voltage, rel=1e-11, abs=1e-300)
    assert slope == pytest.approx(np.broadcast_to(1.0 / (selector_ohms + ohms), slope.shape), rel=1e-9)


@pytest.mark.parametrize("quick_steps", [15, 0], ids=["quick", "between bounds"])
@pytest.mark.parametrize("law", LAWS, ids=str)
def test_both_carry_the_same_current(law, quick_steps, monkeypatch):
    monkeypatch.setattr(crossbar.series, "_QUICK_STEPS", quick_steps)
    random = np.random.default_rng(5)
    ohms = 10.0 ** random.uniform(0.0, 7.0, (6, 7))
    voltage = 10.0 ** random.uniform(-9.0, 1.0, (5, 6, 7))
    if isinstance(law, ExponentialSelector):
        voltage *= random.choice([-1.0, 1.0], voltage.shape)
    cells = Selected(Resistors(1.0 / ohms), law)
    check_against_inverse(law, ohms, voltage, *cells.at_inputs(voltage))


@pytest.mark.parametrize("law", LAWS, ids=str)
def test_the_last_voltages_do_not_change_what_comes_next(law):
    random = np.random.default_rng(6)
    ohms = np.full((4, 4), 300.0)
    follow = Selected(Resistors(1.0 / ohms), law).at_successive_inputs()
    for _ in range(4):
        voltage = 10.0 ** random.uniform(-6.0, 0.5, (3, 4, 4))
        check_against_inverse(law, ohms, voltage, *follow(voltage))
    current, _ = follow(np.zeros((1, 4, 4)))
    assert (current == 0.0).all()


def test_large_arrays_in_pieces_are_the_same_for_any_number_of_threads(monkeypatch):
    law = LAWS[0]
    device = notched_device()
    position = np.random.default_rng(7).uniform(0.0, device.track_length, (260, 70))
    voltage = np.random.default_rng(8).uniform(-0.5, 0.5, (2, *position.shape))
    cells = Selected(Junctions(device, position), law)
    found = []
    for count in (1, 2):
        monkeypatch.setattr(crossbar.series, "_PARALLEL_FROM", 1000)
        monkeypatch.setattr(crossbar.series, "threads", lambda count=count: count)
        found.append(cells.at_inputs(voltage))
    np.testing.assert_array_equal(found[0], found[1])
    part = Selected(Junctions(device, position[250:]), law)
    np.testing.assert_allclose(part.at_inputs(voltage[:, 250:]), np.array(found[0])[:, :, 250:], rtol=1e-12)


def test_a_threshold_selector_is_rounded_at_its_corners():
    law = ThresholdSelector(threshold_voltage=0.2, on_resistance=100.0, off_resistance=1e9, sharpness=0.01)
    voltage = np.array([-0.6, -0.2, -1e-3, 0.0, 1e-3, 0.19, 0.2, 0.6])
    off = 1e-9
    gain = 0.01 - off
    corner = 0.01 * (np.logaddexp(0.0, (voltage - 0.2) / 0.01) - np.logaddexp(0.0, (-voltage - 0.2) / 0.01))
    current, slope = law.current_and_slope(voltage)
    assert current == pytest.approx(off * voltage + gain * corner, rel=1e-9, abs=1e-25)
    step = 1e-7
    above, below = (law.current_and_slope(voltage + sign * step)[0] for sign in (1.0, -1.0))
    assert slope == pytest.approx((above - below) / (2.0 * step), rel=1e-5)


class OfEachCell(Selector):
    """Somebody's own law, with a resistance for each cell."""

    def __init__(self, ohms):
        self.ohms = ohms

    def current_and_slope(self, voltage):
        return voltage / self.ohms, np.broadcast_to(1.0 / self.ohms, voltage.shape)


@pytest.mark.parametrize("cut_off", [False, True])
def test_laws_of_each_cell_are_asked_for_the_whole_array(cut_off):
    ohms = np.random.default_rng(9).uniform(1e3, 1e4, (130, 70))
    on = ohms > 5e3
    selector = Transistor(on=on, on_resistance=2e3) if cut_off else OfEachCell(ohms)
    expected = np.where(on, 1.0 / 3e3, 0.0) if cut_off else 1.0 / (1e3 + ohms)
    current, slope = Selected(Resistors(np.full(ohms.shape, 1e-3)), selector).at_inputs(np.full((2, 130, 70), 0.3))
    np.testing.assert_allclose(current, np.broadcast_to(0.3 * expected, current.shape), rtol=1e-12)
    np.testing.assert_allclose(slope, np.broadcast_to(expected, slope.shape), rtol=1e-12)


def test_the_barrier_is_warned_of_by_its_own_voltage():
    device = notched_device()
    junctions = Junctions(device, np.full((2, 2), 0.5 * device.track_length))
    ohms = 1.0 / junctions.zero_bias_conductance()[0, 0]
    halving = Transistor(on=np.ones((2, 2), dtype=bool), on_resistance=ohms)
    array = Crossbar(cells=Selected(junctions, halving), word_line_resistance=1e-3)
    volts = np.full((2, 3), 0.3)
    volts[:, 1] = 1.6  # on the cell; on the barrier less than 1 V
    array.solve(volts)
    volts[:, 2] = 2.6
    with pytest.warns(ModelRangeWarning, match="voltage on the barrier"):
        array.solve(volts)
