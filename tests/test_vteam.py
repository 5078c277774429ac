"""A device without a wall in arrays: the VTEAM memristor, against independent integrations and against ngspice."""

import inspect

import numpy as np
import pytest
import xarray as xr
from scipy.integrate import quad, solve_ivp

from compact_model import InputError, Sine, pulses
from crossbar import (
    ArrayDrive,
    ArraySimulation,
    Cells,
    Crossbar,
    DomainWalls,
    Junctions,
    Memristors,
    MovingCells,
    PulsedDevice,
    Resistors,
    Schedule,
    TableArray,
    VteamParameters,
    WriteAccess,
    bias,
    even_levels,
    outer_product_update,
    program,
    read,
    read_disturb,
    simulate_array,
    supervised_learning,
    tabulate,
    update_curves,
    write,
    write_disturb,
)
from crossbar.in_time.vteam import kvatinsky2015

# Thresholds far enough apart for V/2, and rates at which 1 V takes some ns.
SYMMETRIC = VteamParameters(
    on_resistance=1e3,
    off_resistance=2e4,
    on_rate=-1.0,
    off_rate=1.0,
    on_exponent=2.0,
    off_exponent=2.0,
    on_voltage=-0.6,
    off_voltage=0.6,
)
TEAM = VteamParameters(window="team", resistance="exponential", on_exponent=2.5, on_rate=-0.5, off_rate=2e-3)
RANGE = 3e-9
ACCESS = WriteAccess(scheme="V/2", edge=0.2e-9, settle=0.0)


def rate(one, volts, w):
    """dw/dt in m/s, from the paper's equations alone; arrays of equal shape."""
    width = 0.05 * (one.off_state - one.on_state) if one.window_width is None else one.window_width
    off_open, on_open = w < one.off_state, w > one.on_state
    if one.window == "team":
        off_open, on_open = np.exp(-np.exp((w - one.off_window) / width)), np.exp(-np.exp((one.on_window - w) / width))
    off = one.off_rate * np.maximum(volts / one.off_voltage - 1.0, 0.0) ** one.off_exponent * off_open
    on = one.on_rate * np.maximum(volts / one.on_voltage - 1.0, 0.0) ** one.on_exponent * on_open
    return np.where(volts > one.off_voltage, off, np.where(volts < one.on_voltage, on, 0.0))


def integrated(one, waveform, times, start, **options):
    """w in m at times, by scipy, shape (cells, times); it stays within its ends."""

    def slope(time, w):
        where = 1e-9 * w
        speed = 1e9 * rate(one, waveform(time), where)
        held = ((where <= one.on_state) & (speed < 0.0)) | ((where >= one.off_state) & (speed > 0.0))
        return np.where(held, 0.0, speed)

    begin = 1e9 * np.atleast_1d(start)
    return 1e-9 * solve_ivp(slope, (times[0], times[-1]), begin, t_eval=times, rtol=1e-9, atol=1e-11, **options).y


def alone(one, waveform, times, start, **options):
    array = Crossbar(cells=Memristors(one, [[start]]))
    return simulate_array(array, ArrayDrive.of_lines((1, 1), word_lines={0: waveform}), times, **options)


@pytest.mark.parametrize("one", [kvatinsky2015(), TEAM], ids=["published", "windows"])
def test_a_pinched_loop_is_the_one_of_an_independent_integration(one):
    amplitude, frequency = 0.5, 50e6
    times = np.linspace(0.0, 1.0 / frequency, 101)
    found = alone(one, Sine(amplitude, frequency), times, 1.5e-9)
    expected = integrated(one, Sine(amplitude, frequency), times, 1.5e-9, max_step=1e-10)[0]
    assert np.ptp(expected) > 0.1 * RANGE
    assert np.abs(found.internal_state.values[:, 0, 0] - expected).max() < 1e-4 * RANGE
    volts = amplitude * np.sin(2.0 * np.pi * frequency * times)
    share = (expected - one.on_state) / RANGE
    ohms = one.on_resistance + (one.off_resistance - one.on_resistance) * share
    if one.resistance == "exponential":
        ohms = one.on_resistance * (one.off_resistance / one.on_resistance) ** share
    current = found.device_current.values[:, 0, 0]
    assert np.abs(current - volts / ohms).max() < 1e-3 * np.abs(volts / ohms).max()
    assert abs(current[50]) < 1e-12  # pinched: no current at 0 V
    assert np.abs(current[10] - current[40]) > 1e-3 * np.abs(current).max()  # at equal voltages


def test_the_loop_shrinks_as_the_frequency_rises():
    areas = []
    for frequency in (50e6, 200e6, 1e9):
        found = alone(kvatinsky2015(), Sine(0.4, frequency), np.linspace(0.0, 0.5 / frequency, 201), 1.5e-9)
        volts, current = found.device_voltage.values[:, 0, 0], found.device_current.values[:, 0, 0]
        areas.append(abs(np.trapezoid(current, volts)))
    assert areas[0] > 2.0 * areas[1] > 4.0 * areas[2] > 0.0


