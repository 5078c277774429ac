"""The crossbar's linear solver: against the direct method, analytic cases and the laws of circuits."""

import ast
import dataclasses
import time
from pathlib import Path

import numba
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from compact_model.support.validation import ConvergenceError, InputError
from crossbar.network import iterative, solve
from crossbar.network.connected import check_connected
from crossbar.network.direct import solve_direct
from crossbar.network.iterative import IterativeSolver, wire_modes
from crossbar.network.linear_network import Network, Sources
from crossbar.network.single_cell import CellUpdates
from crossbar.network.solve import solve_network

FIELDS = ("word_voltage", "bit_voltage", "device_current")
ENDS = ("word_start_current", "word_stop_current", "bit_start_current", "bit_stop_current")


def make_network(words, bits, **changes):
    """36 to 70 Ohm with 1 Ohm wires, driven from the left, grounded at the bottom."""
    draw = np.random.default_rng(words * 1000 + bits)
    arrays = {
        "conductance": 1.0 / draw.uniform(36.0, 70.0, (words, bits)),
        "word_segment": np.ones(words),
        "bit_segment": np.ones(bits),
        "word_start": np.ones(words),
        "word_stop": np.full(words, np.inf),
        "bit_start": np.full(bits, np.inf),
        "bit_stop": np.ones(bits),
    }
    return Network(**(arrays | changes))


def make_sources(circuit, inputs=1, seed=0):
    draw = np.random.default_rng(seed)
    words, bits = circuit.shape
    return Sources(
        word_start=draw.uniform(-1.0, 1.0, (words, inputs)),
        word_stop=draw.uniform(-1.0, 1.0, (words, inputs)),
        bit_start=draw.uniform(-1.0, 1.0, (bits, inputs)),
        bit_stop=draw.uniform(-1.0, 1.0, (bits, inputs)),
    )


def norm(values):
    """The norm over the array, for each input."""
    return np.sqrt((values**2).sum(axis=(1, 2)))


def floor(circuit, solution):
    """What voltages in float64 can say of the currents, per input: G (|w| + |b|) in the norm."""
    finite = np.where(np.isinf(circuit.conductance), 0.0, circuit.conductance)
    return norm(finite * (np.abs(solution.word_voltage) + np.abs(solution.bit_voltage)))


def assert_same_currents(circuit, found, expected, tolerance=1e-10):
    error = norm(found.device_current - expected.device_current)
    allowed = tolerance * norm(expected.device_current) + 1e-14 * floor(circuit, expected) + 1e-300
    assert (error <= allowed).all(), f"{(error / allowed).max():.2g} times the error allowed; {found.reason}"


@st.composite
def circuits(draw, ideal=False):
    """Networks of every kind of boundary, and sources for two inputs."""
    words, bits = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    decades = draw(st.sampled_from([0, 1, 4, 12]))
    conductance = 10.0 ** random.uniform(-2.0 - 0.5 * decades, -2.0 + 0.5 * decades, (words, bits))
    opened = draw(st.sampled_from([0.0, 0.0, 0.1, 0.9]))
    conductance[random.random((words, bits)) < opened] = 0.0

    def segments(count):
        kind = draw(st.sampled_from(["ideal", "equal", "unequal"] + (["some ideal"] if ideal else [])))
        if kind == "ideal":
            return np.zeros(count)
        values = np.full(count, 10.0 ** draw(st.floats(-8.0, 4.0)))
        if kind != "equal":
            values *= 10.0 ** random.uniform(-0.5, 0.5, count)
        if kind == "some ideal":
            values[random.random(count) < 0.5] = 0.0
        return values

    def ends(count):
        kind = draw(st.sampled_from(["open", "held", "driven", "driven", "some open", "some held"]))
        if kind == "open":
            return np.full(count, np.inf)
        if kind == "held":
            return np.zeros(count)
        values = 10.0 ** (draw(st.floats(-6.0, 6.0)) + random.uniform(-1.0, 1.0, count))
        if kind != "driven":
            values[random.random(count) < 0.5] = np.inf if kind == "some open" else 0.0
        return values

    try:
        circuit = Network(
            conductance=conductance,
            word_segment=segments(words),
            bit_segment=segments(bits),
            word_start=ends(words),
            word_stop=ends(words),
            bit_start=ends(bits),
            bit_stop=ends(bits),
        )
        check_connected(circuit)
    except InputError:  # a short between two sources, or a part without one
        assume(False)
    return circuit, make_sources(circuit, 2, seed=draw(st.integers(0, 2**32 - 1)))


