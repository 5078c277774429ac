"""Arrays in time: against ngspice, against a brute-force reference, and against what must not matter."""

from dataclasses import dataclass

import numpy as np
import pytest
import xarray as xr
from scipy.integrate import solve_ivp, trapezoid
from scipy.optimize import brentq
from walls import simulate_walls, simulation_of_walls, with_walls

from compact_model import (
    ConvergenceError,
    GaussianWell,
    InputError,
    PiecewiseLinear,
    Sine,
    Voltage,
    lequeux2016,
    notched_device,
    notched_track,
    pulses,
    simulate,
    simulate_ensemble,
    single_well,
    vary,
)
from compact_model.drive import Waveform
from crossbar import (
    SCHEMES,
    ArrayDrive,
    Bias,
    Crossbar,
    DomainWalls,
    EnergyBudget,
    ExponentialSelector,
    Junctions,
    Resistors,
    Selected,
    ThresholdSelector,
    Transistor,
    WriteAccess,
    bias,
    record_writing,
    simulate_array,
)
from crossbar import write as write_cells

DEVICE = lequeux2016()
HARD = single_well(DEVICE, coercive_field=15e-4, half_width=100e-9)
SMOOTH = single_well(DEVICE, coercive_field=15e-4, half_width=100e-9, kind=GaussianWell)
FIELD = -DEVICE.stray_field
PULSE = pulses([1.0], width=10e-9, period=1e-6)


def array_of(size, seed=0, **wires):
    position = np.random.default_rng(seed).uniform(420e-9, 580e-9, (size, size))
    options = {"word_line_resistance": 1.0, "bit_line_resistance": 1.0} | wires
    return Crossbar(cells=Junctions(DEVICE, position), **options), position