@pytest.mark.parametrize("one", [SYMMETRIC, TEAM, kvatinsky2015()], ids=["symmetric", "windows", "published"])
def test_one_step_under_a_straight_line_has_no_error(one):
    draw = np.random.default_rng(3)
    ends = draw.uniform(-1.0, 1.0, (2, 8, 8)) * (1.5 if one is SYMMETRIC else 0.4)
    ends[1, 0] = ends[0, 0]  # constant
    ends[1, 1] = ends[0, 1] * (1.0 + 1e-5)  # nearly so
    start, duration = draw.uniform(0.4e-9, 2.6e-9, (8, 8)), 0.3e-9
    cells = Memristors(one, start)
    cells.advance(duration, *ends)

    def lines(time):
        return (ends[0] + (ends[1] - ends[0]) * time / duration).ravel()

    expected = integrated(one, lines, np.array([0.0, duration]), start.ravel(), max_step=0.5e-12)[:, -1]
    assert cells.first_state().ravel() == pytest.approx(expected, abs=2e-5 * RANGE)


def test_steps_add_up():
    whole, parts = (Memristors(TEAM, [[1.0e-9]]) for _ in range(2))
    begin, end = np.array([[-0.5]]), np.array([[0.5]])
    whole.advance(4e-10, begin, end)
    for k in range(10):
        parts.advance(4e-11, begin + 0.1 * k * (end - begin), begin + 0.1 * (k + 1) * (end - begin))
    assert whole.first_state() == pytest.approx(parts.first_state(), abs=1e-12 * RANGE)


def test_the_window_is_that_of_the_equation():
    moved = Memristors(TEAM, [[2.6e-9]])
    volts, duration = np.array([[0.3]]), 3e-10
    moved.advance(duration, volts, volts)
    width = 0.05 * RANGE
    path, _ = quad(lambda w: np.exp(np.exp((w - TEAM.off_window) / width)), 2.6e-9, float(moved.first_state()[0, 0]))
    assert path == pytest.approx(duration * 2e-3 * (0.3 / 0.02 - 1.0), rel=1e-6)


def array_of(start=None, shape=(4, 4), ohms=1.0, one=SYMMETRIC):
    states = np.random.default_rng(2).uniform(1.0e-9, 2.0e-9, shape) if start is None else np.full(shape, start)
    return Crossbar(cells=Memristors(one, states), word_line_resistance=ohms, bit_line_resistance=ohms)


@pytest.mark.parametrize("one", [SYMMETRIC, TEAM], ids=["symmetric", "windows"])
def test_a_write_agrees_with_ngspice(ngspice, one):
    from spice import crosscheck_array

    simulation = ArraySimulation(array_of(one=one))
    before = simulation.devices.first_state()
    held = bias("V/2", (4, 4), 1.0 if one is SYMMETRIC else -0.5, word_line=1, bit_line=2)
    drive = ArrayDrive.pulse(held, 3e-9, 0.5e-9)
    found = crosscheck_array(simulation, drive, np.linspace(0.0, 5e-9, 51))
    assert float(found.internal_state_difference) < 1e-3 * RANGE
    assert float(found.current_difference) < 1e-4
    assert np.abs(simulation.devices.first_state() - before).max() > 0.1 * RANGE


def test_a_write_moves_the_selected_cell_alone_and_a_read_none():
    simulation = ArraySimulation(array_of(1.5e-9))
    spent = write(simulation, -1.0, 2e-9, word_line=1, bit_line=2, access=ACCESS)
    moved = np.abs(simulation.devices.first_state() - 1.5e-9)
    assert moved[1, 2] > 0.05 * RANGE
    moved[1, 2] = 0.0
    assert (moved == 0.0).all()  # half the voltage is below the threshold
    assert spent.sources == pytest.approx(spent.devices + spent.lines, rel=1e-9)
    state = simulation.devices.first_state()
    reading = read(simulation)
    assert (simulation.devices.first_state() == state).all()
    assert reading.values == pytest.approx(simulation.conductance(), rel=0.05)
    assert simulation.conductance()[1, 2] > simulation.conductance()[0, 0]  # a negative voltage raises it


def test_cells_are_programmed():
    simulation = ArraySimulation(array_of(1.5e-9))
    levels = even_levels(simulation.devices, 8)
    target = np.random.default_rng(5).choice(levels[1:-1], (4, 4))
    schedule = Schedule(voltages=[0.7, 0.75, 0.8], widths=0.3e-9, most_pulses=400)
    step = float(levels[1] - levels[0])
    found = program(simulation, target, schedule, tolerance=0.3 * step, write=ACCESS)
    assert found.attrs["unreached"] == 0
    assert np.abs(found.error).max() < 0.35 * step