@given(circuits())
def test_the_iterative_and_the_direct_method_agree(case):
    circuit, sources = case
    assume(not iterative.unsupported(circuit))
    expected = solve_direct(circuit, sources)
    assert_same_currents(circuit, solve_network(circuit, sources), expected)


@given(circuits(ideal=True))
def test_kirchhoff_and_tellegen_hold_for_whichever_method_is_chosen(case):
    circuit, sources = case
    found = solve_network(circuit, sources)
    current = found.device_current
    into_words = found.word_start_current + found.word_stop_current
    into_bits = found.bit_start_current + found.bit_stop_current
    size = np.abs(current)
    through_ends = sum(np.abs(getattr(found, name)).sum(axis=1) for name in ENDS)
    slack = 1e-13 * (size.sum(axis=(1, 2)) + through_ends) + 1e-300
    # A line without an end passes on what it gets as well as its nodes' voltages say; so does one whose end has so much
    # resistance that its current is a small rest of the devices'.
    unbound = (1e-9 * norm(current) + 1e-13 * floor(circuit, found)) * np.sqrt(current[0].size)
    for left, along, start, stop in (
        (into_words - current.sum(axis=2), size.sum(axis=2), circuit.word_start, circuit.word_stop),
        (into_bits + current.sum(axis=1), size.sum(axis=1), circuit.bit_start, circuit.bit_stop),
    ):
        open_lines = np.isinf(start) & np.isinf(stop)
        finite = [np.where(np.isinf(end), 0.0, end) for end in (start, stop)]
        loose = open_lines | (along * np.maximum(*finite) > 0.1)
        assert (np.abs(left) <= slack[:, None] + np.where(loose, unbound[:, None], 0.0)).all()
    # Tellegen: the power of the sources is that of the cells, the wires and the ends.  With all end currents from the
    # devices' and all wire currents from those, nothing here knows the node voltages but the cells.
    delivered, used = np.zeros(2), np.zeros(2)
    for name in ENDS:
        through, volts = getattr(found, name), getattr(sources, name.removesuffix("_current")).T
        resistance = getattr(circuit, name.removesuffix("_current"))
        used += (through**2 * np.where(np.isinf(resistance), 0.0, resistance)).sum(axis=1)
        delivered += (through * volts).sum(axis=1)
    along_words = found.word_start_current[:, :, None] - np.cumsum(current, axis=2)[:, :, :-1]
    along_bits = found.bit_start_current[:, None, :] + np.cumsum(current, axis=1)[:, :-1, :]
    used += (along_words**2 * circuit.word_segment[:, None]).sum(axis=(1, 2))
    used += (along_bits**2 * circuit.bit_segment).sum(axis=(1, 2))
    used += (current * (found.word_voltage - found.bit_voltage)).sum(axis=(1, 2))
    scale = used + np.abs(delivered) + 1e-300
    volts = max(np.abs(getattr(sources, name.removesuffix("_current"))).max() for name in ENDS)
    allowed = 1e-9 * scale + volts * (1e-9 * norm(current) + 1e-13 * floor(circuit, found)) * np.sqrt(current[0].size)
    assert (np.abs(delivered - used) <= allowed + 1e-13 * volts * through_ends).all()


@given(circuits(ideal=True))
def test_exchanging_words_and_bits_changes_the_sign_alone(case):
    circuit, sources = case
    one = solve_network(circuit, sources)
    other = solve_network(circuit.transposed(), sources.transposed())
    error = norm(one.device_current + other.device_current.transpose(0, 2, 1))
    assert (error <= 3e-10 * norm(one.device_current) + 3e-14 * floor(circuit, one) + 1e-300).all()


def test_ideal_wires_give_the_matrix_product():
    ideal = dict.fromkeys(("word_segment", "word_start"), np.zeros(20)) | dict.fromkeys(
        ("bit_segment", "bit_stop"), np.zeros(13)
    )
    circuit = make_network(20, 13, **ideal)
    sources = make_sources(circuit, 4)
    found = solve_network(circuit, sources)
    across = sources.word_start.T[:, :, None] - sources.bit_stop.T[:, None, :]
    np.testing.assert_allclose(found.device_current, circuit.conductance * across, rtol=1e-14)
    np.testing.assert_allclose(found.bit_stop_current, -(circuit.conductance * across).sum(axis=1), rtol=1e-13)
    assert found.reason == "no wire has resistance"


