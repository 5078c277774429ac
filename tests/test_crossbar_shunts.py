"""Shunts from the lines' nodes to ground and currents into nodes: against a dense matrix, by hand, by every method."""

import dataclasses

import numba
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from compact_model.support.validation import ConvergenceError, InputError
from crossbar.cells import Junctions, Resistors
from crossbar.crossbar import label_solution
from crossbar.network.connected import check_connected
from crossbar.network.direct import solve_direct
from crossbar.network.graph import to_networkx
from crossbar.network.iterative import IterativeSolver, unsupported
from crossbar.network.linear_network import Network, Sources
from crossbar.network.newton import Tangents, solve_nonlinear
from crossbar.network.single_cell import CellUpdates
from crossbar.network.small_newton import SmallNewton
from crossbar.network.solve import solve_network

VOLTAGES = ("word_voltage", "bit_voltage")
ENDS = ("word_start_current", "word_stop_current", "bit_start_current", "bit_stop_current")
EVERYTHING = (*VOLTAGES, "device_current", *ENDS)
METHODS = ("iterative", "direct", "graph")


def make_network(words, bits, **changes):
    """36 to 70 Ohm with 1 Ohm wires, driven from the left, grounded at the bottom; shunts as large as the cells."""
    draw = np.random.default_rng(words * 1000 + bits)
    arrays = {
        "conductance": 1.0 / draw.uniform(36.0, 70.0, (words, bits)),
        "word_segment": np.ones(words),
        "bit_segment": np.ones(bits),
        "word_start": np.ones(words),
        "word_stop": np.full(words, np.inf),
        "bit_start": np.full(bits, np.inf),
        "bit_stop": np.ones(bits),
        "word_shunt": draw.uniform(0.01, 0.03, words),
        "bit_shunt": draw.uniform(0.01, 0.03, bits),
    }
    return Network(**(arrays | changes))


def make_sources(circuit, inputs=1, seed=0):
    """Voltages up to 1 V, and currents that would bring each node to up to 1 V through its shunt and its cell."""
    draw = np.random.default_rng(seed)
    words, bits = circuit.shape
    cells = np.where(np.isinf(circuit.conductance), 1.0, circuit.conductance)
    volts = draw.uniform(-1.0, 1.0, (2, inputs, words, bits))
    return Sources(
        word_start=draw.uniform(-1.0, 1.0, (words, inputs)),
        word_stop=draw.uniform(-1.0, 1.0, (words, inputs)),
        bit_start=draw.uniform(-1.0, 1.0, (bits, inputs)),
        bit_stop=draw.uniform(-1.0, 1.0, (bits, inputs)),
        word_current=(circuit.word_shunt[:, None] + cells) * volts[0],
        bit_current=(circuit.bit_shunt + cells) * volts[1],
    )


def norm(values):
    """The norm over the array, for each input."""
    return np.sqrt((values**2).sum(axis=(1, 2)))


def leaks(circuit, sources, found):
    """What leaves the word nodes, and the bit nodes, through shunts less what current sources feed them."""
    word = circuit.word_shunt[:, None] * found.word_voltage
    bit = circuit.bit_shunt * found.bit_voltage
    return (
        word - (0.0 if sources.word_current is None else sources.word_current),
        bit - (0.0 if sources.bit_current is None else sources.bit_current),
    )


def all_currents(circuit, sources, found):
    """The norm of the currents of devices and of `leaks`, and what of it float64 voltages cannot tell; per input."""
    word, bit = leaks(circuit, sources, found)
    finite = np.where(np.isinf(circuit.conductance), 0.0, circuit.conductance)
    whole = np.sqrt(norm(found.device_current) ** 2 + norm(word) ** 2 + norm(bit) ** 2)
    above, below = np.abs(found.word_voltage), np.abs(found.bit_voltage)
    gross = norm(finite * (above + below)) + norm(circuit.word_shunt[:, None] * above) + norm(circuit.bit_shunt * below)
    return whole, 1e-14 * gross


