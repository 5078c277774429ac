"""Broken lines, lines that touch each other, gates that stay on, and segments of 1T1R lines, beside nodal analysis by
hand and ngspice."""

from dataclasses import replace

import numpy as np
import pytest

from compact_model import InputError, lequeux2016, notched_device, notched_track, single_well
from crossbar import (
    ArrayDrive,
    ArraySimulation,
    Crossbar,
    DomainWalls,
    FaultRates,
    Faults,
    Junctions,
    MosTransistor,
    Periphery,
    ReadAccess,
    Reading,
    Resistors,
    Schedule,
    TransistorAccess,
    TransistorBias,
    TransistorCrossbar,
    Wires,
    bias,
    cost,
    inference,
    program,
    pulse_block,
    read,
    read_margin,
    sneak_paths,
    worst_pattern,
)

DEVICE = lequeux2016()
DRIVER, SENSE, WORD, BIT, CONTACT = 2.0, 3.0, 1.5, 0.5, 4.0


def nodal(siemens, word_volts, bit_volts, word_segments, bit_segments, bridges):
    """Currents out of bit lines, into word lines and through devices, from Kirchhoff's laws in a dense matrix.

    Every segment is an element of its own; a broken one (inf) is left out.
    """
    words, bits = siemens.shape
    matrix, fed = np.zeros((2 * words * bits,) * 2), np.zeros(2 * words * bits)

    def word(i, j):
        return i * bits + j

    def bit(i, j):
        return words * bits + i * bits + j

    def join(one, other, conductance):
        matrix[[one, other], [one, other]] += conductance
        matrix[[one, other], [other, one]] -= conductance

    for i, j in np.ndindex(words, bits):
        join(word(i, j), bit(i, j), siemens[i, j])
        if j > 0:
            join(word(i, j - 1), word(i, j), 1.0 / word_segments[i, j])
        if i + 1 < words:
            join(bit(i, j), bit(i + 1, j), 1.0 / bit_segments[i, j])
    into, out = 1.0 / (word_segments[:, 0] + DRIVER), 1.0 / (bit_segments[-1] + SENSE)
    for node, conductance, volts in [
        *((word(i, 0), into[i], word_volts[i]) for i in range(words)),
        *((bit(words - 1, j), out[j], bit_volts[j]) for j in range(bits)),
    ]:
        matrix[node, node] += conductance
        fed[node] += conductance * volts
    for kind, (i, j) in bridges:
        pair = (word(i, j), word(i + 1, j)) if kind == "word" else (bit(i, j), bit(i, j + 1))
        join(*pair, 1.0 / CONTACT)
    volts = np.linalg.solve(matrix, fed)
    on_words, on_bits = volts.reshape(2, words, bits)
    return (
        out * (on_bits[-1] - bit_volts),
        into * (word_volts - on_words[:, 0]),
        siemens * (on_words - on_bits),
        on_words - on_bits,
    )


FAULTY = [
    {"broken_word_lines": [(1, 2)]},
    {"broken_word_lines": [(0, 0)], "broken_bit_lines": [(3, 1), (3, 2)]},
    {"shorted_word_lines": [(0, 1)]},
    {"shorted_bit_lines": [(2, 2)], "broken_bit_lines": [(0, 2)]},
    {"shorted_word_lines": [(1, 3), (0, 3)], "shorted_bit_lines": [(0, 0)], "broken_word_lines": [(2, 1)]},
]
VOLTS = np.array([0.4, -0.3, 0.5]), np.array([0.0, 1e-3, -2e-3, 0.1])


def by_hand(siemens, faults):
    segments = np.full((3, 4), WORD), np.full((3, 4), BIT)
    for line, segment in faults.get("broken_word_lines", ()):
        segments[0][line, segment] = np.inf
    for line, segment in faults.get("broken_bit_lines", ()):
        segments[1][segment, line] = np.inf
    bridges = [(kind, place) for kind in ("word", "bit") for place in faults.get(f"shorted_{kind}_lines", ())]
    return nodal(siemens, *VOLTS, *segments, bridges)