@pytest.mark.parametrize("method", ["iterative", "direct"])
@pytest.mark.parametrize("resistance", [1e-6, 0.3, 50.0, 1e6])
def test_one_word_line_follows_the_hyperbolic_cosine(method, resistance):
    bits = 30
    circuit = make_network(1, bits, conductance=np.full((1, bits), 1.0 / resistance), bit_stop=np.zeros(bits))
    sources = Sources.zero(circuit)
    sources.word_start[:] = 1.0
    found = solve_network(circuit, sources, method=method, tolerance=1e-13)
    theta = 2.0 * np.arcsinh(0.5 / np.sqrt(resistance))
    # cosh(a)/cosh(b), written so that neither overflows
    a, b = theta * (bits - 0.5 - np.arange(bits)), theta * (bits + 0.5)
    expected = np.exp(a - b) * (1.0 + np.exp(-2.0 * a)) / (1.0 + np.exp(-2.0 * b))
    np.testing.assert_allclose(found.word_voltage[0, 0], expected, rtol=1e-11)


@pytest.mark.parametrize("method", ["iterative", "direct"])
def test_a_long_ladder_of_equal_resistors_shows_the_golden_ratio(method):
    circuit = make_network(1, 60, conductance=np.ones((1, 60)), bit_stop=np.zeros(60))
    sources = Sources.zero(circuit)
    sources.word_start[:] = 1.0
    found = solve_network(circuit, sources, method=method, tolerance=1e-13)
    assert found.word_start_current[0, 0] == pytest.approx(2.0 / (1.0 + np.sqrt(5.0)), rel=1e-13)


def test_two_cells_by_hand():
    # 1 V - 1 Ohm - node - (4 Ohm, 2 Ohm to ground through 1 Ohm each, 3 Ohm of wire before the second)
    circuit = Network(
        conductance=np.array([[1 / 4, 1 / 2]]),
        word_segment=np.array([3.0]),
        bit_segment=np.array([9.0, 9.0]),
        word_start=np.array([1.0]),
        word_stop=np.array([np.inf]),
        bit_start=np.array([np.inf, 1.0]),
        bit_stop=np.array([1.0, np.inf]),
    )
    sources = Sources(
        word_start=np.ones((1, 1)), word_stop=np.ones((1, 1)), bit_start=np.zeros((2, 1)), bit_stop=np.zeros((2, 1))
    )
    near, far = 5.0, 6.0
    total = 1.0 / (1.0 + near * far / (near + far))
    for method in ("iterative", "direct"):
        found = solve_network(circuit, sources, method=method)
        assert found.device_current[0, 0] == pytest.approx([total * far / 11, total * near / 11], rel=1e-14)
        assert found.word_start_current[0, 0] == pytest.approx(total, rel=1e-14)
        assert found.bit_stop_current[0] == pytest.approx([-total * far / 11, 0.0], rel=1e-14)
        assert found.bit_start_current[0] == pytest.approx([0.0, -total * near / 11], rel=1e-14)


@pytest.mark.parametrize("resistance", [1e-12, 1e-8, 1e-3])
def test_end_currents_keep_their_digits_as_the_wires_become_ideal(resistance):
    lines = dict.fromkeys(("word_segment", "word_start", "word_stop"), np.full(12, resistance))
    lines |= dict.fromkeys(("bit_segment", "bit_stop"), np.full(9, resistance))
    circuit = make_network(12, 9, **lines)
    sources = Sources.zero(circuit)
    sources.word_start[:] = sources.word_stop[:] = 1.0
    found = solve_network(circuit, sources)
    cells = circuit.conductance.sum(axis=1)
    drop = 100 * resistance  # at most some twenty segments of wire under the 12 cells of 0.03 S
    np.testing.assert_allclose(found.word_start_current[0] + found.word_stop_current[0], cells, rtol=drop + 1e-13)
    share = (circuit.conductance * (9 - np.arange(9))).sum(axis=1) / 10.0  # by the lever rule of an ideal wire
    np.testing.assert_allclose(found.word_start_current[0], share, rtol=drop + 1e-13)


