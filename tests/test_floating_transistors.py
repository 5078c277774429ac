"""Lines of 1T1R arrays without a source: their cells hold them, as nodal analysis by hand says."""

import numpy as np
import pytest
from scipy.optimize import fsolve

from compact_model import InputError, notched_device, notched_track
from crossbar import (
    ArrayDrive,
    ArraySimulation,
    DomainWalls,
    MosTransistor,
    Resistors,
    TransistorBias,
    TransistorCrossbar,
    simulate_array,
)

DEVICE = notched_device()

OHMS = np.array([[900.0, 1200.0, 1500.0], [1100.0, 800.0, 1300.0]])
LEAK, RATIO, THRESHOLD, FACTOR = 2e5, 10.0, 0.4, 3e-4
SEGMENT, GATES = 5.0, np.array([0.0, 1.5])
LAW = {"threshold_voltage": THRESHOLD, "transconductance": FACTOR, "width": 1e-6, "length": 1e-7}
SOURCES, BITS = np.array([0.8, 0.0, 0.8]), np.array([0.0, 0.1, 0.0])
FLOATING_SOURCES, FLOATING_BITS = np.array([False, True, False]), np.array([False, False, True])


def array(off_resistance=LEAK):
    return TransistorCrossbar(
        cells=Resistors(1.0 / OHMS),
        transistor=MosTransistor(**LAW, off_resistance=off_resistance),
        gate_voltage=1.5,
        source_line_resistance=SEGMENT,
        bit_line_resistance=SEGMENT,
    )


def unbalanced(unknown):
    """Kirchhoff's law at all nodes, source lines, middles and bit lines, (2, 3) each: level 1 written out."""
    source, middle, bit = unknown.reshape(3, 2, 3)
    high, low = np.maximum(source, middle), np.minimum(source, middle)
    over = np.maximum(GATES[:, np.newaxis] - low - THRESHOLD, 0.0)
    drop = np.minimum(high - low, over)
    through = np.sign(source - middle) * FACTOR * RATIO * (over - 0.5 * drop) * drop + (source - middle) / LEAK
    device = (middle - bit) / OHMS
    along, down = (source[0] - source[1]) / SEGMENT, (bit[0] - bit[1]) / SEGMENT
    fed = np.where(FLOATING_SOURCES, 0.0, (SOURCES - source[0]) / SEGMENT)
    sensed = np.where(FLOATING_BITS, 0.0, (bit[1] - BITS) / SEGMENT)
    nodes = [fed - along - through[0], along - through[1], device[0] - down, device[1] + down - sensed]
    return 1e3 * np.concatenate([*nodes[:2], (through - device).ravel(), *nodes[2:]])


def test_floating_lines_have_the_voltages_of_nodal_analysis_by_hand():
    start = np.stack([np.full((2, 3), 0.5), np.full((2, 3), 0.3), np.full((2, 3), 0.1)])
    exact, _, _, message = fsolve(unbalanced, start.ravel(), xtol=1e-13, full_output=True)
    assert np.abs(unbalanced(exact)).max() < 1e-10, message
    source, middle, bit = exact.reshape(3, 2, 3)
    found = (
        array()
        .solve(GATES, SOURCES, BITS, floating_source_lines=FLOATING_SOURCES, floating_bit_lines=FLOATING_BITS)
        .isel(input=0)
    )
    np.testing.assert_allclose(found.source_line_voltage, source, atol=1e-9)
    np.testing.assert_allclose(found.bit_line_voltage, bit, atol=1e-9)
    np.testing.assert_allclose(found.device_current, (middle - bit) / OHMS, atol=1e-12)
    assert float(found.source_line_current[1]) == 0.0
    assert float(found.bit_line_current[2]) == 0.0
    assert float(found.bit_line_voltage[1, 2]) > 0.5  # pulled up by the cell that is on


def test_the_voltages_given_for_floating_lines_are_not_read():
    masks = {"floating_source_lines": FLOATING_SOURCES, "floating_bit_lines": FLOATING_BITS}
    one = array().solve(GATES, SOURCES, BITS, **masks)
    other = array().solve(GATES, np.where(FLOATING_SOURCES, 0.3, SOURCES), np.where(FLOATING_BITS, 0.2, BITS), **masks)
    np.testing.assert_allclose(other.device_current, one.device_current, atol=1e-13)
    assert float(other.power[0]) == pytest.approx(float(one.power[0]), rel=1e-9)


