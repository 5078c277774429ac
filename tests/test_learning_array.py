"""The array of states against the array of walls: the same pulses, the same statistics; voltages and energies."""

import numpy as np
import pytest
from scipy import stats
from walls import simulation_of_walls

from compact_model import notched_device, notched_track, pulse_table, vary
from compact_model.support.validation import InputError
from compact_model.track.resting import dividing_points
from crossbar import (
    Crossbar,
    Junctions,
    TableArray,
    WriteAccess,
    outer_product_update,
    pulse_block,
)
from crossbar.kernels.transitions import draw_states, staying
from crossbar.schemes import block_bias

DEVICE = notched_device().resized(track_length=8 * 50e-9)  # 8 notches
TRACKS = [notched_track(DEVICE, seed) for seed in range(2)]
VOLTS = 1.4 * DEVICE.threshold_voltage
PULSE = {"width": 4e-9, "edge": 2e-9, "settle": 200e-9}
SHAPE = (20, 20)
NUMBER = np.arange(400).reshape(SHAPE) % 2
ACCESS = WriteAccess(scheme="V/2", edge=2e-9, settle=200e-9)


@pytest.fixture(scope="module")
def table():
    shares = np.array([0.4, 0.5, 0.6, 0.7, 0.85, 1.0])
    volts = VOLTS * np.concatenate([-shares[::-1], [0.0], shares])
    return pulse_table(DEVICE, TRACKS, volts, **PULSE, samples=128, seed=7)


def walls(ohms=0.0, shape=SHAPE, site=3, devices=DEVICE):
    start = np.array([TRACKS[i].wells[site].centre for i in (np.arange(shape[0] * shape[1]) % 2).tolist()])
    cells = Junctions(devices, start.reshape(shape))
    return Crossbar(cells=cells, word_line_resistance=ohms, bit_line_resistance=ohms)


def test_the_same_pulses_do_the_same_to_walls_and_to_states(table):
    """Half-selected cells see 0.7 of the threshold and hop too; the wires take a few per cent of the voltage."""
    array = walls(ohms=0.04)
    physics = simulation_of_walls(
        array,
        [TRACKS[i] for i in NUMBER.ravel().tolist()],
        temperature=300.0,
        step=20e-12,
        tolerance=1e-10,
        seed=3,
    )
    physics.rest(1e-6)  # to thermal equilibrium
    states = TableArray(array, table, seed=4)
    rows, columns = np.arange(20) < 10, np.arange(20) >= 8
    before = states.conductance()
    for voltage in (VOLTS, VOLTS, VOLTS, -VOLTS):
        for each in (physics, states):
            pulse_block(each, rows, columns, voltage, 4e-9, ACCESS)
    divides = [dividing_points(DEVICE, track) for track in TRACKS]
    site = np.array(
        [
            np.searchsorted(divides[i], x)
            for i, x in zip(NUMBER.ravel().tolist(), physics.devices.position.ravel().tolist(), strict=True)
        ]
    ).reshape(SHAPE)
    selected = np.outer(rows, columns)
    half = np.outer(rows, ~columns) | np.outer(~rows, columns)
    for kind, least in ((selected, 0.5), (half, 0.1)):
        found, drawn = ((each.conductance() - before)[kind] for each in (physics, states))
        # The table's shares, of 128 walls each, add a fifth to what the number of cells leaves open.
        error = np.sqrt((found.var() + drawn.var()) / found.size) * 1.2
        assert found.mean() == pytest.approx(drawn.mean(), abs=4.0 * error)
        counts = np.array([np.bincount(each[kind], minlength=10) for each in (site, states.state)])
        enough = counts.sum(axis=0) >= 10
        assert stats.chi2_contingency(counts[:, enough]).pvalue > 1e-3
        assert (counts[0] > 0).sum() > 2
        moved = (site != 4)[kind].mean()
        assert moved > least
    rest = ~selected & ~half
    assert (states.state[rest] == 4).all()
    assert (site[rest] == 4).all()
    assert states.energy.sources == pytest.approx(physics.energy.sources, rel=0.04)
    assert states.energy.lines == pytest.approx(physics.energy.lines, rel=0.1)


