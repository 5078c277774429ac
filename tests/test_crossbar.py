"""The array as its users meet it: conventions, schemes, non-linear cells, graphs, netlists and the peer's shapes."""

import copy
import json
import pickle
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from compact_model import ConvergenceError, InputError, lequeux2016, resistance, single_well
from compact_model.device.published import lequeux2016_track
from crossbar import (
    SCHEMES,
    Bias,
    Cells,
    Crossbar,
    DiodeSelector,
    DomainWalls,
    ExponentialSelector,
    Faults,
    Junctions,
    MosTransistor,
    Resistors,
    Selected,
    ThresholdSelector,
    Transistor,
    TransistorCrossbar,
    badcrossbar,
    bias,
    device_levels,
    map_weights,
    sneak_paths,
    to_networkx,
)

DEVICE = lequeux2016()


def random_array(rows, columns, seed=0, **wires):
    draw = np.random.default_rng(seed)
    options = {"word_line_resistance": 1.0, "bit_line_resistance": 2.0} | wires
    return Crossbar(resistance=draw.uniform(36.0, 70.0, (rows, columns)), **options)


def test_a_crossbar_is_inputs_times_outputs():
    # Two word lines, three bit lines, ideal wires: currents = voltages @ G, and nothing is transposed.
    conductance = np.array([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]])
    solution = Crossbar(conductance=conductance).solve([1.0, 0.1])
    assert solution.bit_line_current.dims == ("input", "bit_line")
    assert solution.bit_line_current.values == pytest.approx(np.array([1.0, 0.1]) @ conductance[np.newaxis])
    assert solution.device_current.values[0] == pytest.approx(conductance * [[1.0], [0.1]])


def test_every_segment_counts_also_the_first_and_the_last():
    # One cell: driver, word segment, cell, bit segment, sense.
    solution = Crossbar(
        resistance=[[100.0]],
        word_line_resistance=3.0,
        bit_line_resistance=5.0,
        driver_resistance=7.0,
        sense_resistance=11.0,
    ).solve(1.0)
    current = 1.0 / (100.0 + 3.0 + 5.0 + 7.0 + 11.0)
    assert float(solution.bit_line_current[0, 0]) == pytest.approx(current, rel=1e-14)
    assert float(solution.word_line_voltage[0, 0, 0]) == pytest.approx(1.0 - 10.0 * current, rel=1e-14)
    assert float(solution.bit_line_voltage[0, 0, 0]) == pytest.approx(16.0 * current, rel=1e-14)
    assert float(solution.power[0]) == pytest.approx(current, rel=1e-14)


def test_word_lines_are_driven_from_the_left_and_bit_lines_sensed_at_the_bottom():
    solution = Crossbar(resistance=np.full((3, 3), 50.0), word_line_resistance=1.0, bit_line_resistance=1.0).solve(
        np.ones(3)
    )
    word, bit = solution.word_line_voltage.values[0], solution.bit_line_voltage.values[0]
    assert np.all(np.diff(word, axis=1) < 0.0)  # falls to the right
    assert np.all(np.diff(bit, axis=0) < 0.0)  # falls towards the bottom
    assert np.all(solution.device_current > 0.0)  # from the word line to the bit line


@pytest.mark.parametrize("ends", ["start", "stop", "both"])
def test_the_other_end_is_the_mirror_image(ends):
    array = random_array(5, 4, word_line_ends=ends, bit_line_ends=ends)
    mirrored = Crossbar(
        conductance=np.asarray(array.conductance)[::-1, ::-1],
        word_line_resistance=1.0,
        bit_line_resistance=2.0,
        word_line_ends={"start": "stop", "stop": "start", "both": "both"}[ends],
        bit_line_ends={"start": "stop", "stop": "start", "both": "both"}[ends],
    )
    voltage = np.arange(1.0, 6.0)
    current = array.solve(voltage).bit_line_current.values
    assert mirrored.solve(voltage[::-1]).bit_line_current.values == pytest.approx(current[:, ::-1], rel=1e-9)


def test_the_rank_does_not_depend_on_the_number_of_inputs():
    array = random_array(6, 5)
    one = array.solve(np.ones(6))
    several = array.solve(np.ones((6, 3)))
    assert one.device_current.dims == several.device_current.dims == ("input", "word_line", "bit_line")
    assert one.sizes["input"] == 1
    assert several.sizes["input"] == 3
    assert several.bit_line_current.values == pytest.approx(np.repeat(one.bit_line_current.values, 3, axis=0))


def test_the_solution_says_how_it_was_found():
    solution = random_array(6, 5).solve(np.ones(6))
    assert solution.attrs["method"] == "banded"
    assert solution.attrs["residual"] < 1e-10
    assert solution.attrs["reason"]
    assert random_array(40, 40).solve(np.ones(40)).attrs["method"] == "iterative"
    assert Crossbar(resistance=np.full((2, 2), 5.0)).solve(np.ones(2)).attrs["method"] == "direct"