def assert_same(circuit, sources, found, expected, tolerance=1e-10):
    """Device currents and voltages in the norm; end currents to what all currents of a line add up to."""
    finite = np.where(np.isinf(circuit.conductance), 0.0, circuit.conductance)
    floor = 1e-14 * norm(finite * (np.abs(expected.word_voltage) + np.abs(expected.bit_voltage)))
    error = norm(found.device_current - expected.device_current)
    assert (error <= tolerance * norm(expected.device_current) + floor + 1e-300).all(), found.reason
    size = np.sqrt(norm(expected.word_voltage) ** 2 + norm(expected.bit_voltage) ** 2)
    for name in VOLTAGES:
        error = norm(getattr(found, name) - getattr(expected, name))
        assert (error <= 100.0 * tolerance * size + 1e-300).all(), name
    whole, floor = all_currents(circuit, sources, expected)
    for name in ENDS:
        error = np.abs(getattr(found, name) - getattr(expected, name)).max(axis=1)
        assert (error <= np.sqrt(max(circuit.shape)) * (20.0 * tolerance * whole + floor) + 1e-300).all(), name


@st.composite
def circuits(draw, largest=30):
    """Networks of every kind of boundary, with shunts over twelve decades on some of the lines, which may float."""
    words, bits = draw(st.integers(1, largest)), draw(st.integers(1, largest))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    conductance = 10.0 ** random.uniform(-3.0, -1.0, (words, bits))
    conductance[random.random((words, bits)) < draw(st.sampled_from([0.0, 0.0, 0.3]))] = 0.0

    def segments(count):
        return np.full(count, draw(st.sampled_from([0.0, 1e-3, 1.0, 1.0, 100.0]))) * random.uniform(0.5, 2.0, count)

    def ends(count):
        kind = draw(st.sampled_from(["open", "open", "held", "driven", "some open"]))
        values = 10.0 ** random.uniform(-1.0, 3.0, count) * (kind != "held")
        return np.where((kind == "open") | ((kind == "some open") & (random.random(count) < 0.5)), np.inf, values)

    def shunts(count):
        kind = draw(st.sampled_from(["none", "equal", "equal", "some"]))
        values = np.full(count, 0.02 * 10.0 ** draw(st.floats(-6.0, 6.0))) * random.uniform(0.5, 2.0, count)
        return values * (random.random(count) < {"none": 0.0, "equal": 1.0, "some": 0.5}[kind])

    try:
        circuit = Network(
            conductance=conductance,
            word_segment=segments(words),
            bit_segment=segments(bits),
            word_start=ends(words),
            word_stop=ends(words),
            bit_start=ends(bits),
            bit_stop=ends(bits),
            word_shunt=shunts(words),
            bit_shunt=shunts(bits),
        )
        check_connected(circuit)
    except InputError:  # a short between two sources, or a part without a path to ground
        assume(False)
    return circuit, make_sources(circuit, 2, seed=draw(st.integers(0, 2**32 - 1)))


def by_a_dense_matrix(circuit, sources):
    """Voltages of the word and of the bit nodes; an ideal wire is one node, and one that is held has no equation."""
    words, bits = circuit.shape
    word, bit = (
        np.arange(words * bits).reshape(words, bits),
        np.arange(words * bits).reshape(words, bits) + words * bits,
    )
    if not circuit.word_segment.any():
        word[:] = word[:, :1]
    if not circuit.bit_segment.any():
        bit[:] = bit[:1]
    size = 2 * words * bits
    matrix, right, held = np.zeros((size, size)), np.zeros((size, sources.inputs)), {}

    def join(first, second, conductance):
        matrix[first, first] += conductance
        matrix[second, second] += conductance
        matrix[first, second] -= conductance
        matrix[second, first] -= conductance

    for i, j in np.ndindex(words, bits):
        join(word[i, j], bit[i, j], circuit.conductance[i, j])
        if j and circuit.word_segment[i]:
            join(word[i, j - 1], word[i, j], 1.0 / circuit.word_segment[i])
        if i and circuit.bit_segment[j]:
            join(bit[i - 1, j], bit[i, j], 1.0 / circuit.bit_segment[j])
        matrix[word[i, j], word[i, j]] += circuit.word_shunt[i]
        matrix[bit[i, j], bit[i, j]] += circuit.bit_shunt[j]
        right[word[i, j]] += sources.word_current[:, i, j]
        right[bit[i, j]] += sources.bit_current[:, i, j]
    for nodes, name in (
        (word[:, 0], "word_start"),
        (word[:, -1], "word_stop"),
        (bit[0], "bit_start"),
        (bit[-1], "bit_stop"),
    ):
        for node, resistance, volts in zip(nodes, getattr(circuit, name), getattr(sources, name), strict=True):
            if resistance == 0.0:
                held[node] = volts
            elif resistance < np.inf:
                matrix[node, node] += 1.0 / resistance
                right[node] += volts / resistance
    fixed = np.array(sorted(held), dtype=int)
    free = np.setdiff1d(np.union1d(word, bit), fixed)
    voltage = np.zeros((size, sources.inputs))
    for node in fixed:
        voltage[node] = held[node]
    right[free] -= matrix[np.ix_(free, fixed)] @ voltage[fixed]
    voltage[free] = np.linalg.solve(matrix[np.ix_(free, free)], right[free])
    return np.moveaxis(voltage[word], 2, 0), np.moveaxis(voltage[bit], 2, 0)