def test_repeated_writes_disturb_half_selected_cells_where_half_is_beyond_the_threshold():
    quiet = write_disturb(
        ArraySimulation(array_of(1.5e-9)), voltage=1.0, width=1e-9, count=3, level=0.1 * RANGE, access=ACCESS
    )
    loud = write_disturb(
        ArraySimulation(array_of(1.5e-9)), voltage=1.4, width=1e-9, count=3, level=0.1 * RANGE, access=ACCESS
    )
    assert quiet.displacement.attrs["units"] == "m"
    assert float(quiet.lost.sel(group="same word line")) == 0.0
    drift = loud.drift.sel(group=["same word line", "same bit line", "unselected"]).values
    assert (drift[:2] > 0.0).all()
    assert drift[2] == 0.0
    low = read_disturb(lambda: ArraySimulation(array_of(1.5e-9)), voltages=[0.1, 0.7], width=1e-9, count=2, level=1e-12)
    assert low.lost.values.tolist() == [0.0, 0.25]  # one row of four is read


def test_pulses_potentiate_and_depress():
    simulation = ArraySimulation(array_of(1.7e-9))
    found = update_curves(simulation, voltage=1.0, width=0.5e-9, count=6, access=ACCESS)
    conductance = found.conductance.values
    assert (np.diff(conductance[:7], axis=0) > 0.0).all()
    assert (np.diff(conductance[6:], axis=0) < 0.0).all()
    assert (found["levels"] > 2).all()


def test_outer_products_change_weights_as_their_signs_say():
    simulation = ArraySimulation(array_of(1.5e-9, (2, 2), ohms=0.0))
    found = outer_product_update(
        simulation, [1.0, -1.0], [1.0, -1.0], voltage=1.0, width=0.5e-9, slots=2, access=ACCESS, seed=1
    )
    assert (np.sign(found.change.values) == [[1.0, -1.0], [-1.0, 1.0]]).all()


def kind_of(**options):
    access = WriteAccess(scheme="V/2", edge=0.1e-9, settle=0.0)
    devices = Memristors(SYMMETRIC, [[1.5e-9]])
    return PulsedDevice.tabulated(
        devices, voltage=1.0, width=0.3e-9, access=access, **{"states": 24, "wired": True} | options
    )


def test_a_table_of_pulses_has_the_mean_change_of_the_device():
    table = tabulate(Memristors(SYMMETRIC, [[1.5e-9]]), [-1.0, 0.0, 1.0], width=0.3e-9, edge=0.1e-9, states=24)
    grid = table.internal_state.values[0]
    probability = table.probability.values[0]
    assert probability.sum(axis=-1) == pytest.approx(1.0)
    assert probability[1] == pytest.approx(np.eye(24))
    cells = Memristors(SYMMETRIC, [[1.5e-9]])
    drive = ArrayDrive.of_lines((1, 1), word_lines={0: pulses([1.0], width=0.3e-9, period=1e-6)})
    simulation = ArraySimulation(Crossbar(cells=cells))
    simulation.apply(drive, 1e-9)
    assert simulation.devices.first_state()[0, 0] > 1.5e-9
    assert grid.size >= 24


def test_an_array_by_its_table_goes_as_the_devices_go_on_average():
    kind = kind_of()
    shape = (6, 6)
    start = np.full(shape, SYMMETRIC.off_state)
    cells = kind.devices.array_of(shape, {}, 0)
    by_table = TableArray(Crossbar(cells=cells), kind.table, seed=3)
    physics = ArraySimulation(Crossbar(cells=Memristors(SYMMETRIC, start)))
    every = bias("V/2", shape, 0.0)
    held = type(every)(
        word_line_voltage=np.full(6, -0.5),
        bit_line_voltage=np.full(6, 0.5),
        floating_word_lines=np.zeros(6, dtype=bool),
        floating_bit_lines=np.zeros(6, dtype=bool),
    )
    for _ in range(5):
        by_table.pulse(held, kind.width, edge=kind.access.edge)
        physics.pulse(held, kind.width, edge=kind.access.edge)
    moved = start - physics.devices.first_state()
    assert moved.mean() > 0.05 * RANGE
    error = 0.5 * RANGE / 23 * np.sqrt(5.0) / 6.0  # standard error of 36 cells, each step rounded at random
    assert (start - by_table.values).mean() == pytest.approx(moved.mean(), abs=3.0 * error)


def test_an_array_of_memristors_learns_bars():
    images = np.zeros((60, 9))
    labels = np.random.default_rng(4).integers(0, 3, 60)
    for index, label in enumerate(labels.tolist()):
        images[index].reshape(3, 3)[label] = 1.0
    found = supervised_learning(images, labels, kind_of(), epochs=6, rate=0.5, repeats=2, seed=2)
    assert float(found.accuracy.isel(epoch=-1).mean()) > 0.9
    assert "on_resistance" in found.coords