@pytest.mark.parametrize("scheme", SCHEMES)
def test_three_methods_give_one_answer(scheme):
    array = random_array(7, 6, driver_resistance=4.0, sense_resistance=3.0)
    held = bias(scheme, array.shape, 0.3, word_line=2, bit_line=5).arguments()
    found = [array.solve(**held, method=method) for method in ("iterative", "direct", "graph")]
    for other in found[1:]:
        for name in ("device_current", "word_line_voltage", "bit_line_current", "word_line_current", "power"):
            scale = float(np.abs(found[0][name]).max())
            assert np.abs(found[0][name] - other[name]).max() < 1e-10 * scale, name


@pytest.mark.parametrize(
    "wires",
    [
        {},
        {"word_line_resistance": 0.0},
        {"driver_resistance": 0.0, "word_line_resistance": 0.0, "bit_line_resistance": 0.0, "sense_resistance": 1.0},
        {"word_line_ends": "both", "driver_resistance": np.linspace(0.0, 5.0, 7)},
        {"faults": Faults(stuck_at={(2, 3): np.inf}, broken_bit_lines=[(1, 3)])},
    ],
)
def test_what_an_array_keeps_from_one_solution_to_the_next_changes_none(wires):
    draw = np.random.default_rng(3)
    kept = random_array(7, 6, **wires)
    for floating in ((), (1,), ()):
        for inputs in (1, 3):
            given = {"floating_word_lines": floating, "bit_line_voltage": draw.uniform(-0.1, 0.1, (6, inputs))}
            voltages = draw.uniform(-1.0, 1.0, (7, inputs))
            expected = random_array(7, 6, **wires).solve(voltages, **given)
            xr.testing.assert_identical(kept.solve(voltages, **given), expected)


def transistor_array():
    width = np.random.default_rng(1).uniform(1e-7, 3e-7, (4, 3))
    transistor = MosTransistor(threshold_voltage=0.4, transconductance=300e-6, width=width, length=5e-8)
    cells = Resistors(np.full((4, 3), 1e-4))
    return TransistorCrossbar(cells=cells, transistor=transistor, gate_voltage=1.2, source_line_resistance=10.0)


def arrays_of(*things):
    return [each for thing in things for each in vars(thing).values() if isinstance(each, np.ndarray)]


@pytest.mark.parametrize(
    "made", [lambda array: array, copy.copy, copy.deepcopy, lambda a: pickle.loads(pickle.dumps(a))]
)
@pytest.mark.parametrize("solved", [False, True])
@pytest.mark.parametrize(
    ("build", "count"),
    [
        (lambda: random_array(7, 6, driver_resistance=5.0, word_line_capacitance=1e-15), 14),
        (transistor_array, 7),
    ],
)
def test_what_solutions_follow_from_cannot_be_written_to(build, count, made, solved):
    # A wire changed in place counted in one half of the next solution, or in none.
    array = build()
    before = array.solve(1.0)
    copied = made(array)
    if solved:
        copied.solve(0.5)
    inner = (copied.network(),) if isinstance(copied, Crossbar) else (copied.transistor,)
    arrays = arrays_of(copied, *inner)
    assert len(arrays) >= count
    for each in arrays:
        with pytest.raises(ValueError, match="read-only"):
            each[...] = 1.0
    xr.testing.assert_identical(copied.solve(1.0), before)


@pytest.mark.parametrize("made", [lambda cells: cells, copy.deepcopy])
def test_cells_keep_the_values_that_they_were_made_with(made):
    # Their laws are tables made from them: another position would not have moved a wall.
    walls, resistors = made(Junctions(DEVICE, np.full((2, 2), 0.4e-6))), made(Resistors(np.ones((2, 2))))
    for each in (walls.position, walls.at(np.zeros((2, 2))).position, resistors.conductance):
        with pytest.raises(ValueError, match="read-only"):
            each[0, 0] = 0.5e-6


def test_the_graph_method_takes_ideal_wires_and_open_cells():
    ohms = np.random.default_rng(2).uniform(10.0, 50.0, (4, 4))
    ohms[3, 0] = np.inf
    array = Crossbar(resistance=ohms, word_line_resistance=1.0, bit_line_resistance=0.0)
    held = bias("V/3", array.shape, 0.2, word_line=1, bit_line=1).arguments()
    first, second = (array.solve(**held, method=method) for method in ("graph", "direct"))
    assert first.bit_line_current.values == pytest.approx(second.bit_line_current.values, rel=1e-10)


def test_a_warm_start_gives_the_same_answer():
    array = random_array(12, 9)
    cold = array.solve(np.ones(12))
    changed = array.with_conductance(1.01 * np.asarray(array.conductance))
    warm = changed.solve(np.ones(12), start=cold)
    fresh = changed.solve(np.ones(12))
    assert warm.bit_line_current.values == pytest.approx(fresh.bit_line_current.values, rel=1e-9)
    assert warm.attrs["iterations"] <= fresh.attrs["iterations"]


def test_a_start_that_is_no_solution_of_this_array_is_named():
    linear = random_array(4, 5)
    curved = Crossbar(cells=junctions(shape=(4, 5)), word_line_resistance=1.0, bit_line_resistance=1.0)
    for array in (linear, curved):
        solution = array.solve(np.ones(4))
        for wrong, named in (
            (solution * np.nan, "start: expected finite voltages"),
            (solution.isel(input=0), "start: expected voltages of shape"),
            (random_array(4, 4).solve(np.ones(4)), "start: expected a solution of shape"),
            (solution.drop_vars("device_current"), "without its voltages"),
        ):
            with pytest.raises(InputError, match=named):
                array.solve(np.ones(4), start=wrong)


