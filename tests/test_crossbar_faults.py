"""Arrays with faulty cells: what they do to currents, to writing, to studies and to learning."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from compact_model import InputError, lequeux2016, single_well
from crossbar import (
    ArrayDrive,
    ArraySimulation,
    Crossbar,
    DomainWalls,
    ExponentialSelector,
    FaultRates,
    Faults,
    Junctions,
    Memristors,
    PulsedDevice,
    Reading,
    Resistors,
    Selected,
    VteamParameters,
    Wires,
    WriteAccess,
    bias,
    half_select,
    product_accuracy,
    pulse_block,
    read_margin,
    worst_pattern,
    write,
)
from crossbar.studies.one_cell import cell_margin
from crossbar.studies.scattering import scattered_array
from dwmtj.cli import group

DEVICE = lequeux2016()
TRACK = single_well(DEVICE, coercive_field=15e-4, half_width=100e-9)
LOW, HIGH = 40.0, 70.0


def nodal(conductance, volts, segment):
    """Bit-line currents of a 2 x 2 array by Kirchhoff's laws, driven from the left, sensed at the bottom."""
    wire, nodes = 1.0 / segment, np.zeros((8, 8))
    fed = np.zeros(8)

    def word(i, j):
        return 2 * i + j

    def bit(i, j):
        return 4 + 2 * i + j

    def join(one, other, siemens):
        nodes[[one, other], [one, other]] += siemens
        nodes[[one, other], [other, one]] -= siemens

    for i in (0, 1):
        join(word(i, 0), word(i, 1), wire)
        nodes[word(i, 0), word(i, 0)] += wire
        fed[word(i, 0)] += wire * volts[i]
        join(bit(0, i), bit(1, i), wire)
        nodes[bit(1, i), bit(1, i)] += wire
        for j in (0, 1):
            join(word(i, j), bit(i, j), conductance[i, j])
    voltage = np.linalg.solve(nodes, fed)
    return wire * voltage[[bit(1, 0), bit(1, 1)]]


def mask(shape, *places):
    found = np.zeros(shape, dtype=bool)
    for place in places:
        found[place] = True
    return found


def test_an_array_of_resistances_with_faults_has_the_currents_of_nodal_analysis():
    faults = Faults(
        stuck_low=mask((2, 2), (0, 0)),
        stuck_high=mask((2, 2), (1, 0)),
        open_cells=mask((2, 2), (0, 1)),
        stuck_at={(1, 1): 55.0},
        low_resistance=LOW,
        high_resistance=HIGH,
    )
    array = Crossbar(resistance=np.full((2, 2), 50.0), **Wires.equal(2.0, faults=faults).keywords())
    expected = nodal(np.array([[1 / LOW, 0.0], [1 / HIGH, 1 / 55.0]]), [0.3, 0.1], 2.0)
    for each in (array, array.with_conductance(np.full((2, 2), 1e-3)), array.with_cells(Resistors(np.ones((2, 2))))):
        found = each.solve([0.3, 0.1]).bit_line_current.values[0]
        np.testing.assert_allclose(found, expected, rtol=1e-11)


def test_a_shorted_cell_of_an_array_of_resistances_joins_its_two_lines():
    faults = Faults(shorted_cells=mask((2, 2), (0, 1)))
    found = Crossbar(resistance=np.full((2, 2), 50.0), word_line_resistance=1.0, bit_line_resistance=1.0, faults=faults)
    expected = nodal(np.array([[0.02, 1e11], [0.02, 0.02]]), [0.3, 0.1], 1.0)
    np.testing.assert_allclose(found.solve([0.3, 0.1]).bit_line_current.values[0], expected, rtol=1e-5)