@pytest.mark.parametrize("tolerance", [1e-3, 1e-6, 1e-9, 1e-12])
@pytest.mark.parametrize("scale", [1.0, 300.0])
def test_the_tolerance_is_kept_and_the_residual_is_the_error(tolerance, scale):
    circuit = make_network(60, 45)
    circuit = circuit.replace(conductance=circuit.conductance / scale)
    sources = make_sources(circuit, 3)
    found = solve_network(circuit, sources, tolerance=tolerance)
    expected = solve_direct(circuit, sources)
    error = (norm(found.device_current - expected.device_current) / norm(expected.device_current)).max()
    assert found.residual <= tolerance
    assert error <= found.residual + 1e-14


def test_the_entrywise_option_keeps_small_currents():
    words, bits = 24, 400  # the last bit line gets 1e-11 of the first one's current
    circuit = make_network(words, bits, conductance=np.full((words, bits), 0.05))
    sources = Sources.zero(circuit)
    sources.word_start[:] = np.linspace(0.5, 1.0, words)[:, None]
    expected = solve_direct(circuit, sources).bit_stop_current
    assert np.abs(expected).max() > 1e10 * np.abs(expected).min()
    in_norm = solve_network(circuit, sources, tolerance=1e-10).bit_stop_current
    entrywise = solve_network(circuit, sources, tolerance=1e-10, entrywise=True, method="iterative").bit_stop_current
    assert np.abs(entrywise / expected - 1.0).max() < 1e-9
    assert np.abs(in_norm / expected - 1.0).max() > 1e-5  # or the option would be for nothing


@given(circuits(ideal=True))
def test_what_one_source_drives_through_another_end_is_the_same_backwards(case):
    circuit, _ = case
    ends = [
        (name, line)
        for name in ("word_start", "bit_stop", "word_stop", "bit_start")
        for line in np.flatnonzero(np.isfinite(getattr(circuit, name)))[-1:]
    ]
    assume(len(ends) > 1)
    (first, i), (second, j) = ends[:2]
    sources = Sources.zero(circuit, 2)
    getattr(sources, first)[i, 0] = 1.0
    getattr(sources, second)[j, 1] = 1.0
    found = solve_network(circuit, sources)
    forward = getattr(found, f"{second}_current")[0, j]
    backward = getattr(found, f"{first}_current")[1, i]
    allowed = 1e-9 * norm(found.device_current).max() + 1e-13 * floor(circuit, found).max() + 1e-300
    assert abs(forward - backward) <= allowed * np.sqrt(circuit.conductance.size)


@pytest.mark.parametrize("exchanged", [False, True])
def test_current_sources_beside_the_cells_are_the_same_to_every_method(exchanged):
    circuit = make_network(9, 14)
    sources = make_sources(circuit, 2)
    beside = 1e-3 * np.random.default_rng(8).standard_normal((2, *circuit.shape))
    sources = dataclasses.replace(sources, cell_current=beside)
    if exchanged:
        circuit, sources = circuit.transposed(), sources.transposed()
    found = [solve_network(circuit, sources, method=method) for method in ("iterative", "direct", "graph")]
    for name in ("device_current", "word_voltage", "bit_voltage", *ENDS):
        for other in found[1:]:
            expected = getattr(other, name)
            error = np.linalg.norm(getattr(found[0], name) - expected)
            assert error <= 1e-9 * np.linalg.norm(expected) + 1e-15, name


@given(circuits(ideal=True), st.floats(-3.0, 3.0))
def test_the_answer_to_a_sum_of_inputs_is_the_sum_of_the_answers(case, weight):
    circuit, sources = case
    mixed = Sources(
        **{
            name: np.column_stack([values, values[:, 0] + weight * values[:, 1]])
            for name, values in vars(sources).items()
            if values is not None
        }
    )
    found = solve_network(circuit, mixed)
    sums = found.device_current[0] + weight * found.device_current[1]
    error = np.linalg.norm(found.device_current[2] - sums)
    sizes, floors = norm(found.device_current), floor(circuit, found)
    allowed = 1e-10 * sizes + 1e-14 * floors
    assert error <= 2.0 * (allowed[0] + abs(weight) * allowed[1] + allowed[2]) + 1e-300


@pytest.mark.parametrize("inputs", [1, 3])
@pytest.mark.parametrize("entrywise", [False, True])
def test_the_number_of_threads_changes_no_bit(inputs, entrywise):
    circuit = make_network(130, 101)
    sources = make_sources(circuit, inputs)
    runs = []
    before = numba.get_num_threads()
    try:
        for threads in sorted({1, min(2, before), before}):
            numba.set_num_threads(threads)
            runs.append(solve_network(circuit, sources, entrywise=entrywise))
    finally:
        numba.set_num_threads(before)
    for run in runs[1:]:
        for name in FIELDS + ENDS:
            np.testing.assert_array_equal(getattr(run, name), getattr(runs[0], name))