def lines(faults, **cells):
    return Crossbar(
        word_line_resistance=WORD,
        bit_line_resistance=BIT,
        driver_resistance=DRIVER,
        sense_resistance=SENSE,
        faults=Faults(**faults, shorted_lines_resistance=CONTACT),
        **cells,
    )


@pytest.mark.parametrize("faults", FAULTY)
@pytest.mark.parametrize("method", [None, "direct", "graph"])
def test_faulty_lines_are_those_of_nodal_analysis(faults, method):
    siemens = 1.0 / np.random.default_rng(1).uniform(20.0, 90.0, (3, 4))
    found = lines(faults, conductance=siemens).solve(*VOLTS, method=method).isel(input=0)
    out, into, through, _ = by_hand(siemens, faults)
    assert found.bit_line_current.values == pytest.approx(out, rel=1e-9, abs=1e-13)
    assert found.word_line_current.values == pytest.approx(into, rel=1e-9, abs=1e-13)
    assert found.device_current.values == pytest.approx(through, rel=1e-9, abs=1e-13)
    assert float(found.power) == pytest.approx(into @ VOLTS[0] - out @ VOLTS[1], rel=1e-9)


def test_non_linear_cells_between_faulty_lines_solve_the_equations_by_hand():
    cells = Junctions(DEVICE, np.random.default_rng(2).uniform(0.0, DEVICE.track_length, (3, 4)))
    siemens = cells.zero_bias_conductance()
    for _ in range(60):  # a fixed point: the chords of the law between the lines
        across = by_hand(siemens, FAULTY[4])[3]
        siemens = cells.current_and_slope(across)[0] / across
    out, _, through, _ = by_hand(siemens, FAULTY[4])
    found = lines(FAULTY[4], cells=cells).solve(*VOLTS).isel(input=0)
    assert found.device_current.values == pytest.approx(through, rel=1e-8)
    assert found.bit_line_current.values == pytest.approx(out, rel=1e-8)


def test_pulses_on_faulty_lines_spend_what_the_sources_give():
    track = single_well(DEVICE, coercive_field=15e-4, half_width=100e-9)
    walls = DomainWalls(DEVICE, track, np.full((3, 4), 500e-9))
    simulation = ArraySimulation(lines(FAULTY[4], cells=walls))
    every = np.ones(3, dtype=bool), np.ones(4, dtype=bool)
    spent = pulse_block(simulation, *every, 0.1, 1e-9)
    assert spent.sources == pytest.approx(spent.devices + spent.lines, rel=1e-6)
    moved = np.abs(simulation.devices.first_state() - 500e-9)
    assert moved[2, 0] > moved[2, 1:].max()  # those behind the break of word line 2 have no source but their bit lines


def test_a_break_at_both_ends_leaves_each_part_its_source():
    wires = {"word_line_resistance": 1.0, "bit_line_resistance": 1.0, "word_line_ends": "both"}
    faults = Faults(broken_word_lines=[(0, 2)])  # between cells 1 and 2; segment 4 is the one to the right source
    array = Crossbar(resistance=np.full((1, 4), 50.0), **wires, faults=faults)
    found = array.solve(0.0, word_line_stop_voltage=0.1).isel(input=0)
    assert found.device_current.values[0, :2] == pytest.approx(0.0, abs=1e-18)
    # The right part by hand: 52 Ohm beside a segment of 1 Ohm and 51 + ... Ohm: a ladder of two cells.
    far = 1.0 + 51.0
    first = 1.0 / (1.0 / 51.0 + 1.0 / far)
    assert float(found.word_line_stop_current[0]) == pytest.approx(0.1 / (1.0 + first), rel=1e-12)


def test_a_cut_off_part_without_a_conducting_cell_is_named():
    open_row = np.zeros((2, 3), dtype=bool)
    open_row[0, 1:] = True
    faults = Faults(open_cells=open_row, broken_word_lines=[(0, 1)])
    with pytest.raises(InputError, match=r"got none from word line 0 at cell \(0, 1\), word line 0 at cell \(0, 2\)"):
        Crossbar(resistance=np.full((2, 3), 50.0), word_line_resistance=1.0, faults=faults).solve(0.1)