@given(circuits(largest=8))
def test_the_direct_method_finds_what_a_dense_matrix_gives(case):
    circuit, sources = case
    found = solve_direct(circuit, sources)
    word, bit = by_a_dense_matrix(circuit, sources)
    size = np.sqrt(norm(word) ** 2 + norm(bit) ** 2)
    # The matrix's diagonal loses the digits of a shunt of 1e-8 S beside wires of 1000 S; the direct method does not.
    assert (norm(found.word_voltage - word) <= 1e-6 * size).all()
    assert (norm(found.bit_voltage - bit) <= 1e-6 * size).all()


@given(circuits())
def test_the_iterative_and_the_direct_method_agree(case):
    circuit, sources = case
    assume(not unsupported(circuit))
    found = solve_network(circuit, sources)
    assert_same(circuit, sources, found, solve_direct(circuit, sources))


@given(circuits(largest=6))
def test_the_graph_and_the_direct_method_agree(case):
    circuit, sources = case
    found = solve_network(circuit, sources, method="graph")
    assert_same(circuit, sources, found, solve_direct(circuit, sources), tolerance=1e-7)


@given(circuits())
def test_kirchhoff_holds_for_every_line_and_tellegen_for_the_whole(case):
    circuit, sources = case
    found = solve_network(circuit, sources)
    current, (word_leak, bit_leak) = found.device_current, leaks(circuit, sources, found)
    from_word, from_bit = current + word_leak, bit_leak - current
    whole, floor = all_currents(circuit, sources, found)
    unbound = np.sqrt(max(circuit.shape)) * (1e-9 * whole + 10.0 * floor)
    gross = np.abs(current).sum(axis=(1, 2)) + np.sqrt(current[0].size) * (whole + 1e14 * floor)
    through_ends = sum(np.abs(getattr(found, name)).sum(axis=1) for name in ENDS)
    for left, sizes, start, stop in (
        (
            found.word_start_current + found.word_stop_current - from_word.sum(axis=2),
            np.abs(from_word).sum(axis=2),
            circuit.word_start,
            circuit.word_stop,
        ),
        (
            found.bit_start_current + found.bit_stop_current - from_bit.sum(axis=1),
            np.abs(from_bit).sum(axis=1),
            circuit.bit_start,
            circuit.bit_stop,
        ),
    ):
        # A line without an end passes on what it gets as well as its nodes' voltages say; so does one whose end has so
        # much resistance that its current is a small rest of the others.
        open_lines = np.isinf(start) & np.isinf(stop)
        finite = [np.where(np.isinf(end), 0.0, end) for end in (start, stop)]
        loose = open_lines | (sizes * np.maximum(*finite) > 0.1)
        assert (np.abs(left) <= 1e-13 * (gross + through_ends)[:, None] + loose * unbound[:, None] + 1e-300).all()
    delivered = label_solution(found, sources).power.values
    used = (current * (found.word_voltage - found.bit_voltage)).sum(axis=(1, 2))
    used += (circuit.word_shunt[:, None] * found.word_voltage**2 + circuit.bit_shunt * found.bit_voltage**2).sum(
        axis=(1, 2)
    )
    for name in ENDS:
        resistance = getattr(circuit, name.removesuffix("_current"))
        used += (getattr(found, name) ** 2 * np.where(np.isinf(resistance), 0.0, resistance)).sum(axis=1)
    along_words = found.word_start_current[:, :, None] - np.cumsum(from_word, axis=2)[:, :, :-1]
    along_bits = found.bit_start_current[:, None, :] - np.cumsum(from_bit, axis=1)[:, :-1, :]
    used += (along_words**2 * circuit.word_segment[:, None]).sum(axis=(1, 2))
    used += (along_bits**2 * circuit.bit_segment).sum(axis=(1, 2))
    highest = max(np.abs(getattr(found, name)).max() for name in VOLTAGES) + 1.0
    assert (np.abs(delivered - used) <= 1e-9 * used + highest * (unbound + 1e-13 * gross) * current[0].size).all()