@pytest.mark.parametrize("method", [None, "iterative", "direct"])
@pytest.mark.parametrize("ohms", [1e-15, 1e-18])
def test_what_float64_cannot_carry_is_an_error_and_not_an_answer(method, ohms):
    array = Crossbar(resistance=np.full((3, 3), ohms), word_line_resistance=1.0, bit_line_resistance=1.0)
    with pytest.raises(ConvergenceError, match="span too many decades"):
        array.solve(1.0, method=method)


def test_values_out_of_all_range_are_refused():
    with pytest.raises(InputError, match="resistance: expected 0 or sizes from"):
        Crossbar(resistance=[[1e-300]], word_line_resistance=1.0).solve(1.0)
    with pytest.raises(InputError, match="word_segment: expected 0 or sizes"):
        Crossbar(resistance=[[5.0, 5.0]], word_line_resistance=1e-320).solve(1.0)


def test_several_inputs_of_non_linear_cells_report_the_worst():
    array = Crossbar(cells=junctions(shape=(4, 5)), word_line_resistance=1.0, bit_line_resistance=1.0)
    both = array.solve(np.array([[1e-6] * 4, [0.5] * 4]).T)
    alone = array.solve(np.full(4, 0.5))
    assert both.attrs["newton_steps"] == alone.attrs["newton_steps"] > 1
    assert both.device_current.values[1] == pytest.approx(alone.device_current.values[0], rel=1e-8)


def test_a_line_that_a_mask_cuts_off_is_named_whatever_the_wires():
    on = np.ones((3, 3), dtype=bool)
    on[1] = False
    for wire in (0.0, 1.0):
        cells = Selected(junctions(shape=(3, 3)), Transistor(on=on, on_resistance=10.0))
        array = Crossbar(cells=cells, word_line_resistance=wire, bit_line_resistance=wire)
        with pytest.raises(InputError, match="got none from word line 1"):
            array.solve(**bias("floating", (3, 3), 0.1, word_line=0, bit_line=0).arguments())


@pytest.mark.parametrize("volts", [5.0, -5.0, 1e-3])
@pytest.mark.parametrize(
    "selector",
    [
        ExponentialSelector(saturation_current=1e-12, voltage_scale=0.005),
        DiodeSelector(saturation_current=1e-14, temperature=77.0),
        ThresholdSelector(threshold_voltage=0.3, on_resistance=1e-2, off_resistance=1e12, sharpness=1e-4),
    ],
)
def test_steep_selectors_find_their_current(selector, volts):
    cells = Selected(Resistors([[1e-4]]), selector)
    solution = Crossbar(cells=cells, word_line_resistance=1.0, bit_line_resistance=1.0).solve(volts)
    current = float(solution.bit_line_current[0, 0])
    assert np.sign(volts) * current >= 0.0
    assert abs(current) <= abs(volts) / 10002.0 * (1.0 + 1e-9)


def test_a_netlist_of_resistors_refuses_cells_with_laws(ngspice):
    from spice.netlists.array import array_netlist

    array = Crossbar(cells=junctions(shape=(2, 2)), word_line_resistance=1.0)
    with pytest.raises(InputError, match="cells with laws of their own"):
        array_netlist(array, bias("V/2", (2, 2), 0.1))
    held = bias("V/2", (2, 2), 0.1)
    afloat = Bias(
        word_line_voltage=held.word_line_voltage,
        bit_line_voltage=held.bit_line_voltage,
        floating_word_lines=np.ones(2, dtype=bool),
        floating_bit_lines=np.ones(2, dtype=bool),
    )
    with pytest.raises(InputError, match="expected a path from every line"):
        array_netlist(random_array(2, 2), afloat)


def test_devices_stand_the_right_way_up_in_the_netlist(ngspice):
    # The current through a device moves its wall: upside down, it would move the other way.
    from spice.netlists.array import array_circuit

    track = single_well(DEVICE, coercive_field=15e-4, half_width=100e-9)
    array = Crossbar(cells=DomainWalls(DEVICE, track, np.full((3, 3), 500e-9)), word_line_resistance=1.0)
    circuit = array_circuit(array, bias("V/2", (3, 3), 0.1))
    for element in circuit.elements:
        if element.name.startswith("X"):
            assert element.node_names[0].startswith(("w", "sw"))  # what no resistance separates is one node
            assert element.node_names[1].startswith(("b", "sb"))


# -- schemes ---------------------------------------------------------------------------------------------------------


def test_schemes_hold_the_lines_as_their_names_say():
    held = bias("V/3", (3, 2), 0.9, word_line=1, bit_line=0)
    assert held.word_line_voltage == pytest.approx([0.3, 0.9, 0.3])
    assert held.bit_line_voltage == pytest.approx([0.0, 0.6])
    assert not held.floating_word_lines.any()
    half = bias("V/2", (3, 2), -0.9, word_line=1, bit_line=0)
    assert half.word_line_voltage == pytest.approx([-0.45, -0.9, -0.45])
    floating = bias("floating", (3, 2), 0.9, word_line=1, bit_line=0)
    assert floating.floating_word_lines.tolist() == [True, False, True]
    assert floating.floating_bit_lines.tolist() == [False, True]
    row = bias("grounded", (3, 2), 0.9, word_line=1, bit_line=None)
    assert row.bit_line_voltage == pytest.approx([0.0, 0.0])