def test_several_inputs_at_once_give_what_each_gives_alone():
    circuit = make_network(130, 101)
    sources = make_sources(circuit, 3)
    together = solve_network(circuit, sources)
    for index in range(3):
        single = solve_network(circuit, sources.input(index))
        np.testing.assert_allclose(together.device_current[index], single.device_current[0], rtol=0, atol=1e-12)


def test_a_warm_start_gives_the_same_answer_in_fewer_iterations():
    circuit = make_network(70, 50)
    sources = make_sources(circuit, 2)
    solver = IterativeSolver(circuit)
    first = solver.solve(sources)
    assert solver.solve(sources, start=first).iterations == 0
    changed = circuit.conductance * np.random.default_rng(1).uniform(0.999, 1.001, circuit.shape)
    solver.set_conductance(changed)
    warm, cold = solver.solve(sources, tolerance=1e-6, start=first), solver.solve(sources, tolerance=1e-6)
    assert warm.iterations < cold.iterations
    expected = solve_direct(circuit.replace(conductance=changed), sources)
    assert_same_currents(circuit, solver.solve(sources, start=first), expected)


def test_changed_cells_count_in_the_solver_whichever_lines_it_eliminates():
    for words, bits in ((1.0, 1.0), (50.0, 0.1), (0.1, 50.0), (50.0, 0.0)):
        circuit = make_network(9, 17, word_segment=np.full(9, words), bit_segment=np.full(17, bits))
        sources = make_sources(circuit)
        solver = IterativeSolver(circuit)
        other = circuit.conductance[::-1, ::-1] * 30.0
        solver.set_conductance(other)
        assert_same_currents(circuit, solver.solve(sources), solve_direct(circuit.replace(conductance=other), sources))


@pytest.mark.parametrize("words", [1, 2, 15, 16, 17, 130])
@pytest.mark.parametrize("bits", [1, 2, 63, 65, 103])
def test_sizes_around_the_blocks_of_the_kernels(words, bits):
    circuit = make_network(words, bits)
    sources = make_sources(circuit, 2)
    assert_same_currents(circuit, solve_network(circuit, sources), solve_direct(circuit, sources))


@pytest.mark.parametrize("held", [False, True])
def test_iterations_do_not_grow_with_the_size(held):
    counts = []
    for size in (64, 512):
        ends = {"word_start": np.zeros(size), "bit_stop": np.zeros(size)} if held else {}
        circuit = make_network(size, size, **ends)
        counts.append(solve_network(circuit, make_sources(circuit)).iterations)
    assert counts[1] <= counts[0] + 2 <= 8


@pytest.mark.parametrize(
    ("start", "stop"), [(0.0, 0.0), (0.5, np.inf), (0.0, 3.0), (2.0, 2.0), (np.inf, np.inf), (0, 0.3)]
)
@pytest.mark.parametrize("nodes", [2, 3, 20])
def test_the_modes_of_a_wire_diagonalise_it(start, stop, nodes):
    matrix = np.diag(np.full(nodes, 2.0)) - np.diag(np.ones(nodes - 1), 1) - np.diag(np.ones(nodes - 1), -1)
    matrix[0, 0] += start - 1.0
    matrix[-1, -1] += stop - 1.0
    free = slice(int(np.isinf(start)), nodes - int(np.isinf(stop)))  # a node that is held has no equation
    expected = np.linalg.eigvalsh(matrix[free, free])
    expected = expected[expected < 4.0]  # the one that a strong end adds on top is not among the slow ones
    modes, values = wire_modes(nodes, expected.size, start, stop)
    np.testing.assert_allclose(values, expected, atol=1e-9)
    np.testing.assert_allclose(modes.T @ modes, np.eye(expected.size), atol=1e-9)
    np.testing.assert_allclose(np.delete(modes, range(nodes)[free], axis=0), 0.0, atol=1e-9)


# Where the iterative method does not do