# -- the protocol ----------------------------------------------------------------------------------------------------

PARTS = sorted(MovingCells.__abstractmethods__)


def test_the_protocol_has_the_parts_that_the_network_asks_for():
    assert {"advance", "save", "restore", "sensitivity", "tolerance", "netlist", "identity", "states"} <= set(PARTS)


@pytest.mark.parametrize("part", PARTS)
def test_a_device_that_lacks_a_part_is_refused_by_name(part):
    whole = {name: inspect.getattr_static(Memristors, name) for name in PARTS}
    helpers = {name: value for name, value in vars(Memristors).items() if name not in whole and name[:2] != "__"}
    del whole[part]
    half = type("HalfADevice", (MovingCells,), {"__init__": Memristors.__init__, **helpers, **whole})
    with pytest.raises(InputError, match=f"cells: expected every part of MovingCells, got HalfADevice without {part}$"):
        Crossbar(cells=half(SYMMETRIC, [[1e-9]]))


class OnlyALaw(Cells):
    """A device that has a law and nothing else."""

    @property
    def shape(self):
        return 1, 1

    def current_and_slope(self, voltage):
        return voltage, np.ones((1, 1))


@pytest.mark.parametrize("cells", [OnlyALaw(), Resistors([[1.0]]), Junctions])
def test_cells_that_cannot_move_are_refused_when_they_come_into_a_simulation(cells):
    from compact_model import lequeux2016

    if cells is Junctions:
        cells = Junctions(lequeux2016(), [[5e-7]])
    array = Crossbar(cells=cells)
    assert np.isfinite(array.solve([0.1]).device_current).all()
    name = type(cells).__name__
    with pytest.raises(InputError, match=f"array: expected a Crossbar with cells that move .* {name} without adv"):
        ArraySimulation(array)
    with pytest.raises(InputError, match="got resistances"):
        ArraySimulation(Crossbar(resistance=[[1.0]]))


def test_a_state_goes_on_bit_for_bit_through_a_file(tmp_path):
    whole, first = (ArraySimulation(array_of()) for _ in range(2))
    held = bias("V/2", (4, 4), 1.0, word_line=0, bit_line=0)
    for _ in range(2):
        whole.pulse(held, 1e-9)
    first.pulse(held, 1e-9)
    first.state().to_netcdf(tmp_path / "state.nc", engine="h5netcdf")
    second = ArraySimulation(array_of())
    second.restore(xr.load_dataset(tmp_path / "state.nc", engine="h5netcdf"))
    second.pulse(held, 1e-9)
    xr.testing.assert_identical(whole.state(), second.state())
    state = whole.state()
    state["device_internal_state"][:] = 1.0
    with pytest.raises(InputError, match="state: expected every internal_state within its range"):
        whole.restore(state)


def test_an_array_is_left_as_it_was():
    array = array_of()
    before = array.cells.first_state()
    ArraySimulation(array).pulse(bias("V/2", (4, 4), 1.0, word_line=0, bit_line=0), 1e-9)
    assert (array.cells.first_state() == before).all()
    assert isinstance(array.cells, Memristors)
    assert not isinstance(array.cells, DomainWalls)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"on_voltage": 0.2}, "on_voltage: expected a number below 0"),
        ({"off_voltage": -0.2}, "off_voltage: expected a number above 0"),
        ({"on_rate": 1.0}, "on_rate: expected a number below 0"),
        ({"off_resistance": 10.0}, "off_resistance: expected more than"),
        ({"off_state": -1e-9}, "off_state: expected more than"),
        ({"on_exponent": 0.5}, "on_exponent: expected a number from 1 to 50"),
        ({"window": "joglekar"}, "window: expected one of 'rectangular', 'team'"),
        ({"resistance": "cubic"}, "resistance: expected one of 'linear', 'exponential'"),
        ({"window_width": 0.0}, "window_width: expected a number from"),
        ({"window": "team", "off_window": -3e-9}, "off_window: expected a window that is open"),
    ],
)
def test_parameters_that_are_no_device_are_named(change, named):
    with pytest.raises(InputError, match=named):
        VteamParameters(**change)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ((SYMMETRIC, [1e-9]), "state: expected shape"),
        ((SYMMETRIC, [[4e-9]]), "state: expected w between its ends"),
        (([SYMMETRIC] * 3, [[1e-9, 1e-9]]), "parameters: expected one set, or one for each of the 2 devices, got 3"),
        ((1.0, [[1e-9]]), "parameters: expected VteamParameters"),
    ],
)
def test_devices_that_cannot_be_are_named(arguments, named):
    with pytest.raises(InputError, match=named):
        Memristors(*arguments)
