"""Arrays in time: against ngspice, against a brute-force reference, and against what must not matter."""

import numpy as np
import pytest

from compact_model import (
    ConvergenceError,
    GaussianWell,
    InputError,
    PiecewiseLinear,
    Sine,
    Voltage,
    lequeux2016,
    pulses,
    simulate,
    single_well,
)
from crossbar import SCHEMES, ArrayDrive, Crossbar, Junctions, Resistors, bias, simulate_array

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
    from spice import DomainWallJunction
    from spice import simulate as simulate_in_ngspice
    from spice.array import array_circuit

    array, position = array_of(size)
    drive = write(size)
    times = np.linspace(0.0, 25e-9, 26)
    found = simulate_array(array, HARD, drive, times, external_field=FIELD)
    circuit = array_circuit(
        array,
        drive.parts[0][0],
        junction=DomainWallJunction(DEVICE, HARD),
        position=position,
        drive=drive,
        duration=25e-9,
    )
    answer = simulate_in_ngspice(circuit, times)
    order = [f"X{i}_{j}" for i in range(size) for j in range(size)]
    for name, theirs, bound in (("position", "position", 0.1e-9), ("device_current", "current", 1e-4)):
        values = np.moveaxis(answer[theirs].sel(device=order).values.reshape(size, size, -1), 2, 0)
        steady = np.abs(times - 10e-9) > 1e-12  # not at the very jump
        scale = 1.0 if name == "position" else np.abs(values).max()
        assert np.abs(values - found[name].values)[steady].max() < bound * scale, name


def brute_force(array, position, landscape, held, waveform, stop, step):
    """RK4 with a direct solution of the whole network in every stage; equations written anew."""
    per_volt = DEVICE.torque_per_current_density / DEVICE.resistance_area_product
    gamma, alpha = DEVICE.gyromagnetic_ratio, DEVICE.damping
    x, phi = position.copy(), np.zeros_like(position)

    def rates(x, phi, time):
        amplitude = float(waveform(time))
        arguments = held.arguments()
        for name in ("word_line_voltage", "bit_line_voltage"):
            arguments[name] = amplitude * arguments[name]
        cells = Crossbar(
            cells=Junctions(DEVICE, x),
            word_line_resistance=array.word_line_resistance,
            bit_line_resistance=array.bit_line_resistance,
        )
        solution = cells.solve(**arguments, method="direct", tolerance=1e-12)
        volts = (solution.word_line_voltage - solution.bit_line_voltage).values[0]
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
    found = simulate_array(
        array, SMOOTH, ArrayDrive(((held, waveform),)), [0.0, 3e-9], external_field=FIELD, tolerance=1e-14
    )
    assert np.abs(found.position.values[-1] - expected).max() < 1e-13
    assert np.abs(found.angle.values[-1] - angle).max() < 1e-5


@pytest.mark.parametrize("tolerance", [1e-10, 1e-11, 1e-12])
def test_the_tolerance_is_kept(tolerance):
    array, _ = array_of(6, seed=2)
    arguments = (array, SMOOTH, write(6, waveform=Sine(1.0, 60e6)), [0.0, 20e-9])
    coarse = simulate_array(*arguments, external_field=FIELD, tolerance=tolerance)
    fine = simulate_array(*arguments, external_field=FIELD, tolerance=1e-2 * tolerance)
    assert np.abs(coarse.position - fine.position).max() < tolerance


def test_ideal_wires_leave_independent_devices():
    array, position = array_of(3, word_line_resistance=0.0, bit_line_resistance=0.0)
    drive = write(3, voltage=0.2)
    times = np.linspace(0.0, 25e-9, 6)
    found = simulate_array(array, SMOOTH, drive, times, external_field=FIELD)
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
    found = simulate_array(array, HARD, write(4, scheme), [0.0, 5e-9, 20e-9], external_field=FIELD)
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
    first = simulate_array(array, SMOOTH, ArrayDrive(((held, PULSE),)), times, external_field=FIELD)
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
    second = simulate_array(turned, SMOOTH, ArrayDrive(((other, PULSE),)), times, external_field=FIELD)
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
    first = simulate_array(array, SMOOTH, ArrayDrive(((held, PULSE),)), times, external_field=FIELD)
    second = simulate_array(other, SMOOTH, ArrayDrive(((permuted, PULSE),)), times, external_field=FIELD)
    assert np.abs(first.position.values[:, order] - second.position.values).max() < 2e-12


def test_threads_change_no_bit_and_seeds_do():
    import numba

    array, _ = array_of(12, seed=4)
    options = {"external_field": FIELD, "temperature": 300.0, "step": 10e-12}
    before = numba.get_num_threads()
    runs = []
    try:
        for count in (1, 2):
            numba.set_num_threads(min(count, before))
            runs.append(simulate_array(array, HARD, write(12), [0.0, 3e-9], seed=5, **options))
    finally:
        numba.set_num_threads(before)
    assert np.array_equal(runs[0].position, runs[1].position)
    other = simulate_array(array, HARD, write(12), [0.0, 3e-9], seed=6, **options)
    assert np.abs(other.position - runs[0].position).max() > 1e-10


def test_walls_start_at_their_own_rest_angle():
    device = DEVICE.replace(anisotropy_field=-30e-4)
    array = Crossbar(cells=Junctions(device, np.full((2, 2), 500e-9)), word_line_resistance=1.0)
    found = simulate_array(array, HARD, write(2, voltage=0.0), [0.0, 1e-9], external_field=FIELD)
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
    resting = simulate_array(array, HARD, write(4, waveform=PiecewiseLinear((0.0,), (0.0,))), [0.0, 50e-9])
    assert resting.attrs["solutions_of_the_network"] == 2  # at the two records
    held = simulate_array(array, HARD, write(4, voltage=0.05, waveform=1.0), [0.0, 50e-9], external_field=FIELD)
    assert held.attrs["steps"] >= 10_000
    assert held.attrs["intervals"] < 1000


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"times": [0.0]}, "times: expected a start"),
        ({"array": Crossbar(cells=Resistors([[1.0]]))}, "Junctions as cells"),
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
        simulate_array(**arguments)
