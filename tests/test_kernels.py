"""The inner layer: elementary functions, random numbers, and the same bits from every way to run it."""

from types import FunctionType, SimpleNamespace

import numba
import numpy as np
import pytest
from numba import njit
from scipy import stats

from compact_model import Current, Sine, Voltage, ensemble, lequeux2016_track, pulses, simulate_ensemble
from compact_model.kernels import fast_math, interpreted
from compact_model.kernels.adaptive import advance_devices
from compact_model.kernels.fixed_step import StepPlan
from compact_model.kernels.noise import fill_normal_pairs, philox


@njit
def _sines(angles):
    result = np.empty_like(angles)
    for index in range(angles.size):
        result[index] = fast_math.sine(angles[index])
    return result


@njit
def _logarithms(mantissas, exponents):
    result = np.empty_like(mantissas)
    for index in range(mantissas.size):
        result[index] = fast_math.logarithm(mantissas[index], exponents[index])
    return result


@njit
def _philox(counter, key):
    return philox(counter[0], counter[1], counter[2], counter[3], key[0], key[1])


@pytest.mark.parametrize("largest", [1.0, 1e3, 1e6])
def test_the_branch_free_sine_is_accurate_to_1e_14(largest):
    angles = np.random.default_rng(1).uniform(-largest, largest, 200_000)
    assert np.abs(_sines(angles) - np.sin(angles)).max() < 1e-14


def test_the_branch_free_logarithm_is_accurate_to_1e_14():
    draw = np.random.default_rng(1)
    mantissas, exponents = draw.uniform(1.0, 2.0, 100_000), draw.integers(-52, 1, 100_000).astype(float)
    assert np.abs(_logarithms(mantissas, exponents) - np.log(np.ldexp(mantissas, exponents.astype(int)))).max() < 1e-14