def test_the_faults_of_lines_that_are_drawn_are_binomial_and_leave_those_of_cells_alone():
    rates = FaultRates(stuck_low=0.1, low_resistance=40.0, broken_segments=0.02, shorted_lines=0.01, seed=3)
    drawn = rates.draw((100, 80))
    assert abs(len(drawn.broken_word_lines) - 160) < 4 * np.sqrt(160)
    assert abs(len(drawn.shorted_bit_lines) - 79) < 4 * np.sqrt(79)
    alone = FaultRates(stuck_low=0.1, low_resistance=40.0, seed=3).draw((100, 80))
    assert np.array_equal(drawn.cells((100, 80)), alone.cells((100, 80)))


def test_the_cell_behind_a_break_has_no_margin():
    # Its source never reaches cell (0, 1): both states give the same current.
    wires = Wires.equal(1.0, faults=Faults(broken_word_lines=[(0, 1)]))
    reading = Reading(scheme="grounded", kind="current")
    worst = worst_pattern(2, low_resistance=40.0, high_resistance=80.0, reading=reading, wires=wires, search=False)
    assert worst.margin < 0.05
    assert (worst.word_line, worst.bit_line) == (0, 1)


LAW = {"threshold_voltage": 0.4, "transconductance": 3e-4, "width": 1e-6, "length": 1e-7, "off_resistance": 1e6}
OHMS = np.array([[900.0, 1200.0, 1500.0], [1100.0, 800.0, 1300.0]])


def transistors(**changes):
    return TransistorCrossbar(
        **{
            "cells": Resistors(1.0 / OHMS),
            "transistor": MosTransistor(**LAW),
            "gate_voltage": 1.5,
            "source_line_resistance": [[5.0, 7.0, 9.0], [6.0, 8.0, 10.0], [4.0, 3.0, 2.0]],
            "bit_line_resistance": [[2.0, 3.0, 4.0], [5.0, 0.0, 7.0]],
            "driver_resistance": 20.0,
            "stop_driver_resistance": 30.0,
            "sense_resistance": 10.0,
            "source_line_ends": "both",
            **changes,
        }
    )


def deck(segments, faults=""):
    """Written by hand: source lines beside the bit lines, driven at both ends; row 1 is on."""
    source, bit = segments
    rows = ["* 1T1R", ".model acc nmos level=1 vto=0.4 kp=3e-4 gamma=0 phi=0.6 lambda=0"]
    rows += ["Vg0 g0 0 0", "Vg1 g1 0 1.5", "Von gon 0 1.5", "Vs s 0 0.8"]
    for j in range(3):
        rows += [f"Vb{j} e{j} 0 0"]
        chain = [("s", f"s0_{j}", source[0][j] + 20.0), (f"s0_{j}", f"s1_{j}", source[1][j])]
        chain += [(f"s1_{j}", "s", source[2][j] + 30.0), (f"b0_{j}", f"b1_{j}", bit[0][j])]
        chain += [(f"b1_{j}", f"e{j}", bit[1][j] + 10.0)]
        rows += [f"R{j}_{k} {a} {b} {ohms}" for k, (a, b, ohms) in enumerate(chain) if np.isfinite(ohms)]
        for i in range(2):
            gate = "gon" if faults == "on" and (i, j) == (0, 2) else f"g{i}"
            rows += [f"M{i}{j} s{i}_{j} {gate} m{i}_{j} 0 acc w=1u l=0.1u", f"Ro{i}{j} s{i}_{j} m{i}_{j} 1e6"]
            rows += [f"Rd{i}{j} m{i}_{j} b{i}_{j} {OHMS[i, j]}"]
    return "\n".join([*rows, ".options gmin=1e-18 reltol=1e-10 abstol=1e-18 vntol=1e-13", ".op", ".end", ""])


