"""Floating lines of ideal wires against Kirchhoff's current law and a linear system by hand."""

import numpy as np
import pytest

from compact_model import notched_device
from crossbar import ExponentialSelector, Junctions, Resistors, Selected
from crossbar.network.ideal_lines import voltages_with_floating_lines

WORDS, BITS = 7, 5
DRAW = np.random.default_rng(3)
FLOATING_WORDS, FLOATING_BITS = np.arange(WORDS) > 1, np.arange(BITS) % 2 == 0
WORD_LINE, BIT_LINE = DRAW.uniform(-0.4, 0.4, WORDS), DRAW.uniform(-0.4, 0.4, BITS)


def test_resistors_take_the_voltages_of_a_system_by_hand():
    conductance = DRAW.uniform(1e-3, 1e-2, (WORDS, BITS))
    found = voltages_with_floating_lines(Resistors(conductance), WORD_LINE, BIT_LINE, FLOATING_WORDS, FLOATING_BITS)
    nodes = np.concatenate([WORD_LINE, BIT_LINE])
    floating = np.concatenate([FLOATING_WORDS, FLOATING_BITS])
    laplacian = np.zeros((WORDS + BITS, WORDS + BITS))
    laplacian[:WORDS, WORDS:], laplacian[WORDS:, :WORDS] = -conductance, -conductance.T
    laplacian -= np.diag(laplacian.sum(axis=1))
    held = laplacian[np.ix_(floating, ~floating)] @ nodes[~floating]
    nodes[floating] = np.linalg.solve(laplacian[np.ix_(floating, floating)], -held)
    np.testing.assert_allclose(found, nodes[:WORDS, np.newaxis] - nodes[WORDS:], rtol=0.0, atol=1e-14)


@pytest.mark.parametrize("selected", [False, True])
def test_no_current_is_left_over_on_a_floating_line(selected):
    device = notched_device()
    cells = Junctions(device, DRAW.uniform(0.0, device.track_length, (WORDS, BITS)))
    if selected:
        cells = Selected(cells, ExponentialSelector(saturation_current=1e-6, voltage_scale=0.05))
    found = voltages_with_floating_lines(cells, WORD_LINE, BIT_LINE, FLOATING_WORDS, FLOATING_BITS)
    current, _ = cells.current_and_slope(found)
    bound = 1e-10 * np.abs(current).sum()
    assert np.abs(current.sum(axis=1)[FLOATING_WORDS]).max() < bound
    assert np.abs(current.sum(axis=0)[FLOATING_BITS]).max() < bound


def test_what_has_no_source_is_left_to_the_general_method():
    cells = Resistors(np.full((WORDS, BITS), 1e-3))
    everywhere = np.ones(WORDS, dtype=bool), np.ones(BITS, dtype=bool)
    assert voltages_with_floating_lines(cells, WORD_LINE, BIT_LINE, *everywhere) is None