@given(circuits())
def test_exchanging_words_and_bits_changes_the_sign_alone(case):
    circuit, sources = case
    turned = sources.transposed()
    np.testing.assert_array_equal(turned.transposed().word_current, sources.word_current)
    np.testing.assert_array_equal(circuit.transposed().bit_shunt, circuit.word_shunt)
    one, other = solve_network(circuit, sources), solve_network(circuit.transposed(), turned)
    back = dataclasses.replace(
        other,
        word_voltage=other.bit_voltage.transpose(0, 2, 1),
        bit_voltage=other.word_voltage.transpose(0, 2, 1),
        device_current=-other.device_current.transpose(0, 2, 1),
        word_start_current=other.bit_start_current,
        word_stop_current=other.bit_stop_current,
        bit_start_current=other.word_start_current,
        bit_stop_current=other.word_stop_current,
    )
    assert_same(circuit, sources, back, one, tolerance=3e-10)


@pytest.mark.parametrize("method", METHODS)
def test_one_cell_by_hand(method):
    cell, word_shunt, bit_shunt, driver, sense = 0.25, 2.0, 0.5, 1.0 / 0.1, 1.0 / 0.4
    circuit = make_network(
        1,
        1,
        conductance=np.array([[cell]]),
        word_start=np.array([0.1]),
        bit_stop=np.array([0.4]),
        word_shunt=np.array([word_shunt]),
        bit_shunt=np.array([bit_shunt]),
    )
    sources = dataclasses.replace(
        Sources.zero(circuit), word_current=np.array([[[3.0]]]), bit_current=np.array([[[-0.7]]])
    )
    sources.word_start[:], sources.bit_stop[:] = 1.0, -2.0
    at_word, at_bit = cell + word_shunt + driver, cell + bit_shunt + sense
    into_word, into_bit = driver * 1.0 + 3.0, sense * -2.0 - 0.7
    whole = at_word * at_bit - cell**2
    word, bit = (into_word * at_bit + cell * into_bit) / whole, (into_bit * at_word + cell * into_word) / whole
    found = solve_network(circuit, sources, method=method)
    assert found.word_voltage[0, 0, 0] == pytest.approx(word, rel=1e-14)
    assert found.bit_voltage[0, 0, 0] == pytest.approx(bit, rel=1e-14)
    assert found.device_current[0, 0, 0] == pytest.approx(cell * (word - bit), rel=1e-14)
    assert found.word_start_current[0, 0] == pytest.approx(driver * (1.0 - word), rel=1e-13)
    assert found.bit_stop_current[0, 0] == pytest.approx(sense * (-2.0 - bit), rel=1e-13)
    assert found.word_stop_current[0, 0] == found.bit_start_current[0, 0] == 0.0


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("ideal", [(), ("word_segment",), ("bit_segment",)])
def test_lines_that_only_their_shunts_hold_go_where_the_currents_bring_them(method, ideal):
    floating = dict.fromkeys(("word_start", "word_stop"), np.full(7, np.inf))
    floating |= dict.fromkeys(("bit_start", "bit_stop"), np.full(9, np.inf))
    floating |= {"word_shunt": np.full(7, 1e-4), "bit_shunt": np.full(9, 3e-4)}
    circuit = make_network(7, 9, **floating, **{name: np.zeros(7 if name[0] == "w" else 9) for name in ideal})
    sources = dataclasses.replace(
        Sources.zero(circuit), word_current=np.full((1, 7, 9), 1e-4), bit_current=np.full((1, 7, 9), 3e-4)
    )
    found = solve_network(circuit, sources, method=method)
    for name in VOLTAGES:
        np.testing.assert_allclose(getattr(found, name), 1.0, rtol=1e-9)
    assert all((getattr(found, name) == 0.0).all() for name in ENDS)