def test_ideal_wires_make_half_selected_cells_exact():
    array = Crossbar(resistance=np.full((4, 4), 50.0))
    for scheme, shares in (("V/2", {0.0, 0.5}), ("V/3", {-1.0 / 3.0, 1.0 / 3.0})):
        across = array.solve(**bias(scheme, (4, 4), 1.0, word_line=0, bit_line=0).arguments()).device_voltage.values[0]
        assert across[0, 0] == pytest.approx(1.0)
        others = np.delete(across.ravel(), 0)
        assert all(min(abs(value - share) for share in shares) < 1e-12 for value in others)


def test_a_scheme_of_ones_own_is_a_bias():
    mine = Bias(
        word_line_voltage=np.array([0.2, 0.0]),
        bit_line_voltage=np.array([0.0, 0.1]),
        floating_word_lines=np.array([False, True]),
        floating_bit_lines=np.array([False, False]),
    )
    solution = random_array(2, 2).solve(**mine.arguments())
    assert float(solution.word_line_current[0, 1]) == pytest.approx(0.0, abs=1e-15)


@given(st.sampled_from(SCHEMES), st.integers(1, 6), st.integers(1, 6), st.floats(1e-6, 1.0), st.integers(0, 100))
def test_the_sources_work_is_the_dissipation(scheme, rows, columns, voltage, seed):
    array = random_array(rows, columns, seed)
    held = bias(scheme, (rows, columns), voltage, word_line=0, bit_line=columns - 1)
    solution = array.solve(**held.arguments(), tolerance=1e-14)  # a floating line's sum is as exact as the solution
    in_devices = float((solution.device_voltage * solution.device_current).sum())
    assert float(solution.power[0]) >= in_devices - 1e-15
    total = float(solution.word_line_current.sum() - solution.bit_line_current.sum())
    assert abs(total) <= 1e-12 * float(np.abs(solution.device_current).sum()) + 1e-300


# -- cells with laws of their own ------------------------------------------------------------------------------------

SELECTORS = {
    "exponential": ExponentialSelector(saturation_current=1e-6, voltage_scale=0.05),
    "threshold": ThresholdSelector(threshold_voltage=0.3, on_resistance=10.0, off_resistance=1e6),
    "diode": DiodeSelector(saturation_current=1e-12),
    "transistor": Transistor(on=np.arange(8)[:, np.newaxis] * np.ones(8) == 0, on_resistance=20.0, off_resistance=1e9),
}


def junctions(seed=3, shape=(8, 8)):
    return Junctions(DEVICE, np.random.default_rng(seed).uniform(0.0, 1e-6, shape))


@pytest.mark.parametrize("kind", ["none", *SELECTORS])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_non_linear_cells_obey_their_law_and_kirchhoff(kind, scheme):
    cells = junctions() if kind == "none" else Selected(junctions(), SELECTORS[kind])
    array = Crossbar(cells=cells, word_line_resistance=1.0, bit_line_resistance=1.0)
    held = bias(scheme, (8, 8), 0.8, word_line=0, bit_line=7)
    solution = array.solve(**held.arguments())
    across = solution.device_voltage.values[0]
    current, _ = cells.current_and_slope(across)
    found = solution.device_current.values[0]
    scale = np.linalg.norm(found)
    assert np.linalg.norm(current - found) < 1e-9 * scale
    assert np.abs(found.sum(axis=0) - solution.bit_line_current.values[0]).max() < 1e-9 * scale
    word = solution.word_line_voltage.values[0]
    along = np.diff(word, axis=1)  # Ohm's law in the segments, each carrying what the devices behind it take
    assert np.abs(-along - np.cumsum(found[:, ::-1], axis=1)[:, ::-1][:, 1:]).max() < 1e-8 * scale
    assert solution.attrs["newton_steps"] < 30


@pytest.mark.parametrize("kind", list(SELECTORS))
def test_a_selected_cell_is_the_two_laws_in_series(kind):
    cells = Selected(junctions(), SELECTORS[kind])
    voltage = np.linspace(-0.9, 0.9, 64).reshape(8, 8)
    current, slope = cells.current_and_slope(voltage)
    # The voltage on the junction that carries this current, by its own law, and the rest on the selector.
    low, high = np.minimum(voltage, 0.0), np.maximum(voltage, 0.0)
    for _ in range(200):
        middle = 0.5 * (low + high)
        above = cells.cells.current_and_slope(middle)[0] > current
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    through, _ = SELECTORS[kind].current_and_slope(voltage - middle)
    assert through == pytest.approx(current, rel=1e-5, abs=1e-13)
    step = 1e-6
    difference = (cells.current_and_slope(voltage + step)[0] - cells.current_and_slope(voltage - step)[0]) / (2 * step)
    assert slope == pytest.approx(difference, rel=1e-4, abs=1e-9)