@pytest.mark.parametrize(
    ("off", "masks", "message"),
    [
        (np.inf, {"floating_bit_lines": FLOATING_BITS}, "off_resistance: expected a finite one"),
        (LEAK, {"floating_bit_lines": [True, False]}, r"floating_bit_lines: expected a mask of shape \(3,\), got"),
        (LEAK, {"floating_source_lines": [0, 1, 0]}, r"floating_source_lines: expected a mask of shape \(3,\), got"),
    ],
)
def test_floating_lines_that_nothing_holds_and_other_masks_are_named(off, masks, message):
    with pytest.raises(InputError, match=message):
        array(off).solve(GATES, SOURCES, BITS, **masks)


def floating_bias(gates=1.5, volts=0.9):
    """The first row on; a source line and a bit line float, of different cells."""
    return TransistorBias.of(
        np.array([gates, 0.0]),
        np.array([volts, 0.0, volts]),
        np.zeros(3),
        FLOATING_SOURCES,
        FLOATING_BITS,
    )


def walls(off_resistance=LEAK, **wires):
    tracks = [notched_track(DEVICE, seed) for seed in range(6)]
    start = np.array([track.wells[7].centre for track in tracks]).reshape(2, 3)
    return TransistorCrossbar(
        cells=DomainWalls(DEVICE, tracks, start),
        transistor=MosTransistor(**(LAW | {"width": 1e-5}), off_resistance=off_resistance),
        gate_voltage=1.5,
        **({"source_line_resistance": SEGMENT, "bit_line_resistance": SEGMENT} | wires),
    )


@pytest.mark.parametrize("wires", [{}, {"source_line_capacitance": 2e-13, "bit_line_capacitance": 1e-13}])
def test_floating_lines_agree_with_ngspice_in_time(ngspice, wires):
    from spice import crosscheck_array

    simulation = ArraySimulation(walls(**wires))
    before = simulation.devices.position
    drive = ArrayDrive.pulse(floating_bias(), 1e-9, 0.2e-9)
    found = crosscheck_array(simulation, drive, np.linspace(0.0, 1.4e-9, 8))
    assert float(found.position_difference) < 0.1e-9
    assert float(found.current_difference) < 5e-4
    moved = np.abs(simulation.devices.position - before)
    assert moved[0, 0] > 1e-9
    assert moved[0, 0] > 10.0 * moved[0, 1]  # whose source line floats


def test_a_run_and_its_first_instant_have_the_same_floating_lines():
    array, held = walls(), floating_bias()
    found = simulate_array(array, ArrayDrive(((held, 1.0),)), [0.0, 1e-12])
    at_once = array.solve(**held.arguments()).isel(input=0)
    for name in ("source_line_current", "bit_line_current", "device_current"):
        np.testing.assert_allclose(found[name].values[0], at_once[name], rtol=1e-7, atol=1e-12)
    assert found.source_line_current.values[:, 1] == pytest.approx(0.0, abs=1e-15)
    assert found.bit_line_current.values[:, 2] == pytest.approx(0.0, abs=1e-15)
    assert found.attrs["energy_of_sources"] == pytest.approx(
        found.attrs["energy_in_devices"] + found.attrs["energy_in_lines"], rel=1e-9
    )


def test_what_cannot_float_is_refused():
    held = floating_bias()
    with pytest.raises(InputError, match="off_resistance: expected a finite one of the transistors with floating"):
        simulate_array(walls(np.inf), ArrayDrive(((held, 1.0),)), [0.0, 1e-12])
    gates = {"floating_word_lines": np.array([False, True]), "floating_bit_lines": FLOATING_BITS}
    with pytest.raises(InputError, match="floating_word_lines: expected none, since word lines drive gates"):
        TransistorBias(word_line_voltage=GATES, bit_line_voltage=BITS, source_line_voltage=SOURCES, **gates)
    with pytest.raises(InputError, match=r"floating_source_lines: expected a mask of shape \(3,\)"):
        TransistorBias.of(GATES, SOURCES, BITS, np.array([True]))
    with pytest.raises(InputError, match="drive: expected the same floating lines in every Bias"):
        ArrayDrive(((held, 1.0), (TransistorBias.of(GATES, SOURCES, BITS, None, FLOATING_BITS), 1.0)))