@pytest.mark.parametrize("ratio", [1e-6, 1e-3, 1.0, 10.0, 1e3, 1e6])
@pytest.mark.parametrize("which", ["both", "word", "bit", "half"])
@pytest.mark.parametrize("boundary", ["driven", "floating bits", "floating", "ideal words", "ideal bits"])
def test_shunts_of_any_size_take_a_few_iterations(ratio, which, boundary):
    words, bits = 48, 64
    random = np.random.default_rng(3)
    changes = {"word_shunt": random.uniform(0.5, 2.0, words), "bit_shunt": random.uniform(0.5, 2.0, bits)}
    for name, shunt in changes.items():
        shunt *= 0.02 * ratio
        if which == "half":
            shunt[random.random(shunt.size) < 0.5] = 0.0
        elif which != "both" and not name.startswith(which):
            shunt[:] = 0.0
    if boundary.startswith("floating"):
        changes["bit_stop"] = np.full(bits, np.inf)
    if boundary == "floating":
        changes["word_start"] = np.full(words, np.inf)
    if boundary.startswith("ideal"):
        name = "word_segment" if boundary == "ideal words" else "bit_segment"
        changes[name] = np.zeros(words if name[0] == "w" else bits)
    circuit = make_network(words, bits, **changes)
    volts = random.uniform(-1.0, 1.0, (2, 1, words, bits))  # towards which the shunts pull, as in an implicit time step
    sources = dataclasses.replace(
        make_sources(circuit),
        word_current=circuit.word_shunt[:, None] * volts[0],
        bit_current=circuit.bit_shunt * volts[1],
    )
    # 1e-8 S beside wires of 1 S: where nothing else holds the array, voltages in float64 balance no better than this.
    tolerance = 1e-9 if boundary == "floating" and ratio == 1e-6 else 1e-10
    found = solve_network(circuit, sources, method="iterative", tolerance=tolerance)
    assert found.iterations <= 10
    assert_same(circuit, sources, found, solve_direct(circuit, sources), tolerance)


@pytest.mark.parametrize("ratio", [1.0, 1e3, 1e6])
def test_a_step_from_where_the_array_was_finds_the_currents_of_the_change(ratio):
    # Shunts C / dt and currents C / dt times the voltage before: what charges the lines is a small difference of them.
    circuit = make_network(40, 30)
    shunts = {"word_shunt": np.full(40, 0.02 * ratio), "bit_shunt": np.full(30, 0.02 * ratio)}
    before = solve_network(circuit, make_sources(circuit, seed=1))
    circuit = circuit.replace(**shunts)
    sources = dataclasses.replace(
        make_sources(circuit, seed=2),
        word_current=0.02 * ratio * before.word_voltage,
        bit_current=0.02 * ratio * before.bit_voltage,
    )
    found = solve_network(circuit, sources, start=before)
    expected = solve_direct(circuit, sources)
    floor = all_currents(circuit, sources, expected)[1]
    for one, other in zip(leaks(circuit, sources, found), leaks(circuit, sources, expected), strict=True):
        assert (norm(one - other) <= 1e-9 * norm(other) + floor).all()
    assert_same(circuit, sources, found, expected)


def test_a_few_stiff_lines_do_not_stand_for_the_others():
    shunts = np.zeros(64)
    shunts[5::10] = 2e4  # in a plain mean, all would be as good as grounded: 13 iterations
    circuit = make_network(64, 64, word_shunt=np.full(64, 2e-6), bit_shunt=shunts, bit_stop=np.full(64, np.inf))
    sources = Sources.zero(circuit)
    sources.word_start[:] = np.linspace(-1.0, 1.0, 64)[:, None]
    found = solve_network(circuit, sources, method="iterative")
    assert found.iterations <= 11
    assert_same(circuit, sources, found, solve_direct(circuit, sources))


def test_a_single_stiff_line_carries_its_current_to_the_tolerance():
    shunts = np.zeros(30)
    shunts[7] = 2e4
    circuit = make_network(40, 30, word_shunt=np.zeros(40), bit_shunt=shunts)
    sources = Sources.zero(circuit)
    sources.word_start[:] = 1.0
    found, expected = solve_network(circuit, sources), solve_direct(circuit, sources)
    through, wanted = (2e4 * each.bit_voltage[0, :, 7].sum() for each in (found, expected))
    assert wanted > 0.5 * expected.device_current[0, :, 7].sum()
    assert through == pytest.approx(wanted, rel=1e-8)