def write(size, scheme="V/2", voltage=0.3, waveform=PULSE):
    held = bias(scheme, (size, size), voltage, word_line=size // 2, bit_line=size // 2)
    return ArrayDrive(((held, waveform),))


@pytest.mark.parametrize("size", [2, 4, 8])
def test_a_half_select_write_agrees_with_ngspice(ngspice, size):
    from spice import simulate as simulate_in_ngspice
    from spice.netlists.array import array_circuit

    array, _ = array_of(size)
    drive = write(size)
    times = np.linspace(0.0, 25e-9, 26)
    found = simulate_walls(array, HARD, drive, times, external_field=FIELD)
    circuit = array_circuit(
        with_walls(array, HARD, external_field=FIELD), drive.parts[0][0], drive=drive, duration=25e-9
    )
    answer = simulate_in_ngspice(circuit, times)
    order = [f"X{i}_{j}" for i in range(size) for j in range(size)]
    for name, theirs, bound in (("position", "position", 0.1e-9), ("device_current", "current", 1e-4)):
        values = np.moveaxis(answer[theirs].sel(device=order).values.reshape(size, size, -1), 2, 0)
        steady = np.abs(times - 10e-9) > 1e-12  # not at the very jump
        scale = 1.0 if name == "position" else np.abs(values).max()
        assert np.abs(values - found[name].values)[steady].max() < bound * scale, name


def device_voltages(position, word_sources, bit_sources, ohms, start):
    """By Kirchhoff's laws: word lines fed from the left, bit lines at the bottom, G(V) by repeated substitution."""
    words, bits = position.shape
    count = words * bits
    word, bit = np.arange(count).reshape(words, bits), count + np.arange(count).reshape(words, bits)
    wires, fed = np.zeros((2 * count, 2 * count)), np.zeros(2 * count)
    for one, other in ((word[:, :-1], word[:, 1:]), (bit[:-1], bit[1:])):
        for i, j in zip(one.flat, other.flat, strict=True):
            wires[[i, j], [i, j]] += 1.0 / ohms
            wires[[i, j], [j, i]] -= 1.0 / ohms
    for nodes, volts in ((word[:, 0], word_sources), (bit[-1], bit_sources)):
        wires[nodes, nodes] += 1.0 / ohms
        fed[nodes] = volts / ohms
    share = (DEVICE.track_length - position) * DEVICE.track_width / DEVICE.junction_area
    volts = start
    for _ in range(50):
        tmr = DEVICE.tmr / (1.0 + (volts / DEVICE.tmr_half_voltage) ** 2)
        conductance = ((1.0 - share * tmr / (1.0 + tmr)) / DEVICE.parallel_resistance).ravel()
        nodes = wires.copy()
        nodes[word.flat, word.flat] += conductance
        nodes[bit.flat, bit.flat] += conductance
        nodes[word.flat, bit.flat] -= conductance
        nodes[bit.flat, word.flat] -= conductance
        voltage = np.linalg.solve(nodes, fed)
        before, volts = volts, (voltage[:count] - voltage[count:]).reshape(position.shape)
        if np.abs(volts - before).max() < 1e-15:
            return volts
    raise AssertionError("the substitution does not converge")


def brute_force(array, position, landscape, held, waveform, stop, step):
    """RK4 with a solution of the whole network in every stage; equations written anew."""
    per_volt = DEVICE.torque_per_current_density / DEVICE.resistance_area_product
    gamma, alpha = DEVICE.gyromagnetic_ratio, DEVICE.damping
    x, phi, volts = position.copy(), np.zeros_like(position), np.zeros_like(position)

    def rates(x, phi, time):
        nonlocal volts
        amplitude = float(waveform(time))
        sources = (amplitude * held.word_line_voltage, amplitude * held.bit_line_voltage)
        volts = device_voltages(x, *sources, float(array.word_line_resistance[0]), volts)
        along = gamma * (DEVICE.field_like_ratio * per_volt * volts + landscape.pinning_field(x))
        about = gamma * (per_volt * volts + 0.5 * DEVICE.anisotropy_field * np.sin(2.0 * phi))
        scale = 1.0 / (1.0 + alpha**2)
        return scale * DEVICE.wall_width * (about + alpha * along), scale * (along - alpha * about)

    for number in range(round(stop / step)):
        time = number * step
        first = rates(x, phi, time)
        second = rates(x + 0.5 * step * first[0], phi + 0.5 * step * first[1], time + 0.5 * step)
        third = rates(x + 0.5 * step * second[0], phi + 0.5 * step * second[1], time + 0.5 * step)
        fourth = rates(x + step * third[0], phi + step * third[1], time + step)
        x = x + step / 6.0 * (first[0] + 2.0 * second[0] + 2.0 * third[0] + fourth[0])
        phi = phi + step / 6.0 * (first[1] + 2.0 * second[1] + 2.0 * third[1] + fourth[1])
    return x, phi


def test_a_brute_force_reference_agrees_at_8_by_8():
    array, position = array_of(8)
    waveform = Sine(1.0, 100e6)
    held = bias("V/2", (8, 8), 0.3, word_line=4, bit_line=4)
    expected, angle = brute_force(array, position, SMOOTH, held, waveform, 3e-9, 50e-12)
    found = simulate_walls(
        array, SMOOTH, ArrayDrive(((held, waveform),)), [0.0, 3e-9], external_field=FIELD, tolerance=1e-14
    )
    assert np.abs(found.position.values[-1] - expected).max() < 1e-13
    assert np.abs(found.angle.values[-1] - angle).max() < 1e-5


@pytest.mark.parametrize("tolerance", [1e-10, 1e-11, 1e-12])
def test_the_tolerance_is_kept(tolerance):
    array, _ = array_of(6, seed=2)
    arguments = (array, SMOOTH, write(6, waveform=Sine(1.0, 60e6)), [0.0, 20e-9])
    coarse = simulate_walls(*arguments, external_field=FIELD, tolerance=tolerance)
    fine = simulate_walls(*arguments, external_field=FIELD, tolerance=1e-2 * tolerance)
    assert np.abs(coarse.position - fine.position).max() < tolerance


@pytest.mark.parametrize("tolerance", [1e-11, 1e-12])
def test_the_tolerance_is_kept_where_kinks_interrupt_a_smooth_drive(tolerance):
    # A straight line from kink to kink shows nothing of the curve of the drive between its ends.
    array, _ = array_of(6, seed=2)
    smooth, kinked = (
        bias("V/2", (6, 6), volts, word_line=line, bit_line=line) for volts, line in ((0.3, 4), (1e-4, 1))
    )
    saw = PiecewiseLinear(2.5e-9 * np.arange(9), np.arange(9) % 2)
    arguments = (array, SMOOTH, ArrayDrive(((smooth, Sine(1.0, 60e6)), (kinked, saw))), [0.0, 20e-9])
    coarse = simulate_walls(*arguments, external_field=FIELD, tolerance=tolerance)
    fine = simulate_walls(*arguments, external_field=FIELD, tolerance=1e-2 * tolerance)
    assert np.abs(coarse.position - fine.position).max() < tolerance


def test_a_tolerance_in_another_unit_is_refused():
    array, _ = array_of(2)
    with pytest.raises(
        InputError, match=r"tolerance: expected at most 1e-08 m, 1 % of the range of position, got 0\.1 m"
    ):
        simulation_of_walls(array, SMOOTH, tolerance=0.1)  # meant in nm


def test_ideal_wires_leave_independent_devices():
    array, position = array_of(3, word_line_resistance=0.0, bit_line_resistance=0.0)
    drive = write(3, voltage=0.2)
    times = np.linspace(0.0, 25e-9, 6)
    found = simulate_walls(array, SMOOTH, drive, times, external_field=FIELD)
    held = drive.parts[0][0]
    for i in range(3):
        for j in range(3):
            volts = held.word_line_voltage[i] - held.bit_line_voltage[j]
            alone = simulate(
                DEVICE,
                SMOOTH,
                Voltage(pulses([volts], width=10e-9, period=1e-6)),
                times,
                initial_position=position[i, j],
                initial_angle=0.0,
                external_field=FIELD,
            )
            assert np.abs(found.position.values[:, i, j] - alone.position.values).max() < 1e-12


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_scheme_runs_and_starts_where_it_should(scheme):
    array, position = array_of(4)
    found = simulate_walls(array, HARD, write(4, scheme), [0.0, 5e-9, 20e-9], external_field=FIELD)
    assert np.array_equal(found.position.values[0], position)
    assert np.isfinite(found.position.values).all()
    leaving = found.device_current.sum("word_line") - found.bit_line_current
    assert np.abs(leaving).max() < 1e-8 * np.abs(found.device_current).max()
    assert np.abs(found.device_current.values[-1]).max() == 0.0  # the pulse is over


def test_rows_and_columns_may_be_exchanged_where_the_currents_turn_round():
    # Seen from below, word lines are bit lines: the transposed array with the opposite voltages, and the same devices.
    array, position = array_of(4, word_line_resistance=0.5, bit_line_resistance=0.5)
    held = bias("V/2", (4, 4), 0.3, word_line=1, bit_line=2)
    times = [0.0, 5e-9, 15e-9]
    first = simulate_walls(array, SMOOTH, ArrayDrive(((held, PULSE),)), times, external_field=FIELD)
    turned = Crossbar(
        cells=Junctions(DEVICE, position.T[::-1, ::-1]),
        word_line_resistance=0.5,
        bit_line_resistance=0.5,
    )
    other = type(held)(
        word_line_voltage=-held.bit_line_voltage[::-1],
        bit_line_voltage=-held.word_line_voltage[::-1],
        floating_word_lines=held.floating_bit_lines,
        floating_bit_lines=held.floating_word_lines,
    )
    second = simulate_walls(turned, SMOOTH, ArrayDrive(((other, PULSE),)), times, external_field=FIELD)
    back = np.moveaxis(second.position.values[:, ::-1, ::-1], 1, 2)
    assert np.abs(back - first.position.values).max() < 2e-12


def test_lines_may_be_permuted_where_the_wires_are_ideal():
    array, position = array_of(4, word_line_resistance=0.0, bit_line_resistance=0.0, driver_resistance=5.0)
    order = np.array([2, 0, 3, 1])
    held = bias("V/3", (4, 4), 0.25, word_line=1, bit_line=2)
    permuted = type(held)(
        word_line_voltage=held.word_line_voltage[order],
        bit_line_voltage=held.bit_line_voltage,
        floating_word_lines=held.floating_word_lines[order],
        floating_bit_lines=held.floating_bit_lines,
    )
    other = Crossbar(cells=Junctions(DEVICE, position[order]), driver_resistance=5.0)
    times = [0.0, 12e-9]
    first = simulate_walls(array, SMOOTH, ArrayDrive(((held, PULSE),)), times, external_field=FIELD)
    second = simulate_walls(other, SMOOTH, ArrayDrive(((permuted, PULSE),)), times, external_field=FIELD)
    assert np.abs(first.position.values[:, order] - second.position.values).max() < 2e-12


@pytest.mark.parametrize("size", [12, 130])  # the second is solved in parallel, too
def test_threads_change_no_bit_and_seeds_do(size):
    import numba

    array, _ = array_of(size, seed=4)
    options = {"external_field": FIELD, "temperature": 300.0, "step": 10e-12, "tolerance": 1e-11}
    times = [0.0, 3e-9 if size < 100 else 0.3e-9]
    before = numba.get_num_threads()
    runs = []
    try:
        for count in (1, 2):
            numba.set_num_threads(min(count, before))
            runs.append(simulate_walls(array, HARD, write(size), times, seed=5, **options))
    finally:
        numba.set_num_threads(before)
    xr.testing.assert_identical(*runs)
    other = simulate_walls(array, HARD, write(size), times, seed=6, **options)
    assert np.abs(other.position - runs[0].position).max() > 1e-10


def test_what_becomes_of_a_wall_does_not_depend_on_how_many_there_are():
    # 144 walls are integrated side by side, 36 one after the other: some stay, some cross edges, some meet the ends.
    import numba

    device = notched_device()
    draw = np.random.default_rng(3)
    tracks = [notched_track(device, index) for index in range(144)]
    position = draw.uniform(0.0, 1.0, (12, 12)) * device.track_length
    first, last = draw.uniform(-3.0, 3.0, (2, 12, 12))

    def moved(chosen, shape):
        walls = DomainWalls(
            device, [tracks[index] for index in chosen], position.ravel()[chosen].reshape(shape), initial_angle=0.3
        )
        for volts in (first, last):
            walls.advance(4e-9, volts.ravel()[chosen].reshape(shape), last.ravel()[chosen].reshape(shape))
        walls.rest(20e-9)
        return np.array([walls.position.ravel(), walls.angle.ravel()])

    everyone = np.arange(144)
    together = moved(everyone, (12, 12))
    assert (np.abs(together[0] - position.ravel()) > 50e-9).any()
    mixed, before = draw.permutation(144), numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        assert np.array_equal(moved(mixed, (12, 12)), together[:, mixed])
    finally:
        numba.set_num_threads(before)
    apart = np.concatenate([moved(part, (6, 6)) for part in np.split(everyone, 4)], axis=1)
    assert np.abs(apart[0] - together[0]).max() < 1e-13
    assert np.abs(apart[1] - together[1]).max() < 1e-5


def test_walls_start_at_their_own_rest_angle():
    device = DEVICE.replace(anisotropy_field=-30e-4)
    array = Crossbar(cells=Junctions(device, np.full((2, 2), 500e-9)), word_line_resistance=1.0)
    found = simulate_walls(array, HARD, write(2, voltage=0.0), [0.0, 1e-9], external_field=FIELD)
    assert found.angle.values[-1] == pytest.approx(np.full((2, 2), 0.5 * np.pi), abs=1e-9)


def test_a_sum_of_biases_is_a_drive():
    shape = (2, 2)
    first, second = (bias("V/2", shape, 0.2, word_line=line, bit_line=0) for line in (0, 1))
    drive = ArrayDrive(((first, pulses([1.0], width=1e-9, period=1.0)), (second, 0.5)))
    word, bit = drive.voltages(0.5e-9)
    assert word == pytest.approx(first.word_line_voltage + 0.5 * second.word_line_voltage)
    assert drive.line_voltage("bit", 1)(0.5e-9) == pytest.approx(bit[1])
    assert drive.edges(0.0, 2e-9) == pytest.approx([1e-9])


def test_the_network_is_solved_only_as_often_as_the_resistances_change():
    array, _ = array_of(4)
    resting = simulate_walls(array, HARD, write(4, waveform=PiecewiseLinear((0.0,), (0.0,))), [0.0, 50e-9])
    assert resting.attrs["solutions_of_the_network"] <= 2  # at most at the two records
    slow = write(4, voltage=0.05, waveform=1.0)
    held = simulate_walls(array, HARD, slow, [0.0, 50e-9], external_field=FIELD, step=5e-12)
    assert held.attrs["steps"] >= 10_000
    assert held.attrs["intervals"] < 1000


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"times": [0.0]}, "times: expected a start"),
        ({"array": Crossbar(cells=Resistors([[1.0]]))}, "expected a Crossbar with cells that move"),
        ({"landscape": [HARD, HARD]}, "landscape: expected one, or one for each of the 4"),
        ({"drive": 3.0}, "drive: expected a ArrayDrive"),
        ({"tolerance": 0.0}, "tolerance: expected a number above 0"),
        ({"step": -1.0}, "step: expected a number above 0"),
        ({"step": 1e-9}, "step: expected at most"),
        ({"temperature": -1.0}, "temperature"),
    ],
)
def test_nonsense_is_named(change, named):
    array, _ = array_of(2)
    arguments = {"array": array, "landscape": HARD, "drive": write(2), "times": [0.0, 1e-9]} | change
    with pytest.raises((InputError, ConvergenceError), match=named):
        simulate_walls(**arguments)