def test_newton_converges_from_another_solution():
    array = Crossbar(cells=Selected(junctions(), SELECTORS["exponential"]), word_line_resistance=1.0)
    held = bias("V/2", (8, 8), 0.6, word_line=0, bit_line=7).arguments()
    other = bias("V/2", (8, 8), -0.9, word_line=3, bit_line=2).arguments()
    first = array.solve(**held)
    again = array.solve(**held, start=array.solve(**other))
    assert again.bit_line_current.values == pytest.approx(first.bit_line_current.values, rel=1e-8, abs=1e-14)


def test_linear_cells_are_the_linear_array():
    array = random_array(5, 6)
    cells = Crossbar(cells=Resistors(array.conductance), word_line_resistance=1.0, bit_line_resistance=2.0)
    assert np.array_equal(cells.solve(np.ones(5)).device_current, array.solve(np.ones(5)).device_current)


class Jump(Cells):
    """A law that no voltage meets: 0.6 A above 0.3 V, through 2 Ohm from 1 V."""

    shape = (1, 1)

    def current_and_slope(self, voltage):
        return np.where(voltage > 0.3, 0.6, 0.0), np.full(self.shape, 1e-3)


def test_a_law_without_a_solution_is_said_not_to_converge():
    array = Crossbar(cells=Jump(), word_line_resistance=1.0, bit_line_resistance=1.0)
    with pytest.raises(ConvergenceError, match="Newton's method left"):
        array.solve(np.ones(1))


# -- graphs, paths, netlists -----------------------------------------------------------------------------------------


def test_the_graph_carries_the_components_on_its_edges():
    array = random_array(3, 4, driver_resistance=6.0)
    graph = to_networkx(array.network())
    kinds = [kind for *_, kind in graph.edges(data="kind")]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {
        "device": 12,
        "word wire": 9,
        "bit wire": 8,
        "end": 7,
    }
    edge = graph.get_edge_data(("word", 1, 2), ("bit", 1, 2))[0]
    assert edge["conductance"] == pytest.approx(np.asarray(array.conductance)[1, 2])
    driver = graph.get_edge_data(("word source", 2, "start"), ("word", 2, 0))[0]
    assert driver["resistance"] == pytest.approx(7.0)
    assert json.dumps(nx.adjacency_data(graph))


def test_the_paths_add_up_to_the_read_current():
    array = random_array(4, 4)
    result = sneak_paths(array, bias("floating", (4, 4), 0.1, word_line=0, bit_line=3), word_line=0, bit_line=3)
    assert float(result.explained_share) == pytest.approx(1.0, abs=2e-3)
    assert float(result.path_share.sum()) == pytest.approx(float(result.explained_share))
    assert set(result.length.values.tolist()) <= {1, 3, 5, 7}
    direct = float(result.length_share.sel(length_class=1))
    assert direct == pytest.approx(1.0 - float(result.sneak_share), abs=1e-6)
    assert result.route.values[0] == "w0-b3"
    assert result.dwmtj.plot().get_xlabel() == "bit line"


def test_paths_follow_the_currents_of_non_linear_cells():
    cells = Selected(junctions(shape=(4, 4)), SELECTORS["exponential"])
    array = Crossbar(cells=cells, word_line_resistance=1.0, bit_line_resistance=1.0)
    held = bias("floating", (4, 4), 0.6, word_line=0, bit_line=3)
    selected = sneak_paths(array, held, word_line=0, bit_line=3)
    bare = Crossbar(cells=junctions(shape=(4, 4)), word_line_resistance=1.0, bit_line_resistance=1.0)
    without = sneak_paths(bare, held, word_line=0, bit_line=3)
    assert float(selected.explained_share) == pytest.approx(1.0, abs=2e-3)
    # A selector lets a detour over three devices pass far less than one device.
    assert float(selected.sneak_share) < 0.1 * float(without.sneak_share)


def test_a_grounded_read_with_ideal_wires_has_no_sneak_current():
    array = Crossbar(resistance=np.full((4, 4), 50.0))
    result = sneak_paths(array, bias("grounded", (4, 4), 0.1, word_line=0, bit_line=3), word_line=0, bit_line=3)
    assert float(result.sneak_share) == pytest.approx(0.0, abs=1e-12)
    assert result.length.values.tolist() == [1]


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("wire", [0.0, 1e-12, 1e-6, 3.0])
def test_paths_are_found_on_wires_of_any_quality(scheme, wire):
    array = random_array(4, 4, word_line_resistance=wire, bit_line_resistance=wire)
    result = sneak_paths(array, bias(scheme, (4, 4), 0.1, word_line=0, bit_line=3), word_line=0, bit_line=3)
    assert float(result.explained_share) == pytest.approx(1.0, abs=2e-3)
    assert float(result.sneak_share) >= 0.0
    result.dwmtj.plot()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_real_ngspice_agrees_at_16_by_16_to_the_printed_digits(ngspice, scheme):
    from spice import run_netlist
    from spice.netlists.array import array_netlist

    array = random_array(16, 16, driver_resistance=5.0)
    held = bias(scheme, (16, 16), 0.3, word_line=2, bit_line=5)
    vectors = run_netlist(array_netlist(array, held))[-1].vectors
    found = array.solve(**held.arguments())
    for letter, name in (("w", "word_line_voltage"), ("b", "bit_line_voltage")):
        table = np.array([[float(vectors[f"{letter}{i}_{j}"][0]) for j in range(16)] for i in range(16)])
        assert np.abs(table - found[name].values[0]).max() < 1e-11
    assert -float(vectors["vb5_stop#branch"][0]) == pytest.approx(-float(found.bit_line_current[0, 5]), rel=1e-8)


