"""An array beside ngspice: devices of their own, on tracks of their own, from a state that is not at rest."""

import numpy as np
import pytest
from walls import simulation_of_walls

from compact_model import InputError, notched_device, notched_track
from crossbar import ArrayDrive, Crossbar, ExponentialSelector, Junctions, Selected, bias

DEVICE = notched_device()


def simulation_of(size, **options):
    tracks = [notched_track(DEVICE, seed) for seed in range(size * size)]
    start = np.array([track.wells[7].centre for track in tracks]).reshape(size, size)
    wires = {name: options.pop(name, 1.0) for name in ("word_line_resistance", "bit_line_resistance")}
    array = Crossbar(cells=Junctions(options.pop("devices", DEVICE), start), **wires)
    return simulation_of_walls(array, tracks, **options)


def test_devices_with_stray_fields_of_their_own_agree_with_ngspice(ngspice):
    from spice import crosscheck_array

    devices = [DEVICE.replace(stray_field=1e-3 * index) for index in range(4)]
    found = crosscheck_array(
        simulation_of(2, devices=devices, external_field=0.0), drive_of(2), np.linspace(0.0, 6e-9, 25)
    )
    assert float(found.position_difference) < 0.1e-9
    assert float(found.current_difference) < 1e-4


def drive_of(size, voltage=0.75):
    return ArrayDrive.pulse(bias("V/2", (size, size), voltage, word_line=1, bit_line=0), 4e-9, 1e-9)


def test_a_ringing_array_agrees_with_ngspice(ngspice):
    from spice import crosscheck_array

    simulation = simulation_of(3)
    simulation.apply(drive_of(3), 9e-9)
    before = simulation.devices.position
    found = crosscheck_array(simulation, drive_of(3, -0.75), np.linspace(0.0, 12e-9, 49))
    assert float(found.position_difference) < 0.1e-9
    assert float(found.current_difference) < 1e-4
    assert found.position.values[0, 0] == pytest.approx(before.ravel())
    assert np.abs(simulation.devices.position - before).max() > 1e-9  # it went on


@pytest.mark.parametrize(
    ("options", "times", "named"),
    [
        ({}, [1e-9, 2e-9], "times: expected a start at 0 s"),
        ({"temperature": 300.0}, [0.0, 2e-9], "simulation: expected one at 0 K"),
    ],
)
def test_what_cannot_be_compared_is_named(options, times, named):
    from spice import crosscheck_array

    with pytest.raises(InputError, match=named):
        crosscheck_array(simulation_of(2, **options), drive_of(2), times)


def test_cells_with_selectors_have_no_netlist_of_junctions():
    from spice import crosscheck_array

    plain = simulation_of(2)
    cells = Selected(plain.devices, ExponentialSelector(saturation_current=1e-4, voltage_scale=0.1))
    selected = simulation_of_walls(Crossbar(cells=cells, word_line_resistance=1.0), plain.devices.landscapes)
    with pytest.raises(InputError, match="array: expected cells without selectors"):
        crosscheck_array(selected, drive_of(2), [0.0, 2e-9])


def test_charged_lines_are_not_compared():
    from spice import crosscheck_array

    plain = simulation_of(2)
    array = Crossbar(cells=plain.devices, driver_resistance=200.0, word_line_capacitance=2e-12)
    simulation = simulation_of_walls(array, plain.devices.landscapes, tolerance=1e-10)
    simulation.apply(drive_of(2), 1.5e-9)
    with pytest.raises(InputError, match="simulation: expected discharged lines"):
        crosscheck_array(simulation, drive_of(2), [0.0, 2e-9])