SHORT = 1e-12  # s: within it everything is a straight line
WIRINGS = {
    "plain": {},
    "drivers and sense": {"driver_resistance": [3.0, 0.0, 5.0], "sense_resistance": 2.0},
    "both ends": {"word_line_ends": "both", "bit_line_ends": "both", "driver_resistance": 1.0},
    "from below": {"bit_line_ends": "start", "word_line_ends": "stop", "word_line_resistance": [1.0, 0.5, 2.0]},
}
EXPONENTIAL = ExponentialSelector(saturation_current=2e-5, voltage_scale=0.05)


def heat_of_lines(array, cells, held):
    """What all segments and ends turn into heat, W, from the voltages of the nodes alone."""
    now = Crossbar(cells=cells, **{name: getattr(array, name) for name in WIRES})
    nodes = now.solve(**held.arguments(), tolerance=1e-13, method="direct")
    total = 0.0
    for side, volts, floating, end in (
        ("word", nodes.word_line_voltage.values[0], held.floating_word_lines, array.driver_resistance),
        ("bit", nodes.bit_line_voltage.values[0].T, held.floating_bit_lines, array.sense_resistance),
    ):
        segment = getattr(array, f"{side}_line_resistance")
        total += (np.diff(volts, axis=1) ** 2 / segment[:, None]).sum()
        for name, node in (("start", 0), ("stop", -1)):
            if getattr(array, f"{side}_line_ends") in (name, "both"):
                drop = getattr(held, f"{side}_line_voltage") - volts[:, node]
                total += (np.where(floating, 0.0, drop**2) / (segment + end)).sum()
    return total


WIRES = (
    "word_line_resistance",
    "bit_line_resistance",
    "driver_resistance",
    "sense_resistance",
    "word_line_ends",
    "bit_line_ends",
)