def test_an_array_of_devices_in_ngspice_is_the_array_of_junctions(ngspice):
    from spice import run_netlist
    from spice.netlists.array import array_netlist

    draw = np.random.default_rng(4)
    position = draw.uniform(0.0, 1e-6, (4, 4))
    track = single_well(DEVICE, coercive_field=15e-4, half_width=100e-9)
    walls = DomainWalls(DEVICE, track, position)
    array = Crossbar(cells=walls, word_line_resistance=1.0, bit_line_resistance=1.0)
    held = bias("V/2", (4, 4), 0.5, word_line=1, bit_line=2)
    netlist = array_netlist(array, held)
    vectors = run_netlist(netlist)[-1].vectors
    found = array.solve(**held.arguments())
    table = np.array([[float(vectors[f"w{i}_{j}"][0]) for j in range(4)] for i in range(4)])
    assert np.abs(table - found.word_line_voltage.values[0]).max() < 1e-8


# badcrossbar's answers are kept in tests/data, beside the script that asked for them.
BADCROSSBAR = json.loads((Path(__file__).parent / "data" / "badcrossbar_answers.json").read_text())


@pytest.mark.parametrize("case", BADCROSSBAR["solved"], ids=lambda case: str(case["keywords"]))
def test_badcrossbar_gave_the_same_in_its_own_shapes(case):
    found = badcrossbar.compute(case["applied_voltages"], case["resistances"], **case["keywords"])
    assert (found.voltages is not None) == case["has_voltages"]
    for ours, theirs in (
        (found.currents._asdict(), case["currents"]),
        ({} if found.voltages is None else found.voltages._asdict(), case["voltages"]),
    ):
        for name, values in ours.items():
            if theirs[name] is None:
                assert values is None
                continue
            expected = np.array(theirs[name])
            assert values.shape == expected.shape, name
            assert np.abs(values - expected).max() <= 1e-9 * np.abs(expected).max(), name


@pytest.mark.parametrize(("volts", "ohms", "keywords", "error"), BADCROSSBAR["refused"])
def test_what_badcrossbar_refuses_is_refused_with_the_same_exceptions(volts, ohms, keywords, error):
    with pytest.raises({"TypeError": TypeError, "ValueError": ValueError}[error], match="expected"):
        badcrossbar.compute(volts, ohms, **keywords)


@pytest.mark.parametrize(("word", "bit", "nodes"), [(np.inf, 1.0, 0.0), (1.0, np.inf, 1.5)])
def test_wires_of_one_kind_that_insulate_leave_no_current(word, bit, nodes):
    found = badcrossbar.compute([[1.5], [1.5]], np.full((2, 3), 50.0), r_i_word_line=word, r_i_bit_line=bit)
    assert not np.any(found.currents.output)
    assert (found.voltages.word_line == nodes).all()
    assert (found.voltages.bit_line == nodes).all()


def test_the_currents_of_the_wires_obey_kirchhoff_at_every_node():
    draw = np.random.default_rng(5)
    found = badcrossbar.compute(draw.uniform(-1, 1, (5, 2)), draw.uniform(1e2, 1e4, (5, 4)), 0.0, 3.0, 7.0)
    device, word, bit = found.currents.device, found.currents.word_line, found.currents.bit_line
    scale = np.abs(word).max()
    assert np.abs(word[:, :-1] - word[:, 1:] - device[:, :-1]).max() < 1e-12 * scale
    assert np.abs(bit[1:] - bit[:-1] - device[1:]).max() < 1e-9 * scale


# -- labels, masks and copies ----------------------------------------------------------------------------------------

OHMS = np.random.default_rng(8).uniform(1e3, 2e3, (3, 3))
VOLTS = np.random.default_rng(9).uniform(-1.0, 1.0, (3, 3))


def solved(ohms, volts):
    return Crossbar(resistance=ohms, word_line_resistance=5.0).solve(word_line_voltage=volts).bit_line_current.values


def test_labelled_inputs_are_taken_by_the_names_of_their_dimensions():
    expected = solved(OHMS, VOLTS)
    ohms = xr.DataArray(OHMS, dims=("word_line", "bit_line"))
    volts = xr.DataArray(VOLTS, dims=("word_line", "input"))
    assert np.array_equal(solved(ohms.transpose(), volts.transpose()), expected)
    numbered = ohms.assign_coords(word_line=[0, 1, 2]).isel(word_line=[2, 0, 1])
    assert np.array_equal(solved(numbered, volts), expected)
    assert np.array_equal(solved(xr.DataArray(OHMS, dims=("y", "x")), VOLTS), expected)