@pytest.mark.parametrize("faults", ["", "broken", "on"])
def test_segments_ends_and_faults_of_transistor_lines_agree_with_ngspice(ngspice, faults):
    from spice.ngspice.run import run_netlist

    array = transistors()
    segments = [np.array(array.source_line_resistance), np.array(array.bit_line_resistance)]
    if faults == "broken":
        segments[0][1, 0] = segments[1][0, 2] = np.inf
        array = transistors(faults=Faults(broken_source_lines=[(0, 1)], broken_bit_lines=[(2, 0)]))
    elif faults == "on":
        array = transistors(faults=Faults(stuck_on_gates=np.array([[False, False, True], [False] * 3])))
    found = array.solve([0.0, 1.5], 0.8).isel(input=0)
    vectors = run_netlist(deck(segments, faults))[-1].vectors

    def nodes(letter):
        return np.array([[np.real(vectors[f"{letter}{i}_{j}"])[0] for j in range(3)] for i in range(2)])

    current = (nodes("m") - nodes("b")) / OHMS
    assert np.abs(found.device_current.values - current).max() < 1e-9 * np.abs(current).max() + 1e-13
    assert np.abs(found.bit_line_current.values - current.sum(axis=0)).max() < 1e-9 * np.abs(current).max() + 1e-13
    from spice.netlists.array import array_netlist

    held = array.row_bias("grounded", 1, [0.8] * 3)
    options = ".options gmin=1e-18 reltol=1e-10 abstol=1e-18 vntol=1e-13\n"
    own = run_netlist(array_netlist(array, held).replace("\n.op", f"\n{options}.op"))[-1].vectors
    assert np.real(own["b0_0"])[0] == pytest.approx(nodes("b")[0, 0], rel=1e-9)


@pytest.mark.parametrize("source_lines", ["bit_line", "word_line"])
def test_shorts_of_lines_and_cells_with_transistors_agree_with_ngspice(ngspice, source_lines):
    from spice.netlists.array import array_netlist
    from spice.ngspice.run import run_netlist

    along = source_lines == "word_line"
    shorted = np.zeros((2, 3), dtype=bool)
    shorted[1, 1] = True
    array = TransistorCrossbar(
        cells=Resistors(1.0 / OHMS),
        transistor=MosTransistor(**LAW),
        gate_voltage=1.5,
        source_lines=source_lines,
        source_line_resistance=5.0,
        bit_line_resistance=3.0,
        driver_resistance=20.0,
        sense_resistance=10.0,
        faults=Faults(
            shorted_cells=shorted,
            shorted_source_lines=[(0, 1)],
            shorted_bit_lines=[(0, 0), (1, 1)],
            shorted_lines_resistance=2.0,
        ),
    )
    # By hand: row 1 is on; every segment, the first of a source line and the last of a bit line included, is there.
    rows = [
        "* shorts",
        ".model acc nmos level=1 vto=0.4 kp=3e-4 gamma=0 phi=0.6 lambda=0",
        "Vg0 g0 0 0",
        "Vg1 g1 0 1.5",
    ]
    volts, held = ([0.1, 0.8] if along else [0.8, 0.5, 0.8]), [0.0, 0.05, 0.0]
    for k, volt in enumerate(volts):
        rows += [f"Vs{k} d{k} 0 {volt}", f"Rs{k} d{k} {f's{k}_0' if along else f's0_{k}'} 25"]
    for i, j in np.ndindex(2, 3):
        rows += [f"M{i}{j} s{i}_{j} g{i} m{i}_{j} 0 acc w=1u l=0.1u", f"Ro{i}{j} s{i}_{j} m{i}_{j} 1e6"]
        rows += [f"Vd{i}{j} m{i}_{j} n{i}_{j} 0"]
        rows += [f"Rd{i}{j} n{i}_{j} b{i}_{j} {OHMS[i, j]}" if (i, j) != (1, 1) else f"Vshort n{i}_{j} b{i}_{j} 0"]
        if along and j:
            rows += [f"Rw{i}{j} s{i}_{j - 1} s{i}_{j} 5"]
        if not along and i:
            rows += [f"Rw{i}{j} s{i - 1}_{j} s{i}_{j} 5"]
    for j in range(3):
        rows += [f"Rb{j} b0_{j} b1_{j} 3", f"Re{j} b1_{j} e{j} 13", f"Vb{j} e{j} 0 {held[j]}"]
    rows += [f"Rx s0_1 {'s1_1' if along else 's0_2'} 2", "Ry b0_0 b0_1 2", "Rz b1_1 b1_2 2"]
    options = ".options gmin=1e-18 reltol=1e-10 abstol=1e-18 vntol=1e-13"
    vectors = run_netlist("\n".join([*rows, options, ".op", ".end", ""]))[-1].vectors

    def branch(name):
        return float(np.real(vectors[f"{name}#branch"])[0])

    found = array.solve([0.0, 1.5], volts, held).isel(input=0)
    current = np.array([[branch(f"vd{i}{j}") for j in range(3)] for i in range(2)])
    close = {"rtol": 0.0, "atol": 1e-9 * np.abs(current).max()}
    np.testing.assert_allclose(found.device_current, current, **close)
    np.testing.assert_allclose(found.bit_line_current, [branch(f"vb{j}") for j in range(3)], **close)
    np.testing.assert_allclose(found.source_line_current, [-branch(f"vs{k}") for k in range(len(volts))], **close)
    assert float(found.device_voltage[1, 1]) == 0.0
    lines_held = TransistorBias.of(np.array([0.0, 1.5]), np.array(volts), np.array(held))
    own = run_netlist(array_netlist(array, lines_held).replace("\n.op", f"\n{options}\n.op"))[-1].vectors
    for node in ("b0_0", "s0_1"):
        assert np.real(own[node])[0] == pytest.approx(np.real(vectors[node])[0], rel=1e-9)