@pytest.mark.parametrize("selector", [None, EXPONENTIAL], ids=["passive", "selected"])
@pytest.mark.parametrize("scheme", ["V/2", "floating"])
@pytest.mark.parametrize("wiring", WIRINGS)
def test_what_the_sources_give_is_what_devices_and_lines_take(wiring, scheme, selector):
    array, _ = array_of(3, **WIRINGS[wiring])
    if selector is not None:
        wires = {name: getattr(array, name) for name in WIRES}
        array = Crossbar(cells=Selected(array.cells, selector), **wires)
    drive = write(3, scheme, voltage=0.5 if selector else 0.3)
    found = simulate_walls(array, HARD, drive, [0.0, 15e-9], external_field=FIELD, tolerance=1e-10).attrs
    total = found["energy_of_sources"]
    assert total > 1e-14
    assert found["energy_in_devices"] + found["energy_in_lines"] == pytest.approx(total, rel=1e-9)
    # The heat of the lines, by another formula.
    simulation = simulation_of_walls(array, HARD, external_field=FIELD)
    held = drive.parts[0][0]
    before = heat_of_lines(array, simulation.cells, held)
    *_, record = simulation.run(drive, [0.0, SHORT])
    after = heat_of_lines(array, simulation.cells, held)
    assert simulation.energy.lines == pytest.approx(0.5 * SHORT * (before + after), rel=1e-7)
    if selector is None:
        in_devices = (record["device_voltage"] * record["device_current"]).sum()
        assert record["source_power"] - in_devices == pytest.approx(after, rel=1e-7)


def test_the_energies_of_several_runs_add_up():
    array, _ = array_of(2)
    simulation = simulation_of_walls(array, HARD, external_field=FIELD, tolerance=1e-10)
    parts = []
    for _ in range(2):
        before = simulation.energy.sources
        simulation.apply(write(2), 12e-9)
        simulation.rest(50e-9)
        parts.append(simulation.energy.sources - before)
    assert simulation.energy.sources == pytest.approx(sum(parts), rel=1e-12)
    assert simulation.attributes()["energy_of_sources"] == simulation.energy.sources
    assert simulation.time == pytest.approx(124e-9)
    assert simulation.energy.devices + simulation.energy.lines == pytest.approx(simulation.energy.sources, rel=1e-9)


def different_devices(count):
    """Devices and smooth tracks that differ in all that may differ."""
    spreads = {
        "track_length": 0.02,
        "track_width": 0.03,
        "damping": 0.1,
        "anisotropy_field": 3e-4,
        "stray_field": 2e-4,
        "tmr": 0.1,
        "parallel_resistance": 0.05,
        "wall_width": 0.05,
    }
    devices = vary(DEVICE, count, spreads, seed=8)
    tracks = [
        single_well(each, coercive_field=(12 + i) * 1e-4, half_width=(90 + 5 * i) * 1e-9, kind=GaussianWell)
        for i, each in enumerate(devices)
    ]
    return devices, tracks


def test_devices_and_tracks_of_their_own_follow_their_own_equations():
    devices, tracks = different_devices(6)
    position = np.random.default_rng(3).uniform(450e-9, 550e-9, (2, 3))
    array = Crossbar(cells=Junctions(devices, position))
    held = bias("V/2", (2, 3), 0.25, word_line=1, bit_line=0)
    times = np.linspace(0.0, 20e-9, 5)
    drive = ArrayDrive(((held, PULSE),))
    found = simulate_walls(array, tracks, drive, times, external_field=FIELD, tolerance=1e-13)
    for number, (device, track) in enumerate(zip(devices, tracks, strict=True)):
        i, j = divmod(number, 3)
        volts = held.word_line_voltage[i] - held.bit_line_voltage[j]
        alone = simulate(
            device,
            track,
            Voltage(pulses([volts], width=10e-9, period=1e-6)),
            times,
            initial_position=position[i, j],
            external_field=FIELD,
        )
        for name, bound in (("position", 1e-12), ("angle", 1e-5)):
            assert np.abs(found[name].values[:, i, j] - alone[name].values).max() < bound, (name, number)
        current = found.device_current.values[:, i, j]
        assert current == pytest.approx(alone.current.values, rel=1e-5, abs=1e-12)


def test_a_list_of_the_same_device_is_that_device():
    array, position = array_of(3)
    listed = Crossbar(cells=Junctions([DEVICE] * 9, position), word_line_resistance=1.0, bit_line_resistance=1.0)
    times = [0.0, 5e-9, 30e-9]
    first = simulate_walls(array, HARD, write(3), times, external_field=FIELD, tolerance=1e-10)
    second = simulate_walls(listed, [HARD] * 9, write(3), times, external_field=FIELD, tolerance=1e-10)
    xr.testing.assert_equal(first, second)


def test_only_the_warm_cells_move():
    array = Crossbar(cells=Junctions(DEVICE, np.full((2, 3), 500e-9)), word_line_resistance=1.0)
    warmth = np.array([[0.0, 300.0, 0.0], [77.0, 0.0, 300.0]])
    simulation = simulation_of_walls(array, HARD, external_field=FIELD, temperature=warmth, seed=3)
    simulation.rest(2e-9)
    moved = np.abs(simulation.devices.position - 500e-9)
    assert (moved[warmth == 0.0] == 0.0).all()
    assert (moved[warmth > 0.0] > 1e-12).all()


def divided(selector, position, volts):
    """The junction's share of a voltage, V: where selector and junction carry the same current."""
    share = (DEVICE.track_length - position) * DEVICE.track_width / DEVICE.junction_area

    def excess(junction):
        ratio = DEVICE.tmr / (1.0 + (junction / DEVICE.tmr_half_voltage) ** 2)
        current = junction * (1.0 - share * ratio / (1.0 + ratio)) / DEVICE.parallel_resistance
        return current - float(selector(volts - junction))

    return brentq(excess, min(volts, 0.0), max(volts, 0.0), xtol=1e-15, rtol=1e-14) if volts else 0.0


def integrated_behind(selector, position, volts, stop):
    """Position of a wall behind a selector at a constant voltage, m; Eq. 1 written anew, integrated by scipy."""
    gamma, alpha = DEVICE.gyromagnetic_ratio, DEVICE.damping
    per_volt = DEVICE.torque_per_current_density / DEVICE.resistance_area_product

    def rates(time, state):
        x, phi = state[0] * 1e-9, state[1]
        torque = per_volt * divided(selector, x, volts)
        a = gamma * (DEVICE.field_like_ratio * torque + float(SMOOTH.pinning_field(x)))
        b = gamma * (torque + 0.5 * DEVICE.anisotropy_field * np.sin(2.0 * phi))
        scale = 1.0 / (1.0 + alpha**2)
        return scale * DEVICE.wall_width * (b + alpha * a) * 1e9, scale * (a - alpha * b)

    run = solve_ivp(rates, (0.0, stop), (position * 1e9, 0.0), method="DOP853", rtol=1e-11, atol=1e-11)
    return run.y[0, -1] * 1e-9


def threshold_law(volts):
    """The selector's law from its description: two slopes, with a corner rounded over the sharpness."""
    on, off, sharpness = 1.0 / 20.0, 1.0 / 5e3, 0.005
    above = sharpness * (np.logaddexp(0.0, (volts - 0.1) / sharpness))
    below = sharpness * (np.logaddexp(0.0, (-volts - 0.1) / sharpness))
    return off * volts + (on - off) * (above - below)