@pytest.mark.parametrize("selector", [False, True])
def test_stuck_devices_follow_their_law_at_their_end_and_open_ones_none(selector):
    middle = 0.5 * DEVICE.track_length
    faults = Faults(stuck_low=mask((1, 4), (0, 0)), stuck_high=mask((1, 4), (0, 1)), open_cells=mask((1, 4), (0, 2)))
    plain = Junctions(DEVICE, [[DEVICE.track_length, 0.0, middle, middle]])
    cells = Junctions(DEVICE, np.full((1, 4), middle))
    if selector:
        diode = ExponentialSelector(saturation_current=1e-4, voltage_scale=0.05)
        plain, cells = Selected(plain, diode), Selected(cells, diode)
    volts = 0.3
    wanted = Crossbar(cells=plain).solve([volts]).device_current.values[0, 0]
    array = Crossbar(cells=cells, faults=faults)
    found = array.solve([volts]).device_current.values[0, 0]
    np.testing.assert_allclose(found, wanted * [1.0, 1.0, 0.0, 1.0], rtol=1e-9)
    again = array.with_cells(array.cells).solve([volts]).device_current.values[0, 0]
    np.testing.assert_array_equal(again, found)


def test_writing_moves_the_walls_of_sound_cells_alone():
    start = np.full((2, 2), TRACK.wells[0].centre)
    arrays = [
        Crossbar(cells=DomainWalls(DEVICE, TRACK, start), faults=faults)
        for faults in (None, Faults(stuck_at={(0, 0): 50.0}))
    ]
    simulations = [ArraySimulation(each, tolerance=1e-9) for each in arrays]
    for each in simulations:
        write(each, 1.4 * DEVICE.threshold_voltage, 3e-9, word_line=0)
    sound, faulty = (each.devices.first_state() for each in simulations)
    assert faulty[0, 0] == start[0, 0] != sound[0, 0]
    np.testing.assert_array_equal(faulty[0, 1], sound[0, 1])  # lines without resistance: no cell feels another
    assert 1.0 / simulations[1].conductance()[0, 0] == pytest.approx(50.0, rel=1e-12)
    state = simulations[1].state()
    again = ArraySimulation(arrays[1], tolerance=1e-9)
    again.restore(state)
    np.testing.assert_array_equal(again.devices.first_state(), faulty)


def test_the_numbers_of_faults_drawn_are_binomial():
    from scipy.stats import binomtest

    rates = FaultRates(stuck_low=0.02, stuck_high=0.1, open_cells=0.005)
    shape = (300, 200)
    drawn = rates.draw(shape, seed=5)
    total = 0
    for kind in ("stuck_low", "stuck_high", "open_cells"):
        count = int(drawn.mask(kind, shape).sum())
        total += count
        assert binomtest(count, 60_000, getattr(rates, kind)).pvalue > 0.01
    assert drawn.cells(shape).sum() == total  # no cell twice
    again = FaultRates(stuck_low=0.02, stuck_high=0.1, open_cells=0.005).draw(shape, seed=5)
    np.testing.assert_array_equal(again.cells(shape), drawn.cells(shape))
    assert (rates.draw(shape).cells(shape) != drawn.cells(shape)).any()


def test_a_margin_is_that_of_the_sound_cells_before_what_the_faulty_ones_have():
    # Ideal lines, all others at 0 V: the current of a cell alone, whatever the other cells are.
    alone = read_margin([3], low_resistance=LOW, high_resistance=HIGH, schemes=["grounded"])
    faults = Faults(stuck_high=mask((3, 3), (0, 2), (1, 1)))
    faulty = read_margin(
        [3], low_resistance=LOW, high_resistance=HIGH, schemes=["grounded", "floating"], wires=Wires(faults=faults)
    )
    assert float(faulty.current_margin[0, 0]) == pytest.approx(float(alone.current_margin[0, 0])) == 1 - LOW / HIGH
    # Floating lines: one detour, in which the cell that is stuck low replaces one of three.
    wires = Wires(faults=Faults(stuck_low=mask((2, 2), (1, 0))))
    worst = worst_pattern(2, low_resistance=LOW, high_resistance=HIGH, reading=Reading(scheme="floating"), wires=wires)
    detours = [LOW + a + b for a in (LOW, HIGH) for b in (LOW, HIGH)]
    expected = min((1 / LOW - 1 / HIGH) / (1 / LOW + 1 / detour) for detour in detours)
    assert worst.margin == pytest.approx(expected, rel=1e-9)
    assert (worst.word_line, worst.bit_line) != (1, 0)
    reading = {"low_resistance": LOW, "high_resistance": HIGH, "reading": Reading(), "word_line": 1, "bit_line": 0}
    assert cell_margin(np.full((2, 2), LOW), wires=wires, **reading) == 0.0
    dead = Wires(faults=FaultRates(stuck_high=1.0))
    nothing = worst_pattern(2, low_resistance=LOW, high_resistance=HIGH, reading=Reading(), wires=dead)
    assert nothing.margin == 0.0
    assert nothing.pattern == "no sound cell"