def test_a_mixture_of_ideal_and_other_wires_is_solved_directly():
    segments = np.ones(8)
    segments[::2] = 0.0
    circuit = make_network(8, 6, word_segment=segments)
    found = solve_network(circuit, make_sources(circuit))
    assert (found.method, found.reason) == ("direct", "some wires have no resistance and others do")
    # and it is the limit of small resistances
    near = circuit.replace(word_segment=np.where(segments == 0.0, 1e-9, segments))
    np.testing.assert_allclose(
        found.device_current, solve_network(near, make_sources(circuit)).device_current, rtol=1e-6, atol=1e-12
    )


@pytest.mark.parametrize("side", ["word_segment", "bit_segment", None])
def test_a_shorted_cell_is_the_limit_of_a_large_conductance(side):
    circuit = make_network(7, 5)
    if side:
        circuit = circuit.replace(**{side: np.zeros(7 if side[0] == "w" else 5)})
    values = circuit.conductance.copy()
    values[3, 2] = values[0, 0] = np.inf
    shorted = circuit.replace(conductance=values)
    sources = make_sources(circuit, 2)
    found = solve_network(shorted, sources)
    assert found.reason == "a cell is shorted"
    near = circuit.replace(conductance=np.where(np.isinf(values), 1e9, values))
    expected = solve_direct(near, sources)
    for name in FIELDS + ENDS:
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=0.0, atol=1e-5)


def test_an_iteration_that_stops_short_is_finished_by_the_direct_method(monkeypatch):
    monkeypatch.setattr(iterative, "_MOST_ITERATIONS", 1)
    circuit = make_network(30, 20)
    found = solve_network(circuit, make_sources(circuit))
    assert found.method == "direct"
    assert found.reason.startswith("the iterative method stopped at ")
    assert_same_currents(circuit, found, solve_direct(circuit, make_sources(circuit)), 1e-12)
    with pytest.raises(ConvergenceError, match="the iterative method ended at an error of"):
        solve_network(circuit, make_sources(circuit), method="iterative")
    monkeypatch.setattr(solve, "available_memory", lambda: 1000)
    with pytest.raises(ConvergenceError, match="the direct one would need"):
        solve_network(circuit, make_sources(circuit))


# Single cells


@pytest.mark.parametrize("factor", [0.0, 0.3, 7.0, 1e6])
@pytest.mark.parametrize("cells", [[(2, 3)], [(0, 0), (10, 7), (2, 3)]])
@pytest.mark.parametrize("segment", [1.0, 0.0])
def test_an_update_of_cells_is_a_fresh_solve(factor, cells, segment):
    circuit = make_network(11, 8, word_segment=np.full(11, segment))
    sources = make_sources(circuit, 2)
    updates = CellUpdates(circuit, sources, solve_network(circuit, sources, tolerance=1e-13), cells)
    changed = circuit.conductance.copy()
    rows, columns = np.array(cells).T
    changed[rows, columns] *= factor
    expected = solve_direct(circuit.replace(conductance=changed), sources)
    found = updates.update(changed[rows, columns])
    for name in ENDS:
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=1e-9, atol=1e-12)
    for name in FIELDS:
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name)[:, rows, columns], atol=1e-9)
    for one, other in zip(updates.voltages(found), (expected.word_voltage, expected.bit_voltage), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-11)


def test_a_cell_can_be_shorted_by_an_update():
    circuit = make_network(6, 5)
    sources = make_sources(circuit, 2)
    values = circuit.conductance.copy()
    values[2, 3] = values[4, 4] = np.inf
    expected = solve_direct(circuit.replace(conductance=values), sources)
    updates = CellUpdates(circuit, sources, solve_network(circuit, sources, tolerance=1e-13), [(2, 3), (4, 4), (0, 0)])
    found = updates.update([np.inf, np.inf, circuit.conductance[0, 0]])
    for name in ENDS:
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found.device_current, expected.device_current[:, [2, 4, 0], [3, 4, 0]], rtol=1e-8)


def test_updates_work_where_only_the_direct_method_does():
    segments = np.array([0.0, 1.0, 1.0, 0.0])
    circuit = make_network(4, 5, word_segment=segments)
    sources = make_sources(circuit)
    found = CellUpdates(circuit, sources, solve_network(circuit, sources), (1, 2)).update([0.5])
    changed = circuit.conductance.copy()
    changed[1, 2] = 0.5
    expected = solve_direct(circuit.replace(conductance=changed), sources)
    np.testing.assert_allclose(found.word_start_current, expected.word_start_current, rtol=1e-11)


