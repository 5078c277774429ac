"""Networks whose resistances span many decades, against nodal analysis in eighty decimal digits."""

import decimal
import multiprocessing
import threading
from decimal import Decimal

import numba
import numpy as np
import pytest
from numba.core import event

from compact_model.support.threads import run_with_help
from compact_model.support.validation import ConvergenceError, InputError
from crossbar import Crossbar
from crossbar.network import banded
from crossbar.network.connected import check_connected
from crossbar.network.linear_network import Network, Sources
from crossbar.network.solve import solve_network

METHODS = (None, "banded", "iterative", "direct", "graph")
ENDS = ("word_start", "word_stop", "bit_start", "bit_stop")


def exact(circuit, sources):
    """Voltages of the word and of the bit nodes, and the currents in at the four kinds of ends, as Decimals, lists."""
    words, bits = circuit.shape
    cells = words * bits
    place = [(i, j) for i in range(words) for j in range(bits)]
    with decimal.localcontext(prec=80):
        matrix = [[Decimal(0)] * (2 * cells + 1) for _ in range(2 * cells)]

        def join(a, b, conductance):
            for one, other in ((a, b), (b, a)):
                matrix[one][one] += conductance
                matrix[one][other] -= conductance

        for number, (i, j) in enumerate(place):
            join(number, cells + number, Decimal(circuit.conductance[i, j]))
            if j + 1 < bits:
                join(number, number + 1, 1 / Decimal(circuit.word_segment[i]))
            if i + 1 < words:
                join(cells + number, cells + number + bits, 1 / Decimal(circuit.bit_segment[j]))
        ends = {
            "word_start": [i * bits for i in range(words)],
            "word_stop": [i * bits + bits - 1 for i in range(words)],
            "bit_start": [cells + j for j in range(bits)],
            "bit_stop": [2 * cells - bits + j for j in range(bits)],
        }
        for name, nodes in ends.items():
            for line, node in enumerate(nodes):
                if np.isfinite(resistance := getattr(circuit, name)[line]):
                    matrix[node][node] += 1 / Decimal(resistance)
                    matrix[node][-1] += Decimal(getattr(sources, name)[line, 0]) / Decimal(resistance)
        for pivot in range(2 * cells):  # symmetric and positive: no exchange of rows is needed
            row = matrix[pivot]
            used = [k for k in range(pivot, 2 * cells + 1) if row[k]]
            for other in range(pivot + 1, 2 * cells):
                if factor := matrix[other][pivot] / row[pivot]:
                    for k in used:
                        matrix[other][k] -= factor * row[k]
        voltage = [Decimal(0)] * (2 * cells)
        for pivot in reversed(range(2 * cells)):
            row = matrix[pivot]
            known = sum((row[k] * voltage[k] for k in range(pivot + 1, 2 * cells)), Decimal(0))
            voltage[pivot] = (row[-1] - known) / row[pivot]
        device = [
            Decimal(circuit.conductance[i, j]) * (voltage[number] - voltage[cells + number])
            for number, (i, j) in enumerate(place)
        ]
        currents = {
            name: np.array(
                [
                    float((Decimal(getattr(sources, name)[line, 0]) - voltage[node]) / Decimal(resistance))
                    if np.isfinite(resistance := getattr(circuit, name)[line])
                    else 0.0
                    for line, node in enumerate(nodes)
                ]
            )
            for name, nodes in ends.items()
        }
    tables = [
        np.array([float(each) for each in values]).reshape(words, bits)
        for values in (voltage[:cells], voltage[cells:], device)
    ]
    return tables, currents


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("resistance", [1e3, 1e6, 1e9, 1e12])
@pytest.mark.parametrize("side", ["sense", "driver", "both ends"])
def test_currents_behind_large_resistances_are_those_of_the_ends_own_drop(side, resistance, method):
    draw = np.random.default_rng(3)
    words, bits = 4, 5
    large = np.full(bits, resistance)
    circuit = Network(
        conductance=1.0 / draw.uniform(100.0, 1000.0, (words, bits)),
        word_segment=np.ones(words),
        bit_segment=np.ones(bits),
        word_start=np.full(words, resistance if side == "driver" else 1.0),
        word_stop=np.full(words, np.inf),
        bit_start=large if side == "both ends" else np.full(bits, np.inf),
        bit_stop=large if side != "driver" else np.ones(bits),
    )
    sources = Sources.zero(circuit)
    sources.word_start[:, 0] = draw.uniform(-1.0, 1.0, words)
    sources.bit_start[:, 0] = draw.uniform(-1.0, 1.0, bits)
    found = solve_network(circuit, sources, method=method)
    _, expected = exact(circuit, sources)
    for name in ENDS:
        wrong = getattr(found, f"{name}_current")[0] - expected[name]
        assert np.abs(wrong).max() <= 2e-9 * np.abs(expected[name]).max(), name