ON = np.array([[False, False], [True, True]])
SELECTORS = {
    "exponential": (
        ExponentialSelector(saturation_current=2e-5, voltage_scale=0.05),
        lambda on: lambda volts: 2e-5 * np.sinh(volts / 0.05),
    ),
    "threshold": (
        ThresholdSelector(threshold_voltage=0.1, on_resistance=20.0, off_resistance=5e3),
        lambda on: threshold_law,
    ),
    "transistor": (
        Transistor(on=ON, on_resistance=25.0, off_resistance=1e5),
        lambda on: lambda volts: volts / (25.0 if on else 1e5),
    ),
}


@pytest.mark.parametrize("name", SELECTORS)
def test_behind_a_selector_a_wall_feels_what_the_junction_gets(name):
    selector, law = SELECTORS[name]
    position = np.array([[480e-9, 510e-9], [530e-9, 460e-9]])
    array = Crossbar(cells=Selected(Junctions(DEVICE, position), selector))
    held = bias("V/2", (2, 2), 0.35, word_line=1, bit_line=0)
    found = simulate_walls(
        array, SMOOTH, ArrayDrive(((held, 1.0),)), [0.0, 4e-9], external_field=FIELD, tolerance=1e-13
    )
    across = held.word_line_voltage[:, None] - held.bit_line_voltage
    for i, j in np.ndindex(2, 2):
        kind = law(ON[i, j])
        expected = integrated_behind(kind, position[i, j], across[i, j], 4e-9)
        assert abs(float(found.position[-1, i, j]) - expected) < 1e-12, (i, j)
        share = divided(kind, float(found.position[-1, i, j]), across[i, j])
        assert float(found.device_voltage[-1, i, j]) == pytest.approx(share, abs=1e-9)
    assert float(np.abs(found.position[-1] - position)[1, 0]) > 1e-10


def test_cells_whose_transistors_are_off_stay():
    array = Crossbar(
        cells=Selected(
            Junctions(DEVICE, np.full((3, 2), 500e-9)),
            Transistor(on=np.array([[False] * 2, [True] * 2, [False] * 2]), on_resistance=10.0),
        ),
        bit_line_resistance=1.0,
    )
    held = Bias(
        word_line_voltage=np.full(3, 0.4),
        bit_line_voltage=np.zeros(2),
        floating_word_lines=np.zeros(3, dtype=bool),
        floating_bit_lines=np.zeros(2, dtype=bool),
    )
    simulation = simulation_of_walls(array, HARD, external_field=FIELD, tolerance=1e-10)
    simulation.apply(ArrayDrive.pulse(held, 5e-9), 5e-9)
    simulation.rest(20e-9)
    moved = np.abs(simulation.devices.position - 500e-9)
    assert (moved[[0, 2]] < 1e-20).all()
    assert (moved[1] > 1e-9).all()
    assert isinstance(simulation.cells, Selected)


def test_a_rest_is_what_fixed_steps_at_0_volts_give():
    devices, tracks = different_devices(4)
    position = np.random.default_rng(5).uniform(450e-9, 550e-9, (2, 2))
    array = Crossbar(cells=Junctions(devices, position), word_line_resistance=1.0)
    adaptive, fixed = (simulation_of_walls(array, tracks, external_field=FIELD, step=step) for step in (None, 5e-12))
    adaptive.rest(30e-9)
    silent = ArrayDrive(((bias("V/2", (2, 2), 0.3), Sine(0.0, 1e6)),))  # 0 V at all times, which nobody knows before
    fixed.apply(silent, 30e-9)
    assert np.abs(adaptive.devices.position - position).max() > 1e-9
    assert np.abs(adaptive.devices.position - fixed.devices.position).max() < 1e-12
    assert np.abs(adaptive.devices.angle - fixed.devices.angle).max() < 1e-5
    assert fixed.devices.steps == 6000
    assert adaptive.devices.steps == 0
    assert adaptive.time == fixed.time == 30e-9
    assert adaptive.energy == fixed.energy == EnergyBudget()


def test_a_known_zero_in_a_drive_is_a_rest():
    array, _ = array_of(2)
    whole, parts = (simulation_of_walls(array, SMOOTH, external_field=FIELD, tolerance=1e-10) for _ in range(2))
    whole.apply(write(2), 60e-9)
    for _ in parts.run(write(2), [0.0, 10e-9], span=60e-9):  # with the same share of the tolerance
        pass
    parts.rest(50e-9)
    assert np.abs(whole.devices.position - parts.devices.position).max() < 1e-14


def hot(seed=7, size=3, **options):
    array, _ = array_of(size, seed=1)
    return simulation_of_walls(
        array, HARD, external_field=FIELD, temperature=300.0, seed=seed, step=10e-12, tolerance=1e-10, **options
    )


def in_turn(simulation, restart=lambda simulation: simulation):
    simulation.apply(write(simulation.shape[0]), 3e-9)
    simulation = restart(simulation)
    simulation.rest(2e-9)
    simulation = restart(simulation)
    simulation.apply(write(simulation.shape[0], "V/3"), 2e-9)
    return restart(simulation)


@pytest.mark.parametrize("temperature", [0.0, 300.0])
def test_a_state_restored_into_a_new_simulation_goes_on_bit_for_bit(temperature, tmp_path):
    def fresh():
        array, _ = array_of(3, seed=1)
        return simulation_of_walls(
            array, HARD, external_field=FIELD, temperature=temperature, seed=7, step=10e-12, tolerance=1e-10
        )

    def through_a_file(simulation):
        simulation.state().to_netcdf(tmp_path / "state.nc", engine="h5netcdf")
        other = fresh()
        other.restore(xr.load_dataset(tmp_path / "state.nc", engine="h5netcdf"))
        return other

    whole, parts = in_turn(fresh()), in_turn(fresh(), through_a_file)
    xr.testing.assert_identical(whole.state(), parts.state())
    assert whole.energy == parts.energy
    assert whole.attributes() == parts.attributes()
    assert np.abs(whole.devices.position - fresh().devices.position).max() > 1e-10


def test_a_state_of_another_array_is_refused():
    state = hot().state()
    with pytest.raises(InputError, match="another seed"):
        hot(seed=8).restore(state)
    with pytest.raises(InputError, match=r"state: expected device_position of shape \(2, 2\), got \(3, 3\)"):
        hot(size=2).restore(state)
    with pytest.raises(InputError, match="state: expected what `state` gives, got a Dataset without device_angle"):
        hot().restore(state.drop_vars("device_angle"))
    with pytest.raises(InputError, match="got a Dataset without device_position"):
        hot().restore(xr.Dataset())
    with pytest.raises(InputError, match="state: expected a Dataset, got NoneType"):
        hot().restore(None)