def test_zero_shunts_and_no_currents_change_no_bit():
    none = make_network(20, 30, word_shunt=None, bit_shunt=None)
    zero = none.replace(word_shunt=np.zeros(20), bit_shunt=np.zeros(30))
    voltages = dataclasses.replace(make_sources(none, 2), word_current=None, bit_current=None)
    nothing = dataclasses.replace(voltages, word_current=np.zeros((2, 20, 30)), bit_current=np.zeros((2, 20, 30)))
    for method in ("iterative", "direct"):
        found = [
            solve_network(circuit, sources, method=method)
            for circuit, sources in ((none, voltages), (zero, voltages), (zero, nothing))
        ]
        for name in EVERYTHING:
            np.testing.assert_array_equal(getattr(found[1], name), getattr(found[0], name))
            np.testing.assert_array_equal(getattr(found[2], name), getattr(found[0], name))


@pytest.mark.parametrize("exchanged", [False, True])
@pytest.mark.parametrize("method", METHODS)
def test_a_current_beside_a_cell_is_one_into_its_word_and_out_of_its_bit_node(method, exchanged):
    circuit = make_network(9, 14, word_segment=np.full(9, 20.0 if exchanged else 1.0))
    sources = make_sources(circuit, 2)
    beside = 1e-3 * np.random.default_rng(8).standard_normal((2, 9, 14))
    one = dataclasses.replace(sources, cell_current=beside)
    other = dataclasses.replace(
        sources, word_current=sources.word_current + beside, bit_current=sources.bit_current - beside
    )
    found, expected = solve_network(circuit, one, method=method), solve_network(circuit, other, method=method)
    for name in EVERYTHING:
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("inputs", [1, 3])
def test_the_number_of_threads_changes_no_bit_and_inputs_do_not_mix(inputs):
    circuit = make_network(130, 101)
    sources = make_sources(circuit, inputs)
    runs = []
    before = numba.get_num_threads()
    try:
        for threads in sorted({1, min(2, before), before}):
            numba.set_num_threads(threads)
            runs.append(solve_network(circuit, sources))
    finally:
        numba.set_num_threads(before)
    for name in EVERYTHING:
        for run in runs[1:]:
            np.testing.assert_array_equal(getattr(run, name), getattr(runs[0], name))
        for index in range(inputs):
            alone = solve_network(circuit, sources.input(index))
            expected = getattr(alone, name)[0]
            np.testing.assert_allclose(getattr(runs[0], name)[index], expected, atol=1e-8 * np.abs(expected).max())


@pytest.mark.parametrize("fed", ["word", "bit"])
@pytest.mark.parametrize(("shunt", "bits"), [(1e-5, 400), (0.05, 95), (1e3, 5)])
def test_the_entrywise_option_keeps_small_currents(shunt, bits, fed):
    # The last bit line gets less than 1e-10 of what the first one, which is fed, does.
    shunts = {"word_shunt": np.full(24, shunt), "bit_shunt": np.full(bits, shunt)}
    circuit = make_network(24, bits, conductance=np.full((24, bits), 0.05), **shunts)
    current = np.zeros((1, 24, bits))
    current[0, :, 0] = np.linspace(0.5, 1.0, 24)
    sources = dataclasses.replace(Sources.zero(circuit), **{f"{fed}_current": current})
    expected = solve_direct(circuit, sources)
    assert np.abs(expected.bit_stop_current).max() > 1e10 * np.abs(expected.bit_stop_current).min()
    found = solve_network(circuit, sources, entrywise=True, method="iterative")
    for name in (*VOLTAGES, "bit_stop_current"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=1e-8)


def test_the_entrywise_option_knows_what_meets_in_a_node_with_nothing_but_a_shunt():
    lonely = {"conductance": np.zeros((1, 40)), "bit_stop": np.full(40, np.inf)}
    circuit = make_network(1, 40, **lonely)
    sources = make_sources(circuit)
    found = solve_network(circuit, sources, entrywise=True, method="iterative")
    np.testing.assert_allclose(found.bit_voltage, sources.bit_current / circuit.bit_shunt, rtol=1e-14)


def test_shunts_stay_when_the_cells_of_a_solver_change():
    circuit = make_network(30, 20)
    sources = make_sources(circuit)
    solver = IterativeSolver(circuit)
    other = circuit.conductance[::-1, ::-1] * 30.0
    solver.set_conductance(other)
    assert_same(circuit, sources, solver.solve(sources), solve_direct(circuit.replace(conductance=other), sources))