@pytest.mark.parametrize("scheme", ["V/2", "V/3", "grounded", "floating"])
@pytest.mark.parametrize("ohms", [0.0, 0.05])
def test_cells_have_the_voltages_that_the_network_gives_them(table, scheme, ohms):
    array = walls(ohms, (4, 6))
    states = TableArray(array, table)
    held = block_bias(scheme, (4, 6), np.arange(4) == 1, np.arange(6) > 3, 0.5)
    voltage, power = states._under(held)
    expected = array.solve(**held.arguments())
    across = (expected.word_line_voltage - expected.bit_line_voltage).values[0]
    assert voltage == pytest.approx(across, abs=1e-6)
    assert power.sources == pytest.approx(float(expected.power[0]), rel=1e-5)
    assert power.devices + power.lines == pytest.approx(power.sources, rel=1e-12)


@pytest.mark.parametrize("ohms", [0.0, 0.5])
def test_reading_is_the_product_through_the_wires(table, ohms):
    states = TableArray(walls(ohms, (5, 4)), table, seed=2)
    states.scatter()
    assert len(np.unique(states.state)) > 5
    given = np.random.default_rng(1).uniform(0.0, 0.05, (3, 5))
    wires = Crossbar(conductance=states.conductance(), word_line_resistance=ohms, bit_line_resistance=ohms)
    assert states.read(given) == pytest.approx(wires.solve(given.T).bit_line_current.values, rel=1e-6)


def test_devices_of_their_own_keep_their_conductances(table):
    devices = vary(DEVICE, 6, {"tmr": 0.1, "parallel_resistance": 0.1}, seed=1)
    states = TableArray(walls(0.0, (2, 3), devices=devices), table)
    assert states.conductance() == pytest.approx(walls(0.0, (2, 3), devices=devices).conductance, rel=1e-6)
    assert np.ptp(states.conductance()) > 1e-4


def test_a_thicker_barrier_hops_as_the_table_does_at_a_lower_voltage(table):
    """What moves a wall is V / RA_P: 10 % more R_P needs 10 % more voltage."""
    thick = DEVICE.replace(parallel_resistance=1.1 * DEVICE.parallel_resistance)

    def moved(device, volts):
        states = TableArray(walls(devices=device), table, seed=6)
        every = np.ones(20, dtype=bool)
        pulse_block(states, every, every, volts, 4e-9, ACCESS)
        return states.state

    lower = moved(DEVICE, 0.6 * VOLTS)
    assert 0.1 < (lower != 4).mean() < 0.95
    assert np.array_equal(moved(thick, 0.66 * VOLTS), lower)
    assert (moved(thick, 0.6 * VOLTS) != 4).mean() < (lower != 4).mean() - 0.05
    with pytest.raises(InputError, match="voltage: expected cells between the table's"):
        moved(DEVICE.replace(parallel_resistance=0.9 * DEVICE.parallel_resistance), VOLTS)


def test_a_table_of_few_voltages_is_refused_where_cells_see_others(table):
    few = table.sel(voltage=VOLTS * np.array([-1.0, 0.0, 1.0]), method="nearest")
    with pytest.raises(InputError, match=r"table: .* with wires, as PulsedDevice.notched\(wired=True\) has them"):
        TableArray(walls(ohms=0.02), few)
    with pytest.raises(InputError, match=r"table: .* with devices that differ"):
        TableArray(walls(devices=vary(DEVICE, 400, {"parallel_resistance": 0.1}, seed=1)), few)
    states = TableArray(walls(), few)
    rows = np.arange(20) < 9
    pulse_block(states, rows, rows, VOLTS, 4e-9, WriteAccess(scheme="grounded", edge=2e-9, settle=200e-9))
    with pytest.raises(InputError, match=r"table: .* with floating lines"):
        pulse_block(states, rows, rows, VOLTS, 4e-9, WriteAccess(scheme="floating", edge=2e-9, settle=200e-9))


def test_outer_products_go_the_way_of_their_signs(table):
    states = TableArray(walls(0.0, (30, 30)), table, seed=5)
    rows, columns = np.repeat([1.0, -1.0], 15), np.repeat([1.0, -1.0], 15)
    access = WriteAccess(scheme="V/3", edge=2e-9, settle=200e-9)
    found = outer_product_update(states, rows, columns, voltage=VOLTS, width=4e-9, slots=3, access=access)
    assert found.coincidences.values.tolist() == (3 * np.outer(rows, columns)).tolist()
    assert (found.change * found.coincidences).values.mean() > 0.0
    # Unselected cells see V/3, 0.47 of the threshold, which moves a wall in less than one pulse of a hundred.
    assert ((found.change * found.coincidences) >= 0.0).values.mean() > 0.95
    assert found.attrs["energy"] > 0.0
    assert states.pulses == found.attrs["pulses"] == 12


