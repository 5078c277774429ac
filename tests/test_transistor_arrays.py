"""1T1R arrays: the transistor's law, the lines, and what is done to them, beside ngspice's own level 1 MOSFET."""

import numpy as np
import pytest
from scipy.linalg import expm
from scipy.optimize import brentq

from compact_model import InputError, constant, notched_device, notched_track
from crossbar import (
    ArrayDrive,
    ArraySimulation,
    Crossbar,
    DomainWalls,
    MosTransistor,
    ReadAccess,
    Reading,
    Resistors,
    Schedule,
    TransistorAccess,
    TransistorCrossbar,
    Wires,
    WriteAccess,
    bias,
    outer_product_update,
    program,
    pulse_block,
    read,
    read_margin,
    simulate_array,
    worst_pattern,
    write,
)
from crossbar.operate.operations import cell_voltages, compensated, row_drive

DEVICE = notched_device()
LAYOUTS = ("bit_line", "word_line")
STRONG = MosTransistor(
    threshold_voltage=np.linspace(0.35, 0.45, 16).reshape(4, 4),
    transconductance=3e-4,
    width=10e-6,
    length=0.1e-6,
    body_effect=0.4,
    surface_potential=0.7,
    channel_length_modulation=0.05,
)


def walls(**wires):
    tracks = [notched_track(DEVICE, seed) for seed in range(16)]
    start = np.array([track.wells[7].centre for track in tracks]).reshape(4, 4)
    return TransistorCrossbar(
        cells=DomainWalls(DEVICE, tracks, start),
        transistor=STRONG,
        gate_voltage=1.8,
        **({"source_line_resistance": 1.0, "bit_line_resistance": 1.0, "driver_resistance": 10.0} | wires),
    )


def resistors(seed=0, shape=(3, 4), **changes):
    random = np.random.default_rng(seed)
    law = {
        "threshold_voltage": random.uniform(0.3, 0.5, shape),
        "transconductance": 3e-4,
        "width": random.uniform(0.05e-6, 1e-6, shape),
        "length": 0.05e-6,
        "body_effect": 0.4,
        "surface_potential": 0.7,
        "channel_length_modulation": 0.1,
    }
    wires = {"source_line_resistance": 20.0, "bit_line_resistance": 10.0, "driver_resistance": 100.0}
    return TransistorCrossbar(
        cells=Resistors(1.0 / random.uniform(1e3, 4e3, shape)),
        transistor=MosTransistor(**(law | changes.pop("law", {}))),
        gate_voltage=1.2,
        **(wires | {"sense_resistance": 50.0} | changes),
    )


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("voltage", [0.02, 1.2, -1.2])
@pytest.mark.parametrize(("ends", "leak"), [("start", np.inf), ("both", 1e5)])
def test_an_array_agrees_with_ngspice(ngspice, layout, voltage, ends, leak):
    """Ohmic, saturated, and written from the bit line, where the junction takes from the gate's voltage."""
    from spice.netlists.array import array_netlist
    from spice.ngspice.run import run_netlist

    array = resistors(source_lines=layout, source_line_ends=ends, law={"off_resistance": leak})
    held = array.row_bias("grounded", 1, np.full(4, voltage))
    found = array.solve(**held.arguments()).isel(input=0)
    text = array_netlist(array, held)
    options = ".options gmin=1e-18 reltol=1e-10 abstol=1e-18 vntol=1e-13\n"
    vectors = run_netlist(text.replace("\n.op", f"\n{options}.op"))[-1].vectors

    def nodes(letter):
        return np.array([[np.real(vectors[f"{letter}{i}_{j}"])[0] for j in range(4)] for i in range(3)])

    current = (nodes("m") - nodes("b")) * np.asarray(array.cells.conductance)
    # The MOSFET's bulk diodes take 1e-14 A each, which the law leaves out.
    assert np.abs(found.device_current.values - current).max() < 1e-9 * np.abs(current).max() + 1e-13
    assert np.abs(found.source_line_voltage.values - nodes("s")).max() < 1e-9
    assert np.abs(found.bit_line_voltage.values - nodes("b")).max() < 1e-9
    assert np.abs(found.device_voltage + found.transistor_voltage - (nodes("s") - nodes("b"))).max() < 1e-9