def test_a_faulty_cell_is_neither_written_nor_disturbed():
    faults = Faults(open_cells=mask((2, 2), (0, 1)))
    found = half_select(DEVICE, [2], write_voltage=0.5, schemes=["V/2"], wires=Wires(faults=faults))
    assert float(found.selected_voltage[0, 0]) == pytest.approx(0.5)
    one = scattered_array([DEVICE] * 4, mask((2, 2)), wires=Wires(faults=faults))
    assert one["write_window"] == pytest.approx(1.0)  # V/2, ideal lines
    none = scattered_array([DEVICE] * 4, mask((2, 2)), wires=Wires(faults=FaultRates(open_cells=1.0)))
    assert none["write_window"] == -1.0


def test_open_cells_take_their_weights_out_of_a_product():
    # A weight of w = a - b whose two devices are open by chance p: the error of a product by ideal lines has the mean
    # square 2 p, over the mean square of the weights, if all conductances were 0 or 1.
    faults = FaultRates(open_cells=0.05)
    found = product_accuracy([64], [0.0], np.linspace(1e-3, 2e-3, 64), faults=faults, repeats=6, seed=3)
    sound = product_accuracy([64], [0.0], np.linspace(1e-3, 2e-3, 64), repeats=2, seed=3)
    assert float(sound.wire_error.max()) < 1e-9
    # Pairs lie at the lower end: (G, G_min) with G - G_min = |w| (1 mS); a lost device takes G of 1 to 2 mS.
    drawn = np.random.default_rng(1).uniform(0.0, 1.0, 100_000)
    loss = 0.05 * ((1.0 + drawn) ** 2 + 1.0).mean() / (drawn**2).mean()
    assert np.sqrt((found.wire_error.values**2).mean()) == pytest.approx(np.sqrt(loss), rel=0.15)
    assert float(found.wire_error.std()) > 0.0  # other faults in each repeat


def test_learning_pulses_leave_faulty_devices_where_they_are():
    devices = Memristors(VteamParameters(), np.full((1, 1), 1.5e-9))
    kind = PulsedDevice.tabulated(devices, voltage=0.5, width=1e-9, access=WriteAccess(scheme="grounded"), states=8)
    faults = Faults(stuck_low=mask((3, 2), (0, 0)), stuck_at={(2, 1): 123.0})
    sound, faulty = (kind.array((3, 2), seed=2, wires=Wires(faults=each)) for each in (None, faults))
    before = [each.conductance() for each in (sound, faulty)]
    for each in (sound, faulty):
        pulse_block(each, np.ones(3, dtype=bool), np.ones(2, dtype=bool), -0.5, kind.width, kind.access)
    after = [each.conductance() for each in (sound, faulty)]
    where = faults.cells((3, 2))
    np.testing.assert_array_equal(after[1][where], before[1][where])
    np.testing.assert_allclose(after[1][where], [1.0 / VteamParameters().on_resistance, 1.0 / 123.0])
    np.testing.assert_array_equal(after[1][~where], after[0][~where])
    assert (after[0] != before[0]).all()
    np.testing.assert_allclose(faulty.read(np.eye(3)), after[1])