def test_states_are_drawn_as_searching_each_row_of_probabilities_does():
    """Rows that add up to 1, between two voltages and at their ends; the last state is one that the track lacks."""
    draw = np.random.default_rng(1)
    probability = draw.dirichlet(np.ones(4), size=(2, 3, 5))
    probability[:, 1] = np.eye(5, 4)  # at 0 V all stay
    cumulative = np.cumsum(np.concatenate([probability, np.full((2, 3, 5, 1), np.nan)], axis=3), axis=3)
    grid, count = np.array([-1.0, 0.0, 2.0]), 3000
    volts, chance = draw.choice([-1.0, -0.4, 0.0, 1.3, 2.0], count), draw.random(count)
    track, state = draw.integers(2, size=count), draw.integers(4, size=count)
    expected = []
    for number in range(count):
        each = probability[track[number], :, state[number]]
        row = [np.interp(volts[number], grid, each[:, final]) for final in range(4)]
        expected.append(int(np.searchsorted(np.cumsum(row), chance[number], side="right")))
    draw_states(volts, chance, grid, cumulative, np.ascontiguousarray(staying(cumulative)), track, state)
    assert state.tolist() == np.minimum(expected, 4).tolist()


@pytest.mark.parametrize(("scheme", "ohms"), [("V/2", 0.0), ("V/2", 0.02), ("floating", 0.0)])
def test_a_block_in_an_inner_loop_is_the_pulse_of_its_bias(table, scheme, ohms):
    shape = (4, 3)
    ends = np.array([True, False, True, False]), np.array([False, True, True])
    checked, inner = (TableArray(walls(ohms, shape), table, seed=5) for _ in range(2))
    for voltage in (VOLTS, -VOLTS):
        checked.pulse(block_bias(scheme, shape, *ends, voltage), **PULSE)
        inner.pulse_block(scheme, *ends, voltage)
    assert checked.state.tolist() == inner.state.tolist()
    assert inner.energy.sources == pytest.approx(checked.energy.sources, rel=1e-12)
    assert inner.pulses == checked.pulses == 2


def test_draws_are_repeated_by_their_seed(table):
    def after(seed):
        states = TableArray(walls(), table, seed=seed)
        for _ in range(3):
            pulse_block(states, np.arange(20) < 9, np.arange(20) < 9, VOLTS, 4e-9, ACCESS)
        return states.state

    assert np.array_equal(after(1), after(1))
    assert not np.array_equal(after(1), after(2))


@pytest.mark.parametrize(
    ("act", "named"),
    [
        (
            lambda table: TableArray(Crossbar(resistance=np.ones((2, 2))), table),
            "array: expected a Crossbar with cells that have a state",
        ),
        (lambda table: TableArray(walls(), table.drop_attrs()), "table: expected what pulse_table gives"),
        (lambda table: TableArray(walls(), table.isel(voltage=[0])), "table: expected at least two voltages"),
        (lambda table: TableArray(walls(), table, track=NUMBER + 1), "track: expected whole numbers from 0 to 1"),
        (lambda table: TableArray(walls(), table, track=[0]), "track: expected whole numbers"),
        (lambda table: pulsed(table, 1.1 * VOLTS, 4e-9), "voltage: expected cells between the table's"),
        (lambda table: pulsed(table, VOLTS, 5e-9), "width: expected that of the table, 4e-09 s, got 5e-09 s"),
        (lambda table: pulsed(table, VOLTS, 4e-9, WriteAccess()), "edge: expected that of the table"),
        (
            lambda table: TableArray(walls(), table).read([[0.1]]),
            r"voltages: .* = \(vectors, 20\)",
        ),
    ],
)
def test_nonsense_is_named(table, act, named):
    with pytest.raises(InputError, match=named):
        act(table)


def pulsed(table, voltage, width, access=ACCESS):
    every = np.ones(20, dtype=bool)
    return pulse_block(TableArray(walls(), table), every, every, voltage, width, access)
