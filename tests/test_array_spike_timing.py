"""Two spikes on the lines of an array: one device's window where they cross, one spike alone beside it."""

import json

import numpy as np
import pytest
from processes import run

from compact_model import (
    GaussianWell,
    InputError,
    Landscape,
    Spike,
    conductance,
    notched_device,
    spike_timing_window,
)
from compact_model.device.junction import antiparallel_share
from crossbar import ArrayDrive, ArraySimulation, Crossbar, DomainWalls, Wires, array_spike_timing
from crossbar.studies.spike_timing import by_selection

NS = 1e-9
DEVICE = notched_device().resized(track_length=250e-9)
TRACK = Landscape(
    tuple(GaussianWell(centre=centre, coercive_field=300e-4, half_width=20e-9) for centre in (75e-9, 125e-9, 175e-9))
)
THRESHOLD = DEVICE.threshold_voltage
SPIKE = Spike(pulse_voltage=0.8 * THRESHOLD, tail_voltage=0.4 * THRESHOLD, shape="rectangle")
DELAYS = NS * np.array([-20.0, -12.0, 0.0, 12.0])


def array(resistance=0.0, shape=(2, 3)):
    cells = DomainWalls(DEVICE, TRACK, np.full(shape, 125e-9))
    return Crossbar(cells=cells, **Wires.equal(resistance).keywords())


def test_with_ideal_wires_each_cell_is_one_device_by_itself():
    found = array_spike_timing(array(), DELAYS, SPIKE, word_line=1, bit_line=0)
    alone = spike_timing_window(DEVICE, TRACK, DELAYS, SPIKE, temperatures=0.0)
    change = {kind: values.values[0] for kind, values in by_selection(found, "weight_change").items()}
    assert change["selected"][:, 0] == pytest.approx(alone.weight_change.values[0, 0], abs=1e-4)
    assert np.abs(change["selected"]).max() > 0.15
    # One spike and a rest that is longer by the delay: the wall still rings a little.
    one = alone.alone_weight_change.values[0, 0]
    assert change["same word line"] == pytest.approx(np.full((4, 2), one[0]), abs=2e-3)
    assert change["same bit line"] == pytest.approx(np.full((4, 1), one[1]), abs=2e-3)
    assert np.abs(change["unselected"]).max() < 1e-9
    assert found.selection.values.tolist() == [
        ["same bit line", "unselected", "unselected"],
        ["selected", "same word line", "same word line"],
    ]


def test_wires_take_from_the_sum_of_two_spikes_what_ohms_law_says():
    wired = array_spike_timing(array(5.0, (1, 1)), [12 * NS, 20 * NS], SPIKE)
    applied, found = 1.2 * THRESHOLD, wired.largest_voltage.values[0, :, 0, 0]
    # Two segments of 5 Ohm in series with the device, whose wall is somewhere on its track.
    ends = conductance(DEVICE, antiparallel_share(DEVICE, np.array([0.0, 250e-9])), np.full(2, applied))
    high, low = applied / (1.0 + 10.0 * ends)
    assert low < found.min()
    assert found.max() < high
    far = array_spike_timing(array(5.0, (3, 3)), [12 * NS], SPIKE).largest_voltage.values[0, 0]
    assert far[0, 2] < found.min()


def test_ngspice_moves_the_walls_of_an_array_as_far(ngspice):
    from spice import crosscheck_array

    drive = ArrayDrive.of_lines((1, 2), word_lines={0: SPIKE.waveform}, bit_lines={1: SPIKE.waveform.delayed(12 * NS)})
    simulation = ArraySimulation(array(1.0, (1, 2)))
    found = crosscheck_array(simulation, drive, np.arange(0.0, 60.0, 2.0) * NS)
    assert float(found.position_difference) < 0.1e-9
    assert float(found.current_difference) < 1e-3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"word_line": 2}, "word_line: expected a number from -2 to 1, got 2"),
        ({"delays": [0.0, 1.0]}, "delays: expected at most 0.001 s either way, got 0 to 1 s"),
        ({"arrays": [array(), array(0.0, (2, 2))]}, r"arrays: expected ones of one shape, got \(2, 3\), \(2, 2\)"),
    ],
)
def test_what_is_no_window_of_an_array_is_refused(changes, message):
    arguments = {"arrays": array(), "delays": [0.0], "spike": SPIKE} | changes
    with pytest.raises(InputError, match=message):
        array_spike_timing(**arguments)


def test_the_command_answers_for_the_cells_of_each_kind():
    options = [
        "--word-lines",
        "2",
        "--bit-lines",
        "2",
        "--shape",
        "rectangle",
        "--points",
        "3",
        "--longest-delay",
        "12",
    ]
    strong = ["--pulse-voltage", "0.4", "--tail-voltage", "0.2", "--wire-resistance", "1"]
    answer = json.loads(run("crossbar", "stdp", *options, *strong, "--json").stdout)
    assert answer["delay_ns"] == [-12.0, 0.0, 12.0]
    assert set(answer["weight_change_percent"]) == {"selected", "same word line", "same bit line", "unselected"}
    assert answer["largest_voltage_V"]["selected"] == pytest.approx(0.6, rel=0.03)
    assert answer["largest_voltage_V"]["same word line"] == pytest.approx(0.4, rel=0.03)
    assert answer["largest_change_percent"]["unselected"] < 0.01