def test_a_saturated_transistor_carries_what_its_law_says():
    array = resistors(
        source_line_resistance=0.0,
        bit_line_resistance=0.0,
        driver_resistance=0.0,
        sense_resistance=0.0,
        law={"width": 0.05e-6, "threshold_voltage": 0.4, "channel_length_modulation": 0.0},
    )
    # Driven from the bit line: the transistor's source is at 0 V, its drain far above the overdrive of 0.8 V.
    found = array.solve(**array.row_bias("grounded", 0, np.full(4, -1.2)).arguments()).isel(input=0)
    assert found.device_current.values[0] == pytest.approx(np.full(4, -0.5 * 3e-4 * 0.8**2), rel=1e-12)
    assert found.device_current.values[1:] == pytest.approx(0.0, abs=1e-20)


def test_the_source_s_potential_takes_from_the_gate():
    array = resistors()
    forward, backward = (
        array.solve(**array.row_bias("grounded", 0, np.full(4, sign * 1.0)).arguments()).device_current.values[0, 0]
        for sign in (1.0, -1.0)
    )
    assert (forward < 0.95 * -backward).all()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_enters_leaves_and_powers_add_up(layout):
    array = resistors(source_lines=layout, shape=(5, 3))
    held = array.row_bias("grounded", 2, [1.0, 0.5, 0.0])
    found = array.solve(**held.arguments()).isel(input=0)
    assert float(found.source_line_current.sum()) == pytest.approx(float(found.bit_line_current.sum()), rel=1e-10)
    across = found.source_line_voltage - found.bit_line_voltage
    assert float((across * found.device_current).sum()) < float(found.power)
    assert found.sizes["source_line"] == (3 if layout == "bit_line" else 5)


def test_inputs_are_solved_one_by_one():
    array = resistors()
    gates = np.eye(3) * 1.2
    found = array.solve(gates, 0.3)
    for index in range(3):
        one = array.solve(gates[:, index], 0.3)
        assert np.array_equal(found.device_current[index], one.device_current[0])


@pytest.mark.parametrize(("layout", "voltage"), [("bit_line", 0.9), ("word_line", -0.9)])
def test_writing_agrees_with_ngspice_in_time(ngspice, layout, voltage):
    from spice import crosscheck_array

    simulation = ArraySimulation(walls(source_lines=layout))
    volts = voltage * np.array([1.0, 0.0, 0.9, 0.8])
    drive, duration = row_drive(simulation, 1, volts, np.array([4e-9, 4e-9, 3e-9, 4e-9]), WriteAccess(edge=1e-9))
    before = simulation.devices.position
    found = crosscheck_array(simulation, drive, np.linspace(0.0, duration + 1e-9, 29))
    assert float(found.position_difference) < 0.1e-9
    assert float(found.current_difference) < 1e-4
    assert np.abs(simulation.devices.position - before)[1, [0, 2, 3]].min() > 10e-9
    assert np.abs(simulation.devices.position - before)[[0, 2, 3]].max() < 0.1e-9  # cut off


def test_charged_lines_agree_with_ngspice_in_time(ngspice):
    from spice import crosscheck_array

    lines = {"source_line_capacitance": 2e-13, "bit_line_capacitance": 1e-13, "sense_resistance": 20.0}
    simulation = ArraySimulation(walls(source_lines="word_line", **lines))
    volts = 0.9 * np.array([1.0, 0.0, 0.9, 0.8])
    drive, duration = row_drive(simulation, 1, volts, np.full(4, 0.5e-9), WriteAccess(edge=0.1e-9))
    before = simulation.devices.position
    found = crosscheck_array(simulation, drive, np.linspace(0.0, duration, 5))
    assert float(found.position_difference) < 0.1e-9
    assert float(found.current_difference) < 5e-4
    assert np.abs(simulation.devices.position - before)[1, [0, 2, 3]].min() > 0.5e-9
    energy = simulation.energy
    assert energy.sources == pytest.approx(energy.devices + energy.lines + energy.charges, rel=5e-3)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_line_behind_closed_gates_charges_as_the_ladder_it_is(layout):
    ohms, farad, volts = 50.0, 2e-13, 0.3
    array = walls(
        source_lines=layout, source_line_resistance=20.0, driver_resistance=30.0, source_line_capacitance=farad
    )
    held = array.row_bias("grounded", 0, [volts] * 4)
    held = type(held).of(np.zeros(4), held.source_line_voltage, held.bit_line_voltage)
    times = np.linspace(0.0, 60e-12, 7)
    found = simulate_array(array, ArrayDrive(((held, constant(1.0)),)), times, tolerance=1e-14)
    # C v' = -K v + b, from all nodes at 0 V; the current is what passes the driver and the first segment.
    between = np.diag([1 / ohms + 1 / 20, 2 / 20, 2 / 20, 1 / 20]) - (np.eye(4, k=1) + np.eye(4, k=-1)) / 20
    rest = volts * np.ones(4)
    expected = [(expm(-between / farad * time) @ rest)[0] / ohms for time in times[1:]]
    assert found.source_line_current.values[1:, 0] == pytest.approx(expected, rel=2e-3)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_row_is_read_and_written_by_itself(layout):
    simulation = ArraySimulation(walls(source_lines=layout))
    before, start = simulation.devices.position, simulation.conductance()
    reading = read(simulation, access=ReadAccess(calibrate=False)).values
    assert ((reading > 0.7 * start) & (reading < start)).all()
    spent = write(simulation, 0.9, 4e-9, word_line=2, bit_line=1)
    moved = simulation.devices.position - before
    assert moved[2, 1] > 10e-9
    moved[2, 1] = 0.0
    assert np.abs(moved).max() < 1e-9
    assert spent.sources == pytest.approx(spent.devices + spent.lines, rel=1e-3)