def adversarial(seed):
    """A small network with resistances over up to twelve decades; None where a part has no source."""
    draw = np.random.default_rng(seed)
    words, bits = draw.integers(1, 6, 2)
    decades = draw.choice([1.0, 4.0, 8.0, 12.0])

    def spread(count):
        return 10.0 ** draw.uniform(-0.5 * decades, 0.5 * decades, count)

    conductance = spread((words, bits))
    conductance[draw.random((words, bits)) < draw.choice([0.0, 0.3])] = 0.0
    ends = {}
    for name, count in zip(ENDS, (words, words, bits, bits), strict=True):
        ends[name] = spread(count)
        ends[name][draw.random(count) < 0.6] = np.inf
    try:
        circuit = Network(conductance=conductance, word_segment=spread(words), bit_segment=spread(bits), **ends)
        check_connected(circuit)
    except InputError:
        return None
    return circuit, Sources(
        **{
            name: draw.uniform(-1.0, 1.0, (count, 1))
            for name, count in zip(ENDS, (words, words, bits, bits), strict=True)
        }
    )


@pytest.mark.parametrize("method", [None, "banded", "direct", "graph"])
def test_badly_scaled_networks_are_solved_within_the_promise_or_refused(method):
    answered = 0
    for seed in range(120):
        case = adversarial(seed)
        if case is None:
            continue
        circuit, sources = case
        try:
            found = solve_network(circuit, sources, method=method)
        except ConvergenceError:
            continue
        answered += 1
        (word, bit, current), _ = exact(circuit, sources)
        wrong = np.linalg.norm(found.device_current[0] - current)
        allowed = 1e-10 * np.linalg.norm(current)
        if "as accurate as voltages in float64 allow" in found.reason:
            allowed += 1e-14 * np.linalg.norm(circuit.conductance * (np.abs(word) + np.abs(bit)))
        assert wrong <= allowed + 1e-60, (seed, found.reason)
    assert answered >= 60


@pytest.mark.parametrize("volts", [1e-150, 2.9e-272, 5e-324])
def test_voltages_that_vanish_are_zero(volts):
    array = Crossbar(resistance=np.full((2, 2), 50.0), word_line_resistance=1.0, bit_line_resistance=1.0)
    solution = array.solve([volts, -volts])
    assert not solution.bit_line_current.values.any()
    mixed = array.solve([volts, 1.0]).bit_line_current.values
    assert mixed == pytest.approx(array.solve([0.0, 1.0]).bit_line_current.values, rel=1e-12)


def test_an_array_keeps_its_own_copy_of_the_conductances():
    given = np.full((3, 3), 0.02)
    array = Crossbar(conductance=given, word_line_resistance=1.0, bit_line_resistance=1.0)
    before = array.solve(np.ones(3)).bit_line_current.values
    given[:] = 1.0
    assert (array.solve(np.ones(3)).bit_line_current.values == before).all()


@pytest.mark.parametrize(("word_line", "bit_line"), [(1.0, 2.0), (1.0, 0.0), (0.0, 2.0), (0.0, 0.0)])
def test_a_small_array_is_solved_without_compiling_anything(word_line, bit_line):
    compiled = []

    class Listener(event.Listener):
        def on_start(self, event):
            compiled.append(event)

        def on_end(self, event):
            pass

    with event.install_listener("numba:compile", Listener()):
        array = Crossbar(resistance=np.full((8, 8), 50.0), word_line_resistance=word_line, bit_line_resistance=bit_line)
        solution = array.solve(np.ones(8), floating_bit_lines=[2])
    assert solution.attrs["method"] == ("banded" if word_line or bit_line else "direct")
    assert not compiled


def held_and_ideal(seed):
    """A random array with one kind of line ideal or none; ends are open, have resistance or hold their node."""
    draw = np.random.default_rng(seed)
    words, bits = (int(count) for count in draw.integers(1, 7, 2))
    ideal = draw.integers(3)
    segments = [draw.uniform(0.5, 5.0, words), draw.uniform(0.5, 5.0, bits)]
    if ideal < 2:
        segments[ideal][:] = 0.0
    ends = {
        name: draw.choice([0.0, 3.0, np.inf], count)
        for name, count in zip(ENDS, (words, words, bits, bits), strict=True)
    }
    shunts = {}
    if draw.random() < 0.5:
        shunts = {"word_shunt": draw.uniform(0.0, 0.1, words), "bit_shunt": draw.uniform(0.0, 0.1, bits)}
    try:
        circuit = Network(
            conductance=draw.uniform(0.01, 1.0, (words, bits)) * (draw.random((words, bits)) < 0.9),
            word_segment=segments[0],
            bit_segment=segments[1],
            **ends,
            **shunts,
        )
        check_connected(circuit)
    except InputError:
        return None
    volts = {
        name: draw.uniform(-1.0, 1.0, (count, 3)) for name, count in zip(ENDS, (words, words, bits, bits), strict=True)
    }
    fed = {
        name: draw.uniform(-0.1, 0.1, (3, words, bits)) if draw.random() < 0.5 else None
        for name in ("cell_current", "word_current", "bit_current")
    }
    return circuit, Sources(**volts, **fed)