def test_warm_walls_at_0_volts_are_the_ensembles_walls():
    # The same random numbers, device by device, so no statistics are needed.
    array = Crossbar(cells=Junctions(DEVICE, np.full((4, 8), 500e-9)), word_line_resistance=1.0)
    simulation = simulation_of_walls(array, HARD, external_field=FIELD, temperature=300.0, seed=12, step=20e-12)
    simulation.rest(20e-9)
    together = simulate_ensemble(
        DEVICE,
        HARD,
        Voltage.of(0.0),
        [0.0, 20e-9],
        devices=32,
        external_field=FIELD,
        temperature=300.0,
        seed=12,
        step=20e-12,
    )
    assert np.abs(simulation.devices.position.ravel() - together.position.values[:, -1]).max() < 1e-15
    assert together.position.values[:, -1].std() > 1e-9


def test_warm_walls_in_an_array_reach_equipartition():
    # Damping 0.1 relaxes within 60 ns; a wide well keeps every wall.  Four standard errors of a variance of 1024.
    damped = DEVICE.replace(damping=0.1, track_length=4e-6)
    well = single_well(damped, coercive_field=150e-4, half_width=1e-6)
    array = Crossbar(cells=Junctions(damped, np.full((32, 32), 2e-6)), word_line_resistance=1.0)
    simulation = simulation_of_walls(array, well, external_field=FIELD, temperature=300.0, seed=2, step=20e-12)
    simulation.rest(400e-9)
    variance = 1.380649e-23 * 300.0 * 100e-9 / (DEVICE.energy_per_field_length * 15e-4)
    ratio = float(((simulation.devices.position - 2e-6) ** 2).mean()) / variance
    assert ratio == pytest.approx(1.0, abs=4.0 * np.sqrt(2.0 / 1024))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (
            {"temperature": [300.0, 0.0]},
            r"temperature: expected a number or shape .* = \(2, 2\)",
        ),
        (
            {"initial_angle": [0.0, 0.1]},
            r"initial_angle: expected a number or shape .* = \(2, 2\)",
        ),
        ({"current_tolerance": 0.1}, "current_tolerance: expected a number from"),
        ({"external_field": np.nan}, "external_field: expected a finite"),
        ({"landscape": [HARD, HARD, HARD, None]}, "landscape: expected Landscape"),
        ({"array": 3}, "array: expected a Crossbar"),
    ],
)
def test_a_simulation_names_nonsense(change, named):
    arguments = {"array": array_of(2)[0], "landscape": HARD} | change
    with pytest.raises(InputError, match=named):
        simulation_of_walls(**arguments)


def test_a_drive_for_another_array_is_refused():
    simulation = simulation_of_walls(array_of(2)[0], HARD)
    with pytest.raises(InputError, match=r"drive: expected one for an array of \(2, 2\), got one for \(3, 3\)"):
        simulation.run(write(3), [0.0, 1e-9])
    with pytest.raises(InputError, match="duration: expected a number above 0"):
        simulation.rest(0.0)


def test_the_energy_is_the_integral_of_voltage_times_current():
    array, position = array_of(2, word_line_resistance=0.0, bit_line_resistance=0.0)
    drive = write(2)
    found = simulate_walls(array, SMOOTH, drive, [0.0, 12e-9], external_field=FIELD).attrs
    held, total = drive.parts[0][0], 0.0
    times = np.linspace(0.0, 10e-9, 4001)
    for i, j in np.ndindex(2, 2):
        volts = held.word_line_voltage[i] - held.bit_line_voltage[j]
        alone = simulate(
            DEVICE, SMOOTH, Voltage.of(volts), times, initial_position=position[i, j], external_field=FIELD
        )
        total += trapezoid(alone.voltage.values * alone.current.values, times)
    assert found["energy_of_sources"] == pytest.approx(total, rel=1e-6)
    assert found["energy_in_devices"] == pytest.approx(total, rel=1e-6)
    assert found["energy_in_lines"] == pytest.approx(0.0, abs=1e-12 * total)


@pytest.mark.parametrize("temperature", [0.0, 300.0])
@pytest.mark.parametrize("shape", [(1, 1), (1, 4), (4, 1)])
def test_single_lines_and_single_cells_are_arrays_too(shape, temperature):
    array = Crossbar(
        cells=Junctions(DEVICE, np.full(shape, 480e-9)),
        word_line_resistance=1.0,
        driver_resistance=2.0,
        word_line_ends="both",
        bit_line_ends="both",
    )
    held = bias("V/2", shape, 0.2, word_line=shape[0] - 1, bit_line=0)
    found = simulate_walls(
        array,
        HARD,
        ArrayDrive(((held, PULSE),)),
        [0.0, 4e-9, 15e-9],
        external_field=FIELD,
        temperature=temperature,
        tolerance=1e-10,
    )
    total = found.attrs["energy_of_sources"]
    assert found.attrs["energy_in_devices"] + found.attrs["energy_in_lines"] == pytest.approx(total, rel=1e-9)
    assert found.position.shape == (3, *shape)
    assert float(np.abs(found.position[-1] - 480e-9)[-1, 0]) > 1e-11


def test_a_drive_in_two_pieces_is_the_drive():
    array, _ = array_of(3)
    drive = write(3, waveform=Sine(1.0, 80e6))
    whole, parts = (simulation_of_walls(array, SMOOTH, external_field=FIELD) for _ in range(2))
    whole.apply(drive, 9e-9)
    parts.apply(drive, 4e-9)
    *_, record = parts.run(drive, [4e-9, 5e-9, 9e-9])  # on the drive's clock
    assert np.abs(whole.devices.position - parts.devices.position).max() < 3e-12  # the tolerance of each of three runs
    assert np.array_equal(record["position"], parts.devices.position)
    assert parts.time == pytest.approx(9e-9, rel=1e-12)
    assert parts.energy.sources == pytest.approx(whole.energy.sources, rel=1e-6)


@pytest.mark.parametrize("torque_density", ["voltage", "current"])
def test_the_torque_follows_the_voltage_or_the_current_as_the_device_says(torque_density):
    device = DEVICE.replace(torque_density=torque_density)
    position = np.array([[470e-9, 520e-9]])
    array = Crossbar(cells=Junctions(device, position))
    held = bias("V/2", (1, 2), 0.25, bit_line=1)
    times = [0.0, 3e-9, 8e-9]
    found = simulate_walls(array, SMOOTH, ArrayDrive(((held, 1.0),)), times, external_field=FIELD, tolerance=1e-13)
    for j, volts in enumerate([0.125, 0.25]):
        alone = simulate(
            device, SMOOTH, Voltage.of(volts), times, initial_position=position[0, j], external_field=FIELD
        )
        assert np.abs(found.position.values[:, 0, j] - alone.position.values).max() < 1e-12


