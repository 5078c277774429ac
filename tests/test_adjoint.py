"""Derivatives of what an array's bit lines carry: against differences of solutions, and reading from both sides."""

import importlib
import sys

import numpy as np
import pytest

from compact_model import notched_device
from compact_model.support.validation import InputError
from crossbar import Crossbar, ExponentialSelector, Junctions, PulsedDevice, Selected, Wires, read_gradient

DRAW = np.random.default_rng(5)
SHAPE, INPUTS = (7, 5), 3
CELLS = DRAW.uniform(2e-3, 4e-3, SHAPE)
VOLTS = DRAW.normal(size=(SHAPE[0], INPUTS)) * 0.05
WEIGHT = DRAW.normal(size=(INPUTS, SHAPE[1]))
WIRES = {
    "word_line_resistance": DRAW.uniform(0.5, 2.0, SHAPE[0]),
    "bit_line_resistance": 2.0,
    "driver_resistance": 5.0,
    "sense_resistance": 3.0,
}


def slope(law, step):
    """The derivative of law at 0, by differences of fourth order."""
    return (8.0 * (law(step) - law(-step)) - (law(2.0 * step) - law(-2.0 * step))) / (12.0 * step)


@pytest.mark.parametrize("wires", [{}, {"word_line_resistance": 1.0}, WIRES, WIRES | {"word_line_ends": "both"}])
@pytest.mark.parametrize("floating", [{}, {"floating_word_lines": [2], "floating_bit_lines": [0, 3]}])
def test_gradients_are_the_differences_of_solutions(wires, floating):
    array = Crossbar(conductance=CELLS, **wires)
    found = read_gradient(array, VOLTS, WEIGHT, tolerance=1e-13, **floating)

    def loss(cells, volts):
        solution = array.with_conductance(cells).solve(volts, tolerance=1e-13, **floating)
        return float((WEIGHT * solution.bit_line_current.values).sum())

    scale = np.abs(found.conductance_gradient.values).max()
    for cell in ((0, 0), (2, 4), (6, 3)):
        unit = np.zeros(SHAPE)
        unit[cell] = 1.0
        difference = slope(lambda step, unit=unit: loss(CELLS + step * unit, VOLTS), 1e-6)
        assert float(found.conductance_gradient[cell]) == pytest.approx(difference, rel=1e-6, abs=1e-8 * scale)
    for line, vector in ((0, 0), (2, 1), (6, 2)):
        unit = np.zeros_like(VOLTS)
        unit[line, vector] = 1.0
        difference = slope(lambda step, unit=unit: loss(CELLS, VOLTS + step * unit), 1e-3)
        assert float(found.voltage_gradient[vector, line]) == pytest.approx(difference, rel=1e-6, abs=1e-9)


def test_without_wires_the_gradients_are_outer_products():
    found = read_gradient(Crossbar(conductance=CELLS), VOLTS, WEIGHT)
    np.testing.assert_allclose(found.conductance_gradient, VOLTS @ WEIGHT, rtol=1e-9)
    np.testing.assert_allclose(found.voltage_gradient, WEIGHT @ CELLS.T, rtol=1e-9)
    np.testing.assert_allclose(found.bit_line_current, VOLTS.T @ CELLS, rtol=1e-9)


@pytest.mark.parametrize("selected", [False, True])
def test_cells_with_a_law_of_their_own_are_linear_around_the_solution(selected):
    """A wall that moves a little: dI/dx of its cell at the cell's voltage, times the sensitivity."""
    device = notched_device()
    position = DRAW.uniform(0.2, 0.8, SHAPE) * device.track_length
    selector = ExponentialSelector(saturation_current=1e-5, voltage_scale=0.05)

    def array(places):
        cells = Junctions(device, places)
        return Crossbar(cells=Selected(cells, selector) if selected else cells, **WIRES)

    volts = 6.0 * VOLTS
    found = read_gradient(array(position), volts, WEIGHT, tolerance=1e-13)
    for cell in ((0, 0), (3, 2), (6, 4)):
        unit = np.zeros(SHAPE)
        unit[cell] = 1.0

        def loss(step, unit=unit):
            currents = array(position + step * unit).solve(volts, tolerance=1e-13).bit_line_current.values
            return float((WEIGHT * currents).sum())

        def current(step, vector, unit=unit, cell=cell):
            across = found.device_voltage.values[vector]
            return float(array(position + step * unit).cells.current_and_slope(across)[0][cell])

        exact = sum(
            float(found.sensitivity[vector, *cell]) * slope(lambda step, v=vector: current(step, v), 1e-9)
            for vector in range(INPUTS)
        )
        assert exact == pytest.approx(slope(loss, 1e-9), rel=1e-6)


@pytest.mark.parametrize("ohms", [0.0, 0.3])
def test_an_array_that_learns_is_read_from_both_sides(ohms):
    device = PulsedDevice.notched(2, tracks=1, samples=2, wired=True, seed=1)
    array = device.array((6, 4), seed=2, wires=Wires.equal(ohms))
    forward = array.read(0.05 * np.eye(6))
    back = array.read_back(0.05 * np.eye(4))
    np.testing.assert_allclose(back, forward.T, rtol=1e-6)
    with pytest.raises(InputError, match=r"voltages: expected shape \(vectors, .* lines\) = \(vectors, 4\)"):
        array.read_back(np.ones((1, 6)))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"weight": np.ones((2, 5))}, r"weight: expected shape \(inputs, bit lines\) = \(3, 5\)"),
        ({"word_line_voltage": np.ones((6, 3))}, "word_line_voltage: expected"),
        ({"array": CELLS}, "array: expected a Crossbar"),
        ({"tolerance": 0.0}, "tolerance: expected"),
    ],
)
def test_nonsense_is_named(changes, named):
    arguments = {"array": Crossbar(conductance=CELLS), "word_line_voltage": VOLTS, "weight": WEIGHT} | changes
    with pytest.raises(InputError, match=named):
        read_gradient(**arguments)


def test_a_missing_pytorch_is_said_in_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "crossbar.learning.torch_layers", raising=False)
    with pytest.raises(InputError, match=r"torch: needs PyTorch; pip install 'dwmtj\[torch\]'"):
        importlib.import_module("crossbar.learning.torch_layers")