@pytest.mark.parametrize(
    ("counter", "key", "words"),
    [
        ([0] * 4, [0] * 2, [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
        ([0xFFFFFFFF] * 4, [0xFFFFFFFF] * 2, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
        (
            [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
            [0xA4093822, 0x299F31D0],
            [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
        ),
    ],
)
def test_philox_gives_the_published_test_vectors(counter, key, words):
    found = _philox(np.array(counter, dtype=np.uint64), np.array(key, dtype=np.uint64))
    assert [int(word) for word in found] == words


def _normals(steps, lanes, key=42):
    first, second = np.empty((steps, lanes)), np.empty((steps, lanes))
    bits = np.empty((3, lanes), dtype=np.uint64)
    for step in range(steps):
        fill_normal_pairs(np.uint64(key), np.arange(lanes), step, bits, first[step], second[step])
    return first, second


def test_deviates_are_normal_and_independent():
    first, second = _normals(500, 400)
    both = np.concatenate([first.ravel(), second.ravel()])
    assert stats.kstest(both, "norm").pvalue > 1e-3
    assert abs(stats.kurtosis(both)) < 4 * np.sqrt(24 / both.size)
    # Between the two equations, from step to step, and from device to device: four standard errors.
    bound = 4 / np.sqrt(first.size)
    assert abs(np.mean(first * second)) < bound
    assert abs(np.mean(first[1:] * first[:-1])) < bound
    assert abs(np.mean(first[:, 1:] * first[:, :-1])) < bound


def test_another_key_gives_other_numbers():
    assert not np.array_equal(_normals(2, 8)[0], _normals(2, 8, 43)[0])


CASES = {
    "current": (Current(pulses([4e-3, -4e-3], width=3e-9, period=6e-9)), "voltage"),
    "voltage": (Voltage(Sine(0.2, 3e8)), "voltage"),
    "voltage by current": (Voltage.of(0.15), "current"),
}


def _thermal(device, devices, drive, **options):
    tracks = [lequeux2016_track(device, seed) for seed in range(3)]
    return simulate_ensemble(
        device,
        [tracks[i % 3] for i in range(devices)],
        drive,
        [0.0, 2.2e-9, 12e-9],
        initial_position=np.linspace(0.0, 1e-6, devices),
        temperature=np.linspace(0.0, 400.0, devices),
        external_field=85e-4,
        method="heun",
        seed=11,
        **options,
    )


@pytest.mark.parametrize("case", CASES)
def test_simd_lanes_and_one_device_at_a_time_give_the_same_bits(device, monkeypatch, case):
    drive, torque_density = CASES[case]
    each = device.replace(torque_density=torque_density)
    side_by_side = _thermal(each, 50, drive)
    monkeypatch.setattr(ensemble, "_LANES_FROM", 1000)
    one_by_one = _thermal(each, 50, drive)
    np.testing.assert_array_equal(side_by_side.position, one_by_one.position)
    np.testing.assert_array_equal(side_by_side.angle, one_by_one.angle)


@pytest.mark.parametrize("devices", [3, 5, 100])  # 3: side by side on one thread, one by one on two
def test_the_number_of_threads_changes_no_bit(device, devices):
    drive = CASES["current"][0]
    runs = []
    before = numba.get_num_threads()
    try:
        for threads in {1, before}:
            numba.set_num_threads(threads)
            runs.append(_thermal(device, devices, drive))
    finally:
        numba.set_num_threads(before)
    np.testing.assert_array_equal(runs[0].position, runs[-1].position)


FURTHER = {
    "plain": {},
    "with terms": {
        "fourth_order_anisotropy_field": -15e-4,
        "anisotropy_field_per_volt": 40e-4,
        "in_plane_field_x": 6e-4,
    },
    "slope of H_K": {"anisotropy_gradient_force": 0.8, "interfacial_dmi": 1.2e-5, "oersted_field_ratio": -0.4},
    "heated": {"thermal_resistance": 4e4, "in_plane_field_y": -9e-4},
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("further", FURTHER)
def test_python_and_compiled_code_give_the_same_bits(device, monkeypatch, case, further):
    drive, torque_density = CASES[case]
    device = device.replace(torque_density=torque_density, **FURTHER[further])
    sides = {"initial_position": np.linspace(0.0, device.track_length, 8), "initial_angle": np.linspace(-3.0, 9.0, 8)}

    def run():
        tracks = [lequeux2016_track(device, seed) for seed in range(8)]  # of a random track, and with both its ends
        return simulate_ensemble(device, tracks, drive, np.linspace(0.0, 12e-9, 7), external_field=-60e-4, **sides)

    with interpreted.all_compiled():
        compiled = run()
    taken = []
    monkeypatch.setattr(interpreted, "_compiled", set())
    monkeypatch.setattr(interpreted, "_seconds_left", 1e9)
    monkeypatch.setattr(interpreted, "is_compiled", lambda kernel, *arguments: taken.append(kernel))
    by_python = run()
    assert {kernel.py_func.__name__ for kernel in taken} == {"find_pieces", "advance_devices"}
    for name in compiled.data_vars:
        np.testing.assert_array_equal(by_python[name], compiled[name])


EXACT = {"abs", "absolute", "copysign", "floor", "maximum", "minimum", "sign", "sqrt"}  # rounded alike everywhere


def test_numpys_own_roundings_are_not_what_python_runs():
    called, functions = set(), [interpreted.interpreted(advance_devices)]
    for function in functions:  # grows: with all that they call
        called.update(interpreted._names(function.__code__))
        cells = [cell.cell_contents for cell in function.__closure__ or ()]
        scope = [value for name, value in function.__globals__.items() if name != "np"]
        modules = [each for value in scope if isinstance(value, SimpleNamespace) for each in vars(value).values()]
        for value in [*scope, *cells, *modules]:
            if isinstance(value, FunctionType) and value not in functions:
                functions.append(value)
    ufuncs = {name for name in called if isinstance(vars(np).get(name), np.ufunc)}
    assert {"log1p", "arctan", "sqrt"} <= ufuncs
    assert ufuncs - EXACT <= set(interpreted.STAND_INS)


def test_cutting_a_run_into_parts_changes_no_bit(device, monkeypatch):
    whole = _thermal(device, 20, CASES["current"][0])
    monkeypatch.setattr(ensemble, "_DEVICE_STEPS_PER_CALL", 20 * 37)
    parts = _thermal(device, 20, CASES["current"][0])
    np.testing.assert_array_equal(whole.position, parts.position)


def test_a_devices_noise_does_not_depend_on_how_many_others_there_are(device, paper_well):
    def run(devices):
        return simulate_ensemble(
            device, paper_well, Current.of(0.0), [0.0, 5e-9], devices=devices, temperature=300.0, seed=3
        )

    np.testing.assert_array_equal(run(40).position[:4], run(4).position)


def test_parts_of_a_plan_hold_the_same_steps_as_the_whole():
    plan = StepPlan(
        start=np.array([0.0, 1.0, 3.0]),
        step=np.array([0.1, 0.2, 0.5]),
        skipped=np.array([0, 0, 0]),
        steps=np.array([10, 10, 4]),
        first_index=np.array([0, 10, 20]),
        column=np.array([-1, 0, 1]),
    )

    def unrolled(some):
        runs = range(some.steps.size)
        counters = [some.first_index[run] + np.arange(some.steps[run]) for run in runs]
        times = [some.start[run] + some.step[run] * (some.skipped[run] + np.arange(some.steps[run])) for run in runs]
        return np.concatenate(counters), np.concatenate(times)

    for most in (1, 3, 7, 24, 100):
        parts = list(ensemble.plan_parts(plan, most))
        counters, times = (np.concatenate(each) for each in zip(*map(unrolled, parts), strict=True))
        assert counters.tolist() == list(range(24))
        assert times.tolist() == unrolled(plan)[1].tolist()
        assert [column for part in parts for column in part.column if column >= 0] == [0, 1]