def test_ideal_lines_and_strong_transistors_are_an_array_without_them():
    array = walls(source_line_resistance=0.0, bit_line_resistance=0.0, driver_resistance=0.0)
    ideal = MosTransistor(threshold_voltage=0.4, transconductance=3e-4, width=1.0, length=1e-7)
    open_row = TransistorCrossbar(cells=array.cells, transistor=ideal, gate_voltage=1.8)
    simulation = ArraySimulation(open_row)
    assert read(simulation).values == pytest.approx(read(ArraySimulation(Crossbar(cells=array.cells))).values, rel=1e-4)


@pytest.mark.parametrize(("layout", "sign"), [("bit_line", 1.0), ("word_line", 1.0), ("word_line", -1.0)])
def test_compensation_gives_each_cell_its_voltage(layout, sign):
    simulation = ArraySimulation(walls(source_lines=layout, driver_resistance=30.0))
    volts = sign * np.array([0.5, 0.0, 0.4, 0.6])
    held = compensated(simulation, simulation.array.row_bias("V/2", 3, volts), 3, volts)
    assert cell_voltages(simulation, held)[3, [0, 2, 3]] == pytest.approx(volts[[0, 2, 3]], abs=1e-4)
    assert min(held.source_line_voltage.min(), held.bit_line_voltage.min()) >= 0.0


def test_an_array_is_programmed_and_updated():
    simulation = ArraySimulation(walls())
    low, high = (float(each.flat[0]) for each in simulation.devices.conductance_range())
    target = np.full((4, 4), np.nan)
    target[0] = np.linspace(0.3, 0.7, 4) * (high - low) + low
    schedule = Schedule(voltages=[0.8, 0.9, 1.0], widths=4e-9, most_pulses=30)
    result = program(simulation, target, schedule, tolerance=8e-5)
    assert result.attrs["unreached"] == 0
    assert np.abs(result.error.values[0]).max() < 2e-4
    before = simulation.devices.position
    edged = WriteAccess(edge=2e-9, settle=300e-9)  # steep edges pump some walls back into the site that they left
    rows, columns = np.array([False, True, True, False]), np.array([True, True, False, False])
    pulse_block(simulation, rows, columns, 1.4, 4e-9, edged)
    moved = np.abs(simulation.devices.position - before)
    assert moved[1:3, :2].min() > 10e-9
    assert max(moved[[0, 3]].max(), moved[:, 2:].max()) < 1e-9
    update = outer_product_update(simulation, [0, 1, 0, 0], [0, 0, 1, 0], voltage=0.9, width=4e-9, slots=1)
    assert int(update.coincidences[1, 2]) == 1


def test_records_name_the_source_lines():
    array = walls(source_lines="word_line")
    drive = ArrayDrive.pulse(array.row_bias("V/2", 0, np.full(4, 0.5)), 1e-9)
    found = simulate_array(array, drive, np.linspace(0.0, 1e-9, 3))
    assert found.source_line_current.dims == ("time", "source_line")
    assert float(found.source_line_current[-2, 0]) == pytest.approx(float(found.bit_line_current[-2].sum()), rel=1e-6)
    assert not found.word_line_current.any()