@pytest.mark.parametrize("side", ["word_segment", "bit_segment", None])
def test_a_shorted_cell_is_the_limit_of_a_large_conductance(side):
    circuit = make_network(7, 5)
    if side:
        circuit = circuit.replace(**{side: np.zeros(7 if side[0] == "w" else 5)})
    values = circuit.conductance.copy()
    values[3, 2] = values[0, 0] = np.inf
    shorted, near = (circuit.replace(conductance=each) for each in (values, np.where(np.isinf(values), 1e9, values)))
    sources = make_sources(circuit, 2)
    found, expected = solve_network(shorted, sources), solve_direct(near, sources)
    assert found.reason == "a cell is shorted"
    for name in EVERYTHING:
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=0.0, atol=1e-5)


@pytest.mark.parametrize("cells", [[(2, 3)], [(0, 0), (10, 7), (2, 3)]])
@pytest.mark.parametrize("floating", [False, True])
def test_an_update_of_cells_is_a_fresh_solve(cells, floating):
    ends = {"word_start": np.full(11, np.inf), "bit_stop": np.full(8, np.inf)} if floating else {}
    circuit = make_network(11, 8, **ends)
    sources = make_sources(circuit, 2)
    updates = CellUpdates(circuit, sources, solve_network(circuit, sources, tolerance=1e-13), cells)
    changed = circuit.conductance.copy()
    rows, columns = np.array(cells).T
    for factor in (0.0, 7.0):
        changed[rows, columns] = factor * circuit.conductance[rows, columns]
        expected = solve_direct(circuit.replace(conductance=changed), sources)
        found = updates.update(changed[rows, columns])
        for name in ENDS:
            np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=1e-9, atol=1e-11)
        for name in (*VOLTAGES, "device_current"):
            np.testing.assert_allclose(getattr(found, name), getattr(expected, name)[:, rows, columns], atol=1e-10)


@pytest.mark.parametrize("ratio", [1e-3, 1.0, 1e4])
@pytest.mark.parametrize("boundary", ["driven", "floating", "ideal words"])
def test_junctions_between_shunted_lines_carry_the_currents_of_their_own_conductances(device, ratio, boundary):
    draw = np.random.default_rng(4)
    cells = Junctions(device, draw.uniform(0.0, device.track_length, (12, 9)))
    mean = cells.zero_bias_conductance().mean()
    changes = {"word_shunt": np.full(12, ratio * mean), "bit_shunt": np.full(9, ratio * mean)}
    if boundary == "floating":
        changes |= {"word_start": np.full(12, np.inf), "bit_stop": np.full(9, np.inf)}
    if boundary == "ideal words":
        changes["word_segment"] = np.zeros(12)
    circuit = make_network(12, 9, conductance=np.zeros((12, 9)), **changes)
    sources = Sources.zero(circuit)  # nothing but the currents into the nodes drives the array
    volts = draw.uniform(-0.5, 0.5, (2, 1, 12, 9))
    sources = dataclasses.replace(
        sources, word_current=(ratio + 1.0) * mean * volts[0], bit_current=(ratio + 1.0) * mean * volts[1]
    )
    found, steps = solve_nonlinear(circuit, cells, sources)
    assert steps > 1
    voltage = (found.word_voltage - found.bit_voltage)[0]
    np.testing.assert_allclose(found.device_current[0], cells.current_and_slope(voltage)[0], rtol=1e-6, atol=1e-12)
    secant = circuit.replace(conductance=found.device_current[0] / voltage)
    assert_same(circuit, sources, found, solve_direct(secant, sources), tolerance=1e-8)


def test_linear_cells_between_shunted_lines_need_one_step():
    circuit = make_network(12, 9)
    sources = make_sources(circuit)
    for method in (None, "iterative"):
        found, steps = solve_nonlinear(circuit, Resistors(circuit.conductance), sources, method=method)
        assert steps == 1
        assert_same(circuit, sources, found, solve_direct(circuit, sources))


