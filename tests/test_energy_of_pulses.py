"""The energy of pulses with edges, of which the time of a rising or falling square is a third of the edge's."""

from dataclasses import replace

import numpy as np
import pytest

from compact_model import lequeux2016, single_well
from compact_model.drive import Sine
from crossbar import ArrayDrive, ArraySimulation, Bias, Crossbar, DomainWalls

DEVICE = lequeux2016()
WELL = single_well(DEVICE, coercive_field=70e-4, half_width=100e-9)
VOLTS = 1e-3  # far below V_h and the threshold, so that the resistances are constant


def array(ohms, farad=0.0):
    """Two word lines and three bit lines, with walls at rest."""
    cells = DomainWalls(DEVICE, WELL, np.full((2, 3), WELL.wells[0].centre))
    return Crossbar(
        cells=cells,
        word_line_resistance=ohms,
        bit_line_resistance=ohms,
        word_line_capacitance=farad,
        bit_line_capacitance=farad,
    )


HELD = replace(Bias.zero(np.zeros(2, dtype=bool), np.zeros(3, dtype=bool)), word_line_voltage=np.array([VOLTS, 0.0]))


@pytest.mark.parametrize("tolerance", [1e-12, 1e-9])
@pytest.mark.parametrize(("width", "edge"), [(4e-9, 2e-9), (1e-9, 3e-9), (20e-9, 0.1e-9)])
@pytest.mark.parametrize("ohms", [0.0, 2.0])
def test_a_pulse_with_edges_takes_the_energy_of_its_squared_voltage(ohms, width, edge, tolerance):
    circuit = array(ohms)
    simulation = ArraySimulation(circuit, tolerance=tolerance)
    simulation.pulse(HELD, width, edge=edge)
    duration = width + 2.0 * edge / 3.0
    if ohms:
        found = circuit.solve([VOLTS, 0.0], [0.0, 0.0, 0.0])
        whole = float(found.power[0])
        across = (found.word_line_voltage - found.bit_line_voltage).values
        taken = float((across * found.device_current.values).sum())
    else:
        whole = taken = float(circuit.cells.zero_bias_conductance()[0].sum()) * VOLTS**2
    energy = simulation.energy
    assert energy.sources == pytest.approx(whole * duration, rel=1e-4)
    assert energy.devices == pytest.approx(taken * duration, rel=1e-4)
    assert energy.lines == pytest.approx((whole - taken) * duration, rel=1e-4, abs=1e-9 * whole * duration)


def test_a_sine_takes_half_the_energy_of_its_amplitude():
    circuit = array(2.0)
    simulation = ArraySimulation(circuit, tolerance=1e-9)
    drive = ArrayDrive.of_lines((2, 3), word_lines={0: Sine(amplitude=VOLTS, frequency=0.1e9)})
    simulation.apply(drive, 20e-9)
    power = float(circuit.solve([VOLTS, 0.0], [0.0, 0.0, 0.0]).power[0])
    assert simulation.energy.sources == pytest.approx(0.5 * power * 20e-9, rel=1e-3)


def test_lines_with_charges_take_the_same_energy_in_the_end():
    circuit = array(2.0, farad=1e-15)
    simulation = ArraySimulation(circuit)
    simulation.pulse(HELD, 4e-9, edge=2e-9)
    power = float(circuit.solve([VOLTS, 0.0], [0.0, 0.0, 0.0]).power[0])
    assert simulation.energy.sources == pytest.approx(power * (4e-9 + 4e-9 / 3.0), rel=1e-3)