def test_a_gate_that_is_always_on_halves_the_margin_of_its_bit_line():
    access = TransistorAccess(
        transistor=MosTransistor(**(LAW | {"off_resistance": 1e14})), gate_voltage=1.5, read_voltage=0.1
    )
    given = {"low_resistance": 2e3, "high_resistance": 4e3, "access": access}
    always_on = np.array([[False, False], [False, True]])
    sound, faulty = (
        read_margin([2], **given, wires=Wires(faults=faults)).squeeze()
        for faults in (None, Faults(stuck_on_gates=always_on))
    )
    # On ideal wires the other cell of the bit line, at its worst low, carries I_L as well: (I_L - I_H) / (2 I_L).
    assert float(faulty.current_margin) == pytest.approx(0.5 * float(sound.current_margin), rel=1e-6)
    assert (int(faulty.current_word_line), int(faulty.current_bit_line)) == (0, 1)
    with pytest.raises(InputError, match="expected no shorted_word_lines in an array with transistors"):
        read_margin([2], **given, wires=Wires(faults=Faults(shorted_word_lines=[(0, 0)])))


def test_the_margins_of_an_array_with_drawn_faults_are_those_of_the_array_itself():
    # The lines have one more segment, or are source lines: the same probabilities break others than in plain arrays.
    rates = FaultRates(broken_segments=0.15, seed=1)
    lines = {"word_line_resistance": 1.0, "bit_line_resistance": 2.0, "faults": rates}
    wires = Wires(**lines, word_line_ends="both", bit_line_ends="both")
    options = {"low_resistance": 900.0, "high_resistance": 1800.0, "search": False}
    worst = worst_pattern(4, reading=Reading(scheme="V/2"), wires=wires, **options)
    cell, ohms, currents = (worst.word_line, worst.bit_line), np.where(worst.background, 900.0, 1800.0), []
    for ohms[cell] in (900.0, 1800.0):
        held = bias("V/2", (4, 4), 1.0, word_line=cell[0], bit_line=cell[1])
        found = Crossbar(resistance=ohms, **wires.keywords()).solve(**held.arguments())
        currents.append(float(found.bit_line_current[0, cell[1]]))
    assert worst.margin == pytest.approx((currents[0] - currents[1]) / currents[0], abs=1e-9)

    access = TransistorAccess(transistor=MosTransistor(**LAW), gate_voltage=1.5, read_voltage=0.1)
    worst = worst_pattern(4, reading=Reading(access=access), wires=Wires(**lines), **options)
    cell, ohms, currents = (worst.word_line, worst.bit_line), np.where(worst.background, 900.0, 1800.0), []
    for ohms[cell] in (900.0, 1800.0):
        array = TransistorCrossbar(
            cells=Resistors(1.0 / ohms),
            transistor=access.transistor,
            gate_voltage=1.5,
            source_line_resistance=1.0,
            bit_line_resistance=2.0,
            faults=rates,
        )
        held = array.row_bias("grounded", cell[0], 0.1 * (np.arange(4) == cell[1]))
        currents.append(float(array.solve(**held.arguments()).bit_line_current[0, cell[1]]))
    assert worst.margin == pytest.approx((currents[0] - currents[1]) / currents[0], abs=1e-6)