@pytest.mark.parametrize("entrywise", [False, True])
def test_the_band_agrees_with_the_sparse_matrix_where_lines_are_ideal_or_sources_hold_nodes(entrywise):
    compared = set()
    for seed in range(300):
        case = held_and_ideal(seed)
        if case is None or banded.unsupported(case[0]):
            continue
        circuit, sources = case
        found = solve_network(circuit, sources, method="banded", entrywise=entrywise)
        reference = solve_network(circuit, sources, method="direct")
        for name in ("word_voltage", "bit_voltage", "device_current", *(f"{end}_current" for end in ENDS)):
            np.testing.assert_allclose(
                getattr(found, name), getattr(reference, name), rtol=1e-9, atol=1e-11, err_msg=f"{name}, {seed}"
            )
        ideal = not circuit.word_segment.any(), not circuit.bit_segment.any()
        compared.add((*ideal, bool(sources.node_currents()[0].size), bool(circuit.word_shunt.any())))
    assert len(compared) >= 12


def test_one_ideal_line_that_a_source_feeds_divides_its_voltage():
    # 1 V behind 2 Ohm, then two equal branches of 4 + 1 + 1 Ohm side by side: 1 V / (2 + 6 / 2) Ohm in all.
    array = Crossbar(
        resistance=np.full((1, 2), 4.0), driver_resistance=2.0, bit_line_resistance=[1.0, 1.0], sense_resistance=1.0
    )
    found = array.solve([1.0], method="banded")
    assert found.bit_line_current.values[0] == pytest.approx([0.1, 0.1], rel=1e-14)
    assert found.word_line_voltage.values[0, 0] == pytest.approx([0.6, 0.6], rel=1e-14)


def test_the_band_refuses_by_name_what_it_does_not_cover():
    circuit = Network(
        conductance=np.ones((2, 2)),
        word_segment=np.array([0.0, 1.0]),
        bit_segment=np.ones(2),
        word_start=np.ones(2),
        word_stop=np.full(2, np.inf),
        bit_start=np.full(2, np.inf),
        bit_stop=np.ones(2),
    )
    assert banded.unsupported(circuit) == "some wires have no resistance and others do"
    with pytest.raises(InputError, match=r"network: expected one for the banded method, got one where some wires"):
        solve_network(circuit, Sources.zero(circuit), method="banded")


def solve_large():
    array = Crossbar(resistance=np.full((128, 128), 50.0), word_line_resistance=1.0, bit_line_resistance=1.0)
    return array.solve(np.ones(128)).bit_line_current.values


def _report(pipe):
    pipe.send(solve_large())


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="the system cannot fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork.*:DeprecationWarning")
def test_a_forked_child_can_solve_after_its_parent_did():
    before = numba.get_num_threads()
    try:
        numba.set_num_threads(min(2, before))
        expected = solve_large()
        context = multiprocessing.get_context("fork")
        here, there = context.Pipe(duplex=False)
        child = context.Process(target=_report, args=(there,))
        child.start()
        try:
            assert here.poll(60), "the child hangs"
            np.testing.assert_array_equal(here.recv(), expected)
        finally:
            child.kill()
            child.join()
    finally:
        numba.set_num_threads(before)


def test_help_that_has_not_come_is_not_waited_for():
    release, came = threading.Event(), []
    run_with_help(lambda index: came.append(index) if index else None, 3)
    blocked = threading.Thread(target=run_with_help, args=(lambda index: release.wait(10.0), 2))
    blocked.start()
    run_with_help(lambda index: came.append(-1) if index == 0 else None, 8)
    assert -1 in came
    release.set()
    blocked.join()


def test_an_error_of_a_helper_is_raised():
    started = threading.Event()

    def fail(index):
        if index:
            started.set()
            raise InputError("helper: expected nothing, got this")
        assert started.wait(10.0)

    with pytest.raises(InputError, match="helper"):
        run_with_help(fail, 2)