def test_labelled_inputs_along_other_lines_are_refused():
    with pytest.raises(InputError, match="word_line_voltage: expected dimensions out of word_line, input, got"):
        solved(OHMS, xr.DataArray(VOLTS[0], dims="bit_line"))
    with pytest.raises(InputError, match="resistance: expected dimensions out of word_line, bit_line, got"):
        solved(xr.DataArray(OHMS, dims=("word_line", "input")), VOLTS)
    with pytest.raises(InputError, match="bit_line_resistance: expected dimensions out of bit_line, got word_line"):
        Crossbar(resistance=OHMS, bit_line_resistance=xr.DataArray(np.ones(3), dims="word_line"))
    with pytest.raises(InputError, match="floating_word_lines: expected dimensions out of word_line"):
        Crossbar(resistance=OHMS).solve(
            word_line_voltage=1.0, floating_word_lines=xr.DataArray([True, False, False], dims="bit_line")
        )


@pytest.mark.parametrize("made", [lambda cells: Crossbar(resistance=cells), lambda cells: Junctions(DEVICE, cells)])
def test_masked_values_are_refused_and_not_taken_for_numbers(made):
    masked = np.ma.masked_greater(1e-9 * OHMS, 1.5e-6)
    with pytest.raises(InputError, match=r"expected values without gaps, got a masked array with \d of 9 masked"):
        made(masked)
    assert made(np.ma.masked_array(1e-10 * OHMS)) is not None


def test_an_array_keeps_its_values_when_those_of_its_maker_change():
    siemens, volts = 1.0 / OHMS, np.ones(3)
    on = np.ones((3, 3), dtype=bool)
    array = Crossbar(conductance=siemens)
    held = Bias(
        word_line_voltage=volts,
        bit_line_voltage=np.zeros(3),
        floating_word_lines=on[0],
        floating_bit_lines=on[1],
    )
    transistor = Transistor(on=on, on_resistance=1.0)
    siemens[:], volts[:], on[:] = 0.0, 7.0, False
    assert np.array_equal(array.conductance, 1.0 / OHMS)
    assert (held.word_line_voltage == 1.0).all()
    assert held.floating_word_lines.all()
    assert np.all(transistor.on)


# -- vector-matrix products ------------------------------------------------------------------------------------------


def test_the_levels_of_a_device_are_where_its_wall_stays():
    single = device_levels(DEVICE, single_well(DEVICE, coercive_field=15e-4, half_width=100e-9))
    expected = np.sort(1.0 / resistance(DEVICE, [0.0, 500e-9, 1e-6]))
    assert single == pytest.approx(expected, rel=1e-6)
    assert device_levels(DEVICE, lequeux2016_track(DEVICE, 0)).size == 22  # twenty sites and the two ends


def test_weights_become_the_nearest_differences_of_two_levels():
    levels = np.array([1.0, 1.5, 2.0])
    weights = np.array([[1.0, -1.0, 0.5], [0.1, -0.6, 0.0]])
    pairs = map_weights(weights, levels)
    assert pairs.stored == pytest.approx(np.array([[1.0, -1.0, 0.5], [0.0, -0.5, 0.0]]))
    assert pairs.conductance[0].tolist() == [2.0, 1.0, 1.0, 2.0, 1.5, 1.0]
    assert pairs.conductance[1, 4:].tolist() == [1.0, 1.0]  # zero as the pair that draws least


def test_a_product_on_ideal_wires_is_that_of_the_stored_weights():
    draw = np.random.default_rng(6)
    pairs = map_weights(draw.uniform(-1.0, 1.0, (8, 4)), np.linspace(0.014, 0.028, 16))
    given = draw.uniform(-1.0, 1.0, (5, 8))
    result = pairs.multiply(Crossbar(conductance=pairs.conductance), given, 0.05)
    assert result["product"].dims == ("vector", "output")
    assert result["product"].values == pytest.approx(result.exact.values, abs=1e-12)


# -- bad input -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"resistance": [[1.0 + 1.0j]]}, "expected numbers"),
        ({"resistance": [["5"]]}, "expected numbers"),
        ({}, "either resistance or conductance, got neither"),
        ({"resistance": [[1.0]], "conductance": [[1.0]]}, "either resistance or conductance, got both"),
        ({"resistance": [1.0, 2.0]}, r"resistance: expected shape \(word lines, bit lines\)"),
        ({"resistance": [[1.0, float("nan")]]}, r"resistance: expected values of at least 0, got nan at \(0, 1\)"),
        ({"resistance": [[1.0, -2.0]]}, r"got -2 at \(0, 1\)"),
        ({"resistance": [["a"]]}, "expected numbers"),
        (
            {"resistance": [[1.0]], "word_line_resistance": -1.0},
            "word_line_resistance: expected values of at least 0 Ohm",
        ),
        ({"resistance": [[1.0]], "bit_line_resistance": [1.0, 2.0]}, "bit_line_resistance: expected one value"),
        ({"resistance": [[1.0]], "word_line_ends": "left"}, "word_line_ends: expected one of 'start', 'stop', 'both'"),
        ({"resistance": [[1.0]], "cells": Resistors([[1.0]])}, "cells: expected them, or"),
        ({"cells": 3}, "cells: expected a Cells"),
    ],
)
def test_an_array_that_makes_no_sense_is_refused(arguments, named):
    with pytest.raises(InputError, match=named):
        Crossbar(**arguments)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"word_line_voltage": np.ones(4)}, r"word_line_voltage: expected a number, shape \(3,\)"),
        (
            {"word_line_voltage": np.ones((3, 2)), "bit_line_voltage": np.ones((2, 3))},
            "bit_line_voltage|word_line_voltage",
        ),
        ({"word_line_voltage": float("nan")}, "word_line_voltage: expected finite"),
        ({"word_line_voltage": 1.0, "floating_word_lines": [3]}, "floating_word_lines: expected numbers from 0 to 2"),
        (
            {"word_line_voltage": 1.0, "floating_bit_lines": [True]},
            r"floating_bit_lines: expected a mask of shape \(2,\)",
        ),
        ({"word_line_voltage": 1.0, "tolerance": 1e-20}, "tolerance: expected at least 1e-15"),
        ({"word_line_voltage": 1.0, "method": "magic"}, "method: expected one of 'iterative', 'direct', 'graph'"),
        ({"word_line_voltage": 1.0, "start": 5}, "start: expected a Dataset"),
        ({"word_line_voltage": 1e200}, r"expected numbers of at most 1e\+100"),
        (
            {"word_line_voltage": 1.0, "floating_word_lines": [0, 1, 2], "floating_bit_lines": [0, 1]},
            "expected a path from every line to a source",
        ),
    ],
)
def test_a_solve_that_makes_no_sense_is_refused(arguments, named):
    with pytest.raises(InputError, match=named):
        Crossbar(resistance=np.full((3, 2), 5.0), word_line_resistance=1.0).solve(**arguments)