def test_rates_of_shorts_are_those_of_source_lines_in_arrays_with_transistors():
    faults = FaultRates(shorted_lines=0.5, seed=3)
    shapes = {"bit_line": (40, 39), "word_line": (39, 40)}
    for source_lines, (rows, columns) in shapes.items():
        drawn = faults.drawn_for((40, 40), source_lines=source_lines)
        assert not drawn.shorted_word_lines
        places = np.array(drawn.shorted_source_lines)
        assert places[:, 0].max() == rows - 1
        assert places[:, 1].max() == columns - 1
        assert abs(len(places) - 780) < 4 * np.sqrt(390)


def test_stuck_cells_behind_transistors_have_the_resistance_of_their_end():
    stuck = np.zeros((2, 3), dtype=bool)
    stuck[1, 0] = True
    faulty = transistors(faults=Faults(stuck_high=stuck, high_resistance=2000.0, stuck_at={(1, 2): 700.0}))
    ohms = OHMS.copy()
    ohms[1, 0], ohms[1, 2] = 2000.0, 700.0
    expected = transistors(cells=Resistors(1.0 / ohms)).solve([0.0, 1.5], 0.8)
    assert faulty.solve([0.0, 1.5], 0.8).device_current.values == pytest.approx(expected.device_current.values)


def test_the_cost_of_an_array_with_unequal_segments_is_that_of_its_resistors():
    word = np.array([[1.0, 4.0, 2.0], [3.0, 0.5, 1.0]])
    bit = np.array([[2.0, 1.0, 5.0], [1.0, 3.0, 0.5]])
    array = Crossbar(
        conductance=1.0 / OHMS,
        word_line_resistance=word,
        bit_line_resistance=bit,
        driver_resistance=DRIVER,
        sense_resistance=SENSE,
        word_line_capacitance=1e-15,
        bit_line_capacitance=2e-15,
    )
    found = cost(array, write_voltage=0.3, write_width=4e-9, read_voltage=0.1, operations=["product"])
    volts = np.full(2, 0.1), np.zeros(3)
    out, into, through, across = nodal(1.0 / OHMS, *volts, word, bit, [])
    along = into[:, np.newaxis] - np.hstack([np.zeros((2, 1)), np.cumsum(through, axis=1)[:, :-1]])
    down = np.cumsum(through, axis=0)
    heat = (word * along**2).sum() + (bit * down**2).sum() + (through * across).sum()
    heat += DRIVER * (into**2).sum() + SENSE * (out**2).sum()  # I^2 R of every element
    assert float(found.power[0]) == pytest.approx(heat, rel=1e-10)
    # Elmore: each segment carries the charge of all nodes behind it, seen from the driver or the sense node.
    delay = max(1e-15 * (3 * DRIVER + 3 * r[0] + 2 * r[1] + r[2]) for r in word)
    delay += max(2e-15 * (2 * SENSE + 2 * r[1] + r[0]) for r in bit.T)
    quick = replace(array, resistance=None, word_line_capacitance=0.0, bit_line_capacitance=0.0)
    at_once = cost(quick, write_voltage=0.3, write_width=4e-9, read_voltage=0.1, operations=["product"])
    bits = Periphery().converter_bits
    assert float((found.latency - at_once.latency)[0]) == pytest.approx(delay * np.log(2) * (bits + 1), rel=1e-6)