def test_devices_of_both_torque_densities_are_refused():
    array = Crossbar(cells=Junctions([DEVICE, DEVICE.replace(torque_density="current")], np.full((1, 2), 5e-7)))
    with pytest.raises(InputError, match="parameters: expected one torque_density for all devices"):
        simulation_of_walls(array, HARD)


def test_walls_at_the_ends_are_held_there_until_they_are_driven_back():
    ends = np.array([[0.0, 1e-6], [1e-6, 0.0]])
    array = Crossbar(cells=Junctions(DEVICE, ends), word_line_resistance=1.0)
    simulation = simulation_of_walls(array, HARD, external_field=FIELD, tolerance=1e-10)
    simulation.rest(5e-9)
    assert simulation.devices.position == pytest.approx(ends, abs=1e-12)
    held = Bias(
        word_line_voltage=np.full(2, 0.2),
        bit_line_voltage=np.zeros(2),
        floating_word_lines=np.zeros(2, dtype=bool),
        floating_bit_lines=np.zeros(2, dtype=bool),
    )
    simulation.apply(ArrayDrive.pulse(held, 5e-9), 5e-9)
    assert (simulation.devices.position[ends == 1e-6] == 1e-6).all()
    assert (simulation.devices.position[ends == 0.0] > 10e-9).all()
    assert (simulation.devices.position <= 1e-6).all()
    assert simulation.conductance()[0, 1] == pytest.approx(1.0 / DEVICE.parallel_resistance, rel=1e-12)


def test_every_line_may_have_its_own_waveform():
    array, _ = array_of(3)
    waves = [pulses([0.3], width=4e-9, period=1.0), Sine(0.1, 200e6), 0.05]
    drive = ArrayDrive.of_lines((3, 3), word_lines=[(0, waves[0]), (2, waves[1])], bit_lines=[(1, waves[2])])
    word, bit = drive.voltages(1e-9)
    assert word == pytest.approx([0.3, 0.0, 0.1 * np.sin(2.0 * np.pi * 0.2)])
    assert bit == pytest.approx([0.0, 0.05, 0.0])
    found = simulate_walls(array, SMOOTH, drive, [0.0, 6e-9], external_field=FIELD)
    assert np.isfinite(found.position).all()
    silent = ArrayDrive.of_lines((3, 3), floating_bit_lines=[2])
    assert silent.is_zero(0.0, 1.0)
    assert silent.parts[0][0].floating_bit_lines.tolist() == [False, False, True]


@pytest.mark.parametrize(
    ("lines", "named"),
    [
        ({"word_lines": [(0, 0.1), (1, 0.2), (0, 0.3)]}, "word line 0 driven twice"),
        ({"bit_lines": [(3, 0.1)]}, "bit_lines: expected numbers from 0 to 2, got 3"),
        ({"bit_lines": [(1, 0.1)], "floating_bit_lines": [1]}, "bit line 1, which does"),
        ({"word_lines": [(0, "high")]}, "word_lines: expected a number"),
        ({"floating_word_lines": [7]}, "floating_word_lines: expected numbers"),
    ],
)
def test_lines_that_cannot_be_driven_are_named(lines, named):
    with pytest.raises(InputError, match=named):
        ArrayDrive.of_lines((3, 3), **lines)


ACCESS = WriteAccess(scheme="V/3", edge=1e-9, settle=8e-9)
VOLTS = 0.25 * np.array([[1.0, 0.0, -0.6], [0.0, 0.0, 0.0], [0.0, 1.0, 0.8]])


def written(simulation=None, volts=VOLTS, **options):
    array, _ = array_of(3, seed=1)
    simulation = simulation or simulation_of_walls(array, SMOOTH, external_field=FIELD, tolerance=1e-11)
    return record_writing(simulation, volts, 3e-9, ACCESS, **{"records": 4} | options)


def test_a_recorded_writing_begins_at_the_start_and_ends_where_the_pattern_does():
    array, position = array_of(3, seed=1)
    recorded, plain = (simulation_of_walls(array, SMOOTH, external_field=FIELD, tolerance=1e-11) for _ in range(2))
    found = written(recorded)
    spent = write_cells(plain, VOLTS, 3e-9, access=ACCESS)
    pulses = 3  # both polarities of row 0, and row 2
    assert found.sizes["time"] == 1 + pulses * 8
    assert np.array_equal(found.position.values[0], position)
    assert (np.diff(found.time) > 0.0).all()
    assert float(found.time[0]) == 0.0
    assert float(found.time[-1]) == pytest.approx(plain.time) == pytest.approx(recorded.time)
    assert np.array_equal(found.position.values[-1], recorded.devices.position)
    # Records are marks at which intervals end, so that the runs are not the same to the last bit.
    assert np.abs(recorded.devices.position - plain.devices.position).max() < pulses * 2e-11
    assert found.attrs["energy_of_sources"] == pytest.approx(spent.sources, rel=1e-4)
    assert recorded.energy == EnergyBudget(
        found.attrs["energy_of_sources"], found.attrs["energy_in_devices"], found.attrs["energy_in_lines"], 0.0
    )
    assert found.attrs["experiment"] == "array_in_time"


def test_in_a_recorded_writing_each_pulse_ends_and_rests_at_0_volts():
    found = written()
    volts = np.abs(found.device_voltage.values).max(axis=(1, 2))
    for pulse in range(3):
        on, rest = volts[1 + 8 * pulse :][:3], volts[1 + 8 * pulse :][3:8]
        assert (on > 0.1).all()
        assert (rest < 1e-9).all()
    first = found.device_voltage.values[2]  # in the middle of the first pulse, on the first cell
    assert np.unravel_index(np.argmax(np.abs(first)), (3, 3)) == (0, 0)
    assert first[0, 0] == pytest.approx(0.25, rel=0.15)


def test_recorded_writings_follow_one_another():
    array, _ = array_of(3, seed=1)
    simulation = simulation_of_walls(array, SMOOTH, external_field=FIELD, tolerance=1e-11)
    first, second = written(simulation), written(simulation)
    assert float(second.time[0]) == pytest.approx(float(first.time[-1]))
    assert np.array_equal(second.position[0], first.position[-1])