def test_the_commands_draw_faults():
    words = [
        "crossbar",
        "margin",
        "--sizes",
        "2",
        "--scheme",
        "grounded",
        "--wire-resistance",
        "0",
        "--json",
        "--quiet",
    ]
    found = []
    for more in ([], ["--stuck-high", "0"], ["--stuck-low", "100"], ["--stuck-high", "40", "--fault-seed", "3"]):
        answer = json.loads(CliRunner().invoke(group, [*words, *more]).stdout)
        found.append(answer["current_margin"]["grounded"][0])
    assert found == pytest.approx([found[0], found[0], 0.0, found[0]])  # of the sound cells, each as if alone
    refused = CliRunner().invoke(group, [*words, "--stuck-low", "60", "--open-cells", "50"])
    assert isinstance(refused.exception, InputError)
    assert "--stuck-low, --stuck-high, --open-cells: expected at most 100 % together" in str(refused.exception)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Faults(stuck_low=[[1, 0]]), "stuck_low: expected a mask of shape"),
        (
            lambda: Faults(stuck_low=mask((2, 2)), open_cells=mask((2, 3))),
            r"open_cells: expected a mask of shape \(2, 2\)",
        ),
        (lambda: Faults(stuck_at={(0, -1): 1.0}), "stuck_at: expected a whole number of at least 0"),
        (lambda: Faults(stuck_at={(0, 1): -1.0}), r"stuck_at \(0, 1\): expected a number of at least 0"),
        (lambda: Faults(stuck_at={(0, 0): 1.0}, open_cells=mask((1, 1), (0, 0))).cells((1, 1)), "in one kind of fault"),
        (lambda: Faults(stuck_at={(2, 0): 1.0}).cells((2, 2)), r"stuck_at: expected cells of an array of \(2, 2\)"),
        (lambda: FaultRates(stuck_low=1.5), "stuck_low: expected a number from 0 to 1, got 1.5"),
        (lambda: FaultRates(stuck_low=0.6, open_cells=0.6), "expected probabilities of at most 1 together, got 1.2"),
        (lambda: Wires(faults=0.1), "faults: expected Faults or FaultRates, got float"),
        (
            lambda: Crossbar(resistance=[[1.0]], faults=FaultRates(stuck_low=1.0)),
            "faults: expected low_resistance with stuck_low",
        ),
        (
            lambda: Crossbar(resistance=[[1.0]], faults=Faults(open_cells=mask((2, 2), (0, 0)))),
            r"faults: expected those of an array of \(1, 1\)",
        ),
        (
            lambda: Crossbar(cells=Junctions(DEVICE, [[0.0]]), faults=FaultRates(shorted_cells=1.0)),
            "shorted_resistance: expected Ohm above 0",
        ),
    ],
)
def test_bad_faults_are_refused_in_one_line(make, message):
    with pytest.raises(InputError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)


def test_a_netlist_of_moving_devices_with_faults_agrees_with_the_simulation(ngspice):
    from spice import crosscheck_array
    from spice.netlists.array import array_circuit

    faults = Faults(
        stuck_low=mask((3, 3), (0, 1)),
        stuck_high=mask((3, 3), (1, 0)),
        open_cells=mask((3, 3), (2, 2)),
        shorted_cells=mask((3, 3), (2, 0)),
        shorted_resistance=5.0,
        stuck_at={(1, 2): 90.0},
    )
    array = Crossbar(
        cells=DomainWalls(DEVICE, TRACK, np.full((3, 3), 500e-9), external_field=0.0),
        word_line_resistance=2.0,
        bit_line_resistance=2.0,
        faults=faults,
    )
    drive = ArrayDrive.pulse(bias("V/2", (3, 3), 0.4, word_line=1, bit_line=1), 4e-9, 0.5e-9)
    simulation = ArraySimulation(array)
    found = crosscheck_array(simulation, drive, np.linspace(0.0, 5e-9, 26))
    assert float(found.position_difference) < 1e-11
    assert float(found.current_difference) < 1e-4
    walls = simulation.devices.values()["position"]
    assert abs(walls[1, 1] - 500e-9) > 5e-9  # the sound ones move
    assert walls[0, 1] == DEVICE.track_length or walls[0, 1] == 0.0
    elements = {str(each.name) for each in array_circuit(array, drive.parts[0][0]).elements}
    assert {"B0_1", "B1_0", "R1_2", "R2_0", "X1_1"} <= elements
    assert not {"X2_2", "R2_2", "B2_2"} & elements


def test_stuck_memristors_are_resistors_in_a_netlist():
    from spice.netlists.array import array_netlist

    stuck = mask((1, 2), (0, 0))
    array = Crossbar(cells=Memristors(VteamParameters(), np.full((1, 2), 1.5e-9)), faults=Faults(stuck_high=stuck))
    text = array_netlist(array, bias("V/2", (1, 2), 0.1))
    ohms = 1.0 / float(array.cells.zero_bias_conductance()[0, 0])
    line = next(each for each in text.splitlines() if each.startswith("R0_0 "))
    assert float(line.split()[3]) == pytest.approx(ohms, rel=1e-14)
    assert "X0_1 " in text