def test_inference_on_faulty_arrays_knows_what_is_left():
    draw = np.random.default_rng(0)
    weights, images = draw.uniform(-1, 1, (7, 3)), draw.uniform(0, 1, (60, 6))
    weights[-1] = -0.5 * weights[:-1].sum(axis=0)  # about as many images of each class
    labels = (np.column_stack([images, np.ones(60)]) @ weights).argmax(axis=1)

    def accuracy(tiles=(8,), segment=0.0, **rates):
        settings = {"levels": (16,), "variations": (0.0,), "tiles": tiles, "wire_resistances": (segment,), "repeats": 1}
        faults = FaultRates(**rates) if rates else None
        return inference(weights, images, labels, **settings, faults=faults).wired_accuracy.mean().item()

    alone = (labels == 0).mean()  # outputs that are all 0 name the first class
    assert accuracy(open_cells=1.0) == pytest.approx(alone)
    assert accuracy(stuck_high=1.0) == pytest.approx(alone)
    assert accuracy(segment=1.0) > 0.9 > accuracy(stuck_low=0.3)
    # On contacts of nearly 0 Ohm at all cells, all bit lines are one, and so are all weights.
    touching = accuracy(segment=1.0, shorted_lines=1.0, shorted_lines_resistance=1e-9)
    assert touching == pytest.approx(alone, abs=0.2)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Faults(broken_word_lines=[(0, 1, 2)]), "broken_word_lines: expected pairs of numbers"),
        (lambda: Faults(broken_word_lines=[(0, 1), (0, 1)]), "broken_word_lines: expected every place once"),
        (lambda: Faults(shorted_lines_resistance=0.0), "shorted_lines_resistance: expected a number above 0"),
        (lambda: lines({"broken_word_lines": [(0, 4)]}, conductance=1 / OHMS).solve(0.1), "segments from 0 to 2, got"),
        (lambda: lines({"shorted_word_lines": [(1, 0)]}, conductance=1 / OHMS).solve(0.1), "cells that have a next"),
        (
            lambda: lines({"broken_source_lines": [(0, 0)]}, conductance=1 / OHMS),
            "expected no broken_source_lines in an array without transistors",
        ),
        (
            lambda: transistors(faults=Faults(broken_word_lines=[(0, 1)])),
            "expected no broken_word_lines in an array with transistors",
        ),
        (
            lambda: transistors(
                transistor=MosTransistor(**(LAW | {"off_resistance": np.inf})),
                faults=Faults(broken_bit_lines=[(0, 0)]),
            ),
            "faults: expected a finite off_resistance of the transistors with broken lines",
        ),
        (lambda: FaultRates(broken_segments=2.0), "broken_segments: expected a number from 0 to 1"),
        (
            lambda: sneak_paths(
                lines({"shorted_word_lines": [(0, 0)]}, conductance=1 / OHMS),
                bias("floating", (2, 3), 0.1),
                word_line=0,
                bit_line=0,
            ),
            "expected one whose lines do not touch each other",
        ),
        (
            lambda: cost(
                lines({"broken_word_lines": [(0, 1)]}, conductance=1 / OHMS), write_voltage=0.3, write_width=1e-9
            ),
            "array: expected one without broken lines",
        ),
        (
            lambda: transistors(source_line_resistance=1.0, source_line_ends="start"),
            "stop_driver_resistance: expected one only with",
        ),
    ],
)
def test_meaningless_faults_of_lines_are_refused_in_one_line(make, message):
    with pytest.raises(InputError, match=message) as raised:
        make()
    assert "\n" not in str(raised.value)


def test_what_no_current_comes_from_reads_as_nothing():
    open_cells = np.zeros((2, 3), dtype=bool)
    open_cells[0, 1] = True
    broken = np.zeros((2, 3), dtype=bool)
    broken[:, 0] = True  # all of a line whose last segment, that to its amplifier, is broken
    for faults, expected in (
        (Faults(open_cells=open_cells), ~open_cells),
        (Faults(broken_bit_lines=[(0, 1)]), ~broken),
    ):
        track = single_well(DEVICE, coercive_field=15e-4, half_width=100e-9)
        walls = DomainWalls(DEVICE, track, np.full((2, 3), 500e-9))
        array = Crossbar(cells=walls, word_line_resistance=WORD, bit_line_resistance=BIT, faults=faults)
        simulation = ArraySimulation(array)
        found = read(simulation).values
        assert np.isfinite(found).all()
        assert found[expected] == pytest.approx(simulation.conductance()[expected], rel=0.02)
        assert np.abs(found[~expected]).max() < 1e-3 * found.max()