@pytest.mark.parametrize("keep", [0, 1, 2, 3])
def test_a_recorded_writing_that_was_cut_off_goes_on_to_the_same_result(tmp_path, keep):
    whole = written(hot())
    xr.testing.assert_identical(written(hot(), store=tmp_path / "run"), whole)
    parts = sorted((tmp_path / "run").glob("pulse_*.nc"))
    assert len(parts) == 3
    for path in parts[keep:]:
        path.unlink()
    xr.testing.assert_identical(written(hot(), store=tmp_path / "run"), whole)
    for change, named in (({"records": 5}, "writing"), ({"volts": -VOLTS}, "writing")):
        with pytest.raises(InputError, match=f"another {named}"):
            written(hot(), store=tmp_path / "run", **change)
    with pytest.raises(InputError, match="another seed"):
        written(hot(seed=8), store=tmp_path / "run")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"volts": np.zeros((3, 3))}, "voltages: expected one that is not 0, got none"),
        ({"volts": VOLTS[:2]}, r"voltages: expected shape .* = \(3, 3\), got shape \(2, 3\)"),
        ({"volts": np.full((3, 3), np.nan)}, "voltages: expected finite numbers"),
        ({"records": 0}, "records: expected a whole number of at least 1"),
    ],
)
def test_a_recorded_writing_names_nonsense(change, named):
    with pytest.raises(InputError, match=named):
        written(**change)


def test_one_run_comes_after_the_other():
    simulation = simulation_of_walls(array_of(2)[0], HARD, external_field=FIELD)
    first = simulation.run(write(2), [0.0, 1e-9, 2e-9])
    next(first)
    second = simulation.run(write(2), [0.0, 1e-9])
    with pytest.raises(InputError, match="run: expected one run after the other"):
        next(first)
    assert len(list(second)) == 2


@pytest.mark.parametrize(
    ("name", "value", "named"),
    [
        ("device_position", np.nan, "expected finite values, got others"),
        ("device_position", 5.0, "expected every position within its range"),
        ("device_angle", np.inf, "expected finite values"),
    ],
)
def test_states_that_cannot_be_are_refused(name, value, named):
    simulation = simulation_of_walls(array_of(2)[0], HARD, external_field=FIELD)
    state = simulation.state()
    state[name][:] = value
    with pytest.raises(InputError, match=named):
        simulation.restore(state)


def test_a_time_in_nanoseconds_is_not_taken_for_seconds():
    with pytest.raises(InputError, match=r"times: expected at most .* s, .*got 10 s"):
        simulate_walls(array_of(2)[0], HARD, write(2), [0.0, 10.0])


@pytest.mark.parametrize("parts", [None, 3, "ab", (bias("V/2", (2, 2), 0.1), 1.0)])
def test_a_drive_that_is_no_list_of_pairs_is_refused(parts):
    with pytest.raises(InputError, match="drive: expected"):
        ArrayDrive(parts)


def test_lines_may_be_given_by_a_mapping():
    drive = ArrayDrive.of_lines((2, 3), word_lines={1: 0.3}, bit_lines={0: 0.1, 2: 0.2})
    assert drive.voltages(0.0)[0].tolist() == [0.0, 0.3]
    assert drive.voltages(0.0)[1] == pytest.approx([0.1, 0.0, 0.2])


@dataclass(frozen=True)
class NarrowPulse(Waveform):
    """A Gaussian that says where it is, in V and s."""

    height: float = 0.8
    centre: float = 10.3e-9
    width: float = 0.1e-9

    def __call__(self, time):
        return self.height * np.exp(-0.5 * ((np.asarray(time) - self.centre) / self.width) ** 2)

    def edges(self, start, stop):
        return ()

    def knots(self, start, stop):
        return [self.centre + number * self.width for number in (-6, -3, 0, 3, 6)]


def test_a_narrow_pulse_that_gives_its_knots_is_not_stepped_over():
    # From its centre the tail goes down to 1e-270 V, which is nothing.
    array = Crossbar(cells=DomainWalls(DEVICE, SMOOTH, [[500e-9]]))
    times = [0.0, 9e-9, 20e-9]
    drive = ArrayDrive.of_lines((1, 1), word_lines={0: NarrowPulse()})
    found = simulate_array(array, drive, times)
    alone = simulate(
        DEVICE, SMOOTH, Voltage(NarrowPulse()), times, initial_position=500e-9, initial_angle=0.0, external_field=FIELD
    )
    assert float(np.abs(alone.position[-1] - 500e-9)) > 1e-9
    assert found.position.values[:, 0, 0] == pytest.approx(alone.position.values, abs=1e-12)
    assert drive.knots(9e-9, 10.4e-9) == pytest.approx([9.7e-9, 10.0e-9, 10.3e-9])


@pytest.mark.parametrize("volts", [1e-150, 2.9e-272, -1e-308])
def test_voltages_that_underflow_are_zero(volts):
    for array in (Crossbar(cells=Junctions(DEVICE, [[5e-7]])), Crossbar(resistance=[[50.0]], word_line_resistance=1.0)):
        assert (array.solve([volts]).device_current.values == 0.0).all()


def test_the_field_cancels_each_devices_stray_field_by_itself():
    devices = [DEVICE.replace(stray_field=field) for field in (1e-3, 8.5e-3)]
    walls = DomainWalls(devices, SMOOTH, [[500e-9, 480e-9]])
    assert (walls.net_field == 0.0).all()
    assert DomainWalls(devices, SMOOTH, [[500e-9, 480e-9]], external_field=0.0).net_field.tolist() == [[1e-3, 8.5e-3]]
    assert walls.attributes()["external_field"] == "cancels each device's stray field"
    assert DomainWalls(DEVICE, SMOOTH, [[500e-9]]).attributes()["external_field"] == pytest.approx(FIELD)


def test_results_with_other_devices_draw_themselves():
    found = simulate_walls(array_of(2)[0], HARD, write(2), [0.0, 1e-9], external_field=FIELD)
    assert found.attrs["first_state"] == "position"
    assert found.dwmtj.plot().get_ylabel() == "$x$ (nm)"
    assert found.rename(position="heat").assign_attrs(first_state="heat").dwmtj.plot().get_ylabel() != "$x$ (nm)"


def test_smooth_drives_are_followed_in_few_intervals_of_any_length():
    # 1.5 GHz: straight lines would have to be as short as 2 ps.
    array, position = array_of(2)
    held, waveform = bias("V/2", (2, 2), 0.3, word_line=1, bit_line=1), Sine(1.0, 1.5e9)
    expected, _ = brute_force(array, position, SMOOTH, held, waveform, 1e-9, 10e-12)
    arguments = (array, SMOOTH, ArrayDrive(((held, waveform),)), [0.0, 1e-9])
    found = simulate_walls(*arguments, external_field=FIELD, tolerance=1e-12)
    assert np.abs(found.position.values[-1] - expected).max() < 1e-12
    assert found.attrs["intervals"] < 120
    finer = simulate_walls(*arguments, external_field=FIELD, tolerance=1e-14, current_tolerance=1e-12)
    assert np.abs(finer.position.values[-1] - expected).max() < 1e-13  # as far as 10 ps of RK4 go