def test_the_offset_of_the_amplifiers_moves_a_reading():
    simulation = ArraySimulation(walls())
    plain = read(simulation, word_line=0).values
    shifted = read(simulation, word_line=0, access=ReadAccess(offset=[0.002, 0.0, -0.002, 0.0])).values
    assert shifted / plain == pytest.approx([0.9, 1.0, 1.1, 1.0], rel=0.01)
    passive = ArraySimulation(Crossbar(cells=simulation.devices))
    siemens = passive.conductance()
    pulled = siemens[0] - 0.1 * siemens.sum(axis=0)  # the other rows are at 0 V, and feed the offset too
    assert read(passive, word_line=0, access=ReadAccess(offset=0.002)).values == pytest.approx(pulled, rel=1e-3)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (lambda: resistors(source_lines="left"), "source_lines: expected"),
        (lambda: resistors(law={"width": -1.0}), "width: expected values above 0"),
        (
            lambda: resistors(law={"width": np.ones((2, 2))}),
            r"width: expected a number or shape .* = \(3, 4\)",
        ),
        (lambda: resistors(source_line_resistance=-1.0), "source_line_resistance: expected values of at least 0 Ohm"),
        (lambda: resistors(law={"off_resistance": 0.0}), "off_resistance: expected values above 0"),
        (lambda: resistors().solve([1.0, 0.0]), r"word_line_voltage: expected a number, shape \(3,\)"),
        (lambda: resistors(source_lines="word_line").row_bias("V/2", 0, [1.0, -1.0, 0.0, 0.0]), "one sign"),
        (
            lambda: ArraySimulation(walls()).apply(ArrayDrive.pulse(bias("V/2", (4, 4), 0.5), 1e-9), 1e-9),
            "drive: expected voltages of 4 source lines, got those of 0",
        ),
    ],
)
def test_what_does_not_fit_is_named(wrong, named):
    with pytest.raises(InputError, match=named):
        wrong()


def test_margins_behind_transistors_are_those_of_a_device_in_series_with_one():
    low, high, volts = 2e3, 4e3, 0.2
    law = MosTransistor(threshold_voltage=0.4, transconductance=3e-4, width=1e-6, length=0.1e-6)
    reading = {"low_resistance": low, "high_resistance": high}

    def alone(ohms):
        # the transistor in its linear range, its source at the device: SPICE's level 1 by hand
        def excess(middle):
            across = volts - middle
            return 3e-3 * across * (1.2 - middle - 0.4 - 0.5 * across) - middle / ohms

        return brentq(excess, 0.0, volts, xtol=1e-15) / ohms

    expected = (alone(low) - alone(high)) / alone(low)
    for layout in LAYOUTS:
        access = TransistorAccess(transistor=law, gate_voltage=1.2, read_voltage=volts, source_lines=layout)
        ideal = worst_pattern(2, reading=Reading(access=access), search=False, **reading)
        assert ideal.margin == pytest.approx(expected, rel=1e-9)
        # wires and sense resistances take from it
        wires = Wires(word_line_resistance=50.0, bit_line_resistance=50.0, sense_resistance=200.0)
        far = worst_pattern(2, reading=Reading(access=access), wires=wires, search=False, **reading)
        assert 0.2 < far.margin < 0.97 * expected
        assert (far.word_line, far.bit_line)[0] == 0
    found = read_margin([1], access=access, **reading)
    assert found.scheme.values.tolist() == ["grounded"]
    assert found.current_margin.values[0, 0] == pytest.approx(expected, rel=1e-9)
    with pytest.raises(InputError, match="schemes: expected 'grounded' alone with access"):
        read_margin([2], schemes=["V/2"], access=access, **reading)
    uneven = Wires(word_line_resistance=np.ones((2, 2)))
    with pytest.raises(InputError, match="wires: expected one word_line_resistance per line"):
        read_margin([2], access=access, wires=uneven, **reading)


def test_a_sense_resistance_of_the_wires_counts_in_a_margin():
    wires = Wires(sense_resistance=50.0)
    found = read_margin([1], low_resistance=100.0, high_resistance=300.0, wires=wires)
    assert found.current_margin.values == pytest.approx((1 / 150 - 1 / 350) * 150)
    assert found.voltage_margin.values == pytest.approx(100 / 250 - 100 / 450)


def test_gates_that_never_open_read_nothing_and_are_not_programmed():
    simulation = ArraySimulation(
        TransistorCrossbar(
            cells=DomainWalls(DEVICE, notched_track(DEVICE, 1), np.full((2, 2), 300e-9)),
            transistor=MosTransistor(threshold_voltage=0.4, transconductance=3e-4, width=1e-6, length=1e-7),
            gate_voltage=0.3,
        )
    )
    assert np.array_equal(read(simulation).values, np.zeros((2, 2)))
    schedule = Schedule(voltages=[0.4], widths=4e-9)
    with pytest.raises(InputError, match="read: expected a voltage at which a reading tells the ends of the devices"):
        program(simulation, simulation.conductance(), schedule, tolerance=1e-5)