@pytest.mark.parametrize(
    ("ends", "segment", "behind"),
    [("start", 1, [1, 2, 3]), ("start", 0, [0, 1, 2, 3]), ("stop", 1, [0, 1]), ("both", 2, []), ("both", 0, [])],
)
def test_what_is_read_behind_a_break_is_marked_and_left_as_it_is(ends, segment, behind):
    track = single_well(DEVICE, coercive_field=15e-4, half_width=100e-9)
    array = Crossbar(
        cells=DomainWalls(DEVICE, track, np.full((3, 4), 500e-9)),
        word_line_resistance=WORD,
        bit_line_resistance=BIT,
        word_line_ends=ends,
        faults=Faults(broken_word_lines=[(1, segment)]),
    )
    simulation = ArraySimulation(array)
    found = read(simulation)
    expected = np.ones((3, 4), dtype=bool)
    expected[1, behind] = False
    np.testing.assert_array_equal(found.connected, expected)
    assert found.values[expected] == pytest.approx(simulation.conductance()[expected], rel=1e-3)
    as_sensed = read(simulation, access=ReadAccess(calibrate=False)).values
    np.testing.assert_array_equal(found.values[~expected], as_sensed[~expected])
    one = read(simulation, word_line=1, bit_line=3)
    assert bool(one.connected) == expected[1, 3]
    reading = as_sensed[1, behind] if behind else np.ones(1)
    target = np.where(expected, np.nan, as_sensed.min())
    target[1, behind] = simulation.conductance()[1, behind]
    if behind:  # even where the current through other cells happens to be that of the target
        near = float(np.abs(target[1, behind] - reading).max()) * 1.1
        done = program(simulation, target, Schedule(voltages=[0.3], widths=1e-9, most_pulses=2), tolerance=near)
        assert not done.reached.values[1, behind].any()
        assert done.attrs["total_pulses"] == 0
        assert done.attrs["unreached"] == len(behind)


@pytest.mark.parametrize(("source_lines", "segment"), [("bit_line", 1), ("word_line", 2)])
def test_cells_behind_broken_lines_of_transistor_arrays_are_told_apart(source_lines, segment):
    array = TransistorCrossbar(
        cells=Resistors(1.0 / OHMS),
        transistor=MosTransistor(**LAW),
        gate_voltage=1.5,
        source_lines=source_lines,
        source_line_resistance=1.0,
        bit_line_resistance=1.0,
        faults=Faults(broken_source_lines=[(1, segment)], broken_bit_lines=[(0, 1)]),
    )
    expected = np.array([[False, True, True], [False, source_lines == "word_line", source_lines == "bit_line"]])
    np.testing.assert_array_equal(array.connected, expected)


def test_shorts_of_lines_in_time_agree_with_ngspice(ngspice):
    from spice import crosscheck_array

    device = notched_device()
    tracks = [notched_track(device, seed) for seed in range(9)]
    start = np.array([track.wells[7].centre for track in tracks]).reshape(3, 3)
    faults = Faults(shorted_word_lines=[(0, 1)], shorted_bit_lines=[(2, 1)], shorted_lines_resistance=20.0)
    wires = {"word_line_resistance": 1.0, "bit_line_resistance": 1.0}
    held = bias("V/2", (3, 3), 0.75, word_line=1, bit_line=0)
    drive, times = ArrayDrive.pulse(held, 4e-9, 1e-9), np.linspace(0.0, 8e-9, 33)
    found, sound = (
        crosscheck_array(
            ArraySimulation(Crossbar(cells=DomainWalls(device, tracks, start), **wires, **more)), drive, times
        )
        for more in ({"faults": faults}, {})
    )
    assert float(found.position_difference) < 0.1e-9
    assert float(found.current_difference) < 1e-4
    assert np.abs(found.current.values - sound.current.values).max() > 0.02 * np.abs(sound.current.values).max()