def test_opening_the_last_path_of_a_line_is_refused_by_name():
    conductance = np.full((3, 3), 0.1)
    conductance[1, 1:] = 0.0
    circuit = make_network(3, 3, conductance=conductance, word_start=np.array([1.0, np.inf, 1.0]))
    sources = make_sources(circuit)
    updates = CellUpdates(circuit, sources, solve_network(circuit, sources), (1, 0))
    with pytest.raises(InputError, match="word line 1"):
        updates.update([0.0])


# Bad input

GOOD = make_network(3, 2)
NAN = np.array([[0.1, 0.1], [0.1, np.nan], [0.1, 0.1]])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"conductance": NAN},
            r"conductance: expected S of at least 0, inf for a shorted cell, got nan at index \(1, 1\)",
        ),
        ({"conductance": -GOOD.conductance}, "conductance: expected S of at least 0"),
        ({"conductance": np.ones(3)}, r"conductance: expected shape \(word lines, bit lines\)"),
        ({"conductance": np.ones((0, 2))}, "at least one of each"),
        ({"conductance": "many"}, "conductance: expected numbers"),
        ({"conductance": np.ones((3, 2), dtype=bool)}, "conductance: expected numbers"),
        ({"word_segment": np.ones(2)}, r"word_segment: expected shape \(word lines,\) = \(3,\), got \(2,\)"),
        ({"word_segment": np.array([1.0, np.inf, 1.0])}, "word_segment: expected finite Ohm.*got inf at index 1"),
        ({"bit_segment": np.array([1.0, -1.0])}, "bit_segment: expected finite Ohm of at least 0, got -1 at index 1"),
        ({"bit_start": np.array([np.nan, 1.0])}, "bit_start: expected Ohm of at least 0, inf for an open end, got nan"),
        ({"word_start": np.array([1.0, -2.0, 1.0])}, "word_start: expected Ohm.*got -2 at index 1"),
        (
            {"word_segment": np.zeros(3), "word_start": np.zeros(3), "word_stop": np.array([1.0, 0.0, 1.0])},
            "word_stop: expected some resistance between the two sources of word line 1",
        ),
    ],
)
def test_a_bad_network_is_refused_in_one_line(changes, message):
    with pytest.raises(InputError, match=message) as caught:
        GOOD.replace(**changes)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"word_start": np.ones(3)}, "word_start: expected voltages of shape"),
        ({"word_start": np.ones((3, 0))}, "at least one"),
        ({"word_stop": np.ones((3, 2))}, r"word_stop: expected shape \(word lines, inputs\) = \(3, 1\), got \(3, 2\)"),
        ({"bit_stop": np.full((2, 1), np.nan)}, r"bit_stop: expected finite voltages, got nan at index \(0, 0\)"),
        ({"bit_start": np.ones((3, 1))}, "bit_stop: expected shape"),
    ],
)
def test_bad_sources_are_refused_in_one_line(changes, message):
    with pytest.raises(InputError, match=message):
        Sources(**(vars(Sources.zero(GOOD)) | changes))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tolerance": 1e-16}, "tolerance: expected at least 1e-15, the round-off of float64, got 1e-16"),
        ({"tolerance": 0.0}, "tolerance: expected a number above 0"),
        ({"tolerance": "small"}, "tolerance: expected a number"),
        ({"method": "iterativ"}, "method: expected one of 'iterative', 'direct'.*did you mean 'iterative'"),
        ({"start": 1.0}, "start: expected a NetworkSolution, got float"),
    ],
)
def test_bad_options_are_refused_in_one_line(options, message):
    with pytest.raises(InputError, match=message):
        solve_network(GOOD, Sources.zero(GOOD), **options)


def test_sources_and_starts_of_another_shape_are_refused():
    other = make_network(2, 3)
    with pytest.raises(InputError, match="sources: expected voltages for 3 word lines and 2 bit lines"):
        solve_network(GOOD, Sources.zero(other))
    with pytest.raises(InputError, match="start: expected a solution of shape"):
        solve_network(GOOD, Sources.zero(GOOD), start=solve_network(other, Sources.zero(other)))


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ([(3, 0)], r"cells: expected cells of a 3 x 2 array, got \(3, 0\)"),
        ([(0, 0), (0, 0)], "cells: expected each cell once"),
        ([(0.5, 0)], "cells: expected pairs"),
        ([], "cells: expected pairs"),
    ],
)
def test_bad_cells_are_refused(cells, message):
    sources = Sources.zero(GOOD)
    with pytest.raises(InputError, match=message):
        CellUpdates(GOOD, sources, solve_network(GOOD, sources), cells)