def test_an_array_beyond_the_memory_is_refused_before_it_is_made():
    # Views of one number: nothing of these sizes exists until it is copied.
    with pytest.raises(InputError, match=r"fits in memory.* GiB where .* GiB are available"):
        Crossbar(conductance=np.broadcast_to(0.1, (200_000, 200_000)), word_line_resistance=1.0)
    with pytest.raises(InputError, match="fits in memory"):
        random_array(100, 100).solve(np.broadcast_to(0.1, (100, 10_000_000)))


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: bias("V/4", (2, 2), 1.0), "scheme: expected one of 'floating', 'grounded', 'V/2', 'V/3'"),
        (lambda: bias("V/2", (2, 2), 1.0, word_line=2), "word_line: expected a number from 0 to 1"),
        (lambda: bias("V/2", (2, 2), float("inf")), "voltage: expected a finite number"),
        (lambda: ExponentialSelector(saturation_current=0.0, voltage_scale=1.0), "saturation_current"),
        (lambda: ThresholdSelector(threshold_voltage=1, on_resistance=2, off_resistance=1), "off_resistance"),
        (lambda: Transistor(on=[1, 0], on_resistance=1.0), "on: expected a mask"),
        (lambda: Selected(junctions(), Transistor(on=np.ones((3, 3), bool), on_resistance=1.0)), "another shape"),
        (lambda: Junctions(DEVICE, [1e-9]), "position: expected shape"),
        (lambda: Resistors([[-1.0]]), "conductance: expected values of at least 0"),
        (lambda: map_weights([[1.0]], [1.0]), "levels: expected at least two"),
        (lambda: map_weights([1.0], [1.0, 2.0]), "weights: expected shape"),
        (lambda: map_weights([[1.0]], [1.0, 2.0]).multiply(Crossbar(conductance=[[1.0]]), [[2.0]], 0.1), "up to 1"),
        (lambda: sneak_paths(random_array(40, 40), bias("V/2", (40, 40), 1.0), word_line=0, bit_line=0), "1024 cells"),
    ],
)
def test_other_nonsense_is_named(make, named):
    with pytest.raises(InputError, match=named):
        make()


@pytest.mark.parametrize("selector", [None, ExponentialSelector(saturation_current=1e-6, voltage_scale=0.05)])
def test_many_inputs_at_once_are_each_input_alone(selector):
    random = np.random.default_rng(4)
    cells = Junctions(DEVICE, random.uniform(0.0, DEVICE.track_length, (5, 4)))
    array = Crossbar(
        cells=cells if selector is None else Selected(cells, selector),
        word_line_resistance=1.0,
        bit_line_resistance=2.0,
    )
    volts = random.uniform(-0.3, 0.3, (5, 12))
    volts[:, 3] = 0.0
    found = array.solve(volts, floating_bit_lines=[2])
    for index in range(12):
        alone = array.solve(volts[:, index], floating_bit_lines=[2], method="iterative")
        here, there = (each.device_current.values for each in (found.isel(input=[index]), alone))
        assert np.linalg.norm(here - there) <= 2e-10 * np.linalg.norm(there)
    assert (found.device_current.values[3] == 0.0).all()
    assert np.abs(found.word_line_current.sum("word_line") - found.bit_line_current.sum("bit_line")).max() < 1e-15


@pytest.mark.parametrize("shape", [(1, 2), (2, 1)])
def test_devices_of_their_own_in_one_row_or_column_have_their_own_laws(shape):
    kinds = [DEVICE, DEVICE.replace(parallel_resistance=72.0, tmr=0.5)]
    current, _ = Junctions(kinds, np.full(shape, 0.4e-6)).current_and_slope(np.full(shape, 0.1))
    expected = [0.1 / float(resistance(each, 0.4e-6, 0.1)) for each in kinds]
    assert current.ravel() == pytest.approx(expected, rel=1e-13)
