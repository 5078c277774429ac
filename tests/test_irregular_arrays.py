"""Arrays whose segments differ along a line, or whose lines are broken or shorted to each other."""

import numpy as np
import pytest

from compact_model.support.validation import ConvergenceError
from crossbar.network.direct import solve_direct
from crossbar.network.irregular import solve_irregular
from crossbar.network.linear_network import Network, Sources
from crossbar.network.solve import solve_network


def array(words, bits, spread, *, inputs=1, breaks=0, bridges=0, seed=1):
    """Cells of 1 to 2 kOhm, and segments around 1 Ohm within a factor; the last of several inputs drives nothing."""
    draw = np.random.default_rng(seed)
    word_segment = spread ** draw.uniform(-1.0, 1.0, (words, bits - 1))
    bit_segment = spread ** draw.uniform(-1.0, 1.0, (words - 1, bits))
    for _ in range(breaks):
        word_segment[draw.integers(words), draw.integers(bits - 1)] = np.inf
        bit_segment[draw.integers(words - 1), draw.integers(bits)] = np.inf
    word_bridge = np.zeros((words - 1, bits)) if bridges else None
    for _ in range(bridges):
        word_bridge[draw.integers(words - 1), draw.integers(bits)] = 10.0
    network = Network(
        conductance=1.0 / draw.uniform(1e3, 2e3, (words, bits)),
        word_segment=word_segment,
        bit_segment=bit_segment,
        word_start=np.full(words, 2.0),
        word_stop=np.full(words, 5.0),
        bit_start=np.full(bits, np.inf),
        bit_stop=np.zeros(bits),
        word_shunt=np.full(words, 1e-5),
        word_bridge=word_bridge,
    )
    driven = np.where(np.arange(inputs) == max(inputs - 1, 1), 0.0, 1.0)
    return network, Sources(
        word_start=draw.uniform(0.1, 1.0, (words, inputs)) * driven,
        word_stop=draw.uniform(0.1, 1.0, (words, inputs)) * driven,
        bit_start=np.zeros((bits, inputs)),
        bit_stop=draw.uniform(-0.1, 0.1, (bits, inputs)) * driven,
    )


def by_a_dense_matrix(network, sources):
    """Voltages (K, 2, N, M) of all nodes by nodal analysis, of an array as above."""
    words, bits = network.conductance.shape
    word = np.arange(words * bits).reshape(words, bits)
    bit = word + words * bits
    matrix = np.zeros((2 * words * bits, 2 * words * bits))
    right = np.zeros((2 * words * bits, sources.word_start.shape[1]))
    bridge = np.zeros((words - 1, bits)) if network.word_bridge is None else network.word_bridge
    for first, second, siemens in (
        (word, bit, network.conductance),
        (word[:, :-1], word[:, 1:], 1.0 / network.word_segment),
        (bit[:-1], bit[1:], 1.0 / network.bit_segment),
        (word[:-1], word[1:], bridge),
    ):
        for one, other, between in zip(first.ravel(), second.ravel(), siemens.ravel(), strict=True):
            matrix[[one, other], [one, other]] += between
            matrix[[one, other], [other, one]] -= between
    matrix[word, word] += network.word_shunt[:, np.newaxis]
    for nodes, ohms, volts in (
        (word[:, 0], network.word_start, sources.word_start),
        (word[:, -1], network.word_stop, sources.word_stop),
    ):
        matrix[nodes, nodes] += 1.0 / ohms
        right[nodes] += volts / ohms[:, np.newaxis]
    held = bit[-1]
    right -= matrix[:, held] @ sources.bit_stop
    free = np.setdiff1d(np.arange(matrix.shape[0]), held)
    voltage = np.zeros_like(right)
    voltage[held] = sources.bit_stop
    voltage[free] = np.linalg.solve(matrix[np.ix_(free, free)], right[free])
    return voltage.T.reshape(-1, 2, words, bits)


@pytest.mark.parametrize(
    ("shape", "options"),
    [
        ((9, 12), {"spread": 1.1}),
        ((12, 9), {"spread": 2.0, "inputs": 3}),
        ((12, 12), {"spread": 1.05, "breaks": 2}),
        ((10, 12), {"spread": 1.05, "bridges": 3}),
        ((12, 11), {"spread": 1.5, "bridges": 2, "breaks": 1, "inputs": 2}),
    ],
)
def test_irregular_arrays_have_the_voltages_and_currents_of_a_dense_matrix(shape, options):
    network, sources = array(*shape, **options)
    found = solve_irregular(network, sources, tolerance=1e-10, reason="for this test")
    expected = by_a_dense_matrix(network, sources)
    current = network.conductance * (expected[:, 0] - expected[:, 1])
    into_words = (sources.word_start.T - expected[:, 0, :, 0]) / network.word_start
    for got, wanted in (
        (found.word_voltage, expected[:, 0]),
        (found.bit_voltage, expected[:, 1]),
        (found.device_current, current),
        (found.word_start_current, into_words),
    ):
        size = np.linalg.norm(wanted.reshape(len(wanted), -1), axis=1)
        assert (np.linalg.norm((got - wanted).reshape(len(wanted), -1), axis=1) <= 1e-10 * size).all()
    assert found.residual <= 1e-10


def test_large_irregular_arrays_take_it_unless_their_segments_differ_too_much():
    network, sources = array(96, 96, 1.1)
    found = solve_network(network, sources)
    assert found.method == "iterative"
    assert found.reason == "the segments of a line differ"
    network, sources = array(96, 96, 1e3)
    with pytest.raises(ConvergenceError, match="the segments of a line differ too much"):
        solve_network(network, sources, method="iterative")
    found, expected = solve_network(network, sources), solve_direct(network, sources)
    assert found.method == "direct"
    np.testing.assert_array_equal(found.device_current, expected.device_current)


def test_many_inputs_share_the_factors_of_the_direct_method():
    assert solve_network(*array(96, 96, 1.1, inputs=9)).method == "direct"