@pytest.mark.parametrize("values", [[1.0, 2.0], [-1.0], [np.nan]])
def test_bad_new_conductances_are_refused(values):
    sources = Sources.zero(GOOD)
    with pytest.raises(InputError, match="conductances: expected 1 numbers of at least 0"):
        CellUpdates(GOOD, sources, solve_network(GOOD, sources), (0, 0)).update(values)


def test_a_part_without_a_path_to_a_source_is_named():
    conductance = np.zeros((6, 5))
    conductance[:4, :3] = 1.0
    conductance[4:, 3:] = 1.0
    floating = make_network(6, 5, conductance=conductance)
    floating = floating.replace(
        word_start=np.array([1.0, 1.0, 1.0, 1.0, np.inf, np.inf]),
        bit_stop=np.array([np.inf, np.inf, 1.0, np.inf, np.inf]),
    )
    for method in ("iterative", "direct", None):
        with pytest.raises(InputError, match=r"none from word lines 4, 5, bit lines 3, 4, cells \(4, 3\), \(4, 4\)"):
            solve_network(floating, Sources.zero(floating), method=method)
    conductance[5, 2] = 1e-9  # one weak cell joins the two parts
    check_connected(floating.replace(conductance=conductance))


def test_a_long_chain_of_cells_is_a_path():
    size = 60
    conductance = np.eye(size) + np.eye(size, k=1)
    ends = np.full(size, np.inf)
    one = ends.copy()
    one[0] = 1.0
    circuit = make_network(size, size, conductance=conductance, word_start=one, bit_stop=ends)
    check_connected(circuit)
    sources = Sources.zero(circuit)
    sources.word_start[0] = 1.0
    found = solve_network(circuit, sources)
    np.testing.assert_allclose(found.bit_voltage, 1.0, rtol=1e-9)  # no current flows, all is at the source's voltage
    conductance[30, 30] = conductance[30, 31] = 0.0
    with pytest.raises(InputError, match="word line"):
        check_connected(circuit.replace(conductance=conductance))


def test_connection_of_a_large_array_is_found_in_a_moment():
    size = 2000
    conductance = np.zeros((size, size))
    conductance[:, 0] = 1.0
    conductance[0, :] = 1.0
    ends = np.full(size, np.inf)
    one = ends.copy()
    one[0] = 1.0
    circuit = make_network(size, size, conductance=conductance, word_start=one, bit_stop=ends)
    check_connected(circuit)
    begin = time.perf_counter()
    check_connected(circuit)
    assert time.perf_counter() - begin < 1.0


def test_sources_shorted_together_are_named():
    values = np.ones((2, 2))
    values[1, 0] = np.inf
    ideal = make_network(
        2,
        2,
        conductance=values,
        word_segment=np.zeros(2),
        word_start=np.zeros(2),
        bit_stop=np.zeros(2),
        bit_segment=np.zeros(2),
    )
    with pytest.raises(InputError, match=r"got a short from \w+ \d to \w+ \d"):
        solve_network(ideal, make_sources(ideal))


def test_a_size_beyond_the_memory_is_refused_with_both_numbers(monkeypatch):
    circuit = make_network(1300, 1300)
    monkeypatch.setattr("compact_model.support.memory.available_memory", lambda: 10 * 2**20)
    with pytest.raises(InputError, match=r"needs 0\.\d+ GiB where 0\.00977 GiB are available"):
        solve_network(circuit, Sources.zero(circuit))
    with pytest.raises(InputError, match="the direct method needs"):
        solve_network(circuit, Sources.zero(circuit), method="direct")


def test_no_source_on_means_no_current():
    found = solve_network(GOOD, Sources.zero(GOOD))
    assert all((getattr(found, name) == 0.0).all() for name in FIELDS + ENDS)
    assert found.converged


def test_the_kernels_import_nothing_from_outside_kernels():
    for path in (Path(iterative.__file__).parent / "kernels").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.level != 1:
                allowed = {
                    "typing",
                    "numba",
                    "numpy.typing",
                    "compact_model.kernels.jit",
                    "compact_model.kernels.junction",
                    "compact_model.kernels.tables",
                }
                assert node.level == 0, path
                assert node.module in allowed, f"{path} imports {node.module}"