@pytest.mark.parametrize("name", ["word_current", "bit_current"])
def test_only_an_array_without_currents_into_its_nodes_is_at_rest(device, name):
    circuit = make_network(3, 4)
    cells = Junctions(device, np.zeros((3, 4)))
    current = np.zeros((1, 3, 4))
    sources = dataclasses.replace(Sources.zero(circuit), **{name: current})
    found, steps = solve_nonlinear(circuit, cells, sources)
    assert steps == 0
    assert not any(getattr(found, field).any() for field in EVERYTHING)
    current[0, 1, 2] = 1e-3
    found, steps = solve_nonlinear(circuit, cells, dataclasses.replace(sources, **{name: current}))
    assert steps > 0
    assert found.device_current[0, 1, 2] * (1.0 if name == "word_current" else -1.0) > 0.0


def test_currents_out_of_balance_are_noticed(monkeypatch):
    circuit = make_network(3, 4)
    sources = make_sources(circuit)
    found = solve_network(circuit, sources)
    for wrong in (
        dataclasses.replace(sources, word_current=2.0 * sources.word_current),
        dataclasses.replace(sources, bit_current=None),
    ):
        monkeypatch.setattr(Tangents, "solve", lambda *_: found)
        monkeypatch.setattr(SmallNewton, "solve", lambda *_: (found, 1))
        for method in (None, "iterative"):
            with pytest.raises(ConvergenceError, match="the currents of a line do not balance"):
                solve_nonlinear(circuit, Resistors(circuit.conductance), wrong, method=method)


def test_the_graph_shows_shunts_as_edges_to_ground_where_there_are_some():
    circuit = make_network(3, 4, word_shunt=np.array([0.0, 0.5, 0.0]), bit_shunt=np.array([0.0, 0.0, 0.0, 0.2]))
    edges = [
        (first, data)
        for first, second, data in to_networkx(circuit).edges(data=True)
        if ("ground",) in (first, second) and data["kind"] == "shunt"
    ]
    assert sum(data["conductance"] == 0.5 and data["word_line"] == 1 for _, data in edges) == 4
    assert sum(data["conductance"] == 0.2 and data["bit_line"] == 3 for _, data in edges) == 3
    assert len(edges) == 7
    assert ("ground",) not in to_networkx(circuit.replace(word_shunt=None, bit_shunt=None))


def test_a_shunt_is_a_path_to_ground():
    ends = {"word_start": np.full(3, np.inf), "bit_stop": np.full(2, np.inf)}
    shunt = np.array([0.0, 1e-3, 0.0])
    check_connected(make_network(3, 2, **ends, word_shunt=shunt, bit_shunt=None))
    conductance = np.full((3, 2), 0.1)
    conductance[1] = 0.0  # the line with the shunt is connected, the others are not through it
    with pytest.raises(InputError, match="none from word lines 0, 2, bit lines 0, 1"):
        check_connected(make_network(3, 2, conductance=conductance, **ends, word_shunt=shunt, bit_shunt=None))
    with pytest.raises(InputError, match="none from word lines 0, 1, 2, bit lines 0, 1"):
        check_connected(make_network(3, 2, **ends, word_shunt=None, bit_shunt=None))


GOOD = make_network(3, 2)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"word_shunt": np.ones(2)}, r"word_shunt: expected shape \(word lines,\) = \(3,\), got \(2,\)"),
        ({"bit_shunt": np.array([1.0, np.nan])}, "bit_shunt: expected finite S of at least 0, got nan at index 1"),
        ({"word_shunt": np.array([0.0, -1.0, 0.0])}, "word_shunt: expected finite S of at least 0, got -1 at index 1"),
        ({"bit_shunt": np.array([0.0, np.inf])}, "bit_shunt: expected finite S of at least 0, got inf at index 1"),
        ({"bit_shunt": np.array([0.0, 1e-200])}, "bit_shunt: expected 0 or sizes from 1e-100 to 1e"),
        ({"bit_shunt": "much"}, "bit_shunt: expected numbers"),
    ],
)
def test_bad_shunts_are_refused_in_one_line(changes, message):
    with pytest.raises(InputError, match=message) as caught:
        GOOD.replace(**changes)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"word_current": np.ones((3, 2))}, "word_current: expected shape"),
        ({"bit_current": np.ones((1, 2, 3))}, r"bit_current: expected shape .* = \(1, 3, 2\), got \(1, 2, 3\)"),
        ({"bit_current": np.full((1, 3, 2), np.inf)}, "bit_current: expected finite currents, got inf"),
    ],
)
def test_bad_node_currents_are_refused_in_one_line(changes, message):
    with pytest.raises(InputError, match=message):
        dataclasses.replace(Sources.zero(GOOD), **changes)
